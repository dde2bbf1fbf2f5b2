from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

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
    make_release,
    run_python,
    start_python,
)

from archive import Store
from index import GenerationError, Index, Model, ModelError, NothingToIndex, Query, questions, terms
from index import build as builds
from index.build import data_paths, update
from index.encoder import Matrix
from index.generation import Generation, Recipe, load
from index.sentences import Span

TEXTS = sorted(text for release in LITTLE_ARCHIVE for text in release.body.split("\n\n"))


RELEASES = [tuple(release.body.split("\n\n")) for release in LITTLE_ARCHIVE]


def live(data: Path) -> Generation:
    return load(data_paths(data)[2])


def texts(data: Path) -> list[str]:
    """Text of every row of the live generation."""
    store = Store(data_paths(data)[0])
    found = store.fetch_passages(live(data).paragraph_ids.tolist())
    store.close()
    return [found[id].text for id in live(data).paragraph_ids.tolist()]


# What is embedded


def test_first_run_embeds_every_paragraph_and_publishes(tmp_path: Path, encoder: AngleEncoder) -> None:
    fill(tmp_path, *LITTLE_ARCHIVE)
    outcome = build(tmp_path, encoder)
    assert (outcome.embedded, outcome.in_context, outcome.published, outcome.meta.number) == (6, 3, True, 1)
    assert (outcome.meta.paragraphs, outcome.meta.releases, outcome.meta.recipe.model) == (6, 3, "angles")
    assert sorted(encoder.paragraphs) == TEXTS
    assert sorted(encoder.releases) == sorted(RELEASES)
    rows = np.arange(6)
    assert live(tmp_path).vectors(rows) == pytest.approx(directions([0, 30, 120, 150, 240, 270]), abs=1e-3)
    assert live(tmp_path).meta == outcome.meta


def test_up_to_date_run_loads_no_encoder(data: Path) -> None:
    store = Store(data_paths(data)[0])
    outcome = update(data, store, MODEL, lambda _model: pytest.fail("loaded"), lambda _label, _total: pytest.fail("started"))
    store.close()
    assert (outcome.embedded, outcome.in_context, outcome.published, outcome.meta.number) == (0, 0, False, 1)


def test_unchanged_import_keeps_the_index_up_to_date(data: Path, encoder: AngleEncoder) -> None:
    fill(data, *LITTLE_ARCHIVE)
    assert build(data, encoder).published is False


def test_rebuild_publishes_again_without_embedding(data: Path, encoder: AngleEncoder) -> None:
    outcome = build(data, encoder, rebuild=True)
    assert (outcome.embedded, outcome.in_context, outcome.published, outcome.meta.number) == (0, 0, True, 2)
    assert (encoder.paragraphs, encoder.releases) == ([], [])
    assert texts(data)[0] == "ASN itu melayani a0"


def test_a_generation_from_the_cache_equals_the_one_that_was_embedded(data: Path) -> None:
    embedded, cached = live(data).meta.checksums, build(data, rebuild=True).meta.checksums
    assert cached == embedded
    assert set(cached) == {"vectors.faiss", "paragraphs.npz", "sentences.npy", "space.npz", "map.npz", "words.npz"}


def test_one_changed_paragraph_embeds_one_text_and_its_release(data: Path, encoder: AngleEncoder) -> None:
    fill(data, make_release("banjir", "Kali surut a119", "Dapur umum a150", title="Banjir"))
    outcome = build(data, encoder)
    assert (outcome.embedded, outcome.in_context, outcome.published, outcome.meta.paragraphs) == (1, 1, True, 6)
    assert encoder.paragraphs == ["Kali surut a119"]
    assert encoder.releases == [("Kali surut a119", "Dapur umum a150")]
    assert texts(data)[2:4] == ["Kali surut a119", "Dapur umum a150"]
    assert live(data).vectors(np.array([2, 3])) == pytest.approx(directions([119, 150]), abs=0.02)


