"""telusur import: read releases from files and folders into the archive."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archive import Outcome, Release, Store
    from archive.readers import Problem


_SHOWN = 5
_ONLY_IF_ANY = {"removed_earlier": "removed earlier", "skipped": "skipped (other kinds of file)"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "import",
        parents=[parent],
        help="read releases from files or folders into the archive",
        description="Read releases into the archive. Importing the same thing again changes nothing; a changed release gets "
        "another version, and its old text is kept.",
    )
    parser.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="a .txt, .jsonl or .ndjson file, or a folder")
    parser.add_argument("--if-empty", action="store_true", help="do nothing where the archive holds releases already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import what stands below args.paths.

    Returns:
        1 if anything could not be imported, else 0.

    Raises:
        ArchiveError: The archive cannot be written.
    """
    from tqdm import tqdm  # here, not above, so that --help stays instant

    from archive import Outcome, Store
    from archive.readers import find

    started = time.monotonic()
    found = find(args.paths)
    failures: list[Problem] = []

    def fail(problem: Problem) -> None:
        failures.append(problem)
        tqdm.write(str(problem), file=sys.stderr)

    for problem in found.problems:
        fail(problem)
    with closing(Store(args.data / "archive.sqlite")) as store:
        is_wanted = not (args.if_empty and store.counts().versions)
        counts = _add(store, found.files if is_wanted else (), fail)
    summary: dict[str, int | float] = {outcome.value: counts[outcome] for outcome in Outcome if outcome is not Outcome.CLASH}
    summary |= {"failed": len(failures), "skipped": found.skipped, "seconds": round(time.monotonic() - started, 2)}
    if args.json:
        listed = [{"source": failure.source, "message": failure.message} for failure in failures]
        sys.stdout.write(json.dumps({**summary, "failures": listed}, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(_describe(summary) + "\n")
    return 1 if failures else 0


def _add(store: Store, files: Sequence[Path], fail: Callable[[Problem], None]) -> Counter[Outcome]:
    """Add the releases of all files, with a progress bar where someone is watching."""
    from tqdm import tqdm

    from archive import Outcome
    from archive.readers import Problem, count

    counts: Counter[Outcome] = Counter()
    kept_out: list[str] = []
    is_watched = sys.stderr.isatty()
    total = sum(map(count, files)) if is_watched else None
    with tqdm(total=total, unit=" releases", file=sys.stderr, disable=not is_watched) as bar:
        for added in store.add(_releases(files, fail)):
            bar.update()
            counts[added.outcome] += 1
            if added.outcome is Outcome.REMOVED_EARLIER:
                kept_out.append(added.id)
            elif added.outcome is Outcome.CLASH:
                message = f"a release with another text is {added.id!r} already in this import; give each an id of its own"
                fail(Problem(added.release.source, message))
    if kept_out:
        some = ", ".join(kept_out[:_SHOWN]) + (" …" if len(kept_out) > _SHOWN else "")
        sys.stderr.write(f"{len(kept_out):,} removed earlier and kept out ({some}); to take one back: telusur restore ID\n")
    return counts


def _releases(files: Iterable[Path], fail: Callable[[Problem], None]) -> Iterator[Release]:
    from archive.readers import Problem, read

    for path in files:
        for found in read(path):
            if isinstance(found, Problem):
                fail(found)
            else:
                yield found


def _describe(summary: dict[str, int | float]) -> str:
    parts = [f"{summary[name]:,} {name}" for name in ("new", "changed", "unchanged")]
    parts += [f"{summary[name]:,} {words}" for name, words in _ONLY_IF_ANY.items() if summary[name]]
    return f"{', '.join(parts)}, {summary['failed']:,} failed; {summary['seconds']} seconds"
