"""Harvest a site through its feed, or through its sitemaps and the pages they name. Links within pages are never followed."""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from archive.addresses import canonical
from archive.fetching.answers import Answer, FetchError, SiteUnavailable
from archive.fetching.client import Fetcher
from archive.fetching.hosts import Site
from archive.harvesting.items import Item
from archive.harvesting.posts import REGISTER_AGAIN
from archive.harvesting.run import Work
from archive.readers import Tally, feed, html, read, sitemap
from archive.readers.common import Document, Listed, ParseError, Problem
from archive.records import Release

_ATTEMPTS = 10  # at a page whose listing has not changed, or names it no longer
_CHUNK = 20  # pages; what a killed harvest may have to fetch again
_NOTHING = hashlib.sha256(b"").hexdigest()
_LISTING = "listing:"  # before the address of a feed or sitemap, as the key of its item
_SUFFIXES = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/xhtml+xml": ".html",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
}
# What WordPress and its plugins call the sitemaps of what is no release: their authors, categories and static pages.
_OF_NO_RELEASES = re.compile(
    r"/(?:wp-sitemap-(?:taxonomies|users|posts-page)-[^/]*|(?:category|post_tag|tag|author|page|attachment)-sitemap\d*)\.xml$"
)


def harvest_feed(work: Work, fetcher: Fetcher, address: str) -> bool:
    """Read what a feed holds.

    Returns:
        False: a feed lists what is new, and says nothing about what it lists no longer.

    Raises:
        FetchError: It cannot be fetched.
        ParseError: It is no feed.
    """
    pages = _Pages(work, fetcher)
    listing = Item(f"{_LISTING}{address}", address)
    known = work.known_one(listing.key)
    answer = fetcher.get(address, etag=known.etag if known else None, last_modified=known.last_modified if known else None)
    if answer.status == "gone":
        raise ParseError(f"{address}: the feed is gone; {REGISTER_AGAIN}")
    if answer.status == "unchanged":
        work.leave([item for item in work.see_listing(address) if item.failed_at is None])
        pages.read_again(address)
        return False
    found = feed.parse(answer.content, answer.url, answer.url)
    entries = found.entries[: work.max_items]
    work.watch.expect(len(entries))
    # Before the new ones: these may have left the feed by now, and nothing else names them.
    pages.read_again(address, but={_key(one) for one in entries})
    _read_entries(work, entries, answer, address)
    summaries = [one for one in entries if not one.release and not one.problem]
    work.see([_item(one, address) for one in summaries])
    pages.read(summaries, address)
    if found.problem:
        work.complain(found.problem)
    else:
        work.note_listing(replace(listing, etag=answer.etag, last_modified=answer.last_modified))
    return False


def harvest_sitemaps(work: Work, fetcher: Fetcher, addresses: Sequence[str]) -> bool:
    """Read sitemaps, the sitemaps that they name, and the pages that are new or changed.

    Returns:
        Whether all of them were read from end to end.

    Raises:
        FetchError: None of it can be fetched now.
    """
    return _Sitemaps(work, fetcher).read(addresses)


def read_answer(answer: Answer, source: str, as_: str | None = None, tally: Tally | None = None) -> Iterator[Release | Problem]:
    """Read what an address holds, by the reader of its kind; a page most often."""
    name = urlsplit(answer.url).path.rpartition("/")[2] or "index"
    suffix = _SUFFIXES.get(answer.content_type or "", "")
    if suffix and not name.lower().endswith(suffix):
        name = f"{name}{suffix}"
    document = Document.of_bytes(answer.content, source, name, answer.url, answer.charset)
    return read(document, as_ or (html.NAME if suffix == ".html" else None), tally)


def _read_entries(work: Work, entries: Sequence[Listed], answer: Answer, address: str) -> None:
    """Take the entries whose whole text stands in the feed."""
    # Where they were read from is not their page: what the feed leaves out is then no change.
    taken = [(_item(one, address), replace(one.release, source=f"{address}#{_key(one)}")) for one in entries if one.release]
    work.see([item for item, _ in taken])
    work.take(taken, answer.fetched_at)
    for one in entries:
        if one.problem:
            work.complain(one.problem)


