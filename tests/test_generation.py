from __future__ import annotations

import json
import threading
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import faiss
import numpy as np
import pytest
from conftest import directions, make_row, run_python

from archive import IndexRow
from index import GenerationError, NoGeneration, publishing
from index import generation as generations
from index.encoder import unit
from index.filters import Filters
from index.generation import Generation, Meta, Recipe, load, read_meta
from index.publishing import Contents, publish
from index.sentences import Span
from index.space import Space

RECIPE = Recipe("angles", "a-compass", terms=1)
ROWS = (
    make_row(11, "ASN itu melayani", release=1, published="2023-03-21T09:30", topic="Kepegawaian"),
    make_row(12, "Apel pagi", release=1, published="2023-03-21T09:30", topic="Kepegawaian"),
    make_row(40, "Kali meluap", release=3, published="2021-01-19", topic="Kebencanaan"),
    make_row(41, "‘’Pasar ramai,’’ katanya", release=5),
)
ANGLES = (0, 30, 120, 240)
FILES = ("vectors.faiss", "paragraphs.npz", "sentences.npy", "space.npz", "words.npz", "meta.json")
AS_IS = Space(np.zeros(2, np.float32), np.zeros(2, np.float32), np.eye(2, dtype=np.float32))
"""The space that leaves every vector where it is."""


def contents(
    rows: Sequence[IndexRow] = ROWS,
    angles: Sequence[float] = ANGLES,
    offsets: Sequence[float] | None = None,
    spans: Sequence[Sequence[Span]] | None = None,
    sentence_angles: Sequence[float] = (),
) -> Contents:
    return Contents(
        rows=rows,
        space=AS_IS,
        vectors=directions(angles),
        offsets=np.array([0] * len(angles) if offsets is None else offsets, dtype=np.float32),
        sentence_spans=[()] * len(rows) if spans is None else spans,
        sentences=directions(sentence_angles),
        questions=directions([299, 300, 301]),
        question_texts=["resep soto", "lirik lagu", "arti mimpi"],
    )


def make(folder: Path, rows: Sequence[IndexRow] = ROWS, angles: Sequence[float] = ANGLES, state: int = 7) -> Meta:
    return publish(folder, RECIPE, contents(rows, angles), state)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ids(generation: Generation, rows: np.ndarray) -> list[int]:
    return generation.paragraph_ids[rows].tolist()


# What goes in comes out


def test_generation_comes_back_as_it_was_published(tmp_path: Path) -> None:
    meta = make(tmp_path)
    loaded = load(tmp_path)
    assert loaded.meta == meta == read_meta(tmp_path)
    assert replace(meta, created_at="", checksums={}) == Meta(
        number=1,
        recipe=RECIPE,
        dim=2,
        metric="cosine",
        paragraphs=4,
        releases=3,
        archive_state=7,
        created_at="",
        names={"topics": ("Kebencanaan", "Kepegawaian"), "agencies": (), "sources": (), "languages": ()},
        checksums={},
    )
    assert loaded.paragraph_ids.tolist() == [11, 12, 40, 41]
    assert loaded.releases.tolist() == [0, 0, 1, 2]
    assert loaded.catalog.days.tolist() == [date(2023, 3, 21).toordinal(), date(2021, 1, 19).toordinal(), 0]
    assert loaded.catalog.codes["topics"].tolist() == [1, 0, -1]
    assert loaded.layout.starts.tolist() == [0, 2, 3]
    assert loaded.layout.groups.tolist() == [0, 1, 2, 3]
    assert loaded.vectors(np.array([3, 0])).tolist() == directions([240, 0]).tolist()
    for name in ("passage_mean", "query_mean", "map"):
        assert getattr(loaded.space, name).tolist() == getattr(AS_IS, name).tolist()
    assert [loaded.words.best(word)[0].tolist() for word in ("pasar", "melayani")] == [[3], [0]]


def test_generations_are_numbered_and_the_last_one_is_live(tmp_path: Path) -> None:
    assert [make(tmp_path).number, make(tmp_path, ROWS[:1], ANGLES[:1]).number] == [1, 2]
    assert load(tmp_path).paragraph_ids.tolist() == [11]
    assert names(tmp_path) == ["000001", "000002", "CURRENT"]
    assert (tmp_path / "CURRENT").read_text() == "2\n"


def test_topics_in_any_script_come_back(tmp_path: Path) -> None:
    make(tmp_path, [make_row(1, topic="Ekonomi & Keuangan"), make_row(2, topic="‘Café’ 東京")], [0, 90])
    loaded = load(tmp_path)
    assert loaded.catalog.names["topics"] == ("Ekonomi & Keuangan", "‘Café’ 東京")
    assert loaded.catalog.passing(Filters(topics=("‘Café’ 東京",))).tolist() == [False, True]


