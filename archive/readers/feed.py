"""Feeds: RSS of any version, and Atom. An entry is a release where the feed holds its whole text, not only a summary."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

from archive.readers import markup
from archive.readers.common import Document, Listed, ParseError, Problem, build_release, unreadable
from archive.readers.wordpress import NO_CATEGORY
from archive.readers.xmlstream import root_name, whole
from archive.records import Release

NAME = "feed"
SUFFIXES = frozenset({".atom", ".rdf", ".rss"})
MAX_BYTES = 10_000_000
"""Longest feed that is read; the usual one holds ten entries."""

_ROOTS = frozenset({"feed", "rdf", "rss"})
_MARK = re.compile(rb"<(?:rss|(?:atom:)?feed|rdf:RDF)\b", re.IGNORECASE)
_EXPORT = re.compile(rb"xmlns:wp=[\"']https?://wordpress\.org/export/")
_COMPLETE = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_FINISHED = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_PERMALINK_DAY = re.compile(r"/((?:19|20)\d\d)/(\d\d)/(\d\d)/")
# Where a feed gives its times in UTC: WIB, WITA, WIT, then UTC itself.
_OFFSETS = tuple(timedelta(hours=hours) for hours in (7, 8, 9, 0))
# A line that plugins add to a feed's texts, and to nothing else.
_APPENDED = re.compile(
    r"(?:The post|Artikel|Pos|Postingan|Tulisan|Berita)\s.{1,400}\s(?:appeared first on|first appeared on|"
    r"(?:pertama kali|muncul pertama) (?:tampil|muncul|terbit|kali|dipublikasikan|ditampilkan))\s.{1,200}",
    re.DOTALL,
)
_SHORTENED = re.compile(
    r"(?:\[\s*(?:…|\.\.\.)\s*\]|(?:…|\.\.\.)\s*(?:Selengkapnya|Baca selengkapnya|Read more|Continue reading)\W*)$"
)


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed holds, in its order.

    Attributes:
        entries: Its entries; one with nothing but a summary has neither release nor problem: its page must be fetched.
        title: What the feed calls itself.
        problem: Why the rest of it could not be read, if so.
    """

    entries: list[Listed]
    title: str | None = None
    problem: Problem | None = None


def recognises(head: bytes) -> bool:
    """Whether a file begins as a feed does, and not as an export of WordPress, which is RSS too."""
    return _MARK.search(head[:2048]) is not None and _EXPORT.search(head) is None


def read(document: Document) -> Iterator[Release | Problem]:
    """Read a feed that was saved.

    Yields:
        The release of each whole entry, then a problem for the entries that are none, and one for those with only a summary.
    """
    source = document.source
    try:
        with document.open() as stream:
            data = stream.read(MAX_BYTES + 1)
        feed = parse(data, source, document.url)
    except OSError as error:
        yield unreadable(source, error)
        return
    except ParseError as error:
        yield Problem(source, str(error))
        return
    for number, entry in enumerate(feed.entries, start=1):
        if entry.release:
            yield replace(entry.release, source=f"{source}#{number}")
    faults = [f"entry {number}: {entry.problem.message}" for number, entry in enumerate(feed.entries, 1) if entry.problem]
    if faults:
        yield Problem(source, faults[0] + (f" (and {len(faults) - 1:,} more such entries)" if len(faults) > 1 else ""))
    summaries = sum(not entry.release and not entry.problem for entry in feed.entries)
    if summaries:
        entries = "1 entry holds" if summaries == 1 else f"{summaries:,} entries hold"
        yield Problem(source, f"{entries} only a summary; harvest the site instead")
    if feed.problem:
        yield feed.problem
    elif not feed.entries:
        yield Problem(source, "holds no entries")


def parse(data: bytes, source: str, url: str | None = None) -> Feed:
    """Read a feed.

    Args:
        data: All of it.
        source: Names it in messages.
        url: Where it was fetched from, the base of relative links.

    Raises:
        ParseError: It is no feed, is too long, or declares entities.
    """
    import feedparser  # takes a while, and most commands never read a feed

    if len(data) > MAX_BYTES:
        raise ParseError(f"longer than {MAX_BYTES:,} bytes, which is too much for a feed")
    data = whole(data, "feed")
    root = root_name(data)
    if root.rpartition(":")[2].lower() not in _ROOTS:
        raise ParseError(f"no feed: its outermost element is <{root}>, not <rss>, <feed> or <rdf:RDF>")
    problem = None
    if not _FINISHED.search(data):
        # Ended after its last whole entry, it is well-formed, and no entry is half read.
        ends = [found.end() for found in _COMPLETE.finditer(data)]
        problem = Problem(source, f"cut off after {len(ends):,} whole entries; fetch it again")
        closing = f"</channel></{root}>" if root.lower() == "rss" else f"</{root}>"
        data = data[: ends[-1]] + closing.encode() if ends else b"<rss/>"
    headers = {"content-type": "application/xml; charset=utf-8"} | ({"content-location": url} if url else {})
    # A stream, because bytes might be taken for the name of a file. Nothing is shown, so nothing needs to be sanitised away.
    try:
        found = feedparser.parse(io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=True)
    except Exception as error:  # damaged markup makes its parsers fail in more ways than can be listed
        raise ParseError("cannot be read as a feed: its elements are damaged, or nested too deep") from error
    entries = cast("list[Any]", found.entries)
    offset = _site_offset(entries)
    listed = [_listed(entry, f"{source}#{number}", offset) for number, entry in enumerate(entries, start=1)]
    return Feed(listed, markup.line(str(found.feed.get("title") or "")) or None, problem)


