"""Which day a release is of: what its publisher says, what its address says, what its text says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta
from urllib.parse import unquote, urlsplit

from archive.written_days import any_of, day_matches, full_year, make_date, month_of, parse_written

__all__ = ["Dated", "Spoken", "choose", "event_date", "parse_written", "permalink_date", "text_dates"]

# Indonesian, English, Javanese and Sundanese.
_WEEKDAY_NAMES = (
    "senin senen senén monday",
    "selasa slasa salasa tuesday",
    "rabu rebo wednesday",
    "kamis kemis thursday",
    "jumat jum'at jumaat jemuwah jemuah jumaah friday",
    "sabtu setu saptu saturday",
    "minggu ahad ngahad akad sunday",
)
_WEEKDAYS = {name: number for number, names in enumerate(_WEEKDAY_NAMES) for name in names.split()}

# "Selasa (", "Selasa malam, ", "Senin-Selasa (", "Selasa Pon, tanggal ": all that may stand between a weekday and its date.
_WEEKDAY_BEFORE = re.compile(
    rf"\b(?P<name>{any_of(_WEEKDAYS)})\b(?:[\s,/(–-]{{1,3}}(?:{any_of(_WEEKDAYS)}|pagi|siang|sore|petang|malam|dini|hari|subuh|kemarin"
    r"|lalu|ini|depan|mendatang|esok|besok|tadi|nanti|sampai|hingga|dan|legi|pahing|paing|pon|wage|kliwon|tanggal|tgl\.?"
    r"|morning|afternoon|evening|night)\b){0,5}[\s,(:]{0,4}$",
    re.IGNORECASE,
)
_TODAY_BEFORE = re.compile(r"\bhari ini[\s,(]{0,3}$", re.IGNORECASE)
_OPENING_BEFORE = re.compile(r"(?:^|\n)[^\n.!?]{0,40},\s?\(?$")
_LOOK_BACK_CHARS = 48
_SEARCHED_CHARS = 20_000

_PERMALINK = re.compile(
    r"/(?P<year>[0-9]{4})(?:/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})(?=[/-]|$)"
    r"|-(?P<month2>[0-9]{2})-(?P<day2>[0-9]{2})(?![0-9])"
    r"|(?P<month3>[0-9]{2})(?P<day3>[0-9]{2})(?:[0-9]{4}|[0-9]{6})?(?![0-9]))"
)

_EARLIEST_YEAR = 1995
_LATEST_DAYS_AHEAD = 2
_YEARS_BACK = 10
# A release may announce a day, but not one of next year.
_ANNOUNCED_DAYS = 92
# Measured on news: a day that seems to lie further back is a weekday or a number mistyped.
_REMEMBERED_DAYS = 731
_NEAR_DAYS = 31
_SLIP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Dated:
    """Which day a release is of, and how that is known.

    Attributes:
        published: ISO 8601, a day or a day and time.
        published_from: "metadata", "permalink" or "text".
        event_date: The day its text speaks of, YYYY-MM-DD.
    """

    published: str | None
    published_from: str | None
    event_date: str | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A day that a text names.

    Attributes:
        start: Where in the text its number stands.
        day: The day meant, a missing year inferred.
        has_weekday: The text names the weekday too, and it fits.
        has_year: The text names the year.
        is_apart: It stands in brackets, after "hari ini", or after the place that opens a paragraph.
    """

    start: int
    day: date
    has_weekday: bool
    has_year: bool
    is_apart: bool


def permalink_date(url: str) -> str | None:
    """Day in the path of an address, YYYY-MM-DD: "/2023/03/21/judul", "/berita/2023-03-21/", "/20230321-judul".

    A month is no day: "/2023/03/judul" has none. Nor are days that do not exist.
    """
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    for found in _PERMALINK.finditer(path):
        month = found["month"] or found["month2"] or found["month3"]
        day = make_date(int(found["year"]), int(month), int(found["day"] or found["day2"] or found["day3"]))
        if day is not None and _EARLIEST_YEAR <= day.year < 2100:
            return day.isoformat()
    return None


def text_dates(text: str, near: date | None, today: date) -> list[Spoken]:
    """Days that a text names, in the order in which they stand there.

    A missing year is inferred. With a weekday it is the one nearest to `near` in which the day falls on it; a day more than
    three months after `near`, or two years before, is not meant. Without `near` it must be the only such year of the ten up to
    `today`. Without a weekday it is the latest day not after `near`, give or take a week. What stays open is left out, as is a
    day that contradicts its weekday.
    """
    return list(_spoken_days(text, near, today))


