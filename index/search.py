"""Query to hits: the one entry for pages, API and command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Semaphore

import numpy as np

from archive import Passage, Store, UnknownRelease
from index import cartography, generation, marks, query_syntax, ranking, survey, terms, trace
from index.answer import Answer, Browsed, Hit, Marks, Query, Similar, Sort, Status, check_page
from index.build import data_paths
from index.cartography import MapView
from index.encoder import Matrix, cores
from index.extents import Extents, measure
from index.filters import Field, Filters
from index.generation import Generation, GenerationError, Meta
from index.memory import LookUps, Remembered
from index.query_syntax import Wanted
from index.relevance import Band
from index.scan import Mode, Scan
from index.scanning import MOST_TOGETHER, Scanning
from index.serving import Live, LoadQueryEncoder, Serving
from index.shelf import Shelf

Choose = Callable[[np.ndarray, np.ndarray], Sequence[int]]
"""Chooses among passages: takes their paragraph ids, int64, shape (m,), best first, and the numbers that their releases share
with those that say nearly the same, int32, shape (m,); gives the places of those wanted, in the order wanted."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Some releases of a ranking.

    Attributes:
        releases: In order.
        total: Releases of the whole ranking that stand above the line.
        has_more: More follow.
    """

    releases: np.ndarray
    total: int
    has_more: bool


class Index:
    """The index of one data folder. Safe to share between threads; it follows every generation that is published."""

    def __init__(
        self,
        data: Path,
        model: str | None = None,
        cache_dir: Path | None = None,
        load_encoder: LoadQueryEncoder | None = None,
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
        self.store = Store(data_paths(data)[0])
        self._serving = Serving(data, self.store, model, cache_dir, load_encoder, generations)
        self._maps: Remembered[Hashable, MapView] = Remembered(lambda _view: 1, 1)
        turns = Semaphore(cores())  # more threads at work than that would only take the interpreter from each other
        self._scanning = Scanning(self._serving, turns)
        self._shelf = Shelf(self.store, turns)

    def close(self) -> None:
        """Finish what was asked for, and close the archive."""
        self._scanning.close()
        self.store.close()

    def warm(self) -> None:
        """Load generation and model, and send one query through.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        self._serving.encode([(self._serving.current(), "siap")])

    def status(self) -> Status:
        """What the live generation says of itself, without loading anything.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged.
        """
        meta = self._meta()
        stale = meta.archive_state != self.store.state()
        return Status(meta.number, meta.recipe.model, meta.paragraphs, meta.releases, stale)

    def indexed_at(self) -> datetime:
        """When the live generation was made, without loading anything.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged.
        """
        return datetime.fromisoformat(self._meta().created_at)

    def look_ups(self) -> dict[str, LookUps]:
        """How often what a search needs was known already: by "vectors" of queries, and "scans" of the index by one."""
        return {"vectors": self._serving.look_ups(), "scans": self._scanning.look_ups()}

    def answering(self, superseded: bool = False) -> int:
        """Number of the generation that answers now, be it one of superseded text, then 0 where there is no such text.

        Where another one was published a moment ago and is still being loaded, `status` names that one and this does not.

        Raises:
            NoGeneration: Nothing has been indexed yet, or superseded text has not.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        live = self._live(superseded)
        return live.generation.meta.number if live else 0

    def unindexed(self) -> int:
        """How many paragraphs of the archive cannot be found yet, for they were imported after it was indexed.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        live = self._serving.current().generation
        if self.store.state() == live.meta.archive_state:
            return 0
        return int(np.count_nonzero(live.rows_of(np.array(self.store.live_paragraph_ids(), dtype=np.int64)) < 0))

    def extents(self, field: Field) -> Extents:
        """How many releases each value of a field has, and from when to when.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        live = self._serving.current().generation
        return Extents(live.meta.number, measure(live.catalog, field, self._shelf.present(live, self.store.state())))

    def search(self, query: Query) -> Answer:
        """Rank the archive's passages for a query, one hit a release: current ones or, if it says so, superseded ones.

        Raises:
            ValueError: The query only says what to leave out.
            NoGeneration: Nothing has been indexed yet, or superseded text has not.
            GenerationGone: The generation asked for is not open any more.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        return self.search_many([query])[0]

    def search_many(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer several queries as `search` does, with one pass of the model. They all see the same generation.

        Raises:
            ValueError: A query only says what to leave out.
            NoGeneration: Nothing has been indexed yet, or superseded text has not.
            GenerationGone: A generation asked for is not open any more.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        wanted = [query_syntax.parse(query.text) for query in queries]
        live = {is_superseded: self._live(is_superseded) for is_superseded in {query.superseded for query in queries}}
        lives = [
            live[query.superseded] if query.generation is None else self._serving.recent(query.generation, query.superseded)
            for query in queries
        ]
        asked = list(zip(lives, queries, wanted, strict=True))
        started = time.perf_counter()
        if len(queries) > 1:
            self._serving.encode_ahead(
                (live, want.meaning) for live, query, want in asked if live and query.mode is not Mode.WORDS
            )
        encoding_ms = (time.perf_counter() - started) * 1000 / max(len(queries), 1)
        answers: list[Answer] = []
        for some in (asked[start : start + MOST_TOGETHER] for start in range(0, len(asked), MOST_TOGETHER)):
            scans = [self._scanning.begin(live, query, want) if live else None for live, query, want in some]
            answers += [
                self._answer(live, query, want, scan, encoding_ms) if live and scan else _nothing(query)
                for (live, query, want), scan in zip(some, scans, strict=True)
            ]
        return answers

    def above_line(self, query: Query, choose: Choose) -> tuple[int, tuple[Hit, ...]]:
        """Passages above the line, whichever a caller chooses of them all, however far down they stand.

        Args:
            query: Its page and order count for nothing.
            choose: May be asked again where the archive changes meanwhile.

        Returns:
            Number of the generation, and the passages in the order chosen; their ranks count from 1 in it.

        Raises:
            ValueError: The query only says what to leave out.
            NoGeneration: Nothing has been indexed yet, or superseded text has not.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        wanted = query_syntax.parse(query.text)
        current = self._live(query.superseded)
        if current is None:
            return 0, ()
        found, live = self._scanning.scan(current, query, wanted), current.generation
        scored = found.scored
        is_above = (scored.notable_scores >= found.verdict.line) & live.catalog.passing(query.filters)[scored.notable_releases]
        words = frozenset(terms.terms(wanted.meaning))

        def look(present: np.ndarray) -> tuple[Hit, ...] | None:
            places = np.flatnonzero(is_above & present[scored.notable_releases])
            rows = scored.notable[places]
            chosen = list(choose(live.paragraph_ids[rows], scored.groups[scored.notable_releases[places]]))
            passages = self._shelf.passages(live, rows[chosen].tolist())
            if passages is None:
                return None
            pairs = zip(rows[chosen].tolist(), scored.notable_scores[places[chosen]].tolist(), strict=True)
            return tuple(
                _hit(live, found, words, rank, passages[row], row, score) for rank, (row, score) in enumerate(pairs, 1)
            )

        return live.meta.number, self._shelf.consistently(live, look)

    def passages_of(self, query: Query, release_id: str) -> tuple[Hit, ...]:
        """The passages of one release that a query finds above the line, in reading order, whatever its filters.

        A release that has been removed, or has not been indexed yet, has none.

        Raises:
            ValueError: The query only says what to leave out.
            NoGeneration: Nothing has been indexed yet, or superseded text has not.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        wanted = query_syntax.parse(query.text)
        live = self._live(query.superseded)
        if live is None:
            return ()
        found = self._scanning.scan(live, query, wanted)
        try:
            release = live.generation.releases[self._shelf.row(live.generation, release_id, 0)]
        except UnknownRelease:
            return ()
        scored = found.scored
        is_wanted = (scored.notable_releases == release) & (scored.notable_scores >= found.verdict.line)
        pairs = zip(scored.notable[is_wanted].tolist(), scored.notable_scores[is_wanted].tolist(), strict=True)
        scores = dict(sorted(pairs))
        passages = self._shelf.passages(live.generation, list(scores)) or {}
        words = frozenset(terms.terms(wanted.meaning))
        return tuple(
            _hit(live.generation, found, words, rank, passages[row], row, score)
            for rank, (row, score) in enumerate(scores.items(), 1)
            if row in passages
        )

    def browse(
        self, filters: Filters, k: int = 10, offset: int = 0, sort: Sort = Sort.NEWEST, generation: int | None = None
    ) -> Browsed:
        """List releases without a query, by date, those without one last.

        Args:
            filters: Which releases.
            k: Releases wanted.
            offset: Releases to leave out at the top.
            sort: `NEWEST` or `OLDEST`.
            generation: Number of the generation that answers, so that pages fit each other; None for the live one.

        Raises:
            ValueError: k or offset is out of range, or the order is by relevance.
            NoGeneration: Nothing has been indexed yet.
            GenerationGone: The generation asked for is not open any more.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        check_page(k, offset)
        if sort is Sort.RELEVANCE:
            raise ValueError("without a query nothing is more relevant than anything else: sort by newest or oldest")
        live = (self._serving.current() if generation is None else self._serving.recent(generation)).generation

        def look(present: np.ndarray) -> Browsed | None:
            releases = _by_date(np.flatnonzero(live.catalog.passing(filters) & present), live.catalog.days, sort)
            rows = live.layout.starts[releases[offset : offset + k]].tolist()
            passages = self._shelf.passages(live, rows)
            if passages is None:
                return None
            every = np.ones_like(present)
            spread = survey.take(live.catalog, filters, present, every, np.arange(len(every)))
            return Browsed(len(releases), live.meta.number, tuple(passages[row] for row in rows), spread)

        return self._shelf.consistently(live, look)

    def map(self) -> MapView:
        """Where the releases lie on the map of the archive, and the topics that they gather to.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        live = self._serving.current().generation
        key = live.meta.number, self.store.state()
        if (known := self._maps.get(key)) is not None:
            return known
        drawn = live.map
        if drawn is None:
            raise GenerationError(f"generation {live.meta.number} has no map: run telusur index --rebuild")

        def look(present: np.ndarray) -> MapView | None:
            releases = np.flatnonzero(present).tolist()
            starts = live.layout.starts[releases].tolist()
            passages = self._shelf.passages(live, starts)
            if passages is None:
                return None
            found = {release: passages[start].release for release, start in zip(releases, starts, strict=True)}
            return cartography.view(drawn, live.release_vectors, found, live.meta.number)

        view = self._shelf.consistently(live, look)
        self._maps.keep(key, view)
        return view

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
        live = self._serving.current().generation
        row = self._shelf.row(live, release_id, position)
        others = np.ones(len(live.layout.starts), dtype=bool)
        others[live.releases[row]] = False
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
        live = self._serving.current().generation
        own = int(live.releases[self._shelf.row(live, release_id, 0)])
        vector = live.release_vectors[own : own + 1]
        likeness = np.where(self._shelf.present(live, self.store.state()), live.release_vectors @ vector[0], -np.inf)
        likeness[own] = -np.inf
        # More than wanted, for near-identical ones are folded.
        nearest = np.argsort(-likeness, kind="stable")[: 2 * k]
        others = np.zeros(len(likeness), dtype=bool)
        others[nearest[likeness[nearest] > -np.inf]] = True
        return self._similar(live, vector, others, k)

    def _similar(self, live: Generation, vector: Matrix, others: np.ndarray, k: int) -> list[Similar]:
        with trace.stage("scan"):
            scored = ranking.by_release(live.similarities(vector)[0], live.layout, np.inf)

        def look(present: np.ndarray) -> list[Similar] | None:
            releases = ranking.order(scored, others & present)[:k].tolist()
            passages = self._shelf.passages(live, scored.rows[releases].tolist())
            if passages is None:
                return None
            return [
                Similar(rank, float(scored.best[release]), passages[int(scored.rows[release])])
                for rank, release in enumerate(releases, 1)
            ]

        return self._shelf.consistently(live, look)

    def _meta(self) -> Meta:
        folder = self._serving.folder
        return generation.read_meta(folder) or generation.load(folder).meta

    def _live(self, superseded: bool) -> Live | None:
        current = self._serving.current()
        return self._serving.superseded() if superseded else current

    def _answer(self, live: Live, query: Query, wanted: Wanted, scan: Callable[[], Scan], encoding_ms: float) -> Answer:
        started = time.perf_counter()
        found = scan()
        generation = live.generation
        passing = generation.catalog.passing(query.filters)

        def look(present: np.ndarray) -> Answer | None:
            with trace.stage("rank"):
                page = _page(generation, query, found, passing & present)
                groups = ranking.group(found.scored, page.releases, passing & present)
            hits = self._hits(generation, query, wanted, found, groups)
            if hits is None:
                return None
            spread = None
            if query.surveyed:
                with trace.stage("rank"):
                    spread = survey.take(generation.catalog, query.filters, present, found.above, found.scored.groups)
            took_ms = encoding_ms + (time.perf_counter() - started) * 1000
            band = found.verdict.band if page.total else Band.WEAK
            return Answer(
                query, band, found.verdict.excess, page.total, page.has_more, took_ms, generation.meta.number, hits, spread
            )

        return self._shelf.consistently(generation, look)

    def _hits(
        self, live: Generation, query: Query, wanted: Wanted, found: Scan, groups: Sequence[ranking.Group]
    ) -> tuple[Hit, ...] | None:
        """The hits of a page; None if the archive does not hold each of their passages."""
        passages = self._shelf.passages(live, [row for group in groups for row in (*group.rows, *group.identical)])
        if passages is None:
            return None
        words = frozenset(terms.terms(wanted.meaning))
        hits = []
        for rank, group in enumerate(groups, query.offset + 1):
            first, *more = (
                _hit(live, found, words, place, passages[row], row, score)
                for place, (row, score) in enumerate(zip(group.rows, group.scores, strict=True), 1)
            )
            identical = tuple(passages[row] for row in group.identical)
            hits.append(replace(first, rank=rank, more=tuple(more), identical=identical))
        return tuple(hits)


def _page(live: Generation, query: Query, found: Scan, allowed: np.ndarray) -> _Page:
    releases = ranking.order(found.scored, allowed)
    total = int(np.count_nonzero(found.above[releases]))  # they stand first, and so does the line
    if query.sort is not Sort.RELEVANCE:
        releases = np.concatenate([_by_date(releases[:total], live.catalog.days, query.sort), releases[total:]])
    last = query.offset + query.k
    return _Page(releases[query.offset : last], total, len(releases) > last)


def _by_date(releases: np.ndarray, days: np.ndarray, sort: Sort) -> np.ndarray:
    """Releases by day of publication, those without one last; those of one day in the order in which they came."""
    own = days[releases]
    key = -own if sort is Sort.NEWEST else np.where(own > 0, own, np.iinfo(np.int32).max)
    return releases[np.argsort(key, kind="stable")]


def _hit(live: Generation, found: Scan, words: frozenset[str], rank: int, passage: Passage, row: int, score: float) -> Hit:
    sentence = None if found.vector is None else live.best_sentence(found.vector, row)
    why = Marks(sentence, tuple(marks.word_spans(passage.text, words)))
    return Hit(rank, score, found.verdict.band_of(score), passage, why)


def _nothing(query: Query) -> Answer:
    """What superseded text answers where there is none: generation 0, which is never published."""
    return Answer(query, Band.WEAK, relevance=-1.0, total=0, has_more=False, took_ms=0.0, generation=0, hits=())
