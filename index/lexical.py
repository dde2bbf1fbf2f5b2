"""Finding paragraphs by their words: BM25 over an inverted index that is held in memory.

All terms of a generation stand in one stream: row by row the title's, a gap, the text's, a gap. The index says where in it each
term stands, so that a phrase is wherever its terms' positions follow one another; none does across a gap.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from index.query_syntax import Phrase
from index.terms import terms, units

_K1 = 1.2
_B = 0.75
_LEAST_IDF = 1e-6  # of what stands in more than half of all rows
_DEPTH = 100  # paragraphs looked at; what matches less of the query than these gains nothing from its words
_QUERY_UNITS = 64  # a pasted page counts by its first words; each further one only costs time
_GAP = -1
_GAPS_PER_ROW = 2


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


class _Postings(NamedTuple):
    """Where phrases stand: rows, int32, ascending within a phrase and each once; and how often in each, unsigned."""

    rows: np.ndarray
    counts: np.ndarray


_NOWHERE = _Postings(np.empty(0, np.int32), np.empty(0, np.uint8))


class Words:
    """The words of one generation's paragraphs. Never changes, so threads may share it."""

    def __init__(self, path: Path, count: int) -> None:
        """Load the file that `build` wrote.

        Args:
            path: The file.
            count: Paragraphs in it.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError, KeyError, EOFError, BadZipFile: It is damaged, or holds another number of paragraphs.
        """
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            vocabulary, starts, positions, row_starts = (
                arrays[name] for name in ("vocabulary", "starts", "positions", "row_starts")
            )
        if len(row_starts) != count + 1:
            raise ValueError(f"{path} holds {len(row_starts) - 1} paragraphs, not {count}")
        self._count = count
        self._numbers = {term: number for number, term in enumerate(vocabulary.tobytes().decode().splitlines())}
        self._positions = positions
        self._starts = starts
        sizes = np.diff(row_starts)
        self._postings, firsts = _tally(np.repeat(np.arange(count, dtype=np.int32), sizes)[positions], starts[:-1])
        self._posting_starts = np.searchsorted(firsts, starts)
        lengths = sizes - _GAPS_PER_ROW
        average = len(positions) / max(count, 1) or 1.0
        self._norms = _K1 * (1 - _B + _B * lengths / average)

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take, in bytes; the vocabulary, some hundred a term, is little beside them."""
        columns = (self._positions, self._starts, self._posting_starts, self._norms, *self._postings)
        return sum(column.nbytes for column in columns)

    def best(self, query: str, allowed: np.ndarray | None = None) -> Matches:
        """Paragraphs that share words with a query, best first by BM25, at most 100; of equal ones the first.

        This is Okapi BM25 (Robertson & Zaragoza, 2009) over title and text together. It is divided by its upper bound for this
        query (Bruch, Gai & Ingber, arXiv 2210.11934), so that it means the same from query to query.

        Args:
            query: What the reader typed.
            allowed: bool, one entry a row of the generation; False rows are left out. None allows all.
        """
        return self._matches(query, allowed, _DEPTH)

    def every(self, query: str, allowed: np.ndarray | None = None) -> Matches:
        """All paragraphs that share words with a query, in the order of rows; otherwise as `best`."""
        return self._matches(query, allowed, None)

    def containing(self, phrase: Phrase) -> np.ndarray:
        """Rows whose title or text contains terms one after another: int64, ascending.

        Raises:
            ValueError: There are no terms.
        """
        if not phrase:
            raise ValueError("need a phrase of at least one term")
        return self._find(phrase).rows.astype(np.int64)

    def _matches(self, query: str, allowed: np.ndarray | None, depth: int | None) -> Matches:
        found = [self._find(phrase) for phrase in list(dict.fromkeys(units(query)))[:_QUERY_UNITS]]
        if not found:
            return NO_MATCHES
        scores, held = np.zeros(self._count), np.zeros(self._count)
        total = 0.0
        # Phrase by phrase, so that rows which hold the same come out equal to the last bit.
        for rows, counts in found:
            weight = _idf(len(rows), self._count)
            total += weight
            np.add.at(held, rows, weight)
            np.add.at(scores, rows, weight * (counts * (_K1 + 1) / (counts + self._norms[rows])))
        if allowed is not None:
            scores *= allowed
        best = np.flatnonzero(scores > 0)
        if depth is not None:
            best = best[_top(scores[best], depth)]
        bound = (_K1 + 1) * total  # what the sum approaches, however often the words occur
        return Matches(best, (scores[best] / bound).astype(np.float32), (held[best] / total).astype(np.float32))

    def _find(self, phrase: Phrase) -> _Postings:
        numbers = [self._numbers.get(term, _GAP) for term in phrase]
        if _GAP in numbers:
            return _NOWHERE
        if len(numbers) == 1:
            return self._postings_of(numbers[0])
        positions = [self._positions[self._starts[number] : self._starts[number + 1]] for number in numbers]
        rarest, *others = sorted(range(len(numbers)), key=lambda place: len(positions[place]))
        rows = np.repeat(*self._postings_of(numbers[rarest]))
        begins = positions[rarest] - np.int32(rarest)
        for place in others:
            follows = _among(begins + np.int32(place), positions[place])
            rows, begins = rows[follows], begins[follows]
        return _tally(rows, np.empty(0, np.int64))[0]

    def _postings_of(self, number: int) -> _Postings:
        span = slice(self._posting_starts[number], self._posting_starts[number + 1])
        return _Postings(self._postings.rows[span], self._postings.counts[span])


def build(path: Path, paragraphs: Iterable[tuple[str, str]]) -> None:
    """Write the words of a generation into one file.

    Args:
        path: File that does not exist yet; its name ends in .npz.
        paragraphs: Title and text of each paragraph, in the order of the generation's rows.

    Raises:
        OSError: It cannot be written; what is left of it cannot be loaded.
    """
    numbers: dict[str, int] = {}
    stream, row_starts = array("i"), array("q", [0])
    title, titled = "", array("i", [_GAP])
    for own_title, text in paragraphs:
        if own_title != title:  # a release's paragraphs follow one another
            title, titled = own_title, _cut(own_title, numbers)
        stream += titled
        stream += _cut(text, numbers)
        row_starts.append(len(stream))
    # Terms in the upper halves, positions in the lower: to sort these takes a seventh of the time of a stable argsort of terms.
    keys = np.array(stream, np.int64)
    keys <<= 32
    keys += np.arange(len(keys), dtype=np.int32)
    keys.sort()
    starts = np.searchsorted(keys, np.arange(len(numbers) + 1) << 32)
    np.savez(
        path,
        allow_pickle=False,
        vocabulary=np.frombuffer("\n".join(numbers).encode(), np.uint8),
        starts=starts - starts[0],
        positions=keys[starts[0] :].astype(np.int32),
        row_starts=np.array(row_starts, np.int64),
    )


def _cut(text: str, numbers: dict[str, int]) -> array[int]:
    """Numbers of a text's terms, new ones among them numbered on, and a gap."""
    return array("i", [*(numbers.setdefault(term, len(numbers)) for term in terms(text)), _GAP])


