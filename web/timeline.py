"""Hits over time as a picture: what `_timeline.html` draws on pages, and the same picture as a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template
from flask_babel import LazyString, gettext, lazy_gettext, ngettext

from index import Period, Timeline, Unit
from index.survey import whole
from web import axis, links, periods
from web.facets import chips
from web.holdings import current_holdings
from web.language import in_digits, in_percent, page_fields
from web.parameters import SEARCH, Search, parse_search
from web.plain_text import one_line

blueprint = Blueprint("timeline", __name__)

HEIGHT_PX = 200
_ROWS_END_PX = 178  # below it stands the axis

_MOST_LINKED_CHARS = 600  # sixty bars and sixty rows that link to a longer address would make a heavy page
_TOPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
MIN_RELEASES = 5
"""A share of fewer releases than this says little, and is drawn faintly."""

_LEAST_PX = 2.0  # a single match stays to be seen
_GAP = 0.2  # of a period's width stays free between bars

_PER_UNIT: dict[Unit, LazyString] = {
    Unit.DAY: lazy_gettext("per hari"),
    Unit.WEEK: lazy_gettext("per minggu"),
    Unit.MONTH: lazy_gettext("per bulan"),
    Unit.QUARTER: lazy_gettext("per triwulan"),
    Unit.YEAR: lazy_gettext("per tahun"),
    Unit.DECADE: lazy_gettext("per dasawarsa"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: x and width in percent of the picture's width, y and height in px."""

    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Row:
    """Bars that share a scale.

    Attributes:
        name: "share" or "volume".
        top: What a bar as high as the row stands for.
        top_px: Where the row begins, in px from the picture's top.
        base_px: Where its bars stand.
        bars: Those that have a height.
        faint: Likewise, but not much to rely on.
    """

    name: str
    top: str
    top_px: int
    base_px: int
    bars: tuple[Box, ...]
    faint: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A period, as it is named and followed.

    Attributes:
        name: "Maret 2023".
        label: The name and what was found.
        x: Where it begins, in percent of the width.
        width: In percent.
        matches: Hits in it.
        releases: Releases in it.
        share: Matches as a share of releases; None where there are none.
        address: Of the search narrowed to it; None where there is nothing to find, or it would be too long.
    """

    name: str
    label: str
    x: float
    width: float
    matches: int
    releases: int
    share: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template draws.

    Attributes:
        is_asked: There is a query, so that matches are a share of releases; else all that there is are releases.
        per_unit: Length of the periods, in words.
        rows: From top to bottom; none where there is but one period, for which `spans` says all.
        spans: The periods, in order.
        silences: Periods without a release, neighbours in one.
        ticks: Names on the axis.
        is_narrowed: Something besides the period narrows the search: a silence is one of these filters, not of the archive.
        has_faint: Some shares are of fewer than `MIN_RELEASES`.
        is_linked: Periods lead to the search narrowed to them.
        ways_out: Longer periods, and all time, with the search widened to them.
        undated: Hits that no picture can show.
    """

    is_asked: bool
    per_unit: LazyString
    rows: tuple[Row, ...]
    spans: tuple[Span, ...]
    silences: tuple[Box, ...]
    ticks: tuple[axis.Tick, ...]
    is_narrowed: bool
    has_faint: bool
    is_linked: bool
    ways_out: tuple[tuple[str, Search], ...]
    undated: int


@blueprint.app_context_processor
def _helpers() -> dict[str, object]:
    return {"draw_timeline": draw, "timeline_height_px": HEIGHT_PX, "timeline_min_releases": MIN_RELEASES}


@blueprint.get("/timeline.svg")
def picture() -> Response:
    """The timeline of a search or, without q, of all that passes the filters: an SVG file that needs nothing else."""
    search = parse_search(page_fields(*SEARCH))
    index = current_holdings().index
    if search.text:
        answer = index.search(replace(search, k=1, offset=0).query(surveyed=True))
        survey, generation = answer.survey, answer.generation
    else:
        found = index.browse(search.filters, k=1)
        survey, generation = found.survey, found.generation
    svg = render_template(
        "timeline.svg",
        chart=draw(search, survey.timeline) if survey else None,
        query=one_line(search.text),
        filters=[one_line(chip.label) for chip in chips(search)],
        address=links.absolute(links.search_link(search.at(0))),
        generation=generation,
        today=date.today(),
    )
    return Response(svg, content_type="image/svg+xml; charset=utf-8")


