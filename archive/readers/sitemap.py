"""Sitemaps, see sitemaps.org: which pages a site has, or which further sitemaps; XML or plain text, perhaps compressed."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from lxml import etree

from archive.readers import markup
from archive.readers.common import Listed, ParseError, Problem
from archive.readers.xmlstream import Cleaned, elements, local_name, root_name, text_of, whole

MAX_BYTES = 50_000_000
MAX_ADDRESSES = 50_000
"""What the protocol allows; a longer one is a mistake or a trap."""

_GZIP = b"\x1f\x8b"
_LONGEST_ADDRESS = 2048
# "?id=1&page=2" should have been escaped, and often is not.
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});)")
_ROOTS = frozenset({"sitemapindex", "urlset"})


@dataclass(frozen=True, slots=True)
class News:
    """What a news sitemap says of a page: its title, and when it was published, ISO 8601."""

    title: str | None
    published: str | None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap lists, in its order and each address once.

    Attributes:
        pages: Pages; `modified` is their lastmod.
        children: Further sitemaps: address and lastmod.
        news: What is said of some pages, by address.
        problem: Why the rest of it could not be read, if so.
    """

    pages: list[Listed]
    children: list[tuple[str, str | None]]
    news: Mapping[str, News] = field(default_factory=dict)
    problem: Problem | None = None


def parse(data: bytes, source: str) -> Sitemap:
    """Read a sitemap of any form; `source` is the address that answered.

    Raises:
        ParseError: It is none, or longer than the protocol allows.
    """
    fault = None
    if data.startswith(_GZIP):
        data, fault = _decompress(data)
        if fault and not data.strip():
            raise ParseError("compressed, but damaged; fetch it again")
    if len(data) > MAX_BYTES:
        raise ParseError(f"longer than the {MAX_BYTES:,} bytes that a sitemap may have; the site should split it")
    opening = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if opening.startswith((b"http://", b"https://")):
        return _parse_text(data, source, fault)
    data = whole(data, "sitemap")
    root = root_name(data)
    if root.rpartition(":")[2] not in _ROOTS:
        raise ParseError(f"no sitemap: its outermost element is <{root}>, not <urlset> or <sitemapindex>")
    if b"<![CDATA[" not in data:
        data = _BARE_AMPERSAND.sub(b"&amp;", data)
    return _parse_xml(data, source, fault)


def _parse_text(data: bytes, source: str, fault: str | None) -> Sitemap:
    lines = data.decode("utf-8-sig", errors="replace").split()
    addresses = dict.fromkeys(line for line in lines if _is_web_address(line))
    fault = fault or (_too_many() if len(addresses) > MAX_ADDRESSES else None)
    pages = [Listed(address) for address in list(addresses)[:MAX_ADDRESSES]]
    return Sitemap(pages, [], problem=Problem(source, fault) if fault else None)


def _parse_xml(data: bytes, source: str, fault: str | None) -> Sitemap:
    pages: dict[str, Listed] = {}
    children: dict[str, str | None] = {}
    news: dict[str, News] = {}
    try:
        for element in elements(Cleaned(io.BytesIO(data), "sitemap"), {"url", "sitemap"}):
            address = _address(element, source)
            if address is None or address in pages or address in children:
                continue
            if len(pages) + len(children) >= MAX_ADDRESSES:
                fault = _too_many()
                break
            lastmod = iso_time(text_of(element, "lastmod"))
            if local_name(element) == "sitemap":
                children[address] = lastmod
                continue
            if told := _news(element):
                news[address] = told
            pages[address] = Listed(address, modified=lastmod or (told.published if told else None))
    except ParseError as error:
        fault = fault or str(error)
        if not pages and not children:
            raise
    return Sitemap(list(pages.values()), list(children.items()), news, Problem(source, fault) if fault else None)


def iso_time(text: str | None) -> str | None:
    """A time as sitemaps write it, if it is ISO 8601: a day, or a day and time. Anything else is None."""
    if text is None or len(text) < len("2023-03-21"):
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _decompress(data: bytes) -> tuple[bytes, str | None]:
    """Decompress to no more than a sitemap may have, and say what is wrong with the end."""
    parts: list[bytes] = []
    left = MAX_BYTES + 1
    while data and left > 0:
        unpacking = zlib.decompressobj(wbits=31)
        try:
            part = unpacking.decompress(data, left)
        except zlib.error as error:
            if not parts:
                raise ParseError("compressed, but damaged; fetch it again") from error
            break  # what follows a whole member may be padding
        parts.append(part)
        left -= len(part)
        data = unpacking.unused_data
        if not unpacking.eof and left > 0:
            return b"".join(parts), "cut off; fetch it again"
    return b"".join(parts), None


def _address(element: etree._Element, source: str) -> str | None:
    text = text_of(element, "loc")
    if text is None:
        return None
    try:
        address = urljoin(source, "".join(text.split())) if "://" in source else text
    except ValueError:
        return None
    return address if _is_web_address(address) else None


def _news(element: etree._Element) -> News | None:
    for child in element:
        if local_name(child) == "news":
            title = text_of(child, "title")
            return News(markup.line(title) or None if title else None, iso_time(text_of(child, "publication_date")))
    return None


def _is_web_address(text: str) -> bool:
    if len(text) > _LONGEST_ADDRESS or any(map(str.isspace, text)) or not text.isprintable():
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _too_many() -> str:
    return f"lists more than the {MAX_ADDRESSES:,} addresses that a sitemap may have; the first {MAX_ADDRESSES:,} were read"
