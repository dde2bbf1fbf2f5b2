"""What sources list, row by row: posts, entries, pages, and the listings themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from archive.database import Connection, Row, Value

OF_SOURCE = """
    SELECT key, url, listing, etag, last_modified, modified, digest, release, first_seen_at, last_seen_at, gone_at, is_lost,
           failed_at, failure, attempts
    FROM source_item
    WHERE source = ?
"""
BY_KEY = OF_SOURCE + " AND key IN (SELECT value FROM json_each(?))"  # noqa: S608 - text from above
UNSEEN = OF_SOURCE + " AND seen_run < ? AND gone_at IS NULL ORDER BY key"
FAILING = OF_SOURCE + " AND failed_at IS NOT NULL AND gone_at IS NULL ORDER BY key"

_UPSERT = """
    INSERT INTO source_item (source, key, url, listing, etag, last_modified, modified, digest, release, first_seen_at,
                             last_seen_at, seen_run, failed_at, failure, attempts)
    VALUES (:source, :key, :url, :listing, :etag, :last_modified, :modified, :digest, :release, :at, :at, :run, :failed_at,
            :failure, :attempts)
    ON CONFLICT (source, key) DO UPDATE SET
        url = excluded.url, listing = coalesce(excluded.listing, listing), last_seen_at = :at, seen_run = :run,
"""

# A feed drops what is no longer new, so an entry that it lists no longer says nothing for its release.
_GONE_EVERYWHERE = """
    UPDATE release SET gone_at = :at
    WHERE key IN (SELECT value FROM json_each(:releases)) AND gone_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM source_item AS item JOIN source ON source.key = item.source
        WHERE item.release = release.key AND item.gone_at IS NULL
              AND (source.kind != 'feed' OR item.seen_run >= source.last_whole_run)
    )
    RETURNING id
"""

_BACK = """
    UPDATE release SET gone_at = NULL
    WHERE key IN (SELECT value FROM json_each(:releases)) AND gone_at IS NOT NULL
    RETURNING id
"""


class Noted(Enum):
    """What happened to an item, as the rest of the statement that notes it."""

    SEEN = "gone_at = iif(is_lost, gone_at, NULL) RETURNING iif(is_lost, NULL, release)"
    READ = """
        etag = excluded.etag, last_modified = excluded.last_modified, modified = excluded.modified, digest = excluded.digest,
        release = coalesce(excluded.release, release), gone_at = NULL, is_lost = 0,
        failed_at = NULL, failure = NULL, attempts = 0
        RETURNING release
    """
    FAILED = "failed_at = :at, failure = excluded.failure, attempts = attempts + 1 RETURNING NULL"


@dataclass(frozen=True, slots=True)
class Item:
    """What a source lists: a post, an entry, a page, or a listing within the listing.

    Attributes:
        key: What the source knows it by.
        url: Its address.
        listing: Address of the listing that names it, where the source has several.
        etag: As the answer's header said when it was last read, for the next conditional request; so is `last_modified`.
        modified: When the source said that it last changed, as it was last read.
        digest: SHA-256 of the answer, in hexadecimal.
        release_key: Row id of the release that it is, once it has been read as one.
        first_seen_at: ISO 8601, UTC, as are the following; empty in one that is only offered.
        gone_at: Since when the source lists it no longer, or answers that it is gone.
        is_lost: The source answered that it is gone, so that being listed does not bring it back; being read does.
        failed_at: When it last could not be read; None once it was.
        failure: Why.
        attempts: How often it failed since it was last read.
    """

    key: str
    url: str
    listing: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    modified: str | None = None
    digest: str | None = None
    release_key: int | None = None
    first_seen_at: str = ""
    last_seen_at: str = ""
    gone_at: str | None = None
    is_lost: bool = False
    failed_at: str | None = None
    failure: str | None = None
    attempts: int = 0


def write(connection: Connection, source: int, run: int, items: Iterable[Item], noted: Noted, at: str) -> list[str]:
    """Note what happened to items; public ids of the releases that came back by it."""
    releases = []
    for item in items:
        for (release,) in connection.execute(_UPSERT + noted.value, _values(source, run, item, noted, at)).fetchall():
            releases.append(release)
    return bring_back(connection, releases)


def mark_gone(
    connection: Connection, source: int, which: str, parameters: tuple[Value, ...], at: str, is_lost: bool
) -> list[str]:
    """Note that the items that meet a condition are gone; public ids of the releases that are so by it, in every source."""
    rows = connection.execute(
        f"""
        UPDATE source_item SET gone_at = coalesce(gone_at, ?), is_lost = ?
        WHERE source = ? AND (gone_at IS NULL OR ? AND NOT is_lost) AND {which} RETURNING release
        """,  # noqa: S608 - a condition from `archive.harvesting.sources`
        (at, is_lost, source, is_lost, *parameters),
    ).fetchall()
    found = connection.execute(_GONE_EVERYWHERE, {"at": at, "releases": _keys(row[0] for row in rows)}).fetchall()
    return sorted(row[0] for row in found)


def bring_back(connection: Connection, releases: Iterable[int | None]) -> list[str]:
    """Note that a source lists these releases; public ids of those that were gone."""
    return sorted(row[0] for row in connection.execute(_BACK, {"releases": _keys(releases)}).fetchall())


def from_row(row: Row) -> Item:
    """An item as the database holds it."""
    fields = dict(zip(row.keys(), row, strict=True))
    return Item(release_key=fields.pop("release"), is_lost=bool(fields.pop("is_lost")), **fields)


def _values(source: int, run: int, item: Item, noted: Noted, at: str) -> dict[str, Value]:
    is_read, has_failed = noted is Noted.READ, noted is Noted.FAILED
    return {
        "source": source,
        "run": run,
        "at": at,
        "key": item.key,
        "url": item.url,
        "listing": item.listing,
        "etag": item.etag if is_read else None,
        "last_modified": item.last_modified if is_read else None,
        "modified": item.modified if is_read else None,
        "digest": item.digest if is_read else None,
        "release": item.release_key if is_read else None,
        "failed_at": at if has_failed else None,
        "failure": (item.failure or "it could not be read") if has_failed else None,
        "attempts": int(has_failed),
    }


def _keys(releases: Iterable[int | None]) -> str:
    return json.dumps([release for release in releases if release is not None])
