from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from conftest import (
    LITTLE_ARCHIVE,
    MODEL,
    AngleEncoder,
    build,
    directions,
    fill,
    make_release,
    run_python,
    start_python,
)

from archive import Store
from index import GenerationError, Index, ModelError, NothingToIndex, Query
from index import build as builds
from index.build import data_paths, update
from index.encoder import Matrix
from index.generation import Generation, load

TEXTS = sorted(text for release in LITTLE_ARCHIVE for text in release.body.split("\n\n"))


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
    assert (outcome.embedded, outcome.published, outcome.meta.number) == (6, True, 1)
    assert (outcome.meta.paragraphs, outcome.meta.releases, outcome.meta.recipe.model) == (6, 3, "angles")
    assert sorted(encoder.paragraphs) == TEXTS
    rows = np.arange(6)
    assert live(tmp_path).vectors(rows) == pytest.approx(directions([0, 30, 120, 150, 240, 270]))
    assert live(tmp_path).meta == outcome.meta


def test_up_to_date_run_loads_no_encoder(data: Path) -> None:
    def refuse() -> NoReturn:
        raise AssertionError("the model was loaded")

    store = Store(data_paths(data)[0])
    outcome = update(data, store, MODEL, refuse, refuse)  # type: ignore[arg-type]
    store.close()
    assert (outcome.embedded, outcome.published, outcome.meta.number) == (0, False, 1)


def test_unchanged_import_keeps_the_index_up_to_date(data: Path, encoder: AngleEncoder) -> None:
    fill(data, *LITTLE_ARCHIVE)
    assert build(data, encoder).published is False


def test_rebuild_publishes_again_without_embedding(data: Path, encoder: AngleEncoder) -> None:
    outcome = build(data, encoder, rebuild=True)
    assert (outcome.embedded, outcome.published, outcome.meta.number) == (0, True, 2)
    assert encoder.paragraphs == []
    assert texts(data)[0] == "ASN itu melayani a0"


def test_one_changed_paragraph_embeds_one_text(data: Path, encoder: AngleEncoder) -> None:
    fill(data, make_release("banjir", "Kali surut a60", "Dapur umum a150", title="Banjir"))
    outcome = build(data, encoder)
    assert (outcome.embedded, outcome.published, outcome.meta.paragraphs) == (1, True, 6)
    assert encoder.paragraphs == ["Kali surut a60"]
    assert texts(data)[2:4] == ["Kali surut a60", "Dapur umum a150"]
    assert live(data).vectors(np.array([2, 3])) == pytest.approx(directions([60, 150]))


def test_changed_metadata_publishes_without_embedding(data: Path, encoder: AngleEncoder) -> None:
    fill(data, replace(LITTLE_ARCHIVE[0], topic="ASN"))
    outcome = build(data, encoder)
    assert (outcome.embedded, outcome.published, outcome.meta.topics) == (0, True, ("ASN", "Kebencanaan"))


def test_removed_and_restored_releases_are_not_embedded_again(data: Path, encoder: AngleEncoder) -> None:
    store = Store(data_paths(data)[0])
    store.remove("banjir")
    assert build(data, encoder).meta.paragraphs == 4
    store.restore("banjir")
    assert build(data, encoder).meta.paragraphs == 6
    store.close()
    assert encoder.paragraphs == []


def test_identical_text_shares_a_vector_but_never_a_row(tmp_path: Path, encoder: AngleEncoder) -> None:
    contact = "Hubungi humas a90"
    fill(tmp_path, make_release("a", contact, "Satu a10"), make_release("b", contact, contact), make_release("c", contact))
    outcome = build(tmp_path, encoder)
    assert (outcome.embedded, outcome.meta.paragraphs, outcome.meta.releases) == (2, 5, 3)
    assert sorted(encoder.paragraphs) == [contact, "Satu a10"]
    assert texts(tmp_path) == [contact, "Satu a10", contact, contact, contact]
    assert live(tmp_path).releases.tolist() == [0, 0, 1, 1, 2]
    index = Index(tmp_path, load_encoder=lambda _name: encoder)
    found = index.search(Query("c90")).hits
    index.close()
    assert sorted(hit.passage.release.id for hit in found) == ["a", "b", "c"]
    assert {hit.passage.text for hit in found} == {contact}


def test_texts_that_only_look_alike_are_embedded_apart(tmp_path: Path, encoder: AngleEncoder) -> None:
    fill(tmp_path, make_release("a", "café a1", "cafe\u0301 a1", "‘’Ya,’’ a1", "''Ya,'' a1"))
    assert build(tmp_path, encoder).embedded == 4


def test_chunks_go_through_in_full_whatever_their_number(
    tmp_path: Path, encoder: AngleEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "_CHUNK", 4)
    fill(tmp_path, *(make_release(f"r{number}", "kata " * (number % 5) + f"a{number}") for number in range(10)))
    steps: list[int] = []

    class Bar:
        def update(self, n: int) -> None:
            steps.append(n)

    def start(total: int) -> Bar:
        steps.append(total)
        return Bar()

    store = Store(data_paths(tmp_path)[0])
    assert update(tmp_path, store, MODEL, lambda: encoder, start).embedded == 10
    store.close()
    assert steps == [10, 4, 4, 2]
    assert live(tmp_path).vectors(np.arange(10)) == pytest.approx(directions(range(10)))


