"""A query and its answer: order, filters, and the document that it becomes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from conftest import build, fill, ids, make_release, open_index, places

from index import Band, Filters, Index, Query

# Order


def test_what_looks_the_same_way_comes_first(index: Index) -> None:
    answer = index.search(Query("c10"))
    assert ids(answer) == ["asn", "pasar", "banjir"]
    assert places(answer.hits) == [("asn", 0), ("pasar", 1), ("banjir", 0)]
    assert [hit.rank for hit in answer.hits] == [1, 2, 3]
    assert answer.hits[0].score > answer.hits[1].score > answer.hits[2].score
    assert (answer.query, answer.has_more, answer.generation) == (Query("c10"), False, 1)
    assert answer.took_ms > 0


def test_each_release_stands_once_with_its_further_passages(index: Index) -> None:
    first, second, third = index.search(Query("c140")).hits
    assert places([first, *first.more]) == [("banjir", 1), ("banjir", 0)]
    assert {second.passage.release.id, third.passage.release.id} == {"asn", "pasar"}
    assert {len(hit.more) for hit in (first, second, third)} == {1}
    assert [hit.rank for hit in (first, *first.more)] == [1, 2]
    assert first.score >= first.more[0].score
    assert first.more[0].more == ()


def test_passage_comes_whole_with_its_release(index: Index) -> None:
    (hit,) = index.search(Query("c0", k=1)).hits
    release = hit.passage.release
    assert (hit.passage.text, hit.passage.position) == ("ASN itu melayani a0", 0)
    assert (release.id, release.title, release.published, release.topic, release.version) == (
        "asn",
        "Mental",
        "2023-03-21",
        "Kepegawaian",
        1,
    )


def test_words_decide_between_what_looks_the_same_way(tmp_path: Path) -> None:
    fill(tmp_path, *(make_release(f"r{number}", f"Kantor cabang {number} a50") for number in range(8)))
    fill(tmp_path, make_release("nama", "Kantor Purwalegi a50"))
    build(tmp_path)
    index = open_index(tmp_path)
    assert ids(index.search(Query("purwalegi c50", k=1))) == ["nama"]
    assert ids(index.search(Query("‘’PURWALEGÍ’’ c50", k=1))) == ["nama"]
    index.close()


def test_meaning_finds_what_shares_no_word(index: Index) -> None:
    (hit,) = index.search(Query("c270", k=1)).hits
    assert hit.passage.text == "Café <b>tutup</b> a270"


@pytest.mark.parametrize("text", ["?!", "‘’ … ’’", "東京", '"', "AND OR NOT", "a*b:c^d", "%_", "kata " * 300])
def test_any_text_is_answered(index: Index, text: str) -> None:
    answer = index.search(Query(text))
    assert sorted(ids(answer)) == ["asn", "banjir", "pasar"]
    assert answer.to_dict()["query"] == text


# Filters


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query("c10", filters=Filters(topics=("Kebencanaan",))), ["banjir"]),
        (Query("c10", filters=Filters(topics=("Kebencanaan", "Kepegawaian"))), ["asn", "banjir"]),
        (Query("c10", filters=Filters(topics=("kebencanaan",))), []),
        (Query("c130", filters=Filters(since=date(2021, 1, 19))), ["banjir", "asn"]),
        (Query("c130", filters=Filters(since=date(2021, 1, 20))), ["asn"]),
        (Query("c10", filters=Filters(until=date(2021, 1, 19))), ["banjir"]),
        (Query("c10", filters=Filters(until=date(2021, 1, 18))), []),
        (Query("c10", filters=Filters(since=date(2023, 3, 21), until=date(2023, 3, 21))), ["asn"]),
        (Query("c10", filters=Filters(since=date(2022, 1, 1), topics=("Kebencanaan",))), []),
    ],
)
def test_filters_leave_only_what_passes(index: Index, query: Query, expected: list[str]) -> None:
    answer = index.search(query)
    assert (ids(answer), answer.has_more) == (expected, False)
    assert answer.total <= len(expected)


def test_filters_that_nothing_passes_answer_with_nothing(index: Index) -> None:
    answer = index.search(Query("melayani c0", filters=Filters(topics=("Olahraga",))))
    assert (answer.hits, answer.band, answer.total, answer.has_more) == ((), Band.WEAK, 0, False)


# Contract


def test_answer_becomes_the_documented_document(data: Path, index: Index) -> None:
    document = index.search(Query("kali meluap c125", k=1)).to_dict()
    assert document["took_ms"] > 0
    (hit,) = document["hits"]
    assert 0 < hit["more"][0]["score"] < hit["score"]
    hit["score"] = hit["more"][0]["score"] = document["took_ms"] = document["relevance"] = 0
    release = {
        "id": "banjir",
        "title": "Banjir",
        "url": None,
        "published": "2021-01-19",
        "topic": "Kebencanaan",
        "version": 1,
        "agency": None,
        "language": None,
    }
    more = {
        "rank": 2,
        "score": 0,
        "band": "sedang",
        "passage": "Dapur umum a150",
        "paragraph": 1,
        "marks": {"sentence": None, "words": ()},
        "release": release,
    }
    assert document == {
        "query": "kali meluap c125",
        "band": "sedang",
        "relevance": 0,
        "total": 1,
        "has_more": True,
        "took_ms": 0,
        "generation": 1,
        "hits": [
            {
                "rank": 1,
                "score": 0,
                "band": "kuat",
                "passage": "Kali meluap a120",
                "paragraph": 0,
                "marks": {"sentence": None, "words": ((0, 4), (5, 11))},
                "release": release,
                "more": [more],
            }
        ],
    }


def test_the_longest_query_on_the_last_page_is_answered(index: Index) -> None:
    answer = index.search(Query("a" * 2_000, k=100, offset=10_000))
    assert (answer.hits, answer.has_more) == ((), False)
