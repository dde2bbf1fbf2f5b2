"""What every reader shares: the problems it reports and the way it builds a release."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from archive import conventions, paragraphs
from archive.records import ArchiveError, Release, describe_forbidden

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


def name_source(path: Path) -> str:
    """A path as text, absolute; bytes that are not UTF-8 and control characters are spelled out, so that it can be shown."""
    name = os.fsencode(path.resolve()).decode("utf-8", errors="backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


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
) -> Release:
    """Complete a release by what its text says: the city of the dateline, the initials and office of the sign-off.

    Raises:
        ParseError: A field does not hold what it should, or the body has no paragraph.
    """
    body = body.strip()
    initials, office = conventions.sign_off(body) or ((), None)
    try:
        release = Release(
            title=" ".join(title.split("\n")).strip(),
            body=body,
            id=id,
            url=url,
            published=published,
            topic=topic,
            city=conventions.dateline_city(body),
            initials=initials,
            office=office,
            source=source,
        )
    except ValueError as error:
        raise ParseError(str(error)) from error
    if not paragraphs.split(release):
        raise ParseError("no paragraphs below the title")
    return release
