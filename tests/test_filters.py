from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from conftest import make_row

from index.filters import Filters, describe

ROWS = (
    replace(make_row(1, published="2023-03-21T09:30", topic="Kepegawaian"), agency="Diskominfo", url="https://www.a.example/1"),
    replace(
        make_row(2, published="2021-01-19", topic="Kebencanaan"), agency="BPBD", url="http://A.example:80/2", language="id"
    ),
    replace(make_row(3), language="jv"),
)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("since", "until", "passing"),
    [
        ("2023-03-21", None, [0]),
        ("2023-03-22", None, []),
        (None, "2021-01-19", [1]),
        (None, "2021-01-18", []),
        ("2021-01-19", "2023-03-21", [0, 1]),
        (None, None, [0, 1, 2]),
    ],
)
def test_a_period_holds_its_first_and_last_day_and_nothing_undated(
    since: str | None, until: str | None, passing: list[int]
) -> None:
    assert describe(ROWS).passing(Filters(day(since), day(until))).nonzero()[0].tolist() == passing


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        (Filters(topics=("Kebencanaan",)), [1]),
        (Filters(topics=("Kebencanaan", "Kepegawaian", "Olahraga")), [0, 1]),
        (Filters(topics=("kebencanaan",)), []),
        (Filters(agencies=("BPBD",)), [1]),
        (Filters(sources=("a.example",)), [0, 1]),
        (Filters(languages=("jv", "id")), [1, 2]),
        (Filters(sources=("a.example",), languages=("jv",)), []),
        (Filters(since=date(2022, 1, 1), topics=("Kebencanaan",)), []),
    ],
)
def test_any_value_of_a_field_and_all_fields(filters: Filters, passing: list[int]) -> None:
    assert describe(ROWS).passing(filters).nonzero()[0].tolist() == passing


def test_a_catalog_names_what_occurs() -> None:
    catalog = describe(ROWS)
    assert catalog.names == {
        "topics": ("Kebencanaan", "Kepegawaian"),
        "agencies": ("BPBD", "Diskominfo"),
        "sources": ("a.example",),
        "languages": ("id", "jv"),
    }
    assert {field: codes.tolist() for field, codes in catalog.codes.items()} == {
        "topics": [1, 0, -1],
        "agencies": [1, 0, -1],
        "sources": [0, 0, -1],
        "languages": [-1, 0, 1],
    }


def test_no_filters_are_false() -> None:
    assert not Filters()
    assert Filters(languages=("id",))
    assert not Filters(languages=("id",)).without("languages")