class _Sitemaps:
    """The sitemaps of one run: the tree of them, and how far it was read."""

    def __init__(self, work: Work, fetcher: Fetcher) -> None:
        self._work = work
        self._fetcher = fetcher
        self._pages = _Pages(work, fetcher)
        self._is_whole = True
        self._named: set[str] = set()
        cursor = json.loads(work.run.cursor) if work.run.cursor and work.run.cursor.startswith("{") else {}
        self._done: list[str] = cursor.get("done", [])
        self._at: str | None = cursor.get("at")
        self._from: int = cursor.get("from", 0)

    def read(self, addresses: Sequence[str]) -> bool:
        queue = deque(addresses)
        seen = set(addresses)
        while queue:
            address = queue.popleft()
            if address in self._done:
                continue  # by the attempt that this one continues
            for child in self._read_one(address):
                if child not in seen and not _OF_NO_RELEASES.search(urlsplit(child).path):
                    seen.add(child)
                    queue.append(child)
        if self._is_whole and not self._named and not self._done and self._work.count_releases():
            self._work.note("lists no page any more, which looks like a fault of the site; nothing is taken for gone")
            return False
        return self._is_whole

    def _read_one(self, address: str) -> list[str]:
        """Read one sitemap and its pages; the sitemaps that it names.

        What the sitemap above it says of its last change is not relied upon: where a page was taken out, it often says nothing.
        """
        work = self._work
        item = Item(f"{_LISTING}{address}", address)
        known = work.known_one(item.key)
        try:
            answer = self._fetcher.get(
                address, etag=known.etag if known else None, last_modified=known.last_modified if known else None
            )
            if answer.status == "unchanged":
                self._repeat(address)
                return []
            if answer.status == "gone":
                raise ParseError("the site names this sitemap, and answers that there is none")
            found = sitemap.parse(answer.content, answer.url)
        except SiteUnavailable:
            raise
        except (FetchError, ParseError) as error:
            self._is_whole = False
            work.complain(Problem(address, str(error).removeprefix(f"{address}: ")))
            return []
        if found.problem:
            self._is_whole = False
            work.complain(found.problem)
        self._read_pages(address, found.pages)
        # A sitemap of sitemaps is short, and is always read: it says which of the others have changed.
        if not found.children and not found.problem:
            work.note_listing(replace(item, etag=answer.etag, last_modified=answer.last_modified))
        if not found.children:
            self._note_done(address)
        return [child for child, _ in found.children]

    def _repeat(self, address: str) -> None:
        """A sitemap names what it named before; what has no date may have changed, and what failed is tried again."""
        self._named.add(address)
        kept = [item for item in self._work.see_listing(address) if item.failed_at is None]
        undated = [item for item in kept if item.modified is None or item.is_lost]
        self._work.leave([item for item in kept if item.modified is not None and not item.is_lost])
        self._in_chunks(address, [Listed(item.url, item.key, item.modified) for item in undated])
        self._pages.read_again(address)
        self._note_done(address)

    def _read_pages(self, address: str, pages: Sequence[Listed]) -> None:
        left = self._work.max_items - len(self._named)
        if len(pages) > left:
            limit = self._work.max_items
            self._work.note(f"lists more than {limit:,} pages; only so many are read: give a higher --max-items")
            self._is_whole = False
            pages = pages[: max(left, 0)]
        self._named.update(one.url for one in pages)
        self._work.watch.expect(len(self._named))
        # All at once: while a harvest is stopped, pages move from one part of the list to another.
        self._work.see([_item(one, address) for one in pages])
        self._in_chunks(address, pages)

    def _in_chunks(self, address: str, pages: Sequence[Listed]) -> None:
        start = self._from if self._at == address else 0
        for first in range(0, len(pages), _CHUNK):
            self._pages.read(pages[first : first + _CHUNK], address, is_done=first < start)
            if first >= start:
                self._keep_cursor(address, first + _CHUNK)

    def _note_done(self, address: str) -> None:
        self._done.append(address)
        self._keep_cursor(None, 0)

    def _keep_cursor(self, at: str | None, start: int) -> None:
        self._work.keep_cursor(json.dumps({"done": self._done, "at": at, "from": start}))


