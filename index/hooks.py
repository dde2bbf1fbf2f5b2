"""Webhooks: standing searches whose new passages are sent to another program; every SQL statement about them stands here.

A delivery is written down, with the passages in it, before it is sent for the first time, and keeps its id and its body over
all attempts. So nothing is announced in two deliveries, and what is sent twice, because the sender was killed before it could
note that it had been received, can be told by its id.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from archive.database import Row, connect
from archive.records import ArchiveError
from index.answer import Query
from index.filters import FIELDS, Filters
from index.scan import Mode
from index.watching import Found, Mark

FILE = "watches.sqlite"
"""Name of the file, beside the archive in the data folder. Unlike an index it cannot be made again."""

GIVE_UP_AFTER = timedelta(days=3)
MOST_PASSAGES = 50
"""Passages in one delivery."""

MOST_CHARS = 256_000
"""A delivery is closed before its passages exceed this, so that receivers may limit what they take."""

_NAME = re.compile(r"[\w.-][\w .-]{0,63}")
_PREFIX = "whsec_"  # as the Standard Webhooks specification writes secrets
_HOOK = "key, name, url, secret, search, base_url, allow_private, made_at, made_after, looked_at"


class UnknownHook(ArchiveError, LookupError):
    """No webhook has this name."""


class HooksBusy(ArchiveError):
    """Another process is delivering just now."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook.

    Attributes:
        key: Row id.
        name: What the keeper calls it.
        url: Where its passages are sent.
        secret: What signs them: "whsec_" and 32 bytes in base64.
        query: What it watches; its page and order count for nothing.
        base_url: What links to passages begin with.
        allow_private: The address may lie in a private network.
        made: When it was made: what was in the archive by then is not announced.
        looked_at: Generation and state of the archive in which it last looked; None before it did.
    """

    key: int
    name: str
    url: str
    secret: str
    query: Query
    base_url: str
    allow_private: bool
    made: Mark
    looked_at: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent to one webhook at once.

    Attributes:
        key: Row id.
        id: The same over all attempts.
        body: JSON.
        queued_at: When it was written down, ISO 8601, UTC.
        attempts: Those begun so far.
    """

    key: int
    id: str
    body: str
    queued_at: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How the deliveries of a webhook go.

    Attributes:
        passages: Passages announced, or about to be.
        delivered: Deliveries that arrived.
        waiting: Those that are to be attempted, again or for the first time.
        given_up: Those that failed for too long.
        last_delivered_at: ISO 8601, UTC; None if nothing ever arrived.
        failure: Why the last attempt failed, of the deliveries that wait or were given up.
    """

    passages: int
    delivered: int
    waiting: int
    given_up: int
    last_delivered_at: str | None
    failure: str | None


class Hooks:
    """The webhooks of one data folder. May be shared by threads, and by processes through the file."""

    def __init__(self, path: Path) -> None:
        """Open the file of webhooks, or create it so that only its owner can read the secrets in it.

        Raises:
            DatabaseError: It cannot be opened, is no database, or belongs to a newer Telusur.
        """
        with suppress(OSError):  # what is wrong with the folder, `connect` says better
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self.path = path
        self._database = connect(path, files("index") / "migrations" / "watches")

    def close(self) -> None:
        """Close the connections of all threads."""
        self._database.close()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only process that delivers; the operating system lets go of the lock when the process dies.

        Raises:
            HooksBusy: Another one is at it.
        """
        lock = FileLock(Path(f"{self.path}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise HooksBusy(f"another process is delivering from {self.path}; wait for it to end, then try again") from error
        try:
            yield
        finally:
            lock.release()

    def add(self, name: str, url: str, query: Query, base_url: str, made: Mark, allow_private: bool = False) -> Hook:
        """Make a webhook.

        Args:
            name: Up to 64 letters, digits, spaces, dots, hyphens and underscores.
            url: Where its passages are sent.
            query: What it watches.
            base_url: What links to passages begin with.
            made: This moment.
            allow_private: The address may lie in a private network.

        Raises:
            ValueError: The name is none, or is taken.
            DatabaseError: It cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name for a webhook: use up to 64 letters, digits, spaces, dots, hyphens, underscores"
            )
        secret = _PREFIX + b64encode(secrets.token_bytes(32)).decode()
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM hook WHERE name = ?", (name,)).fetchone():
                raise ValueError(f"there is a webhook named {name!r} already: remove it first, or choose another name")
            connection.execute(
                """
                INSERT INTO hook (name, url, secret, search, base_url, allow_private, made_at, made_after)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (name, url, secret, _to_json(query), base_url, int(allow_private), made.at, made.paragraph_id),
            )
        return self.get(name)

    def get(self, name: str) -> Hook:
        """The webhook of a name.

        Raises:
            UnknownHook: There is none.
        """
        row = self._database.row(f"SELECT {_HOOK} FROM hook WHERE name = ?", (name,))  # noqa: S608 - a constant
        if row is None:
            raise UnknownHook(f"no webhook is named {name!r}: telusur webhook list shows them")
        return _hook(row)

    def all(self) -> list[Hook]:
        """Every webhook, in the order in which they were made."""
        return [_hook(row) for row in self._database.fetch(f"SELECT {_HOOK} FROM hook ORDER BY key")]  # noqa: S608 - a constant

    def remove(self, names: Sequence[str]) -> None:
        """Forget webhooks, all or none, with all that waits to be sent to them.

        Raises:
            UnknownHook: There is none of such a name.
        """
        with self._database.transaction() as connection:
            for name in names:
                if connection.execute("DELETE FROM hook WHERE name = ?", (name,)).rowcount == 0:
                    raise UnknownHook(f"no webhook is named {name!r}: telusur webhook list shows them")

    def progress(self, hook: Hook) -> Progress:
        """How its deliveries go."""
        row = self._database.row(
            """
            SELECT (SELECT count(*) FROM announced WHERE hook = ?1),
                   count(delivered_at), count(body), count(given_up_at), max(delivered_at),
                   (SELECT failure FROM delivery
                    WHERE hook = ?1 AND failure IS NOT NULL AND delivered_at IS NULL ORDER BY key DESC LIMIT 1)
            FROM delivery WHERE hook = ?1
            """,
            (hook.key,),
        )
        return Progress(*(row or (0, 0, 0, 0, None, None)))

    def queue(
        self, hook: Hook, found: Sequence[Found], looked_at: str, now: datetime, body: Callable[[Sequence[Found]], str]
    ) -> int:
        """Write down what a webhook has not announced yet, in deliveries that can be attempted at once.

        Args:
            hook: Whose.
            found: What its search finds, in the order in which it is to be announced.
            looked_at: Generation and state of the archive in which that was found.
            now: The time.
            body: Makes the body of a delivery.

        Returns:
            How many passages are new to it.
        """
        with self._database.transaction() as connection:
            if connection.execute("UPDATE hook SET looked_at = ? WHERE key = ?", (looked_at, hook.key)).rowcount == 0:
                return 0  # it has been removed meanwhile
            rows = connection.execute("SELECT passage FROM announced WHERE hook = ?", (hook.key,))
            announced = {row[0] for row in rows}
            fresh = list({one.key: one for one in found if one.key not in announced}.values())
            for part in _parts(fresh):
                connection.execute(
                    "INSERT INTO delivery (hook, id, body, queued_at, next_attempt_at) VALUES (?, ?, ?, ?, ?)",
                    (hook.key, f"msg_{secrets.token_hex(16)}", body(part), _iso(now), _iso(now)),
                )
                key = int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])
                connection.executemany("INSERT INTO announced VALUES (?, ?, ?)", [(hook.key, one.key, key) for one in part])
        return len(fresh)

    def due(self, hook: Hook, now: datetime) -> list[Delivery]:
        """The deliveries of a webhook whose time has come, the first one first."""
        rows = self._database.fetch(
            """
            SELECT key, id, body, queued_at, attempts FROM delivery
            WHERE hook = ? AND body IS NOT NULL AND next_attempt_at <= ? ORDER BY key
            """,
            (hook.key, _iso(now)),
        )
        return [Delivery(*row) for row in rows]

    def begin(self, delivery: Delivery, again_at: datetime) -> None:
        """Note that a delivery is about to be attempted, and when again, should nobody tell how that went."""
        self._set(delivery, "attempts = attempts + 1, next_attempt_at = ?", _iso(again_at))

    def note_delivered(self, delivery: Delivery, now: datetime) -> None:
        """Note that a delivery has arrived."""
        self._set(delivery, "delivered_at = ?, body = NULL, failure = NULL", _iso(now))

    def note_failed(self, delivery: Delivery, failure: str, again_at: datetime) -> None:
        """Note why an attempt failed, and when to try again."""
        self._set(delivery, "failure = ?, next_attempt_at = ?", failure, _iso(again_at))

    def give_up(self, delivery: Delivery, failure: str, now: datetime) -> None:
        """Note that a delivery is not attempted any more."""
        self._set(delivery, "failure = ?, given_up_at = ?, body = NULL", failure, _iso(now))

    def _set(self, delivery: Delivery, changes: str, *values: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(f"UPDATE delivery SET {changes} WHERE key = ?", (*values, delivery.key))  # noqa: S608 - from above


def describe_search(query: Query) -> dict[str, Any]:
    """What a webhook watches, without what is at its default."""
    filters = asdict(query.filters)
    found: dict[str, Any] = {"query": query.text}
    if query.mode is not Mode.BOTH:
        found["mode"] = query.mode.value
    found |= {name: value.isoformat() for name in ("since", "until") if (value := filters[name])}
    return found | {field: list(values) for field in FIELDS if (values := query.filters.values(field))}


def _to_json(query: Query) -> str:
    return json.dumps(describe_search(query), ensure_ascii=False)


def _query(text: str) -> Query:
    found = json.loads(text)
    since, until = (date.fromisoformat(found[name]) if name in found else None for name in ("since", "until"))
    filters = Filters(since, until, **{field: tuple(found.get(field, ())) for field in FIELDS})
    return Query(found["query"], filters=filters, mode=Mode(found.get("mode", Mode.BOTH.value)))


def _hook(row: Row) -> Hook:
    return Hook(
        key=row["key"],
        name=row["name"],
        url=row["url"],
        secret=row["secret"],
        query=_query(row["search"]),
        base_url=row["base_url"],
        allow_private=bool(row["allow_private"]),
        made=Mark(row["made_after"], row["made_at"]),
        looked_at=row["looked_at"],
    )


def _parts(found: Sequence[Found]) -> Iterator[list[Found]]:
    part: list[Found] = []
    chars = 0
    for one in found:
        length = len(one.hit.passage.text)
        if part and (len(part) == MOST_PASSAGES or chars + length > MOST_CHARS):
            yield part
            part, chars = [], 0
        part.append(one)
        chars += length
    if part:
        yield part


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
