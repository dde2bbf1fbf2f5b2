"""The other side of `telusur benchmark --txtai`: runs in an environment where txtai is installed and Telusur is not.

Reads one JSON command a line and answers each with one line: {"do": "load", "model": FOLDER}, {"do": "index", "texts": […]} and
{"do": "search", "queries": […]} answer with the seconds that they took, the last with a list of them.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Answer commands until the input ends."""
    from txtai import Embeddings  # type: ignore[import-not-found]

    embeddings = None
    for line in sys.stdin:
        command = json.loads(line)
        started = time.perf_counter()
        if command["do"] == "load":
            # Vectors and words, texts kept: what txtai calls a hybrid index with content.
            instructions = {"query": "query: ", "data": "passage: "}
            embeddings = Embeddings(path=command["model"], instructions=instructions, hybrid=True, content=True, gpu=False)
            answer: float | list[float] = time.perf_counter() - started
        elif embeddings is None:
            raise ValueError("load a model first")
        elif command["do"] == "index":
            embeddings.index(enumerate(command["texts"]))
            answer = time.perf_counter() - started
        else:
            answer = []
            for query in command["queries"]:
                started = time.perf_counter()
                embeddings.search(query, 10)
                answer.append(time.perf_counter() - started)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
