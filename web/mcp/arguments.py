"""What the tools take, and what is wrong with what they were given."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index import Filters, Mode, Query, Sort
from index.answer import MAX_K, MAX_OFFSET, MAX_QUERY_CHARS
from web.parameters import DEFAULT_K, MAX_PARAGRAPH, MAX_VALUES, MAX_VERSION

_SHOWN_CHARS = 80

Id = Annotated[str, Field(min_length=1, max_length=100, description="Id of a release, as a search gives it.")]
Position = Annotated[int, Field(ge=0, le=MAX_PARAGRAPH)]
Values = Annotated[list[str], Field(max_length=MAX_VALUES)]
Version = Annotated[
    int | None, Field(ge=1, le=MAX_VERSION, description="Which version of the text; the current one if left out.")
]


class Style(Enum):
    """How to cite."""

    APA = "apa"
    CHICAGO = "chicago"
    NEWSROOM = "newsroom"
    BIBTEX = "bibtex"


class Language(Enum):
    """In which language to cite."""

    INDONESIAN = "id"
    ENGLISH = "en"


class Arguments(BaseModel):
    """What one tool takes."""

    model_config = ConfigDict(extra="forbid")


class SearchArguments(Arguments):
    """What `search` takes."""

    query: str = Field(
        max_length=MAX_QUERY_CHARS,
        description='A question or a statement, best in the language of the releases. Words in "quotation marks" must occur; '
        "a word with a minus before it must not.",
    )
    k: int = Field(DEFAULT_K, ge=1, le=MAX_K, description="Releases wanted.")
    offset: int = Field(0, ge=0, le=MAX_OFFSET, description="Releases to leave out at the top, for later pages.")
    mode: Mode = Field(
        Mode.BOTH, description="What is compared: makna (meaning), kata (words), or gabungan (both, the best for most)."
    )
    since: date | None = Field(None, description="Published on this day or later.")
    until: date | None = Field(None, description="Published on this day or earlier.")
    topics: Values = Field([], description="Any of these topics.")
    agencies: Values = Field([], description="Published by any of these agencies.")
    sources: Values = Field([], description="From any of these sites, by host without www.")
    languages: Values = Field([], description="In any of these languages, by ISO 639-1 code.")
    sort: Sort = Field(Sort.RELEVANCE, description="Order of the passages that answer.")

    def to_query(self) -> Query:
        """The same as the index takes it.

        Raises:
            ValueError: It is nothing that can be searched for.
        """
        filters = Filters(
            self.since, self.until, tuple(self.topics), tuple(self.agencies), tuple(self.sources), tuple(self.languages)
        )
        return Query(self.query, self.k, self.offset, filters, self.mode, self.sort)


class ReadArguments(Arguments):
    """What `read_release` takes."""

    id: Id
    version: Version = None
    from_paragraph: Position = Field(0, description="First paragraph wanted; they count from 0.")
    to_paragraph: Position | None = Field(None, description="Last paragraph wanted; all that follow if left out.")


class SimilarArguments(Arguments):
    """What `similar_passages` takes."""

    id: Id
    paragraph: Position = Field(description="Position of the paragraph in the current version, from 0.")
    k: int = Field(DEFAULT_K, ge=1, le=MAX_K, description="Passages wanted, one a release.")


class CiteArguments(Arguments):
    """What `cite` takes."""

    id: Id
    paragraph: Position | None = Field(None, description="Position of the paragraph, from 0; the whole release if left out.")
    version: Version = None
    style: Style = Field(Style.APA, description="apa (7th edition), chicago (17th, notes), newsroom (one line) or bibtex.")
    language: Language = Field(Language.INDONESIAN, description="Language of the citation's own words.")


def describe(error: ValidationError) -> str:
    """Say on one line what is wrong with arguments: which, what it held, and what it should."""
    return "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {_what(one['type'], one['msg'])}{_held(one['type'], one['input'])}"
        for one in error.errors(include_url=False)
    )


def _what(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such argument"
    if kind == "missing":
        return "is missing"
    return message[:1].lower() + message[1:]


def _held(kind: str, given: object) -> str:
    if kind in {"extra_forbidden", "missing"}:
        return ""
    shown = repr(given)
    return f", not {shown if len(shown) <= _SHOWN_CHARS else shown[:_SHOWN_CHARS] + '…'}"