def test_sentences_come_back_with_their_places(tmp_path: Path) -> None:
    spans = [[(0, 3), (4, 7)], [], [(0, 4), (5, 11)], []]
    publish(tmp_path, RECIPE, contents(spans=spans, sentence_angles=[0, 90, 120, 210]), 7)
    loaded = load(tmp_path)
    assert loaded.sentence_starts.tolist() == [0, 2, 2, 4, 4]
    assert loaded.sentences.astype(np.float32) == pytest.approx(directions([0, 90, 120, 210]), abs=1e-3)
    assert [loaded.best_sentence(directions([80]), row) for row in range(4)] == [(4, 7), None, (0, 4), None]
    assert [loaded.best_sentence(directions([330]), row) for row in range(4)] == [(0, 3), None, (5, 11), None]


def test_near_identical_paragraphs_share_a_group(tmp_path: Path) -> None:
    same = "Wali Kota mengimbau warga agar tetap waspada terhadap cuaca buruk"
    make(tmp_path, [make_row(1, same), make_row(2, "Lain"), make_row(3, same + "."), make_row(4, "Lain lagi")])
    assert load(tmp_path).layout.groups.tolist() == [0, 1, 0, 2]


def test_rows_of_paragraphs_are_found_by_their_ids(tmp_path: Path) -> None:
    make(tmp_path, [make_row(id) for id in (40, 11, 99, 12)])
    assert load(tmp_path).rows_of(np.array([12, 7, 40, 100, 99, 11, 0])).tolist() == [3, -1, 0, -1, 2, 1, -1]


def test_release_vectors_are_the_means_of_their_paragraphs(tmp_path: Path) -> None:
    make(tmp_path)
    loaded = load(tmp_path)
    assert loaded.release_vectors == pytest.approx(directions([15, 120, 240]), abs=1e-6)


def test_phrases_are_found_in_text_and_title(tmp_path: Path) -> None:
    make(tmp_path)
    loaded = load(tmp_path)
    assert loaded.containing(("kali", "luap")).tolist() == [False, False, True, False]
    assert loaded.containing(("judul",)).tolist() == [True] * 4
    assert loaded.containing(("tidak",)).tolist() == [False] * 4


def test_questions_from_elsewhere_are_asked_at_publication(tmp_path: Path) -> None:
    """They find what is near them, and the words that they share."""
    rows = [*ROWS[:3], make_row(41, "Arti mimpi burung")]
    publish(tmp_path, RECIPE, contents(rows, offsets=[0, 0, 0, 0.5]), 7)
    found = load(tmp_path).relevance
    assert found.questions == pytest.approx(directions([299, 300, 301]))
    by_meaning = [np.mean(np.cos(np.radians(np.array(ANGLES) - angle))) - 0.125 for angle in (299, 300, 301)]
    assert found.evidence[:2] == pytest.approx(by_meaning[:2], abs=1e-5)
    assert found.evidence[2] > by_meaning[2] + 0.3


# Similarity


def test_every_row_is_compared(tmp_path: Path) -> None:
    make(tmp_path)
    cosines = load(tmp_path).similarities(directions([10, 30]))
    assert cosines.dtype == np.float32
    assert cosines == pytest.approx(np.cos(np.radians([[10, 20, 110, 130], [30, 0, 90, 150]])), abs=1e-6)


@pytest.mark.parametrize("count", [1, 249, 250, 251, 20_007])
def test_a_query_finds_the_same_to_the_last_bit_whatever_is_asked_beside_it(tmp_path: Path, count: int) -> None:
    make(tmp_path)
    chance = np.random.default_rng(count)
    vectors, asked = (unit(chance.standard_normal((rows, 384), dtype=np.float32)) for rows in (count, 5))
    offsets = chance.random(count, dtype=np.float32)
    vast = faiss.IndexFlatIP(385)
    vast.add(np.column_stack([vectors, offsets]))
    little = load(tmp_path)
    loaded = replace(little, index=vast, meta=replace(little.meta, dim=384))
    together = loaded.similarities(asked)
    assert together == pytest.approx(asked @ vectors.T - offsets, abs=1e-6)
    assert (together == np.concatenate([loaded.similarities(asked[[row]]) for row in range(5)])).all()


