"""telusur harvest: read what is new or changed at the sources into the archive."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scripts.printing import print_json

if TYPE_CHECKING:
    from archive import Store
    from archive.harvesting import Report
    from archive.harvesting.sources import Source

_ONLY_IF_ANY = {
    "back": "listed again",
    "skipped": "skipped (no releases)",
    "removed_earlier": "removed earlier",
}
_MAX_ITEMS = 50_000


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "harvest",
        parents=[parent],
        help="read what is new or changed at the sources into the archive",
        description="Read what is new or changed at the sources into the archive, and note what is gone from them. A harvest "
        "that was stopped goes on where it was. Exits with 1 where a source could not be harvested; the others are harvested "
        "all the same, and a single page that cannot be read is only reported. Where another harvest of the archive is "
        "running, says so and exits with 0: cron may run `telusur harvest --all && telusur index` as often as you like.",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("names", metavar="NAME", nargs="*", default=[], help="name or address of a source")
    which.add_argument("--all", action="store_true", help="every source")
    parser.add_argument(
        "--pause", metavar="SECONDS", type=float, default=0.5, help="least pause between two requests (default: %(default)s)"
    )
    parser.add_argument(
        "--contact",
        metavar="ADDRESS",
        default=os.environ.get("TELUSUR_CONTACT") or None,
        help="e-mail or web address by which a site's keeper can reach you, sent with each request (default: TELUSUR_CONTACT)",
    )
    parser.add_argument(
        "--max-items",
        metavar="N",
        type=int,
        default=_MAX_ITEMS,
        help="look at no more than so many posts or pages of a source (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Harvest the sources args.names, or all of them.

    Returns:
        1 if one of them could not be harvested to its end, else 0.

    Raises:
        UnknownSource: There is no source of one of these names.
        ArchiveError: The archive cannot be written.
        ValueError: One of the options holds what it may not.
    """
    from archive import Store  # here, not above, so that --help stays instant
    from archive.harvesting.sources import SourceBusy, Sources

    if args.pause < 0 or args.max_items < 1:
        raise ValueError(f"--pause must be 0 or more and --max-items 1 or more: got {args.pause:g} and {args.max_items}")
    with closing(Store(args.data / "archive.sqlite")) as store:
        sources = Sources(store.database)
        wanted = sources.all() if args.all else list({one.id: one for one in map(sources.get, args.names)}.values())
        if not wanted:
            raise ValueError("there is no source yet; add one: telusur source add URL --name NAME")
        try:
            with sources.lock():
                reports = _harvest(store, wanted, args)
        except SourceBusy:
            # It does what this one was to do: under cron, that is as it should be.
            sys.stderr.write(f"telusur harvest: another harvest of {args.data} is running; nothing done\n")
            reports = []
    if args.json:
        print_json({"sources": [one.to_json() for one in reports]})
    return 1 if any(one.stopped is not None for one in reports) else 0


def _harvest(store: Store, wanted: Sequence[Source], args: argparse.Namespace) -> list[Report]:
    reports = []
    for source in wanted:
        report = _harvest_one(store, source, args)
        reports.append(report)
        if not args.json:
            sys.stdout.write(describe(report) + "\n")
            sys.stdout.flush()
        for note in report.notes:
            sys.stderr.write(f"{source.name}: {note}\n")
        if report.stopped is not None:
            sys.stderr.write(f"{source.name}: stopped: {report.stopped}{_when(report.retry_after_s)}\n")
    return reports


def _harvest_one(store: Store, source: Source, args: argparse.Namespace) -> Report:
    from tqdm import tqdm

    from archive.harvesting import Watch, harvest, open_fetcher

    is_watched = sys.stderr.isatty()
    with (
        open_fetcher(source.url, source.options, contact=args.contact, pause_s=args.pause) as fetcher,
        tqdm(desc=source.name, unit=" items", file=sys.stderr, disable=not is_watched) as bar,
    ):

        def expect(total: int) -> None:
            bar.total = max(total, bar.n)
            bar.refresh()

        def advance(count: int) -> None:
            bar.update(count)

        watch = Watch(
            fail=lambda problem: tqdm.write(f"{source.name}: {problem}", file=sys.stderr),
            expect=expect,
            advance=advance,
        )
        return harvest(store, source, fetcher, watch=watch, max_items=args.max_items)


def describe(report: Report) -> str:
    """One line that says what a harvest did."""
    parts = [f"{getattr(report, name):,} {name}" for name in ("listed", "fetched", "new", "changed", "unchanged", "gone")]
    parts += [f"{getattr(report, name):,} {words}" for name, words in _ONLY_IF_ANY.items() if getattr(report, name)]
    return (
        f"{report.source}: {', '.join(parts)}, {report.failed:,} failed; {report.requests:,} requests, {report.seconds:.1f} s"
    )


def _when(retry_after_s: float | None) -> str:
    if retry_after_s is None:
        return ""
    return f" (from {datetime.now().astimezone() + timedelta(seconds=retry_after_s):%Y-%m-%d %H:%M} on)"
