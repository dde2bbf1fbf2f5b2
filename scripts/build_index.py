"""telusur index: embed what is new and publish the next generation."""

from __future__ import annotations

import argparse
import sys
import time

from scripts.printing import print_json


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "index",
        parents=[parent],
        help="embed what is new and publish the next generation of the index",
        description="Embed the paragraphs that are new and publish the next generation of the index, and one of what releases "
        "said before they changed. Where nothing changed, nothing is loaded; where a run was killed, the next one goes on from "
        "there.",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="sentence-transformers name or folder (default: the one that made the live index, else the embedded one)",
    )
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
    from scripts.delivering import describe  # here, not above, so that --help stays instant
    from scripts.indexing import choose_model, progress, update
    from scripts.webhook import deliver_all

    started = time.monotonic()
    model = choose_model(args.model, args.data, args.cache)
    with progress() as bars:
        outcome = update(args.data, model, bars, args.rebuild)
    seconds = time.monotonic() - started
    summary = {
        "generation": outcome.meta.number,
        "published": outcome.published,
        "model": outcome.meta.recipe.model,
        "releases": outcome.meta.releases,
        "paragraphs": outcome.meta.paragraphs,
        "superseded": outcome.superseded.paragraphs if outcome.superseded else 0,
        "embedded": outcome.embedded,
        "in_context": outcome.in_context,
        "paragraphs_per_s": round(outcome.embedded / bars.elapsed_s, 1) if bars.elapsed_s else None,
        "seconds": round(seconds, 2),
    }
    if args.json:
        print_json(summary)
    else:
        what = "published" if outcome.published else "up to date"
        superseded = f", {outcome.superseded.paragraphs:,} superseded" if outcome.superseded else ""
        sys.stdout.write(
            f"generation {outcome.meta.number} {what}: {outcome.meta.releases:,} releases, "
            f"{outcome.meta.paragraphs:,} paragraphs{superseded}, {outcome.embedded:,} embedded; {seconds:.1f} seconds\n"
        )
    for report in deliver_all(args.data, args.cache):
        sys.stderr.write(f"webhook {describe(report)}\n")
    return 0
