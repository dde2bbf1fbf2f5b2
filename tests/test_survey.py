from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from index.filters import NO_FILTERS, Catalog, Filters
from index.survey import FacetValue, Period, Survey, Unit, take


def catalog(days: list[str | None], topics: list[int] | None = None, names: tuple[str, ...] = ("A", "B")) -> Catalog:
    count = len(days)
    nothing = np.full(count, -1, np.int32)
    ordinals = [date.fromisoformat(day).toordinal() if day else 0 for day in days]
    codes = np.array(topics if topics is not None else [-1] * count, np.int32)
    return Catalog(
        np.array(ordinals, np.int32),
        {"topics": codes, "agencies": nothing, "sources": nothing, "languages": nothing},
        {"topics": names, "agencies": (), "sources": (), "languages": ()},
    )


def survey(
    known: Catalog,
    filters: Filters = NO_FILTERS,
    matched: list[int] | None = None,
    groups: list[int] | None = None,
    removed: tuple[int, ...] = (),
) -> Survey:
    count = len(known.days)
    live, hits = np.ones(count, bool), np.zeros(count, bool)
    live[list(removed)] = False
    hits[range(count) if matched is None else matched] = True
    return take(known, filters, live, hits, np.arange(count) if groups is None else np.array(groups))


DATED = catalog(["2021-05-01", "2021-05-31", "2023-05-02", None], [0, 1, 1, 0])

# Fields


def test_values_come_most_first_then_by_name() -> None:
    assert survey(DATED).topics == (FacetValue("A", 2), FacetValue("B", 2))
    assert survey(DATED, matched=[0, 1, 2]).topics == (FacetValue("B", 2), FacetValue("A", 1))


def test_a_field_is_counted_under_the_other_filters_but_not_its_own() -> None:
    since = Filters(since=date(2021, 5, 2), topics=("A",))
    assert survey(DATED, since).topics == (FacetValue("B", 2), FacetValue("A", 0))


def test_what_is_chosen_is_listed_though_nothing_has_it() -> None:
    assert survey(DATED, Filters(topics=("Z",)), matched=[0]).topics == (FacetValue("A", 1), FacetValue("Z", 0))


def test_near_identical_hits_count_once_in_each_value() -> None:
    assert survey(DATED, groups=[7, 7, 7, 8]).topics == (FacetValue("A", 2), FacetValue("B", 1))


def test_removed_releases_do_not_count() -> None:
    found = survey(DATED, removed=(0, 3))
    assert found.topics == (FacetValue("B", 2),)
    assert sum(period.releases for period in found.timeline.periods) == 2


# Time


def test_periods_follow_each_other_without_a_gap() -> None:
    timeline = survey(DATED, matched=[0, 2, 3]).timeline
    assert timeline.unit is Unit.MONTH
    assert (timeline.periods[0], timeline.periods[-1]) == (
        Period(date(2021, 5, 1), date(2021, 5, 31), 1, 2),
        Period(date(2023, 5, 1), date(2023, 5, 2), 1, 1),
    )
    for before, after in zip(timeline.periods, timeline.periods[1:], strict=False):
        assert after.start == before.end + timedelta(days=1)
    assert sum(period.matches for period in timeline.periods) == 2
    assert timeline.undated == 1


@pytest.mark.parametrize(
    ("days", "unit", "count"),
    [
        (59, Unit.DAY, 60),
        (60, Unit.WEEK, 9),
        (430, Unit.MONTH, 15),
        (1_826, Unit.QUARTER, 21),
        (365 * 30, Unit.YEAR, 30),
        (365 * 100, Unit.DECADE, 11),
    ],
)
def test_units_grow_until_the_periods_fit(days: int, unit: Unit, count: int) -> None:
    last = date(2001, 1, 1) + timedelta(days=days)
    timeline = survey(catalog(["2001-01-01", last.isoformat()])).timeline
    assert (timeline.unit, len(timeline.periods)) == (unit, count)
    assert (timeline.periods[0].start, timeline.periods[-1].end) == (date(2001, 1, 1), last)
    assert (timeline.periods[0].releases, timeline.periods[-1].releases) == (1, 1)


def test_a_period_asked_for_is_the_one_that_is_drawn() -> None:
    timeline = survey(DATED, Filters(since=date(2021, 5, 3), until=date(2021, 6, 1))).timeline
    assert (timeline.unit, len(timeline.periods)) == (Unit.DAY, 30)
    assert [(one.start, one.matches) for one in timeline.periods if one.releases] == [(date(2021, 5, 31), 1)]


def test_near_identical_hits_count_once_in_each_period() -> None:
    timeline = survey(DATED, groups=[7, 7, 7, 8]).timeline
    assert [(one.matches, one.releases) for one in timeline.periods if one.releases] == [(1, 2), (1, 1)]


def test_an_archive_without_dates_has_no_periods() -> None:
    assert survey(catalog([None, None])).timeline.periods == ()


def test_a_slip_of_the_pen_does_not_stretch_the_picture_without_end() -> None:
    timeline = survey(catalog(["0021-05-01", "9999-12-31"])).timeline
    assert timeline.periods[-1].end == date(9999, 12, 31)
    assert len(timeline.periods) <= 60
