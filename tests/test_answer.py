from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from archive import Passage, ReleaseSummary
from index import Answer, Band, Filters, Hit, Query, Similar
from index.answer import Marks, check_page

ASN = ReleaseSummary("asn", "Mental ‘melayani’", "https://kota.example/asn", "2023-03-21", "Kepegawaian", 2)
COPY = ReleaseSummary("salinan", "Mental", None, None, None, 1)
TEXT = "ASN itu melayani. Bukan dilayani."
RELEASE = {
    "id": "asn",
    "title": "Mental ‘melayani’",
    "url": "https://kota.example/asn",
    "published": "2023-03-21",
    "topic": "Kepegawaian",
    "version": 2,
    "agency": None,
    "language": None,
}
COPIED = {
    "id": "salinan",
    "title": "Mental",
    "url": None,
    "published": None,
    "topic": None,
    "version": 1,
    "agency": None,
    "language": None,
}

HIT = Hit(3, 1.23456789, Band.STRONG, Passage(7, 0, TEXT, ASN), Marks((0, 17), ((8, 16), (24, 32))))


# Documents


def test_a_hit_becomes_the_documented_document() -> None:
    assert HIT.to_dict() == {
        "rank": 3,
        "score": 1.234568,
        "band": "kuat",
        "passage": TEXT,
        "paragraph": 0,
        "marks": {"sentence": (0, 17), "words": ((8, 16), (24, 32))},
        "release": RELEASE,
    }


def test_further_passages_and_copies_are_listed_where_there_are_any() -> None:
    more = Hit(2, 0.5, Band.WEAK, Passage(8, 4, "Apel pagi.", ASN))
    document = replace(HIT, more=(more,), identical=(Passage(9, 1, TEXT, COPY),)).to_dict()
    assert document["more"] == [
        {
            "rank": 2,
            "score": 0.5,
            "band": "lemah",
            "passage": "Apel pagi.",
            "paragraph": 4,
            "marks": {"sentence": None, "words": ()},
            "release": RELEASE,
        }
    ]
    assert document["near_identical"] == [{"paragraph": 1, "release": COPIED}]


def test_an_answer_becomes_the_documented_document() -> None:
    answer = Answer(Query("ASN ‘melayani’"), Band.MEDIUM, 0.123456, 1, True, 12.3456, 7, (HIT,))
    assert answer.to_dict() == {
        "query": "ASN ‘melayani’",
        "band": "sedang",
        "relevance": 0.1235,
        "total": 1,
        "has_more": True,
        "took_ms": 12.3,
        "generation": 7,
        "hits": [HIT.to_dict()],
    }
    assert json.loads(json.dumps(answer.to_dict()))["hits"][0]["marks"] == {"sentence": [0, 17], "words": [[8, 16], [24, 32]]}


def test_what_is_similar_becomes_the_documented_document() -> None:
    assert Similar(1, 0.98765432, Passage(7, 0, TEXT, ASN)).to_dict() == {
        "rank": 1,
        "score": 0.987654,
        "passage": TEXT,
        "paragraph": 0,
        "release": RELEASE,
    }


# Limits


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": ""}, "the query is empty"),
        ({"text": " \n\t"}, "the query is empty"),
        ({"text": "a" * 2_001}, "has 2001 characters: shorten it to 2000"),
        ({"text": "rusak \udcff"}, "half a surrogate pair"),
        ({"k": 0}, "k must be 1 to 100: 0"),
        ({"k": 101}, "k must be 1 to 100: 101"),
        ({"offset": -1}, "offset must be 0 to 10000: -1"),
        ({"offset": 10_001}, "offset must be 0 to 10000: 10001"),
    ],
)
def test_what_no_search_can_answer_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Query("c0"), **change)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"since \(2023-01-02\) is later than until \(2023-01-01\)"):
        Filters(since=date(2023, 1, 2), until=date(2023, 1, 1))


def test_limits_themselves_are_allowed() -> None:
    assert len(Query("a" * 2_000, k=100, offset=10_000).text) == 2_000
    assert Query("a", filters=Filters(since=date(2023, 1, 1), until=date(2023, 1, 1))).k == 10
    check_page(1, 0)
    check_page(100, 10_000)


@pytest.mark.parametrize(
    ("k", "offset", "message"), [(0, 0, "k must be 1 to 100: 0"), (1, -1, "offset must be 0 to 10000: -1")]
)
def test_a_page_that_no_ranking_has_is_refused(k: int, offset: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_page(k, offset)
