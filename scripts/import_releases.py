"""telusur import: read releases from files, folders and addresses into the archive."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.printing import print_json

if TYPE_CHECKING:
    from archive import Outcome, Release, Store
    from archive.readers import Document, Problem, Tally


_SHOWN = 5
_ONLY_IF_ANY = {"removed_earlier": "removed earlier", "skipped": "skipped (other kinds of file)"}
_ZIP = "zip"
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class _Asked:
    """How the keeper wants things to be read.

    Attributes:
        as_: By which reader, whatever they are.
        columns: Which column of a table holds which field.
        allow_private: Addresses may lie in a private network.
    """

    as_: str | None
    columns: Mapping[str, str]
    allow_private: bool


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "import",
        parents=[parent],
        help="read releases from files, folders or addresses into the archive",
        description="Read releases into the archive. Importing the same thing again changes nothing; a changed release gets "
        "another version, and its old text is kept.",
    )
    parser.add_argument(
        "paths",
        metavar="PATH_OR_URL",
        nargs="+",
        help="a file or a folder, or the address of a page, a feed or a file; what is in a ZIP is read too",
    )
    parser.add_argument(
        "--as", dest="as_", metavar="NAME", help="read every file as this kind, whatever its name and content say"
    )
    parser.add_argument(
        "--columns",
        metavar="FIELD=COLUMN,…",
        default="",
        help="which column of a table holds which field, such as title=Judul,body=Isi; remembered for its header",
    )
    parser.add_argument("--allow-private", action="store_true", help="read addresses in a private network too")
    parser.add_argument("--if-empty", action="store_true", help="do nothing where the archive holds releases already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import what stands below args.paths.

    Returns:
        1 if anything could not be imported, else 0.

    Raises:
        ArchiveError: The archive cannot be written.
        ValueError: No reader is called args.as_, or args.columns is not FIELD=COLUMN,…
    """
    from tqdm import tqdm  # here, not above, so that --help stays instant

    from archive import Outcome, Store
    from archive.readers import Tally, csv_table, find

    started = time.monotonic()
    columns = csv_table.parse_columns(filter(str.strip, args.columns.split(",")))
    asked = _Asked(args.as_, columns, args.allow_private)
    addresses = [path for path in args.paths if path.startswith(_SCHEMES)]
    found = find((Path(path) for path in args.paths if not path.startswith(_SCHEMES)), args.as_)
    tally = Tally()
    failures: list[Problem] = []

    def fail(problem: Problem) -> None:
        failures.append(problem)
        tqdm.write(str(problem), file=sys.stderr)

    for problem in found.problems:
        fail(problem)
    with closing(Store(args.data / "archive.sqlite")) as store:
        is_wanted = not (args.if_empty and store.counts().versions)
        things = (*found.files, *addresses) if is_wanted else ()
        counts = _add(store, things, asked, tally, fail)
    summary: dict[str, int | float] = {outcome.value: counts[outcome] for outcome in Outcome if outcome is not Outcome.CLASH}
    summary |= {"failed": len(failures), "skipped": found.skipped + tally.skipped}
    summary["seconds"] = round(time.monotonic() - started, 2)
    if args.json:
        listed = [{"source": failure.source, "message": failure.message} for failure in failures]
        formats = {"formats": dict(tally.files), "zip_members": dict(tally.members)}
        print_json({**summary, **formats, "failures": listed})
    else:
        sys.stdout.write(_describe(summary, tally) + "\n")
    return 1 if failures else 0


def _add(
    store: Store, things: Sequence[Path | str], asked: _Asked, tally: Tally, fail: Callable[[Problem], None]
) -> Counter[Outcome]:
    """Add the releases of all files and addresses, with a progress bar where someone is watching."""
    from tqdm import tqdm

    from archive import Outcome
    from archive.readers import Problem, count

    counts: Counter[Outcome] = Counter()
    kept_out: list[str] = []
    is_watched = sys.stderr.isatty()
    total = sum(count(thing) if isinstance(thing, Path) else 1 for thing in things) if is_watched else None
    with tqdm(total=total, unit=" releases", file=sys.stderr, disable=not is_watched) as bar:
        for added in store.add(_releases(store, things, asked, tally, fail)):
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


def _releases(
    store: Store, things: Iterable[Path | str], asked: _Asked, tally: Tally, fail: Callable[[Problem], None]
) -> Iterator[Release]:
    from archive.readers import Problem

    for thing in things:
        for found in _read_file(store, thing, asked, tally) if isinstance(thing, Path) else _read_address(thing, asked, tally):
            if isinstance(found, Problem):
                fail(found)
            else:
                yield found


def _read_file(store: Store, path: Path, asked: _Asked, tally: Tally) -> Iterator[Release | Problem]:
    from archive.readers import Document, Problem, is_table, read

    try:
        document = replace(Document.of_file(path), columns=asked.columns)
    except OSError as error:
        yield Problem(str(path), f"cannot be read: {error.strerror}")
        return
    if is_table(document, asked.as_):
        document = _recall_columns(store, document)
    yield from read(document, asked.as_, tally)


def _read_address(url: str, asked: _Asked, tally: Tally) -> Iterator[Release | Problem]:
    from archive.harvesting import open_fetcher, read_address

    with open_fetcher(url, {"allow_private": asked.allow_private}) as fetcher:
        yield from read_address(url, fetcher, asked.as_, tally)


def _recall_columns(store: Store, document: Document) -> Document:
    """Keep what the keeper said of a table's columns, or take what was said of the same header before."""
    from archive.readers import ParseError, csv_table

    try:
        header = csv_table.header_key(document)
        if document.columns:
            csv_table.check_columns(header, document.columns)
            store.keep_csv_columns(header, dict(document.columns))
            return document
    except (OSError, ParseError):
        return document  # and its reader says what is wrong
    return replace(document, columns=store.csv_columns(header) or {})


def _describe_formats(tally: Tally) -> str:
    """What was read, such as "12 text, 3 pdf, 1 zip (494 html)"."""
    within = ", ".join(f"{count:,} {name}" for name, count in tally.members.most_common())
    parts = [f"{count:,} {name}" for name, count in tally.files.most_common() if name != _ZIP]
    if zips := tally.files[_ZIP]:
        parts.append(f"{zips:,} {_ZIP}" + (f" ({within})" if within else ""))
    return ", ".join(parts)


def _describe(summary: dict[str, int | float], tally: Tally) -> str:
    parts = [f"{summary[name]:,} {name}" for name in ("new", "changed", "unchanged")]
    parts += [f"{summary[name]:,} {words}" for name, words in _ONLY_IF_ANY.items() if summary[name]]
    formats = _describe_formats(tally)
    read = f"read {formats}; " if formats else ""
    return f"{', '.join(parts)}, {summary['failed']:,} failed; {read}{summary['seconds']} seconds"
