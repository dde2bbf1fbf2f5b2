"""The records that travel from a reader to the archive and back out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from urllib.parse import urlsplit

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
# Tab and line ends are text; other ASCII control characters, and half a surrogate pair, are signs of damage. The C1 controls
# (U+0080 to U+009F) do occur in what publishers print, invisibly, and are kept.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class ArchiveError(Exception):
    """Something about the archive or its sources is wrong; the message is one line that names it and the next step."""


@dataclass(frozen=True, slots=True)
class Release:
    """One press release as a reader found it.

    Attributes:
        title: One line.
        body: Paragraphs separated by one blank line, their text as published.
        id: The source's own id, if it has one.
        url: Address at the publisher, http or https.
        published: ISO 8601, a date or a date and time.
        topic: The publisher's category.
        city: Dateline city as published, such as "MADIUN".
        initials: Who wrote and edited it, as signed: ("ney", "agi").
        office: Which office signed it, such as "diskominfo".
        source: Where it was read: absolute path (plus "#line" for JSONL) or address.
        published_from: What `published` was taken from: "metadata", "permalink" or "text".
        event_date: Day that the text speaks of, YYYY-MM-DD: "Selasa (21/3)".
        agency: Who publishes it, such as "Diskominfo Kota Madiun".
        author: Byline.
        language: ISO 639-1 code of the text.
        modified: When the publisher says that it last changed, ISO 8601.

    Raises:
        ValueError: A field does not hold what it should; the message names the field and the value.
    """

    title: str
    body: str
    id: str | None = None
    url: str | None = None
    published: str | None = None
    topic: str | None = None
    city: str | None = None
    initials: tuple[str, ...] = ()
    office: str | None = None
    source: str = ""
    published_from: str | None = None
    event_date: str | None = None
    agency: str | None = None
    author: str | None = None
    language: str | None = None
    modified: str | None = None

    def __post_init__(self) -> None:
        """Refuse what the archive could not keep or a page could not show."""
        if not self.title.strip():
            raise ValueError("the title is missing")
        if not self.body.strip():
            raise ValueError("no paragraphs below the title")
        for name in ("title", "body", "url", "topic", "source", "agency", "author"):
            if fault := describe_forbidden(getattr(self, name) or ""):
                raise ValueError(f"{name} {fault}")
        if self.id is not None and not _ID.fullmatch(self.id):
            raise ValueError(f"id {self.id!r} must be 1 to 100 letters, digits, '.', '_' or '-', the first a letter or digit")
        if self.url is not None and not _is_web_address(self.url):
            raise ValueError(f"url {self.url!r} must be an http or https address")
        if self.published is not None and not _is_date(self.published):
            raise ValueError(f"date {self.published!r} must be ISO 8601, such as 2023-03-21 or 2023-03-21T09:30")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The smallest retrievable text; its position within the release counts from 0."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class ArchivedRelease:
    """A release as the store holds it, in one version.

    Attributes:
        key: Row id of the release; the same in each version.
        id: Stable public id.
        version: 1, 2, …
        body: The text as published, from which the paragraphs were split.
        source: Where the release was last read.
        imported_at: When this version came in, ISO 8601, UTC.
        removed: The keeper took the release out of the archive.
        digest: SHA-256 of title and body, in hexadecimal.
        fetched_at: When this version was fetched from its source, ISO 8601, UTC; None where it was read from a file.
        gone_at: Since when no source lists the release any more, ISO 8601, UTC; None while one does, or none is asked.
        same_as: Row id of the first release with this very text, where this one is published elsewhere too.

    The others are as in `Release`.
    """

    key: int
    id: str
    version: int
    title: str
    body: str
    url: str | None
    published: str | None
    topic: str | None
    city: str | None
    initials: tuple[str, ...]
    office: str | None
    source: str
    imported_at: str
    removed: bool
    paragraphs: tuple[Paragraph, ...]
    digest: str
    published_from: str | None
    event_date: str | None
    agency: str | None
    author: str | None
    language: str | None
    modified: str | None
    fetched_at: str | None
    gone_at: str | None
    same_as: int | None

    @property
    def date(self) -> str | None:
        """Day of publication, YYYY-MM-DD."""
        return self.published[:10] if self.published else None


@dataclass(frozen=True, slots=True)
class ReleaseSummary:
    """What a result says about the release it stands in; `published` is a date, YYYY-MM-DD."""

    id: str
    title: str
    url: str | None
    published: str | None
    topic: str | None
    version: int
    agency: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph together with its release."""

    paragraph_id: int
    position: int
    text: str
    release: ReleaseSummary


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A live paragraph with what an index needs to know of its release."""

    paragraph_id: int
    release_key: int
    position: int
    text: str
    title: str
    published: str | None
    topic: str | None
    agency: str | None = None
    url: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the archive holds.

    Attributes:
        releases: Live releases.
        paragraphs: Of their current versions.
        versions: Of all releases.
        removed: Releases that the keeper took out.
        gone: Live releases that no source lists any more.
    """

    releases: int
    paragraphs: int
    versions: int
    removed: int
    gone: int = 0


class Outcome(Enum):
    """What became of a release that was offered to the archive."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED_EARLIER = "removed_earlier"
    """The keeper removed it; it stays out until restored."""
    CLASH = "clash"
    """An earlier release of the same import has the same id or address, but another text; the earlier one stands."""


@dataclass(frozen=True, slots=True)
class Added:
    """A release that was offered, what became of it, its public id, and its row id."""

    release: Release
    outcome: Outcome
    id: str
    key: int


def describe_forbidden(text: str) -> str | None:
    """Say which character of a text no release may contain, and where; None if there is none."""
    found = _FORBIDDEN.search(text)
    if found is None:
        return None
    kind = "half a surrogate pair" if found[0] >= "\ud800" else "the control character"
    line = text.count("\n", 0, found.start()) + 1
    return f"contains {kind} U+{ord(found[0]):04X} in line {line}; remove it"


def _is_date(text: str) -> bool:
    if not _ISO_8601.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(map(str.isspace, text))