class _Pages:
    """The pages that a listing names, each a release or none."""

    def __init__(self, work: Work, fetcher: Fetcher) -> None:
        self._work = work
        self._fetcher = fetcher

    def read(self, listed: Sequence[Listed], listing: str, is_done: bool = False) -> None:
        """Read the pages that are new or changed; what the attempt that this one continues has done, only if it is new."""
        known = self._work.known(_key(one) for one in listed)
        for one in listed:
            item = known[_key(one)]
            if _is_unread(item) or (not is_done and _is_wanted(one, item)):
                self._read_one(_item(one, listing), item)
            else:
                self._work.leave([item])

    def read_again(self, listing: str, but: Collection[str] = ()) -> None:
        """Read pages of a listing that could not be read before, but for some, and unless that has been tried often enough."""
        for item in self._work.failed_before():
            if item.listing == listing and item.attempts < _ATTEMPTS and item.key not in but:
                self._read_one(Item(item.key, item.url, listing, modified=item.modified), item)

    def _read_one(self, item: Item, known: Item) -> None:
        work = self._work
        again = known if known.failed_at is None and not known.is_lost else None
        try:
            answer = self._fetcher.get(
                item.url, etag=again.etag if again else None, last_modified=again.last_modified if again else None
            )
        except SiteUnavailable:
            raise
        except FetchError as error:
            work.fail(item, str(error))
            return
        if answer.status == "gone":
            if known.release_key is not None:
                work.lose(item)
            else:
                work.skip(replace(item, digest=_NOTHING))
            return
        digest = hashlib.sha256(answer.content).hexdigest() if answer.status == "ok" else (again.digest if again else None)
        item = replace(item, etag=answer.etag, last_modified=answer.last_modified, digest=digest, release_key=known.release_key)
        if answer.status == "unchanged" or (again and again.digest == digest):
            work.confirm(item)
            return
        self._keep(item, known, answer)

    def _keep(self, item: Item, known: Item, answer: Answer) -> None:
        found = list(read_answer(answer, item.url))
        releases = [one for one in found if isinstance(one, Release)]
        if releases:
            self._work.take([(item, self._located(releases[0], item, answer))], answer.fetched_at)
            return
        message = next((one.message for one in found if isinstance(one, Problem)), "")
        if known.release_key is not None and html.is_not_found(message):
            self._work.lose(item)  # with a status that says that all is well
        else:
            self._work.skip(item)

    def _located(self, release: Release, item: Item, answer: Answer) -> Release:
        """Give a release its address: what the page says, unless that is on another site, or another page's."""
        own = release.url
        if own and (canonical(own) == canonical(answer.url) or self._is_believed(own, release, item, answer)):
            return release
        return replace(release, url=answer.url)

    def _is_believed(self, own: str, release: Release, item: Item, answer: Answer) -> bool:
        return _is_same_site(own, answer.url) and self._work.may_be_at(release, own, item)


def _is_unread(known: Item) -> bool:
    return known.digest is None and known.release_key is None and known.failed_at is None


def _is_wanted(listed: Listed, known: Item) -> bool:
    return known.failed_at is not None or known.is_lost or listed.modified is None or listed.modified != known.modified


def _is_same_site(one: str, other: str) -> bool:
    try:
        return Site.of(one).host == Site.of(other).host
    except ValueError:
        return False


def _item(listed: Listed, listing: str) -> Item:
    return Item(_key(listed), listed.url, listing, modified=listed.modified)


def _key(listed: Listed) -> str:
    return listed.key or listed.url
