"""What is asked of an index and what it answers: the records that pages, endpoint and command line share."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from archive import Passage
from index.filters import NO_FILTERS, Filters
from index.relevance import Band
from index.scan import Mode
from index.sentences import Span
from index.survey import Survey

MAX_QUERY_CHARS = 2_000
MAX_K = 100
MAX_OFFSET = 10_000

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")  # what a terminal's broken bytes become


class Sort(Enum):
    """In which order hits come."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Query:
    """What a reader asks.

    Attributes:
        text: In plain language, up to `MAX_QUERY_CHARS`; `query_syntax` says what quotation marks and a minus do.
        k: Releases wanted, 1 to `MAX_K`.
        offset: Releases to leave out at the top, for later pages, up to `MAX_OFFSET`.
        filters: Which releases are looked through. They move no line: what answers does so whatever stands beside it.
        mode: What is compared: meaning, words or both.
        sort: Order of the hits above the line, those without a date last; below it the most relevant come first.
        superseded: Look through what releases said before they changed and say no more, instead of what they say now.
        surveyed: Count, too, how the hits spread over fields and time.
        generation: Number of the generation that answers, so that pages fit each other; None for the live one.

    Raises:
        ValueError: A field is outside its range; the message names it.
    """

    text: str
    k: int = 10
    offset: int = 0
    filters: Filters = NO_FILTERS
    mode: Mode = Mode.BOTH
    sort: Sort = Sort.RELEVANCE
    superseded: bool = False
    surveyed: bool = False
    generation: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no search can answer."""
        if not self.text.strip():
            raise ValueError("the query is empty: type a question or a statement")
        if len(self.text) > MAX_QUERY_CHARS:
            raise ValueError(f"the query has {len(self.text)} characters: shorten it to {MAX_QUERY_CHARS}")
        if _HALF_A_PAIR.search(self.text):
            raise ValueError("the query contains half a surrogate pair: send it as UTF-8")
        check_page(self.k, self.offset)


def check_page(k: int, offset: int) -> None:
    """Refuse a page that no ranking has.

    Raises:
        ValueError: k or offset is outside its range.
    """
    if not 1 <= k <= MAX_K:
        raise ValueError(f"k must be 1 to {MAX_K}: {k}")
    if not 0 <= offset <= MAX_OFFSET:
        raise ValueError(f"offset must be 0 to {MAX_OFFSET}: {offset}")


@dataclass(frozen=True, slots=True)
class Marks:
    """Why a passage matched, as character offsets in its text.

    Attributes:
        sentence: The sentence that is most similar to the query; None where the passage is but one.
        words: Words that match the query's exactly, stems and spellings aside; in order, apart.
    """

    sentence: Span | None = None
    words: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found.

    Attributes:
        rank: Counts from 1 over all releases; for a passage under `more`, from 2 over the passages of its release.
        score: Similarity plus matched words, or in a search by words alone how much of the query is held; it never rises down
            a list in order of relevance.
        band: How well the passage answers; it never rises down such a list either.
        passage: The paragraph and its release.
        marks: Why it matched.
        more: The release's further passages, best first.
        identical: Passages of other releases that say the same but for small edits; they have no rank of their own.
    """

    rank: int
    score: float
    band: Band
    passage: Passage
    marks: Marks = Marks()
    more: tuple[Hit, ...] = ()
    identical: tuple[Passage, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The hit as command line and endpoint print it."""
        document: dict[str, Any] = {
            "rank": self.rank,
            "score": round(self.score, 6),
            "band": self.band.value,
            "passage": self.passage.text,
            "paragraph": self.passage.position,
            "marks": asdict(self.marks),
            "release": asdict(self.passage.release),
        }
        if self.more:
            document["more"] = [hit.to_dict() for hit in self.more]
        if self.identical:
            document["near_identical"] = [
                {"paragraph": passage.position, "release": asdict(passage.release)} for passage in self.identical
            ]
        return document


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found.

    Attributes:
        query: What was asked.
        band: How well the archive as a whole answers; WEAK means that nothing here does.
        relevance: By how much its evidence exceeds that of questions which the archive cannot answer.
        total: Hits above the line, of band STRONG or MEDIUM, that pass the filters; the same on every page.
        has_more: More hits follow these, be it below the line.
        took_ms: Time of the search, in milliseconds.
        generation: Number of the generation that answered, counted apart for superseded text; 0 where there is no such text.
        hits: One a release.
        survey: How the hits above the line spread; None unless the query asks for it.
    """

    query: Query
    band: Band
    relevance: float
    total: int
    has_more: bool
    took_ms: float
    generation: int
    hits: tuple[Hit, ...]
    survey: Survey | None = None

    def to_dict(self) -> dict[str, Any]:
        """The answer as command line and endpoint print it."""
        return {
            "query": self.query.text,
            "band": self.band.value,
            "relevance": round(self.relevance, 4),
            "total": self.total,
            "has_more": self.has_more,
            "took_ms": round(self.took_ms, 1),
            "generation": self.generation,
            "hits": [hit.to_dict() for hit in self.hits],
        }


@dataclass(frozen=True, slots=True)
class Browsed:
    """Releases that pass some filters, without a query.

    Attributes:
        total: How many there are.
        generation: Number of the generation that was looked through.
        openings: The first paragraph of each release on this page.
        survey: How all of them spread.
    """

    total: int
    generation: int
    openings: tuple[Passage, ...]
    survey: Survey


@dataclass(frozen=True, slots=True)
class Similar:
    """A passage like another, or of a release like another.

    Attributes:
        rank: Counts from 1.
        score: Cosine in the index's space, hub offset taken off; it never rises down the list.
        passage: The paragraph and its release.
    """

    rank: int
    score: float
    passage: Passage

    def to_dict(self) -> dict[str, Any]:
        """The passage as command line and endpoint print it."""
        return {
            "rank": self.rank,
            "score": round(self.score, 6),
            "passage": self.passage.text,
            "paragraph": self.passage.position,
            "release": asdict(self.passage.release),
        }


@dataclass(frozen=True, slots=True)
class Status:
    """What an index can say of itself.

    Attributes:
        generation: Number of the live generation.
        model: What made its vectors.
        paragraphs: Paragraphs that can be found.
        releases: Releases they belong to.
        stale: The archive has changed since; `telusur index` brings the change in.
    """

    generation: int
    model: str
    paragraphs: int
    releases: int
    stale: bool
