"""Whether anything here answers: how far evidence rises above what questions find that the archive cannot answer; pure.

The best similarity alone is a poor sign, since some questions lie near everything. So the archive is asked questions from
elsewhere too, of cooking or code, and a query is compared with those of them that are most like it: a baseline of its own for
every region of the space, as in cohort normalisation of speaker scores (Auckenthaler, Carey & Lloyd-Thomas, Digital Signal
Processing 10, 2000).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from index.encoder import Matrix

TOP = 10
"""Passages whose similarity counts as evidence: one may be near by chance, and what is known of is seldom said but once."""

_LEXICAL_WEIGHT = 1.0
_COHORT = 15
_PASSING = 0.1
"""Share of questions from elsewhere that the line lets through."""

_STRONG = 0.1
_WORDS_HELD = 0.5
_ROUNDING = 1e-6


class Band(Enum):
    """How well a passage answers, in the words that the page shows."""

    STRONG = "kuat"
    MEDIUM = "sedang"
    WEAK = "lemah"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well a query is answered.

    Attributes:
        band: For the query as a whole; WEAK means that nothing here answers it.
        excess: Evidence less that of the questions from elsewhere that are most like the query.
        line: Score from which a passage stands above the line; infinite where nothing does.
        strong: Score from which a passage answers strongly.
    """

    band: Band
    excess: float
    line: float
    strong: float

    def band_of(self, score: float) -> Band:
        """Band of a passage with this score."""
        if score >= self.strong:
            return Band.STRONG
        return Band.MEDIUM if score >= self.line else Band.WEAK


@dataclass(frozen=True, slots=True)
class Relevance:
    """What questions from elsewhere find in a generation.

    Attributes:
        questions: Placed vectors of the questions from elsewhere, float32, shape (m, dim).
        evidence: `evidence` of each of them, float32, shape (m,).
        query_line: Excess of evidence from which a query counts as answered.
        hit_line: Excess of one passage's fused score from which it stands above the line.
    """

    questions: Matrix
    evidence: np.ndarray
    query_line: float
    hit_line: float

    def judge(self, query: Matrix, cosines: np.ndarray, shares: np.ndarray, best_score: float) -> Verdict:
        """Judge what a query found.

        Args:
            query: Placed, shape (1, dim).
            cosines: Similarities of the most similar passages.
            shares: What its words match.
            best_score: Fused score of the best passage; it stands above the line if the query is answered at all.
        """
        baseline = float(self.evidence[_most_like(self.questions @ query[0])].mean())
        excess = evidence(cosines, shares) - baseline
        band = _band(excess - self.query_line)
        line = np.inf if band is Band.WEAK else min(baseline + self.hit_line, best_score)
        return Verdict(band, excess, float(line), float(line + _STRONG))


def judge_words(best_score: float, covered: float) -> Verdict:
    """Judge what a search by words alone found: half of a query's weight in one paragraph says something, all of it everything.

    Args:
        best_score: Of the best paragraph, from 0 to 1; below 0 where nothing shares a word.
        covered: Score from which a paragraph holds every word.
    """
    line = covered * _WORDS_HELD
    verdict = Verdict(Band.WEAK, best_score - line, line, covered - _ROUNDING)
    return replace(verdict, band=verdict.band_of(best_score))


def evidence(cosines: np.ndarray, shares: np.ndarray) -> float:
    """How strongly the archive as a whole answers a query.

    Args:
        cosines: Similarities of the most similar passages, any order; the `TOP` best count.
        shares: Shares of the query that passages match in words; the best counts.
    """
    if not len(cosines):
        return -1.0
    best = np.sort(cosines)[-TOP:]
    return float(best.mean() + _LEXICAL_WEIGHT * max(shares, default=0.0))


def calibrate(questions: Matrix, cosines: list[np.ndarray], shares: list[np.ndarray], best_scores: list[float]) -> Relevance:
    """Draw the lines of a generation: above what all but `_PASSING` of the questions from elsewhere find.

    Args:
        questions: Placed vectors of the questions from elsewhere, shape (m, dim), m ≥ 2.
        cosines: For each of them, similarities of the most similar passages.
        shares: For each, what its words match.
        best_scores: For each, the fused score of its best passage.
    """
    found = np.array([evidence(*one) for one in zip(cosines, shares, strict=True)], dtype=np.float32)
    likeness = questions @ questions.T
    np.fill_diagonal(likeness, -np.inf)
    baselines = np.array([found[_most_like(row)].mean() for row in likeness])
    lines = (float(np.quantile(values - baselines, 1 - _PASSING)) for values in (found, np.array(best_scores)))
    return Relevance(questions, found, *lines)


def _most_like(likeness: np.ndarray) -> np.ndarray:
    return np.argsort(-likeness, kind="stable")[: min(_COHORT, len(likeness) - 1)]


def _band(above_line: float) -> Band:
    if above_line >= _STRONG:
        return Band.STRONG
    return Band.MEDIUM if above_line >= 0 else Band.WEAK
