"""What the endpoint answers, as its description states it.

The answers themselves are made of the index's and the archive's records, which the command line prints likewise; the tests hold
each of them against these models. Fields may be added to an answer, so a caller has to pass over those it does not know.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

Span: TypeAlias = tuple[int, int]
Generation = Annotated[int, Field(ge=0, description="Number of the index's generation that the answer comes from.")]
Link = Annotated[str, Field(description="Where a person reads it, relative to this server.")]
Day = Annotated[date | None, Field(description="Day of publication; null where it is unknown.")]
Next = Annotated[str | None, Field(description="Where the list goes on, relative to this server; null at its end.")]
NextCursor = Annotated[str | None, Field(description="The same as `cursor`, for callers who put their requests together.")]
Band = Annotated[
    Literal["kuat", "sedang", "lemah"],
    Field(description="How well it answers: strongly, moderately, or weakly, that is, below the line."),
]
Position = Annotated[int, Field(ge=0, description="Position of the paragraph in its release, from 0.")]


class Problem(BaseModel):
    """What keeps a request from being answered (RFC 9457)."""

    type: str = Field(description="What kind of problem it is: a URN, or about:blank where the status says it all.")
    title: str
    status: int
    detail: str = Field(description="What is wrong this time.")
    remedy: str = Field(description="What to do about it.")
    parameter: str | None = Field(None, description="The parameter, or the member of the body, at fault.")
    value: str | None = Field(None, description="What that held, shortened.")


class Release(BaseModel):
    """What a result says about the release it stands in."""

    id: str
    title: str
    url: str | None = Field(description="Address at the publisher.")
    published: Day
    topic: str | None = Field(description="The publisher's category.")
    version: int = Field(ge=1, description="The version that holds the passage.")
    agency: str | None = Field(description="Who publishes it.")
    language: str | None = Field(description="ISO 639-1 code.")


class Marks(BaseModel):
    """Why a passage matched, as character offsets in it."""

    sentence: Span | None = Field(description="The sentence nearest to the query; null where the passage is but one.")
    words: list[Span] = Field(description="Words that match the query's, in order.")


class NearIdentical(BaseModel):
    """A passage of another release that says the same but for small edits."""

    paragraph: Position
    release: Release
    link: Link


class Passage(BaseModel):
    """A passage that a query finds."""

    rank: int = Field(ge=1, description="Counts over the whole list; under `more`, over the passages of one release.")
    score: float
    band: Band
    passage: str = Field(description="The paragraph as published.")
    paragraph: Position
    marks: Marks
    release: Release
    link: Link


class Hit(Passage):
    """A release that a query finds, with its best passage."""

    more: list[Passage] = Field([], description="The release's further passages, best first.")
    near_identical: list[NearIdentical] = Field([], description="Releases that say the same and have no rank of their own.")


class Answer(BaseModel):
    """What a search finds, one hit a release."""

    query: str
    band: Band
    relevance: float = Field(description="By how much the evidence exceeds that of questions without an answer here.")
    total: int = Field(ge=0, description="Hits above the line, on all pages.")
    has_more: bool = Field(description="More hits follow these, be it below the line.")
    took_ms: float = Field(ge=0)
    generation: Generation
    hits: list[Hit]
    next: Next
    cursor: NextCursor


class Answers(BaseModel):
    """The answers to several queries, in their order."""

    generation: Generation
    answers: list[Answer]


class Listed(BaseModel):
    """A release in a list, with its first paragraph."""

    passage: str
    paragraph: Position
    release: Release
    link: Link


class Releases(BaseModel):
    """Releases by date."""

    total: int = Field(ge=0, description="Releases that pass the filters, on all pages.")
    has_more: bool
    generation: Generation
    releases: list[Listed]
    next: Next
    cursor: NextCursor


class Paragraph(BaseModel):
    """One paragraph of a release."""

    position: Position
    text: str
    link: Link


class ReleaseVersion(BaseModel):
    """One version of a release, its text as it stood at one time."""

    id: str
    version: int = Field(ge=1)
    current: int = Field(ge=1, description="The version that is current.")
    generation: Generation | None = Field(description="Number of the live generation; null before anything is indexed.")
    title: str
    url: str | None
    published: Day
    published_at: str | None = Field(description="The same as its source says it, ISO 8601, with the time if there is one.")
    topic: str | None
    agency: str | None
    author: str | None
    language: str | None
    city: str | None = Field(description="City of the dateline.")
    office: str | None = Field(description="Which office signed it.")
    initials: list[str] = Field(description="Who wrote and edited it, as signed.")
    event_date: date | None = Field(description="Day that the text speaks of.")
    modified: str | None = Field(description="When the publisher says that it last changed.")
    imported_at: str = Field(description="When this version came into the archive, ISO 8601, UTC.")
    fetched_at: str | None = Field(description="When it was fetched from its source; null where it was read from a file.")
    gone_at: str | None = Field(description="Since when no source lists the release any more.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of title and text.")
    paragraphs: list[Paragraph]
    link: Link


class VersionSummary(BaseModel):
    """What a list of versions says about one."""

    version: int = Field(ge=1)
    title: str
    published: Day
    imported_at: str
    fetched_at: str | None
    sha256: str
    is_current: bool
    link: Link


class Versions(BaseModel):
    """The versions of a release, the first one first."""

    id: str
    generation: Generation | None
    versions: list[VersionSummary]


class OneParagraph(BaseModel):
    """A paragraph of one version of a release."""

    generation: Generation | None
    release: Release
    paragraph: Position
    passage: str
    link: Link


class SimilarPassage(BaseModel):
    """A passage like another, or the passage that shows best how a release is like another."""

    rank: int = Field(ge=1)
    score: float
    passage: str
    paragraph: Position
    release: Release
    link: Link


class Similar(BaseModel):
    """What is like a release, or like one paragraph of it."""

    release: Release
    paragraph: Position | None = Field(description="The paragraph compared; null where it is the whole release.")
    similar: list[SimilarPassage]
    generation: Generation


class FacetValue(BaseModel):
    """One value of a field, and how many hits a request narrowed to it alone would have."""

    name: str
    count: int = Field(ge=0)


class Facets(BaseModel):
    """How hits, or releases, spread over fields. Each field is counted under all filters but its own."""

    query: str | None
    total: int = Field(ge=0)
    generation: Generation
    topics: list[FacetValue]
    agencies: list[FacetValue]
    sources: list[FacetValue]
    languages: list[FacetValue]


class Period(BaseModel):
    """A stretch of time."""

    start: date
    end: date
    matches: int = Field(ge=0, description="Hits published in it.")
    releases: int = Field(ge=0, description="All releases published in it that pass the filters.")


class Timeline(BaseModel):
    """How hits, or releases, spread over time."""

    query: str | None
    total: int = Field(ge=0)
    generation: Generation
    unit: Literal["day", "week", "month", "quarter", "year", "decade"]
    periods: list[Period] = Field(description="One after another without a gap.")
    undated: int = Field(ge=0, description="Hits without a date.")


class Extent(BaseModel):
    """What there is of one value of a field."""

    name: str
    releases: int = Field(ge=1)
    first: Day
    last: Day


class Topics(BaseModel):
    """Topics, most releases first."""

    generation: Generation
    topics: list[Extent]


class Agencies(BaseModel):
    """Agencies, most releases first."""

    generation: Generation
    agencies: list[Extent]


class HarvestedSource(BaseModel):
    """A site, or a feed of one, that is harvested again and again."""

    name: str
    url: str
    kind: str
    releases: int = Field(ge=0, description="Releases of the archive that it lists.")
    last_run_at: str | None = Field(description="When the last harvest ended, well or not; ISO 8601, UTC.")
    last_success_at: str | None = Field(description="When one last read all there was to read.")


class Sources(BaseModel):
    """Where releases come from."""

    generation: Generation
    sources: list[Extent] = Field(description="Sites by host, most releases first: values for the parameter `source`.")
    harvested: list[HarvestedSource] = Field(description="What the archive's keeper has registered, by name.")


class Exported(BaseModel):
    """A list to take away as a whole."""

    query: str
    parameters: dict[str, str | int | list[str]]
    total: int = Field(ge=0)
    exported: int = Field(ge=0)
    limit: int = Field(description="Releases that one export takes.")
    generation: Generation
    hits: list[dict[str, str | int | float | None]]


class Kept(BaseModel):
    """What the archive holds, indexed or not."""

    releases: int = Field(ge=0)
    paragraphs: int = Field(ge=0)
    versions: int = Field(ge=0)
    removed: int = Field(ge=0, description="Releases that the keeper took out.")
    gone: int = Field(ge=0, description="Releases that no source lists any more; they are kept.")


class Harvest(BaseModel):
    """When the archive was last brought up to date from a source."""

    source: str
    last_run_at: str
    last_success_at: str | None


class Status(BaseModel):
    """How the archive and its index are."""

    generation: Generation | None = Field(description="Null before anything is indexed.")
    model: str | None
    paragraphs: int = Field(ge=0, description="That can be found.")
    releases: int = Field(ge=0)
    stale: bool = Field(description="The archive has changed since it was indexed.")
    unindexed_paragraphs: int = Field(ge=0, description="That cannot be found before the next indexing.")
    archive: Kept
    last_harvest: Harvest | None


class Health(BaseModel):
    """The server is well."""

    status: Literal["ok"]
    generation: Generation
    model: str
    paragraphs: int
    releases: int
    stale: bool
