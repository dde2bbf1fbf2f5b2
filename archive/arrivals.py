"""When text came into the archive: every SQL statement about that stands here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from archive.database import Database


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a release first said what one of its paragraphs says.

    A release that gets another version says most of it again; what it repeats, word for word, arrived with the version that
    said it first.

    Attributes:
        first_id: Row id of the paragraph that said it first, which may be this one. Paragraphs are never deleted, so that what
            came later has a higher one.
        arrived_at: When the version that said it first came in, ISO 8601, UTC.
        release_key: Row id of the release.
        published: Day of publication as the paragraph's own version has it, YYYY-MM-DD.
        position: Of this paragraph in its own version.
    """

    first_id: int
    arrived_at: str
    release_key: int
    published: str | None
    position: int


def arrivals(database: Database, paragraph_ids: Iterable[int]) -> dict[int, Arrival]:
    """When each of these paragraphs arrived, by its id; those that the archive does not hold are left out.

    Raises:
        DatabaseError: The archive cannot be read.
    """
    # Beside min(), SQLite takes the other columns of a group from the row that has the least value.
    rows = database.fetch(
        """
        SELECT paragraph.id, min(earliest.id), earlier.imported_at, version.release, substr(version.published, 1, 10),
               paragraph.position
        FROM json_each(?) AS wanted
        CROSS JOIN paragraph ON paragraph.id = wanted.value
        CROSS JOIN version ON version.key = paragraph.version
        CROSS JOIN version AS earlier ON earlier.release = version.release AND earlier.number <= version.number
        CROSS JOIN paragraph AS earliest ON earliest.version = earlier.key AND earliest.text = paragraph.text
        GROUP BY paragraph.id
        """,
        (json.dumps([int(one) for one in paragraph_ids]),),
    )
    return {row[0]: Arrival(*row[1:]) for row in rows}


def latest_paragraph_id(database: Database) -> int:
    """Row id of the paragraph that came in last, 0 where there is none.

    Raises:
        DatabaseError: The archive cannot be read.
    """
    row = database.row("SELECT coalesce(max(id), 0) FROM paragraph")
    return int(row[0]) if row else 0
