"""Query to hits: the one entry for pages, API and command line."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from archive import Passage, Store
from index import fusion, generation, terms
from index.build import data_paths
from index.encoder import Encoder, Matrix
from index.generation import Generation, GenerationError, Recipe
from index.model import resolve

MAX_QUERY_CHARS = 2_000
MAX_K = 100
MAX_OFFSET = 10_000

_DEPTH = 300  # paragraphs that each side of the search puts forward, at least
_MORE = 5  # further passages shown with a release
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")  # what a terminal's broken bytes become
_REMEMBERED = 1_024  # queries whose vectors are kept


class QueryEncoder(Protocol):
    """What a search needs of an encoder."""

    fingerprint: str

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed queries: float32, shape (len(texts), dim), rows of unit length."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a reader asks.

    Attributes:
        text: In plain language, up to `MAX_QUERY_CHARS`.
        k: Releases wanted, 1 to `MAX_K`.
        offset: Releases to leave out at the top, for later pages, up to `MAX_OFFSET`.
        since: First day of publication.
        until: Last day of publication.
        topics: Any of these; none means all.

    Raises:
        ValueError: A field is outside its range; the message names it.
    """

    text: str
    k: int = 10
    offset: int = 0
    since: date | None = None
    until: date | None = None
    topics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no search can answer."""
        if not self.text.strip():
            raise ValueError("the query is empty: type a question or a statement")
        if len(self.text) > MAX_QUERY_CHARS:
            raise ValueError(f"the query has {len(self.text)} characters: shorten it to {MAX_QUERY_CHARS}")
        if _HALF_A_PAIR.search(self.text):
            raise ValueError("the query contains half a surrogate pair: send it as UTF-8")
        if not 1 <= self.k <= MAX_K:
            raise ValueError(f"k must be 1 to {MAX_K}: {self.k}")
        if not 0 <= self.offset <= MAX_OFFSET:
            raise ValueError(f"offset must be 0 to {MAX_OFFSET}: {self.offset}")
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since ({self.since}) is later than until ({self.until}): swap them")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found.

    Attributes:
        rank: Counts from 1 over all releases; for a passage under `more`, over the passages of its release.
        score: Fused score of the two kinds of search; it never rises down the list.
        passage: The paragraph and its release.
        more: The release's further passages, best first.
    """

    rank: int
    score: float
    passage: Passage
    more: tuple[Hit, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The hit as command line and endpoint print it."""
        document = {
            "rank": self.rank,
            "score": round(self.score, 6),
            "passage": self.passage.text,
            "paragraph": self.passage.position,
            "release": asdict(self.passage.release),
        }
        if self.more:
            document["more"] = [hit.to_dict() for hit in self.more]
        return document


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found.

    Attributes:
        query: What was asked.
        total: Releases that pass the filters; each of them has a rank, so each can be paged to.
        took_ms: Time of the search, in milliseconds.
        generation: Number of the generation that answered.
        hits: One a release, best first.
    """

    query: Query
    total: int
    took_ms: float
    generation: int
    hits: tuple[Hit, ...]

    def to_dict(self) -> dict[str, Any]:
        """The answer as command line and endpoint print it."""
        return {
            "query": self.query.text,
            "total": self.total,
            "took_ms": round(self.took_ms, 1),
            "generation": self.generation,
            "hits": [hit.to_dict() for hit in self.hits],
        }


@dataclass(frozen=True, slots=True)
class Status:
    """What an index can say of itself.

    Attributes:
        generation: Number of the live generation.
        model: What made its vectors.
        paragraphs: Paragraphs that can be found.
        releases: Releases they belong to.
        stale: The archive has changed since; `telusur index` brings the change in.
    """

    generation: int
    model: str
    paragraphs: int
    releases: int
    stale: bool


_Group = list[tuple[int, float]]
"""Rows of one release with their scores, best first."""


@dataclass(frozen=True, slots=True)
class _Live:
    generation: Generation
    encoder: QueryEncoder


class Index:
    """The index of one data folder. Safe to share between threads; it follows every generation that is published."""

    def __init__(
        self,
        data: Path,
        model: str | None = None,
        cache_dir: Path | None = None,
        load_encoder: Callable[[str], QueryEncoder] | None = None,
    ) -> None:
        """Open an index; nothing heavy is loaded before the first search, or `warm`.

        Args:
            data: The data folder.
            model: Insist on this model. None takes the one that made the generation.
            cache_dir: Where the embedded model is unpacked to.
            load_encoder: Takes a model's name and loads it; replaces the real one in tests.

        Raises:
            DatabaseError: The archive cannot be opened.
        """
        archive_file, _, self._folder = data_paths(data)
        self.store = Store(archive_file)
        self._model = model
        self._load_encoder = load_encoder or (lambda name: Encoder(resolve(name, cache_dir)))
        self._live: _Live | None = None
        self._lock = threading.Lock()
        self._query_vectors: OrderedDict[tuple[str, str], Matrix] = OrderedDict()

    def close(self) -> None:
        """Close the archive."""
        self.store.close()

    def warm(self) -> None:
        """Load generation and model, and send one query through.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        self._encode(self._current(), "siap")

    def status(self) -> Status:
        """What the live generation says of itself, without loading anything.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged.
        """
        meta = generation.read_meta(self._folder)
        if meta is None:
            meta = generation.load(self._folder).meta
        stale = meta.archive_state != self.store.state()
        return Status(meta.number, meta.recipe.model, meta.paragraphs, meta.releases, stale)

    def search(self, query: Query) -> Answer:
        """Rank the archive's passages for a query, one hit a release.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        live = self._current()
        started = time.perf_counter()
        vector = self._encode(live, query.text)
        releases = live.generation.releases
        while True:
            state = self.store.state()
            allowed = self._allowed(live.generation, query, state)
            total = len(np.unique(releases if allowed is None else releases[allowed]))
            groups = self._groups(live.generation, vector, query, allowed, min(query.offset + query.k, total))
            hits = self._hits(live.generation, groups[query.offset : query.offset + query.k], query.offset + 1)
            if hits is not None:
                break
            if self.store.state() == state:
                number = live.generation.meta.number
                raise GenerationError(f"generation {number} does not fit the archive beside it: run telusur index --rebuild")
            # A release was removed at this very moment.
        took_ms = (time.perf_counter() - started) * 1000
        return Answer(query, total, took_ms, live.generation.meta.number, hits)

    def _groups(self, live: Generation, vector: Matrix, query: Query, allowed: np.ndarray | None, wanted: int) -> list[_Group]:
        """Rows and scores grouped by release, at least `wanted` groups: see `_by_release`.

        Looking deeper only adds below what was found before, for scores depend on the depth: otherwise two pages that need
        different depths would repeat releases and leave others out.
        """
        groups: dict[int, _Group] = {}
        depth = _DEPTH
        while True:
            dense = live.nearest(vector, depth, allowed)[0][0]
            lexical = live.words.best(query.text, depth, allowed)[0]
            found = self._by_release(live, *fusion.reciprocal_rank([dense, lexical]))
            lowest = min((group[0][1] for group in groups.values()), default=np.inf)
            for release, group in found.items():
                groups.setdefault(release, [(row, min(score, lowest)) for row, score in group])
            if depth >= len(live.paragraph_ids) or len(groups) >= wanted:
                return list(groups.values())
            depth *= 4

    def _hits(self, live: Generation, page: list[_Group], first_rank: int) -> tuple[Hit, ...] | None:
        """One hit a group; None if the archive does not hold each of their passages."""
        ids = live.paragraph_ids
        passages = self.store.fetch_passages(int(ids[row]) for group in page for row, _ in group)
        if len(passages) < sum(map(len, page)):
            return None
        hits = []
        for rank, group in enumerate(page, first_rank):
            found = [Hit(place, score, passages[int(ids[row])]) for place, (row, score) in enumerate(group, 1)]
            hits.append(replace(found[0], rank=rank, more=tuple(found[1:])))
        return tuple(hits)

    def _allowed(self, live: Generation, query: Query, state: int) -> np.ndarray | None:
        allowed = live.allowed(query.since, query.until, query.topics)
        if state != live.meta.archive_state and (removed := self.store.removed_paragraph_ids()):
            gone = np.isin(live.paragraph_ids, removed)
            return ~gone if allowed is None else allowed & ~gone
        return allowed

    @staticmethod
    def _by_release(live: Generation, rows: np.ndarray, scores: np.ndarray) -> dict[int, _Group]:
        """Rows and scores grouped by release: groups by their best row, rows within a group, both best first."""
        groups: dict[int, _Group] = {}
        for row, release, score in zip(rows.tolist(), live.releases[rows].tolist(), scores.tolist(), strict=True):
            group = groups.setdefault(release, [])
            if len(group) <= _MORE:
                group.append((row, score))
        return groups

    def _encode(self, live: _Live, text: str) -> Matrix:
        key = (live.encoder.fingerprint, text)
        with self._lock:
            known = self._query_vectors.get(key)
        if known is None:
            known = live.encoder.encode_queries([text])
        with self._lock:
            self._query_vectors[key] = known
            self._query_vectors.move_to_end(key)
            if len(self._query_vectors) > _REMEMBERED:
                self._query_vectors.popitem(last=False)
        return known

    def _current(self) -> _Live:
        """The live generation with the model that made it, loaded when another was published."""
        number = generation.current_number(self._folder)
        live = self._live
        if live is not None and live.generation.meta.number == number:
            return live
        with self._lock:
            live = self._live
            if live is None or live.generation.meta.number != number:
                self._live = live = self._load(live)
            return live

    def _load(self, previous: _Live | None) -> _Live:
        loaded = generation.load(self._folder)
        recipe = loaded.meta.recipe
        if recipe.terms != terms.VERSION:
            raise GenerationError(f"generation {loaded.meta.number} was made by another Telusur: run telusur index")
        if previous is not None and previous.encoder.fingerprint == recipe.fingerprint:
            return _Live(loaded, previous.encoder)
        encoder = self._load_encoder(self._model or recipe.model)
        _require_same_model(encoder, recipe, loaded.meta.number, self._model)
        return _Live(loaded, encoder)


def _require_same_model(encoder: QueryEncoder, recipe: Recipe, number: int, asked_for: str | None) -> None:
    if encoder.fingerprint == recipe.fingerprint:
        return
    name = asked_for or recipe.model
    raise GenerationError(
        f"generation {number} was made by {recipe.model} ({recipe.fingerprint}), not by {name} ({encoder.fingerprint}): "
        f"run telusur index --model {name}, or search without --model"
    )
