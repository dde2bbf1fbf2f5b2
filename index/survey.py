"""How what was found spreads over topics, agencies, sources, languages and time; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

import numpy as np

from index.filters import FIELDS, Catalog, Field, Filters

MOST_PERIODS = 60
"""A timeline has no more periods than this; coarser ones are taken until they fit."""

_MOST_YEARS = 400  # a date of the year 1 is a slip of the pen, and no reason to draw two thousand bars


class Unit(Enum):
    """How long a period of a timeline is, the finest first."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    DECADE = "decade"


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a field, and how many hits a search narrowed to it alone would have."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time.

    Attributes:
        start: Its first day.
        end: Its last day.
        matches: Hits published in it.
        releases: All releases published in it that pass the filters: what the matches are a share of.
    """

    start: date
    end: date
    matches: int
    releases: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Hits over time.

    Attributes:
        unit: Length of the periods; the first and the last may be cut short by the filters.
        periods: One after another without a gap, the earliest first; empty where no release has a date.
        undated: Hits without a date.
    """

    unit: Unit
    periods: tuple[Period, ...]
    undated: int


@dataclass(frozen=True, slots=True)
class Survey:
    """How hits spread.

    For a search these are the hits above the line, near-identical ones folded; for a list without a query, all releases that
    pass. Each field is counted under all filters but its own, so that every count is what choosing that value would find.

    Attributes:
        topics: Values of the field, most hits first; those without any are left out unless they are chosen.
        agencies: Likewise.
        sources: Likewise.
        languages: Likewise.
        timeline: Under all filters.
    """

    topics: tuple[FacetValue, ...]
    agencies: tuple[FacetValue, ...]
    sources: tuple[FacetValue, ...]
    languages: tuple[FacetValue, ...]
    timeline: Timeline


def take(catalog: Catalog, filters: Filters, live: np.ndarray, matched: np.ndarray, groups: np.ndarray) -> Survey:
    """Count hits.

    Args:
        catalog: What is known of the releases.
        filters: What narrows the search.
        live: Releases that have not been removed: bool, shape (r,).
        matched: Releases that are hits as far as the query goes, whatever the filters: bool, shape (r,).
        groups: int, shape (r,): releases that count once, because they say nearly the same, share a number.
    """

    def facet(field: Field) -> tuple[FacetValue, ...]:
        chosen = filters.values(field)
        hits = np.flatnonzero(catalog.passing(filters.without(field)) & live & matched)
        codes = catalog.codes[field]
        counts = _count_groups(codes[hits], groups[hits], len(catalog.names[field]))
        values = [
            FacetValue(name, count)
            for name, count in zip(catalog.names[field], counts.tolist(), strict=True)
            if count or name in chosen
        ]
        values += [FacetValue(name, 0) for name in chosen if name not in catalog.names[field]]
        return tuple(sorted(values, key=lambda value: (-value.count, value.name)))

    passing = catalog.passing(filters) & live
    fields = {field: facet(field) for field in FIELDS}
    return Survey(**fields, timeline=_timeline(catalog.days, filters, passing, passing & matched, groups))


def whole(unit: Unit, day: date) -> tuple[date, date]:
    """First and last day of the period of this length in which a day lies."""
    start = _floor(unit, day)
    following = _next(unit, start)
    return start, following - timedelta(days=1) if following else date.max


def _count_groups(codes: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    """How many different groups stand with each code: int64, shape (size,); code -1 is passed over."""
    known = codes >= 0
    pairs = np.unique(np.stack([codes[known], groups[known]]), axis=1)
    return np.bincount(pairs[0], minlength=size)


def _timeline(days: np.ndarray, filters: Filters, passing: np.ndarray, matched: np.ndarray, groups: np.ndarray) -> Timeline:
    undated = len(np.unique(groups[matched & (days == 0)]))
    dated = days[passing & (days > 0)]
    if not len(dated):
        return Timeline(Unit.YEAR, (), undated)
    first = filters.since or date.fromordinal(int(dated.min()))
    last = filters.until or date.fromordinal(int(dated.max()))
    first = max(first, date(max(last.year - _MOST_YEARS, 1), 1, 1))
    unit, spans = next((unit, spans) for unit in Unit if (spans := _spans(unit, first, last)) is not None)
    starts = np.array([start.toordinal() for start, _ in spans])
    releases = _count_between(starts, last, dated)
    hits = np.flatnonzero(matched & (days > 0))
    places = np.searchsorted(starts, days[hits], side="right") - 1
    inside = (places >= 0) & (days[hits] <= last.toordinal())
    matches = _count_groups(np.where(inside, places, -1), groups[hits], len(starts))
    periods = (Period(*span, match, release) for span, match, release in zip(spans, matches.tolist(), releases, strict=True))
    return Timeline(unit, tuple(periods), undated)


def _count_between(starts: np.ndarray, last: date, days: np.ndarray) -> list[int]:
    places = np.searchsorted(starts, days[days <= last.toordinal()], side="right") - 1
    return [int(count) for count in np.bincount(places[places >= 0], minlength=len(starts))]


def _spans(unit: Unit, first: date, last: date) -> list[tuple[date, date]] | None:
    """The periods from one day to another, the first and the last cut there; None if there are too many."""
    spans: list[tuple[date, date]] = []
    start: date | None = first
    while start is not None and start <= last:
        if len(spans) == MOST_PERIODS:
            return None
        following = _next(unit, _floor(unit, start))
        spans.append((start, min(following - timedelta(days=1), last) if following else last))
        start = following
    return spans


def _floor(unit: Unit, day: date) -> date:
    if unit is Unit.DAY:
        return day
    if unit is Unit.WEEK:
        return date.fromordinal(max(day.toordinal() - day.weekday(), 1))
    if unit is Unit.MONTH:
        return day.replace(day=1)
    if unit is Unit.QUARTER:
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year if unit is Unit.YEAR else max(day.year // 10 * 10, 1), 1, 1)


def _next(unit: Unit, start: date) -> date | None:
    """First day of the period after the one that starts on a day; None where the calendar ends."""
    try:
        if unit in {Unit.DAY, Unit.WEEK}:
            return start + timedelta(days=1 if unit is Unit.DAY else 7)
        if unit in {Unit.MONTH, Unit.QUARTER}:
            months = start.year * 12 + start.month - 1 + (1 if unit is Unit.MONTH else 3)
            return date(months // 12, months % 12 + 1, 1)
        return date(start.year + 1 if unit is Unit.YEAR else start.year // 10 * 10 + 10, 1, 1)
    except (ValueError, OverflowError):
        return None
