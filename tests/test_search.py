from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from conftest import LITTLE_ARCHIVE, MODEL, AngleEncoder, build, fill, make_release

from archive import Passage, Release, Store
from index import Answer, GenerationError, Hit, Index, NoGeneration, Query, Status


def ids(answer: Answer) -> list[str]:
    return [hit.passage.release.id for hit in answer.hits]


def places(hits: Iterable[Hit]) -> list[tuple[str, int]]:
    return [(hit.passage.release.id, hit.passage.position) for hit in hits]


def open_index(data: Path, encoder: AngleEncoder | None = None) -> Index:
    return Index(data, load_encoder=lambda _name: encoder or AngleEncoder())


def remove(data: Path, *ids: str) -> None:
    store = Store(data / "archive.sqlite")
    for id in ids:
        store.remove(id)
    store.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """800 releases of one paragraph, most of which look the way that is asked for; every 200th is of a topic of its own.

    Every third says a word that is asked for too, and every release has a day of its own.
    """
    data = tmp_path_factory.mktemp("large")
    fill(data, *map(large_release, range(800)))
    build(data)
    index = open_index(data)
    yield index
    index.close()


def large_release(number: int) -> Release:
    angle = 180 if number % 200 == 199 else number * 37 % 120
    word = "banjir" if number % 3 == 0 else "pasar"
    topic = "Jarang" if number % 200 == 199 else "Sering"
    day = date.fromordinal(date(2021, 1, 1).toordinal() + number).isoformat()
    return make_release(f"r{number}", f"{word} {number} a{angle}", published=day, topic=topic)


# Order


def test_what_looks_the_same_way_comes_first(index: Index) -> None:
    answer = index.search(Query("c10"))
    assert ids(answer) == ["asn", "pasar", "banjir"]
    assert places(answer.hits) == [("asn", 0), ("pasar", 1), ("banjir", 0)]
    assert [hit.rank for hit in answer.hits] == [1, 2, 3]
    assert answer.hits[0].score > answer.hits[1].score > answer.hits[2].score > 0
    assert (answer.query, answer.total, answer.generation) == (Query("c10"), 3, 1)
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


def test_same_words_in_many_releases_leave_each_findable(tmp_path: Path) -> None:
    fill(tmp_path, *(make_release(f"r{number}", "Hubungi humas a90", f"Isi {number} a270") for number in range(12)))
    build(tmp_path)
    index = open_index(tmp_path)
    answer = index.search(Query("c90", k=12))
    assert sorted(ids(answer)) == sorted(f"r{number}" for number in range(12))
    assert {hit.passage.text for hit in answer.hits} == {"Hubungi humas a90"}
    index.close()


# Filters


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query("c10", topics=("Kebencanaan",)), ["banjir"]),
        (Query("c10", topics=("Kebencanaan", "Kepegawaian")), ["asn", "banjir"]),
        (Query("c10", topics=("kebencanaan",)), []),
        (Query("c130", since=date(2021, 1, 19)), ["banjir", "asn"]),
        (Query("c130", since=date(2021, 1, 20)), ["asn"]),
        (Query("c10", until=date(2021, 1, 19)), ["banjir"]),
        (Query("c10", until=date(2021, 1, 18)), []),
        (Query("c10", since=date(2023, 3, 21), until=date(2023, 3, 21)), ["asn"]),
        (Query("c10", since=date(2022, 1, 1), topics=("Kebencanaan",)), []),
    ],
)
def test_filters_leave_only_what_passes(index: Index, query: Query, expected: list[str]) -> None:
    answer = index.search(query)
    assert ids(answer) == expected
    assert answer.total == len(expected)


def test_filters_come_before_similarity(large: Index) -> None:
    rare = large.search(Query("banjir c0", k=4, topics=("Jarang",)))
    assert (sorted(ids(rare)), rare.total) == (["r199", "r399", "r599", "r799"], 4)
    last = large.search(Query("banjir c0", k=100, since=date(2023, 3, 1)))
    expected = [f"r{number}" for number in range(789, 800)]
    assert (sorted(ids(last)), last.total) == (sorted(expected), 11)


# Pages


@pytest.mark.parametrize("text", ["c10", "banjir c10", "pasar banjir", "purwalegi"])
@pytest.mark.parametrize("k", [100, 37])
def test_pages_have_no_gaps_and_no_repeats(large: Index, text: str, k: int) -> None:
    pages = [large.search(Query(text, k=k, offset=offset)) for offset in range(0, 800, k)]
    hits = [hit for page in pages for hit in page.hits]
    assert sorted(hit.passage.release.id for hit in hits) == sorted(f"r{number}" for number in range(800))
    assert [hit.rank for hit in hits] == list(range(1, 801))
    assert {page.total for page in pages} == {800}
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_small_pages_agree_with_large_ones(large: Index) -> None:
    whole = ids(large.search(Query("banjir c10", k=60)))
    pages = [large.search(Query("banjir c10", k=6, offset=offset)) for offset in range(0, 60, 6)]
    assert [one for page in pages for one in ids(page)] == whole


