"""Work that costs little more for several than for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Does what several threads ask for in one go, as databases commit (DeWitt et al., SIGMOD 1984).

    Nobody waits for others to come: what is asked for while nothing is under way is done at once, by itself. What is asked for
    meanwhile is done together as soon as that is finished. Safe to share between threads.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], most: int, name: str) -> None:
        """Start without work.

        Args:
            work: Takes items, at least one; gives a result for each, in their order.
            most: Items done in one go, at most.
            name: Of the thread that does the work.
        """
        self._work = work
        self._most = most
        self._waiting: SimpleQueue[tuple[Item, Future[Result]]] = SimpleQueue()
        self._worker = ThreadPoolExecutor(1, name)

    def submit(self, item: Item) -> Future[Result]:
        """Ask for the result for one item; what the work raises is raised for all that it was done for."""
        future: Future[Result] = Future()
        self._waiting.put((item, future))
        self._worker.submit(self._do_what_waits)
        return future

    def close(self) -> None:
        """Finish what was asked for; nothing can be asked for any more."""
        self._worker.shutdown()

    def _do_what_waits(self) -> None:
        taken: list[tuple[Item, Future[Result]]] = []
        try:
            while len(taken) < self._most:
                taken.append(self._waiting.get_nowait())
        except Empty:
            pass  # one who came before has been done beside another
        if not taken:
            return
        try:
            results = self._work([item for item, _ in taken])
            for (_, future), result in zip(taken, results, strict=True):
                future.set_result(result)
        except BaseException as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
