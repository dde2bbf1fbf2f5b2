"""From a source to the archive: find what the site offers, list it, read what is new or changed, and note what is gone.

A harvest can be killed at any moment. The next one continues it if it began within a day, and otherwise starts anew; neither
reads again what has been read, nor puts anything twice into the archive.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archive.fetching.answers import Answer, FetchError, Unavailable
from archive.fetching.client import Fetcher
from archive.harvesting.discovery import Discovered, NothingToHarvest, discover
from archive.harvesting.pages import harvest_feed, harvest_sitemaps, read_answer
from archive.harvesting.posts import harvest as harvest_posts
from archive.harvesting.run import Report, Watch, Work
from archive.harvesting.sources import Run, Source, Sources
from archive.readers import Tally, feed, sitemap
from archive.readers.common import ParseError, Problem
from archive.records import Release
from archive.store import Store

MAX_ITEMS = 50_000
"""So many items of a source are looked at unless the keeper asks for more."""

_KEPT_FAILURES = 100  # of the last report, in the archive

_SUMMARY = "the feed holds only a summary of it; import its own address, or harvest the site: telusur source add URL"


def open_fetcher(url: str, options: Mapping[str, Any], *, contact: str | None = None, pause_s: float = 0.5) -> Fetcher:
    """A fetcher for the host of a source.

    Args:
        url: The source's address.
        options: The source's: "allow_private" lets it lie in a private network.
        contact: As in `Fetcher`.
        pause_s: As in `Fetcher`.

    Raises:
        ValueError: The address names no host, or `contact` cannot stand in a header.
    """
    return Fetcher(url, allow_private=bool(options.get("allow_private")), contact=contact, pause_s=pause_s)


def register(
    store: Store, url: str, fetcher: Fetcher, *, name: str, kind: str = "auto", options: Mapping[str, Any] | None = None
) -> Source:
    """Find what a site offers and keep it as a source.

    Raises:
        ValueError: The name or address is taken, or one of the arguments holds what it may not.
        NothingToHarvest: The site offers nothing of that kind.
        FetchError: It cannot be asked.
    """
    sources = Sources(store.database)
    source = sources.add(name, url, kind, options)
    try:
        return _settle(sources, source, fetcher)
    except BaseException:
        sources.remove(source.name)
        raise


def harvest(
    store: Store,
    source: Source,
    fetcher: Fetcher,
    *,
    watch: Watch | None = None,
    max_items: int = MAX_ITEMS,
    clock: Callable[[], float] = time.monotonic,
) -> Report:
    """Harvest a source. What stops it is in the report; what has been read by then is kept.

    Args:
        store: The archive.
        source: What to harvest.
        fetcher: Of its host.
        watch: Is told how it goes.
        max_items: So many items are looked at, and no more.
        clock: Seconds that only ever grow.

    Raises:
        SourceBusy: Another process is harvesting it.
        DatabaseError: The archive cannot be written; earlier batches stand.
    """
    sources = Sources(store.database)
    started = clock()
    report = Report(source.name, source.kind)
    with sources.lock(source):
        run: Run | None = None
        try:
            source = _settle(sources, source, fetcher)
            report.kind = source.kind
            run = sources.begin(source)
            work = Work(store, source, run, report, watch or Watch(), max_items)
            is_whole = _read(work, source, fetcher)
        except (FetchError, ParseError, NothingToHarvest) as error:
            report.stopped = str(error)
            report.retry_after_s = error.retry_after_s if isinstance(error, Unavailable) else None
        report.requests = fetcher.requests
        report.seconds = clock() - started
        if run is not None:
            kept = report.to_json(_KEPT_FAILURES)
            if report.stopped is not None:
                sources.stop(run, kept)
            else:
                report.gone += len(sources.finish(run, kept, is_whole=is_whole))
    return report


def read_address(url: str, fetcher: Fetcher, as_: str | None = None, tally: Tally | None = None) -> Iterator[Release | Problem]:
    """Read what one address holds, once: a page, a feed, or a file of any kind that can be imported.

    Args:
        url: The address.
        fetcher: Of its host.
        as_: Name of the format it has; else told by its content and its name.
        tally: Is told what was read.

    Yields:
        Its releases, and what could not be read. A site is no file: that is a problem that names `telusur source add`.
    """
    try:
        answer = fetcher.get(url)
    except FetchError as error:
        yield Problem(url, str(error).removeprefix(f"{url}: "))
        return
    if answer.status == "gone":
        yield Problem(url, "the site answers that there is no such page; check the address")
    elif as_ is None and _is_sitemap(answer.content, url):
        yield Problem(url, f"a sitemap, which names pages and holds none; harvest it: telusur source add {url}")
    elif as_ in {None, feed.NAME} and feed.recognises(answer.content[:4096]):
        if tally is not None:
            tally.files[feed.NAME] += 1
        yield from _read_feed(answer)
    else:
        yield from read_answer(answer, url, as_, tally)


def _read_feed(answer: Answer) -> Iterator[Release | Problem]:
    try:
        found = feed.parse(answer.content, answer.url, answer.url)
    except ParseError as error:
        yield Problem(answer.url, str(error))
        return
    for one in found.entries:
        yield one.release or one.problem or Problem(one.url, _SUMMARY)
    if found.problem:
        yield found.problem


def _is_sitemap(content: bytes, url: str) -> bool:
    if not any(mark in content[:2000] for mark in (b"<urlset", b"<sitemapindex")):
        return False
    try:
        sitemap.parse(content, url)
    except ParseError:
        return False
    return True


def _settle(sources: Sources, source: Source, fetcher: Fetcher) -> Source:
    """Make sure that a source knows its kind and addresses."""
    if source.kind != "auto" and source.options.get("addresses"):
        return source
    found: Discovered = discover(source.url, fetcher, source.kind)
    return sources.settle(source, found.kind, {**source.options, "addresses": list(found.addresses)})


def _read(work: Work, source: Source, fetcher: Fetcher) -> bool:
    addresses: list[str] = source.options["addresses"]
    match source.kind:
        case "wordpress":
            return harvest_posts(work, fetcher, addresses[0])
        case "feed":
            return harvest_feed(work, fetcher, addresses[0])
        case _:
            return harvest_sitemaps(work, fetcher, addresses)
