"""What a reader may ask for in a URL: one parser, shared by the page and the endpoint."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import TypeVar
from urllib.parse import parse_qsl

from flask_babel import LazyString, lazy_gettext

from index import Filters, Mode, Query, Sort, query_syntax
from index.answer import MAX_K, MAX_OFFSET, MAX_QUERY_CHARS
from index.filters import NO_FILTERS, Field

DEFAULT_K = 10
MAX_VALUES = 50
MAX_VALUE_CHARS = 200
MAX_PARAGRAPH = 100_000
MAX_VERSION = 1_000_000

FACETS: dict[str, Field] = {"topic": "topics", "agency": "agencies", "source": "sources", "language": "languages"}
"""Fields of releases by the parameter that names wanted values."""

SEARCH = ("q", "k", "offset", "mode", "sort", "since", "until", *FACETS, "versions")
_REPEATABLE = frozenset(FACETS)
_SHOWN_CHARS = 80

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")

Arguments = dict[str, str | int | list[str]]

Choice = TypeVar("Choice", bound=Enum)


class Versions(Enum):
    """Which text of releases is looked through."""

    CURRENT = "current"
    SUPERSEDED = "superseded"


class ParameterError(ValueError):
    """A parameter in the URL cannot be used.

    Attributes:
        parameter: Its name, as the caller wrote it.
        value: What it held, shortened.
        detail: What is wrong, in the reader's language.
        remedy: What to write instead, in the reader's language.
    """

    def __init__(self, parameter: str, value: str, detail: str | LazyString, remedy: str | LazyString) -> None:
        """Keep the parts; the message is the detail."""
        super().__init__(detail)
        self.parameter = _shorten(parameter)
        self.value = _shorten(value)
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Search:
    """A search as its URL states it; `text` is empty on a page where nothing has been asked yet.

    Attributes:
        superseded: It looks through what releases said before they changed.
    """

    text: str = ""
    k: int = DEFAULT_K
    offset: int = 0
    filters: Filters = NO_FILTERS
    mode: Mode = Mode.BOTH
    sort: Sort = Sort.RELEVANCE
    superseded: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether the search looks through less than, or other than, all that is current."""
        return bool(self.filters) or self.superseded

    @property
    def is_exact(self) -> bool:
        """Whether it says what must, or must not, be contained."""
        wanted = query_syntax.parse(self.text)
        return bool(wanted.required or wanted.excluded)

    def query(self, surveyed: bool = False) -> Query:
        """The same as the index takes it.

        Args:
            surveyed: Whether to count how the hits spread.

        Raises:
            ParameterError: It only says what to leave out.
        """
        try:
            query_syntax.parse(self.text)
        except ValueError as error:
            raise ParameterError(
                "q",
                self.text,
                lazy_gettext("Pertanyaan ini hanya berisi apa yang tidak boleh muncul."),
                lazy_gettext("Tambahkan apa yang dicari, misalnya banjir -Jakarta, atau hapus tanda minusnya."),
            ) from error
        return Query(self.text, self.k, self.offset, self.filters, self.mode, self.sort, self.superseded, surveyed)

    def arguments(self) -> Arguments:
        """The same as arguments of a URL, leaving out what is at its default, so that one search has one URL."""
        arguments: Arguments = {}
        if self.text:
            arguments["q"] = self.text
        if self.mode is not Mode.BOTH:
            arguments["mode"] = self.mode.value
        if self.filters.since:
            arguments["since"] = self.filters.since.isoformat()
        if self.filters.until:
            arguments["until"] = self.filters.until.isoformat()
        for parameter, field in FACETS.items():
            if values := self.filters.values(field):
                arguments[parameter] = list(values)
        if self.superseded:
            arguments["versions"] = Versions.SUPERSEDED.value
        if self.sort is not Sort.RELEVANCE:
            arguments["sort"] = self.sort.value
        if self.k != DEFAULT_K:
            arguments["k"] = self.k
        if self.offset:
            arguments["offset"] = self.offset
        return arguments

    def at(self, offset: int) -> Search:
        """The same search, its hits from `offset` on."""
        return replace(self, offset=max(offset, 0))

    def unfiltered(self) -> Search:
        """The same words, mode and order without any filter, from the first hit on."""
        return replace(self, filters=NO_FILTERS, superseded=False, offset=0)

    def during(self, since: date | None, until: date | None) -> Search:
        """The same search over another period, or all time, from the first hit on."""
        return replace(self, filters=replace(self.filters, since=since, until=until), offset=0)

    def toggled(self, field: Field, value: str) -> Search:
        """The same search with one more value of a field or, where it has it, without it; from the first hit on."""
        values = self.filters.values(field)
        changed = tuple(one for one in values if one != value) if value in values else (*values, value)
        return replace(self, filters=self.filters.having(field, changed), offset=0)

    def of_current(self) -> Search:
        """The same search through what releases say now, from the first hit on."""
        return replace(self, superseded=False, offset=0)

    def sorted(self, sort: Sort) -> Search:
        """The same search in another order, from the first hit on."""
        return replace(self, sort=sort, offset=0)

    def comparing(self, mode: Mode) -> Search:
        """The same search in another mode, from the first hit on."""
        return replace(self, mode=mode, offset=0)


