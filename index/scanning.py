"""Scans for many readers: what was found is remembered, and what is asked for at the same time is looked for in one go."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Semaphore
from typing import NamedTuple

import numpy as np

from index import scan, trace
from index.answer import Query
from index.encoder import Matrix
from index.generation import Generation
from index.lexical import NO_MATCHES
from index.memory import LookUps, Remembered
from index.query_syntax import Wanted
from index.scan import Mode, Scan
from index.serving import Live, Serving
from index.together import Together

MOST_TOGETHER = 16
"""Queries encoded and compared at once; by then each takes a quarter of its time alone, and 4 bytes a paragraph."""

_REMEMBERED_BYTES = 160 * 2**20  # a thousand queries to an archive of 100,000 paragraphs


class _Compared(NamedTuple):
    """A query beside every paragraph.

    Attributes:
        vector: The query, placed, shape (1, dim).
        similarities: Cosines less hub offsets, float32, shape (n,).
        encode_ms: What the model took, for all that were encoded with it; 0 where the vector was known.
    """

    vector: Matrix
    similarities: np.ndarray
    encode_ms: float


class Scanning:
    """Scans the generations that are open. Safe to share between threads."""

    def __init__(self, serving: Serving, turns: Semaphore) -> None:
        """Remember nothing yet.

        Args:
            serving: Where vectors of queries come from.
            turns: Taken to compute, but not to wait.
        """
        self._serving = serving
        self._turns = turns
        self._scans: Remembered[Hashable, Scan] = Remembered(lambda one: one.scored.nbytes, _REMEMBERED_BYTES)
        self._compare = Together(self._compare_all, MOST_TOGETHER, "compare")

    def close(self) -> None:
        """Finish what was asked for."""
        self._compare.close()

    def look_ups(self) -> LookUps:
        """How often a scan was known already."""
        return self._scans.look_ups()

    def scan(self, live: Live, query: Query, wanted: Wanted) -> Scan:
        """What a query finds whatever its filters; remembered, for its next page and its other filters are asked for next.

        Args:
            live: What to look through.
            query: Its mode and whether it looks for superseded text count.
            wanted: What it asks for.
        """
        return self.begin(live, query, wanted)()

    def begin(self, live: Live, query: Query, wanted: Wanted) -> Callable[[], Scan]:
        """Ask for a scan as `scan` does, and return what waits for it: who begins several has them done in one go."""
        key = (query.superseded, live.generation.meta.number, query.mode, wanted)
        known = self._scans.get(key)
        if known is not None:
            return lambda: known
        if query.mode is Mode.WORDS:
            finish = partial(self._by_words, live.generation, wanted)
        else:
            asked = self._compare.submit((live, wanted.meaning))
            finish = partial(self._by_meaning, live.generation, wanted, query.mode, asked)

        def find() -> Scan:
            # Questions that differ in their filters alone are often begun together, and found by the first of them.
            found = self._scans.get_again(key)
            if found is None:
                found = finish()
                self._scans.keep(key, found)
            return found

        return find

    def _by_words(self, live: Generation, wanted: Wanted) -> Scan:
        with self._turns, trace.stage("words"):
            return scan.by_words(live, wanted.meaning, live.satisfying(wanted))

    def _by_meaning(self, live: Generation, wanted: Wanted, mode: Mode, asked: Future[_Compared]) -> Scan:
        with self._turns, trace.stage("words"):  # while the model reads, for they need no vector
            passing = live.satisfying(wanted)
            words = live.words.best(wanted.meaning, passing) if mode is Mode.BOTH else NO_MATCHES
        started = time.perf_counter()
        compared = asked.result()
        waited_ms = (time.perf_counter() - started) * 1000
        encode_ms = min(compared.encode_ms, waited_ms)
        if encode_ms:
            trace.add("encode", encode_ms)
        trace.add("scan", waited_ms - encode_ms)
        with self._turns, trace.stage("scan"):
            return scan.by_meaning(live, compared.vector, compared.similarities, words, passing)

    def _compare_all(self, asked: Sequence[tuple[Live, str]]) -> list[_Compared]:
        """Compare each text with its generation, those of one generation in one go."""
        started = time.perf_counter()
        vectors, had_to_encode = self._serving.encode(asked)
        encode_ms = (time.perf_counter() - started) * 1000 if had_to_encode else 0.0
        lives = {id(live.generation): live.generation for live, _ in asked}
        texts: dict[int, dict[str, Matrix]] = {key: {} for key in lives}
        for (live, text), vector in zip(asked, vectors, strict=True):
            texts[id(live.generation)][text] = live.generation.space.place_queries(vector)
        found: dict[tuple[int, str], _Compared] = {}
        for key, placed in texts.items():
            similarities = lives[key].similarities(np.concatenate(list(placed.values())))
            for (text, vector), row in zip(placed.items(), similarities, strict=True):
                found[key, text] = _Compared(vector, row, encode_ms)
        return [found[id(live.generation), text] for live, text in asked]
