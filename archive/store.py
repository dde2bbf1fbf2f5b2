"""The archive itself: with `archive.adding`, every SQL statement about releases.

Nothing is ever deleted. A release changes by getting another version, and leaves by being marked as removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import islice
from pathlib import Path

from archive import adding
from archive.addresses import canonical
from archive.database import Connection, Row, Value, connect
from archive.records import (
    Added,
    ArchivedRelease,
    ArchiveError,
    Counts,
    IndexRow,
    Paragraph,
    Passage,
    Release,
    ReleaseSummary,
)

SAMPLE_URL = "https://tirtapura.example/"
"""Every release of the bundled sample is published below this address."""

_BATCH = 256  # releases a transaction: what a killed import may lose

_LIVE = """
    FROM release
    JOIN version ON version.release = release.key AND version.number = release.version
    JOIN paragraph ON paragraph.version = version.key
    WHERE release.removed_at IS NULL
"""


class UnknownRelease(ArchiveError, LookupError):
    """No release, or no such version of it, has this id."""


class Store:
    """The releases of one data folder. May be shared by threads, and by processes through the file."""

    def __init__(self, path: Path, timeout_s: float = 30.0) -> None:
        """Open the archive, or create it.

        Args:
            path: The SQLite file.
            timeout_s: How long to wait while another process writes.

        Raises:
            DatabaseError: The file cannot be opened, is no database, or belongs to a newer Telusur.
        """
        self.database = connect(path, files("archive") / "migrations", timeout_s)
        if self.database.row("SELECT 1 FROM release WHERE address IS NULL AND url IS NOT NULL LIMIT 1"):
            with self.database.transaction() as connection:
                adding.spell_addresses(connection)

    def close(self) -> None:
        """Close the connections of all threads."""
        self.database.close()

    def add(self, releases: Iterable[Release], fetched_at: str | None = None) -> Iterator[Added]:
        """Put releases into the archive, in batches that are wholly written or not at all.

        A release that the archive knows (by its id, address, text or file) gets another version if its text changed,
        or what its source says of it. What only follows from its text, such as its language, is filled in.

        Args:
            releases: What is offered.
            fetched_at: When they were fetched from their source, ISO 8601, UTC; None for files.

        Yields:
            What became of each release, in order, once it is safely on the disk.

        Raises:
            DatabaseError: The archive cannot be written; earlier batches stand.
        """
        offered = iter(releases)
        touched: set[int] = set()
        while batch := list(islice(offered, _BATCH)):
            with self.database.transaction() as connection:
                added = [adding.add(connection, release, touched, fetched_at) for release in batch]
                if any(is_news for _, is_news in added):
                    _note_change(connection)
            yield from (one for one, _ in added)

    def remove(self, id: str) -> bool:
        """Take a release out of every search; it stays out, however often it is imported, until restored.

        Returns:
            Whether it was in the archive until now.

        Raises:
            UnknownRelease: No release has this id.
        """
        return self._set_removed(id, adding.now())

    def restore(self, id: str) -> bool:
        """Undo a removal.

        Returns:
            Whether the release was removed until now.

        Raises:
            UnknownRelease: No release has this id.
        """
        return self._set_removed(id, None)

    def mark_gone(self, ids: Iterable[str], at: str) -> list[str]:
        """Note that no source lists these releases any more. They stay in every search: an archive is there to remember.

        Args:
            ids: Public ids; those of no release are passed over.
            at: When that was seen, ISO 8601, UTC. A release that was gone already keeps its earlier time.

        Returns:
            The ids of those that were not gone until now.
        """
        return self._set_gone(ids, at)

    def mark_back(self, ids: Iterable[str]) -> list[str]:
        """Note that a source lists these releases again; the ids of those that were gone until now."""
        return self._set_gone(ids, None)

    def reposts(self, id: str) -> list[ReleaseSummary]:
        """The other live releases with the very text of this one, published under other addresses, the first one first."""
        rows = self.database.fetch(
            """
            SELECT other.id, version.title, version.url, substr(version.published, 1, 10), version.topic, version.number,
                   version.agency, version.language
            FROM release AS mine
            JOIN release AS other ON other.key IN (
                SELECT mine.same_as UNION SELECT key FROM release WHERE same_as IN (mine.key, mine.same_as)
            )
            JOIN version ON version.release = other.key AND version.number = other.version
            WHERE mine.id = ? AND other.key != mine.key AND other.removed_at IS NULL
            ORDER BY other.key
            """,
            (id,),
        )
        return [ReleaseSummary(*row) for row in rows]

    def id_at_other_address(self, key: int, url: str) -> str | None:
        """Public id of a release that its site publishes under another address than before.

        Args:
            key: Row id of the release, as the site's listing leads to it.
            url: Its address now.

        Returns:
            None where the address is the one known, however it is spelled, or another release's.
        """
        row = self.database.row(
            """
            SELECT id FROM release
            WHERE key = ?1 AND address IS NOT ?2 AND NOT EXISTS (SELECT 1 FROM release WHERE address = ?2)
            """,
            (key, canonical(url)),
        )
        return str(row[0]) if row else None

    def release(self, id: str, version: int | None = None) -> ArchivedRelease:
        """The current version of a release, or the one asked for. A removed release is found too, and says so.

        Raises:
            UnknownRelease: No release has this id, or it has no such version.
        """
        for archived in self._versions(id, version):
            return archived
        which = f"no version {version} of release" if version is not None else "no release"
        raise UnknownRelease(f"the archive holds {which} {id!r}")

    def versions(self, id: str) -> list[ArchivedRelease]:
        """Every version of a release, oldest first.

        Raises:
            UnknownRelease: No release has this id.
        """
        if found := list(self._versions(id, None, every=True)):
            return found
        raise UnknownRelease(f"the archive holds no release {id!r}")

    def live_paragraphs(self) -> Iterator[IndexRow]:
        """Stream the paragraphs of the current version of every release not removed, by release key and position."""
        rows = self.database.rows(
            f"""
            SELECT paragraph.id, release.key, paragraph.position, paragraph.text,
                   version.title, version.published, version.topic, version.agency, version.url, version.language
            {_LIVE}
            ORDER BY release.key, paragraph.position
            """
        )
        return (IndexRow(*row) for row in rows)

    def live_paragraph_ids(self) -> list[int]:
        """Row ids of the paragraphs that `live_paragraphs` streams, in no order."""
        return [row[0] for row in self.database.rows(f"SELECT paragraph.id {_LIVE}")]

    def fetch_passages(self, paragraph_ids: Iterable[int]) -> dict[int, Passage]:
        """Passages by paragraph id.

        Those of superseded versions are found (an index may be older than the archive), those of removed releases not.
        """
        rows = self.database.fetch(
            """
            SELECT paragraph.id, paragraph.position, paragraph.text,
                   release.id, version.title, version.url, substr(version.published, 1, 10), version.topic, version.number,
                   version.agency, version.language
            FROM paragraph
            JOIN version ON version.key = paragraph.version
            JOIN release ON release.key = version.release
            WHERE paragraph.id IN (SELECT value FROM json_each(?)) AND release.removed_at IS NULL
            """,
            (json.dumps([int(paragraph_id) for paragraph_id in paragraph_ids]),),
        )
        return {row[0]: Passage(row[0], row[1], row[2], ReleaseSummary(*row[3:])) for row in rows}

    def paragraph_id(self, id: str, position: int) -> int:
        """Row id of a paragraph of a release's current version.

        Raises:
            UnknownRelease: No live release has this id, or it has no such paragraph.
        """
        row = self.database.row(
            """
            SELECT paragraph.id
            FROM release
            JOIN version ON version.release = release.key AND version.number = release.version
            JOIN paragraph ON paragraph.version = version.key
            WHERE release.id = ? AND paragraph.position = ? AND release.removed_at IS NULL
            """,
            (id, position),
        )
        if row is None:
            raise UnknownRelease(f"the archive holds no paragraph {position} of release {id!r}")
        return int(row[0])

    def removed_paragraph_ids(self) -> list[int]:
        """Paragraphs of removed releases, in every version: what an index made before the removal must not show."""
        rows = self.database.rows(
            """
            SELECT paragraph.id
            FROM paragraph JOIN version ON version.key = paragraph.version JOIN release ON release.key = version.release
            WHERE release.removed_at IS NOT NULL
            """
        )
        return [row[0] for row in rows]

    def state(self) -> int:
        """A number that is another after each change of live paragraphs, or of what is known of their releases.

        It is drawn, not counted: an archive restored from a copy never resembles the one that an index was made of.
        """
        return self._number("SELECT changes FROM state")

    def counts(self) -> Counts:
        """How much the archive holds."""
        return Counts(
            releases=self._number("SELECT count(*) FROM release WHERE removed_at IS NULL"),
            paragraphs=self._number(f"SELECT count(*) {_LIVE}"),
            versions=self._number("SELECT count(*) FROM version"),
            removed=self._number("SELECT count(*) FROM release WHERE removed_at IS NOT NULL"),
            gone=self._number("SELECT count(*) FROM release WHERE removed_at IS NULL AND gone_at IS NOT NULL"),
        )

    def months(self) -> list[tuple[str | None, int]]:
        """Live releases by month of publication, YYYY-MM, in order; those without a date come first, under None."""
        rows = self.database.rows(
            """
            SELECT substr(version.published, 1, 7) AS month, count(*)
            FROM release JOIN version ON version.release = release.key AND version.number = release.version
            WHERE release.removed_at IS NULL
            GROUP BY month
            ORDER BY month
            """
        )
        return [(row[0], row[1]) for row in rows]

    def topics(self) -> list[tuple[str, int]]:
        """Topics of the live releases with the number of releases in each, most first."""
        rows = self.database.rows(
            """
            SELECT version.topic, count(*) AS releases
            FROM release JOIN version ON version.release = release.key AND version.number = release.version
            WHERE release.removed_at IS NULL AND version.topic IS NOT NULL
            GROUP BY version.topic
            ORDER BY releases DESC, version.topic
            """
        )
        return [(row[0], row[1]) for row in rows]

    def date_range(self) -> tuple[str, str] | None:
        """First and last day of publication among the live releases, YYYY-MM-DD; None if no release has a date."""
        row = self.database.row(
            """
            SELECT substr(min(version.published), 1, 10), substr(max(version.published), 1, 10)
            FROM release JOIN version ON version.release = release.key AND version.number = release.version
            WHERE release.removed_at IS NULL
            """
        )
        return (row[0], row[1]) if row and row[0] else None

    def sample_loaded(self) -> bool:
        """Whether any release of the bundled sample is live."""
        sql = "SELECT EXISTS (SELECT 1 FROM release WHERE url GLOB ? AND removed_at IS NULL)"
        return bool(self._number(sql, (SAMPLE_URL + "*",)))

    def csv_columns(self, header: str) -> dict[str, str] | None:
        """Which column holds which field in tables with this first line, as the keeper said once; None if never."""
        row = self.database.row("SELECT columns FROM csv_columns WHERE header = ?", (header,))
        return dict(json.loads(row[0])) if row else None

    def keep_csv_columns(self, header: str, columns: Mapping[str, str]) -> None:
        """Remember which column holds which field in tables with this first line, instead of what was said before."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO csv_columns (header, columns) VALUES (?, ?)",
                (header, json.dumps(dict(columns), ensure_ascii=False)),
            )

    def _number(self, sql: str, parameters: tuple[Value, ...] = ()) -> int:
        row = self.database.row(sql, parameters)
        return int(row[0]) if row else 0

    def _set_removed(self, id: str, removed_at: str | None) -> bool:
        with self.database.transaction() as connection:
            row = connection.execute("SELECT key, removed_at FROM release WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise UnknownRelease(f"the archive holds no release {id!r}")
            if (row["removed_at"] is None) == (removed_at is None):
                return False
            connection.execute("UPDATE release SET removed_at = ? WHERE key = ?", (removed_at, row["key"]))
            _note_change(connection)
        return True

    def _set_gone(self, ids: Iterable[str], at: str | None) -> list[str]:
        with self.database.transaction() as connection:
            rows = connection.execute(
                """
                UPDATE release SET gone_at = :at
                WHERE id IN (SELECT value FROM json_each(:ids)) AND (gone_at IS NULL) = (:at IS NOT NULL)
                RETURNING id
                """,
                {"ids": json.dumps(list(ids)), "at": at},
            ).fetchall()
        return sorted(row[0] for row in rows)

    def _versions(self, id: str, number: int | None, every: bool = False) -> Iterator[ArchivedRelease]:
        rows = self.database.rows(
            """
            SELECT version.*, release.id, release.source, release.removed_at, release.gone_at, release.same_as
            FROM release JOIN version ON version.release = release.key
            WHERE release.id = ? AND (? OR version.number = coalesce(?, release.version))
            ORDER BY version.number
            """,
            (id, every, number),
        )
        for row in rows:
            sql = "SELECT position, text FROM paragraph WHERE version = ? ORDER BY position"
            yield _archived(row, tuple(Paragraph(*text) for text in self.database.rows(sql, (row["key"],))))


def _note_change(connection: Connection) -> None:
    connection.execute("UPDATE state SET changes = random()")


def _archived(row: Row, texts: tuple[Paragraph, ...]) -> ArchivedRelease:
    return ArchivedRelease(
        key=row["release"],
        id=row["id"],
        version=row["number"],
        title=row["title"],
        body=row["body"],
        url=row["url"],
        published=row["published"],
        topic=row["topic"],
        city=row["city"],
        initials=tuple(row["initials"].split("/")) if row["initials"] else (),
        office=row["office"],
        source=row["source"],
        imported_at=row["imported_at"],
        removed=row["removed_at"] is not None,
        paragraphs=texts,
        digest=row["digest"].hex(),
        published_from=row["published_from"],
        event_date=row["event_date"],
        agency=row["agency"],
        author=row["author"],
        language=row["language"],
        modified=row["modified"],
        fetched_at=row["fetched_at"],
        gone_at=row["gone_at"],
        same_as=row["same_as"],
    )