class Fields:
    """The parameters of one query string, by name."""

    def __init__(self, query_string: bytes, known: Collection[str], *, from_form: bool) -> None:
        """Read a query string.

        Args:
            query_string: As it arrived, percent-encoded.
            known: Names that mean something here.
            from_form: The reader came by a form or a shared link. An empty field then counts as absent, because a form sends
                each of its fields, and an unknown name is passed over, because mail and chat programs add their own to links.

        Raises:
            ParameterError: A value is not UTF-8, a name is unknown, or one that may stand once stands twice.
        """
        self._values: dict[str, list[str]] = {}
        # Bytes that are not UTF-8 become lone surrogates here, so that the parameter that holds them can be named.
        pairs = parse_qsl(query_string.decode("ascii", "replace"), keep_blank_values=True, errors="surrogateescape")
        for name, value in pairs:
            if name not in known:
                if from_form:
                    continue
                raise ParameterError(
                    name,
                    value,
                    lazy_gettext("Parameter %(name)s tidak dikenal.", name=repr(_shorten(name))),
                    lazy_gettext("Parameter yang dikenal di sini: %(names)s.", names=", ".join(known)),
                )
            if _NOT_UTF_8.search(value):
                raise ParameterError(
                    name,
                    value,
                    lazy_gettext("Isi parameter %(name)s bukan UTF-8.", name=name),
                    lazy_gettext("Kodekan teksnya sebagai UTF-8 sebelum menjadi bagian dari URL."),
                )
            if from_form and not value.strip():
                continue
            self._values.setdefault(name, []).append(value)
        for name, values in self._values.items():
            if len(values) > 1 and name not in _REPEATABLE:
                raise ParameterError(
                    name,
                    values[1],
                    lazy_gettext("Parameter %(name)s muncul lebih dari sekali.", name=name),
                    lazy_gettext("Tulis %(name)s satu kali saja.", name=name),
                )

    def text(self, name: str) -> str | None:
        """The value of a parameter that may stand once."""
        values = self._values.get(name)
        return values[0] if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a parameter that may stand several times."""
        return tuple(self._values.get(name, ()))

    def integer(self, name: str, lowest: int, highest: int) -> int | None:
        """The value of a parameter that holds a whole number.

        Raises:
            ParameterError: It holds something else, or a number out of bounds.
        """
        value = self.text(name)
        if value is None:
            return None
        if _INTEGER.fullmatch(value) and lowest <= int(value) <= highest:
            return int(value)
        raise ParameterError(
            name,
            value,
            lazy_gettext(
                "Isi parameter %(name)s, %(value)s, bukan bilangan bulat %(lowest)s sampai %(highest)s.",
                name=name,
                value=repr(_shorten(value)),
                lowest=lowest,
                highest=highest,
            ),
            lazy_gettext(
                "Tulis bilangan bulat %(lowest)s sampai %(highest)s, atau hilangkan %(name)s.",
                name=name,
                lowest=lowest,
                highest=highest,
            ),
        )

    def choice(self, name: str, default: Choice) -> Choice:
        """The value of a parameter that holds one of a few words; its default where it is absent.

        Raises:
            ParameterError: It holds another word.
        """
        value = self.text(name)
        if value is None:
            return default
        words = [one.value for one in type(default)]
        if value in words:
            return type(default)(value)
        raise ParameterError(
            name,
            value,
            lazy_gettext("Isi parameter %(name)s, %(value)s, tidak dikenal.", name=name, value=repr(_shorten(value))),
            lazy_gettext("Tulis salah satu dari: %(values)s.", values=", ".join(words)),
        )

    def day(self, name: str) -> date | None:
        """The value of a parameter that holds a date.

        Raises:
            ParameterError: It holds something else.
        """
        value = self.text(name)
        if value is None:
            return None
        try:
            if _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise ParameterError(
            name,
            value,
            lazy_gettext("Isi parameter %(name)s, %(value)s, bukan tanggal.", name=name, value=repr(_shorten(value))),
            lazy_gettext("Tulis tanggal sebagai tahun-bulan-hari, misalnya 2023-03-21."),
        )


def parse_search(fields: Fields) -> Search:
    """Read a search; `text` is empty where q is absent.

    Raises:
        ParameterError: A parameter cannot be used.
    """
    since, until = fields.day("since"), fields.day("until")
    if since and until and since > until:
        raise ParameterError(
            "since",
            since.isoformat(),
            lazy_gettext("Awal periode (since, %(since)s) sesudah akhirnya (until, %(until)s).", since=since, until=until),
            lazy_gettext("Tukar kedua tanggal itu."),
        )
    k = fields.integer("k", 1, MAX_K)
    return Search(
        text=_query_text(fields.text("q")),
        k=DEFAULT_K if k is None else k,
        offset=fields.integer("offset", 0, MAX_OFFSET) or 0,
        filters=Filters(since, until, **{field: _values(name, fields.texts(name)) for name, field in FACETS.items()}),
        mode=fields.choice("mode", Mode.BOTH),
        sort=fields.choice("sort", Sort.RELEVANCE),
        superseded=fields.choice("versions", Versions.CURRENT) is Versions.SUPERSEDED,
    )


def require_text(search: Search, value: str | None) -> None:
    """Refuse a search without words.

    Raises:
        ParameterError: There are none.
    """
    if not search.text:
        raise ParameterError(
            "q",
            value or "",
            lazy_gettext("Parameter q kosong atau tidak ada."),
            lazy_gettext("Tulis pertanyaan atau pernyataan yang dicari, misalnya q=ASN+harus+melayani."),
        )


def _query_text(value: str | None) -> str:
    if value is None:
        return ""
    _refuse_controls("q", value)
    text = value.strip()
    if len(text) > MAX_QUERY_CHARS:
        raise ParameterError(
            "q",
            text,
            lazy_gettext("Pertanyaan terlalu panjang: %(chars)s karakter.", chars=len(text)),
            lazy_gettext("Pakai paling banyak %(limit)s karakter; satu atau dua kalimat sudah cukup.", limit=MAX_QUERY_CHARS),
        )
    return text


def _values(name: str, given: tuple[str, ...]) -> tuple[str, ...]:
    for value in given:
        _refuse_controls(name, value)  # before some of them would be stripped as if they were blanks
    values = tuple(dict.fromkeys(value.strip() for value in given))
    for value in values:
        if not value or len(value) > MAX_VALUE_CHARS:
            raise ParameterError(
                name,
                value,
                lazy_gettext(
                    "Isi parameter %(name)s kosong atau terlalu panjang: %(value)s.", name=name, value=repr(_shorten(value))
                ),
                lazy_gettext(
                    "Tulis paling banyak %(limit)s karakter, atau hilangkan %(name)s.", limit=MAX_VALUE_CHARS, name=name
                ),
            )
    if len(values) > MAX_VALUES:
        raise ParameterError(
            name,
            values[MAX_VALUES],
            lazy_gettext("Terlalu banyak nilai untuk parameter %(name)s: %(count)s.", name=name, count=len(values)),
            lazy_gettext("Pilih paling banyak %(limit)s.", limit=MAX_VALUES),
        )
    return values


def _refuse_controls(name: str, value: str) -> None:
    if found := _CONTROL.search(value):
        raise ParameterError(
            name,
            value,
            lazy_gettext("Isi parameter %(name)s memuat karakter kendali U+%(code)s.", name=name, code=f"{ord(found[0]):04X}"),
            lazy_gettext("Hapus karakter itu."),
        )


def _shorten(text: str) -> str:
    readable = _NOT_UTF_8.sub("\ufffd", text)
    return readable if len(readable) <= _SHOWN_CHARS else readable[:_SHOWN_CHARS] + "…"
