"""telusur remove and telusur restore: take releases out of every search, and back in."""

from __future__ import annotations

import argparse
import sys

from scripts.printing import print_json


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare both commands."""
    for name, help_text, description in (
        (
            "remove",
            "take releases out of every search",
            "Take releases out of every search at once. They stay out, however often they are imported, until restored.",
        ),
        ("restore", "bring removed releases back", "Bring removed releases back into the archive."),
    ):
        parser = subparsers.add_parser(name, parents=[parent], help=help_text, description=description)
        parser.add_argument("ids", metavar="ID", nargs="+", help="public id of a release, as search results and links show it")
        parser.set_defaults(run=run, restore=name == "restore")


def run(args: argparse.Namespace) -> int:
    """Remove the releases of args.ids, or restore them if args.restore.

    Returns:
        1 if any id is unknown, else 0; the known ones are dealt with all the same.

    Raises:
        ArchiveError: The archive cannot be written.
    """
    from archive import Store, UnknownRelease  # here, not above, so that --help stays instant

    store = Store(args.data / "archive.sqlite")
    act, done = (store.restore, "restored") if args.restore else (store.remove, "removed")
    summary: dict[str, list[str]] = {done: [], "unchanged": [], "unknown": []}
    for id in args.ids:
        try:
            summary[done if act(id) else "unchanged"].append(id)
        except UnknownRelease as error:
            summary["unknown"].append(id)
            sys.stderr.write(f"{error}\n")
    store.close()
    if args.json:
        print_json(summary)
    else:
        sys.stdout.write(", ".join(f"{len(ids):,} {name}" for name, ids in summary.items() if ids) + "\n")
    return 1 if summary["unknown"] else 0
