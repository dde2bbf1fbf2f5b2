"""The archive itself: every SQL statement about releases stands here.

Nothing is ever deleted. A release changes by getting another version, and leaves by being marked as removed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path

from archive import paragraphs
from archive.database import Connection, Row, Value, connect
from archive.records import (
    Added,
    ArchivedRelease,
    ArchiveError,
    Counts,
    IndexRow,
    Outcome,
    Paragraph,
    Passage,
    Release,
    ReleaseSummary,
)

SAMPLE_URL = "https://tirtapura.example/"
"""Every release of the bundled sample is published below this address."""

_BATCH = 256  # releases a transaction: what a killed import may lose
_SHORTEST_ID = 12
_LINE_OF_A_FILE = re.compile(r"#\d+$")

_CURRENT = """
    SELECT release.key, release.id, release.given_id, release.source, release.removed_at, release.version,
           version.digest, version.url, version.published, version.topic
    FROM release JOIN version ON version.release = release.key AND version.number = release.version
"""

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

    def close(self) -> None:
        """Close the connections of all threads."""
        self.database.close()

    def add(self, releases: Iterable[Release]) -> Iterator[Added]:
        """Put releases into the archive, in batches that are wholly written or not at all.

        A release that the archive knows (see `_find`) gets another version if its text or metadata changed.

        Yields:
            What became of each release, in order, once it is safely on the disk.

        Raises:
            DatabaseError: The archive cannot be written; earlier batches stand.
        """
        offered = iter(releases)
        touched: set[int] = set()
        while batch := list(islice(offered, _BATCH)):
            with self.database.transaction() as connection:
                added = [_add(connection, release, touched) for release in batch]
                if any(one.outcome in {Outcome.NEW, Outcome.CHANGED} for one in added):
                    _note_change(connection)
            yield from added

    def remove(self, id: str) -> bool:
        """Take a release out of every search; it stays out, however often it is imported, until restored.

        Returns:
            Whether it was in the archive until now.

        Raises:
            UnknownRelease: No release has this id.
        """
        return self._set_removed(id, _now())

    def restore(self, id: str) -> bool:
        """Undo a removal.

        Returns:
            Whether the release was removed until now.

        Raises:
            UnknownRelease: No release has this id.
        """
        return self._set_removed(id, None)

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
                   version.title, version.published, version.topic
            {_LIVE}
            ORDER BY release.key, paragraph.position
            """
        )
        return (IndexRow(*row) for row in rows)

    def fetch_passages(self, paragraph_ids: Iterable[int]) -> dict[int, Passage]:
        """Passages by paragraph id.

        Those of superseded versions are found (an index may be older than the archive), those of removed releases not.
        """
        rows = self.database.fetch(
            """
            SELECT paragraph.id, paragraph.position, paragraph.text,
                   release.id, version.title, version.url, substr(version.published, 1, 10), version.topic, version.number
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
        )

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

    def _versions(self, id: str, number: int | None, every: bool = False) -> Iterator[ArchivedRelease]:
        rows = self.database.rows(
            """
            SELECT version.*, release.id, release.source, release.removed_at
            FROM release JOIN version ON version.release = release.key
            WHERE release.id = ? AND (? OR version.number = coalesce(?, release.version))
            ORDER BY version.number
            """,
            (id, every, number),
        )
        for row in rows:
            sql = "SELECT position, text FROM paragraph WHERE version = ? ORDER BY position"
            yield _archived(row, tuple(Paragraph(*text) for text in self.database.rows(sql, (row["key"],))))


def _add(connection: Connection, release: Release, touched: set[int]) -> Added:
    digest = hashlib.sha256(f"{release.title}\n\n{release.body}".encode()).digest()
    known = _find(connection, release, digest)
    if known is None:
        id = release.id or _derive_id(connection, release)
        touched.add(_insert_release(connection, id, release, digest))
        return Added(release, Outcome.NEW, id)
    outcome = _compare(known, release, digest)
    if outcome is Outcome.CHANGED and known["key"] in touched:
        # Two releases that claim one identity would replace each other in every import.
        outcome = Outcome.CLASH
    if outcome is Outcome.CHANGED:
        _insert_version(connection, known["key"], known["version"] + 1, release, digest)
    if outcome is Outcome.CHANGED or (outcome is Outcome.UNCHANGED and _moved(known, release)):
        connection.execute(
            "UPDATE release SET url = ?, source = ?, given_id = coalesce(given_id, ?), version = ? WHERE key = ?",
            (release.url, release.source, release.id, known["version"] + (outcome is Outcome.CHANGED), known["key"]),
        )
    touched.add(known["key"])
    return Added(release, outcome, known["id"])


def _find(connection: Connection, release: Release, digest: bytes) -> Row | None:
    """The release that this one is, as the archive knows it.

    Its own id decides, else its address, else its text (a moved folder adds nothing), else the file it was read from.
    Neither an address nor a text joins releases whose own ids differ, and no text joins those whose addresses differ: two
    offices may publish the same words, and each of the two must be found.
    """
    given = {"id": release.id, "url": release.url, "source": release.source, "digest": digest}

    def first(condition: str) -> Row | None:
        row: Row | None = connection.execute(f"{_CURRENT} WHERE {condition} LIMIT 1", given).fetchone()
        return row

    may_be_same = "(release.given_id IS NULL OR :id IS NULL)"
    same_url = "(release.url IS NULL OR :url IS NULL OR release.url = :url)"
    if release.id and (row := first("release.given_id = :id OR release.id = :id ORDER BY release.given_id IS NULL")):
        return row
    if release.url and (row := first(f"release.url = :url AND {may_be_same} ORDER BY release.key")):
        return row
    same_text = f"version.digest = :digest AND {may_be_same} AND ({same_url} OR release.source = :source)"
    if row := first(f"{same_text} ORDER BY release.removed_at IS NOT NULL, release.key"):
        return row
    # A line moves when others are inserted above it, so its number says nothing about what stands there.
    if not release.source or _LINE_OF_A_FILE.search(release.source):
        return None
    return first(f"release.source = :source AND {may_be_same} AND {same_url} ORDER BY release.key")


def _compare(known: Row, release: Release, digest: bytes) -> Outcome:
    """Compare what the source says; city, initials and office follow from the text, and their rules may improve."""
    if known["removed_at"] is not None:
        return Outcome.REMOVED_EARLIER
    if known["digest"] != digest:
        return Outcome.CHANGED
    differing = _differing(known, release)
    # A bare copy of a text from elsewhere must not wipe out what the archive knows about it.
    is_copy = release.id is None and release.url is None and release.source != known["source"]
    if is_copy and all(getattr(release, name) is None for name in differing):
        return Outcome.UNCHANGED
    return Outcome.CHANGED if differing else Outcome.UNCHANGED


def _differing(known: Row, release: Release) -> list[str]:
    return [name for name in ("url", "published", "topic") if known[name] != getattr(release, name)]


def _moved(known: Row, release: Release) -> bool:
    """Whether the archive should note where this unchanged release is read from now, or the id it has been given since."""
    is_news = known["source"] != release.source or (known["given_id"] is None and release.id is not None)
    return is_news and not _differing(known, release)


def _derive_id(connection: Connection, release: Release) -> str:
    """Public id of a release that came without one: short, and the same wherever the release is imported first."""
    digest = hashlib.sha256((release.url or f"{release.title}\n\n{release.body}").encode()).hexdigest()
    length = _SHORTEST_ID
    while connection.execute("SELECT 1 FROM release WHERE id = ?", (digest[:length],)).fetchone():
        length += 1
    return digest[:length]


def _insert_release(connection: Connection, id: str, release: Release, digest: bytes) -> int:
    connection.execute(
        "INSERT INTO release (id, given_id, url, source, version) VALUES (?, ?, ?, ?, 1)",
        (id, release.id, release.url, release.source),
    )
    key = _last_key(connection)
    _insert_version(connection, key, 1, release, digest)
    return key


def _insert_version(connection: Connection, key: int, number: int, release: Release, digest: bytes) -> None:
    columns = {
        "release": key,
        "number": number,
        "digest": digest,
        "title": release.title,
        "body": release.body,
        "url": release.url,
        "published": release.published,
        "topic": release.topic,
        "city": release.city,
        "initials": "/".join(release.initials),
        "office": release.office,
        "imported_at": _now(),
    }
    names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    connection.execute(f"INSERT INTO version ({names}) VALUES ({marks})", columns)  # noqa: S608 - names from above
    version = _last_key(connection)
    connection.executemany(
        "INSERT INTO paragraph (version, position, text) VALUES (?, ?, ?)",
        [(version, paragraph.position, paragraph.text) for paragraph in paragraphs.split(release)],
    )


def _last_key(connection: Connection) -> int:
    return int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


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
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
