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

    def known(self, space: str, digests: Iterable[str]) -> dict[str, Matrix]:
        """Vectors of those digests that the cache holds for this space.

        Args:
            space: The model's fingerprint and how it was used.
            digests: Keys of the texts.

        Returns:
            By digest, float32, shape (vectors, dim).
        """
        found: dict[str, Matrix] = {}
        wanted = list(dict.fromkeys(digests))
        for start in range(0, len(wanted), _LOOK_UP):
            rows = self._database.rows(
                """
                SELECT vector.digest, vector.vectors, space.dim
                FROM json_each(?) AS wanted
                CROSS JOIN space ON space.name = ?
                CROSS JOIN vector ON vector.space = space.key AND vector.digest = wanted.value
                """,
                (json.dumps(wanted[start : start + _LOOK_UP]), space),
            )
            found.update((row[0], _from_blob(row[1], row[2])) for row in rows)
        return found

    def keep(self, space: str, digests: Sequence[str], vectors: Sequence[Matrix]) -> dict[str, Matrix]:
        """Write vectors down, all or none; once this returns they survive a power cut.

        Args:
            space: The model's fingerprint and how it was used.
            digests: At least one key.
            vectors: For each key, float32, shape (vectors, dim).

        Returns:
            What `known` will return: the vectors at the precision in which they are kept, float16, so that an index is the same
            whether they come from the model or from here.
        """
        dim = vectors[0].shape[1]
        blobs = [rows.astype("<f2").tobytes() for rows in vectors]
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO space (name, dim) VALUES (?, ?)", (space, dim))
            connection.executemany(
                "INSERT OR REPLACE INTO vector SELECT key, ?, ? FROM space WHERE name = ?",
                [(key, blob, space) for key, blob in zip(digests, blobs, strict=True)],
            )
        return {key: _from_blob(blob, dim) for key, blob in zip(digests, blobs, strict=True)}


def _from_blob(blob: bytes, dim: int) -> Matrix:
    return np.frombuffer(blob, dtype="<f2").reshape(-1, dim).astype(np.float32)