# Models


def test_another_model_embeds_everything_and_the_first_one_nothing_again(data: Path) -> None:
    other = replace(MODEL, name="other", fingerprint="another-compass")
    stranger, again = AngleEncoder(other.fingerprint), AngleEncoder()
    outcome = build(data, stranger, other)
    assert (outcome.embedded, outcome.meta.recipe.fingerprint, outcome.meta.number) == (6, "another-compass", 2)
    outcome = build(data, again)
    assert (outcome.embedded, outcome.meta.recipe.fingerprint, outcome.meta.number) == (0, "a-compass", 3)
    assert again.paragraphs == []


def test_a_lost_cache_is_made_again(data: Path, encoder: AngleEncoder) -> None:
    for path in data.glob("vectors.sqlite*"):
        path.unlink()
    assert build(data, encoder).published is False
    assert build(data, encoder, rebuild=True).embedded == 6


def test_a_model_that_fails_leaves_the_live_generation_alone(data: Path) -> None:
    class Broken(AngleEncoder):
        def encode_paragraphs(self, texts: object) -> Matrix:
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
        def encode_paragraphs(self, texts: list[str]) -> Matrix:  # type: ignore[override]
            if not self.paragraphs:
                fill(tmp_path, make_release("baru", "Baru a5"))
            return super().encode_paragraphs(texts)

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
from index import build as builds, generation, lexical
from index.cache import VectorCache

data, stop_at, chunk = Path(sys.argv[1]), sys.argv[2], []
builds._CHUNK = 4
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
    def encode_paragraphs(self, texts):
        note("embedded.log", texts)
        announce("embedding")
        time.sleep(0.01)
        chunk[:] = texts
        return super().encode_paragraphs(texts)

around(VectorCache, "keep", lambda: note("kept.log", chunk))
around(lexical, "build")
around(generation, "_checksum")
around(generation, "_point")
outcome = build(data, Slow())
print(json.dumps([outcome.published, outcome.embedded, outcome.meta.number, outcome.meta.paragraphs]))
"""

KILLS = (
    "embedding 1",
    "before keep 2",
    "after keep 1",
    "embedding 3",
    "after keep 3",
    "before keep 1",
    "before build 1",
    "after build 1",
    "after _checksum 4",
    "before _point 1",
)
"""When a builder is killed: in the middle of what, and at the how-manieth time of its run."""


def noted(data: Path, name: str) -> list[str]:
    return [json.loads(line) for line in (data / name).read_text().splitlines()] if (data / name).exists() else []


def kill_builder(data: Path, moment: str) -> None:
    with start_python(BUILDER, data, moment) as builder:
        assert builder.stdout is not None
        assert builder.stderr is not None
        reached = builder.stdout.readline()
        builder.kill()
        assert reached == "reached\n", builder.stderr.read()


def test_a_builder_killed_ten_times_loses_no_finished_chunk(data: Path) -> None:
    new = [f"Baru {number} a{number}" for number in range(32)]
    fill(data, *(make_release(f"r{number}", text) for number, text in enumerate(new)))
    reader = Index(data, load_encoder=lambda _name: AngleEncoder())
    for moment in KILLS:
        kept, begun = noted(data, "kept.log"), len(noted(data, "embedded.log"))
        kill_builder(data, moment)
        assert not set(kept) & set(noted(data, "embedded.log")[begun:]), f"embedded again after a kill: {moment}"
        # The old generation answers, in a server that has it open and to whoever opens it now.
        answer = reader.search(Query("c1", k=1))
        assert (answer.generation, answer.hits[0].passage.release.id, answer.total) == (1, "asn", 3)
        assert live(data).meta.number == 1
    assert sorted(noted(data, "kept.log")) == sorted(new)
    last = run_python(BUILDER, data, "never")
    assert last.returncode == 0, last.stderr
    assert json.loads(last.stdout) == [True, 0, 3, 38]
    assert sorted(path.name for path in (data / "index").iterdir()) == ["000001", "000002", "000003", "CURRENT", "lock"]
    answer = reader.search(Query("c1", k=1))
    reader.close()
    assert (answer.generation, answer.hits[0].passage.text, answer.total) == (3, "Baru 1 a1", 35)


def test_a_builder_killed_after_the_switch_has_published(data: Path) -> None:
    fill(data, make_release("baru", "Baru a5"))
    kill_builder(data, "after _point 1")
    assert texts(data)[6:] == ["Baru a5"]
    assert build(data).published is False


def test_two_builders_at_once_share_the_work(data: Path) -> None:
    new = [f"Baru {number} a{number}" for number in range(40)]
    fill(data, *(make_release(f"r{number}", text) for number, text in enumerate(new)))
    builders = [start_python(BUILDER, data, "never") for _ in range(2)]
    outcomes = []
    for builder in builders:
        out, err = builder.communicate(timeout=120)
        assert builder.returncode == 0, err
        outcomes.append(json.loads(out))
    assert sorted(outcomes) == [[False, 0, 2, 46], [True, 40, 2, 46]]
    assert sorted(noted(data, "embedded.log")) == sorted(new)
