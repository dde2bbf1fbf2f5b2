"""The command `telusur`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from scripts import (
    adapt,
    benchmark,
    build_index,
    evaluate,
    harvest,
    import_releases,
    key,
    mcp,
    remove_release,
    search,
    serve,
    source,
    status,
    webhook,
)

_COMMANDS = (
    import_releases,
    source,
    harvest,
    build_index,
    search,
    serve,
    mcp,
    key,
    webhook,
    status,
    evaluate,
    adapt,
    benchmark,
    remove_release,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit code: 0, or 1 where something failed and one line on stderr says what.
    """
    args = _parser().parse_args(argv)
    from archive import ArchiveError  # here, not above, so that --help stays instant
    from index import GenerationError, ModelError, NothingToIndex
    from index.adaptation import AdaptationError
    from index.evaluation import JudgedFileError

    try:
        code: int = args.run(args)
    except (ArchiveError, GenerationError, ModelError, NothingToIndex, AdaptationError, JudgedFileError, ValueError) as error:
        sys.stderr.write(f"telusur {args.command}: {error}\n")
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"telusur {args.command}: {where}{error.strerror or error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"telusur {args.command}: stopped; what was finished is kept, run it again to go on\n")
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="telusur", description="A searchable semantic archive of press releases.")
    parser.add_argument("--version", action="version", version=f"telusur {version('telusur')}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=Path(os.environ.get("TELUSUR_DATA") or "data"),
        help="data folder (default: TELUSUR_DATA, else ./data)",
    )
    shared.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    shared.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        default=os.environ.get("TELUSUR_CACHE") and Path(os.environ["TELUSUR_CACHE"]),
        help="where the default model is unpacked to (default: TELUSUR_CACHE, else the user's cache folder)",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(subparsers, shared)
    return parser


if __name__ == "__main__":
    sys.exit(main())
