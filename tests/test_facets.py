from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask

from index import Filters, Survey
from index.survey import FacetValue, Timeline, Unit
from web import language
from web.facets import MAX_FOLDED, SHOWN, chips, groups, stretches
from web.parameters import Search

TODAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _request() -> Iterator[None]:
    app = Flask("web")
    language.init_app(app)
    with app.test_request_context("/"):
        yield


def survey(topics: int = 0, **fields: tuple[FacetValue, ...]) -> Survey:
    values = {"topics": tuple(FacetValue(f"t{number}", 1000 - number) for number in range(topics)), **fields}
    return Survey(**{"agencies": (), "sources": (), "languages": (), **values}, timeline=Timeline(Unit.DAY, (), 0))


def test_most_frequent_values_are_in_sight_and_the_others_folded() -> None:
    (group,) = groups(survey(topics=SHOWN + 5), Filters())
    assert (group.parameter, str(group.legend), str(group.every)) == ("topic", "Topik", "Semua topik")
    assert [one.value for one in group.shown] == [f"t{number}" for number in range(SHOWN)]
    assert [one.count for one in group.folded] == [1000 - number for number in range(SHOWN, SHOWN + 5)]
    assert group.left_out == 0


def test_one_value_alone_is_not_folded() -> None:
    (group,) = groups(survey(topics=SHOWN + 1), Filters())
    assert (len(group.shown), group.folded) == (SHOWN + 1, ())


def test_chosen_values_come_first_however_few_they_find() -> None:
    chosen = tuple(f"t{number}" for number in range(20, 9, -1))
    (group,) = groups(survey(topics=30), Filters(topics=chosen))
    assert [one.value for one in group.shown] == [f"t{number}" for number in range(10, 21)]
    assert all(one.is_chosen for one in group.shown)
    assert group.folded[0].value == "t0"


def test_values_beyond_the_fold_are_counted() -> None:
    (group,) = groups(survey(topics=SHOWN + MAX_FOLDED + 7), Filters())
    assert (len(group.folded), group.left_out) == (MAX_FOLDED, 7)


def test_languages_are_named_and_fields_without_values_left_out() -> None:
    found = groups(survey(languages=(FacetValue("jv", 3), FacetValue("xx", 1))), Filters())
    assert [(one.parameter, [(choice.value, choice.label) for choice in one.shown]) for one in found] == [
        ("language", [("jv", "Jawa"), ("xx", "xx")])
    ]


def test_what_is_chosen_stays_visible_where_nothing_was_counted() -> None:
    (group,) = groups(None, Filters(agencies=("Dinas A",)))
    assert [(one.label, one.count, one.is_chosen) for one in group.shown] == [("Dinas A", 0, True)]


def test_periods_end_today_and_years_cover_the_archive() -> None:
    offered = stretches(Search("banjir", offset=20), TODAY, "2018-05-01", "2026-03-02")
    assert [(one.label, one.search.arguments()) for one in offered.recent] == [
        ("7 hari terakhir", {"q": "banjir", "since": "2026-11-18", "until": "2026-11-24"}),
        ("30 hari terakhir", {"q": "banjir", "since": "2026-10-26", "until": "2026-11-24"}),
        ("tahun ini", {"q": "banjir", "since": "2026-01-01", "until": "2026-12-31"}),
        ("tahun lalu", {"q": "banjir", "since": "2025-01-01", "until": "2025-12-31"}),
    ]
    assert [one.label for one in offered.years] == ["2024", "2023", "2022", "2021"]
    assert [one.label for one in offered.folded_years] == ["2020", "2019", "2018"]
    assert not offered.is_other


def test_period_that_is_chosen_is_dropped_again() -> None:
    offered = stretches(Search().during(date(2024, 1, 1), date(2024, 12, 31)), TODAY, "2023-05-01", "2024-03-02")
    assert [(one.label, one.is_chosen, one.search.arguments()) for one in offered.years] == [
        ("2024", True, {}),
        ("2023", False, {"since": "2023-01-01", "until": "2023-12-31"}),
    ]
    assert not offered.is_other
    assert stretches(Search().during(date(2024, 1, 2), None), TODAY, "2023-05-01", "2024-03-02").is_other


def test_slip_of_the_pen_does_not_offer_two_thousand_years() -> None:
    offered = stretches(Search(), TODAY, "0023-05-01", "2024-03-02")
    assert len(offered.years + offered.folded_years) == 45
    assert offered.folded_years[-1].label == "1980"


def test_archive_without_dates_offers_no_periods() -> None:
    offered = stretches(Search(), TODAY, None, None)
    assert (offered.recent, offered.years, offered.folded_years, offered.is_other) == ((), (), (), False)


@pytest.mark.parametrize(
    ("since", "until", "label"),
    [
        (date(2024, 1, 1), date(2024, 1, 31), "1 Januari 2024 – 31 Januari 2024"),
        (date(2024, 1, 1), date(2024, 1, 1), "1 Januari 2024"),
        (date(2024, 1, 1), None, "sejak 1 Januari 2024"),
        (None, date(2024, 1, 1), "sampai 1 Januari 2024"),
    ],
)
def test_chip_says_its_period(since: date | None, until: date | None, label: str) -> None:
    (chip,) = chips(Search("banjir", filters=Filters(since, until)))
    assert (chip.label, chip.without.arguments()) == (label, {"q": "banjir"})


def test_each_filter_has_a_chip_that_drops_it_alone() -> None:
    search = Search(filters=Filters(topics=("A", "B"), sources=("kota.example",), languages=("jv",)), superseded=True)
    assert [(chip.label, chip.without.arguments()) for chip in chips(search)] == [
        ("A", {"topic": ["B"], "source": ["kota.example"], "language": ["jv"], "versions": "superseded"}),
        ("B", {"topic": ["A"], "source": ["kota.example"], "language": ["jv"], "versions": "superseded"}),
        ("kota.example", {"topic": ["A", "B"], "language": ["jv"], "versions": "superseded"}),
        ("Jawa", {"topic": ["A", "B"], "source": ["kota.example"], "versions": "superseded"}),
        ("versi yang sudah diganti", {"topic": ["A", "B"], "source": ["kota.example"], "language": ["jv"]}),
    ]
    assert chips(Search("banjir")) == []
