from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import directions, make_row, run_python

from archive import IndexRow
from index import GenerationError, NoGeneration
from index import generation as generations
from index.generation import Generation, Meta, Recipe, load, publish, read_meta

RECIPE = Recipe("angles", "a-compass", terms=1)
ROWS = (
    make_row(11, "ASN itu melayani", release=1, published="2023-03-21T09:30", topic="Kepegawaian"),
    make_row(12, "Apel pagi", release=1, published="2023-03-21T09:30", topic="Kepegawaian"),
    make_row(40, "Kali meluap", release=3, published="2021-01-19", topic="Kebencanaan"),
    make_row(41, "‘’Pasar ramai,’’ katanya", release=5),
)
ANGLES = (0, 30, 120, 240)
FILES = ("vectors.faiss", "paragraphs.npz", "words.sqlite", "meta.json")


def make(folder: Path, rows: Sequence[IndexRow] = ROWS, angles: Sequence[float] = ANGLES, state: int = 7) -> Meta:
    return publish(folder, RECIPE, rows, directions(angles), state)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ids(generation: Generation, rows: np.ndarray) -> list[list[int]]:
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
        topics=("Kebencanaan", "Kepegawaian"),
        checksums={},
    )
    assert loaded.paragraph_ids.tolist() == [11, 12, 40, 41]
    assert loaded.releases.tolist() == [0, 0, 1, 2]
    assert loaded.days.tolist() == [date(2023, 3, 21).toordinal()] * 2 + [date(2021, 1, 19).toordinal(), 0]
    assert loaded.topics.tolist() == [1, 1, 0, -1]
    assert loaded.vectors(np.array([3, 0])).tolist() == directions([240, 0]).tolist()
    assert [loaded.words.best(word, 10)[0].tolist() for word in ("pasar", "melayani")] == [[3], [0]]


def test_generations_are_numbered_and_the_last_one_is_live(tmp_path: Path) -> None:
    assert [make(tmp_path).number, make(tmp_path, ROWS[:1], ANGLES[:1]).number] == [1, 2]
    assert load(tmp_path).paragraph_ids.tolist() == [11]
    assert names(tmp_path) == ["000001", "000002", "CURRENT"]
    assert (tmp_path / "CURRENT").read_text() == "2\n"


def test_topics_in_any_script_come_back(tmp_path: Path) -> None:
    make(tmp_path, [make_row(1, topic="Ekonomi & Keuangan"), make_row(2, topic="‘Café’ 東京")], [0, 90])
    loaded = load(tmp_path)
    assert loaded.meta.topics == ("Ekonomi & Keuangan", "‘Café’ 東京")
    assert loaded.allowed(topics=["‘Café’ 東京"]).tolist() == [False, True]


# Nearest


@pytest.mark.parametrize(
    ("k", "expected"), [(1, [11]), (2, [11, 12]), (4, [11, 12, 40, 41]), (99, [11, 12, 40, 41])], ids=lambda value: str(value)
)
def test_nearest_gives_the_closest_first_and_never_pads(tmp_path: Path, k: int, expected: list[int]) -> None:
    make(tmp_path)
    loaded = load(tmp_path)
    rows, cosines = loaded.nearest(directions([10]), k)
    assert ids(loaded, rows) == [expected]
    assert (rows.dtype, cosines.dtype) == (np.int64, np.float32)
    assert cosines[0] == pytest.approx(np.cos(np.radians([10, 20, 110, 130]))[: len(expected)], abs=1e-6)


def test_nearest_answers_several_queries(tmp_path: Path) -> None:
    make(tmp_path)
    loaded = load(tmp_path)
    rows, cosines = loaded.nearest(directions([121, 239, 29]), 2)
    assert ids(loaded, rows) == [[40, 12], [41, 40], [12, 11]]
    assert cosines.shape == (3, 2)


def test_nearest_leaves_out_what_is_not_allowed(tmp_path: Path) -> None:
    make(tmp_path)
    loaded = load(tmp_path)
    rows, cosines = loaded.nearest(directions([10]), 3, np.array([False, True, False, True]))
    assert ids(loaded, rows) == [[12, 41]]
    assert cosines[0] == pytest.approx(np.cos(np.radians([20, 130])), abs=1e-6)
    rows, cosines = loaded.nearest(directions([10, 20]), 3, np.zeros(4, dtype=bool))
    assert (rows.shape, cosines.shape) == ((2, 0), (2, 0))


