"""What a reader may ask for in a URL: one parser, shared by the page and the endpoint."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import parse_qsl

from flask_babel import LazyString, lazy_gettext

from index import Query, query_syntax
from index.answer import MAX_K, MAX_OFFSET, MAX_QUERY_CHARS

DEFAULT_K = 10
MAX_TOPICS = 50
MAX_TOPIC_CHARS = 200
MAX_PARAGRAPH = 100_000
MAX_VERSION = 1_000_000

SEARCH = ("q", "k", "offset", "since", "until", "topic", "versions")
CURRENT, SUPERSEDED = VERSIONS = ("current", "superseded")
_REPEATABLE = frozenset({"topic"})
_SHOWN_CHARS = 80

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")

Arguments = dict[str, str | int | list[str]]


class ParameterError(ValueError):
    """A parameter in the URL cannot be used.

    Attributes:
        parameter: Its name, as the caller wrote it.
        value: What it held, shortened.
        detail: What is wrong, in the reader's language.
        remedy: What to write instead, in the reader's language.
    """

    def __init__(self, parameter: str, value: str, detail: LazyString, remedy: LazyString) -> None:
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
    since: date | None = None
    until: date | None = None
    topics: tuple[str, ...] = ()
    superseded: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether the search looks through less than, or other than, all that is current."""
        return bool(self.since or self.until or self.topics or self.superseded)

    @property
    def is_exact(self) -> bool:
        """Whether it says what must, or must not, be contained."""
        wanted = query_syntax.parse(self.text)
        return bool(wanted.required or wanted.excluded)

    def query(self) -> Query:
        """The same as the index takes it.

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
        return Query(self.text, self.k, self.offset, self.since, self.until, self.topics, self.superseded)

    def arguments(self) -> Arguments:
        """The same as arguments of a URL, leaving out what is at its default, so that one search has one URL."""
        arguments: Arguments = {}
        if self.text:
            arguments["q"] = self.text
        if self.since:
            arguments["since"] = self.since.isoformat()
        if self.until:
            arguments["until"] = self.until.isoformat()
        if self.topics:
            arguments["topic"] = list(self.topics)
        if self.superseded:
            arguments["versions"] = SUPERSEDED
        if self.k != DEFAULT_K:
            arguments["k"] = self.k
        if self.offset:
            arguments["offset"] = self.offset
        return arguments

    def at(self, offset: int) -> Search:
        """The same search, its hits from `offset` on."""
        return replace(self, offset=max(offset, 0))

    def unfiltered(self) -> Search:
        """The same words without any filter, from the first hit on."""
        return Search(self.text, k=self.k)

    def without_period(self) -> Search:
        """The same search over all time, from the first hit on."""
        return replace(self, since=None, until=None, offset=0)

    def without_topic(self, topic: str) -> Search:
        """The same search without one of its topics, from the first hit on."""
        return replace(self, topics=tuple(one for one in self.topics if one != topic), offset=0)

    def of_current(self) -> Search:
        """The same search through what releases say now, from the first hit on."""
        return replace(self, superseded=False, offset=0)


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
        since=since,
        until=until,
        topics=_topics(fields.texts("topic")),
        superseded=_superseded(fields.text("versions")),
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


def _topics(values: tuple[str, ...]) -> tuple[str, ...]:
    topics = tuple(dict.fromkeys(value.strip() for value in values))
    for topic in topics:
        _refuse_controls("topic", topic)
        if not topic or len(topic) > MAX_TOPIC_CHARS:
            raise ParameterError(
                "topic",
                topic,
                lazy_gettext("Topik kosong atau terlalu panjang: %(value)s.", value=repr(_shorten(topic))),
                lazy_gettext("Tulis nama topik, paling banyak %(limit)s karakter.", limit=MAX_TOPIC_CHARS),
            )
    if len(topics) > MAX_TOPICS:
        raise ParameterError(
            "topic",
            topics[MAX_TOPICS],
            lazy_gettext("Terlalu banyak topik: %(count)s.", count=len(topics)),
            lazy_gettext("Pilih paling banyak %(limit)s topik.", limit=MAX_TOPICS),
        )
    return topics


def _superseded(value: str | None) -> bool:
    if value is None or value in VERSIONS:
        return value == SUPERSEDED
    raise ParameterError(
        "versions",
        value,
        lazy_gettext("Isi parameter versions, %(value)s, tidak dikenal.", value=repr(_shorten(value))),
        lazy_gettext("Tulis salah satu dari: %(values)s.", values=", ".join(VERSIONS)),
    )


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
