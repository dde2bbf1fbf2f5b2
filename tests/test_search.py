from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from conftest import LITTLE_ARCHIVE, MODEL, AngleEncoder, build, fill, ids, make_release, open_index, places, remove

from archive import Passage
from index import Band, Filters, GenerationError, GenerationGone, Index, Mode, NoGeneration, Query, Sort, Status
from index import generation as generations
from index.answer import Marks
from index.survey import FacetValue

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


# Changes


def test_a_removed_release_vanishes_at_once_without_short_pages(tmp_path: Path) -> None:
    fill(tmp_path, *(make_release(f"r{number}", f"Kata a{number}") for number in range(0, 360, 15)))
    build(tmp_path)
    index = open_index(tmp_path)
    assert ids(index.search(Query("c5", k=5))) == ["r0", "r15", "r345", "r30", "r330"]
    remove(tmp_path, "r0", "r345")
    answer = index.search(Query("c5", k=5))
    assert (ids(answer), answer.has_more, answer.generation) == (["r15", "r30", "r330", "r45", "r315"], True, 1)
    assert "r345" not in ids(index.search(Query("c5", k=30)))
    index.store.restore("r0")
    assert ids(index.search(Query("c5", k=2))) == ["r0", "r15"]
    index.close()


def test_a_removed_release_vanishes_under_filters_too(data: Path, index: Index) -> None:
    remove(data, "asn")
    assert ids(index.search(Query("c0", filters=Filters(topics=("Kepegawaian", "Kebencanaan"))))) == ["banjir"]


def test_an_archive_whose_releases_are_all_removed_answers_with_nothing(data: Path, index: Index) -> None:
    remove(data, "asn", "banjir", "pasar")
    answer = index.search(Query("melayani c0"))
    assert (answer.hits, answer.band, answer.total) == ((), Band.WEAK, 0)


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
    assert (ids(answer), answer.has_more) == (["pasar", "banjir"], False)


def test_an_index_of_another_archive_is_refused(tmp_path: Path, data: Path) -> None:
    fill(tmp_path / "other", make_release("lain", "Lain a0"))
    (data / "index").rename(tmp_path / "other/index")
    index = open_index(tmp_path / "other")
    with pytest.raises(GenerationError, match="does not fit the archive beside it: run telusur index --rebuild"):
        index.search(Query("c240"))
    index.close()


def test_a_superseded_text_is_found_until_the_next_generation(data: Path, index: Index) -> None:
    fill(data, make_release("banjir", "Kali surut a100", "Dapur umum a150", title="Banjir"))
    (hit,) = index.search(Query("c120", k=1)).hits
    assert (hit.passage.text, hit.passage.release.version) == ("Kali meluap a120", 1)
    build(data)
    (hit,) = index.search(Query("c100", k=1)).hits
    assert (hit.passage.text, hit.passage.release.version) == ("Kali surut a100", 2)


def test_a_new_generation_is_seen_without_reopening(data: Path, encoder: AngleEncoder) -> None:
    loads: list[str] = []

    def load(name: str) -> AngleEncoder:
        loads.append(name)
        return encoder

    index = Index(data, load_encoder=load)
    assert index.search(Query("c200", k=1)).generation == 1
    fill(data, make_release("baru", "Baru a200"))
    assert len(index.search(Query("c200")).hits) == 3
    build(data)
    answer = index.search(Query("c200"))
    assert (ids(answer)[0], len(answer.hits), answer.generation) == ("baru", 4, 2)
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


# Modes, orders, counts


def test_a_search_by_meaning_alone_passes_over_words(tmp_path: Path) -> None:
    fill(tmp_path, *(make_release(f"r{number}", f"Kantor cabang {number} a50") for number in range(8)))
    fill(tmp_path, make_release("nama", "Kantor Purwalegi a50"))
    build(tmp_path)
    index = open_index(tmp_path)
    assert ids(index.search(Query("purwalegi c50", k=1))) == ["nama"]
    answer = index.search(Query("purwalegi c50", mode=Mode.MEANING))
    assert ids(answer)[-1] == "nama"
    assert answer.hits[-1].marks.words == ((7, 16),)
    index.close()


