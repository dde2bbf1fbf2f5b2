from __future__ import annotations

import numpy as np
import pytest
from conftest import directions

from index import space
from index.encoder import Matrix, unit

EVEN = directions(range(0, 360, 3))
"""Questions that favour no direction."""


def cloud(count: int, dim: int, towards: float = 2.0, seed: int = 0) -> Matrix:
    """Unit vectors around one that all of them resemble, as a model's vectors of passages do."""
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    rows[:, 0] += towards * dim**0.5
    return unit(rows)


def nudged(vectors: Matrix, by: float, seed: int = 1) -> Matrix:
    return unit(vectors + by * np.random.default_rng(seed).standard_normal(vectors.shape) / vectors.shape[1] ** 0.5)


# Centring


def test_placed_vectors_have_unit_length_and_hardly_a_mean() -> None:
    alone = cloud(400, 16)
    in_context = nudged(alone, 0.3)
    passages, questions = unit(alone + in_context), cloud(60, 16, towards=1.0, seed=2)
    placing = space.fit(alone, in_context, questions)
    assert np.linalg.norm(passages.mean(axis=0)) > 0.8
    for placed in (placing.place_passages(passages), placing.place_queries(questions)):
        assert placed.dtype == np.float32
        assert np.linalg.norm(placed, axis=1) == pytest.approx(1, abs=1e-5)
        assert np.linalg.norm(placed.mean(axis=0)) < 0.1


def test_means_are_those_of_passages_and_of_questions() -> None:
    placing = space.fit(directions([0, 60]), directions([30, 90]), directions([100, 100]))
    assert placing.passage_mean == pytest.approx(directions([15, 75]).mean(axis=0), abs=1e-6)
    assert placing.query_mean == pytest.approx(directions([100])[0], abs=1e-6)


def test_what_all_passages_share_says_nothing_any_more() -> None:
    """Three passages within four degrees: placed, the outer two look away from each other."""
    vectors = directions([10, 12, 14])
    placed = space.fit(vectors, vectors, EVEN).place_passages(vectors)
    assert placed[0] @ placed[2] < -0.99


# The map


def test_angles_stay_where_no_direction_is_favoured() -> None:
    vectors = directions([0, 30, 120, 150, 240, 270])
    placing = space.fit(vectors, vectors, EVEN)
    assert placing.map == pytest.approx(np.eye(2), abs=1e-5)
    assert placing.place_passages(vectors) == pytest.approx(vectors, abs=1e-5)


def test_one_passage_leaves_the_space_as_it_is() -> None:
    placing = space.fit(directions([40]), directions([40]), EVEN)
    assert placing.map.tolist() == np.eye(2).tolist()
    assert placing.place_passages(directions([40])).tolist() == [[0, 0]]  # as one of many that are all alike


def test_equal_views_stretch_but_never_turn_what_stands_alone() -> None:
    """No difference between the views is no noise: only the signal is looked at, along its own axes."""
    vectors = np.repeat(directions([0, 180, 90, 270]), [30, 30, 10, 10], axis=0)
    placing = space.fit(vectors, vectors, EVEN)
    assert placing.map[0, 0] > placing.map[1, 1] > 0
    assert [placing.map[0, 1], placing.map[1, 0]] == pytest.approx([0, 0], abs=1e-5)


def test_directions_in_which_a_passage_differs_from_itself_are_shrunk() -> None:
    """In three dimensions of equal signal, the context changes what stands in the third."""
    rng = np.random.default_rng(3)
    alone = unit(rng.standard_normal((600, 3)))
    in_context = unit(alone + rng.standard_normal((600, 1)) * np.array([[0, 0, 0.5]]))
    along = np.diag(space.fit(alone, in_context, cloud(30, 3)).map)
    assert along[2] < 0.9 * along[0]
    assert along[0] == pytest.approx(along[1], rel=0.05)


@pytest.mark.parametrize("count", [1, 2, 4, 8, 60, 500])
@pytest.mark.parametrize("noise", [0, 0.3, 2])
def test_the_fewer_passages_the_less_they_can_bend_the_space(count: int, noise: float) -> None:
    """How far apart the map's stretches can be: one passage bends nothing, and no archive bends much."""
    alone = unit(cloud(count, 32) * np.linspace(1.5, 0.5, 32, dtype=np.float32))
    stretches = np.linalg.svd(space.fit(alone, nudged(alone, noise), cloud(30, 32)).map, compute_uv=False)
    assert stretches[0] / stretches[-1] <= min(1.2 * count**0.45, 2)


def test_the_map_is_finite_and_can_be_undone_whatever_the_archive() -> None:
    for alone, in_context in (
        (cloud(3, 8), cloud(3, 8)),
        (np.repeat(cloud(1, 8), 50, axis=0), np.repeat(cloud(1, 8), 50, axis=0)),
        (cloud(50, 8), cloud(50, 8, seed=9)),
        (cloud(50, 8), -cloud(50, 8)),
    ):
        placing = space.fit(alone, in_context, cloud(30, 8))
        assert np.isfinite(placing.map).all()
        assert np.linalg.cond(placing.map) < 10


def test_the_order_of_passages_changes_nothing() -> None:
    alone, questions = cloud(200, 8), cloud(30, 8, seed=4)
    in_context = nudged(alone, 0.3)
    shuffled = np.random.default_rng(5).permutation(200)
    one, other = space.fit(alone, in_context, questions), space.fit(alone[shuffled], in_context[shuffled], questions[::-1])
    for name in ("passage_mean", "query_mean", "map"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-5)


def test_an_archive_that_grows_a_little_moves_little() -> None:
    alone, questions = cloud(1_000, 16), cloud(60, 16, seed=4)
    in_context = nudged(alone, 0.3)
    before, after = space.fit(alone[:990], in_context[:990], questions), space.fit(alone, in_context, questions)
    placed = before.place_passages(alone), after.place_passages(alone)
    assert (placed[0] * placed[1]).sum(axis=1).min() > 0.999


# Hubs


def test_a_passage_near_all_questions_is_the_greatest_hub() -> None:
    questions = directions([40, 50, 60])
    offsets = space.hub_offsets(directions([50, 0, 140, 230]), questions)
    assert (offsets.dtype, offsets.shape, offsets.argmax()) == (np.float32, (4,), 0)
    cosines = np.cos(np.radians([[10, 0, 10], [40, 50, 60], [100, 90, 80], [170, 180, 170]]))
    assert offsets == pytest.approx(0.5 * cosines.mean(axis=1), abs=1e-6)


def test_only_the_nearest_questions_make_a_hub() -> None:
    near, far = directions([0] * 30), directions([180] * 70)
    passages = directions([0, 90, 180])
    assert space.hub_offsets(passages, np.concatenate([near, far])) == pytest.approx([0.5, 0, 0.5], abs=1e-6)
    assert space.hub_offsets(passages, near) == pytest.approx([0.5, 0, -0.5], abs=1e-6)


def test_questions_on_all_sides_make_hubs_of_none() -> None:
    offsets = space.hub_offsets(directions(range(0, 360, 30)), EVEN)
    assert offsets == pytest.approx([float(offsets[0])] * 12, abs=1e-3)
