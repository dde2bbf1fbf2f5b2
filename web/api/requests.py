"""What may be asked of the endpoint, and how it is read.

The models describe parameters and check the shape of a body. What parameters mean is known to `web.parameters` alone, which
the pages use too: it tells apart what a shape cannot, such as a period that ends before it begins, and names a remedy. So a
query in a body takes the same way as one in an address, once its shape is right.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, NoReturn
from urllib.parse import urlencode

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from index import Mode, Sort
from index.answer import MAX_K, MAX_OFFSET, MAX_QUERY_CHARS
from web.api import cursors
from web.parameters import (
    DEFAULT_K,
    MAX_PARAGRAPH,
    MAX_VALUE_CHARS,
    MAX_VALUES,
    MAX_VERSION,
    SEARCH,
    Fields,
    ParameterError,
    Search,
    Versions,
    parse_search,
    require_text,
)
from web.security import MAX_BODY_BYTES

MAX_QUERIES = 100
MAX_BATCH_HITS = 1_000
"""Hits that the queries of one batch may ask for together."""

_TEXT = "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$"
_ABSENT: Any = None  # a parameter that cannot be null, but may be left out


def _leave_out_null(schema: dict[str, Any]) -> None:
    """A default of null says nothing about a parameter that cannot be null."""
    for declared in schema.get("properties", {}).values():
        if declared.get("default", ...) is None:
            del declared["default"]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_leave_out_null)


Query = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUERY_CHARS,
        description='In plain language. "A phrase in quotation marks" must be contained, a -minus excludes.',
        json_schema_extra={"pattern": _TEXT, "example": "ASN harus melayani"},
    ),
]
Value = Annotated[str, Field(min_length=1, max_length=MAX_VALUE_CHARS, json_schema_extra={"pattern": _TEXT})]
Values = list[Value]
_REPEATED = f"up to {MAX_VALUES} different ones, each in a parameter of its own."
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
K = Annotated[int, Field(ge=1, le=MAX_K, description="Releases wanted.")]
Offset = Annotated[int, Field(ge=0, le=MAX_OFFSET, description="Releases to leave out at the top.")]
CursorText = Annotated[
    str,
    Field(
        description="Where the list goes on, as `cursor` of the page before says. Its pages then come from one generation.",
        json_schema_extra={"pattern": cursors.PATTERN},
    ),
]
ModeName = Annotated[
    str,
    Field(description="What is compared: meaning, words, or both.", json_schema_extra={"enum": [mode.value for mode in Mode]}),
]
VersionsName = Annotated[
    str,
    Field(
        description="Look through what releases say, or through what they said before they changed and say no more.",
        json_schema_extra={"enum": [versions.value for versions in Versions]},
    ),
]


class Filtered(_Asked):
    """What narrows a request. Of several values of a field any will do; all fields must hold."""

    since: Day = Field(_ABSENT, description="First day of publication.")
    until: Day = Field(_ABSENT, description="Last day of publication.")
    topic: Values = Field([], description=f"The publisher's category: {_REPEATED}")
    agency: Values = Field([], description=f"Who publishes: {_REPEATED}")
    source: Values = Field([], description=f"Site, as its host without www.: {_REPEATED}")
    language: Values = Field([], description=f"ISO 639-1 code: {_REPEATED}")


class Searched(Filtered):
    """A search as one query of a batch states it."""

    q: Query
    k: K = DEFAULT_K
    offset: Offset = 0
    mode: ModeName = Mode.BOTH.value
    sort: Annotated[
        str,
        Field(description="Order of the hits above the line.", json_schema_extra={"enum": [sort.value for sort in Sort]}),
    ] = Sort.RELEVANCE.value
    versions: VersionsName = Versions.CURRENT.value


class SearchParameters(Searched):
    """A search."""

    cursor: CursorText = _ABSENT


class ListParameters(Filtered):
    """A list of releases."""

    k: K = DEFAULT_K
    offset: Offset = 0
    sort: Annotated[
        str, Field(description="Order by date.", json_schema_extra={"enum": [Sort.NEWEST.value, Sort.OLDEST.value]})
    ] = Sort.NEWEST.value
    cursor: CursorText = _ABSENT


class SurveyParameters(Filtered):
    """A search, or without q all releases, to be counted."""

    q: Query = _ABSENT
    mode: ModeName = _ABSENT
    versions: VersionsName = _ABSENT


class Format(Enum):
    """What a list is taken away as."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    BIBTEX = "bib"


class ExportParameters(SurveyParameters):
    """A search, or without q a list of releases, to be taken away as a whole."""

    format: Annotated[
        str, Field(description="What kind of file.", json_schema_extra={"enum": [format.value for format in Format]})
    ] = Format.JSON.value
    sort: Annotated[
        str,
        Field(
            description="Order; without q by date, the newest first.",
            json_schema_extra={"enum": [sort.value for sort in Sort]},
        ),
    ] = _ABSENT


class SimilarParameters(_Asked):
    """What is compared."""

    p: Annotated[int, Field(ge=0, le=MAX_PARAGRAPH, description="Position of a paragraph; without, the release.")] = _ABSENT
    k: K = DEFAULT_K


class VersionParameter(_Asked):
    """Which version."""

    v: Annotated[int, Field(ge=1, le=MAX_VERSION, description="Number of a version; without, the current one.")] = _ABSENT


class NoParameters(_Asked):
    """Nothing."""


