"""How a day is written: in numbers, with a month's name, as sites print it beside a headline. Pure.

Day and month are never guessed between: 03/04/2023 is the third of April, as all of Indonesia writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

_MONTH_NAMES = (
    "januari january jan",
    "februari february pebruari feb peb",
    "maret march mar mrt",
    "april apr",
    "mei may",
    "juni june jun",
    "juli july jul",
    "agustus august agust agt agu ags aug",
    "september sept sep",
    "oktober october okt oct",
    "november nopember nov nop",
    "desember december des dec",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_ZONES = {"wib": "+07:00", "wita": "+08:00", "wit": "+09:00", "utc": "+00:00", "gmt": "+00:00", "z": "+00:00"}


def any_of(words: Iterable[str]) -> str:
    """A regular expression for any of some words, the longest first; an apostrophe may be of any kind."""
    return "|".join(sorted((word.replace("'", "['’‘`]") for word in words), key=len, reverse=True))


_MONTH = rf"(?P<word>{any_of(_MONTHS)})\b\.?"
# The first day of "20-21/3" and "20 s.d. 21 Maret" is the one that counts.
_TO = r"(?:\s?(?:-|–|—|&|s/d|s\.d\.?|dan|hingga|sampai)\s?[0-9]{1,2})?"
# Matched where a number starts, so that the text is searched once, and quickly.
_NUMBER = re.compile(r"[0-9]{1,2}")
_NUMERIC = re.compile(rf"(?P<day>[0-9]{{1,2}}){_TO}/(?P<month>[0-9]{{1,2}})(?:/(?P<year>[0-9]{{4}}|[0-9]{{2}}))?(?![0-9/])")
_WITH_MARKS = re.compile(
    r"(?P<day>[0-9]{1,2})(?P<mark>[.-])(?P<month>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})(?![0-9/-]|\.[0-9])"
)
_DAY_MONTH = re.compile(
    rf"(?P<day>[0-9]{{1,2}}){_TO}[\s-]{{1,2}}{_MONTH}(?:,?[\s-]{{1,2}}(?P<year>[0-9]{{4}})(?![0-9]))?", re.IGNORECASE
)
_MONTH_DAY = re.compile(
    rf"\b{_MONTH} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:, ?| )(?P<year>[0-9]{{4}})(?![0-9])", re.IGNORECASE
)
_LONGEST_MONTH = max(map(len, _MONTHS))
_YEAR_FIRST = re.compile(
    r"(?<![0-9/.-])(?P<year>[0-9]{4})(?:(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    r"|(?P<month2>[0-9]{2})(?P<day2>[0-9]{2}))(?![0-9])"
)
_TIME = re.compile(
    r"(?<![0-9.:+-])(?P<hour>[0-9]{1,2})(?P<mark>[:.])(?P<minute>[0-9]{2})(?:(?P=mark)(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?(?![0-9])"
    r"\s?(?P<half>[ap]\.?m\b\.?)?\s?\(?(?P<zone>(?:WIB|WITA|WIT|Z|UTC|GMT)\b)?\s?(?P<offset>[+-][0-9]{1,2}(?::?[0-9]{2})?(?![0-9:.]))?",
    re.IGNORECASE,
)
_BEFORE_TIME = re.compile(r"(?:^|[\s|,•·T–-])(?:pukul|pkl\.?|jam|at)?[\s:|,•·T–-]*$", re.IGNORECASE)
_MAY_FOLLOW_A_DAY = frozenset("/.-–—& \t\nsdh")
_LONGEST_WRITTEN = 160


def parse_written(text: str) -> str | None:
    """Read a date as sites print it: "Selasa, 21 Maret 2023 | 10:15 WIB" is "2023-03-21T10:15+07:00".

    Also reads ISO 8601, "21/03/2023", "21-03-2023 10.15", "21 Mar 2023", "March 21, 2023" and RFC 2822, with words around it,
    such as "Diposting oleh admin pada". The first date of a line counts. Day first, always: 03/21/2023 is no date.

    Returns:
        ISO 8601; the time as exact as it was written, its offset where one was. None for what is no date, or more than a line.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST_WRITTEN:
        return None
    found = _first_written(text)
    if found is None:
        return None
    day, start, end = found
    return day.isoformat() + _time_of_day(text[:start], text[end:])


