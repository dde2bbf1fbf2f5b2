"""How every release of a generation answers a query, whatever filters and pages are asked for afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from index import ranking, relevance
from index.encoder import Matrix
from index.generation import Generation
from index.lexical import NO_MATCHES, Matches
from index.ranking import Scored
from index.relevance import Verdict

_NOTABLE = 300
"""Rows that may stand beside a release's best one, besides those above the line."""

_COVERED = 0.9
"""What a paragraph that holds every word scores in a search by words alone, before BM25 orders those that do."""


class Mode(Enum):
    """What a search compares."""

    MEANING = "makna"
    WORDS = "kata"
    BOTH = "gabungan"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a query finds in a generation.

    Attributes:
        vector: The query, placed, shape (1, dim); None where its meaning was not asked for.
        scored: Every release by its best paragraph.
        verdict: How well the generation as a whole answers, and where the line is drawn.
    """

    vector: Matrix | None
    scored: Scored
    verdict: Verdict

    @property
    def above(self) -> np.ndarray:
        """Which releases stand above the line: bool, shape (r,)."""
        return np.asarray(self.scored.best >= self.verdict.line)


def by_meaning(
    live: Generation,
    vector: Matrix,
    similarities: np.ndarray,
    matches: Matches = NO_MATCHES,
    passing: np.ndarray | None = None,
) -> Scan:
    """Compare a query with every paragraph, by meaning and, where there are any, by words.

    Args:
        live: What to look through.
        vector: The query, placed, float32, shape (1, dim).
        similarities: What it has with every paragraph, float32, shape (n,), as `Generation.similarities` gives.
        matches: Paragraphs that share words with it, if words count too.
        passing: Rows that may be found: bool, shape (n,); None for all.
    """
    shares = ranking.shares(matches.bm25, matches.coverage)
    scores = similarities
    if len(matches.rows):
        scores = similarities.copy()
        scores[matches.rows] = ranking.score(similarities[matches.rows], shares)
    if passing is not None:
        similarities, scores = (np.where(passing, values, np.float32(-np.inf)) for values in (similarities, scores))
    nearest = np.partition(similarities, -min(relevance.TOP, len(similarities)))[-relevance.TOP :]
    best = float(scores.max())
    verdict = live.relevance.judge(vector, nearest[nearest > -np.inf], shares, max(best, -1.0))
    return Scan(vector, _by_release(live, scores, verdict), verdict)


def by_words(live: Generation, words: str, passing: np.ndarray | None = None) -> Scan:
    """Find what shares words with a query, whatever it means: the more of the query it holds, the further up.

    A paragraph scores nine parts for the share of the query's idf weight that it holds and one for its BM25, so that what holds
    every word stands above all else.
    """
    matches = live.words.every(words, passing)
    scores = np.full(len(live.releases), -np.inf, dtype=np.float32)
    scores[matches.rows] = _COVERED * matches.coverage + (1 - _COVERED) * matches.bm25
    verdict = relevance.judge_words(max(float(scores.max()), -1.0), _COVERED)
    return Scan(None, _by_release(live, scores, verdict), verdict)


def _by_release(live: Generation, scores: np.ndarray, verdict: Verdict) -> Scored:
    least = np.partition(scores, -min(_NOTABLE, len(scores)))[-min(_NOTABLE, len(scores))]
    return ranking.by_release(scores, live.layout, min(float(least), verdict.line))
