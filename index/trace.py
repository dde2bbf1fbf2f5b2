"""Where the time of one request goes: stages noted down along the way, for whoever asked to know.

A trace belongs to the thread that began it, so nothing has to be handed through; where none was begun, a stage costs a look at
one variable.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Trace:
    """What was noted of one request.

    Attributes:
        stages_ms: How long each stage took in all, in milliseconds, in the order in which they first ended.
        generation: Number of the generation that answered last; None where none did.
    """

    stages_ms: dict[str, float] = field(default_factory=dict)
    generation: int | None = None


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin() -> Trace:
    """Note down from now on what happens in this thread, until the next trace begins."""
    trace = Trace()
    _current.set(trace)
    return trace


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add the time spent inside to a stage."""
    trace = _current.get()
    if trace is None:
        yield
        return
    started = time.perf_counter()
    try:
        yield
    finally:
        add(name, (time.perf_counter() - started) * 1000)


def add(name: str, ms: float) -> None:
    """Add time to a stage that was spent on it elsewhere, in milliseconds."""
    if trace := _current.get():
        trace.stages_ms[name] = trace.stages_ms.get(name, 0.0) + ms


def note_generation(number: int) -> None:
    """Say which generation answers."""
    if trace := _current.get():
        trace.generation = number