def draw(search: Search, timeline: Timeline) -> Chart | None:
    """Lay a timeline out.

    Args:
        search: What was searched for; its filters may have cut the first and the last period.
        timeline: Of its hits.

    Returns:
        None where no release has a date.
    """
    if not timeline.periods:
        return None
    is_asked = bool(search.text)
    has_few = len(timeline.periods) == 1
    is_narrowed = search.during(None, None).is_filtered
    is_linked = not has_few and len(urlencode(search.arguments(), doseq=True)) <= _MOST_LINKED_CHARS
    rows = () if has_few else _rows(timeline.periods, is_asked)
    return Chart(
        is_asked=is_asked,
        per_unit=_PER_UNIT[timeline.unit],
        rows=rows,
        spans=tuple(
            _span(search, timeline, place, is_asked=is_asked, is_narrowed=is_narrowed, is_linked=is_linked)
            for place in range(len(timeline.periods))
        ),
        silences=() if has_few else _silences(timeline.periods),
        ticks=() if has_few else axis.ticks(timeline.unit, timeline.periods),
        is_narrowed=is_narrowed,
        has_faint=any(row.faint for row in rows),
        is_linked=is_linked,
        ways_out=tuple(_ways_out(search)),
        undated=timeline.undated,
    )


def _rows(found: tuple[Period, ...], is_asked: bool) -> tuple[Row, ...]:
    most = max(period.releases for period in found)
    releases = [period.releases / most if most else 0 for period in found]
    if not is_asked:
        return (Row("volume", in_digits(most), 20, _ROWS_END_PX, tuple(_bars(releases, 20, _ROWS_END_PX))),)
    shares = [period.matches / period.releases if period.releases else 0 for period in found]
    top = next(top for top in _TOPS if top >= max(shares) or top == _TOPS[-1])
    solid = [share / top if period.releases >= MIN_RELEASES else 0 for share, period in zip(shares, found, strict=True)]
    faint = [share / top if period.releases < MIN_RELEASES else 0 for share, period in zip(shares, found, strict=True)]
    return (
        Row("share", in_percent(top), 20, 122, tuple(_bars(solid, 20, 122)), tuple(_bars(faint, 20, 122))),
        Row("volume", in_digits(most), 146, _ROWS_END_PX, tuple(_bars(releases, 146, _ROWS_END_PX))),
    )


def _bars(parts: list[float], top_px: int, base_px: int) -> Iterator[Box]:
    """Bars as high as these parts of a row; none for a part of 0."""
    width = 100 / len(parts)
    for place, part in enumerate(parts):
        if part:
            height = round(max(min(part, 1) * (base_px - top_px), _LEAST_PX), 1)
            yield Box(_percent((place + _GAP / 2) * width), _percent((1 - _GAP) * width), round(base_px - height, 1), height)


def _silences(found: tuple[Period, ...]) -> tuple[Box, ...]:
    width = 100 / len(found)
    silences = []
    for is_silent, run in groupby(range(len(found)), key=lambda place: not found[place].releases):
        places = list(run)
        if is_silent:
            silences.append(Box(_percent(places[0] * width), _percent(len(places) * width), 20, _ROWS_END_PX - 20))
    return tuple(silences)


def _span(search: Search, timeline: Timeline, place: int, *, is_asked: bool, is_narrowed: bool, is_linked: bool) -> Span:
    period = timeline.periods[place]
    start, end = _whole_unless_asked(search, timeline.unit, period)
    name = periods.period_name(start, end)
    share = in_percent(period.matches / period.releases) if period.releases else None
    if not period.releases:
        nothing = (
            gettext("tidak ada siaran pers yang lolos saringan") if is_narrowed else gettext("tidak ada siaran pers di arsip")
        )
        found = nothing
    elif is_asked:
        found = ngettext(
            "%(matches)s dari %(releases)s siaran pers",
            "%(matches)s dari %(releases)s siaran pers",
            period.releases,
            matches=in_digits(period.matches),
            releases=in_digits(period.releases),
        )
        found = f"{found} ({share})"
    else:
        found = ngettext("%(count)s siaran pers", "%(count)s siaran pers", period.releases, count=in_digits(period.releases))
    width = 100 / len(timeline.periods)
    return Span(
        name=name,
        label=f"{name}: {found}",
        x=_percent(place * width),
        width=_percent(width),
        matches=period.matches,
        releases=period.releases,
        share=share,
        address=links.search_link(search.during(start, end)) if is_linked and period.releases else None,
    )


def _whole_unless_asked(search: Search, unit: Unit, period: Period) -> tuple[date, date]:
    """A period in full, unless a filter cuts it: where the archive merely begins or ends within it, nothing is missing."""
    since, until = search.filters.since, search.filters.until
    start, end = period.start, period.end
    return (start if start == since else whole(unit, start)[0], end if end == until else whole(unit, end)[1])


def _ways_out(search: Search) -> list[tuple[str, Search]]:
    since, until = search.filters.since, search.filters.until
    if not since and not until:
        return []
    longer = periods.wider(since, until) if since and until else []
    ways = [(periods.period_name(start, end), search.during(start, end)) for start, end in longer]
    return [*ways, (gettext("seluruh periode"), search.during(None, None))]


def _percent(value: float) -> float:
    return round(value, 2)