def event_date(text: str, published: str | None, today: date) -> str | None:
    """The day that a release speaks of, YYYY-MM-DD: "Selasa (21/3)".

    The first day with its weekday; else the first one set apart, "(21/3)"; else, in the first paragraph, one with its year that
    is within a month of `published`. None where the text leaves it open.
    """
    near = _day_of(published)
    spoken: list[Spoken] = []
    for one in _spoken_days(text, near, today):
        if not _is_believable(one.day, today, _ANNOUNCED_DAYS):
            continue
        if one.has_weekday:
            return one.day.isoformat()
        spoken.append(one)
    for one in spoken:
        # "(3/4)" may be a share; as a day it is one close by.
        if one.is_apart and (one.has_year or (near is not None and abs((near - one.day).days) <= _ANNOUNCED_DAYS)):
            return one.day.isoformat()
    opening = len(text) - len(text.lstrip()) + len(_first_paragraph(text))
    for one in spoken:
        if one.has_year and one.start < opening and near is not None and abs((near - one.day).days) <= _NEAR_DAYS:
            return one.day.isoformat()
    return None


def choose(metadata: str | None, url: str | None, text: str, today: date) -> Dated:
    """Decide when a release was published: what its metadata say, else its address, else the opening of its text.

    A day before 1995, or more than two days after `today`, is not believed, whoever says so.

    Args:
        metadata: A date as the publisher gives it, in any form that `parse_written` reads.
        url: Address of the release.
        text: Its body.
        today: The day of reading.
    """
    candidates = (
        ("metadata", parse_written(metadata) if metadata else None),
        ("permalink", permalink_date(url) if url else None),
    )
    for name, published in candidates:
        day = _day_of(published)
        if day is not None and _is_believable(day, today, _LATEST_DAYS_AHEAD):
            return Dated(published, name, event_date(text, published, today))
    event = event_date(text, None, today)
    opening = event_date(_first_paragraph(text), None, today)
    if opening is not None and _is_believable(date.fromisoformat(opening), today, _LATEST_DAYS_AHEAD):
        return Dated(opening, "text", opening)
    return Dated(None, None, event)


def _spoken_days(text: str, near: date | None, today: date) -> Iterator[Spoken]:
    # The calendar ends at the year 9999, which some systems write for "never".
    near = near if near and near.year < MAXYEAR else None
    for match in day_matches(text[:_SEARCHED_CHARS]):
        if spoken := _resolve(match, near, today):
            yield spoken


def _resolve(match: re.Match[str], near: date | None, today: date) -> Spoken | None:
    parts, text, start = match.groupdict(), match.string, match.start()
    before = text[max(0, start - _LOOK_BACK_CHARS) : start]
    named = _WEEKDAY_BEFORE.search(before)
    # "minggu lalu" is last week; "Minggu" is Sunday.
    weekday = _WEEKDAYS[_plain(named["name"])] if named and named["name"][0].isupper() else None
    month, day_number = month_of(parts), int(parts["day"])
    in_brackets = before.rstrip().endswith("(") and ")" in text[match.end() : match.end() + 20]
    apart = in_brackets or bool(_TODAY_BEFORE.search(before)) or bool(start < 200 and _OPENING_BEFORE.search(text[:start]))
    if parts["year"]:
        day = make_date(full_year(parts["year"]), month, day_number)
        if day is not None and weekday is not None and day.weekday() != weekday:
            day = None
    elif weekday is not None:
        day = _year_by_weekday(weekday, month, day_number, near, today)
    else:
        day = _year_before(month, day_number, near) if apart else None
    return Spoken(start, day, weekday is not None, bool(parts["year"]), apart) if day else None


def _year_by_weekday(weekday: int, month: int, day_number: int, near: date | None, today: date) -> date | None:
    latest = near + timedelta(days=_ANNOUNCED_DAYS) if near else today
    days = [
        day for back in range(-1, _YEARS_BACK) if (day := make_date(latest.year - back, month, day_number)) and day <= latest
    ]
    fitting = [day for day in days if day.weekday() == weekday]
    if near is None:
        within = [day for day in fitting if day.year > today.year - _YEARS_BACK]
        return within[0] if len(within) == 1 else None
    # A day of this very week under another weekday is a slip of the pen, and nobody can tell of which one.
    if any(abs((near - day).days) <= _SLIP_DAYS for day in days if day not in fitting):
        return None
    nearest = min(fitting, key=lambda day: abs((near - day).days), default=None)
    return nearest if nearest and (near - nearest).days <= _REMEMBERED_DAYS else None


def _year_before(month: int, day_number: int, near: date | None) -> date | None:
    if near is None:
        return None
    latest = near + timedelta(days=_SLIP_DAYS)
    days = (make_date(latest.year - back, month, day_number) for back in range(_YEARS_BACK))
    return next((day for day in days if day and day <= latest), None)


def _first_paragraph(text: str) -> str:
    return text.strip().split("\n\n", 1)[0]


def _plain(weekday: str) -> str:
    return re.sub("[’‘`]", "'", weekday.lower())


def _day_of(published: str | None) -> date | None:
    if not published:
        return None
    try:
        return datetime.fromisoformat(published).date()
    except ValueError:
        return None


def _is_believable(day: date, today: date, days_ahead: int) -> bool:
    return day.year >= _EARLIEST_YEAR and (day - today).days <= days_ahead
