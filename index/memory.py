"""What was worked out lately and may be asked for again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class LookUps:
    """How often a value was looked for, since the start.

    Attributes:
        hits: It was there.
        misses: It had to be worked out.
    """

    hits: int
    misses: int


class Remembered(Generic[Key, Value]):
    """The values used last, as many as fit. Safe to share between threads."""

    def __init__(self, size: Callable[[Value], int], most: int) -> None:
        """Remember nothing yet.

        Args:
            size: How much room a value takes.
            most: Room for all of them.
        """
        self._size = size
        self._most = most
        self._used = 0
        self._hits = self._misses = 0
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value kept under a key, now the one used last; None if none is."""
        with self._lock:
            value = self._look_up(key)
            if value is None:
                self._misses += 1
            else:
                self._hits += 1
            return value

    def get_again(self, key: Key) -> Value | None:
        """As `get`, but this does not count as a look-up: for who will look for the value again."""
        with self._lock:
            return self._look_up(key)

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value, and forget those used longest ago as far as it needs their room."""
        with self._lock:
            self._drop(key)
            self._values[key] = value
            self._used += self._size(value)
            while self._used > self._most and len(self._values) > 1:
                self._drop(next(iter(self._values)))

    def look_ups(self) -> LookUps:
        """How often `get` was asked, and how often in vain."""
        with self._lock:
            return LookUps(self._hits, self._misses)

    def _look_up(self, key: Key) -> Value | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def _drop(self, key: Key) -> None:
        if (value := self._values.pop(key, None)) is not None:
            self._used -= self._size(value)
