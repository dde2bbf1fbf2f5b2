"""Merge the rankings of two kinds of search; pure."""

from __future__ import annotations

import numpy as np

_RANK_CONSTANT = 60


def reciprocal_rank(rankings: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Merge rankings by reciprocal rank (Cormack, Clarke & Büttcher, SIGIR 2009).

    Args:
        rankings: Rows, best first, one int64 array a ranking; a row stands at most once in each.

    Returns:
        rows (int64) and fused scores (float32), best first; equal scores in the order of rows.
    """
    rows = np.unique(np.concatenate(rankings))
    scores = np.zeros(len(rows), dtype=np.float32)
    for ranking in rankings:
        scores[np.searchsorted(rows, ranking)] += 1 / (_RANK_CONSTANT + 1 + np.arange(len(ranking), dtype=np.float32))
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]