def test_hub_offsets_are_taken_off(tmp_path: Path) -> None:
    publish(tmp_path, RECIPE, contents(offsets=[0.25, 0, 0, -0.5]), 7)
    loaded = load(tmp_path)
    expected = np.cos(np.radians([10, 20, 110, 130])) - np.array([0.25, 0, 0, -0.5])
    assert loaded.similarities(directions([10]))[0] == pytest.approx(expected, abs=1e-6)
    assert loaded.offsets(np.array([3, 0])).tolist() == [-0.5, 0.25]
    assert loaded.vectors(np.array([1, 0, 3, 2])) == pytest.approx(directions([30, 0, 240, 120]), abs=1e-6)


@pytest.mark.parametrize("query", [np.ones((1, 3)), np.ones(2), np.ones((0, 2))], ids=lambda query: str(query.shape))
def test_a_query_of_the_wrong_shape_is_refused(tmp_path: Path, query: np.ndarray) -> None:
    make(tmp_path)
    with pytest.raises(ValueError, match=r"expected shape \(q, 2\) with q of 1 or more, got \("):
        load(tmp_path).similarities(unit(query))


# What cannot be published


def test_an_empty_generation_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(ValueError, match="at least one row: 0 rows"):
        make(tmp_path, [], [])
    assert load(tmp_path).meta.number == 1


def test_rows_without_vectors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="4 rows, 3 vectors"):
        make(tmp_path, angles=ANGLES[:3])
    assert names(tmp_path) == []


def test_a_build_that_fails_leaves_the_live_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "_sync", fail)
    with pytest.raises(OSError, match="No space left"):
        make(tmp_path)
    assert names(tmp_path) == ["000001", "CURRENT"]
    assert load(tmp_path).meta.number == 1


@pytest.mark.parametrize("limit", [2_000, 200_000])
def test_a_full_disk_is_one_clear_error_and_leaves_the_live_one_alone(tmp_path: Path, limit: int) -> None:
    make(tmp_path)
    code = f"""
import resource, sys
from pathlib import Path
from conftest import make_row
from index import GenerationError
from test_generation import make
from archive import ArchiveError
rows = [make_row(number, "kata") for number in range(100_000 if {limit} > 100_000 else 300)]
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    make(Path(sys.argv[1]), rows, range(len(rows)))
except (GenerationError, ArchiveError, OSError) as error:
    print(error)
"""
    done = run_python(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert names(tmp_path) == ["000001", "CURRENT"]
    assert load(tmp_path).meta.number == 1


def test_words_that_do_not_fit_on_the_disk_are_told_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(GenerationError, match=r"words\.npz cannot be written: make room, then run telusur index again"):
        generations.write_words([("Judul", "teks")], tmp_path / "words.npz")


# Damage


def test_nothing_published_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoGeneration, match="holds no index yet: run telusur index"):
        load(tmp_path / "none")
    assert read_meta(tmp_path / "none") is None


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    make(tmp_path)
    path = tmp_path / "000001" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(GenerationError, match=rf"{name} is damaged.*run telusur index --rebuild"):
        load(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    make(tmp_path)
    (tmp_path / "000001" / name).unlink()
    with pytest.raises(GenerationError, match=rf"{name} is missing: run telusur index --rebuild"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"satu", b"PK\x03\x04 dua"])
def test_words_that_were_written_wrongly_are_refused(tmp_path: Path, content: bytes) -> None:
    meta = make(tmp_path)
    path = tmp_path / "000001/words.npz"
    path.write_bytes(content)
    agreeing = replace(meta, checksums=meta.checksums | {path.name: generations.checksum(path)})
    (tmp_path / "000001/meta.json").write_text(json.dumps(asdict(agreeing)))
    with pytest.raises(GenerationError, match=r"words\.npz cannot be read: .*run telusur index --rebuild"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"number": 1}'])
def test_meta_that_says_too_little_is_refused(tmp_path: Path, content: str) -> None:
    make(tmp_path)
    (tmp_path / "000001/meta.json").write_text(content)
    with pytest.raises(GenerationError, match=r"meta\.json is damaged: run telusur index --rebuild"):
        load(tmp_path)
    assert read_meta(tmp_path) is None


def test_another_format_is_refused(tmp_path: Path) -> None:
    meta = make(tmp_path)
    later = replace(meta, recipe=replace(meta.recipe, format=99))
    (tmp_path / "000001/meta.json").write_text(json.dumps(asdict(later)))
    with pytest.raises(GenerationError, match=rf"has format 99, this Telusur reads {generations.FORMAT}: run telusur index"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"satu", b"\xff\xfe1\x00", "１ª".encode()])
