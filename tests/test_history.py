"""What releases said before they changed: found on request, and only then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import (
    LITTLE_ARCHIVE,
    MODEL,
    AngleEncoder,
    NoProgress,
    build,
    directions,
    fill,
    ids,
    make_release,
    open_index,
    remove,
)

from archive import IndexRow, Release, Store
from archive.history import SupersededVersion, has_superseded, superseded_paragraphs, superseded_versions
from index import Answer, Band, Filters, GenerationError, Index, NoGeneration, Query, publishing
from index.build import Outcome, data_paths, history_path, update
from index.generation import POINTER, Generation, Meta, load, read_meta
from scripts.cli import main

FLOOD = LITTLE_ARCHIVE[1]
CORRECTED = replace(FLOOD, body="Kali surut a125\n\nDapur umum a150")


@pytest.fixture
def changed(data: Path) -> Path:
    """A data folder whose release on a flood has been corrected, indexed before and after."""
    fill(data, CORRECTED)
    build(data)
    return data


def past(data: Path) -> Generation:
    return load(history_path(data))


def passages(answer: Answer) -> list[tuple[str, int, int, str]]:
    """Release, version, position and text of each hit and of what is listed with it."""
    found = [one.passage for hit in answer.hits for one in (hit, *hit.more)]
    return [(one.release.id, one.release.version, one.position, one.text) for one in found]


def superseded(index: Index, text: str, **filters: Any) -> list[tuple[str, int, int, str]]:
    return passages(index.search(Query(text, filters=Filters(**filters), superseded=True)))


# What is superseded


def texts(store: Store) -> list[tuple[int, str]]:
    """Release key and text of what is superseded."""
    return [(row.release_key, row.text) for row in superseded_paragraphs(store.database)]


def keep(store: Store, *releases: Release) -> None:
    for _ in store.add(releases):
        pass


def test_what_a_changed_release_says_no_more_is_superseded(store: Store) -> None:
    keep(store, *LITTLE_ARCHIVE)
    assert (texts(store), has_superseded(store.database)) == ([], False)
    keep(store, replace(CORRECTED, title="Surut", published="2021-01-20", topic="Cuaca"))
    row = IndexRow(3, 2, 0, "Kali meluap a120", "Banjir", "2021-01-19T09:30", "Kebencanaan")
    assert list(superseded_versions(store.database)) == [
        SupersededVersion(("Kali meluap a120", "Dapur umum a150"), (row,), (0,))
    ]
    assert list(superseded_paragraphs(store.database)) == [row]
    assert has_superseded(store.database)


def test_what_is_only_moved_or_told_with_another_date_is_not_superseded(store: Store) -> None:
    keep(store, FLOOD)
    keep(store, replace(FLOOD, body="Dapur umum a150\n\nBaru a10\n\nKali meluap a120", published="2021-01-20"))
    assert (texts(store), has_superseded(store.database)) == ([], False)


def test_what_several_versions_said_is_superseded_once_where_it_was_said_last(store: Store) -> None:
    for body in ("Satu a1\n\nDua a2", "Nol a0\n\nSatu a1\n\nTiga a3", "Empat a4"):
        keep(store, make_release("r", *body.split("\n\n")))
    found = [
        (version.texts, [row.text for row in version.rows], version.places) for version in superseded_versions(store.database)
    ]
    assert found == [
        (("Satu a1", "Dua a2"), ["Dua a2"], (1,)),
        (("Nol a0", "Satu a1", "Tiga a3"), ["Nol a0", "Satu a1", "Tiga a3"], (0, 1, 2)),
    ]


def test_the_same_text_of_another_release_keeps_nothing_current(store: Store) -> None:
    keep(store, make_release("a", "Sama a0"), make_release("b", "Sama a0"))
    keep(store, make_release("a", "Beda a0"))
    assert texts(store) == [(1, "Sama a0")]


def test_what_is_said_again_is_not_superseded_but_what_stood_between_is(store: Store) -> None:
    keep(store, FLOOD)
    keep(store, CORRECTED)
    keep(store, FLOOD)
    assert texts(store) == [(1, "Kali surut a125")]


def test_nothing_of_a_removed_release_is_superseded(store: Store) -> None:
    keep(store, FLOOD)
    keep(store, CORRECTED)
    store.remove("banjir")
    assert (texts(store), has_superseded(store.database)) == ([], False)
    store.restore("banjir")
    assert texts(store) == [(1, "Kali meluap a120")]


# Search


@pytest.fixture
def reader(changed: Path) -> Iterator[Index]:
    index = open_index(changed)
    yield index
    index.close()


def test_an_old_sentence_is_found_on_request_only(reader: Index) -> None:
    assert "Kali meluap a120" not in {text for *_, text in passages(reader.search(Query("kali meluap c120", k=100)))}
    answer = reader.search(Query("kali meluap c120", superseded=True))
    assert passages(answer) == [("banjir", 1, 0, "Kali meluap a120")]
    assert (answer.total, answer.has_more, answer.generation, answer.hits[0].rank) == (1, False, 1, 1)
    assert answer.band is not Band.WEAK
    assert answer.hits[0].band is answer.band
    assert [answer.hits[0].passage.text[slice(*span)] for span in answer.hits[0].marks.words] == ["Kali", "meluap"]
    document = answer.to_dict()["hits"][0]
    assert (document["release"]["version"], document["paragraph"]) == (1, 0)


def test_quotes_and_minus_work_on_old_text_too(reader: Index) -> None:
    assert superseded(reader, '"kali meluap"') == [("banjir", 1, 0, "Kali meluap a120")]
    assert superseded(reader, '"kali surut"') == []
    assert superseded(reader, "kali -meluap") == []
    with pytest.raises(ValueError, match="only says what to leave out"):
        reader.search(Query("-meluap", superseded=True))


def test_filters_go_by_what_the_old_version_said_of_itself(data: Path) -> None:
    fill(data, replace(CORRECTED, published="2024-01-01", topic="Cuaca"))
    build(data)
    index = open_index(data)
    old = [("banjir", 1, 0, "Kali meluap a120")]
    assert superseded(index, "c120", topics=("Kebencanaan",)) == old
    assert superseded(index, "c120", topics=("Cuaca",)) == []
    assert superseded(index, "c120", until=date(2021, 1, 19)) == old
    assert superseded(index, "c120", since=date(2021, 1, 20)) == []
    index.close()


def test_paragraphs_of_several_old_versions_stand_under_their_release(data: Path) -> None:
    fill(data, CORRECTED)
    fill(data, replace(FLOOD, body="Kali kering a130\n\nDapur umum a150"), make_release("asn", "Apel sore a200"))
    build(data)
    index = open_index(data)
    assert superseded(index, "c124") == [
        ("banjir", 2, 0, "Kali surut a125"),
        ("banjir", 1, 0, "Kali meluap a120"),
        ("asn", 1, 1, "Apel pagi a30"),
        ("asn", 1, 0, "ASN itu melayani a0"),
    ]
    assert ids(index.search(Query("c124", k=1, offset=1, superseded=True))) == ["asn"]
    index.close()


def test_an_archive_that_never_changed_answers_with_nothing(index: Index, data: Path) -> None:
    answer = index.search(Query("kali meluap c120", superseded=True))
    assert (answer.hits, answer.band, answer.total, answer.has_more, answer.generation) == ((), Band.WEAK, 0, False, 0)
    assert not history_path(data).exists()


def test_nothing_indexed_is_an_error_for_old_text_too(tmp_path: Path) -> None:
    fill(tmp_path, *LITTLE_ARCHIVE)
    index = open_index(tmp_path)
    with pytest.raises(NoGeneration, match="holds no index yet"):
        index.search(Query("c0", superseded=True))
    index.close()


def test_a_change_that_is_not_indexed_yet_is_no_error(data: Path, index: Index) -> None:
    fill(data, CORRECTED)
    assert superseded(index, "c120") == []
    assert index.search(Query("c120", k=1)).hits[0].passage.text == "Kali meluap a120"
    build(data)
    assert superseded(index, "c120") == [("banjir", 1, 0, "Kali meluap a120")]


def test_old_text_of_a_removed_release_vanishes_at_once_and_after_the_next_index(changed: Path, reader: Index) -> None:
    assert len(superseded(reader, "c120")) == 1
    remove(changed, "banjir")
    assert superseded(reader, "c120") == []
    assert build(changed).superseded is None
    assert superseded(reader, "c120") == []
    reader.store.restore("banjir")
    build(changed)
    assert superseded(reader, "c120") == [("banjir", 1, 0, "Kali meluap a120")]


def test_a_change_that_is_undone_leaves_only_what_stood_between(changed: Path, reader: Index) -> None:
    assert len(superseded(reader, "c120")) == 1
    fill(changed, FLOOD)
    build(changed)
    assert superseded(reader, "c120") == [("banjir", 2, 0, "Kali surut a125")]
    assert reader.search(Query("c120", k=1)).hits[0].passage.text == "Kali meluap a120"


def test_a_change_that_only_added_is_undone_without_a_trace(data: Path, index: Index) -> None:
    fill(data, replace(FLOOD, body="Kali meluap a120\n\nTambahan a60\n\nDapur umum a150"))
    assert build(data).superseded is None
    fill(data, FLOOD)
    assert build(data).superseded is not None
    assert superseded(index, "c60") == [("banjir", 2, 1, "Tambahan a60")]
    fill(data, replace(FLOOD, body="Tambahan a60\n\nKali meluap a120\n\nDapur umum a150"))
    assert build(data).superseded is None
    assert superseded(index, "c60") == []


# Build


def test_old_text_is_not_embedded_again(data: Path, encoder: AngleEncoder) -> None:
    fill(data, CORRECTED)
    outcome = build(data, encoder)
    assert (outcome.embedded, outcome.in_context) == (1, 1)
    assert (encoder.paragraphs, encoder.releases) == (["Kali surut a125"], [("Kali surut a125", "Dapur umum a150")])
    assert outcome.superseded is not None
    assert (outcome.superseded.paragraphs, outcome.superseded.releases, outcome.superseded.number) == (1, 1, 1)


def test_old_text_that_was_never_indexed_is_embedded_as_it_stood(tmp_path: Path, encoder: AngleEncoder) -> None:
    fill(tmp_path, *LITTLE_ARCHIVE)
    fill(tmp_path, CORRECTED)
    outcome = build(tmp_path, encoder)
    assert (outcome.embedded, outcome.in_context) == (7, 4)
    assert encoder.paragraphs[-1] == "Kali meluap a120"
    assert encoder.releases[-1] == ("Kali meluap a120", "Dapur umum a150")


def test_old_text_lies_where_it_lay_when_it_was_current(tmp_path: Path) -> None:
    turned = {"Kali meluap a120": 140.0, "Kali surut a125": 125.0}
    evenly = [make_release(f"r{angle}", f"Siaran a{angle}") for angle in range(0, 360, 15)]
    fill(tmp_path, FLOOD, *evenly)
    build(tmp_path, AngleEncoder(in_context=turned))
    before = load(data_paths(tmp_path)[2]).vectors(np.array([0]))
    fill(tmp_path, CORRECTED)
    build(tmp_path, AngleEncoder(in_context=turned))
    assert past(tmp_path).vectors(np.array([0])) == pytest.approx(before, abs=0.02)
    assert past(tmp_path).vectors(np.array([0])) == pytest.approx(directions([130]), abs=0.05)


def test_old_text_is_placed_in_the_space_of_the_live_index(changed: Path) -> None:
    live, old = load(data_paths(changed)[2]), past(changed)
    assert np.array_equal(old.space.map, live.space.map)
    assert np.array_equal(old.space.passage_mean, live.space.passage_mean)
    assert np.array_equal(old.space.query_mean, live.space.query_mean)
    assert np.array_equal(old.relevance.questions, live.relevance.questions)
    assert old.meta.recipe == live.meta.recipe
    assert old.meta.archive_state == live.meta.archive_state


def test_an_up_to_date_run_publishes_no_history_and_loads_no_encoder(changed: Path) -> None:
    store = Store(data_paths(changed)[0])
    outcome = update(changed, store, MODEL, lambda _model: pytest.fail("loaded"), lambda _label, _total: pytest.fail("started"))
    store.close()
    assert (outcome.published, outcome.superseded) == (False, read_meta(history_path(changed)))
    assert past(changed).meta.number == 1


def test_rebuild_publishes_history_again_without_embedding(changed: Path, encoder: AngleEncoder) -> None:
    first = past(changed).meta
    outcome = build(changed, encoder, rebuild=True)
    assert outcome.superseded == past(changed).meta
    assert (outcome.superseded.number, outcome.superseded.checksums) == (2, first.checksums)
    assert (encoder.paragraphs, encoder.releases) == ([], [])


def test_history_follows_another_model(changed: Path) -> None:
    other = replace(MODEL, name="other", fingerprint="another-compass")
    build(changed, AngleEncoder(other.fingerprint), other)
    assert past(changed).meta.recipe.fingerprint == "another-compass"
    index = open_index(changed, AngleEncoder(other.fingerprint))
    assert superseded(index, "c120") == [("banjir", 1, 0, "Kali meluap a120")]
    index.close()


def test_one_encoder_serves_current_and_old_text(changed: Path) -> None:
    loaded: list[str] = []

    def load_encoder(name: str) -> AngleEncoder:
        loaded.append(name)
        return AngleEncoder()

    index = Index(changed, load_encoder=load_encoder)
    index.search(Query("c120"))
    assert len(superseded(index, "c120")) == 1
    assert loaded == ["angles"]
    index.close()


def test_a_trial_leaves_history_alone(data: Path, tmp_path: Path) -> None:
    fill(data, CORRECTED)
    store = Store(data_paths(data)[0])
    trial = tmp_path / "trial"
    outcome = update(data, store, MODEL, lambda _model: AngleEncoder(), lambda _label, _total: NoProgress(), generations=trial)
    store.close()
    assert (outcome.meta, outcome.superseded) == (read_meta(trial), None)
    assert not history_path(data).exists()


def test_a_folder_of_an_older_telusur_gets_its_history_by_the_next_run(changed: Path, encoder: AngleEncoder) -> None:
    (history_path(changed) / POINTER).unlink()
    index = open_index(changed)
    with pytest.raises(NoGeneration, match="holds no index of superseded text yet: run telusur index"):
        index.search(Query("c120", superseded=True))
    assert index.search(Query("c120", k=1)).hits[0].passage.text == "Kali surut a125"
    outcome = build(changed, encoder)
    assert (outcome.published, outcome.embedded, encoder.paragraphs) == (False, 0, [])
    assert superseded(index, "c120") == [("banjir", 1, 0, "Kali meluap a120")]
    index.close()


def test_a_run_that_dies_before_history_is_finished_by_the_next(
    changed: Path, encoder: AngleEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = publishing.publish

    def die(folder: Path, *rest: Any, **options: Any) -> Meta:
        if folder == history_path(changed):
            raise KeyboardInterrupt
        return publish(folder, *rest, **options)

    fill(changed, replace(FLOOD, body="Kali kering a130\n\nDapur umum a150"))
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            build(changed)
    index = open_index(changed)
    assert index.search(Query("c128", k=1)).hits[0].passage.text == "Kali kering a130"
    assert superseded(index, "c120") == [("banjir", 1, 0, "Kali meluap a120")]
    outcome: Outcome = build(changed, encoder)
    assert (outcome.published, outcome.embedded, encoder.paragraphs) == (False, 0, [])
    assert [text for *_, text in superseded(index, "c120")] == ["Kali meluap a120", "Kali surut a125"]
    index.close()


def test_numbers_go_on_after_history_was_empty(changed: Path, reader: Index) -> None:
    assert reader.search(Query("c120", superseded=True)).generation == 1
    remove(changed, "banjir")
    build(changed)
    fill(changed, make_release("pasar", "Pasar sepi a245", "Café <b>tutup</b> a270", title="Pasar"))
    build(changed)
    answer = reader.search(Query("c240", superseded=True))
    assert (ids(answer), answer.generation) == (["pasar"], 2)


def test_damaged_history_is_told_and_leaves_current_text_searchable(changed: Path, reader: Index) -> None:
    (history_path(changed) / "000001/vectors.faiss").write_bytes(b"")
    with pytest.raises(GenerationError, match=r"is damaged.*: run telusur index --rebuild"):
        reader.search(Query("c120", superseded=True))
    assert reader.search(Query("c120", k=1)).hits[0].passage.text == "Kali surut a125"
    build(changed, rebuild=True)
    assert len(superseded(reader, "c120")) == 1


# Command line


def test_commands_index_and_search_old_text(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str) -> str:
        assert main([*words, "--data", str(data)]) == 0
        return capsys.readouterr().out

    for name, value in (("index.resolve", MODEL), ("index.serving.resolve", MODEL), ("index.encoder.Encoder", AngleEncoder())):
        monkeypatch.setattr(name, lambda *_arguments, value=value: value)
    monkeypatch.setattr("index.serving.Encoder", lambda _model: AngleEncoder())
    assert run("search", "c120", "--superseded").startswith("the archive holds no superseded text, ")
    fill(data, CORRECTED)
    assert run("index").startswith("generation 2 published: 3 releases, 6 paragraphs, 1 superseded, 1 embedded; ")
    assert json.loads(run("index", "--json"))["superseded"] == 1
    lines = run("search", "c120", "--superseded").splitlines()
    assert lines[:3] == [
        "  1. Banjir",
        "     2021-01-19 · Kebencanaan · version 1, superseded · banjir",
        "     Kali meluap a120",
    ]
    assert lines[-1].startswith("1 release answers, ")
    document = json.loads(run("search", "c120", "--superseded", "--json"))
    assert [(hit["release"]["id"], hit["release"]["version"]) for hit in document["hits"]] == [("banjir", 1)]
    assert run("search", "c120", "--superseded", "--topic", "Cuaca").startswith("no release passes these filters, ")
    assert "superseded" not in run("search", "c120")
