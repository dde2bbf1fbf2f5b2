"""The map: what is alike lies together, what was known stays where it was, and names come from what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import directions, run_python

from archive import ReleaseSummary
from index import cartography, topics_of_map
from index.cartography import Map
from index.encoder import Matrix
from index.topics_of_map import NO_CLUSTER

# Three subjects, far apart in three dimensions.
SUBJECTS = ("Banjir merendam permukiman warga", "Imunisasi campak bagi balita", "Lomba panahan pelajar")


def make_archive(each: int, seed: int = 7) -> tuple[Matrix, list[str]]:
    """Releases of the three subjects in turn: vectors close to one axis each, and texts."""
    rng = np.random.default_rng(seed)
    vectors = np.eye(3)[np.arange(3 * each) % 3] + rng.normal(0, 0.08, (3 * each, 3))
    texts = [f"{SUBJECTS[row % 3]}. Laporan ke-{row}." for row in range(3 * each)]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), texts


@pytest.fixture(scope="module")
def archive() -> tuple[Matrix, list[str]]:
    return make_archive(30)


@pytest.fixture(scope="module")
def drawn(archive: tuple[Matrix, list[str]]) -> Map:
    return cartography.draw(*archive)


def nearest_subjects(positions: np.ndarray) -> np.ndarray:
    """For each release, the subject of its nearest neighbour."""
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1) % 3


def test_releases_about_the_same_lie_together(drawn: Map) -> None:
    assert nearest_subjects(drawn.positions).tolist() == [row % 3 for row in range(90)]
    assert drawn.positions.dtype == np.float32
    assert float(drawn.positions.min()) == pytest.approx(0.04, abs=1e-6)
    assert float(drawn.positions.max()) == pytest.approx(0.96, abs=1e-6)


def test_what_gathers_is_a_topic_of_one_subject(drawn: Map) -> None:
    for topic in range(len(drawn.names)):
        assert len({row % 3 for row in np.flatnonzero(drawn.clusters == topic).tolist()}) == 1
    sizes = np.bincount(drawn.clusters[drawn.clusters != NO_CLUSTER])
    assert len(sizes) == len(drawn.names) >= 3
    assert sizes.tolist() == sorted(sizes.tolist(), reverse=True)


def test_the_same_archive_is_drawn_the_same(archive: tuple[Matrix, list[str]], drawn: Map) -> None:
    again = cartography.draw(*archive)
    assert np.array_equal(again.positions, drawn.positions)
    assert np.array_equal(again.clusters, drawn.clusters)
    assert again.names == drawn.names


def test_a_new_release_is_put_among_its_like_and_no_other_moves(archive: tuple[Matrix, list[str]], drawn: Map) -> None:
    vectors, texts = archive
    added = cartography.draw(np.vstack([vectors[1:2], vectors]), [f"{SUBJECTS[1]} lagi", *texts], drawn)
    assert np.array_equal(added.positions[1:], drawn.positions)
    assert added.drawn.tolist() == [False] + [True] * 90
    assert added.drawn_count == 90
    nearest = np.linalg.norm(drawn.positions - added.positions[0], axis=1).argmin()
    assert nearest % 3 == 1


def test_a_release_whose_text_changed_is_placed_anew(archive: tuple[Matrix, list[str]], drawn: Map) -> None:
    vectors, texts = archive
    moved = vectors.copy()
    moved[0] = vectors[1]
    map = cartography.draw(moved, ["Imunisasi, bukan banjir", *texts[1:]], drawn)
    assert np.array_equal(map.positions[1:], drawn.positions[1:])
    assert np.linalg.norm(drawn.positions[1:] - map.positions[0], axis=1).argmin() % 3 == 0  # row 1 is the first of these


def test_releases_that_say_the_same_keep_a_place_each(archive: tuple[Matrix, list[str]]) -> None:
    vectors, texts = archive
    texts = [texts[0], texts[0], *texts[2:]]
    before = cartography.draw(vectors, texts)
    assert not np.array_equal(before.positions[0], before.positions[1])
    assert np.array_equal(cartography.draw(vectors, texts, before).positions, before.positions)


def test_the_order_of_releases_does_not_matter(archive: tuple[Matrix, list[str]], drawn: Map) -> None:
    vectors, texts = archive
    turned = cartography.draw(vectors[::-1], texts[::-1], drawn)
    assert np.array_equal(turned.positions, drawn.positions[::-1])


@pytest.mark.parametrize(("count", "is_redrawn"), [(9, False), (10, True)])
def test_all_are_drawn_anew_once_more_than_a_tenth_has_come(
    archive: tuple[Matrix, list[str]], drawn: Map, count: int, is_redrawn: bool
) -> None:
    vectors, texts = archive
    more = [f"Baru {number}" for number in range(count)]
    map = cartography.draw(np.vstack([vectors, vectors[:count]]), texts + more, drawn)
    assert (map.drawn_count == 90 + count) is is_redrawn
    assert bool(map.drawn.all()) is is_redrawn


def test_what_came_bit_by_bit_counts_together(archive: tuple[Matrix, list[str]], drawn: Map) -> None:
    vectors, texts = archive
    some = [f"Baru {number}" for number in range(6)]
    first = cartography.draw(np.vstack([vectors, vectors[:6]]), texts + some, drawn)
    assert first.drawn_count == 90
    others = [f"Lagi {number}" for number in range(6)]
    second = cartography.draw(np.vstack([vectors, vectors[:12]]), texts + some + others, first)
    assert second.drawn_count == 102


@pytest.mark.parametrize(("left", "is_redrawn"), [(81, False), (80, True)])
def test_all_are_drawn_anew_once_more_than_a_tenth_has_gone(
    archive: tuple[Matrix, list[str]], drawn: Map, left: int, is_redrawn: bool
) -> None:
    map = cartography.draw(archive[0][:left], archive[1][:left], drawn)
    assert (map.drawn_count == left) is is_redrawn


def test_a_map_drawn_anew_stays_like_the_one_before(archive: tuple[Matrix, list[str]], drawn: Map) -> None:
    vectors, texts = archive
    more = make_archive(5, seed=8)
    map = cartography.draw(np.vstack([vectors, more[0]]), texts + [f"{text} Baru." for text in more[1]], drawn)
    assert map.drawn_count == 105
    for axis in range(2):
        assert np.corrcoef(map.positions[:90, axis], drawn.positions[:, axis])[0, 1] > 0.9


@pytest.mark.parametrize("count", [1, 2, 4, 5, 11, 30])
def test_a_small_archive_has_a_place_for_each(count: int) -> None:
    vectors, texts = make_archive(10)
    map = cartography.draw(vectors[:count], texts[:count])
    assert map.positions.shape == (count, 2)
    assert len(np.unique(map.positions, axis=0)) == count
    assert 0 <= map.positions.min() <= map.positions.max() <= 1
    grown = cartography.draw(vectors[:count], [*texts[: count - 1], "Lain"], map)
    assert 0 <= grown.positions.min() <= grown.positions.max() <= 1


def test_one_release_lies_in_the_middle() -> None:
    map = cartography.draw(directions([0]), ["Apel pagi"])
    assert map.positions.tolist() == [[0.5, 0.5]]
    assert map.clusters.tolist() == [NO_CLUSTER]
    assert map.names == ()


def test_releases_that_cannot_be_told_apart_are_drawn() -> None:
    map = cartography.draw(directions([30] * 20), [f"Nomor {number}" for number in range(20)])
    assert np.isfinite(map.positions).all()


@pytest.mark.parametrize("count", [1, 30])
def test_a_map_reads_back_as_it_was_written(tmp_path: Path, count: int) -> None:
    vectors, texts = make_archive(10)
    map = cartography.draw(vectors[:count], texts[:count])
    cartography.write(map, tmp_path / "map.npz")
    again = cartography.read(tmp_path / "map.npz")
    for field in ("positions", "clusters", "marks", "drawn"):
        assert getattr(again, field).dtype == getattr(map, field).dtype
        assert np.array_equal(getattr(again, field), getattr(map, field))
    assert (again.names, again.drawn_count, again.extent) == (map.names, map.drawn_count, map.extent)


@pytest.mark.parametrize("texts", [[], ["satu", "dua"]])
def test_vectors_without_a_text_each_are_refused(texts: list[str]) -> None:
    with pytest.raises(ValueError, match=f"1 vectors, {len(texts)} texts"):
        cartography.draw(directions([0]), texts)


def test_no_releases_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        cartography.draw(np.empty((0, 2), np.float32), [])


def test_topics_are_named_by_the_words_that_set_them_apart() -> None:
    texts = [
        "Warga mengungsi, banjir meluap",
        "Banjir! Warga menunggu banjir surut",
        "Warga antre vaksin",
        "Vaksin bagi warga: vaksin",
    ]
    names = topics_of_map.name([*texts, "Panahan"], np.array([0, 0, 1, 1, NO_CLUSTER], np.int32))
    assert [name.split(", ")[0] for name in names] == ["banjir", "vaksin"]
    assert all("panahan" not in name.casefold() for name in names)


def test_a_word_is_shown_as_it_is_written_most() -> None:
    texts = ["Pelayanan BPJS", "pelayanan BPJS di Madiun", "melayani BPJS di Madiun", "pelayanan bagi Madiun 2024"]
    (name,) = topics_of_map.name(texts, np.zeros(4, np.int32))
    assert sorted(name.split(", ")) == ["BPJS", "Madiun", "pelayanan"]


def test_no_name_says_a_word_twice() -> None:
    (name,) = topics_of_map.name(["bank bank perbankan inflasi"] * 3, np.zeros(3, np.int32))
    assert name == "bank, inflasi"


def test_a_topic_without_words_has_an_empty_name() -> None:
    assert topics_of_map.name(["2024", "x"], np.zeros(2, np.int32)) == ("",)


def make_map(clusters: list[int], *names: str) -> Map:
    count = len(clusters)
    positions = np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float32) / max(count, 1)
    return Map(positions, np.array(clusters, np.int32), names, np.zeros(count, np.uint64), np.ones(count, bool), count, 1.0)


def summary(row: int) -> ReleaseSummary:
    return ReleaseSummary(f"r{row}", f"Judul {row}", None, "2024-01-02" if row else None, None, 1)


def test_readers_see_titles_topics_and_what_stands_for_them() -> None:
    vectors = directions([0, 10, 20, 200, 100])
    map = make_map([0, 0, 0, 1, NO_CLUSTER], "banjir, warga", "vaksin")
    seen = cartography.view(map, vectors, {row: summary(row) for row in range(5)}, 6)
    assert seen.generation == 6
    assert [(place.id, place.published, place.cluster) for place in seen.places] == [
        ("r0", None, 0),
        ("r1", "2024-01-02", 0),
        ("r2", "2024-01-02", 0),
        ("r3", "2024-01-02", 1),
        ("r4", "2024-01-02", NO_CLUSTER),
    ]
    assert [(topic.name, topic.releases, topic.central[0]) for topic in seen.topics] == [
        ("banjir, warga", 3, 1),
        ("vaksin", 1, 3),
    ]


def test_a_topic_whose_releases_were_removed_is_not_seen() -> None:
    map = make_map([0, 0, 1, 1, 1], "banjir", "vaksin")
    seen = cartography.view(map, directions([0, 0, 90, 90, 90]), {row: summary(row) for row in (2, 3)}, 1)
    assert [(topic.name, topic.releases, topic.central) for topic in seen.topics] == [("vaksin", 2, (0, 1))]
    assert [place.cluster for place in seen.places] == [0, 0]


def test_all_removed_leaves_an_empty_map() -> None:
    seen = cartography.view(make_map([0, 0], "banjir"), directions([0, 0]), {}, 1)
    assert (seen.places, seen.topics) == ((), ())


def test_what_draws_is_loaded_only_to_draw() -> None:
    done = run_python("import sys; import index.cartography; print('openTSNE' in sys.modules, 'sklearn' in sys.modules)")
    assert done.stdout.split() == ["False", "False"], done.stderr
