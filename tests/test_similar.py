from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import LITTLE_ARCHIVE, AngleEncoder, build, fill, make_release, open_index, remove

from archive import Passage, UnknownRelease
from index import Index, NoGeneration, Similar

CIRCLE = [
    make_release(f"r{angle}", f"Satu a{angle}", f"Dua a{angle + 10}", title=f"Siaran {angle}") for angle in range(0, 360, 30)
]
"""Twelve releases on all sides, each of two paragraphs ten degrees apart."""


@pytest.fixture
def circle(tmp_path: Path) -> Iterator[Index]:
    fill(tmp_path / "circle", *CIRCLE)
    build(tmp_path / "circle")
    index = open_index(tmp_path / "circle")
    yield index
    index.close()


def data_of(index: Index) -> Path:
    return index.store.database.path.parent


def places(found: Iterable[Similar]) -> list[tuple[str, int]]:
    return [(one.passage.release.id, one.passage.position) for one in found]


# Passages


def test_passages_of_other_releases_come_nearest_first(circle: Index) -> None:
    found = circle.similar_passages("r90", 1, k=3)
    assert places(found) == [("r120", 0), ("r60", 1), ("r150", 0)]
    assert [one.rank for one in found] == [1, 2, 3]
    scores = [one.score for one in found]
    assert np.diff(scores) == pytest.approx(np.diff(np.cos(np.radians([20, 30, 50]))), abs=0.01)
    assert found[0].passage.text == "Satu a120"


def test_a_passage_is_not_similar_to_its_own_release(circle: Index) -> None:
    for position in (0, 1):
        found = circle.similar_passages("r90", position, k=100)
        assert sorted(id for id, _ in places(found)) == sorted(f"r{angle}" for angle in range(0, 360, 30) if angle != 90)


def test_near_identical_passages_are_similar_once(circle: Index) -> None:
    contact = "Hubungi humas kota pada hari kerja untuk keterangan lebih lanjut a95"
    fill(data_of(circle), make_release("x", contact), make_release("y", contact), make_release("z", contact + " a265"))
    build(data_of(circle))
    found = places(circle.similar_passages("r90", 0, k=100))
    assert found[0] == ("x", 0)
    assert ("y", 0) not in found


def test_words_do_not_make_a_passage_similar(index: Index, data: Path) -> None:
    fill(data, make_release("kata", "ASN itu melayani a180"), make_release("arah", "Lain a0"))
    build(data)
    assert places(index.similar_passages("asn", 0))[0] == ("arah", 0)
    assert places(index.similar_passages("asn", 0))[-1] == ("kata", 0)


# Releases


def test_releases_about_the_same_come_nearest_first(circle: Index) -> None:
    found = circle.similar_releases("r90", k=4)
    assert {one.passage.release.id for one in found[:2]} == {"r60", "r120"}
    assert {one.passage.release.id for one in found[2:]} == {"r30", "r150"}
    assert [one.rank for one in found] == [1, 2, 3, 4]
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    # Each shows its nearer paragraph.
    assert sorted(places(found)) == [("r120", 0), ("r150", 0), ("r30", 1), ("r60", 1)]


def test_a_release_is_not_similar_to_itself(circle: Index) -> None:
    found = circle.similar_releases("r90", k=100)
    assert sorted(id for id, _ in places(found)) == sorted(f"r{angle}" for angle in range(0, 360, 30) if angle != 90)


def test_the_only_release_is_similar_to_none(tmp_path: Path) -> None:
    fill(tmp_path, make_release("a", "Satu a10", "Dua a50"))
    build(tmp_path)
    index = open_index(tmp_path)
    assert (index.similar_passages("a", 0), index.similar_releases("a")) == ([], [])
    index.close()


# Changes


def test_removed_releases_are_left_out_at_once_without_short_lists(circle: Index) -> None:
    remove(data_of(circle), "r60", "r120", "r30", "r150")
    assert {id for id, _ in places(circle.similar_passages("r90", 0, k=2))} == {"r0", "r180"}
    assert {id for id, _ in places(circle.similar_releases("r90", k=2))} == {"r0", "r180"}
    assert len(circle.similar_releases("r90", k=100)) == 7


def test_a_release_removed_in_the_middle_is_not_shown(circle: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = circle.store.fetch_passages

    def late(paragraph_ids: Iterable[int]) -> dict[int, Passage]:
        monkeypatch.setattr(circle.store, "fetch_passages", fetch)
        remove(data_of(circle), "r120")
        return fetch(paragraph_ids)

    monkeypatch.setattr(circle.store, "fetch_passages", late)
    assert places(circle.similar_passages("r90", 1, k=2)) == [("r60", 1), ("r150", 0)]


def test_what_has_changed_since_is_told(circle: Index) -> None:
    fill(data_of(circle), make_release("r90", "Lain a90", "Dua a100", title="Siaran 90"), make_release("baru", "Baru a5"))
    for id in ("r90", "baru"):
        message = f"release '{id}' has changed and is not indexed yet: run telusur index"
        with pytest.raises(UnknownRelease, match=message):
            circle.similar_passages(id, 0)
        with pytest.raises(UnknownRelease, match=message):
            circle.similar_releases(id)
    build(data_of(circle))
    assert places(circle.similar_passages("baru", 0, k=1)) == places(circle.similar_releases("baru", k=1)) == [("r0", 0)]
    assert places(circle.similar_passages("r90", 0, k=1)) == [("r60", 1)]


@pytest.mark.parametrize(("id", "position"), [("tidak-ada", 0), ("r90", 2), ("r90", -1), ("r60", 0)])
def test_what_is_not_there_is_told(circle: Index, id: str, position: int) -> None:
    remove(data_of(circle), "r60")
    with pytest.raises(UnknownRelease, match=f"holds no paragraph {position} of release '{id}'"):
        circle.similar_passages(id, position)


def test_numbers_out_of_range_are_refused(circle: Index) -> None:
    for k in (0, 101):
        with pytest.raises(ValueError, match=f"k must be 1 to 100: {k}"):
            circle.similar_passages("r90", 0, k=k)
        with pytest.raises(ValueError, match=f"k must be 1 to 100: {k}"):
            circle.similar_releases("r90", k=k)


def test_without_an_index_it_says_what_to_do(tmp_path: Path) -> None:
    fill(tmp_path, *LITTLE_ARCHIVE)
    index = open_index(tmp_path)
    with pytest.raises(NoGeneration, match="run telusur index"):
        index.similar_passages("asn", 0)
    with pytest.raises(NoGeneration, match="run telusur index"):
        index.similar_releases("asn")
    index.close()


def test_no_query_goes_through_the_model(data: Path, encoder: AngleEncoder) -> None:
    index = open_index(data, encoder)
    index.similar_passages("asn", 0)
    index.similar_releases("asn")
    index.close()
    assert encoder.queries == []
