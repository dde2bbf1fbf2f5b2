"""Query to hits: the one entry for pages, API and command line."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from archive import Passage, Store, UnknownRelease
from archive.history import has_superseded
from index import generation, marks, query_syntax, ranking, terms
from index.answer import Answer, Hit, Marks, Query, Similar, Status, check_page
from index.build import data_paths, history_path
from index.encoder import Encoder, Matrix
from index.generation import Generation, GenerationError, NoGeneration, Recipe
from index.lexical import NO_MATCHES
from index.model import resolve
from index.query_syntax import Wanted
from index.ranking import Group
from index.relevance import Band, Verdict

_DEPTH = 300  # paragraphs that similarity puts forward, at least
_REMEMBERED = 1_024  # queries whose vectors are kept

Result = TypeVar("Result")
Hits = TypeVar("Hits")


class QueryEncoder(Protocol):
    """What a search needs of an encoder."""

    fingerprint: str

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed queries: float32, shape (len(texts), dim), rows of unit length."""


@dataclass(frozen=True, slots=True)
class _Live:
    generation: Generation
    encoder: QueryEncoder


@dataclass(frozen=True, slots=True)
class _Request:
    """What is looked for in one generation.

    Attributes:
        vector: Placed, float32, shape (1, dim).
        words: Text whose words count; empty where only meaning does.
        allowed: Rows that may be found: bool, shape (n,); None for all.
        first: Hits to leave out at the top.
        count: Hits wanted.
    """

    vector: Matrix
    words: str
    allowed: np.ndarray | None
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class _Found:
    page: list[Group]
    verdict: Verdict
    total: int
    has_more: bool


