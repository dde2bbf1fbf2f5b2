"""Finding paragraphs by their words: BM25 through SQLite's FTS5."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from archive.database import Database, connect
from index.query_syntax import Phrase, match_expression
from index.terms import terms, units

_TITLE_WEIGHT = 1.0
_BODY_WEIGHT = 1.0
_SATURATION = 1.2 + 1  # k1 + 1: what FTS5's BM25 of a word approaches, in multiples of its idf, however often it occurs
_DEPTH = 100  # paragraphs looked at; what matches less of the query than these gains nothing from its words
_QUERY_UNITS = 64  # a pasted page counts by its first words; each further one only costs time
_COLUMNS_APART = " | "  # no term, so no phrase matches across it


class Matches(NamedTuple):
    """Paragraphs that share words with a query.

    Attributes:
        rows: int64, shape (m,), best first by BM25.
        bm25: float32, shape (m,): over its upper bound for the query, above 0 to 1.
        coverage: float32, shape (m,): share of the query's idf weight that stands in the paragraph at all, above 0 to 1.
    """

    rows: np.ndarray
    bm25: np.ndarray
    coverage: np.ndarray


NO_MATCHES = Matches(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))


class Words:
    """The words of one generation's paragraphs. Safe to share between threads."""

    def __init__(self, path: Path, count: int) -> None:
        """Open the file that `build` wrote.

        Args:
            path: The file.
            count: Paragraphs in it.

        Raises:
            DatabaseError: It cannot be opened.
        """
        self._database = Database(path, immutable=True)
        self._database.row("PRAGMA schema_version")  # now, so that this thread keeps it though the file be tidied away
        self._count = count
        self._idf: dict[Phrase, float] = {}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def best(self, query: str, allowed: np.ndarray | None = None) -> Matches:
        """Paragraphs that share words with a query, best first by BM25, at most 100.

        FTS5 computes Okapi BM25 with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza, 2009). It is divided by its upper bound for
        this query (Bruch, Gai & Ingber, arXiv 2210.11934), so that it means the same from query to query.

        Args:
            query: What the reader typed.
            allowed: bool, one entry a row of the generation; False rows are left out. None allows all.
        """
        weights = self._weights(query)
        if not weights:
            return NO_MATCHES
        # What is filtered away must not use up the limit, so a filtered query reads all and cuts afterwards.
        found = self._database.fetch(
            """
            SELECT rowid, -bm25(words, ?, ?) AS score FROM words WHERE words MATCH ? ORDER BY score DESC, rowid LIMIT ?
            """,
            (_TITLE_WEIGHT, _BODY_WEIGHT, match_expression(weights, "OR"), _DEPTH if allowed is None else -1),
        )
        pairs = np.array([tuple(row) for row in found], dtype=[("row", np.int64), ("score", np.float64)])
        if allowed is not None:
            pairs = pairs[allowed[pairs["row"]]][:_DEPTH]
        return _matches(pairs["row"], pairs["score"], self._matched(pairs["row"], weights), weights)

    def every(self, query: str, allowed: np.ndarray | None = None) -> Matches:
        """All paragraphs that share words with a query, in the order of rows; otherwise as `best`."""
        weights = self._weights(query)
        if not weights:
            return NO_MATCHES
        found = self._database.fetch(
            "SELECT rowid, -bm25(words, ?, ?) FROM words WHERE words MATCH ? ORDER BY rowid",
            (_TITLE_WEIGHT, _BODY_WEIGHT, match_expression(weights, "OR")),
        )
        pairs = np.array([tuple(row) for row in found], dtype=[("row", np.int64), ("score", np.float64)])
        held = np.zeros(self._count)
        for phrase, weight in weights.items():
            held[self.containing(phrase)] += weight
        if allowed is not None:
            pairs = pairs[allowed[pairs["row"]]]
        return _matches(pairs["row"], pairs["score"], held[pairs["row"]], weights)

    def containing(self, phrase: Phrase) -> np.ndarray:
        """Rows whose title or text contains terms one after another: int64, ascending."""
        match = match_expression([phrase], "AND")
        return np.array(
            [row[0] for row in self._database.rows("SELECT rowid FROM words WHERE words MATCH ?", (match,))], np.int64
        )

    def _weights(self, query: str) -> dict[Phrase, float]:
        """The query's words, or what stands for one, with their idf."""
        return {phrase: self._weight(phrase) for phrase in list(dict.fromkeys(units(query)))[:_QUERY_UNITS]}

    def _weight(self, phrase: Phrase) -> float:
        """The phrase's idf as FTS5 computes it; a phrase that stands nowhere has the highest."""
        known = self._idf.get(phrase)
        if known is None:
            row = self._database.row("SELECT count(*) FROM words WHERE words MATCH ?", (match_expression([phrase], "AND"),))
            rows = row[0] if row else 0
            known = max(math.log((self._count - rows + 0.5) / (rows + 0.5)), 1e-6)
            self._idf[phrase] = known
        return known

    def _matched(self, rows: np.ndarray, weights: dict[Phrase, float]) -> np.ndarray:
        """Sum of the weights of those phrases that each row contains: float64, shape (len(rows),)."""
        if not len(rows):
            return np.empty(0)
        found = self._database.fetch(
            "SELECT rowid, title, body FROM words WHERE rowid IN (SELECT value FROM json_each(?))", (json.dumps(rows.tolist()),)
        )
        texts = {row[0]: f" {row[1]}{_COLUMNS_APART}{row[2]} " for row in found}
        wanted = [(f" {' '.join(phrase)} ", weight) for phrase, weight in weights.items()]
        return np.array([sum(weight for phrase, weight in wanted if phrase in texts[row]) for row in rows.tolist()])


def _matches(rows: np.ndarray, scores: np.ndarray, held: np.ndarray, weights: dict[Phrase, float]) -> Matches:
    total = sum(weights.values())
    return Matches(rows, (scores / (_SATURATION * total)).astype(np.float32), (held / total).astype(np.float32))


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
