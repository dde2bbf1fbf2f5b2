"""What every reader shares: the problems it reports and the way it builds a release."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from archive import conventions, dates, paragraphs
from archive.language import language as detect_language
from archive.records import ArchiveError, Release, describe_forbidden
from archive.repair import repair

MAX_BYTES = 5_000_000
"""Longest release that is read: a text file or a line of JSONL."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UTF_8_BOM = b"\xef\xbb\xbf"


class ParseError(ArchiveError):
    """A source does not hold the release it should."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a source, or part of it, could not be read."""

    source: str
    message: str

    def __str__(self) -> str:
        """One line that names the source."""
        return f"{self.source}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes to read, wherever they lie: a file, a member of a ZIP, the answer of a site.

    Attributes:
        source: Names it in messages and in `Release.source`: an absolute path, "path!member" or an address.
        name: Last part of the path, whose suffix says what it should be.
        size_bytes: How long it says it is.
        open: Opens a fresh stream of its bytes; raises OSError.
        url: The address it was fetched from: base of its links, and its own address where it names none.
        charset: What the answer's header says.
        columns: For a table, which column holds which field, as the keeper asked.
    """

    source: str
    name: str
    size_bytes: int
    open: Callable[[], BinaryIO]
    url: str | None = None
    charset: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_file(cls, path: Path) -> Document:
        """A file as it lies on the disk.

        Raises:
            OSError: It is not there.
        """
        return cls(name_source(path), path.name, path.stat().st_size, lambda: path.open("rb"))

    @classmethod
    def of_bytes(cls, data: bytes, source: str, name: str, url: str | None = None, charset: str | None = None) -> Document:
        """Bytes in memory."""
        return cls(source, name, len(data), lambda: io.BytesIO(data), url, charset)

    @property
    def suffix(self) -> str:
        """The name's last suffix in small letters: ".html"."""
        return Path(self.name).suffix.lower()

    def read(self, max_bytes: int = MAX_BYTES) -> bytes:
        """All of its bytes, which are one release's.

        Raises:
            OSError: It cannot be read.
            ParseError: There are more than `max_bytes`; no more than that is held in memory.
        """
        if self.size_bytes > max_bytes:
            raise ParseError(f"{self.size_bytes:,} bytes are too many for one release (limit {max_bytes:,}); split the file")
        with self.open() as stream:
            data = stream.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise ParseError(f"more than {max_bytes:,} bytes, which is too much for one release; split the file")
        return data


@dataclass(frozen=True, slots=True)
class Listed:
    """A release in a listing of a site: a page of posts, a feed, a sitemap.

    Attributes:
        url: Its address.
        key: What the site knows it by, where that is not the address: a post's number, an entry's id.
        modified: When the site says that it last changed, ISO 8601.
        release: The release itself, where the listing holds all of it.
        problem: Why what the listing holds is no release.
    """

    url: str
    key: str | None = None
    modified: str | None = None
    release: Release | None = None
    problem: Problem | None = None


Reader = Callable[[Document], Iterator["Release | Problem"]]
"""Reads the releases of a document. Bad input is a problem, never an exception."""


def name_source(path: Path) -> str:
    """A path as text, absolute; bytes that are not UTF-8 and control characters are spelled out, so that it can be shown."""
    name = os.fsencode(path.resolve()).decode("utf-8", errors="backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def read_one(document: Document, make: Callable[[], Release]) -> Iterator[Release | Problem]:
    """The release that a document holds; whatever is wrong with it is one problem.

    Args:
        document: What is read.
        make: Reads it, and raises `ParseError` or OSError.
    """
    try:
        yield make()
    except OSError as error:
        yield unreadable(document.source, error)
    except ParseError as error:
        yield Problem(document.source, str(error))


def unreadable(source: str, error: OSError) -> Problem:
    """What is told of a document that the system does not let us read."""
    return Problem(source, f"cannot be read: {error.strerror}")


def decode(data: bytes) -> str:
    r"""Decode UTF-8 with or without a byte order mark, and write every line end as \n.

    Raises:
        ParseError: The bytes are something else; the message says where, and how to convert them.
    """
    if data.startswith(_UTF_16):
        raise ParseError("not UTF-8 but UTF-16, as its first two bytes say; convert it: iconv -f UTF-16 -t UTF-8")
    try:
        text = data.removeprefix(_UTF_8_BOM).decode()
    except UnicodeDecodeError as error:
        raise ParseError(
            f"not UTF-8: byte 0x{error.object[error.start]:02X} at offset {error.start + data.startswith(_UTF_8_BOM) * 3}; "
            "convert it, probably from Windows-1252: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if fault := describe_forbidden(text):
        raise ParseError(fault)
    return text


def build_release(
    *,
    title: str,
    body: str,
    source: str,
    id: str | None = None,
    url: str | None = None,
    published: str | None = None,
    topic: str | None = None,
    published_from: str | None = None,
    event_date: str | None = None,
    agency: str | None = None,
    author: str | None = None,
    language: str | None = None,
    modified: str | None = None,
) -> Release:
    """Complete a release by what its text says.

    Damage from copying is repaired; dateline city, initials, office, the day that the text speaks of and its language are read
    off the text; agency and day of publication too, where the source names none.

    Raises:
        ParseError: A field does not hold what it should, or the body has no paragraph.
    """
    title = " ".join(repair(title).split("\n")).strip()
    body = repair(body).strip()
    initials, office = conventions.sign_off(body) or ((), None)
    city = conventions.dateline_city(body)
    today = datetime.now(UTC).date()
    if published is None:
        dated = dates.choose(None, url, body, today)
        published, published_from = dated.published, dated.published_from
    try:
        release = Release(
            title=title,
            body=body,
            id=id,
            url=url,
            published=published,
            topic=topic,
            city=city,
            initials=initials,
            office=office,
            source=source,
            published_from=published_from or ("metadata" if published else None),
            event_date=event_date or dates.event_date(body, published, today),
            agency=agency or conventions.agency(office, city),
            author=author,
            language=language or detect_language(body),
            modified=modified,
        )
    except ValueError as error:
        raise ParseError(str(error)) from error
    if not paragraphs.split(release):
        raise ParseError("no paragraphs below the title")
    return release
