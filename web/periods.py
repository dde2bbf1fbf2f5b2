"""Stretches of time as a reader says them; pure but for the language of the request."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from flask_babel import format_date

from index import Unit
from index.survey import whole
from web.language import current_language, in_words


def period_name(start: date, end: date) -> str:
    """A stretch of time, as shortly as it can be said: "2023", "Januari–Maret 2023", "28 Maret – 3 April 2023".

    Args:
        start: Its first day.
        end: Its last day.
    """
    return _name(current_language(), start, end)


@lru_cache(4_096)
def _name(_language: str, start: date, end: date) -> str:
    """The same, remembered: a page of results names sixty stretches, mostly those of the page before."""
    if start == whole(Unit.YEAR, start)[0] and end == whole(Unit.YEAR, end)[1]:
        return _between(start, end, "yyyy", "yyyy")
    is_one_year = start.year == end.year
    if start.day == 1 and end == whole(Unit.MONTH, end)[1]:
        return _between(start, end, "MMMM" if is_one_year else "MMMM yyyy", "MMMM yyyy")
    if start == end:
        return in_words(start)
    if is_one_year and start.month == end.month:
        return f"{start.day}–{in_words(end)}"
    return f"{format_date(start, 'd MMMM') if is_one_year else in_words(start)} – {in_words(end)}"


def months_name(first: str, last: str) -> str:
    """The same from one month to another, given as YYYY-MM."""
    return period_name(month_days(first)[0], month_days(last)[1])


def month_days(month: str) -> tuple[date, date]:
    """First and last day of a month given as YYYY-MM."""
    return whole(Unit.MONTH, date(int(month[:4]), int(month[5:7]), 1))


def wider(start: date, end: date) -> list[tuple[date, date]]:
    """The month, year and decade that hold a stretch of time and more than it, the shortest first."""
    found: list[tuple[date, date]] = []
    for unit in (Unit.MONTH, Unit.YEAR, Unit.DECADE):
        first, last = whole(unit, start)
        if end <= last and last - first > end - start:
            found.append((first, last))
    return found


def _between(start: date, end: date, start_form: str, end_form: str) -> str:
    last = str(format_date(end, end_form))
    return last if format_date(start, end_form) == last else f"{format_date(start, start_form)}–{last}"
