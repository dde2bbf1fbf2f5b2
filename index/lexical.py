"""Finding paragraphs by their words: BM25 through SQLite's FTS5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np

from archive.database import Database, connect
from index.terms import terms

_TITLE_WEIGHT = 0.5
_BODY_WEIGHT = 1.0
_QUERY_TERMS = 64  # a pasted page counts by its first terms; each further one only costs time

Scored = tuple[np.ndarray, np.ndarray]


class Words:
    """The words of one generation's paragraphs. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open the file that `build` wrote.

        Raises:
            DatabaseError: It cannot be opened.
        """
        self._database = Database(path, immutable=True)
        self._database.row("PRAGMA schema_version")  # now, so that this thread keeps it though the file be tidied away

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def best(self, query: str, limit: int, allowed: np.ndarray | None = None) -> Scored:
        """Paragraphs that share terms with a query, best first.

        Args:
            query: What the reader typed.
            limit: Paragraphs wanted, at least 1.
            allowed: bool, one entry a row of the generation; False rows are left out. None allows all.

        Returns:
            rows (int64) and BM25 scores (float32, above 0), both of shape (m,), where m ≤ limit. FTS5 computes Okapi BM25 with
            k1 = 1.2 and b = 0.75 (Robertson & Zaragoza, 2009).
        """
        wanted = list(dict.fromkeys(terms(query)))[:_QUERY_TERMS]
        if not wanted:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        match = " OR ".join(f'"{term}"' for term in wanted)
        # What is filtered away must not use up the limit, so a filtered query reads all and cuts afterwards.
        sql_limit = limit if allowed is None else -1
        found = self._database.rows(
            "SELECT rowid, -bm25(words, ?, ?) AS score FROM words WHERE words MATCH ? ORDER BY score DESC, rowid LIMIT ?",
            (_TITLE_WEIGHT, _BODY_WEIGHT, match, sql_limit),
        )
        pairs = np.array([tuple(row) for row in found], dtype=[("row", np.int64), ("score", np.float32)])
        if allowed is not None:
            pairs = pairs[allowed[pairs["row"]]][:limit]
        return pairs["row"], pairs["score"]


def build(path: Path, paragraphs: Iterable[tuple[str, str]]) -> None:
    """Write the words of a generation into one file.

    Args:
        path: File that does not exist yet.
        paragraphs: Title and text of each paragraph, in the order of the generation's rows.
    """
    database = connect(path, files("index") / "migrations" / "words")
    with database.transaction() as connection:
        connection.executemany("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", _analysed(paragraphs))
        connection.execute("INSERT INTO words (words) VALUES ('optimize')")
    database.row("PRAGMA journal_mode = DELETE")  # one file, whole in itself
    database.close()


def _analysed(paragraphs: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str, str]]:
    for row, (title, text) in enumerate(paragraphs):
        yield row, " ".join(terms(title)), " ".join(terms(text))