def test_changed_metadata_publishes_without_embedding(data: Path, encoder: AngleEncoder) -> None:
    fill(data, replace(LITTLE_ARCHIVE[0], topic="ASN"))
    outcome = build(data, encoder)
    assert (outcome.embedded, outcome.in_context, outcome.published) == (0, 0, True)
    assert outcome.meta.names["topics"] == ("ASN", "Kebencanaan")


def test_removed_and_restored_releases_are_not_embedded_again(data: Path, encoder: AngleEncoder) -> None:
    store = Store(data_paths(data)[0])
    store.remove("banjir")
    assert build(data, encoder).meta.paragraphs == 4
    store.restore("banjir")
    assert build(data, encoder).meta.paragraphs == 6
    store.close()
    assert (encoder.paragraphs, encoder.releases) == ([], [])


def test_identical_text_shares_a_vector_but_never_a_row(tmp_path: Path, encoder: AngleEncoder) -> None:
    contact = "Hubungi humas a90"
    fill(tmp_path, make_release("a", contact, "Satu a270"), make_release("b", contact, contact), make_release("c", contact))
    outcome = build(tmp_path, encoder)
    assert (outcome.embedded, outcome.meta.paragraphs, outcome.meta.releases) == (2, 5, 3)
    assert sorted(encoder.paragraphs) == [contact, "Satu a270"]
    assert texts(tmp_path) == [contact, "Satu a270", contact, contact, contact]
    assert live(tmp_path).releases.tolist() == [0, 0, 1, 1, 2]
    index = Index(tmp_path, load_encoder=lambda _name: encoder)
    hit, *_ = index.search(Query("c90")).hits
    index.close()
    assert sorted(passage.release.id for passage in (hit.passage, *hit.identical)) == ["a", "b", "c"]


def test_texts_that_only_look_alike_are_embedded_apart(tmp_path: Path, encoder: AngleEncoder) -> None:
    fill(tmp_path, make_release("a", "café a1", "cafe\u0301 a1", "‘’Ya,’’ a1", "''Ya,'' a1"))
    assert build(tmp_path, encoder).embedded == 4


def test_chunks_go_through_in_full_whatever_their_number(
    tmp_path: Path, encoder: AngleEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, *LITTLE_ARCHIVE)
    build(tmp_path)  # the project's own questions are embedded with the first
    monkeypatch.setattr(builds, "_CHUNK_CHARS", 40)
    fill(tmp_path, *(make_release(f"r{number}", f"satu a{number:03}", f"enam a{number:03}") for number in range(0, 360, 36)))
    steps: list[tuple[str, int]] = []

    class Bar:
        def __init__(self, label: str) -> None:
            self._label = label

        def update(self, n: int) -> None:
            steps.append((self._label, n))

    def start(label: str, total: int) -> Bar:
        steps.append((label, total))
        return Bar(label)

    store = Store(data_paths(tmp_path)[0])
    outcome = update(tmp_path, store, MODEL, lambda _model: encoder, start)
    store.close()
    assert (outcome.embedded, outcome.in_context) == (20, 10)
    assert steps == [
        *[("paragraphs", n) for n in (20, 5, 5, 5, 5)],
        *[("releases in context", n) for n in (10, 3, 3, 3, 1)],
    ]
    angles = [number for number in range(0, 360, 36) for _ in range(2)]
    assert live(tmp_path).vectors(np.arange(6, 26)) == pytest.approx(directions(angles), abs=0.01)


# Context


def test_a_paragraph_lies_between_what_it_says_alone_and_in_its_release(tmp_path: Path) -> None:
    turned = {text: float(text.rpartition(" a")[2]) + 20 for text in TEXTS}
    fill(tmp_path, *LITTLE_ARCHIVE)
    build(tmp_path, AngleEncoder(in_context=turned))
    assert live(tmp_path).vectors(np.arange(6)) == pytest.approx(directions([10, 40, 130, 160, 250, 280]), abs=1e-3)


