"""Where releases come from: the sites that are harvested again and again, and what each of them listed when last asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from archive.adding import now
from archive.addresses import canonical
from archive.database import Database, Row
from archive.harvesting import items
from archive.harvesting.items import Item, Noted
from archive.records import ArchiveError

KINDS = ("auto", "wordpress", "feed", "sitemap")

_RESUMED_WITHIN_S = 24 * 3600  # what a site listed longer ago than this says little about what it lists now

_SOURCE = "SELECT key, name, url, kind, options, added_at, last_run_at, last_success_at, last_report FROM source"


class UnknownSource(ArchiveError, LookupError):
    """No source has this name or address."""


class SourceBusy(ArchiveError):
    """Another process is harvesting just now."""


@dataclass(frozen=True, slots=True)
class Source:
    """A site that is harvested.

    Attributes:
        id: Row id.
        name: What the keeper calls it.
        url: Address that was given.
        kind: One of KINDS.
        options: What the keeper asked for, such as {"agency": "Diskominfo Kota Madiun"}; values are JSON.
        added_at: ISO 8601, UTC, as are the following.
        last_run_at: When the last harvest ended, well or not.
        last_success_at: When the last harvest ended that read all there was to read.
        last_report: What the last harvest reported.
    """

    id: int
    name: str
    url: str
    kind: str
    options: Mapping[str, Any]
    added_at: str
    last_run_at: str | None
    last_success_at: str | None
    last_report: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Run:
    """One harvest of a source, which several processes may have to work on until it is through.

    Attributes:
        source_id: Which source.
        number: 1, 2, …
        started_at: When it began, ISO 8601, UTC.
        cursor: How far it came, as the harvest itself last said; None at the beginning.
        is_resumed: An earlier process began it and was stopped.
    """

    source_id: int
    number: int
    started_at: str
    cursor: str | None = None
    is_resumed: bool = False


class Sources:
    """The sources of one archive: `Sources(store.database)`. May be shared by threads, as the database may."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Sources

    def add(self, name: str, url: str, kind: str = "auto", options: Mapping[str, Any] | None = None) -> Source:
        """Keep a source.

        Raises:
            ValueError: The name or address is taken, or one of the three holds what it may not; the message says which.
        """
        if not name.strip() or not name.isprintable():
            raise ValueError(f"name {name!r} must be a word or a few that can be printed")
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError(f"url {url!r} must be an http or https address")
        _check_kind(kind)
        with self._database.transaction() as connection:
            for known in connection.execute("SELECT name, url FROM source").fetchall():
                if known["name"] == name:
                    raise ValueError(f"a source named {name!r} is there already, {known['url']}; choose another name")
                if canonical(known["url"]) == canonical(url):
                    raise ValueError(f"{url} is there already, as the source {known['name']!r}")
            connection.execute(
                "INSERT INTO source (name, url, kind, options, added_at) VALUES (?, ?, ?, ?, ?)",
                (name, url, kind, json.dumps(dict(options or {}), ensure_ascii=False), now()),
            )
        return self.get(name)

    def all(self) -> list[Source]:
        """All sources by name."""
        return [_source(row) for row in self._database.rows(f"{_SOURCE} ORDER BY name")]

    def get(self, name: str) -> Source:
        """The source with this name or address.

        Raises:
            UnknownSource: There is none; the message names those there are.
        """
        wanted = canonical(name)
        sources = self.all()
        for source in sources:
            if source.name == name:
                return source
        for source in sources:
            if canonical(source.url) == wanted:
                return source
        known = ", ".join(repr(source.name) for source in sources) or "none yet"
        raise UnknownSource(f"no source {name!r} (there are: {known}); add it: telusur source add URL --name NAME")

    def remove(self, name: str) -> Source:
        """Forget a source and what it listed; its releases stay as they are.

        Raises:
            UnknownSource: There is none with this name or address.
        """
        source = self.get(name)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM source_item WHERE source = ?", (source.id,))
            connection.execute("DELETE FROM source WHERE key = ?", (source.id,))
        return source

    def settle(self, source: Source, kind: str, options: Mapping[str, Any] | None = None) -> Source:
        """Note what kind of source this turned out to be and, unless None, its options instead of those it has.

        Raises:
            ValueError: There is no such kind.
        """
        _check_kind(kind)
        kept = json.dumps(dict(source.options if options is None else options), ensure_ascii=False)
        with self._database.transaction() as connection:
            connection.execute("UPDATE source SET kind = ?, options = ? WHERE key = ?", (kind, kept, source.id))
        return self.get(source.name)

    @contextmanager
    def lock(self, source: Source | None = None, wait_s: float = 0.0) -> Iterator[None]:
        """Be the only process that harvests a source or, without one, anything into this archive.

        The operating system lets go of the lock when the process dies.

        Args:
            source: Which.
            wait_s: How long to wait for the other process; below zero: as long as it takes.

        Raises:
            SourceBusy: It is still at it.
        """
        path = self._database.path
        lock = FileLock(Path(f"{path}.harvest{f'-{source.id}' if source else ''}.lock"))
        try:
            lock.acquire(timeout=wait_s)
        except Timeout as error:
            what = f"the source {source.name!r}" if source else f"into {path}"
            raise SourceBusy(f"another process is harvesting {what}; wait for it to end, then try again") from error
        try:
            yield
        finally:
            lock.release()

    # Runs

    def begin(self, source: Source, resumed_within_s: float = _RESUMED_WITHIN_S) -> Run:
        """Start a harvest, or take up the one that was stopped, if it began no longer ago than this; hold the lock."""
        with self._database.transaction() as connection:
            sql = "SELECT run, run_started_at, run_cursor FROM source WHERE key = ?"
            row = connection.execute(sql, (source.id,)).fetchone()
            if row is None:
                raise UnknownSource(f"the source {source.name!r} has been removed; add it: telusur source add {source.url}")
            number, started_at, cursor = row
            if started_at and _seconds_since(started_at) <= resumed_within_s:
                return Run(source.id, number, started_at, cursor, is_resumed=True)
            run = Run(source.id, number + 1, now())
            connection.execute(
                "UPDATE source SET run = ?, run_started_at = ?, run_cursor = NULL WHERE key = ?",
                (run.number, run.started_at, source.id),
            )
        return run

    def keep_cursor(self, run: Run, cursor: str | None) -> None:
        """Remember how far a harvest came."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE source SET run_cursor = ? WHERE key = ?", (cursor, run.source_id))

    def stop(self, run: Run, report: Mapping[str, Any]) -> None:
        """Leave a harvest to be taken up later, because the site asks for patience, or cannot be reached."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE source SET last_run_at = ?, last_report = ? WHERE key = ?",
                (now(), json.dumps(dict(report), ensure_ascii=False), run.source_id),
            )

    def finish(self, run: Run, report: Mapping[str, Any], *, is_whole: bool, is_success: bool = True) -> list[str]:
        """End a harvest.

        Args:
            run: Which.
            report: What to remember of it; JSON values.
            is_whole: The listing was read from end to end: an item that this run has not seen is gone. Never so for a feed.
            is_success: All went well; failures of single items do not matter here.

        Returns:
            Public ids of the releases that no source lists any more, and that were not gone before.
        """
        at = now()
        kept = json.dumps(dict(report), ensure_ascii=False)
        with self._database.transaction() as connection:
            gone = items.mark_gone(connection, run.source_id, "seen_run < ?", (run.number,), at, False) if is_whole else []
            connection.execute(
                """
                UPDATE source SET run_started_at = NULL, run_cursor = NULL, last_whole_run = run, last_run_at = :at,
                       last_report = :report, last_success_at = iif(:success, :at, last_success_at)
                WHERE key = :key
                """,
                {"at": at, "report": kept, "success": is_success, "key": run.source_id},
            )
        return gone

    # Items

    def item(self, source: Source | Run, key: str) -> Item | None:
        """What is known of an item; None if it has never been listed."""
        return self.items(source, [key]).get(key)

    def items(self, source: Source | Run, keys: Iterable[str] | None = None) -> dict[str, Item]:
        """What is known of these items, or of all, by key; those never listed are left out."""
        if keys is None:
            rows = self._database.rows(items.OF_SOURCE, (_id(source),))
        else:
            rows = self._database.rows(items.BY_KEY, (_id(source), json.dumps(list(keys))))
        return {row["key"]: items.from_row(row) for row in rows}

    def items_not_seen_since(self, run: Run) -> list[Item]:
        """Items that this run has not seen so far and that are not known to be gone, by key."""
        return [items.from_row(row) for row in self._database.rows(items.UNSEEN, (run.source_id, run.number))]

    def see(self, run: Run, listed: Iterable[Item]) -> list[str]:
        """Note that a listing names these items. Of each, only key, url and listing are looked at: it is still to be read.

        An item that was gone is back, and its release with it, unless the site answered that it is gone (see `lose`).

        Returns:
            Public ids of the releases that came back.
        """
        return self._write(run, listed, Noted.SEEN)

    def see_listing(self, run: Run, listing: str) -> list[str]:
        """Note that a listing, which has not changed since it was last read (304), still names all that it named then.

        Returns:
            Public ids of the releases that came back; none usually.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(
                """
                UPDATE source_item SET seen_run = ?, last_seen_at = ?
                WHERE source = ? AND listing = ? AND gone_at IS NULL RETURNING release
                """,
                (run.number, now(), run.source_id, listing),
            ).fetchall()
            return items.bring_back(connection, [row[0] for row in rows])

    def keep(self, run: Run, read: Iterable[Item]) -> list[str]:
        """Note that these items have been read, and as what; their releases are in the archive by now.

        What an item says of etag, last_modified, modified, digest and release replaces what is known,
        except that a release once known stays where the item names none.

        Returns:
            Public ids of the releases that came back.
        """
        return self._write(run, read, Noted.READ)

    def fail(self, run: Run, failed: Iterable[Item]) -> None:
        """Note that these items, which the source lists, could not be read; each says why in `failure`."""
        self._write(run, failed, Noted.FAILED)

    def lose(self, run: Run, keys: Iterable[str]) -> list[str]:
        """Note that these items are gone for certain: the site answers 404 or 410, or a page that says so.

        Returns:
            Public ids of the releases that no source lists any more, and that were not gone before.
        """
        which = "key IN (SELECT value FROM json_each(?))"
        with self._database.transaction() as connection:
            return items.mark_gone(connection, run.source_id, which, (json.dumps(list(keys)),), now(), True)

    def failures(self, source: Source | Run) -> list[Item]:
        """Items that could not be read when last tried, by key."""
        return [items.from_row(row) for row in self._database.rows(items.FAILING, (_id(source),))]

    def count(self, source: Source | Run, listing: str | None = None) -> int:
        """How many items the source lists that are releases of the archive; with a listing, how many of any kind that names."""
        which = "release IS NOT NULL" if listing is None else "listing = ?2"
        sql = f"SELECT count(*) FROM source_item WHERE source = ?1 AND gone_at IS NULL AND {which}"  # noqa: S608 - one of two
        row = self._database.row(sql, (_id(source),) if listing is None else (_id(source), listing))
        return int(row[0]) if row else 0

    def _write(self, run: Run, offered: Iterable[Item], noted: Noted) -> list[str]:
        with self._database.transaction() as connection:
            return items.write(connection, run.source_id, run.number, offered, noted, now())


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} must be one of {', '.join(KINDS)}")


def _id(source: Source | Run) -> int:
    return source.id if isinstance(source, Source) else source.source_id


def _source(row: Row) -> Source:
    report = row["last_report"]
    return Source(
        id=row["key"],
        name=row["name"],
        url=row["url"],
        kind=row["kind"],
        options=json.loads(row["options"]),
        added_at=row["added_at"],
        last_run_at=row["last_run_at"],
        last_success_at=row["last_success_at"],
        last_report=json.loads(report) if report else None,
    )


def _seconds_since(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
