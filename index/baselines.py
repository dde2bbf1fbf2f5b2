"""Other rankings of the same paragraphs, to measure the product against: what peers do, and each of its own steps left out.

They take what the index is made of, vectors from the cache and words from the generation, and compare every paragraph with
every query, so that no search structure blurs the difference. All honour quotation marks and a minus as the product does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from archive import Store
from index import query_syntax, ranking, rewording, space
from index.build import data_paths, indexed_rows, read_unplaced
from index.encoder import Matrix, unit
from index.evaluation import Found
from index.generation import load
from index.model import Model
from index.ranking import Group

NAMES = {
    "words": "BM25 alone",
    "alone": "each paragraph's own vector, compared by cosine",
    "rrf": "reciprocal rank fusion of these two",
    "no-context": "the product without the vectors in context, and so without what the map learns from them",
    "no-centring": "the product without the means taken off",
    "no-map": "the product without the map",
    "no-hubs": "the product without the hub offsets",
    "no-rewording": "the product with questions read in their own words only",
    "no-words": "the product without words",
    "no-coverage": "the product with words weighed by BM25 over its bound alone, however little of the query they cover",
}

DEPTH = 20
"""Releases found: the passages of ten places lie among theirs."""

_FUSED_AFTER = 60  # k of Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion", SIGIR 2009

_Rank = Callable[[str, np.ndarray | None], np.ndarray]
"""Scores all paragraphs for a text, given which may be found; -inf for those not found."""


class QueryVectors:
    """An encoder that sends queries through the model once for all rankings, many at a time."""

    def __init__(self, encode: Callable[[Sequence[str]], Matrix], fingerprint: str) -> None:
        """Wrap a loaded model.

        Args:
            encode: Its `encode_queries`.
            fingerprint: Of its weights.
        """
        self.fingerprint = fingerprint
        self._encode = encode
        self._known: dict[str, np.ndarray] = {}

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Vectors of queries: float32, shape (len(texts), dim); what is not known yet goes through the model."""
        if missing := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(missing, self._encode(missing), strict=True))
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True, slots=True)
class _Steps:
    """Which of the product's steps are taken."""

    rewording: bool = True
    context: bool = True
    centring: bool = True
    map: bool = True
    hubs: bool = True
    words: bool = True
    coverage: bool = True


class Baselines:
    """The rankings of one data folder's live generation."""

    def __init__(self, data: Path, store: Store, model: Model, vectors: QueryVectors) -> None:
        """Read what they are made from.

        Args:
            data: The data folder.
            store: Its archive.
            model: The one that made the generation.
            vectors: That model, loaded.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged or older than the archive, or the cache lacks its vectors.
            DatabaseError: Archive or cache cannot be read.
        """
        self._live = live = load(data_paths(data)[2])
        rows = indexed_rows(store, live)
        self._vectors = vectors
        self._unplaced = read_unplaced(data, model, rows)
        passages = store.fetch_passages(live.paragraph_ids.tolist())
        places = (passages[paragraph_id] for paragraph_id in live.paragraph_ids.tolist())
        self._places = [(passage.release.id, passage.position) for passage in places]

    def finder(self, name: str) -> Callable[[str], Found]:
        """A ranking by its name, one of `NAMES`: takes a query and finds `DEPTH` releases."""
        rank = self._ranking(name)

        def find(text: str) -> Found:
            wanted = query_syntax.parse(text)
            allowed = self._live.satisfying(wanted)
            scores = rank(wanted.meaning, allowed)
            if allowed is not None:
                scores = np.where(allowed, scores, -np.inf)
            scored = ranking.by_release(scores.astype(np.float32), self._live.layout, least=-np.inf)
            return self._found(ranking.group(scored, ranking.order(scored)[:DEPTH]))

        return find

    def _ranking(self, name: str) -> _Rank:
        if name == "words":
            return self._rank_words
        if name == "alone":
            return self._rank_alone
        if name == "rrf":
            return self._rank_fused
        return self._without(_Steps(**{name.removeprefix("no-"): False}))

    def _rank_words(self, text: str, allowed: np.ndarray | None) -> np.ndarray:
        rows = self._live.words.best(text, allowed).rows
        scores = np.full(len(self._places), -np.inf)
        scores[rows] = -np.arange(len(rows))
        return scores

    def _rank_alone(self, text: str, _allowed: np.ndarray | None) -> np.ndarray:
        return np.asarray(self._unplaced.alone @ self._vectors.encode_queries([text])[0])

    def _rank_fused(self, text: str, allowed: np.ndarray | None) -> np.ndarray:
        similarities = self._rank_alone(text, allowed)
        if allowed is not None:
            similarities = np.where(allowed, similarities, -np.inf)
        scores = np.empty(len(similarities))
        scores[np.argsort(-similarities, kind="stable")] = 1 / (_FUSED_AFTER + np.arange(1, len(similarities) + 1))
        rows = self._live.words.best(text, allowed).rows
        scores[rows] += 1 / (_FUSED_AFTER + np.arange(1, len(rows) + 1))
        return scores

    def _without(self, steps: _Steps) -> _Rank:
        """The product, but for the steps that are not taken."""
        own, in_context, asked = self._unplaced
        if not steps.context:
            in_context = own
        passages, placing = unit(own + in_context), space.fit(own, in_context, asked)
        if not steps.centring:
            nothing = np.zeros_like(placing.query_mean)
            placing = replace(placing, passage_mean=nothing, query_mean=nothing)
        if not steps.map:
            placing = replace(placing, map=np.eye(len(placing.map), dtype=np.float32))
        placed = placing.place_passages(passages)
        offsets = space.hub_offsets(placed, placing.place_queries(asked)) if steps.hubs else 0

        def rank(text: str, allowed: np.ndarray | None) -> np.ndarray:
            encode = self._vectors.encode_queries
            vector = rewording.encode(encode, [text]) if steps.rewording else encode([text])
            cosines = np.asarray(placed @ placing.place_queries(vector)[0] - offsets)
            if not steps.words:
                return cosines
            matches = self._live.words.best(text, allowed)
            shares = np.zeros_like(cosines)
            shares[matches.rows] = ranking.shares(matches.bm25, matches.coverage) if steps.coverage else matches.bm25
            return ranking.score(cosines, shares)

        return rank

    def _found(self, groups: Sequence[Group]) -> Found:
        scored = []
        for group in groups:
            first, *more = group.rows
            scored.append((group.scores[0], [first, *group.identical]))
            scored += [(score, [row]) for score, row in zip(group.scores[1:], more, strict=True)]
        scored.sort(key=lambda one: one[0], reverse=True)
        return Found(
            [[self._places[row][0] for row in (group.rows[0], *group.identical)] for group in groups],
            [[self._places[row] for row in rows] for _, rows in scored],
        )