def test_a_damaged_pointer_is_refused(tmp_path: Path, content: bytes) -> None:
    make(tmp_path)
    (tmp_path / "CURRENT").write_bytes(content)
    for read in (load, read_meta):
        with pytest.raises(GenerationError, match=r"CURRENT is damaged .*: delete it and run telusur index"):
            read(tmp_path)


def test_a_pointer_to_nothing_is_refused_and_the_next_build_mends_it(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "CURRENT").write_text("9\n")
    with pytest.raises(GenerationError, match=r"000009/meta\.json is missing"):
        load(tmp_path)
    assert read_meta(tmp_path) is None
    make(tmp_path)
    assert load(tmp_path).meta.number == 2


# Tidiness


def test_the_last_three_generations_are_kept(tmp_path: Path) -> None:
    for _ in range(5):
        make(tmp_path)
    assert names(tmp_path) == ["000003", "000004", "000005", "CURRENT"]


def test_leftovers_of_killed_builds_are_swept(tmp_path: Path) -> None:
    make(tmp_path)
    for name in (".building-000002", ".building-000077"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vectors.faiss").write_bytes(b"half")
    (tmp_path / ".CURRENT").write_text("2")
    assert make(tmp_path).number == 2
    assert names(tmp_path) == ["000001", "000002", "CURRENT"]


def test_a_finished_generation_that_never_went_live_is_not_overwritten(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path)
    (tmp_path / "CURRENT").write_text("1\n")  # as a kill between the two renames leaves it
    assert load(tmp_path).meta.number == 1
    assert make(tmp_path, ROWS[:1], ANGLES[:1]).number == 3
    assert load(tmp_path).paragraph_ids.tolist() == [11]


def test_a_generation_says_how_much_memory_it_takes(tmp_path: Path) -> None:
    rows = [
        make_row(number, " ".join(f"kata{number * place % 97}" for place in range(200)), release=1) for number in range(500)
    ]
    publish(tmp_path, RECIPE, contents(rows, range(500)), 7, with_map=False)
    load(tmp_path)  # so that what is loaded but once is not counted below
    tracemalloc.start()
    loaded = load(tmp_path)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert loaded.nbytes == pytest.approx(taken, rel=0.1)


# Readers meanwhile


def test_readers_meet_whole_generations_only(tmp_path: Path) -> None:
    """Generation n holds n paragraphs, all of them n times ten degrees east of north: any mixture would show."""

    def make_nth(number: int) -> None:
        rows = [make_row(1_000 * number + row, f"kata{number}") for row in range(number)]
        assert make(tmp_path, rows, [10 * number] * number, state=number).number == number

    make_nth(1)
    done = threading.Event()
    failures: list[str] = []

    def read() -> None:
        while not done.is_set():
            loaded = load(tmp_path)
            number = loaded.meta.number
            cosines = loaded.similarities(directions([10 * number]))[0]
            words = loaded.words.best(f"kata{number}")[0]
            whole = len(cosines) == len(words) == number and cosines == pytest.approx(1, abs=1e-5)
            if not whole or (loaded.paragraph_ids // 1_000 != number).any():
                failures.append(f"generation {number}")

    def guard() -> None:
        try:
            read()
        except Exception as error:
            failures.append(repr(error))

    readers = [threading.Thread(target=guard) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 20):
        make_nth(number)
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert load(tmp_path).meta.number == 19


@pytest.mark.parametrize("step", ["_parse_meta", "checksum", "np.load", "faiss.read_index"])
def test_a_generation_tidied_away_while_it_is_opened_gives_way_to_the_live_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    make(tmp_path)
    holder, _, name = step.rpartition(".")
    module = getattr(generations, holder) if holder else generations
    original: Callable[..., object] = getattr(module, name)

    def late(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(module, name, original)
        for _ in range(3):
            make(tmp_path, ROWS[:2], ANGLES[:2])
        return original(*arguments, **options)

    monkeypatch.setattr(module, name, late)
    loaded = load(tmp_path)
    assert loaded.meta.number == 4
    assert loaded.words.best("melayani")[0].tolist() == [0]


def test_an_open_generation_answers_after_it_was_tidied_away(tmp_path: Path) -> None:
    make(tmp_path)
    old = load(tmp_path)
    assert old.words.best("melayani")[0].tolist() == [0]
    for _ in range(4):
        make(tmp_path, ROWS[:1], ANGLES[:1])
    assert ids(old, np.array([old.similarities(directions([121])).argmax()])) == [40]
    assert old.words.best("meluap")[0].tolist() == [2]
