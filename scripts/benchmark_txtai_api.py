"""The other side of `telusur benchmark --serving --txtai`: runs where txtai[api] is installed and Telusur is not.

Arguments: the model's folder, a folder with texts.json and vectors.npy, and a port. Indexes the texts with those vectors,
content kept, and serves them by txtai's own API as its documentation does, with uvicorn.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(model: str, folder: Path, port: int) -> None:
    """Index, then serve until stopped."""
    index = folder / "txtai"
    _index(model, folder, index)
    instructions = {"query": "query: ", "data": "passage: "}
    settings = {"path": str(index), "embeddings": {"path": model, "content": True, "instructions": instructions}}
    (folder / "txtai.yml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    os.environ["CONFIG"] = str(folder / "txtai.yml")
    command = [sys.executable, "-P", "-m", "uvicorn", "txtai.api:app", "--port", str(port), "--log-level", "warning"]
    os.execv(sys.executable, command)  # noqa: S606 - this process becomes the server, so who stops it stops that


def _index(model: str, folder: Path, index: Path) -> None:
    import numpy as np
    from txtai import Embeddings  # type: ignore[import-not-found]

    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    vectors = np.load(folder / "vectors.npy")
    taken = 0

    def transform(batch: Sequence[str]) -> np.ndarray:
        nonlocal taken
        taken += len(batch)
        return np.asarray(vectors[taken - len(batch) : taken])

    embeddings = Embeddings(method="external", transform=transform, content=True, format="json", gpu=False)
    embeddings.index((number, text, None) for number, text in enumerate(texts))
    embeddings.save(str(index))
    # What comes from outside now comes from the model when queries are asked.
    file = index / "config.json"
    settings = {key: value for key, value in json.loads(file.read_text(encoding="utf-8")).items() if key not in _EXTERNAL}
    settings |= {"path": model, "instructions": {"query": "query: ", "data": "passage: "}}
    file.write_text(json.dumps(settings), encoding="utf-8")


_EXTERNAL = {"method", "transform"}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
