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
class Group:
    """A release in a ranking.

    Attributes:
        rows: Its best rows, at most 1 + `MORE`, best first.
        scores: Their fused scores.
        identical: Best rows of releases further down whose best passage is near-identical to this one's.
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


def fuse(
    near: tuple[np.ndarray, np.ndarray], matched: tuple[np.ndarray, np.ndarray, np.ndarray], exhausted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Merge what meaning and words found.

    Args:
        near: The most similar rows and their cosines.
        matched: Rows that share words, in any order, with their cosines and shares; every row whose share counts is among them.
        exhausted: `near` holds every row there is. Else a row that is in neither may be as near as the last of `near`, so
            what scores no higher is left out: looking deeper never changes what stands above.

    Returns:
        rows (int64) and fused scores (float32), best first; equal scores in the order of rows.
    """
    rows = np.concatenate([matched[0], near[0]])
    scores = np.concatenate([score(matched[1], matched[2]), near[1]])
    rows, first = np.unique(rows, return_index=True)  # of a row that is in both, the first place counts: the one with its share
    scores = scores[first]
    if not exhausted and len(near[1]):
        kept = scores > near[1].min()
        rows, scores = rows[kept], scores[kept]
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]


def by_release(rows: np.ndarray, scores: np.ndarray, releases: np.ndarray, groups: np.ndarray) -> list[Group]:
    """Rank releases by their best row, and fold near-identical ones into the best of them.

    Args:
        rows: Best first.
        scores: Of the rows.
        releases: For each row of the index, its release.
        groups: For each row of the index, the number that it shares with near-identical paragraphs.
    """
    found: dict[int, Group] = {}
    leaders: dict[int, Group] = {}
    ranking: list[Group] = []
    for row, score, release, group in zip(
        rows.tolist(), scores.tolist(), releases[rows].tolist(), groups[rows].tolist(), strict=True
    ):
        known = found.get(release)
        if known is not None:
            if len(known.rows) <= MORE:
                known.rows.append(row)
                known.scores.append(score)
            continue
        found[release] = one = Group([row], [score], [])
        leader = leaders.setdefault(group, one)
        if leader is one:
            ranking.append(one)
        else:
            leader.identical.append(row)
    return ranking
