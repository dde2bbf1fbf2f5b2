"""Texts that say the same but for small edits; pure.

MinHash (Broder, "On the resemblance and containment of documents", 1997) in bands (Leskovec, Rajaraman & Ullman, "Mining of
Massive Datasets", ch. 3) finds who may resemble whom; those pairs are then compared exactly. In numpy, over
the whole archive at once: that takes half the time of datasketch 2.0, which hashes and files each text by itself.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

RESEMBLANCE = 0.8
"""Least share of pairs of neighbouring words that two texts have in common, of those that either has (Jaccard)."""

CONTAINMENT = 0.95
SIMILAR_LENGTH = 0.75
"""Or the shorter text has this share of its pairs in the longer one, and at least this share of its number of pairs."""

_SHORT = 8  # words; below this, one changed word changes what is said

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_NEGATIONS = frozenset({"batal", "belum", "bukan", "jangan", "never", "no", "not", "tak", "tanpa", "tidak"})

# A pair that resembles by 0.8 is missed once in 30,000 times; by 0.69, the least that containment takes, once in 150.
_BANDS, _ROWS = 20, 4
_MULTIPLIERS = np.random.default_rng(1997).integers(1 << 63, size=(_BANDS, _ROWS), dtype=np.uint64) | np.uint64(1)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, 2^64 over the golden ratio: multiplication spreads neighbouring values
_CHUNK = 1_000  # texts whose pairs fit into a processor's cache

# Prose poured into one mould makes thousands of texts that are half alike. A leader at 0.8 shares 8 of the 20 bands, so it is
# among the few that share most.
_LEADERS_A_BUCKET = 64
_COMPARED = 8


def groups(texts: Sequence[str]) -> np.ndarray:
    """Number the texts so that near-identical ones share a number.

    Near-identical are two texts with the same words, whatever their punctuation and capitals; from eight words on also two
    that reach `RESEMBLANCE`, or `CONTAINMENT` at `SIMILAR_LENGTH`, and agree in every number and negation: with
    another figure a report is another report. Each member is near-identical to the first text of its group, so a chain of
    small edits does not drift: its far end starts a group of its own.

    Returns:
        int32, shape (len(texts),): 0, 1, … in order of first appearance. The same texts in the same order always give the same.
    """
    distinct: dict[str, int] = {}
    of_text = np.array([distinct.setdefault(text, len(distinct)) for text in texts], np.int64)
    hashes: dict[str, int] = {}
    same_words: dict[bytes, int] = {}
    of_distinct = np.empty(len(distinct), np.int64)
    kept: list[np.ndarray] = []
    facts: list[int] = []
    for number, text in enumerate(distinct):
        words = _WORD.findall(text.casefold())
        hashed = np.array([hashes.get(word) or _remember(hashes, word) for word in words], np.uint64)
        of_distinct[number] = same_words.setdefault(hashed.tobytes() or text.encode(), len(same_words))
        if len(same_words) > len(kept):
            kept.append(hashed)
            facts.append(_facts(words, hashes))
    leaders = _leaders(kept, facts)
    _, first, renumbered = np.unique(leaders[of_distinct][of_text], return_index=True, return_inverse=True)
    by_appearance = np.argsort(np.argsort(first))
    return by_appearance[renumbered].astype(np.int32)


def _facts(words: Sequence[str], hashes: dict[str, int]) -> int:
    """One number for all the numbers and negations of a text, whatever their order."""
    return sum(hashes[word] for word in words if word[0].isdecimal() or word in _NEGATIONS) % (1 << 64)


def _remember(hashes: dict[str, int], word: str) -> int:
    """Hash a word by its letters, so that nothing depends on which texts came before; numbers without their points."""
    plain = re.sub("[.,]", "", word)
    hashes[word] = value = int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), "little") | 1
    return value


def _leaders(texts: Sequence[np.ndarray], facts: Sequence[int]) -> np.ndarray:
    """The first text of each text's group: int64, shape (len(texts),)."""
    leaders = np.arange(len(texts))
    numbers = np.array([number for number, words in enumerate(texts) if len(words) >= _SHORT], np.int64)
    keys = _band_keys([texts[number] for number in numbers], np.array([facts[number] for number in numbers], np.uint64))
    shared = _occurs_twice(keys)
    buckets: dict[int, list[int]] = {}
    for row in np.flatnonzero(shared.any(axis=1)).tolist():
        number = int(numbers[row])
        mine = keys[row, shared[row]].tolist()
        votes = Counter(leader for key in mine for leader in buckets.get(key, ()))
        candidates = sorted(votes, key=lambda leader: (-votes[leader], leader))[:_COMPARED]
        found = next((leader for leader in candidates if _near_identical(texts[number], texts[leader])), None)
        if found is not None:
            leaders[number] = found
            continue
        for key in mine:
            bucket = buckets.setdefault(key, [])
            if len(bucket) < _LEADERS_A_BUCKET:
                bucket.append(number)
    return leaders


def _band_keys(texts: Sequence[np.ndarray], facts: np.ndarray) -> np.ndarray:
    """Texts with an equal key in any column may be near-identical: uint64, shape (len(texts), _BANDS)."""
    keys = np.empty((len(texts), _BANDS), np.uint64)
    for start in range(0, len(texts), _CHUNK):
        pairs = [_pairs(words) for words in texts[start : start + _CHUNK]]
        starts = np.cumsum([0, *map(len, pairs[:-1])])
        joined = np.concatenate(pairs)
        for band in range(_BANDS):
            key = facts[start : start + _CHUNK] + np.uint64(band)
            for multiplier in _MULTIPLIERS[band]:
                smallest = np.minimum.reduceat((joined * multiplier) >> np.uint64(32), starts)
                key = (key ^ smallest) * _MIX
            keys[start : start + _CHUNK, band] = key
    return keys


def _occurs_twice(keys: np.ndarray) -> np.ndarray:
    """Where a value stands that also stands elsewhere: bool, of the shape of `keys`."""
    order = np.argsort(keys, axis=None)
    ordered = keys.ravel()[order]
    same = ordered[1:] == ordered[:-1]
    found = np.zeros(keys.size, bool)
    found[order[1:][same]] = True
    found[order[:-1][same]] = True
    return found.reshape(keys.shape)


def _near_identical(left: np.ndarray, right: np.ndarray) -> bool:
    ours, theirs = np.unique(_pairs(left)), np.unique(_pairs(right))
    common = len(np.intersect1d(ours, theirs, assume_unique=True))
    shorter, longer = sorted((len(ours), len(theirs)))
    alike = common >= RESEMBLANCE * (shorter + longer - common)
    return alike or (common >= CONTAINMENT * shorter and shorter >= SIMILAR_LENGTH * longer)


def _pairs(words: np.ndarray) -> np.ndarray:
    """One hash for each two neighbouring words: uint64, one fewer than words."""
    pairs: np.ndarray = words[:-1] * _MIX + words[1:]
    return pairs
