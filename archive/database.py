"""SQLite as this project uses it: durable, shared between threads and processes, and migrated by numbered scripts."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path

from archive.records import ArchiveError

Connection = sqlite3.Connection
Row = sqlite3.Row
Value = str | int | float | bytes | None

_REASONS = {
    sqlite3.SQLITE_BUSY: "another process is writing to it; wait for that to finish, then try again",
    sqlite3.SQLITE_LOCKED: "another process is writing to it; wait for that to finish, then try again",
    sqlite3.SQLITE_FULL: "the disk is full; make room, then run the same command again (nothing is half-written)",
    sqlite3.SQLITE_IOERR: "the disk refused to read or write; check its space and health, then run the same command again",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only; allow writing to both",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that the folder exists and may be written to",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database; move it away or name another data folder",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore it from a copy",
}


class DatabaseError(ArchiveError):
    """A database cannot be opened, read or written."""


class Database:
    """One SQLite file. Every thread gets a connection of its own, so one object may be shared by all of them."""

    def __init__(self, path: Path, timeout_s: float = 30.0) -> None:
        """Name the file, which is opened when it is first used; `connect` is for one that is written to.

        Args:
            path: The file.
            timeout_s: How long to wait for another process that is writing.
        """
        self.path = path
        self._timeout_s = timeout_s
        self._thread = threading.local()
        self._handles: weakref.WeakSet[_Handle] = weakref.WeakSet()

    @property
    def connection(self) -> Connection:
        """This thread's connection, in autocommit mode.

        Raises:
            DatabaseError: The file cannot be opened.
        """
        handle: _Handle | None = getattr(self._thread, "handle", None)
        if handle is None:
            with self._readable_errors():
                handle = _Handle(_open(self.path, self._timeout_s))
            self._thread.handle = handle
            self._handles.add(handle)
        return handle.connection

    def rows(self, sql: str, parameters: Sequence[Value] = ()) -> Iterator[Row]:
        """Stream the rows of a query.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._readable_errors():
            yield from self.connection.execute(sql, parameters)

    def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """All rows of a query at once: quicker than `rows` where they are few hundred.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._readable_errors():
            return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Value] = ()) -> Row | None:
        """First row of a query, None if there is none.

        Raises:
            DatabaseError: The database cannot be read.
        """
        with self._readable_errors():
            found: Row | None = self.connection.execute(sql, parameters).fetchone()
        return found

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write all or nothing: commit at the end, roll back if anything is raised. Other writers wait meanwhile.

        Raises:
            DatabaseError: The database cannot be written.
        """
        connection = self.connection
        with self._readable_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the connections of all threads; the next use opens new ones."""
        for handle in list(self._handles):
            handle.connection.close()
        self._handles.clear()
        self._thread = threading.local()

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # The low byte is the primary code. Errors that Python's module raises itself carry none: those are bugs.
            reason = _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if reason is None:
                raise
            raise DatabaseError(f"{self.path}: {reason} (SQLite: {error})") from error


def connect(path: Path, migrations: Traversable, timeout_s: float = 30.0) -> Database:
    """Open a database, or create it, and bring its schema up to date.

    Args:
        path: The file; its folder is created where it is missing.
        migrations: Folder of scripts named 0001_*.sql, 0002_*.sql, …; script n takes schema n - 1 to schema n.
        timeout_s: How long to wait for another process that is writing.

    Raises:
        DatabaseError: The file is no database, cannot be written, or has a schema newer than the last script.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"{path.parent}: this data folder cannot be created: {error.strerror}; name another") from error
    database = Database(path, timeout_s)
    try:
        _migrate(database, sorted((file for file in migrations.iterdir() if file.name.endswith(".sql")), key=_number))
    except BaseException:
        database.close()
        raise
    return database


class _Handle:
    """Closes its connection when the thread that owns it ends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def _open(path: Path, timeout_s: float) -> Connection:
    # Only the owning thread uses a connection, but any thread may close it.
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -32768")
        _switch_to_wal(connection, timeout_s)
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: Connection, timeout_s: float) -> None:
    # When two processes switch a new file at once, SQLite refuses one of them without waiting for its timeout.
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


def _number(script: Traversable) -> int:
    return int(script.name.partition("_")[0])


def _migrate(database: Database, scripts: Sequence[Traversable]) -> None:
    if _schema_version(database) == len(scripts):
        return
    with database.transaction() as connection:
        version = _schema_version(database)  # again: another process may just have migrated
        if version > len(scripts):
            known = len(scripts)
            raise DatabaseError(f"{database.path} comes from a newer Telusur (schema {version}, known {known}); update Telusur")
        for script in scripts[version:]:
            for statement in _statements(script.read_text(encoding="utf-8").splitlines(keepends=True)):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_number(script)}")


def _schema_version(database: Database) -> int:
    row = database.row("PRAGMA user_version")
    return int(row[0]) if row else 0


def _statements(lines: Iterable[str]) -> Iterator[str]:
    # Connection.executescript would commit the transaction that a migration must stay inside.
    statement = ""
    for line in lines:
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