def test_filtered_pages_have_no_gaps_and_no_repeats(large: Index) -> None:
    filtered = Query("banjir c10", k=90, since=date(2021, 4, 11), topics=("Sering",))
    pages = [large.search(replace(filtered, offset=offset)) for offset in range(0, 700, 90)]
    expected = [f"r{number}" for number in range(100, 800) if number % 200 != 199]
    assert sorted(one for page in pages for one in ids(page)) == sorted(expected)
    assert {page.total for page in pages} == {696}


def test_a_page_beyond_the_last_is_empty_and_still_says_how_many_there_are(large: Index, index: Index) -> None:
    answer = large.search(Query("c10", offset=800))
    assert (answer.hits, answer.total) == ((), 800)
    answer = index.search(Query("c10", k=2, offset=2))
    assert ([hit.rank for hit in answer.hits], answer.total) == ([3], 3)


# Changes


def test_a_removed_release_vanishes_at_once_without_short_pages(tmp_path: Path) -> None:
    fill(tmp_path, *(make_release(f"r{number}", f"Kata a{number}") for number in range(0, 60, 5)))
    build(tmp_path)
    index = open_index(tmp_path)
    assert ids(index.search(Query("c0", k=5))) == ["r0", "r5", "r10", "r15", "r20"]
    remove(tmp_path, "r0", "r10")
    answer = index.search(Query("c0", k=5))
    assert (ids(answer), answer.total, answer.generation) == (["r5", "r15", "r20", "r25", "r30"], 10, 1)
    index.store.restore("r0")
    assert ids(index.search(Query("c0", k=2))) == ["r0", "r5"]
    index.close()


def test_a_removed_release_vanishes_under_filters_too(data: Path, index: Index) -> None:
    remove(data, "asn")
    assert ids(index.search(Query("c0", topics=("Kepegawaian", "Kebencanaan")))) == ["banjir"]


def test_an_archive_whose_releases_are_all_removed_answers_with_nothing(data: Path, index: Index) -> None:
    remove(data, "asn", "banjir", "pasar")
    answer = index.search(Query("c0"))
    assert (answer.hits, answer.total) == ((), 0)