class Index:
    """The index of one data folder. Safe to share between threads; it follows every generation that is published."""

    def __init__(
        self,
        data: Path,
        model: str | None = None,
        cache_dir: Path | None = None,
        load_encoder: Callable[[str], QueryEncoder] | None = None,
        generations: Path | None = None,
    ) -> None:
        """Open an index; nothing heavy is loaded before the first search, or `warm`.

        Args:
            data: The data folder.
            model: Insist on this model. None takes the one that made the generation.
            cache_dir: Where the embedded model is unpacked to.
            load_encoder: Takes a model's name and loads it; replaces the real one in tests.
            generations: Folder of other generations than the data folder's own, such as one on trial.

        Raises:
            DatabaseError: The archive cannot be opened.
        """
        archive_file, _, folder = data_paths(data)
        self._folder = generations or folder
        self._history = history_path(data)
        self.store = Store(archive_file)
        self._model = model
        self._load_encoder = load_encoder or (lambda name: Encoder(resolve(name, cache_dir, data)))
        self._opened: dict[Path, _Live] = {}
        self._nothing_superseded_in: int | None = None
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
        """Rank the archive's passages for a query, one hit a release: current ones or, if it says so, superseded ones.

        Raises:
            ValueError: The query only says what to leave out.
            NoGeneration: Nothing has been indexed yet, or superseded text has not.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        wanted = query_syntax.parse(query.text)
        live: _Live | None = self._current()
        if query.superseded:
            live = self._superseded()
        started = time.perf_counter()
        if live is None:
            return _nothing(query)
        vector = live.generation.space.place_queries(self._encode(live, wanted.meaning))

        def look(state: int) -> tuple[_Found, tuple[Hit, ...] | None]:
            allowed = self._allowed(live.generation, query, wanted, state)
            request = _Request(vector, wanted.meaning, allowed, query.offset, query.k)
            found = _look(live.generation, request)
            return found, self._hits(live.generation, request, found)

        found, hits = self._consistently(live.generation, look)
        took_ms = (time.perf_counter() - started) * 1000
        verdict = found.verdict
        number = live.generation.meta.number
        return Answer(query, verdict.band, verdict.excess, found.total, found.has_more, took_ms, number, hits)

    def similar_passages(self, release_id: str, position: int, k: int = 10) -> list[Similar]:
        """Passages of other releases that say something like one paragraph does, one a release, best first.

        Args:
            release_id: Public id.
            position: Of the paragraph in the release's current version.
            k: Passages wanted.

        Raises:
            ValueError: k is out of range.
            UnknownRelease: There is no such release or paragraph, or it has not been indexed yet.
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged.
        """
        check_page(k, 0)
        live = self._current().generation
        row = self._row(live, release_id, position)
        others = live.releases != live.releases[row]
        return self._similar(live, live.vectors(np.array([row])), others, k)

    def similar_releases(self, release_id: str, k: int = 10) -> list[Similar]:
        """Releases that are about what one release is about, each with the passage that shows it best, best first.

        Raises:
            ValueError: k is out of range.
            UnknownRelease: There is no such release, or it has not been indexed yet.
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged.
        """
        check_page(k, 0)
        live = self._current().generation
        own = int(live.releases[self._row(live, release_id, 0)])
        vector = live.release_vectors[own : own + 1]
        others = _both(self._without_removed(live, None, self.store.state()), live.releases != own)
        releases = np.unique(live.releases[others])
        likeness = live.release_vectors[releases] @ vector[0]
        nearest = releases[
            np.argsort(-likeness, kind="stable")[: 2 * k]
        ]  # more than wanted, for near-identical ones are folded
        return self._similar(live, vector, np.isin(live.releases, nearest), k)

    def _similar(self, live: Generation, vector: Matrix, allowed: np.ndarray, k: int) -> list[Similar]:
        def look(state: int) -> tuple[None, list[Similar] | None]:
            request = _Request(vector, "", self._without_removed(live, allowed, state), 0, k)
            page = _look(live, request).page
            passages = self._passages(live, [group.rows[0] for group in page])
            if passages is None:
                return None, None
            return None, [Similar(rank, group.scores[0], passages[group.rows[0]]) for rank, group in enumerate(page, 1)]

        return self._consistently(live, look)[1]

    def _row(self, live: Generation, release_id: str, position: int) -> int:
        paragraph_id = self.store.paragraph_id(release_id, position)
        row = int(live.rows_of(np.array([paragraph_id]))[0])
        if row < 0:
            raise UnknownRelease(f"release {release_id!r} has changed and is not indexed yet: run telusur index")
        return row

    def _consistently(self, live: Generation, look: Callable[[int], tuple[Result, Hits | None]]) -> tuple[Result, Hits]:
        """Look at the archive until what was found is all there: a keeper may remove a release between two queries."""
        while True:
            state = self.store.state()
            result, hits = look(state)
            if hits is not None:
                return result, hits
            if self.store.state() == state:
                raise GenerationError(
                    f"generation {live.meta.number} does not fit the archive beside it: run telusur index --rebuild"
                )

    def _hits(self, live: Generation, request: _Request, found: _Found) -> tuple[Hit, ...] | None:
        """The hits of a page; None if the archive does not hold each of their passages."""
        passages = self._passages(live, [row for group in found.page for row in (*group.rows, *group.identical)])
        if passages is None:
            return None
        words = frozenset(terms.terms(request.words))

        def hit(rank: int, row: int, score: float) -> Hit:
            passage = passages[row]
            why = Marks(live.best_sentence(request.vector, row), tuple(marks.word_spans(passage.text, words)))
            return Hit(rank, score, found.verdict.band_of(score), passage, why)

        hits = []
        for rank, group in enumerate(found.page, request.first + 1):
            first, *more = [
                hit(place, row, score) for place, (row, score) in enumerate(zip(group.rows, group.scores, strict=True), 1)
            ]
            hits.append(replace(first, rank=rank, more=tuple(more), identical=tuple(passages[row] for row in group.identical)))
        return tuple(hits)

    def _passages(self, live: Generation, rows: Sequence[int]) -> dict[int, Passage] | None:
        """Passages by row; None if the archive does not hold each of them."""
        ids = {row: int(live.paragraph_ids[row]) for row in rows}
        found = self.store.fetch_passages(ids.values())
        return {row: found[id] for row, id in ids.items()} if len(found) == len(ids) else None

    def _allowed(self, live: Generation, query: Query, wanted: Wanted, state: int) -> np.ndarray | None:
        allowed = _both(live.allowed(query.since, query.until, query.topics), live.satisfying(wanted))
        return self._without_removed(live, allowed, state)

    def _without_removed(self, live: Generation, allowed: np.ndarray | None, state: int) -> np.ndarray | None:
        if state != live.meta.archive_state and (removed := self.store.removed_paragraph_ids()):
            return _both(allowed, ~np.isin(live.paragraph_ids, removed))
        return allowed

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
        return self._open(self._folder)

    def _superseded(self) -> _Live | None:
        """The generation of superseded text, likewise; None where there is no such text.

        Raises:
            NoGeneration: There is, but an older Telusur made the live generation, or the run that made it was killed.
        """
        try:
            return self._open(self._history)
        except NoGeneration:
            live, state = generation.read_meta(self._folder), self.store.state()
            # Where the archive has changed since, its next index will tell: until then what is superseded counts as current.
            if live and live.archive_state == state and self._nothing_superseded_in != state:
                if has_superseded(self.store.database):
                    raise NoGeneration(f"{self._history} holds no index of superseded text yet: run telusur index") from None
                self._nothing_superseded_in = state  # a large archive takes its time to say so
            return None

    def _open(self, folder: Path) -> _Live:
        number = generation.current_number(folder)
        live = self._opened.get(folder)
        if live is not None and live.generation.meta.number == number:
            return live
        with self._lock:
            live = self._opened.get(folder)
            if live is None or live.generation.meta.number != number:
                self._opened[folder] = live = self._load(folder)
            return live

    def _load(self, folder: Path) -> _Live:
        loaded = generation.load(folder)
        recipe = loaded.meta.recipe
        if recipe.terms != terms.VERSION:
            raise GenerationError(f"generation {loaded.meta.number} was made by another Telusur: run telusur index")
        for known in self._opened.values():
            if known.encoder.fingerprint == recipe.fingerprint:
                return _Live(loaded, known.encoder)
        encoder = self._load_encoder(self._model or recipe.model)
        _require_same_model(encoder, recipe, loaded.meta.number, self._model)
        return _Live(loaded, encoder)


def _look(live: Generation, request: _Request) -> _Found:
    """Find a page of the ranking, and how many hits stand above the line."""
    query = request.vector
    matches = live.words.best(request.words, request.allowed) if request.words else NO_MATCHES
    shares = ranking.shares(matches.bm25, matches.coverage)
    matched = matches.rows, live.cosines(query, matches.rows), shares
    depth = _DEPTH
    while True:
        near = live.nearest(query, depth, request.allowed)
        exhausted = len(near[0]) < depth
        groups = ranking.by_release(*ranking.fuse(near, matched, exhausted), live.releases, live.groups)
        if exhausted or len(groups) > request.first + request.count:
            break
        depth *= 4
    best_score = groups[0].scores[0] if groups else -1.0
    verdict = live.relevance.judge(query, near[1], shares, best_score)
    if not exhausted and near[1][-1] >= verdict.line:  # more stands above the line, or on it, than was looked at
        below = float(np.nextafter(np.float32(verdict.line), np.float32(-np.inf)))
        above = ranking.fuse(live.within(query, below, request.allowed), matched, exhausted=True)
        counted = ranking.by_release(*above, live.releases, live.groups)
    else:
        counted = groups
    total = sum(group.scores[0] >= verdict.line for group in counted)
    page = groups[request.first : request.first + request.count]
    return _Found(page, verdict, total, has_more=len(groups) > request.first + request.count)


def _nothing(query: Query) -> Answer:
    """What superseded text answers where there is none: generation 0, which is never published."""
    return Answer(query, Band.WEAK, relevance=-1.0, total=0, has_more=False, took_ms=0.0, generation=0, hits=())


def _both(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    """Rows that pass two filters, either of which may let everything pass."""
    if one is None or other is None:
        return other if one is None else one
    return np.asarray(one & other)


def _require_same_model(encoder: QueryEncoder, recipe: Recipe, number: int, asked_for: str | None) -> None:
    if encoder.fingerprint == recipe.fingerprint:
        return
    name = asked_for or recipe.model
    raise GenerationError(
        f"generation {number} was made by {recipe.model} ({recipe.fingerprint}), not by {name} ({encoder.fingerprint}): "
        f"run telusur index --model {name}, or search without --model"
    )