def day_matches(text: str) -> Iterator[re.Match[str]]:
    """Every day that a text names in day-first or English form, in order; whether it exists is not yet asked."""
    for number in _NUMBER.finditer(text):
        start = number.start()
        before = text[start - 1] if start else " "
        if before in "0123456789/.,-":
            continue
        found = _match_month_day(text, start) if before == " " else None
        if found is None and text[number.end() : number.end() + 1] in _MAY_FOLLOW_A_DAY:
            found = _NUMERIC.match(text, start) or _WITH_MARKS.match(text, start) or _DAY_MONTH.match(text, start)
        if found:
            yield found


def _match_month_day(text: str, start: int) -> re.Match[str] | None:
    word = text[max(0, start - 2 - _LONGEST_MONTH) : start - 1].rsplit(None, 1)[-1:]
    if not word or word[0].lower().strip("(.") not in _MONTHS:
        return None
    return _MONTH_DAY.match(text, start - 1 - len(word[0].lstrip("(")))


def month_of(parts: dict[str, str | None]) -> int:
    """The month of a match of `day_matches`, 0 to 99: whether there is such a month is not asked."""
    word = parts.get("word")
    return _MONTHS[word.lower()] if word else int(parts.get("month") or 0)


def full_year(year: str) -> int:
    """A year of four digits, or of two: 70 to 99 are of the last century."""
    return int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= 70 else 2000)


def make_date(year: int, month: int, day: int) -> date | None:
    """A day, or None where there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _first_written(text: str) -> tuple[date, int, int] | None:
    """The first whole date of a line, and where it starts and ends."""
    found: list[tuple[int, int, date]] = []
    for match in _YEAR_FIRST.finditer(text):
        month, day = match["month"] or match["month2"], match["day"] or match["day2"]
        if made := make_date(int(match["year"]), int(month), int(day)):
            found.append((match.start(), match.end(), made))
    for match in day_matches(text):
        parts = match.groupdict()
        if parts["year"] and (made := make_date(full_year(parts["year"]), month_of(parts), int(parts["day"]))):
            found.append((match.start(), match.end(), made))
    if not found:
        return None
    start, end, day_found = min(found)
    return (day_found, start, end) if 1900 <= day_found.year < 2100 else None


def _time_of_day(before: str, after: str) -> str:
    """The time that stands beside a date: "T10:15+07:00", or nothing."""
    for rest, follows in ((after, True), (before, False)):
        for match in _TIME.finditer(rest):
            zone, offset = (match["zone"] or "").lower(), match["offset"]
            # 1.25 may be a count. It is a time with both digits of an hour right beside the date, or with a zone.
            beside = _BEFORE_TIME.search(rest[: match.start()]) if follows else not rest[: match.start()].strip()
            told = bool(zone) or bool(re.search(r"\b(?:pukul|pkl|jam)\b\.?\s*$", rest[: match.start()], re.IGNORECASE))
            if match["mark"] == "." and not told and not (beside and len(match["hour"]) == 2):
                continue
            hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
            if match["half"] and 1 <= hour <= 12:
                hour = hour % 12 + 12 * (match["half"][0] in "pP")
            if hour > 23 or minute > 59 or second > 59:
                continue
            seconds = f":{second:02}" if match["second"] else ""
            # "10:15-12:00" is how long something takes, unless it is written as machines do.
            if offset and offset[0] == "-" and not (zone or seconds or rest[: match.start()].endswith("T")):
                offset = None
            return f"T{hour:02}:{minute:02}{seconds}{_offset(zone, offset)}"
    return ""


def _offset(zone: str, offset: str | None) -> str:
    if offset is None or zone in {"wib", "wita", "wit", "z"}:
        return _ZONES.get(zone, "")
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    return f"{offset[0]}{hours:02}:{minutes:02}" if hours < 15 and minutes < 60 else ""
