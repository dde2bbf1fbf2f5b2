from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from index.together import Together


class Doubling:
    """Work that waits until it may go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.began.set()
        assert self.may_go_on.wait(10)
        return [2 * item for item in items]


def test_one_by_itself_is_done_at_once() -> None:
    work = Doubling()
    work.may_go_on.set()
    together = Together(work, 4, "test")
    assert [together.submit(item).result() for item in (3, 4)] == [6, 8]
    assert work.batches == [[3], [4]]
    together.close()


def test_what_comes_meanwhile_is_done_in_one_go() -> None:
    work = Doubling()
    together = Together(work, 4, "test")
    first = together.submit(1)
    assert work.began.wait(10)
    others = [together.submit(item) for item in range(2, 8)]
    work.may_go_on.set()
    assert [one.result(10) for one in (first, *others)] == [2, 4, 6, 8, 10, 12, 14]
    assert [len(batch) for batch in work.batches] == [1, 4, 2]
    together.close()


def test_an_error_reaches_everyone_it_was_for_and_nobody_else() -> None:
    def work(items: Sequence[int]) -> list[float]:
        return [1 / item for item in items]

    together = Together(work, 4, "test")
    with pytest.raises(ZeroDivisionError):
        together.submit(0).result(10)
    assert together.submit(4).result(10) == 0.25
    together.close()


def test_too_few_results_are_an_error_and_no_wait_without_end() -> None:
    together = Together(lambda _items: [], 4, "test")
    with pytest.raises(ValueError, match="shorter"):
        together.submit(1).result(10)
    together.close()


def test_nothing_can_be_asked_for_once_it_is_closed() -> None:
    together = Together(list, 4, "test")
    together.close()
    with pytest.raises(RuntimeError):
        together.submit(1)
