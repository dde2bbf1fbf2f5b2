from __future__ import annotations

import numpy as np
import pytest

from index import ranking
from index.ranking import Group, Layout

NONE = -np.inf


def layout(releases: list[int], groups: list[int] | None = None) -> Layout:
    numbers = np.array(releases, np.int32)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    return Layout(numbers, starts, np.array(range(len(releases)) if groups is None else groups, np.int32))


def rank(
    scores: list[float],
    releases: list[int],
    groups: list[int] | None = None,
    allowed: list[bool] | None = None,
    least: float = NONE,
) -> list[Group]:
    scored = ranking.by_release(np.array(scores, np.float32), layout(releases, groups), least)
    passing = None if allowed is None else np.array(allowed)
    return ranking.group(scored, ranking.order(scored, passing), passing)


# Scores


def test_a_few_words_weigh_little_and_all_words_decide() -> None:
    cosines, shares = np.array([0.5, 0.5, 0.5]), np.array([0, 0.004, 1])
    assert ranking.score(cosines, shares) == pytest.approx([0.5, 0.51, 3.0])


def test_words_count_far_less_where_they_are_little_of_the_query() -> None:
    bm25, coverage = np.array([0.25, 0.5, 0.5, 1.0]), np.array([0.2, 0.45, 0.8, 1.0])
    assert ranking.shares(bm25, coverage) == pytest.approx([0.25 * 0.0063, 0.5 * 0.1008, 0.5 * 0.638, 1], rel=0.01)


# Releases


def test_a_release_stands_where_its_best_row_does() -> None:
    found = rank([0.75, 0.25, 0.125, 1, 0.5], releases=[0, 0, 1, 2, 2])
    assert found == [Group([3, 4], [1, 0.5], []), Group([0, 1], [0.75, 0.25], []), Group([2], [0.125], [])]


def test_equal_scores_come_in_the_order_of_rows() -> None:
    assert [one.rows for one in rank([0.5, 0.5, 0.5, 0.75], releases=[0, 0, 1, 2])] == [[3], [0, 1], [2]]


def test_releases_are_sorted_as_a_stable_sort_would() -> None:
    chance = np.random.default_rng(0)
    scores = np.round(chance.standard_normal(2_000), 1).astype(np.float32)
    scores[:6] = [0.0, -0.0, 1e-42, -1e-42, 3e38, -3e38]
    scored = ranking.by_release(scores, layout(list(range(len(scores)))), NONE)
    assert ranking.order(scored).tolist() == np.argsort(-scores, kind="stable").tolist()


def test_a_release_shows_three_further_rows_at_most() -> None:
    (found,) = rank([0.1 * number for number in range(9)], releases=[0] * 9)
    assert found.rows == [8, 7, 6, 5]
    assert found.scores == pytest.approx([0.8, 0.7, 0.6, 0.5])


def test_further_rows_are_the_notable_ones() -> None:
    found = rank([0.9, 0.5, 0.4, 0.3, 0.2], releases=[0, 0, 0, 1, 1], least=0.5)
    assert [one.rows for one in found] == [[0, 1], [3]]


def test_what_may_not_be_found_is_not_found() -> None:
    assert [one.rows for one in rank([NONE, 0.25, NONE, NONE], releases=[0, 0, 1, 1])] == [[1]]
    assert rank([NONE, NONE], releases=[0, 1]) == []


def test_releases_that_are_not_allowed_are_left_out() -> None:
    found = rank([0.3, 0.2, 0.1], releases=[0, 1, 2], groups=[7, 7, 7], allowed=[False, True, True])
    assert found == [Group([1], [pytest.approx(0.2)], [2])]


def test_near_identical_releases_are_folded_into_the_best_best_first() -> None:
    found = rank([0.7, 0.6, 1, 0.5, 0.8], releases=[0, 1, 2, 3, 4], groups=[0, 1, 0, 0, 0])
    assert [(one.rows, one.identical) for one in found] == [([2], [4, 0, 3]), ([1], [])]


def test_only_best_passages_are_compared() -> None:
    """Row 3 repeats row 0 but is not what its release answers with; row 1 repeats row 0 within one release."""
    found = rank([1, 0.9, 0.8, 0.7], releases=[0, 0, 1, 1], groups=[0, 0, 2, 0])
    assert [(one.rows, one.identical) for one in found] == [([0, 1], []), ([2, 3], [])]


@pytest.mark.parametrize("seed", range(20))
def test_filters_never_change_the_order_of_what_remains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    releases = np.sort(rng.integers(0, 30, 90))
    _, releases = np.unique(releases, return_inverse=True)
    scored = ranking.by_release(rng.uniform(-1, 1, 90).astype(np.float32), layout(releases.tolist()), least=0)
    whole = ranking.order(scored)
    allowed = rng.uniform(size=len(scored.best)) < 0.5
    assert ranking.order(scored, allowed).tolist() == [one for one in whole.tolist() if allowed[one]]
    assert (np.diff(scored.best[whole]) <= 0).all()
