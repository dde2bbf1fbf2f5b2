from __future__ import annotations

import numpy as np
import pytest

from index.fusion import reciprocal_rank

EMPTY = np.empty(0, np.int64)


def rows(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_what_both_rankings_name_comes_before_what_one_names() -> None:
    found, scores = reciprocal_rank([rows(7, 3, 9), rows(4, 3)])
    assert found[0] == 3
    assert sorted(found.tolist()) == [3, 4, 7, 9]
    assert (np.diff(scores) <= 0).all()
    assert (found.dtype, scores.dtype) == (np.int64, np.float32)


def test_rankings_that_agree_stand() -> None:
    found, _ = reciprocal_rank([rows(5, 2, 8), rows(5, 2, 8)])
    assert found.tolist() == [5, 2, 8]


@pytest.mark.parametrize("rankings", [[rows(5, 2, 8), EMPTY], [EMPTY, rows(5, 2, 8)]])
def test_an_empty_ranking_changes_nothing(rankings: list[np.ndarray]) -> None:
    found, scores = reciprocal_rank(rankings)
    assert found.tolist() == [5, 2, 8]
    assert scores[0] > scores[1] > scores[2] > 0


def test_nothing_found_gives_nothing() -> None:
    found, scores = reciprocal_rank([EMPTY, EMPTY])
    assert (found.shape, scores.shape) == ((0,), (0,))


def test_equal_scores_come_in_the_order_of_rows() -> None:
    found, scores = reciprocal_rank([rows(9, 1), rows(1, 9)])
    assert found.tolist() == [1, 9]
    assert scores[0] == scores[1]
