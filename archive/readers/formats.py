"""Which reader takes which document: by the name it was asked for, else by what it unmistakably is, else by its suffix.

A ZIP is not here, since it holds documents of these kinds; see `zipped`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from archive.readers import csv_table, docx, feed, html, jsonl, markdown, pdf, text, wordpress, wxr
from archive.readers.common import MAX_BYTES, Document, ParseError, Problem, Reader, unreadable
from archive.records import Release

HEAD_BYTES = 4096
"""How much of a document `recognises` sees."""


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of document.

    Attributes:
        name: What `--as` takes.
        suffixes: What its files end in, in small letters.
        recognises: Tells by the first bytes.
        read: Its reader.
        is_unmistakable: What `recognises` says outweighs the suffix: nothing else begins so.
        max_bytes: Longest document; None where the reader streams, and is bounded by its longest line or post instead.
    """

    name: str
    suffixes: frozenset[str]
    recognises: Callable[[bytes], bool]
    read: Reader
    is_unmistakable: bool = True
    max_bytes: int | None = MAX_BYTES


@dataclass(slots=True)
class Tally:
    """How many documents of each kind were read.

    Attributes:
        files: By the name of the format.
        members: The same for what lay in ZIPs.
        skipped: Members of ZIPs that no reader takes.
    """

    files: Counter[str] = field(default_factory=Counter)
    members: Counter[str] = field(default_factory=Counter)
    skipped: int = 0


_MAX_POSTS_BYTES = 50_000_000
_POSTS = re.compile(rb'\s*\[\s*\{\s*"id"\s*:\s*\d+\s*,\s*"(?:date|link|guid|slug|modified)')
_JSON_OBJECT = re.compile(rb'\s*\{\s*"(?:title|body|id|url|published|topic)"\s*:')


def _is_jsonl(head: bytes) -> bool:
    return _JSON_OBJECT.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def _is_posts(head: bytes) -> bool:
    return _POSTS.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def _read_posts(document: Document) -> Iterator[Release | Problem]:
    """Read a page of posts that was saved from `/wp-json/wp/v2/posts`."""
    source = document.source
    try:
        for listed in wordpress.parse_page(document.read(_MAX_POSTS_BYTES), source):
            yield listed.release or listed.problem or Problem(source, f"lists {listed.url} without its text; harvest the site")
    except OSError as error:
        yield unreadable(source, error)
    except ParseError as error:
        yield Problem(source, str(error))


def _is_nothing(head: bytes) -> bool:  # noqa: ARG001 - plain text begins in no way of its own
    return False


FORMATS = (
    Format(pdf.NAME, pdf.SUFFIXES, pdf.recognises, pdf.read, max_bytes=pdf.MAX_FILE_BYTES),
    Format(docx.NAME, docx.SUFFIXES, docx.recognises, docx.read, max_bytes=docx.MAX_FILE_BYTES),
    Format(jsonl.NAME, jsonl.SUFFIXES, _is_jsonl, jsonl.read, max_bytes=None),
    Format(wxr.NAME, wxr.SUFFIXES, wxr.recognises, wxr.read, max_bytes=None),
    Format(feed.NAME, feed.SUFFIXES, feed.recognises, feed.read, max_bytes=feed.MAX_BYTES),
    Format("wordpress", frozenset({".json"}), _is_posts, _read_posts, max_bytes=_MAX_POSTS_BYTES),
    Format(html.NAME, html.SUFFIXES, html.recognises, html.read),
    Format(csv_table.NAME, csv_table.SUFFIXES, csv_table.recognises, csv_table.read, False, max_bytes=None),
    Format(markdown.NAME, markdown.SUFFIXES, markdown.recognises, markdown.read, is_unmistakable=False),
    Format(text.NAME, text.SUFFIXES, _is_nothing, text.read, is_unmistakable=False),
)
BY_NAME = {one.name: one for one in FORMATS}
SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.suffixes)


def read_head(document: Document) -> bytes:
    """The first bytes of a document.

    Raises:
        OSError: It cannot be read.
    """
    with document.open() as stream:
        return stream.read(HEAD_BYTES)


def choose(head: bytes, suffix: str) -> Format | None:
    """The format of a document that begins with `head`; None for one that no reader takes."""
    if sure := next((one for one in FORMATS if one.is_unmistakable and one.recognises(head)), None):
        return sure
    if named := next((one for one in FORMATS if suffix in one.suffixes), None):
        return named
    return next((one for one in FORMATS if not one.is_unmistakable and one.recognises(head)), None)