def test_a_release_of_one_paragraph_has_no_context(tmp_path: Path, encoder: AngleEncoder) -> None:
    fill(tmp_path, *(make_release(f"r{angle}", f"Siaran a{angle}") for angle in (0, 120, 240)))
    assert build(tmp_path, encoder).in_context == 0
    assert encoder.releases == []
    assert live(tmp_path).vectors(np.arange(3)) == pytest.approx(directions([0, 120, 240]), abs=1e-3)


def test_a_model_that_pools_no_tokens_reads_paragraphs_by_themselves(tmp_path: Path) -> None:
    encoder = AngleEncoder(in_context=dict.fromkeys(TEXTS, 300.0))
    fill(tmp_path, *LITTLE_ARCHIVE)
    outcome = build(tmp_path, encoder, replace(MODEL, pools_tokens=False))
    assert (outcome.embedded, outcome.in_context, encoder.releases) == (6, 0, [])
    assert live(tmp_path).vectors(np.arange(6)) == pytest.approx(directions([0, 30, 120, 150, 240, 270]), abs=1e-3)


def test_a_model_tuned_to_ask_leaves_paragraphs_and_their_place_to_its_origin(tmp_path: Path) -> None:
    fill(tmp_path, *LITTLE_ARCHIVE)
    tuned = Model("tuned", Path("/nowhere"), "another-compass", pools_tokens=True, origin=MODEL)
    asked: dict[str, list[str]] = {}

    class Asking(AngleEncoder):
        def encode_queries(self, texts: Sequence[str]) -> Matrix:
            asked.setdefault(self.fingerprint, []).extend(texts)
            return super().encode_queries(texts)

    encoders = {model.fingerprint: Asking(model.fingerprint) for model in (MODEL, tuned)}
    store = Store(data_paths(tmp_path)[0])
    update(tmp_path, store, tuned, lambda model: encoders[model.fingerprint], lambda _label, _total: NoProgress())
    store.close()
    assert [len(one.paragraphs) for one in encoders.values()] == [6, 0]
    assert [len(one.releases) for one in encoders.values()] == [3, 0]
    wanted = {MODEL.fingerprint: questions.ASKED, tuned.fingerprint: questions.ELSEWHERE}
    assert {name: sorted(texts) for name, texts in asked.items()} == {
        name: sorted(questions.read(files)) for name, files in wanted.items()
    }
    assert live(tmp_path).meta.recipe == Recipe("tuned", "another-compass", terms.VERSION)


def test_the_same_paragraphs_in_another_order_are_another_context(data: Path, encoder: AngleEncoder) -> None:
    fill(data, make_release("asn", *reversed(RELEASES[0])))
    assert build(data, encoder).in_context == 1
    assert (encoder.paragraphs, encoder.releases) == ([], [RELEASES[0][::-1]])


# Sentences


def test_sentences_of_a_paragraph_have_vectors_of_their_own(tmp_path: Path) -> None:
    text = "Pasar a0 ramai. Jalan a120 ditutup. Tanpa arah."
    fill(tmp_path, make_release("a", text, "Hanya satu a120."), make_release("b", "Lain a240. Lagi a240."))
    build(tmp_path)
    found = live(tmp_path)
    assert found.sentence_starts.tolist() == [0, 3, 3, 5]
    assert [text[start:end] for start, end in found.sentence_spans[:3].tolist()] == [
        "Pasar a0 ramai.",
        "Jalan a120 ditutup.",
        "Tanpa arah.",
    ]
    assert found.sentences.astype(np.float32) == pytest.approx(directions([0, 120, 0, 240, 240]), abs=1e-3)


# Models


def test_another_model_embeds_everything_and_the_first_one_nothing_again(data: Path) -> None:
    other = replace(MODEL, name="other", fingerprint="another-compass")
    stranger, again = AngleEncoder(other.fingerprint), AngleEncoder()
    outcome = build(data, stranger, other)
    assert (outcome.embedded, outcome.meta.recipe.fingerprint, outcome.meta.number) == (6, "another-compass", 2)
    outcome = build(data, again)
    assert (outcome.embedded, outcome.meta.recipe.fingerprint, outcome.meta.number) == (0, "a-compass", 3)
    assert (again.paragraphs, again.releases) == ([], [])


