"""What narrows a search or a list, and what is known of each release of a generation by which it can be narrowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias, get_args

import numpy as np

from archive import IndexRow
from archive.addresses import site

Field: TypeAlias = Literal["topics", "agencies", "sources", "languages"]
FIELDS: tuple[Field, ...] = get_args(Field)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which releases are wanted: those to which all of this applies.

    Attributes:
        since: First day of publication; releases without a date fall out.
        until: Last day of publication, likewise.
        topics: Any of these; none means all.
        agencies: Who publishes, likewise.
        sources: Sites, as `archive.addresses.site` names them, likewise.
        languages: ISO 639-1 codes, likewise.

    Raises:
        ValueError: The period ends before it begins.
    """

    since: date | None = None
    until: date | None = None
    topics: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a period that holds no day."""
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since ({self.since}) is later than until ({self.until}): swap them")

    def __bool__(self) -> bool:
        """Whether anything is narrowed."""
        return self != NO_FILTERS

    def values(self, field: Field) -> tuple[str, ...]:
        """The values of a field that are wanted; none means all."""
        wanted: tuple[str, ...] = getattr(self, field)
        return wanted

    def having(self, field: Field, values: tuple[str, ...]) -> Filters:
        """The same with other values of a field."""
        changes: dict[str, tuple[str, ...]] = {field: values}
        return replace(self, **changes)  # type: ignore[arg-type]  # the stubs look at the types of all fields at once

    def without(self, field: Field) -> Filters:
        """The same, whatever that field holds."""
        return self.having(field, ())


NO_FILTERS = Filters()
"""Everything passes."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is known of the releases of a generation. Entry r of every array is release r.

    Attributes:
        days: int32, shape (r,): date of publication as a proleptic Gregorian ordinal, 0 where unknown.
        codes: For each field int32, shape (r,): position in `names`, -1 where unknown.
        names: For each field what occurs in it, in alphabetical order.
    """

    days: np.ndarray
    codes: Mapping[Field, np.ndarray]
    names: Mapping[Field, tuple[str, ...]]

    def passing(self, filters: Filters) -> np.ndarray:
        """Which releases pass: bool, shape (r,)."""
        passing = np.ones(len(self.days), dtype=bool)
        if filters.since is not None:
            passing &= self.days >= filters.since.toordinal()
        if filters.until is not None:
            passing &= (self.days <= filters.until.toordinal()) & (self.days > 0)
        for field in FIELDS:
            if wanted := filters.values(field):
                passing &= np.isin(self.codes[field], [code for code, name in enumerate(self.names[field]) if name in wanted])
        return passing


def describe(firsts: Sequence[IndexRow]) -> Catalog:
    """Catalogue releases.

    Args:
        firsts: One paragraph of each release, in the order of the releases.
    """
    columns: dict[Field, list[str | None]] = {
        "topics": [row.topic for row in firsts],
        "agencies": [row.agency for row in firsts],
        "sources": [site(row.url) if row.url else None for row in firsts],
        "languages": [row.language for row in firsts],
    }
    names = {field: tuple(sorted({value for value in values if value is not None})) for field, values in columns.items()}
    codes = {field: _encode(values, names[field]) for field, values in columns.items()}
    return Catalog(np.array([_day(row.published) for row in firsts], dtype=np.int32), codes, names)


def _encode(values: Sequence[str | None], names: Sequence[str]) -> np.ndarray:
    places = {name: place for place, name in enumerate(names)}
    return np.array([-1 if value is None else places[value] for value in values], dtype=np.int32)


def _day(published: str | None) -> int:
    return date.fromisoformat(published[:10]).toordinal() if published else 0
