"""What becomes of a release that is offered to the archive: which one it is, whether it changed, and how it is written."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone

from archive import conventions, paragraphs
from archive.addresses import canonical
from archive.database import Connection, Row, Value
from archive.records import Added, Outcome, Release
from archive.typography import fold

_SHORTEST_ID = 12
_LINE_OF_A_FILE = re.compile(r"#\d+$")
_ZONES = [timezone(timedelta(hours=hours)) for hours in (7, 8, 9)]  # of Indonesia: WIB, WITA, WIT

_OF_THE_SOURCE = ("url", "published", "topic", "agency", "author")
"""What the source says of a release beside its text: where this changes, the archive keeps both."""

_OF_THE_TEXT = ("city", "office", "published_from", "event_date", "language", "modified")
"""What follows from the text, by rules that may improve, and what says nothing about the release itself."""

_CURRENT = """
    SELECT release.key, release.id, release.given_id, release.source, release.removed_at, release.version, release.address,
           version.key AS version_key, version.digest, version.url, version.published, version.topic, version.city,
           version.initials, version.office, version.published_from, version.event_date, version.agency, version.author,
           version.language, version.modified
    FROM release JOIN version ON version.release = release.key AND version.number = release.version
"""

_FIRST_WITH_THE_TEXT = """
    UPDATE release SET same_as = (SELECT min(release) FROM version WHERE digest = :digest AND release < :key) WHERE key = :key
"""


def add(connection: Connection, release: Release, touched: set[int], fetched_at: str | None = None) -> tuple[Added, bool]:
    """Write a release within a transaction.

    Args:
        connection: In a transaction.
        release: What is offered.
        touched: Keys of the releases that the same import has met; grows by this one.
        fetched_at: When it was fetched from its source.

    Returns:
        What became of it, and whether anything changed that an index may know.
    """
    digest = hashlib.sha256(f"{release.title}\n\n{release.body}".encode()).digest()
    known = _find(connection, release, digest)
    if known is None:
        id = release.id or _derive_id(connection, release)
        key = _insert_release(connection, id, release, digest, fetched_at)
        touched.add(key)
        return Added(release, Outcome.NEW, id, key), True
    key = known["key"]
    outcome = _compare(connection, known, release, digest)
    if outcome is Outcome.CHANGED and key in touched:
        # Two releases that claim one identity would replace each other in every import.
        outcome = Outcome.CLASH
    is_news = outcome is Outcome.CHANGED
    if outcome is Outcome.CHANGED:
        _insert_version(connection, key, known["version"] + 1, release, digest, fetched_at)
        if known["digest"] != digest:
            connection.execute(_FIRST_WITH_THE_TEXT, {"digest": digest, "key": key})
    elif outcome is Outcome.UNCHANGED:
        is_news = _fill_in(connection, known, release)
    if outcome is Outcome.CHANGED or (outcome is Outcome.UNCHANGED and _moved(known, release)):
        connection.execute(
            "UPDATE release SET url = ?, address = ?, source = ?, given_id = coalesce(given_id, ?), version = ? WHERE key = ?",
            (release.url, _address(release), release.source, release.id, known["version"] + (outcome is Outcome.CHANGED), key),
        )
    touched.add(key)
    return Added(release, outcome, known["id"], key), is_news


def spell_addresses(connection: Connection) -> None:
    """Spell the addresses of releases that an archive of an older schema brings along."""
    rows = connection.execute("SELECT key, url FROM release WHERE address IS NULL AND url IS NOT NULL").fetchall()
    connection.executemany("UPDATE release SET address = ? WHERE key = ?", [(canonical(row[1]), row[0]) for row in rows])


def now() -> str:
    """This second, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _find(connection: Connection, release: Release, digest: bytes) -> Row | None:
    """The release that this one is, as the archive knows it.

    Its own id decides, else its address however it is spelled, else its text (a moved folder adds nothing), else the file it
    was read from. Neither an address nor a text joins releases whose own ids differ, and no text joins those whose addresses
    differ: two offices may publish the same words, and each of the two must be found.
    """
    given = {"id": release.id, "url": release.url, "address": _address(release), "source": release.source, "digest": digest}

    def first(condition: str) -> Row | None:
        row: Row | None = connection.execute(f"{_CURRENT} WHERE {condition} LIMIT 1", given).fetchone()
        return row

    may_be_same = "(release.given_id IS NULL OR :id IS NULL)"
    same_url = "(release.address IS NULL OR :address IS NULL OR release.address = :address)"
    if release.id and (row := first("release.given_id = :id OR release.id = :id ORDER BY release.given_id IS NULL")):
        return row
    # An archive from before addresses had one spelling may hold two releases of one: the one spelled alike goes first.
    same_address = f"release.address = :address AND {may_be_same}"
    if release.url and (row := first(f"{same_address} ORDER BY release.url != :url, release.key")):
        return row
    same_text = f"version.digest = :digest AND {may_be_same} AND ({same_url} OR release.source = :source)"
    if row := first(f"{same_text} ORDER BY release.removed_at IS NOT NULL, release.key"):
        return row
    # A line moves when others are inserted above it, so its number says nothing about what stands there.
    if not release.source or _LINE_OF_A_FILE.search(release.source):
        return None
    return first(f"release.source = :source AND {may_be_same} AND {same_url} ORDER BY release.key")