def test_a_lost_cache_is_made_again(data: Path, encoder: AngleEncoder) -> None:
    for path in data.glob("vectors.sqlite*"):
        path.unlink()
    assert build(data, encoder).published is False
    assert build(data, encoder, rebuild=True).embedded == 6


def test_a_model_that_fails_leaves_the_live_generation_alone(data: Path) -> None:
    class Broken(AngleEncoder):
        def encode_alone(self, texts: object, sentences: object) -> list[Matrix]:
            raise ModelError("the weights are gone")

    fill(data, make_release("baru", "Baru a5"))
    with pytest.raises(ModelError, match="the weights are gone"):
        build(data, Broken())
    assert live(data).meta.number == 1
    assert build(data).embedded == 1  # the lock was let go


# Archive and index


def test_an_empty_archive_is_refused(tmp_path: Path, encoder: AngleEncoder) -> None:
    with pytest.raises(NothingToIndex, match="holds no releases: run telusur import first"):
        build(tmp_path, encoder)
    assert encoder.paragraphs == []


def test_an_archive_whose_releases_are_all_removed_is_refused(data: Path) -> None:
    store = Store(data_paths(data)[0])
    for release in LITTLE_ARCHIVE:
        store.remove(str(release.id))
    store.close()
    with pytest.raises(NothingToIndex):
        build(data)
    assert live(data).meta.number == 1


def test_unreadable_meta_is_built_anew(data: Path, encoder: AngleEncoder) -> None:
    (data / "index/000001/meta.json").write_text("{")
    outcome = build(data, encoder)
    assert (outcome.published, outcome.meta.number, outcome.embedded) == (True, 2, 0)


def test_a_damaged_pointer_is_told_and_deleting_it_mends_the_index(data: Path) -> None:
    (data / "index/CURRENT").write_text("satu")
    with pytest.raises(GenerationError, match="delete it and run telusur index"):
        build(data)
    (data / "index/CURRENT").unlink()
    assert build(data).meta.number == 2


def test_what_is_imported_during_a_build_is_indexed_by_the_next(tmp_path: Path) -> None:
    class Interrupted(AngleEncoder):
        def encode_alone(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Matrix]:
            if not self.paragraphs:
                fill(tmp_path, make_release("baru", "Baru a5"))
            return super().encode_alone(texts, sentences)

    fill(tmp_path, *LITTLE_ARCHIVE)
    encoder = Interrupted()
    assert build(tmp_path, encoder).meta.paragraphs == 6
    outcome = build(tmp_path, encoder)
    assert (outcome.published, outcome.embedded, outcome.meta.paragraphs) == (True, 1, 7)
    assert encoder.paragraphs[6:] == ["Baru a5"]
    assert build(tmp_path, encoder).published is False


# Other processes

BUILDER = """
import json, sys, time
from pathlib import Path
from conftest import AngleEncoder, build
from index import build as builds, generation, lexical, publishing
from index.cache import VectorCache

data, stop_at, chunk = Path(sys.argv[1]), sys.argv[2], []
builds._CHUNK_CHARS = 48
reached = {}

def note(name, texts):
    with (data / name).open("a") as log:
        log.writelines(json.dumps(text) + "\\n" for text in texts)

def announce(moment):
    reached[moment] = reached.get(moment, 0) + 1
    if stop_at == f"{moment} {reached[moment]}":
        print("reached", flush=True)
        time.sleep(600)

def around(module, name, then=lambda: None):
    original = getattr(module, name)
    def wrapped(*arguments, **options):
        announce("before " + name)
        result = original(*arguments, **options)
        then()
        announce("after " + name)
        return result
    setattr(module, name, wrapped)

class Slow(AngleEncoder):
    def encode_alone(self, texts, sentences):
        self.begin("embedding", texts)
        return super().encode_alone(texts, sentences)

    def encode_in_context(self, releases):
        self.begin("in context", [" + ".join(paragraphs) for paragraphs in releases])
        return super().encode_in_context(releases)

    def begin(self, moment, texts):
        note("embedded.log", texts)
        announce(moment)
        time.sleep(0.01)
        chunk[:] = texts

around(VectorCache, "keep", lambda: note("kept.log", chunk))
around(lexical, "build")
around(generation, "checksum")
around(publishing, "_point")
outcome = build(data, Slow())
print(json.dumps([outcome.published, outcome.embedded, outcome.in_context, outcome.meta.number, outcome.meta.paragraphs]))
"""

