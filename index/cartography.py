"""A picture of the archive: each release a dot, those that are about the same close together, with names for what gathers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index import topics_of_map
from index.encoder import Matrix, unit
from index.topics_of_map import NO_CLUSTER

if TYPE_CHECKING:
    from openTSNE.affinity import Affinities

    from archive import ReleaseSummary

CENTRAL = 3
"""Releases that stand for a topic, at most."""

MOST_CHANGED = 0.1
"""Share of the releases last drawn together that may have come or gone before all are drawn anew."""

_PERPLEXITY = 30
_PERPLEXITY_ADDED = 5
_NEIGHBOURS = 25  # that a new dot starts among
_SEED = 20
_THREADS = 1  # more of them wait for each other where the machine has other work, and took ten times as long
_FEWEST = 5  # fewer releases have no neighbourhoods to keep; they stand on a circle
_MARGIN = 0.04  # of the picture stays free on each side, for dots that come later

_FEWEST_CLUSTERED = 12
_SMALLEST_CLUSTER = 5
_CLUSTERS = 60  # at most: a cluster has at least this fraction of the releases
_DENSITY_NEIGHBOURS = 3


@dataclass(frozen=True, slots=True)
class Map:
    """Where releases lie. Row r of every array is release r of the generation.

    Attributes:
        positions: float32, shape (r, 2): x to the right and y down, 0 to 1.
        clusters: int32, shape (r,): topics, counted from 0 by falling size; `NO_CLUSTER` for what lies between them.
        names: Of the topics.
        marks: uint64, shape (r,): a hash of each release's text, by which it is known again.
        drawn: bool, shape (r,): drawn with all others; the rest were put among them later.
        drawn_count: Releases that were drawn together, some of which may be gone.
        extent: Width of the picture in the units in which the dots were drawn.
    """

    positions: np.ndarray
    clusters: np.ndarray
    names: tuple[str, ...]
    marks: np.ndarray
    drawn: np.ndarray
    drawn_count: int
    extent: float


@dataclass(frozen=True, slots=True)
class Place:
    """A release on the map; `published` is a date, YYYY-MM-DD, and `cluster` the place of its topic, or `NO_CLUSTER`."""

    id: str
    title: str
    published: str | None
    x: float
    y: float
    cluster: int


@dataclass(frozen=True, slots=True)
class MapTopic:
    """A topic of the map.

    Attributes:
        name: Words with commas between them.
        x: The middle of its dots.
        y: Likewise.
        releases: How many it has.
        central: The releases that are most like all of it, best first: their places in `MapView.places`.
    """

    name: str
    x: float
    y: float
    releases: int
    central: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MapView:
    """The map as readers see it, without releases that have been removed since it was drawn.

    Attributes:
        generation: Number of the generation that it belongs to.
        places: The releases, in the order of the generation.
        topics: Those that still have releases, the largest first.
    """

    generation: int
    places: tuple[Place, ...]
    topics: tuple[MapTopic, ...]


def draw(vectors: Matrix, texts: Sequence[str], before: Map | None = None) -> Map:
    """Draw the map of an archive. The same arguments always give the same map.

    By t-SNE (van der Maaten & Hinton, "Visualizing data using t-SNE", 2008), whose initial picture holds the coarse structure
    (Kobak & Berens, "The art of using t-SNE for single-cell transcriptomics", 2019). A reader who has learnt where things are
    finds them there again: as long as little has changed since all were last drawn together, dots stay where they were and
    new ones are put among them (Poličar, Stražar & Zupan, "Embedding to reference t-SNE space addresses batch effects in
    single-cell classification", 2021); after that all are drawn anew, from where they were.

    An old place cannot be wrong. It belongs to a text, and is kept only while the text is the same to a letter: a release that
    was changed is a new dot. What it says is near which other texts that one lies, and texts do not come closer to each
    other because others arrive. What arrives can only fill in or go, and `MOST_CHANGED` bounds how much.

    Args:
        vectors: One a release: float32, shape (r, dim), r ≥ 1; unit rows.
        texts: One a release: all that it says.
        before: The map to keep to, made with the same model; None if there is none.

    Raises:
        ValueError: There is no release, or not one text for each vector.
    """
    if not len(vectors) or len(vectors) != len(texts):
        raise ValueError(f"need one text for each of at least one vector: {len(vectors)} vectors, {len(texts)} texts")
    marks = np.array([_mark(text) for text in texts], np.uint64)
    known = _known(marks, before)
    if before is not None and _changed_little(known, before):
        positions = _add(vectors, known, before)
        drawn = np.zeros(len(marks), bool)
        drawn[known >= 0] = before.drawn[known[known >= 0]]
        drawn_count, extent = before.drawn_count, before.extent
    else:
        positions, extent = _draw_all(vectors, known, before)
        drawn, drawn_count = np.ones(len(marks), bool), len(marks)
    clusters = _cluster(positions)
    return Map(positions, clusters, topics_of_map.name(texts, clusters), marks, drawn, drawn_count, extent)


def view(map: Map, vectors: Matrix, releases: Mapping[int, ReleaseSummary], generation: int) -> MapView:
    """Put titles to a map.

    Args:
        map: Of the generation.
        vectors: That it was drawn from.
        releases: What is known of each release, by its row; those that are left out are not shown.
        generation: Number of the generation.
    """
    rows = np.array(sorted(releases), np.int64)
    clusters = map.clusters[rows]
    sizes = np.bincount(clusters[clusters != NO_CLUSTER], minlength=len(map.names))
    shown = [cluster for cluster in np.argsort(-sizes, kind="stable").tolist() if sizes[cluster]]
    number = {cluster: place for place, cluster in enumerate(shown)} | {NO_CLUSTER: NO_CLUSTER}
    places = tuple(
        Place(releases[row].id, releases[row].title, releases[row].published, x, y, number[cluster])
        for row, (x, y), cluster in zip(rows.tolist(), map.positions[rows].tolist(), clusters.tolist(), strict=True)
    )
    topics = []
    for cluster in shown:
        members = np.flatnonzero(clusters == cluster)
        own = vectors[rows[members]]
        nearest = np.argsort(-(own @ unit(own.mean(axis=0))), kind="stable")[:CENTRAL]
        x, y = np.median(map.positions[rows[members]], axis=0).tolist()
        topics.append(MapTopic(map.names[cluster], x, y, len(members), tuple(members[nearest].tolist())))
    return MapView(generation, places, tuple(topics))


def write(map: Map, path: Path) -> None:
    """Write a map to a file of arrays."""
    columns = {field.name: getattr(map, field.name) for field in fields(Map)}
    np.savez(path, allow_pickle=False, **{**columns, "names": np.array(map.names, np.str_)})


def read(path: Path) -> Map:
    """Read what `write` wrote.

    Raises:
        FileNotFoundError: There is no such file.
    """
    with np.load(path, allow_pickle=False) as arrays:
        columns = dict(arrays)
    names = tuple(columns.pop("names").tolist())
    return Map(names=names, drawn_count=int(columns.pop("drawn_count")), extent=float(columns.pop("extent")), **columns)


def _mark(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _known(marks: np.ndarray, before: Map | None) -> np.ndarray:
    """Where each release stood in an earlier map: int64, the shape of `marks`; -1 where nowhere.

    The first of several with one text is the first of them again, and so on.
    """
    rows: dict[int, list[int]] = defaultdict(list)
    if before is not None:
        for row in reversed(range(len(before.marks))):
            rows[int(before.marks[row])].append(row)
    return np.array([rows[mark].pop() if rows[mark] else -1 for mark in marks.tolist()], np.int64)


def _changed_little(known: np.ndarray, before: Map) -> bool:
    still = np.count_nonzero(before.drawn[known[known >= 0]])
    return bool(max(len(known) - still, before.drawn_count - still) <= MOST_CHANGED * before.drawn_count)


def _add(vectors: Matrix, known: np.ndarray, before: Map) -> np.ndarray:
    """Keep known dots where they were, and put the others among them: float32, shape (r, 2)."""
    is_new = known < 0
    positions = np.empty((len(known), 2), np.float32)
    positions[~is_new] = before.positions[known[~is_new]]
    if is_new.any():
        from openTSNE import TSNEEmbedding

        old = (positions[~is_new].astype(np.float64) - 0.5) * before.extent
        picture = TSNEEmbedding(old, _affinities(vectors[~is_new]), random_state=_SEED, n_jobs=_THREADS)
        nearest = min(_NEIGHBOURS, len(old) - 1)
        added = picture.transform(vectors[is_new], k=nearest, perplexity=min(_PERPLEXITY_ADDED, nearest / 3))
        positions[is_new] = np.clip(np.asarray(added) / before.extent + 0.5, 0, 1)
    return positions


def _draw_all(vectors: Matrix, known: np.ndarray, before: Map | None) -> tuple[np.ndarray, float]:
    """Draw all dots, from where they were if most were anywhere: positions, float32, shape (r, 2), and the extent."""
    if len(vectors) < _FEWEST:
        return _circle(len(vectors)), 1.0
    from openTSNE import TSNE, initialization

    if before is not None and 2 * np.count_nonzero(known >= 0) > len(known) and np.ptp(before.positions, axis=0).any():
        start = initialization.rescale(_add(vectors, known, before).astype(np.float64) - 0.5)
    elif np.ptp(vectors, axis=0).max() > 1e-6:
        start = initialization.pca(vectors, random_state=_SEED)
    else:  # texts that all say the same
        start = initialization.random(len(vectors), random_state=_SEED)
    tsne = TSNE(random_state=_SEED, n_jobs=_THREADS)
    drawn = np.asarray(tsne.fit(affinities=_affinities(vectors), initialization=start))
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    extent = float(max((high - low).max(), 1e-9) / (1 - 2 * _MARGIN))
    return ((drawn - (low + high) / 2) / extent + 0.5).astype(np.float32), extent


def _circle(count: int) -> np.ndarray:
    """Dots evenly on a circle, one alone in the middle: float32, shape (count, 2)."""
    angles = np.arange(count) * (2 * np.pi / count)
    radius = 0.3 if count > 1 else 0.0
    return (0.5 + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)


def _affinities(vectors: Matrix) -> Affinities:
    """How near releases are to each other, for t-SNE."""
    from openTSNE.affinity import PerplexityBasedNN

    # Exact neighbours: approximate ones differ from machine to machine. For rows of unit length their order is that of cosines.
    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    return PerplexityBasedNN(vectors, perplexity, method="exact", metric="euclidean", n_jobs=_THREADS, random_state=_SEED)


def _cluster(positions: np.ndarray) -> np.ndarray:
    """Find what gathers in the picture: int32, shape (r,), counted from 0 by falling size.

    By HDBSCAN (Campello, Moulavi & Sander, "Density-based clustering based on hierarchical density estimates", 2013), the
    leaves of its tree: the most stable branches of a large map are often but two, one odd corner and all the rest.
    """
    count = len(positions)
    if count < _FEWEST_CLUSTERED:
        return np.full(count, NO_CLUSTER, np.int32)
    from sklearn.cluster import HDBSCAN

    labels = HDBSCAN(
        min_cluster_size=max(_SMALLEST_CLUSTER, count // _CLUSTERS),
        min_samples=_DENSITY_NEIGHBOURS,
        cluster_selection_method="leaf",
        copy=True,
    ).fit_predict(positions.astype(np.float64))
    sizes = np.bincount(labels[labels >= 0])
    rank = np.empty(len(sizes) + 1, np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    rank[-1] = NO_CLUSTER
    return np.asarray(rank[labels])
