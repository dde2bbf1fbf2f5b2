"""An index in use: releases removed, generations published, damaged and gone, and what is loaded when."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from conftest import LITTLE_ARCHIVE, MODEL, AngleEncoder, build, fill, ids, make_release, open_index, remove

from archive import Passage
from index import Band, Filters, GenerationError, GenerationGone, Index, NoGeneration, Query, Status
from index import generation as generations

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
    assert not generations.path_of(data / "index", 1).exists()
    assert len(index.search(Query("pasar", k=10, generation=1)).hits) == 3


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