KILLS = (
    "embedding 1",
    "before keep 2",
    "after keep 1",
    "embedding 3",
    "after keep 3",
    "before keep 1",
    "in context 2",
    "after keep 2",
    "before build 1",
    "after build 1",
    "after checksum 4",
    "before _point 1",
)
"""When a builder is killed: in the middle of what, and at the how-manieth time of its run."""

NEW = [(f"Baru {number:02} a{number * 11:03}", f"Lagi {number:02} a{number * 11:03}") for number in range(16)]
"""Releases of two paragraphs of twelve characters, so that four paragraphs or two releases make a chunk."""


def fill_new(data: Path) -> list[str]:
    """Import the releases above: everything of them that a build embeds."""
    fill(data, *(make_release(f"r{number}", *texts) for number, texts in enumerate(NEW)))
    return sorted([text for texts in NEW for text in texts] + [" + ".join(texts) for texts in NEW])


def noted(data: Path, name: str) -> list[str]:
    return [json.loads(line) for line in (data / name).read_text().splitlines()] if (data / name).exists() else []


def kill_builder(data: Path, moment: str) -> None:
    with start_python(BUILDER, data, moment) as builder:
        assert builder.stdout is not None
        assert builder.stderr is not None
        reached = builder.stdout.readline()
        builder.kill()
        assert reached == "reached\n", builder.stderr.read()


def test_a_builder_killed_again_and_again_loses_no_finished_chunk(data: Path) -> None:
    new = fill_new(data)
    reader = Index(data, load_encoder=lambda _name: AngleEncoder())
    for moment in KILLS:
        kept, begun = noted(data, "kept.log"), len(noted(data, "embedded.log"))
        kill_builder(data, moment)
        assert not set(kept) & set(noted(data, "embedded.log")[begun:]), f"embedded again after a kill: {moment}"
        # The old generation answers, in a server that has it open and to whoever opens it now.
        answer = reader.search(Query("c1", k=1))
        assert (answer.generation, answer.hits[0].passage.release.id) == (1, "asn")
        assert live(data).meta.number == 1
    assert sorted(noted(data, "kept.log")) == new
    last = run_python(BUILDER, data, "never")
    assert last.returncode == 0, last.stderr
    assert json.loads(last.stdout) == [True, 0, 0, 3, 38]
    assert sorted(path.name for path in (data / "index").iterdir()) == ["000001", "000002", "000003", "CURRENT", "lock"]
    answer = reader.search(Query("baru 4", k=1))
    reader.close()
    assert (answer.generation, answer.hits[0].passage.text) == (3, "Baru 04 a044")


def test_a_builder_killed_after_the_switch_has_published(data: Path) -> None:
    fill(data, make_release("baru", "Baru a5"))
    kill_builder(data, "after _point 1")
    assert texts(data)[6:] == ["Baru a5"]
    assert build(data).published is False


def test_two_builders_at_once_share_the_work(data: Path) -> None:
    new = fill_new(data)
    builders = [start_python(BUILDER, data, "never") for _ in range(2)]
    outcomes = []
    for builder in builders:
        out, err = builder.communicate(timeout=120)
        assert builder.returncode == 0, err
        outcomes.append(json.loads(out))
    assert sorted(outcomes) == [[False, 0, 0, 2, 38], [True, 32, 16, 2, 38]]
    assert sorted(noted(data, "embedded.log")) == new
