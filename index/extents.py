"""How far what an archive holds reaches, value by value: its topics, agencies, sites and languages; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from index.filters import Catalog, Field


@dataclass(frozen=True, slots=True)
class Extent:
    """What there is of one value of a field.

    Attributes:
        name: The value.
        releases: Releases that have it.
        first: Day of publication of the earliest; None where none has a date.
        last: Of the latest.
    """

    name: str
    releases: int
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Extents:
    """What there is of each value of a field.

    Attributes:
        generation: Number of the generation that was looked through.
        values: Most releases first, then by name; those that no release has are left out.
    """

    generation: int
    values: tuple[Extent, ...]


def measure(catalog: Catalog, field: Field, present: np.ndarray) -> tuple[Extent, ...]:
    """Measure every value of a field.

    Args:
        catalog: What is known of the releases.
        field: Which.
        present: Releases that count: bool, shape (r,).

    Returns:
        As in `Extents.values`.
    """
    names = catalog.names[field]
    known = present & (catalog.codes[field] >= 0)
    codes, days = catalog.codes[field][known], catalog.days[known]
    counts = np.bincount(codes, minlength=len(names))
    is_dated = days > 0
    first = np.full(len(names), date.max.toordinal())
    last = np.zeros(len(names), dtype=np.int64)
    np.minimum.at(first, codes[is_dated], days[is_dated])
    np.maximum.at(last, codes[is_dated], days[is_dated])
    extents = (
        Extent(name, count, _day(begin) if end else None, _day(end) if end else None)
        for name, count, begin, end in zip(names, counts.tolist(), first.tolist(), last.tolist(), strict=True)
        if count
    )
    return tuple(sorted(extents, key=lambda one: (-one.releases, one.name)))


def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
