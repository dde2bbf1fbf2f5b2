"""What releases said before they changed: every SQL statement about superseded text stands here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby

from archive.database import Database
from archive.records import IndexRow

_SUPERSEDED = """
    FROM release
    JOIN version ON version.release = release.key AND version.number < release.version
    JOIN paragraph ON paragraph.version = version.key
    WHERE release.removed_at IS NULL
"""

# What several versions said is found once, where it was said last; what is said again today is not superseded.
_SAID_NO_MORE = """
    NOT EXISTS (
        SELECT 1
        FROM version AS later JOIN paragraph AS repeated ON repeated.version = later.key
        WHERE later.release = release.key AND later.number > version.number AND repeated.text = paragraph.text
    )
"""


@dataclass(frozen=True, slots=True)
class SupersededVersion:
    """A version that another one took the place of, and what has not been said since.

    Attributes:
        texts: All of its paragraphs, in order: the context that those in `rows` are read in.
        rows: Its paragraphs whose text stands in no later version of the release, in order; at least one.
        places: Where in `texts` each of `rows` stands.
    """

    texts: tuple[str, ...]
    rows: tuple[IndexRow, ...]
    places: tuple[int, ...]


def superseded_versions(database: Database) -> Iterator[SupersededVersion]:
    """Stream the superseded versions that say what no later one does, by release key and number.

    Those of removed releases are left out.

    Raises:
        DatabaseError: The archive cannot be read.
    """
    found = database.rows(
        f"""
        SELECT paragraph.id, release.key, paragraph.position, paragraph.text,
               version.title, version.published, version.topic, version.agency, version.url, version.language,
               version.key, {_SAID_NO_MORE}
        {_SUPERSEDED}
        ORDER BY release.key, version.number, paragraph.position
        """
    )
    for _, group in groupby(found, key=lambda row: int(row[10])):
        version = list(group)
        places = tuple(place for place, row in enumerate(version) if row[11])
        if places:
            rows = tuple(IndexRow(*version[place][:10]) for place in places)
            yield SupersededVersion(tuple(row[3] for row in version), rows, places)


def superseded_paragraphs(database: Database) -> Iterator[IndexRow]:
    """Stream the paragraphs of superseded versions whose text no later version has, by release key, version and position.

    Raises:
        DatabaseError: The archive cannot be read.
    """
    return chain.from_iterable(version.rows for version in superseded_versions(database))


def has_superseded(database: Database) -> bool:
    """Whether any release that is not removed ever said what it does not say now.

    Raises:
        DatabaseError: The archive cannot be read.
    """
    row = database.row(f"SELECT EXISTS (SELECT 1 {_SUPERSEDED} AND {_SAID_NO_MORE})")
    return bool(row and row[0])
