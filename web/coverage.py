"""What the archive covers, and what it does not: which months of which sites, and how its sources fare."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, make_response, render_template
from flask_babel import LazyString, format_date, gettext, lazy_gettext

from archive import coverage
from archive.coverage import SiteCoverage
from index import Filters
from web import periods
from web.holdings import current_holdings
from web.language import page_fields
from web.parameters import Search

blueprint = Blueprint("coverage", __name__)

MAX_SITES = 24
"""Sites with a line of their own in the table of a year; the smaller ones share one."""

MAX_LISTED = 200
"""Sites that are listed by name."""

_STEPS = 5
_LONG_GAP = 2  # years without a release, from which on they share a line

_KINDS: dict[str, LazyString] = {
    "auto": lazy_gettext("belum dikenali"),
    "wordpress": lazy_gettext("WordPress"),
    "feed": lazy_gettext("umpan RSS atau Atom"),
    "sitemap": lazy_gettext("peta situs"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How darkly a number is shaded, from 1 to 5; 0 stays blank.

    Attributes:
        bounds: The highest number of each step. They grow by squares: a few busy months would leave all others alike.
    """

    bounds: tuple[int, ...]

    def step(self, count: int) -> int:
        """The step of a number no higher than the last bound."""
        return bisect_left(self.bounds, count) + 1 if count else 0

    @property
    def legend(self) -> list[tuple[int, int, int]]:
        """Each step with its lowest and its highest number."""
        lows = (1, *(bound + 1 for bound in self.bounds))
        return [(step, low, high) for step, (low, high) in enumerate(zip(lows, self.bounds, strict=False), 1) if low <= high]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of releases, how darkly it is shaded, and the list of them; None where no filter leads to it."""

    count: int
    step: int
    search: Search | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: a year, a site, or several that share it.

    Attributes:
        name: What it stands for.
        search: The list of its releases; None where no filter leads to it.
        total: Its releases.
        cells: January to December; none where the line stands for years without a release.
    """

    name: str
    search: Search | None
    total: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """The sites that published in a year."""

    number: int
    total: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """What is held of a site, in words.

    Attributes:
        held: In numbers.
        search: The list of its releases; None for those without an address.
        period: From its first month to its last; None where none has a date.
        gaps: Months without a release in between.
    """

    held: SiteCoverage
    search: Search | None
    period: str | None
    gaps: list[str]


@blueprint.get("/coverage")
def page() -> Response:
    """What the archive covers."""
    page_fields()
    holdings = current_holdings()
    store = holdings.index.store
    overview = holdings.overview()
    sites = coverage.sites(store.database)
    months: Counter[str] = Counter()
    for one in sites:
        months.update(one.months)
    scale = make_scale(months.values())
    site_scale = make_scale(count for one in sites for count in one.months.values())
    html = render_template(
        "coverage.html",
        counts=store.counts(),
        overview=overview,
        undated=sum(one.undated for one in sites),
        month_names=[str(format_date(date(2024, month, 1), "MMM")) for month in range(1, 13)],
        scale=scale,
        lines=year_lines(months, scale),
        gaps=[periods.months_name(*gap) for gap in coverage.gaps(months)],
        sites=[_site(one) for one in sites[:MAX_LISTED]],
        left_out=max(len(sites) - MAX_LISTED, 0),
        site_scale=site_scale,
        years=site_years(sites, site_scale) if len(sites) > 1 else [],
        sources=coverage.sources(store.database),
        kinds=_KINDS,
        has_sample=overview.has_sample,
    )
    return make_response(html)


def make_scale(counts: Iterable[int]) -> Scale:
    """A scale for these numbers."""
    most = max(counts, default=1)
    return Scale(tuple(-(-most * step**2 // _STEPS**2) for step in range(1, _STEPS + 1)))  # rounded up


def year_lines(months: Mapping[str, int], scale: Scale) -> list[Line]:
    """A line for each year from the first to the last, the latest first; a long gap takes one.

    Args:
        months: Releases by month, YYYY-MM.
        scale: For the shades.
    """
    years = sorted({int(month[:4]) for month in months}, reverse=True)
    lines: list[Line] = []
    for place, year in enumerate(years):
        if place:
            lines += _silent_lines(year + 1, years[place - 1] - 1)
        lines.append(_line(str(year), year, months, scale, None, has_filter=True))
    return lines


def site_years(sites: Sequence[SiteCoverage], scale: Scale) -> list[Year]:
    """For each year with a release, the latest first, a line for each site that published in it.

    Args:
        sites: Most releases first.
        scale: For the shades.
    """
    rest: Counter[str] = Counter()
    for one in sites[MAX_SITES:]:
        rest.update(one.months)
    found = []
    for year in sorted({int(month[:4]) for one in sites for month in one.months}, reverse=True):
        lines = [
            _line(one.site or gettext("tanpa alamat"), year, one.months, scale, one.site, has_filter=one.site is not None)
            for one in sites[:MAX_SITES]
        ]
        lines.append(_line(gettext("situs lainnya"), year, rest, scale, None, has_filter=False))
        shown = tuple(line for line in lines if line.total)
        found.append(Year(year, sum(line.total for line in shown), shown))
    return found


def _line(name: str, year: int, months: Mapping[str, int], scale: Scale, site: str | None, *, has_filter: bool) -> Line:
    counts = [(month, months.get(month, 0)) for month in (f"{year:04}-{number:02}" for number in range(1, 13))]
    cells = tuple(
        Cell(
            count,
            # Sites that share a line may have more between them than any has alone.
            scale.step(min(count, scale.bounds[-1])),
            _search(site, *periods.month_days(month)) if count and has_filter else None,
        )
        for month, count in counts
    )
    search = _search(site, date(year, 1, 1), date(year, 12, 31)) if has_filter else None
    return Line(name, search, sum(count for _, count in counts), cells)


def _silent_lines(first: int, last: int) -> list[Line]:
    """Lines for years without a release, the latest first."""
    if last - first + 1 >= _LONG_GAP:
        return [Line(f"{first}–{last}", None, 0, ())]
    return [Line(str(year), None, 0, ()) for year in range(last, first - 1, -1)]


def _site(held: SiteCoverage) -> Site:
    return Site(
        held=held,
        search=_search(held.site) if held.site else None,
        period=periods.months_name(min(held.months), max(held.months)) if held.months else None,
        gaps=[periods.months_name(*gap) for gap in held.gaps],
    )


def _search(site: str | None, since: date | None = None, until: date | None = None) -> Search:
    return Search(filters=Filters(since, until, sources=(site,) if site else ()))