def test_nearest_refuses_what_it_cannot_answer(tmp_path: Path) -> None:
    make(tmp_path)
    loaded = load(tmp_path)
    with pytest.raises(ValueError, match="k >= 1: k=0"):
        loaded.nearest(directions([10]), 0)
    with pytest.raises(ValueError, match=r"expected shape \(n, 2\), got \(1, 3\)"):
        loaded.nearest(np.ones((1, 3), dtype=np.float32), 1)
    with pytest.raises(ValueError, match=r"expected shape \(n, 2\), got \(2,\)"):
        loaded.nearest(np.ones(2, dtype=np.float32), 1)


# Filters


@pytest.mark.parametrize(
    ("since", "until", "topics", "passing"),
    [
        ("2023-03-21", None, (), [11, 12]),
        ("2023-03-22", None, (), []),
        (None, "2021-01-19", (), [40]),
        (None, "2021-01-18", (), []),
        ("2021-01-19", "2023-03-21", (), [11, 12, 40]),
        (None, None, ("Kebencanaan",), [40]),
        (None, None, ("Kebencanaan", "Kepegawaian", "Olahraga"), [11, 12, 40]),
        (None, None, ("Olahraga",), []),
        ("2022-01-01", None, ("Kebencanaan",), []),
    ],
)
def test_filters_pass_what_was_asked_for(
    tmp_path: Path, since: str | None, until: str | None, topics: tuple[str, ...], passing: list[int]
) -> None:
    make(tmp_path)
    loaded = load(tmp_path)
    allowed = loaded.allowed(since and date.fromisoformat(since), until and date.fromisoformat(until), topics)
    assert allowed is not None
    assert loaded.paragraph_ids[allowed].tolist() == passing


def test_no_filter_is_none(tmp_path: Path) -> None:
    make(tmp_path)
    assert load(tmp_path).allowed() is None


# What cannot be published


def test_an_empty_generation_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(ValueError, match="at least one row: 0 rows"):
        publish(tmp_path, RECIPE, [], np.empty((0, 2), np.float32), 8)
    assert load(tmp_path).meta.number == 1


def test_rows_without_vectors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="4 rows, 3 vectors"):
        make(tmp_path, angles=ANGLES[:3])
    assert names(tmp_path) == []


def test_a_build_that_fails_leaves_the_live_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(generations, "_sync", fail)
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
from conftest import directions, make_row
from index import GenerationError
from index.generation import Recipe, publish
from archive import ArchiveError
rows = [make_row(number, "kata") for number in range(100_000 if {limit} > 100_000 else 300)]
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    publish(Path(sys.argv[1]), Recipe("angles", "a-compass", 1), rows, directions(range(len(rows))), 8)
except (GenerationError, ArchiveError, OSError) as error:
    print(error)
"""
    done = run_python(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert names(tmp_path) == ["000001", "CURRENT"]
    assert load(tmp_path).meta.number == 1


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
            rows, cosines = loaded.nearest(directions([10 * number]), 99)
            words = loaded.words.best(f"kata{number}", 99)[0]
            whole = len(rows[0]) == len(words) == number and cosines == pytest.approx(1, abs=1e-5)
            if not whole or (loaded.paragraph_ids // 1_000 != number).any():
                failures.append(f"generation {number}")
            loaded.words.close()

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


@pytest.mark.parametrize("step", ["_parse_meta", "_checksum", "np.load", "faiss.read_index"])
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
    assert loaded.words.best("melayani", 1)[0].tolist() == [0]


def test_an_open_generation_answers_after_it_was_tidied_away(tmp_path: Path) -> None:
    make(tmp_path)
    old = load(tmp_path)
    assert old.words.best("melayani", 1)[0].tolist() == [0]
    for _ in range(4):
        make(tmp_path, ROWS[:1], ANGLES[:1])
    assert ids(old, old.nearest(directions([121]), 1)[0]) == [[40]]
    assert old.words.best("meluap", 1)[0].tolist() == [2]