def test_a_release_removed_in_the_middle_of_a_search_is_not_shown(
    data: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = index.store.fetch_passages

    def late(paragraph_ids: Iterable[int]) -> dict[int, Passage]:
        monkeypatch.setattr(index.store, "fetch_passages", fetch)
        remove(data, "asn")
        return fetch(paragraph_ids)

    monkeypatch.setattr(index.store, "fetch_passages", late)
    answer = index.search(Query("c0", k=2))
    assert (ids(answer), answer.total) == (["pasar", "banjir"], 2)


def test_an_index_of_another_archive_is_refused(tmp_path: Path, data: Path) -> None:
    fill(tmp_path / "other", make_release("lain", "Lain a0"))
    (data / "index").rename(tmp_path / "other/index")
    index = open_index(tmp_path / "other")
    with pytest.raises(GenerationError, match="does not fit the archive beside it: run telusur index --rebuild"):
        index.search(Query("c240"))
    index.close()


def test_a_superseded_text_is_found_until_the_next_generation(data: Path, index: Index) -> None:
    fill(data, make_release("banjir", "Kali surut a60", "Dapur umum a150", title="Banjir"))
    (hit,) = index.search(Query("c120", k=1)).hits
    assert (hit.passage.text, hit.passage.release.version) == ("Kali meluap a120", 1)
    build(data)
    (hit,) = index.search(Query("c60", k=1)).hits
    assert (hit.passage.text, hit.passage.release.version) == ("Kali surut a60", 2)


def test_a_new_generation_is_seen_without_reopening(data: Path, encoder: AngleEncoder) -> None:
    loads: list[str] = []

    def load(name: str) -> AngleEncoder:
        loads.append(name)
        return encoder

    index = Index(data, load_encoder=load)
    assert index.search(Query("c200", k=1)).generation == 1
    fill(data, make_release("baru", "Baru a200"))
    assert index.search(Query("c200")).total == 3
    build(data)
    answer = index.search(Query("c200"))
    assert (ids(answer)[0], answer.total, answer.generation) == ("baru", 4, 2)
    index.close()
    assert loads == ["angles"]  # the new generation is of the same model
    assert encoder.queries == ["c200"]  # and the query's vector was remembered


def test_a_generation_of_another_model_brings_its_model(data: Path) -> None:
    def load(name: str) -> AngleEncoder:
        return {"angles": AngleEncoder(), "other": AngleEncoder("another-compass")}[name]

    index = Index(data, load_encoder=load)
    assert ids(index.search(Query("c0", k=1))) == ["asn"]
    other = replace(MODEL, name="other", fingerprint="another-compass")
    build(data, AngleEncoder("another-compass"), other)
    answer = index.search(Query("c0", k=1))
    index.close()
    assert (ids(answer), answer.generation) == (["asn"], 2)


def test_a_generation_of_another_model_is_refused(data: Path) -> None:
    index = Index(data, "other", load_encoder=lambda _name: AngleEncoder("another-compass"))
    for ask in (index.warm, lambda: index.search(Query("c0"))):
        with pytest.raises(
            GenerationError,
            match=r"made by angles \(a-compass\), not by other \(another-compass\): run telusur index --model other",
        ):
            ask()
    index.close()


def test_a_model_that_was_asked_for_and_made_the_generation_answers(data: Path) -> None:
    index = Index(data, "/models/angles", load_encoder=lambda _name: AngleEncoder())
    assert ids(index.search(Query("c0", k=1))) == ["asn"]
    index.close()


def test_a_damaged_new_generation_is_told_and_mended_without_reopening(data: Path, index: Index) -> None:
    assert index.search(Query("c0", k=1)).generation == 1
    build(data, rebuild=True)
    (data / "index/000002/vectors.faiss").write_bytes(b"damaged")
    with pytest.raises(GenerationError, match=r"vectors\.faiss is damaged"):
        index.search(Query("c0"))
    build(data, rebuild=True)
    assert index.search(Query("c0", k=1)).generation == 3


def test_an_index_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    def refuse(_name: str) -> NoReturn:
        raise AssertionError("the model was loaded")

    index = Index(tmp_path, load_encoder=refuse)
    for ask in (index.warm, index.status, lambda: index.search(Query("c0"))):
        with pytest.raises(NoGeneration, match="run telusur index"):
            ask()
    fill(tmp_path, *LITTLE_ARCHIVE)
    build(tmp_path)
    with pytest.raises(AssertionError, match="the model was loaded"):
        index.warm()
    index.close()


# State


def test_status_says_what_is_live_without_loading_the_model(data: Path) -> None:
    def refuse(_name: str) -> NoReturn:
        raise AssertionError("the model was loaded")

    index = Index(data, load_encoder=refuse)
    assert index.status() == Status(generation=1, model="angles", paragraphs=6, releases=3, stale=False)
    fill(data, make_release("baru", "Baru a5"))
    assert index.status() == Status(generation=1, model="angles", paragraphs=6, releases=3, stale=True)
    build(data)
    assert index.status() == Status(generation=2, model="angles", paragraphs=7, releases=4, stale=False)
    (data / "index/000002/meta.json").write_text("{")
    with pytest.raises(GenerationError, match=r"meta\.json is damaged"):
        index.status()
    index.close()


def test_warm_loads_before_the_first_search(data: Path) -> None:
    loads: list[str] = []

    def load(name: str) -> AngleEncoder:
        loads.append(name)
        return AngleEncoder()

    index = Index(data, load_encoder=load)
    assert loads == []
    index.warm()
    assert loads == ["angles"]
    index.search(Query("c0"))
    index.close()
    assert loads == ["angles"]


def test_query_is_embedded_once(index: Index, encoder: AngleEncoder) -> None:
    for offset in range(3):
        index.search(Query("c0", k=1, offset=offset))
    index.search(Query("c1"))
    assert encoder.queries == ["c0", "c1"]


def test_threads_get_the_same_answers_while_generations_change(data: Path, index: Index) -> None:
    questions = [f"c{angle}" for angle in range(0, 360, 12)]
    expected = {text: ids(index.search(Query(text))) for text in questions}
    failures: list[str] = []

    def ask() -> None:
        try:
            failures.extend(text for text in questions if ids(index.search(Query(text))) != expected[text])
        except Exception as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        build(data, rebuild=True)
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.search(Query("c0")).generation == 3


# Contract


def test_answer_becomes_the_documented_document(data: Path, index: Index) -> None:
    document = index.search(Query("c125", k=1)).to_dict()
    assert document["took_ms"] > 0
    (hit,) = document["hits"]
    assert 0 < hit["more"][0]["score"] <= hit["score"] <= 1
    hit["score"] = hit["more"][0]["score"] = document["took_ms"] = 0
    release = {
        "id": "banjir",
        "title": "Banjir",
        "url": None,
        "published": "2021-01-19",
        "topic": "Kebencanaan",
        "version": 1,
    }
    assert document == {
        "query": "c125",
        "total": 3,
        "took_ms": 0,
        "generation": 1,
        "hits": [
            {
                "rank": 1,
                "score": 0,
                "passage": "Kali meluap a120",
                "paragraph": 0,
                "release": release,
                "more": [{"rank": 2, "score": 0, "passage": "Dapur umum a150", "paragraph": 1, "release": release}],
            }
        ],
    }


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
        ({"since": date(2023, 1, 2), "until": date(2023, 1, 1)}, r"since \(2023-01-02\) is later than until \(2023-01-01\)"),
    ],
)
def test_what_no_search_can_answer_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Query("c0"), **change)


def test_limits_themselves_are_allowed(index: Index) -> None:
    assert index.search(Query("a" * 2_000, k=100, offset=10_000)).total == 3