def test_a_search_by_words_alone_finds_what_holds_them_and_nothing_else(tmp_path: Path) -> None:
    fill(
        tmp_path,
        make_release("semua", "Lurah Purwalegi meresmikan pasar a150"),
        make_release("satu", "Pasar dibuka a50"),
        make_release("tidak", "Kantor ditutup a50"),
        make_release("lain", "Sekolah libur a50"),
    )
    build(tmp_path)
    encoder = AngleEncoder()
    index = Index(tmp_path, load_encoder=lambda _name: encoder)
    answer = index.search(Query("pasar purwalegi lurah", mode=Mode.WORDS))
    assert [(hit.passage.release.id, hit.band) for hit in answer.hits] == [("semua", Band.STRONG), ("satu", Band.WEAK)]
    assert (answer.total, answer.band, answer.has_more) == (1, Band.STRONG, False)
    assert answer.hits[0].marks == Marks(None, ((0, 5), (6, 15), (27, 32)))
    nothing = index.search(Query("stasiun", mode=Mode.WORDS))
    assert (nothing.hits, nothing.total, nothing.band) == ((), 0, Band.WEAK)
    assert encoder.queries == [], "words need no model"
    index.close()


@pytest.fixture
def dated(tmp_path: Path) -> Iterator[Index]:
    """Three releases that answer c0, the best of them of 2022, two that do not, and one without a date that does."""
    days = {"tua": ("2021-03-01", 5), "baru": ("2023-03-01", 8), "tengah": ("2022-03-01", 0), "tanpa": (None, 3)}
    releases = [make_release(id, f"Siaran {id} a{angle}", published=day, topic="Satu") for id, (day, angle) in days.items()]
    others = [make_release(f"lain{n}", f"Lain {n} a{120 + 120 * n}", published=f"202{n}-07-01", topic="Dua") for n in range(2)]
    fill(tmp_path, *releases, *others)
    build(tmp_path)
    index = open_index(tmp_path)
    yield index
    index.close()


def test_hits_above_the_line_come_in_the_order_asked_for(dated: Index) -> None:
    assert sorted(ids(dated.search(Query("c0", k=4)))) == ["baru", "tanpa", "tengah", "tua"]
    assert ids(dated.search(Query("c0", sort=Sort.NEWEST)))[:4] == ["baru", "tengah", "tua", "tanpa"]
    oldest = dated.search(Query("c0", sort=Sort.OLDEST))
    assert ids(oldest)[:4] == ["tua", "tengah", "baru", "tanpa"]
    assert oldest.total == 4
    assert [hit.band for hit in oldest.hits[4:]] == [Band.WEAK, Band.WEAK]


def test_pages_of_an_order_by_date_have_no_gaps(dated: Index) -> None:
    whole = ids(dated.search(Query("c0", sort=Sort.OLDEST)))
    pages = [dated.search(Query("c0", k=1, offset=offset, sort=Sort.OLDEST)) for offset in range(6)]
    assert [ids(page)[0] for page in pages] == whole


def test_filters_move_no_line(dated: Index) -> None:
    whole = dated.search(Query("c0"))
    lone = dated.search(Query("c0", filters=Filters(until=date(2021, 12, 31))))
    assert [(hit.passage.release.id, hit.score, hit.band) for hit in lone.hits if hit.band is not Band.WEAK] == [
        (hit.passage.release.id, hit.score, hit.band) for hit in whole.hits if hit.passage.release.id == "tua"
    ]
    assert (lone.total, lone.relevance) == (1, whole.relevance)
    nothing = dated.search(Query("c0", filters=Filters(topics=("Dua",))))
    assert (nothing.total, nothing.band, {hit.band for hit in nothing.hits}) == (0, Band.WEAK, {Band.WEAK})


