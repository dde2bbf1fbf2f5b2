"""The space that queries and passages are compared in: the model's own, centred, reshaped and rid of hubs; pure.

Fitted anew for each generation from all of its vectors, and stored with it. So a refresh can never make old and new vectors
disagree: what the cache keeps are the model's own vectors, and every one of them is placed again in each generation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from index.encoder import Matrix, unit

_HUB_NEAREST = 30
_HUB_WEIGHT = 0.5
_POWER = 0.15
_SHRINKAGE = 0.1


@dataclass(frozen=True, slots=True)
class Space:
    """How to place vectors.

    Attributes:
        passage_mean: float32, shape (dim,): what all passages have in common, and so says nothing of any one.
        query_mean: float32, shape (dim,): the same of questions, which lie elsewhere than passages.
        map: float32, shape (dim, dim): stretches the directions that tell passages apart, and shrinks those in which a passage
            differs from itself, read alone and in context.
    """

    passage_mean: np.ndarray
    query_mean: np.ndarray
    map: np.ndarray

    def place_passages(self, vectors: Matrix) -> Matrix:
        """Place the model's vectors of passages or their sentences: float32, rows of unit length."""
        return unit(unit(vectors - self.passage_mean) @ self.map)

    def place_queries(self, vectors: Matrix) -> Matrix:
        """Place the model's vectors of queries: float32, rows of unit length."""
        return unit(unit(vectors - self.query_mean) @ self.map)


def fit(alone: Matrix, in_context: Matrix, questions: Matrix) -> Space:
    """Fit a space to an archive.

    Centring after Mu & Viswanath, arXiv 1702.01417. The map is signal over noise, in the manner of within-class covariance
    normalisation (Hatch, Kajarekar & Stolcke, Interspeech 2006): what a passage read alone shares with itself in context is
    content, and what differs between the two is form. Both covariances are raised to a small power and shrunk towards the
    identity, the more the fewer passages there are, so that nothing is stretched far.

    Args:
        alone: The passages' vectors by themselves, float32, shape (n, dim), n ≥ 1; unit rows.
        in_context: The same passages' vectors within their releases. Equal to `alone` where a model has none.
        questions: Vectors of representative questions, shape (q, dim), q ≥ 1.
    """
    count, dim = alone.shape
    shrinkage = max(_SHRINKAGE, dim / (dim + count))
    one, other = unit(alone - alone.mean(axis=0)), unit(in_context - in_context.mean(axis=0))
    shared = one.T @ other / count
    difference = one - other
    difference -= difference.mean(axis=0)
    stretch = _power((shared + shared.T) / 2, _POWER, shrinkage)
    shrink = _power(difference.T @ difference / count, -_POWER, shrinkage)
    passage_mean = unit(alone + in_context).mean(axis=0)
    return Space(passage_mean, questions.mean(axis=0), (stretch @ shrink).astype(np.float32))


def hub_offsets(placed: Matrix, questions: Matrix) -> np.ndarray:
    """What to take off each passage's similarity because it lies near every question.

    Half the mean similarity to its nearest representative questions, as in cross-domain similarity local scaling (Conneau et
    al., arXiv 1710.04087) and querybank normalisation (Bogolin et al., arXiv 2112.12777).

    Args:
        placed: Placed passages, shape (n, dim).
        questions: Placed questions, shape (q, dim).

    Returns:
        float32, shape (n,).
    """
    nearest = min(_HUB_NEAREST, len(questions))
    similarities = placed @ questions.T
    offsets = _HUB_WEIGHT * np.partition(similarities, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    return np.asarray(offsets, dtype=np.float32)


def _power(covariance: np.ndarray, power: float, shrinkage: float) -> np.ndarray:
    """A power of a symmetric matrix of mean eigenvalue 1, shrunk towards the identity; the identity where it is all zeros."""
    mean = np.trace(covariance) / len(covariance)
    if mean <= 1e-12:
        return np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance.astype(np.float64) / mean)
    values = (1 - shrinkage) * np.maximum(values, 0) + shrinkage
    return np.asarray((vectors * values**power) @ vectors.T)
