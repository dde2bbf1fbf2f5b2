"""Vectors kept by what made them, so that nothing is embedded twice and a killed build goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

from archive.database import connect
from index.encoder import Matrix

_LOOK_UP = 10_000  # digests a query


def digest(text: str) -> str:
    """Key of a text: its SHA-256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


class VectorCache:
    """A SQLite file of vectors. Safe to delete: what is missing is embedded again."""

    def __init__(self, path: Path) -> None:
        """Open or create the cache.

        Raises:
            DatabaseError: The file cannot be opened or written.
        """
        self._database = connect(path, files("index") / "migrations" / "vectors")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def known(self, space: str, digests: Iterable[str]) -> dict[str, np.ndarray]:
        """Vectors of those digests that the cache holds for this space.

        Args:
            space: The model's fingerprint and how it was used.
            digests: Keys of the texts.
        """
        found: dict[str, np.ndarray] = {}
        wanted = list(dict.fromkeys(digests))
        for start in range(0, len(wanted), _LOOK_UP):
            rows = self._database.rows(
                """
                SELECT vector.digest, vector.vector
                FROM json_each(?) AS wanted
                CROSS JOIN vector ON vector.digest = wanted.value
                WHERE vector.space = (SELECT key FROM space WHERE name = ?)
                """,
                (json.dumps(wanted[start : start + _LOOK_UP]), space),
            )
            found.update((row[0], np.frombuffer(row[1], dtype="<f4")) for row in rows)
        return found

    def keep(self, space: str, digests: Sequence[str], vectors: Matrix) -> None:
        """Write vectors down, all or none; once this returns they survive a power cut.

        Args:
            space: The model's fingerprint and how it was used.
            digests: One key a row.
            vectors: float32, shape (len(digests), dim).
        """
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO space (name) VALUES (?)", (space,))
            connection.executemany(
                "INSERT OR REPLACE INTO vector SELECT key, ?, ? FROM space WHERE name = ?",
                [(key, row.astype("<f4").tobytes(), space) for key, row in zip(digests, vectors, strict=True)],
            )
