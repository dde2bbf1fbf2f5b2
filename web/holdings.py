"""The open index that all requests share, and what the archive holds at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app

from archive import ArchiveError
from archive.history import has_superseded

if TYPE_CHECKING:
    from index import Index

_EXTENSION = "telusur"


@dataclass(frozen=True, slots=True)
class Overview:
    """What the archive holds.

    Attributes:
        state: The archive's own counter of changes, as it stood.
        first_day: Day of the earliest release, YYYY-MM-DD.
        last_day: Day of the latest.
        topics: Each with its number of releases, most first.
        has_sample: The bundled sample, an invented city, is part of it.
        has_superseded: Some releases said before they changed what they do not say now.
    """

    state: int
    releases: int
    paragraphs: int
    first_day: str | None
    last_day: str | None
    topics: tuple[tuple[str, int], ...]
    has_sample: bool
    has_superseded: bool


class Holdings:
    """One index, opened once and shared by all threads."""

    def __init__(self, index: Index) -> None:
        """Keep the index."""
        self.index = index
        self._overview: Overview | None = None

    def overview(self) -> Overview:
        """What the archive holds now; counted again only after it has changed.

        Raises:
            DatabaseError: The archive cannot be read.
        """
        store = self.index.store
        state = store.state()
        known = self._overview
        if known is not None and known.state == state:
            return known
        counts = store.counts()
        first_day, last_day = store.date_range() or (None, None)
        # Two threads may both count here; the last one to finish is kept, and a stale one is noticed by its state.
        self._overview = overview = Overview(
            state=state,
            releases=counts.releases,
            paragraphs=counts.paragraphs,
            first_day=first_day,
            last_day=last_day,
            topics=tuple(store.topics()),
            has_sample=store.sample_loaded(),
            has_superseded=has_superseded(store.database),
        )
        return overview


def init_app(app: Flask, index: Index) -> None:
    """Give an application its index."""
    app.extensions[_EXTENSION] = Holdings(index)


def current_holdings() -> Holdings:
    """The holdings of the application that answers this request."""
    holdings = current_app.extensions[_EXTENSION]
    if not isinstance(holdings, Holdings):
        raise TypeError(f"expected Holdings, got {type(holdings)}")
    return holdings


def has_sample() -> bool:
    """Whether the bundled sample is part of the archive; False where that cannot be read, so that any page can ask."""
    try:
        return current_holdings().overview().has_sample
    except ArchiveError:
        return False