def test_a_survey_counts_what_each_filter_would_find(dated: Index) -> None:
    spread = dated.search(Query("c0", filters=Filters(since=date(2022, 1, 1)), surveyed=True)).survey
    assert spread is not None
    for value in spread.topics:
        narrowed = Filters(since=date(2022, 1, 1), topics=(value.name,))
        assert dated.search(Query("c0", filters=narrowed)).total == value.count
    assert spread.topics == (FacetValue("Satu", 2),)
    for period in spread.timeline.periods:
        within = Filters(since=period.start, until=period.end)
        assert dated.search(Query("c0", filters=within)).total == period.matches
    assert dated.search(Query("c0")).survey is None


def test_releases_are_listed_without_a_query(data: Path, dated: Index) -> None:
    found = dated.browse(Filters(), k=4)
    assert [passage.release.id for passage in found.openings] == ["baru", "tengah", "lain1", "tua"]
    assert (found.total, found.generation) == (6, 1)
    assert found.survey.topics == (FacetValue("Satu", 4), FacetValue("Dua", 2))
    rest = dated.browse(Filters(), k=4, offset=4)
    assert [passage.release.id for passage in rest.openings] == ["lain0", "tanpa"]
    oldest = dated.browse(Filters(topics=("Dua",)), sort=Sort.OLDEST)
    assert [passage.release.id for passage in oldest.openings] == ["lain0", "lain1"]
    dated.store.remove("baru")
    assert dated.browse(Filters()).total == 5
    with pytest.raises(ValueError, match="sort by newest or oldest"):
        dated.browse(Filters(), sort=Sort.RELEVANCE)


def test_several_queries_pass_the_model_together(index: Index, encoder: AngleEncoder) -> None:
    answers = index.search_many([Query("c10"), Query("c140", k=1), Query("melayani", mode=Mode.WORDS)])
    assert [ids(answer) for answer in answers] == [["asn", "pasar", "banjir"], ["banjir"], ["asn"]]
    assert encoder.queries == ["c10", "c140"]


def test_the_passages_of_a_release_that_answer_come_in_reading_order(index: Index) -> None:
    hits = index.passages_of(Query("kali meluap c125"), "banjir")
    assert places(hits) == [("banjir", 0), ("banjir", 1)]
    assert [hit.rank for hit in hits] == [1, 2]
    assert hits[0].score > hits[1].score
    assert hits[0].marks.words == ((0, 4), (5, 11))
    assert index.passages_of(Query("kali meluap c125"), "asn") == ()
    assert index.passages_of(Query("kali meluap c125"), "tidak-ada") == ()


# Generations


def test_a_generation_answers_on_after_others_were_published(data: Path, index: Index) -> None:
    first = index.search(Query("c200", k=1))
    for number in range(4):
        fill(data, make_release(f"baru{number}", f"Baru a{200 + number}"))
        build(data)
        assert index.search(Query("c200")).generation == number + 2
    again = index.search(Query("c200", k=1, generation=1))
    assert (ids(again), again.hits[0].score, again.generation) == (ids(first), first.hits[0].score, 1)
    assert len(index.search(Query("c200", k=10, generation=3)).hits) == 5
    with pytest.raises(GenerationGone, match="generation 1 is not kept any more: ask again from the start"):
        index.search(Query("pasar", generation=1))


def test_a_generation_that_is_gone_is_said_to_be(data: Path, index: Index) -> None:
    build(data, rebuild=True)
    index.search(Query("c0"))
    for number in (1, 3):
        with pytest.raises(GenerationGone, match=f"generation {number} is not open any more: ask again from the start"):
            index.search(Query("c0", generation=number))


def test_while_one_reader_opens_a_generation_the_others_go_on(
    data: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.search(Query("c0"))
    build(data, rebuild=True)
    opening, opened = threading.Event(), threading.Event()
    load = generations.load

    def slowly(folder: Path) -> generations.Generation:
        opening.set()
        assert opened.wait(10)
        return load(folder)

    monkeypatch.setattr(generations, "load", slowly)
    numbers: list[int] = []
    reader = threading.Thread(target=lambda: numbers.append(index.search(Query("c0")).generation))
    reader.start()
    assert opening.wait(10)
    assert index.search(Query("c0")).generation == 1
    opened.set()
    reader.join(10)
    assert numbers == [2] == [index.search(Query("c0")).generation]
