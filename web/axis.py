"""The time axis under a picture: which periods are named, so that no name touches the next on the narrowest screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import format_date

from index import Period, Unit

_NARROWEST_PX = 300
_CHAR_PX = 7.5
_APART_PX = 8
_WHOLE = 100.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A name on the axis.

    Attributes:
        x: Where it stands, in percent of the width.
        text: The name.
        is_centred: It stands in the middle of its period, as every period has one; else it begins at x, under a small line.
    """

    x: float
    text: str
    is_centred: bool


@dataclass(frozen=True, slots=True)
class _Scheme:
    """A way to name periods.

    Attributes:
        form: Of a name, as Babel takes it.
        number: Counts the years, months or days that are named; the periods in which another one begins can be named.
        steps: Which numbers get a name: the multiples of the first of these with which all names fit.
    """

    form: str
    number: Callable[[date], int]
    steps: tuple[int, ...]


_DAYS = _Scheme("d MMM", lambda day: day.toordinal() - 1, (1, 2, 7, 14, 28))  # multiples of seven are Mondays
_MONTHS = _Scheme("MMM yyyy", lambda day: day.year * 12 + day.month - 1, (1, 2, 3, 6))
_YEARS = _Scheme("yyyy", lambda day: day.year, (1, 2, 5, 10, 20, 50, 100))

_SCHEMES = {
    Unit.DAY: (_DAYS,),
    Unit.WEEK: (_MONTHS, _YEARS),
    Unit.MONTH: (_MONTHS, _YEARS),
    Unit.QUARTER: (_YEARS,),
    Unit.YEAR: (_YEARS,),
    Unit.DECADE: (_YEARS,),
}


def ticks(unit: Unit, periods: Sequence[Period]) -> tuple[Tick, ...]:
    """Names for the axis under periods of equal width, in order; none where none fits."""
    starts = [period.start for period in periods]
    for scheme in _SCHEMES[unit]:
        numbers = [scheme.number(start) for start in starts]
        changes = [place for place, number in enumerate(numbers) if not place or number != numbers[place - 1]]
        for step in scheme.steps:
            places = [place for place in changes if numbers[place] % step == 0]
            is_centred = len(places) == len(periods)
            named = [_tick(place, len(periods), str(format_date(starts[place], scheme.form)), is_centred) for place in places]
            # A period at the right edge may have no room for its name.
            found = [tick for tick in named if is_centred or tick.x + _width(tick) <= _WHOLE]
            if found and _fit(found):
                return tuple(found)
    return ()


def _tick(place: int, count: int, text: str, is_centred: bool) -> Tick:
    return Tick(round(_WHOLE * (place + is_centred / 2) / count, 2), text, is_centred)


def _width(tick: Tick) -> float:
    """Of a name, in percent of the narrowest width."""
    return _WHOLE * len(tick.text) * _CHAR_PX / _NARROWEST_PX


def _fit(found: list[Tick]) -> bool:
    """Whether no name touches the next, or is cut at an edge."""
    free_from = 0.0
    for tick in found:
        left = tick.x - (_width(tick) / 2 if tick.is_centred else 0)
        right = left + _width(tick)
        if left < free_from or right > _WHOLE:
            return False
        free_from = right + _WHOLE * _APART_PX / _NARROWEST_PX
    return True
