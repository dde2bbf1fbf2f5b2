"""What a reader may narrow a search by, ready to be drawn: values with their counts, periods, and the filters in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from flask_babel import LazyString, gettext, lazy_gettext

from index import Filters, Survey
from index.filters import Field
from index.survey import FacetValue
from web.language import in_words, language_name
from web.parameters import FACETS, Search

SHOWN = 8
"""Values of a field that are in sight; the others are a fold away."""

MAX_FOLDED = 100
"""Values in that fold: a thousand agencies would make a heavy page, and narrowing otherwise brings the rest up."""

_YEARS = 4  # in sight, besides this one and the last
_MAX_YEARS_FOLDED = 40

_LEGENDS: dict[Field, tuple[LazyString, LazyString]] = {
    "topics": (lazy_gettext("Topik"), lazy_gettext("Semua topik")),
    "agencies": (lazy_gettext("Instansi"), lazy_gettext("Semua instansi")),
    "sources": (lazy_gettext("Sumber"), lazy_gettext("Semua sumber")),
    "languages": (lazy_gettext("Bahasa"), lazy_gettext("Semua bahasa")),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a field.

    Attributes:
        value: As the URL holds it.
        label: As a reader says it.
        count: What choosing it alone would find.
    """

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one field, those that are chosen first, then by count.

    Attributes:
        parameter: That holds them in the URL.
        legend: Name of the field.
        every: What the fold with the others is called.
        shown: Values in sight.
        folded: Further ones.
        left_out: How many more there are.
    """

    parameter: str
    legend: LazyString
    every: LazyString
    shown: tuple[Choice, ...]
    folded: tuple[Choice, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A period that one click chooses, or drops again where it is chosen."""

    label: str
    search: Search
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Stretches:
    """The periods offered.

    Attributes:
        recent: Those around today.
        years: Others of the archive, the latest first.
        folded_years: Earlier ones.
        is_other: A period is chosen that is none of these.
    """

    recent: tuple[Stretch, ...]
    years: tuple[Stretch, ...]
    folded_years: tuple[Stretch, ...]
    is_other: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the search without it."""

    label: str
    without: Search


def groups(survey: Survey | None, filters: Filters) -> list[Group]:
    """The fields by which what was found can be narrowed; one without any value is left out.

    Args:
        survey: How it spreads; None where nothing could be counted, so that only what is chosen can be shown.
        filters: What is chosen.
    """
    made = (_group(parameter, field, survey, filters) for parameter, field in FACETS.items())
    return [group for group in made if group.shown]


def stretches(search: Search, today: date, first_day: str | None, last_day: str | None) -> Stretches:
    """Periods to choose from.

    Args:
        search: That is narrowed.
        today: What "the last seven days" end with.
        first_day: Of the archive, YYYY-MM-DD; None where no release has a date, and no period finds anything.
        last_day: Likewise.
    """
    is_narrowed = bool(search.filters.since or search.filters.until)
    if first_day is None or last_day is None:
        return Stretches((), (), (), is_narrowed)

    def stretch(label: str, since: date, until: date) -> Stretch:
        is_chosen = (search.filters.since, search.filters.until) == (since, until)
        return Stretch(label, search.during(None, None) if is_chosen else search.during(since, until), is_chosen)

    def year(label: str, number: int) -> Stretch:
        return stretch(label, date(number, 1, 1), date(number, 12, 31))

    recent = (
        stretch(gettext("7 hari terakhir"), today - timedelta(days=6), today),
        stretch(gettext("30 hari terakhir"), today - timedelta(days=29), today),
        year(gettext("tahun ini"), today.year),
        year(gettext("tahun lalu"), today.year - 1),
    )
    last, first = int(last_day[:4]), int(first_day[:4])
    first = max(first, last - _YEARS - _MAX_YEARS_FOLDED)  # a date of the year 1 is a slip of the pen
    years = [year(str(one), one) for one in range(last, first - 1, -1) if one not in {today.year, today.year - 1}]
    is_other = is_narrowed and not any(one.is_chosen for one in (*recent, *years))
    return Stretches(recent, tuple(years[:_YEARS]), tuple(years[_YEARS:]), is_other)


def chips(search: Search) -> list[Chip]:
    """The filters in force, in the order in which the filters stand."""
    filters = search.filters
    found = []
    if filters.since or filters.until:
        found.append(Chip(_period(filters.since, filters.until), search.during(None, None)))
    for field in FACETS.values():
        name = _namer(field)
        found += [Chip(name(value), search.toggled(field, value)) for value in filters.values(field)]
    if search.superseded:
        found.append(Chip(gettext("versi yang sudah diganti"), search.of_current()))
    return found


def _group(parameter: str, field: Field, survey: Survey | None, filters: Filters) -> Group:
    chosen = filters.values(field)
    values: tuple[FacetValue, ...] = getattr(survey, field) if survey else tuple(FacetValue(name, 0) for name in chosen)
    name = _namer(field)
    ordered = chain((one for one in values if one.name in chosen), (one for one in values if one.name not in chosen))
    choices = tuple(Choice(one.name, name(one.name), one.count, one.name in chosen) for one in ordered)
    shown = max(SHOWN, len(chosen))
    # A fold for a single value would take as much room as the value.
    shown += len(choices) == shown + 1
    legend, every = _LEGENDS[field]
    last = shown + MAX_FOLDED
    return Group(parameter, legend, every, choices[:shown], choices[shown:last], max(len(choices) - last, 0))


def _namer(field: Field) -> Callable[[str], str]:
    """How readers call a value of a field."""
    return language_name if field == "languages" else str


def _period(since: date | None, until: date | None) -> str:
    if since and until:
        return in_words(since) if since == until else f"{in_words(since)} – {in_words(until)}"
    if since:
        return str(gettext("sejak %(day)s", day=in_words(since)))
    return str(gettext("sampai %(day)s", day=in_words(until))) if until else ""
