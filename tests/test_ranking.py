from __future__ import annotations

import numpy as np
import pytest

from index import ranking
from index.ranking import Group


def near(*pairs: tuple[int, float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row for row, _ in pairs], np.int64), np.array([cosine for _, cosine in pairs], np.float32)


def matched(*triples: tuple[int, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, cosines, shares = (np.array(column) for column in zip(*triples, strict=True)) if triples else ([], [], [])
    return np.array(rows, np.int64), np.array(cosines, np.float32), np.array(shares, np.float32)


def fuse(
    nearest: tuple[np.ndarray, np.ndarray], words: tuple[np.ndarray, np.ndarray, np.ndarray], exhausted: bool = True
) -> list[tuple[int, float]]:
    rows, scores = ranking.fuse(nearest, words, exhausted)
    assert rows.dtype == np.int64
    assert (np.diff(scores) <= 0).all()
    return list(zip(rows.tolist(), [round(score, 5) for score in scores.tolist()], strict=True))


def by_release(rows: list[int], releases: list[int], groups: list[int] | None = None) -> list[Group]:
    scores = np.linspace(1, 0, len(rows)).astype(np.float32)
    numbers = np.array(range(len(releases)) if groups is None else groups)
    return ranking.by_release(np.array(rows, np.int64), scores, np.array(releases), numbers)


# Scores


def test_a_few_words_weigh_little_and_all_words_decide() -> None:
    cosines, shares = np.array([0.5, 0.5, 0.5]), np.array([0, 0.004, 1])
    assert ranking.score(cosines, shares) == pytest.approx([0.5, 0.51, 3.0])


def test_words_count_far_less_where_they_are_little_of_the_query() -> None:
    bm25, coverage = np.array([0.25, 0.5, 0.5, 1.0]), np.array([0.2, 0.45, 0.8, 1.0])
    assert ranking.shares(bm25, coverage) == pytest.approx([0.25 * 0.0063, 0.5 * 0.1008, 0.5 * 0.638, 1], rel=0.01)


def test_shares_of_zero_leave_similarity_alone() -> None:
    assert fuse(near((4, 0.5), (2, 0.25), (9, -1)), matched()) == [(4, 0.5), (2, 0.25), (9, -1)]


def test_what_words_match_gains_by_its_share() -> None:
    found = fuse(near((1, 0.75), (2, 0.5), (3, 0.25)), matched((3, 0.25, 0.5), (2, 0.5, 0.0625)))
    assert found == [(3, 1.5), (1, 0.75), (2, 0.65625)]


def test_what_only_words_find_has_its_similarity_too() -> None:
    assert fuse(near((1, 0.75)), matched((7, -0.75, 0.5))) == [(1, 0.75), (7, 0.5)]


def test_equal_scores_come_in_the_order_of_rows() -> None:
    assert fuse(near((9, 0.5), (3, 0.5)), matched((5, 0.1875, 0.125))) == [(3, 0.5), (5, 0.5), (9, 0.5)]


def test_nothing_gives_nothing() -> None:
    assert fuse(near(), matched()) == []
    assert by_release([], [0, 1]) == []


# Depth


def test_what_may_be_overtaken_by_the_unseen_is_left_out() -> None:
    words = matched((7, 0.1875, 0.125), (8, -1.125, 0.25))
    assert fuse(near((1, 0.75), (2, 0.5)), words, exhausted=False) == [(1, 0.75)]
    assert fuse(near((1, 0.75), (2, 0.5)), words, exhausted=True) == [(1, 0.75), (2, 0.5), (7, 0.5), (8, -0.5)]


@pytest.mark.parametrize("depth", range(1, 60))
def test_looking_deeper_never_changes_what_stands_above(depth: int) -> None:
    rng = np.random.default_rng(0)
    cosines = rng.uniform(-1, 1, 60).astype(np.float32)
    sharing = rng.permutation(60)[:20]
    words = sharing, cosines[sharing], rng.uniform(0, 0.5, 20).astype(np.float32) ** 2
    order = np.argsort(-cosines, kind="stable")
    whole, _ = ranking.fuse((order, cosines[order]), words, exhausted=True)
    first, _ = ranking.fuse((order[:depth], cosines[order[:depth]]), words, exhausted=False)
    assert len(first) >= depth - 1
    assert first.tolist() == whole[: len(first)].tolist()


# Releases


def test_a_release_stands_where_its_best_row_does() -> None:
    found = by_release([3, 0, 4, 1, 2], releases=[0, 0, 1, 2, 2])
    assert found == [Group([3, 4], [1, 0.5], []), Group([0, 1], [0.75, 0.25], []), Group([2], [0], [])]


def test_a_release_shows_three_further_rows_at_most() -> None:
    (found,) = by_release(list(range(9)), releases=[0] * 9)
    assert found.rows == [0, 1, 2, 3]
    assert len(found.scores) == 4


def test_near_identical_releases_are_folded_into_the_best() -> None:
    found = by_release([2, 0, 1, 3], releases=[0, 1, 2, 3], groups=[0, 1, 0, 0])
    assert [(one.rows, one.identical) for one in found] == [([2], [0, 3]), ([1], [])]


def test_only_best_passages_are_compared() -> None:
    """Row 3 repeats row 0 but is not what its release answers with; row 1 repeats row 0 within one release."""
    found = by_release([0, 1, 2, 3], releases=[0, 0, 1, 1], groups=[0, 0, 2, 0])
    assert [(one.rows, one.identical) for one in found] == [([0, 1], []), ([2, 3], [])]


def test_what_was_folded_stays_folded_when_more_of_it_is_found() -> None:
    found = by_release([0, 1, 2], releases=[0, 1, 1], groups=[7, 7, 8])
    assert [(one.rows, one.identical) for one in found] == [([0], [1])]