class Batch(_Asked):
    """Several searches, to be answered from one generation and with one pass of the model."""

    queries: list[Searched] = Field(
        min_length=1,
        max_length=MAX_QUERIES,
        description=f"Together they may ask for {MAX_BATCH_HITS} hits: the sum of all k.",
    )


def fields(model: type[BaseModel]) -> Fields:
    """The parameters of this request's address.

    Raises:
        ParameterError: One is unknown, not UTF-8, or stands twice.
    """
    return Fields(request.query_string, tuple(model.model_fields), from_form=False)


def read_search() -> tuple[Search, cursors.Cursor | None]:
    """The search of this request's address, and where its cursor says to go on.

    Raises:
        ParameterError: A parameter cannot be used.
    """
    found = fields(SearchParameters)
    search = parse_search(found)
    require_text(search, found.text("q"))
    return search, _cursor(found, search)


def read_list() -> tuple[Search, cursors.Cursor | None]:
    """The list of releases that this request's address asks for; its text is empty and its order a date's.

    Raises:
        ParameterError: A parameter cannot be used.
    """
    found = fields(ListParameters)
    search = parse_search(found)
    if found.text("sort") == Sort.RELEVANCE.value:
        detail = "Without a query nothing is more relevant than anything else."
        raise ParameterError("sort", "relevance", detail, "Write newest or oldest, or use q.")
    search = search.sorted(Sort.OLDEST if search.sort is Sort.OLDEST else Sort.NEWEST).at(search.offset)
    return search, _cursor(found, search)


def read_survey() -> Search:
    """The search, or without q the releases, that this request's address asks to count.

    Raises:
        ParameterError: A parameter cannot be used, or means nothing without q.
    """
    return _search_or_list(fields(SurveyParameters))


def read_export() -> tuple[Search, Format]:
    """The search, or without q the releases, that this request's address asks to take away, and as what.

    Raises:
        ParameterError: A parameter cannot be used, or means nothing without q.
    """
    found = fields(ExportParameters)
    return _search_or_list(found), found.choice("format", Format.JSON)


def _search_or_list(found: Fields) -> Search:
    search = parse_search(found)
    if found.text("q") is not None:
        require_text(search, found.text("q"))
        return search
    for name in ("mode", "versions"):
        if (value := found.text(name)) is not None:
            detail = f"Without a query, {name} means nothing."
            raise ParameterError(name, value, detail, f"Add q, or leave {name} out.")
    return search


def read_batch() -> list[Search]:
    """The searches of this request's body.

    Raises:
        UnsupportedMediaType: The body is not JSON.
        RequestEntityTooLarge: It is longer than `MAX_BODY_BYTES`.
        ParameterError: It is no batch, or one of its queries cannot be answered.
    """
    fields(NoParameters)
    if not request.is_json:
        raise UnsupportedMediaType
    request.max_content_length = MAX_BODY_BYTES
    document = _parse(request.get_data())
    try:
        batch = Batch.model_validate(document)
    except ValidationError as error:
        raise _misshapen(error) from error
    searches = [_read_one(place, searched) for place, searched in enumerate(batch.queries)]
    if (wanted := sum(search.k for search in searches)) > MAX_BATCH_HITS:
        remedy = f"Ask for at most {MAX_BATCH_HITS} hits a batch: a smaller k, or fewer queries."
        detail = f"The queries ask for {wanted} hits together."
        raise ParameterError("queries", str(wanted), detail, remedy)
    return searches


def _cursor(found: Fields, search: Search) -> cursors.Cursor | None:
    text = found.text(cursors.PARAMETER)
    return None if text is None else cursors.read(text, search)


def _read_one(place: int, searched: Searched) -> Search:
    given = searched.model_dump(exclude_unset=True)
    try:
        found = Fields(urlencode(given, doseq=True).encode(), SEARCH, from_form=False)
        search = parse_search(found)
        require_text(search, found.text("q"))
        search.query()
    except ParameterError as error:
        where = f"queries[{place}].{error.parameter}"
        raise ParameterError(where, error.value, error.detail, error.remedy) from error
    return search


def _parse(body: bytes) -> object:
    """Read JSON (RFC 8259), nothing that only Python takes for it, and no name twice in one object."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        detail = "The body is nested too deeply." if isinstance(error, RecursionError) else f"The body is not JSON: {error}."
        remedy = 'Send an object in UTF-8, such as {"queries": [{"q": "ASN harus melayani"}]}.'
        shown = body[:200].decode("utf-8", "replace")
        raise ParameterError("body", shown, detail, remedy) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _misshapen(error: ValidationError) -> ParameterError:
    """The first fault of a body."""
    first = error.errors(include_url=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".") or "body"
    value = first["input"]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if first["type"] == "extra_forbidden":
        known = Searched.model_fields if len(first["loc"]) > 1 else Batch.model_fields
        remedy = f"Leave it out; known here: {', '.join(known)}."
    elif first["type"] == "missing":
        shown, remedy = "", "Add it; /api/docs shows an example."
    else:
        remedy = "Correct it; /api/docs shows an example."
    return ParameterError(where, shown, f"{first['msg']}.", remedy)


def in_path(name: str, text: str, lowest: int, highest: int) -> int:
    """A whole number that stands in a path.

    Raises:
        ParameterError: Something else does, or a number out of bounds.
    """
    if text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and lowest <= int(text) <= highest:
        return int(text)
    detail = f"{name} is not a whole number from {lowest} to {highest}."
    raise ParameterError(name, text, detail, f"Write a whole number from {lowest} to {highest} there.")
