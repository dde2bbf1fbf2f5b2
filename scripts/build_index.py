"""telusur index: embed what is new and publish the next generation."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from index.encoder import Encoder


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "index",
        parents=[parent],
        help="embed what is new and publish the next generation of the index",
        description="Embed the paragraphs that are new and publish the next generation of the index. Where nothing changed, "
        "nothing is loaded; where a run was killed, the next one goes on from there.",
    )
    parser.add_argument("--model", metavar="NAME", help="sentence-transformers name or folder (default: the embedded one)")
    parser.add_argument("--rebuild", action="store_true", help="publish a generation even if nothing has changed")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Update the index of args.data.

    Raises:
        NothingToIndex: The archive holds no release.
        GenerationError: What was written does not read back.
        ModelError: There is no such model, or it is damaged.
        ArchiveError: Archive or cache cannot be read or written.
    """
    from tqdm import tqdm  # here, not above, so that --help stays instant

    from archive import Store
    from index import resolve
    from index.build import data_paths, update

    started = time.monotonic()
    model = resolve(args.model, args.cache)
    bars: list[tqdm[NoReturn]] = []

    def load_encoder() -> Encoder:
        from index.encoder import Encoder

        sys.stderr.write(f"loading {model.name} …\n")
        return Encoder(model)

    def start_progress(label: str, total: int) -> tqdm[NoReturn]:
        bar: tqdm[NoReturn] = tqdm(total=total, desc=f"embedding {label}", unit="", file=sys.stderr)
        bars.append(bar)
        return bar

    with closing(Store(data_paths(args.data)[0])) as store:
        try:
            outcome = update(args.data, store, model, load_encoder, start_progress, rebuild=args.rebuild)
        finally:
            for bar in bars:
                bar.close()
    seconds = time.monotonic() - started
    embedding_s = sum(bar.format_dict["elapsed"] for bar in bars)
    summary = {
        "generation": outcome.meta.number,
        "published": outcome.published,
        "model": outcome.meta.recipe.model,
        "releases": outcome.meta.releases,
        "paragraphs": outcome.meta.paragraphs,
        "embedded": outcome.embedded,
        "paragraphs_per_s": round(outcome.embedded / embedding_s, 1) if embedding_s else None,
        "seconds": round(seconds, 2),
    }
    if args.json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
    else:
        what = "published" if outcome.published else "up to date"
        sys.stdout.write(
            f"generation {outcome.meta.number} {what}: {outcome.meta.releases:,} releases, "
            f"{outcome.meta.paragraphs:,} paragraphs, {outcome.embedded:,} embedded; {seconds:.1f} seconds\n"
        )
    return 0