def _listed(entry: Any, source: str, offset: timedelta) -> Listed:  # noqa: ANN401 - feedparser has no types
    link = "".join(str(entry.get("link") or "").split())
    url = link if _is_web_address(link) else None
    key = str(entry.get("id") or "").strip() or None
    updated = _time(_own(entry, "updated"))
    modified = f"{updated.astimezone(UTC).replace(tzinfo=None).isoformat()}Z" if updated and updated.tzinfo else None
    name = url or source
    try:
        body = _body(entry)
        if body is None:
            if url is None:
                return Listed(name, key, modified, problem=Problem(name, "has neither its whole text nor a web address"))
            return Listed(url, key, modified)
        published = _local(_time(_own(entry, "published")), offset)
        release = build_release(
            title=markup.line(str(entry.get("title") or "")),
            body=body,
            source=name,
            url=url,
            published=published,
            published_from="metadata" if published else None,
            topic=_topic(entry),
            author=_author(entry),
            modified=_local(updated, offset),
        )
    except ParseError as error:
        return Listed(name, key, modified, problem=Problem(name, str(error)))
    return Listed(name, key, modified, release)


def _body(entry: Any) -> str | None:  # noqa: ANN401
    """The paragraphs of the whole text; None where the entry has only a summary."""
    contents = [one for one in entry.get("content") or [] if str(one.get("value") or "").strip()]
    if not contents:
        return None
    longest = max(contents, key=lambda one: len(one["value"]))
    text = str(longest["value"])
    body = markup.paragraphs(html.escape(text) if longest.get("type") == "text/plain" else text)
    *above, last = body.split("\n\n")
    if above and _APPENDED.fullmatch(last):
        body = "\n\n".join(above)
    return None if _SHORTENED.search(body) else body


def _topic(entry: Any) -> str | None:  # noqa: ANN401
    for tag in entry.get("tags") or []:
        # Twice, because feedparser escapes once more what it reads from a feed that is not well-formed.
        name = markup.line(markup.line(str(tag.get("label") or tag.get("term") or "")))
        if name and name.casefold() not in NO_CATEGORY:
            return name
    return None


def _author(entry: Any) -> str | None:  # noqa: ANN401
    detail = entry.get("author_detail") or {}
    return markup.line(str(detail.get("name") or entry.get("author") or "")) or None


def _own(entry: Any, name: str) -> str | None:  # noqa: ANN401
    """What the entry itself says: feedparser's own lookup answers with another field where one is missing, and warns."""
    value = dict.get(entry, name)
    return value.strip() or None if isinstance(value, str) else None


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    for parse_time in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse_time(text).replace(microsecond=0)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _site_offset(entries: Sequence[Any]) -> timedelta:
    """The site's offset from UTC, for a feed that gives its times in UTC, as WordPress does.

    Such a feed hides the day on which a release came out: what is published at 6 in Madiun carries the day before. A site of
    this archive keeps an Indonesian time; which one, or none, is told by the days in the permalinks.
    """
    pairs: list[tuple[datetime, tuple[str, ...]]] = []
    for entry in entries:
        when, found = _time(_own(entry, "published")), _PERMALINK_DAY.search(str(entry.get("link") or ""))
        if when and found and when.utcoffset() == timedelta():
            pairs.append((when, found.groups()))

    def agreeing(offset: timedelta) -> int:
        return sum(tuple((when + offset).strftime("%Y-%m-%d").split("-")) == day for when, day in pairs)

    return max(_OFFSETS, key=agreeing)  # the first of the best


def _local(when: datetime | None, offset: timedelta) -> str | None:
    if when is None:
        return None
    if when.utcoffset() == timedelta():
        when = when.astimezone(timezone(offset))
    return when.isoformat()


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
