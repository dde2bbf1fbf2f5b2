"""Scores to a ranking of releases; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEXICAL_WEIGHT = 2.5
"""A paragraph full of every word of the query beats any similarity."""

_LEAST_COVERAGE = 0.45
_LEAST_COVERAGE_WITHIN = 0.08
"""A third of a query's weight is often in a paragraph by chance; from about half of it, words say something."""

MORE = 3
"""Further passages shown with a release."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which rows of an index belong together.

    Attributes:
        releases: int32, shape (n,): the release of each row, counted from 0 and never falling.
        starts: int64, shape (r,): the first row of each release.
        groups: int32, shape (n,): paragraphs that are near-identical share a number.
    """

    releases: np.ndarray
    starts: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, slots=True)
class Scored:
    """How releases score, each by its best row.

    Attributes:
        best: float32, shape (r,): score of each release's best row; -inf where none may be found.
        rows: int32, shape (r,): that row, the first of equals.
        groups: int32, shape (r,): the number that it shares with near-identical paragraphs.
        notable: int32, shape (m,): rows worth showing beside a best one, best first.
        notable_releases: int32, shape (m,): their releases.
        notable_scores: float32, shape (m,): their scores.
    """

    best: np.ndarray
    rows: np.ndarray
    groups: np.ndarray
    notable: np.ndarray
    notable_releases: np.ndarray
    notable_scores: np.ndarray

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take, in bytes."""
        return sum(getattr(self, name).nbytes for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Group:
    """A release in a ranking.

    Attributes:
        rows: Its best row, then its notable ones, at most 1 + `MORE`, best first.
        scores: Their scores.
        identical: Best rows of releases further down whose best passage is near-identical to this one's, best first.
    """

    rows: list[int]
    scores: list[float]
    identical: list[int]


def shares(bm25: np.ndarray, coverage: np.ndarray) -> np.ndarray:
    """How far paragraphs answer a query by their words.

    BM25 says how well words match, not how much of the query they are. So it counts as far as the paragraph holds the query:
    in proportion to what exceeds a threshold, which is soft (softplus, Dugas et al., NIPS 2000) so that even the one rare name
    in a long query decides between passages that meaning cannot tell apart.

    Args:
        bm25: Over its upper bound for the query, 0 to 1.
        coverage: Share of the query's idf weight that each paragraph holds, 0 to 1.

    Returns:
        0 for a paragraph with next to nothing of the query, 1 for one that is full of every word.
    """
    whole, held = (np.logaddexp(0, (share - _LEAST_COVERAGE) / _LEAST_COVERAGE_WITHIN) for share in (1, coverage))
    return bm25 * held / whole


def score(cosines: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Score paragraphs: similarity, plus the share of the query that their words match.

    The share is zero where no words match, so that, unlike rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009), it leaves
    alone a query whose words stand nowhere: one in other words, or in another language.
    """
    return cosines + LEXICAL_WEIGHT * shares


def by_release(scores: np.ndarray, layout: Layout, least: float) -> Scored:
    """Score releases by their best row.

    Args:
        scores: Of all rows, float32, shape (n,); -inf for those that may not be found.
        layout: Which rows belong together.
        least: Score from which a row is notable.
    """
    best = np.maximum.reduceat(scores, layout.starts)
    lengths = np.diff(layout.starts, append=len(scores))
    places = np.flatnonzero(scores == np.repeat(best, lengths))[::-1]
    rows = np.empty(len(best), dtype=np.int32)
    rows[layout.releases[places]] = places  # backwards, so that the first of equals is what stays
    notable = np.flatnonzero((scores >= least) & (scores > -np.inf))
    notable = notable[np.argsort(-scores[notable], kind="stable")].astype(np.int32)
    return Scored(best, rows, layout.groups[rows], notable, layout.releases[notable], scores[notable])


def order(scored: Scored, allowed: np.ndarray | None = None) -> np.ndarray:
    """Rank releases, near-identical ones folded into the best of them.

    Args:
        scored: The releases.
        allowed: bool, shape (r,); False ones are left out. None allows all.

    Returns:
        int64, shape (m,): releases, best first; equal ones in their own order.
    """
    findable = scored.best > -np.inf
    releases = np.flatnonzero(findable if allowed is None else findable & allowed)
    releases = releases[_best_first(scored.best[releases])]
    groups, places = scored.groups[releases], np.arange(len(releases))
    first = np.empty(int(scored.groups.max(initial=-1)) + 1, dtype=np.int64)
    first[groups[::-1]] = places[::-1]  # backwards, so that each group's first place is what stays
    return np.asarray(releases[first[groups] == places])


def _best_first(scores: np.ndarray) -> np.ndarray:
    """Places of float32 scores, the highest first, equal ones in their own order: int64, shape (len(scores),).

    What a stable argsort gives, in a sixth of its time: place and score are put into one integer, and integers are sorted.
    """
    bits = scores.view(np.int32).astype(np.int64)
    ordered = np.where(bits < 0, -(bits & 0x7FFF_FFFF), bits)  # a float is sign and magnitude (IEEE 754)
    keys = (-ordered << 32) | np.arange(len(scores))
    keys.sort()
    return np.asarray(keys & 0xFFFF_FFFF)


def group(scored: Scored, releases: np.ndarray, allowed: np.ndarray | None = None) -> list[Group]:
    """What is shown of some releases of a ranking.

    Args:
        scored: The releases.
        releases: Those to show, as `order` gave them.
        allowed: As it was given to `order`.
    """
    found = []
    for release in releases.tolist():
        best = int(scored.rows[release])
        places = np.flatnonzero(scored.notable_releases == release)
        places = places[scored.notable[places] != best][:MORE]
        same = scored.groups == scored.groups[release]
        same &= scored.best > -np.inf
        if allowed is not None:
            same &= allowed
        same[release] = False
        others = np.flatnonzero(same)
        others = others[np.argsort(-scored.best[others], kind="stable")]
        found.append(
            Group(
                [best, *scored.notable[places].tolist()],
                [float(scored.best[release]), *scored.notable_scores[places].tolist()],
                scored.rows[others].tolist(),
            )
        )
    return found
