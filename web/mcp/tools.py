"""What an assistant can do with the archive: search, read, compare and cite."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from archive import ArchivedRelease, ReleaseSummary, UnknownRelease
from archive import Passage as FoundPassage
from index import Hit as FoundHit
from index.filters import FIELDS, Filters
from web import citations
from web.api.documents import Release
from web.desk import Desk, permalink
from web.mcp import answers
from web.mcp.arguments import CiteArguments, ReadArguments, SearchArguments, SimilarArguments, Style

MAX_PART_CHARS = 20_000
"""Text of a release that one call shows, whole paragraphs and at least one: some 6,000 tokens."""

_MAX_NAMED = 30


def search(desk: Desk, arguments: SearchArguments) -> answers.SearchAnswer:
    """Search, one hit a release.

    Raises:
        ValueError: It is nothing that can be searched for, or a filter names what no release has.
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged, or another model made it.
        ModelError: The model cannot be loaded.
    """
    query = arguments.to_query()
    _check_values(desk, query.filters)
    found = desk.index.search(query)
    last = query.offset + len(found.hits)
    return answers.SearchAnswer(
        query=query.text,
        is_answered=found.total > 0,
        band=found.band.value,
        total=found.total,
        next_offset=last if found.has_more and found.hits else None,
        generation=found.generation,
        hits=[_hit(hit) for hit in found.hits],
    )


def read_release(desk: Desk, arguments: ReadArguments) -> answers.ReleaseText:
    """Read a release, or a part of it.

    Raises:
        ValueError: It has no such paragraphs, or the part ends before it begins.
        UnknownRelease: The archive holds no such release, or no such version of it.
    """
    release, current = _find(desk, arguments.id, arguments.version)
    count = len(release.paragraphs)
    first = arguments.from_paragraph
    last = count - 1 if arguments.to_paragraph is None else min(arguments.to_paragraph, count - 1)
    _require_paragraph(release, first)
    if last < first:
        raise ValueError(f"to_paragraph ({last}) stands before from_paragraph ({first}): swap them")
    shown: list[answers.Paragraph] = []
    chars = 0
    for one in release.paragraphs[first : last + 1]:
        chars += len(one.text)
        if shown and chars > MAX_PART_CHARS:
            break
        address = permalink(release.id, release.version, one.position)
        shown.append(answers.Paragraph(position=one.position, text=one.text, permalink=address))
    following = first + len(shown)
    return answers.ReleaseText(
        release=_summary(release),
        current_version=current,
        permalink=permalink(release.id, release.version),
        sha256=release.digest,
        paragraph_count=count,
        paragraphs=shown,
        next_paragraph=following if following < count else None,
    )


def similar_passages(desk: Desk, arguments: SimilarArguments) -> answers.SimilarAnswer:
    """Find passages of other releases that say something like one paragraph does.

    Raises:
        ValueError: The release has no such paragraph.
        UnknownRelease: The archive holds no such release, or it has not been indexed yet.
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged, or another model made it.
        ModelError: The model cannot be loaded.
    """
    release, _current = _find(desk, arguments.id, None)
    text = _require_paragraph(release, arguments.paragraph)
    found = desk.index.similar_passages(release.id, arguments.paragraph, arguments.k)
    return answers.SimilarAnswer(
        compared=answers.Passage(
            passage=text,
            paragraph=arguments.paragraph,
            permalink=permalink(release.id, release.version, arguments.paragraph),
            release=_summary(release),
        ),
        similar=[answers.Similar(rank=one.rank, score=round(one.score, 6), **dict(_passage(one.passage))) for one in found],
    )


def cite(desk: Desk, arguments: CiteArguments) -> answers.Citation:
    """Cite a release, or a paragraph of it.

    Raises:
        ValueError: It has no such paragraph.
        UnknownRelease: The archive holds no such release, or no such version of it.
    """
    release, current = _find(desk, arguments.id, arguments.version)
    position = arguments.paragraph
    passage = None if position is None else _require_paragraph(release, position)
    address = permalink(release.id, release.version, position)
    with desk.at_work(arguments.language.value):
        cited = citations.Cited(release, position, address, date.today())
        citation = str(_STYLES[arguments.style](cited)).strip()
        in_text = citations.apa_in_text(cited) if arguments.style is Style.APA else None
    return answers.Citation(
        citation=citation,
        in_text=in_text,
        permalink=address,
        release=_summary(release),
        paragraph=position,
        passage=passage,
        current_version=current,
    )


_STYLES = {
    Style.APA: citations.apa,
    Style.CHICAGO: citations.chicago,
    Style.NEWSROOM: citations.newsroom,
    Style.BIBTEX: citations.bibtex,
}


def _check_values(desk: Desk, filters: Filters) -> None:
    """Refuse a filter that no release can pass: an assistant has no list to choose from, and takes nothing for an answer."""
    for field in FIELDS:
        if wanted := filters.values(field):
            known = [one.name for one in desk.index.extents(field).values]
            if unknown := [value for value in wanted if value not in known]:
                more = ", …" if len(known) > _MAX_NAMED else ""
                named = (", ".join(map(repr, known[:_MAX_NAMED])) + more) or "none at all"
                raise ValueError(f"{field}: this archive has no {', '.join(map(repr, unknown))}; it has {named}")


def _find(desk: Desk, id: str, version: int | None) -> tuple[ArchivedRelease, int]:
    """A release and the number of its current version."""
    current = desk.index.store.release(id)
    if current.removed:
        raise UnknownRelease(f"release {id!r} was taken out of the archive by its keeper")
    release = current if version is None else desk.index.store.release(id, version)
    return release, current.version


def _require_paragraph(release: ArchivedRelease, position: int) -> str:
    """Text of a paragraph."""
    for paragraph in release.paragraphs:
        if paragraph.position == position:
            return paragraph.text
    raise ValueError(f"release {release.id!r} has no paragraph {position}: it has 0 to {len(release.paragraphs) - 1}")


def _hit(hit: FoundHit) -> answers.Hit:
    return answers.Hit(
        rank=hit.rank,
        score=round(hit.score, 6),
        band=hit.band.value,
        more=[answers.More(band=one.band.value, **_place(one.passage)) for one in hit.more],
        near_identical=[answers.Copy(release=_release(one.release), **_place(one)) for one in hit.identical],
        **_passage(hit.passage),
    )


def _passage(passage: FoundPassage) -> dict[str, Any]:
    return {"passage": passage.text, "release": _release(passage.release), **_place(passage)}


def _place(passage: FoundPassage) -> dict[str, Any]:
    address = permalink(passage.release.id, passage.release.version, passage.position)
    return {"paragraph": passage.position, "permalink": address}


def _release(release: ReleaseSummary) -> Release:
    return Release.model_validate(asdict(release))


def _summary(of: ArchivedRelease) -> Release:
    return _release(ReleaseSummary(of.id, of.title, of.url, of.date, of.topic, of.version, of.agency, of.language))
