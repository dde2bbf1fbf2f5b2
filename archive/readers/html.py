"""A saved or fetched web page: one release, without what the site prints around it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import charset_normalizer

from archive import dates
from archive.readers import page_facts, page_text
from archive.readers.common import Document, ParseError, Problem, build_release, read_one
from archive.records import Release

NAME = "html"
SUFFIXES = frozenset({".html", ".htm", ".xhtml", ".shtml"})

_SNIFFED_BYTES = 4096
_MOST_ELEMENTS = 100_000
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_START = re.compile(
    rb"\s*(?:<\?xml[^>]*\?>\s*)?(?><!--.*?-->\s*)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# What browsers do: who says Latin-1 means Windows-1252.
_SYNONYMS = {
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
}

_NOT_FOUND = re.compile(
    r"\b(?:halaman|laman|konten|artikel|berita|postingan|url|page|post|content|article)\b[^.!?\n]{0,60}?"
    r"\b(?:tidak\s+(?:dapat\s+|bisa\s+|berhasil\s+)?(?:di\s?temukan|ditampilkan|tersedia)|telah\s+dihapus|sudah\s+dihapus|"
    r"(?:was|is|could|cannot|can\S?t)?\s*(?:not|be)\s+(?:be\s+)?found|does\s?n[o\S]?t\s+exist|not\s+exist)|"
    r"\b(?:error|galat|kesalahan)\s*:?\s*(?:kode\s*)?404\b|\b404\b\W{0,3}(?:error|not\s+found|page|halaman|tidak)|"
    r"\bnot\s+found\b|\bnothing\s+found\b",
    re.IGNORECASE,
)
_ONLY_404 = re.compile(r"\W*(?:error\s*)?404\W*", re.IGNORECASE)
_UNAVAILABLE = re.compile(
    r"\b(?:situs|laman|website|web|halaman|portal)\b.{0,40}\bdalam\s+(?:pemeliharaan|perbaikan|pengembangan)\b|"
    r"\b(?:under|in)\s+(?:maintenance|construction)\b|\bjust a moment\b|\battention required\b|"
    r"\bchecking (?:if the site|your browser)\b|"
    r"\baccess denied\b|\b40[13]\s+(?:forbidden|unauthorized)\b|\binternal server error\b|\bbad gateway\b|"
    r"\bservice unavailable\b|"
    r"\baccount suspended\b|\berror establishing a database connection\b",
    re.IGNORECASE,
)
_SEARCH_RESULTS = re.compile(r"\W*(?:hasil pencarian|search results?|pencarian untuk|you searched for)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\W*(?:baca\s+)?(?:selengkapnya|selanjutnya|lebih lanjut|read more|continue reading)\b.{0,100}", re.IGNORECASE
)
_OPENING_BLOCKS = 12
_SHORT_CHARS = 700
_LOGIN_CHARS = 1500
_NOTICE_CHARS = 300
_MOST_READ_MORE = 3
_FEWEST_TEASERS = 3


def recognises(head: bytes) -> bool:
    """Whether bytes begin like a web page."""
    return _START.match(head.removeprefix(codecs.BOM_UTF8)[:_SNIFFED_BYTES]) is not None


def read(document: Document) -> Iterator[Release | Problem]:
    """Read one page, which holds one release."""
    try:
        yield from read_one(document, lambda: parse(document))
    except RecursionError:
        yield Problem(document.source, "nested too deep for a release; save the page's text instead")


def parse(document: Document) -> Release:
    """Make a release of a page.

    Raises:
        OSError: It cannot be read.
        ParseError: It holds none; the message says what it looks like.
    """
    data = document.read()
    if not data.strip():
        raise ParseError("the file is empty")
    root = page_text.parse(decode(data, document.charset))
    if root is None:
        raise ParseError("no text; is this a web page?")
    if root.xpath("count(//*)") > _MOST_ELEMENTS:
        raise ParseError(
            f"more than {_MOST_ELEMENTS:,} elements, which is too much for one release; save the page's text instead"
        )
    facts = page_facts.collect(root, document.url)
    everything = page_text.blocks(root, whole=True)
    title = page_facts.find_title(root, facts, everything)
    headline = next((block.element for block in everything if block.text == title), None)
    body = page_text.find_body(root, headline)
    found = page_text.blocks(body)
    _refuse(root, facts, title, found, everything)
    if title is None:
        raise ParseError("no title: neither a heading nor a <title>")
    texts = _text_of(found, title)
    if not texts:
        found = page_text.blocks(root)
        texts = _text_of(found, title)
    if not texts:
        raise ParseError("no paragraphs below the title; if the page builds itself by scripts, harvest the site's feed instead")
    return _build(root, facts, everything, title, texts, document)


def is_not_found(text: str) -> bool:
    """Whether the text of a page, or its title, says that there is nothing: "Halaman tidak ditemukan", "404 Not Found"."""
    text = " ".join(text.split())
    return len(text) <= _SHORT_CHARS and (_NOT_FOUND.search(text) is not None or _ONLY_404.fullmatch(text) is not None)


def decode(data: bytes, charset: str | None = None) -> str:
    """Decode a page: by the answer's header, else by what the page says, else by what its bytes look like.

    A charset under which the bytes make no sense is not believed. Control characters, there by accident, are left out.
    """
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return _tidy(data.removeprefix(codecs.BOM_UTF8).decode(encoding, errors="replace"))
    head = data[:_SNIFFED_BYTES]
    named = [found[1].decode("ascii") for pattern in (_META_CHARSET, _XML_CHARSET) if (found := pattern.search(head))]
    for name in (charset, *named, "utf-8"):
        if name and (text := _decode_as(data, name)) is not None:
            return _tidy(text)
    best = charset_normalizer.from_bytes(data[:200_000], cp_isolation=["cp1252", "utf_16_le", "utf_16_be", "iso8859_15"]).best()
    return _tidy(data.decode(best.encoding if best else "cp1252", errors="replace"))


def _decode_as(data: bytes, name: str) -> str | None:
    name = _SYNONYMS.get(name.lower(), name)
    if name == "cp1252" and not data.isascii():
        try:
            return data.decode("utf-8")  # a page in UTF-8 that claims Latin-1 is common, the reverse never decodes
        except UnicodeDecodeError:
            pass
    try:
        return data.decode(name)
    except (LookupError, UnicodeError, ValueError):
        return None


def _tidy(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _refuse(
    root: page_text.Element,
    facts: page_facts.Facts,
    title: str | None,
    found: list[page_text.Block],
    everything: list[page_text.Block],
) -> None:
    """Raise ParseError for a page that holds no release."""
    visible = sum(len(block.text) for block in everything)
    prose = [block for block in found if block.is_prose]
    prose_chars = sum(len(block.text) for block in prose)
    if not visible:
        has_scripts = bool(root.xpath("//script"))
        raise ParseError(
            "no text: the page builds itself by scripts; harvest the site's feed instead"
            if has_scripts
            else "no text on the page"
        )
    own = " ".join(block.text for block in found)
    if prose_chars < _SHORT_CHARS and (is_not_found(title or "") or is_not_found(own) or any(map(is_not_found, facts.titles))):
        raise ParseError("looks like a page that says not found")
    notices = [title or "", own, *facts.titles]
    if len(own) < _NOTICE_CHARS and any(map(_UNAVAILABLE.search, notices)):
        raise ParseError("looks like a page that says the site is not available; try again later")
    if root.xpath("//input[@type='password']") and prose_chars < _LOGIN_CHARS and not facts.is_article:
        raise ParseError("a login page, no release")
    if _is_list(found, prose) or _SEARCH_RESULTS.match(title or ""):
        raise ParseError("a list of links, no release")


def _is_list(found: list[page_text.Block], prose: list[page_text.Block]) -> bool:
    total = sum(len(block.text) for block in found)
    linked = sum(block.linked_chars for block in found)
    if linked > 0.6 * total and len(found) > 3:
        return True
    if sum(1 for block in found if block.is_link and _MORE.fullmatch(block.text)) >= _MOST_READ_MORE:
        return True
    teasers = sum(1 for block in found if block.is_link and (block.is_heading or len(block.text) >= 25))
    return teasers >= _FEWEST_TEASERS and teasers >= 0.6 * len(prose)


def _text_of(found: list[page_text.Block], title: str) -> list[str]:
    """The paragraphs below the lines that tell when, by whom and of what kind a release is."""
    first = found[:_OPENING_BLOCKS]
    is_about = [page_facts.is_about(block.text, title) for block in first]
    # A headline may read like prose: "Petani Semringah! Durian Siap Ekspor".
    opening = next((number for number, block in enumerate(first) if block.is_prose and not is_about[number]), len(first))
    about = [number for number in range(opening) if is_about[number]]
    start = about[-1] + 1 if about else 0
    return page_text.paragraphs(found[start:], lambda text: page_facts.is_same_title(text, title))


def _build(
    root: page_text.Element,
    facts: page_facts.Facts,
    everything: list[page_text.Block],
    title: str,
    texts: list[str],
    document: Document,
) -> Release:
    body = "\n\n".join(texts)
    dated = dates.choose(page_facts.find_published(root, facts, everything, title), facts.url, body, _today())
    author, topic = page_facts.find_byline(root, everything, title)
    return build_release(
        title=title,
        body=body,
        source=document.source,
        url=facts.url,
        published=dated.published,
        published_from=dated.published_from,
        event_date=dated.event_date,
        topic=facts.topic or topic,
        agency=facts.agency,
        author=facts.author or author,
        modified=dates.parse_written(facts.modified or ""),
    )


def _today() -> date:
    return datetime.now(UTC).date()