def _idf(rows: int, count: int) -> float:
    """What a phrase weighs that stands in some of all rows; one that stands nowhere weighs most."""
    return max(math.log((count - rows + 0.5) / (rows + 0.5)), _LEAST_IDF)


def _tally(rows: np.ndarray, starts: np.ndarray) -> tuple[_Postings, np.ndarray]:
    """Count runs of equal rows, which end where a term does.

    Args:
        rows: int32, shape (m,).
        starts: int64: where in it each term starts.

    Returns:
        The runs, and where each of them starts: int64.
    """
    is_first = np.diff(rows, prepend=np.int32(-1)) != 0
    is_first[starts] = True
    firsts = np.flatnonzero(is_first)
    counts = np.diff(firsts, append=len(rows))
    # One byte each, unless a word stands in a paragraph more than 255 times.
    return _Postings(rows[firsts], counts.astype(np.min_scalar_type(counts.max(initial=0)))), firsts


def _among(wanted: np.ndarray, sorted_values: np.ndarray) -> np.ndarray:
    """Which of some values occur among others that are sorted, at least one: bool, the shape of `wanted`."""
    places = np.minimum(np.searchsorted(sorted_values, wanted), len(sorted_values) - 1)
    return np.asarray(sorted_values[places] == wanted)


def _top(scores: np.ndarray, depth: int) -> np.ndarray:
    """Places of the highest scores, at most `depth`, falling; of equal ones the first: int64."""
    places = np.arange(len(scores))
    if len(scores) > depth:
        least = np.partition(scores, -depth)[-depth]
        above = places[scores > least]
        places = np.concatenate([above, places[scores == least][: depth - len(above)]])
    return places[np.argsort(-scores[places], kind="stable")]