def _compare(connection: Connection, known: Row, release: Release, digest: bytes) -> Outcome:
    """Compare what the source says; what follows from the text may change with the rules that find it, and is filled in."""
    if known["removed_at"] is not None:
        return Outcome.REMOVED_EARLIER
    if known["digest"] != digest and not _differs_in_signs_only(connection, known, release):
        return Outcome.CHANGED
    return Outcome.CHANGED if _differing(known, release) else Outcome.UNCHANGED


def _differs_in_signs_only(connection: Connection, known: Row, release: Release) -> bool:
    """Whether this is a copy from elsewhere that was typed as its source shows it: an export beside the site's pages."""
    if release.source == known["source"]:
        return False
    row = connection.execute("SELECT title, body FROM version WHERE key = ?", (known["version_key"],)).fetchone()
    return fold(f"{row['title']}\n\n{row['body']}") == fold(f"{release.title}\n\n{release.body}")


def _differing(known: Row, release: Release) -> list[str]:
    """What the source says otherwise than before.

    A copy of the text from elsewhere, say from a feed that gives no topics, must not wipe out what the archive knows. Nor is
    it a change that a release has an author or agency now: until lately the archive kept neither.
    """
    is_copy = release.source != known["source"]
    found = [name for name in _OF_THE_SOURCE if not _agree(name, known[name], getattr(release, name))]
    if "agency" in found and (_is_derived(known["agency"], known) or _is_derived(release.agency, release)):
        found.remove("agency")
    unsaid = [name for name in found if getattr(release, name) is None]
    if is_copy and unsaid == found:
        return []
    return [name for name in found if name not in {"agency", "author"} or (known[name] and name not in unsaid)]


def _is_derived(agency: str | None, said: Row | Release) -> bool:
    """Whether the agency only follows from how the text is signed, by rules that may improve."""
    office, city = (said.office, said.city) if isinstance(said, Release) else (said["office"], said["city"])
    return agency is not None and agency == conventions.agency(office, city)


def _agree(name: str, known: str | None, offered: str | None) -> bool:
    if known is None or offered is None or known == offered:
        return known == offered
    if name == "url":
        return canonical(known) == canonical(offered)
    return name == "published" and _is_same_time(known, offered)


def _is_same_time(known: str, offered: str) -> bool:
    """Whether a date says what is known already: the same minute, written otherwise, or no more than its day."""
    if len(offered) == len("2023-03-21"):
        return known.startswith(offered)
    if len(known) == len("2023-03-21"):
        return False
    one, other = (datetime.fromisoformat(text).replace(second=0, microsecond=0) for text in (known, offered))
    if (one.tzinfo is None) == (other.tzinfo is None):
        return one == other
    bare, zoned = (one, other) if one.tzinfo is None else (other, one)
    return zoned.replace(tzinfo=None) == bare or any(bare.replace(tzinfo=zone) == zoned for zone in _ZONES)


def _fill_in(connection: Connection, known: Row, release: Release) -> bool:
    """Note what is known of an unchanged release now and was not before; whether there was any."""
    offered: dict[str, Value] = {name: getattr(release, name) for name in _OF_THE_TEXT}
    offered["initials"] = "/".join(release.initials)
    if release.published != known["published"]:
        del offered["published_from"]  # it is about the other date
    if release.source != known["source"] and known["modified"]:
        del offered["modified"]  # each source has its own idea of that
    if known["author"] is None:
        offered["author"] = release.author
    # What the source gave outweighs what follows from the text.
    if known["agency"] is None or _is_derived(known["agency"], known):
        offered["agency"] = release.agency
    news = {name: value for name, value in offered.items() if value and value != known[name]}
    if news:
        assignments = ", ".join(f"{name} = :{name}" for name in news)
        sql = f"UPDATE version SET {assignments} WHERE key = :key"  # noqa: S608 - names from above
        connection.execute(sql, {**news, "key": known["version_key"]})
    return bool(news)


def _moved(known: Row, release: Release) -> bool:
    """Whether the archive should note where this unchanged release is read from now, or the id it has been given since."""
    is_news = known["source"] != release.source or (known["given_id"] is None and release.id is not None)
    return is_news and all(_agree(name, known[name], getattr(release, name)) for name in ("url", "published", "topic"))


def _address(release: Release) -> str | None:
    return canonical(release.url) if release.url else None


def _derive_id(connection: Connection, release: Release) -> str:
    """Public id of a release that came without one: short, and the same wherever the release is imported first."""
    digest = hashlib.sha256((release.url or f"{release.title}\n\n{release.body}").encode()).hexdigest()
    length = _SHORTEST_ID
    while connection.execute("SELECT 1 FROM release WHERE id = ?", (digest[:length],)).fetchone():
        length += 1
    return digest[:length]


def _insert_release(connection: Connection, id: str, release: Release, digest: bytes, fetched_at: str | None) -> int:
    connection.execute(
        """
        INSERT INTO release (id, given_id, url, address, source, version, same_as)
        VALUES (?, ?, ?, ?, ?, 1, (SELECT min(release) FROM version WHERE digest = ?))
        """,
        (id, release.id, release.url, _address(release), release.source, digest),
    )
    key = _last_key(connection)
    _insert_version(connection, key, 1, release, digest, fetched_at)
    return key


def _insert_version(
    connection: Connection, key: int, number: int, release: Release, digest: bytes, fetched_at: str | None
) -> None:
    columns: dict[str, Value] = {
        "release": key,
        "number": number,
        "digest": digest,
        "title": release.title,
        "body": release.body,
        "initials": "/".join(release.initials),
        "imported_at": now(),
        "fetched_at": fetched_at,
        **{name: getattr(release, name) for name in (*_OF_THE_SOURCE, *_OF_THE_TEXT)},
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
