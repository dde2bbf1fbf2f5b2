"""What to call the topics of a map: a few of the words that set each apart, as they are written there; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from math import log1p, sqrt

import numpy as np

from index import terms

NO_CLUSTER = -1
"""Where the number of a cluster would stand, of what belongs to none."""

WORDS = 3
"""Words in a name, at most."""

_LEAST_SHARE = 0.15
"""Of a cluster's releases have a word before it may name all of them."""

_LEAST_LETTERS = 3

Unit = tuple[str, ...]
"""What weighs as one word: a term, or the terms that a short form stands for."""


def name(texts: Sequence[str], clusters: np.ndarray) -> tuple[str, ...]:
    """Name clusters by class-based TF-IDF.

    A word is worth its frequency in the cluster times its rarity in all of them, log(1 + (A - f + ½) / (f + ½)), with f its
    frequency in all and A the words of an average cluster (Grootendorst, arXiv 2203.05794, with BM25's rarity). Each release
    adds the square root of how often it has the word, so that no long one names a cluster by itself. Words are compared by
    their stems, and shown in the form that occurs most.

    Args:
        texts: One text a release.
        clusters: The cluster of each: int32, shape (len(texts),), counted from 0; `NO_CLUSTER` for none.

    Returns:
        One name a cluster: words with commas between them, the best first. A cluster without a word has an empty name.
    """
    count = int(clusters.max(initial=NO_CLUSTER)) + 1
    weights: list[dict[Unit, float]] = [defaultdict(float) for _ in range(count)]
    releases: list[Counter[Unit]] = [Counter() for _ in range(count)]
    written: dict[Unit, Counter[str]] = defaultdict(Counter)
    for text, cluster in zip(texts, clusters.tolist(), strict=True):
        if cluster != NO_CLUSTER:
            for unit, own in _forms(text).items():
                weights[cluster][unit] += sqrt(own.total())
                releases[cluster][unit] += 1
                written[unit].update(own)
    everywhere: dict[Unit, float] = defaultdict(float)
    for one in weights:
        for unit, weight in one.items():
            everywhere[unit] += weight
    average = sum(everywhere.values()) / max(count, 1)
    sizes = np.bincount(clusters[clusters != NO_CLUSTER], minlength=count).tolist()
    names = []
    for one, having, size in zip(weights, releases, sizes, strict=True):
        common = [unit for unit in one if having[unit] >= _LEAST_SHARE * size]
        worth = {unit: one[unit] * _rarity(everywhere[unit], average) for unit in common}
        best = sorted(common, key=lambda unit: (-worth[unit], unit))
        names.append(", ".join(_distinct([_usual(written[unit]) for unit in best])))
    return tuple(names)


def _rarity(weight: float, average: float) -> float:
    return log1p((max(average - weight, 0) + 0.5) / (weight + 0.5))


def _forms(text: str) -> dict[Unit, Counter[str]]:
    """How each word of a text is written in it; numbers and initials are left out, for they name nothing."""
    forms: dict[Unit, Counter[str]] = defaultdict(Counter)
    for (start, end), run in groupby(terms.tokens(text), key=lambda token: (token.start, token.end)):
        form = text[start:end]
        if len(form) >= _LEAST_LETTERS and not any(char.isdigit() for char in form):
            forms[tuple(token.term for token in run)][form] += 1
    return forms


def _usual(written: Counter[str]) -> str:
    """The form that occurs most, in the capitals that it mostly has: a word at the head of a sentence is not a name."""
    folded: Counter[str] = Counter()
    for form, count in written.items():
        folded[form.casefold()] += count
    best = min(folded, key=lambda form: (-folded[form], form))
    return min((form for form in written if form.casefold() == best), key=lambda form: (-written[form], form))


def _distinct(words: Sequence[str]) -> list[str]:
    """The first few words, without those that are a part of one before, or the other way round (*bank*, *perbankan*)."""
    kept: list[str] = []
    for word in words:
        folded = word.casefold()
        if not any(folded in one.casefold() or one.casefold() in folded for one in kept):
            kept.append(word)
        if len(kept) == WORDS:
            break
    return kept
