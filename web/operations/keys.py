"""Keys that let a program ask more of the endpoint than strangers may; every SQL statement about them.

A token holds 256 random bits and is kept as its SHA-256 only. A slow hash such as bcrypt or Argon2 protects passwords because
people choose guessable ones; nobody guesses 256 bits, so it would protect nothing here and cost every request a tenth of a
second. For the same reason one plain digest without salt may be looked up by equality.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from archive.database import Connection, Row, connect

FILE = "keys.sqlite"
"""Name of the file, beside the archive in the data folder."""

DEFAULT_PER_MINUTE = 600
MAX_PER_MINUTE = 1_000_000

_PREFIX = "telusur_"  # so that who finds one in a file, or scans for leaked secrets, can tell what it is
_TOKEN = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)
_NAME = re.compile(r"[\w.-][\w .-]{0,63}")
_COLUMNS = "name, per_minute, created_at, revoked_at"


class UnknownKey(ValueError):
    """No key in force has this name."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        name: Whose it is, as the keeper says.
        per_minute: Requests allowed a minute; 0 for any number.
        created_at: ISO 8601, UTC.
        revoked_at: Likewise; None while it is in force.
    """

    name: str
    per_minute: int
    created_at: str
    revoked_at: str | None


class Keys:
    """The keys of one data folder. May be shared by threads, and by processes through the file."""

    def __init__(self, path: Path) -> None:
        """Open the file of keys, or create it.

        Raises:
            DatabaseError: It cannot be opened, is no database, or belongs to a newer Telusur.
        """
        self._database = connect(path, files("web.operations") / "migrations")

    def close(self) -> None:
        """Close the connections of all threads."""
        self._database.close()

    def create(self, name: str, per_minute: int = DEFAULT_PER_MINUTE) -> str:
        """Make a key.

        Args:
            name: Whose it is: up to 64 letters, digits, spaces, dots, hyphens and underscores.
            per_minute: Requests allowed a minute, up to `MAX_PER_MINUTE`; 0 for any number.

        Returns:
            Its token, which cannot be shown again.

        Raises:
            ValueError: The name is none, or is taken by a key in force, or the limit is out of range.
            DatabaseError: The key cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a key: use up to 64 letters, digits, spaces, dots, hyphens, underscores")
        if not 0 <= per_minute <= MAX_PER_MINUTE:
            raise ValueError(f"a key's limit must be 0 to {MAX_PER_MINUTE} requests a minute: {per_minute}")
        token = _PREFIX + secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            if _in_force(connection, name):
                raise ValueError(f"there is a key named {name!r} already: revoke it first, or choose another name")
            connection.execute(
                "INSERT INTO api_key (name, digest, per_minute, created_at) VALUES (?, ?, ?, ?)",
                (name, _digest(token), per_minute, _now()),
            )
        return token

    def revoke(self, names: Iterable[str]) -> None:
        """Put keys out of force, all or none; a running server refuses them from its next request on.

        Raises:
            UnknownKey: There is none of such a name in force.
            DatabaseError: The file cannot be written.
        """
        with self._database.transaction() as connection:
            for name in names:
                if not _in_force(connection, name):
                    raise UnknownKey(f"no key in force is named {name!r}: telusur key list shows them")
                connection.execute("UPDATE api_key SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL", (_now(), name))

    def all(self) -> list[Key]:
        """Every key there ever was, in the order in which they were made.

        Raises:
            DatabaseError: The file cannot be read.
        """
        return [_key(row) for row in self._database.fetch(f"SELECT {_COLUMNS} FROM api_key ORDER BY key")]  # noqa: S608 - a constant

    def find(self, token: str) -> Key | None:
        """The key in force that has this token; None if none has.

        Raises:
            DatabaseError: The file cannot be read.
        """
        if not _TOKEN.fullmatch(token):
            return None
        sql = f"SELECT {_COLUMNS} FROM api_key WHERE digest = ? AND revoked_at IS NULL"  # noqa: S608 - a constant
        row = self._database.row(sql, (_digest(token),))
        return _key(row) if row else None


def _in_force(connection: Connection, name: str) -> bool:
    return connection.execute("SELECT 1 FROM api_key WHERE name = ? AND revoked_at IS NULL", (name,)).fetchone() is not None


def _key(row: Row) -> Key:
    return Key(row["name"], row["per_minute"], row["created_at"], row["revoked_at"])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
