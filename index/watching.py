"""What a standing search finds: passages above its line by when they came into the archive, the newest first.

Feeds and webhooks both announce passages, each once. For that three things must not move from one index to the next:

- *Which passage it is.* Its `key` is made of its release's id and its text, so that it outlives another index, another model
  and another version of the release that repeats the text. A changed text is another passage.
- *When it came.* That is when the release first said it, and never the time of an index.
- *Who stands for several.* Of releases whose best passages are near-identical the one that came first stands for all, so that
  a repost is nothing new.

The line itself moves a little whenever the index is made again. A passage that sinks below it is not announced any more, but
who has it keeps it, and knows it by its key when it rises again. One that rises above the line for the first time long after it
came takes the place that its arrival gives it, among older ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archive.arrivals import Arrival, arrivals
from index.answer import Hit, Query
from index.search import Index

_KEY_CHARS = 32  # of a SHA-256 in hexadecimal: within one release, half of it is plenty


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in the life of an archive.

    Attributes:
        paragraph_id: Row id of the paragraph that had come in last.
        at: The time, ISO 8601, UTC.
    """

    paragraph_id: int
    at: str

    def is_before(self, arrival: Arrival) -> bool:
        """Whether something arrived after this moment.

        Row ids tell what came in within one second. The time decides for an archive that was restored from an older copy, which
        gives the same ids again.
        """
        return arrival.first_id > self.paragraph_id or arrival.arrived_at > self.at


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a standing search finds.

    Attributes:
        hit: The passage, as any search shows it; its rank is its place in this list.
        arrived_at: When it came into the archive, ISO 8601, UTC.
    """

    hit: Hit
    arrived_at: str

    @property
    def key(self) -> str:
        """What it is known by, in letters that any address takes."""
        digest = hashlib.sha256(self.hit.passage.text.encode()).hexdigest()
        return f"{self.hit.passage.release.id}:{digest[:_KEY_CHARS]}"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a standing search finds now.

    Attributes:
        generation: Number of the generation that answered.
        total: Passages above the line, those folded left out.
        found: The newest of them, newest first.
    """

    generation: int
    total: int
    found: tuple[Found, ...]


def watch(index: Index, query: Query, most: int | None = None, after: Mark | None = None) -> Watched:
    """Look for what a standing search finds.

    Args:
        index: Where.
        query: Its page and order count for nothing.
        most: How many passages are wanted; None for all.
        after: Only what arrived after this moment.

    Raises:
        ValueError: The query only says what to leave out.
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged, or another model made it.
        ModelError: The model cannot be loaded.
        DatabaseError: The archive cannot be read.
    """
    known: dict[int, Arrival] = {}
    total = 0

    def choose(ids: np.ndarray, groups: np.ndarray) -> Sequence[int]:
        nonlocal known, total
        known = arrivals(index.store.database, ids.tolist())
        listed = [known[id] for id in ids.tolist()]
        places = [place for place in order(listed, groups.tolist()) if after is None or after.is_before(listed[place])]
        total = len(places)
        return places[:most]

    generation, hits = index.above_line(query, choose)
    found = tuple(Found(hit, known[hit.passage.paragraph_id].arrived_at) for hit in hits)
    return Watched(generation, total, found)


def order(listed: Sequence[Arrival], groups: Sequence[int]) -> list[int]:
    """Places of passages by arrival, the newest first; pure.

    Those that arrived together stand by day of publication, the latest first, and within a release as it has them. What a
    release says twice stands once, and of releases that share a group only the one that came first.

    Args:
        listed: When each passage arrived.
        groups: For each the number that its release shares with those that say nearly the same.
    """
    first: dict[int, Arrival] = {}
    for arrival, group in zip(listed, groups, strict=True):
        if group not in first or arrival.first_id < first[group].first_id:
            first[group] = arrival
    kept: dict[int, int] = {}
    for place in sorted(range(len(listed)), key=lambda place: listed[place].position):
        if listed[place].release_key == first[groups[place]].release_key:
            kept.setdefault(listed[place].first_id, place)
    places = sorted(kept.values(), key=lambda place: listed[place].position)
    places.sort(key=lambda place: listed[place].release_key, reverse=True)
    return sorted(places, key=lambda place: (listed[place].arrived_at, listed[place].published or ""), reverse=True)
