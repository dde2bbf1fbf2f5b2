"""The pages: search, one release, what is like it, and how the ranking works."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext

from archive import ArchivedRelease, UnknownRelease
from archive.addresses import site
from index import Band, Mode, NoGeneration, Similar, Sort, Survey
from index.answer import MAX_OFFSET, MAX_QUERY_CHARS
from web import changes as comparing
from web import facets, likeness, links, measured, problems, reading
from web.holdings import Overview, current_holdings, has_sample
from web.language import LANGUAGES, page_fields
from web.marking import MAX_MORE_CHARS, excerpt
from web.parameters import (
    DEFAULT_K,
    MAX_PARAGRAPH,
    MAX_VERSION,
    SEARCH,
    Search,
    parse_search,
)
from web.ranking import RANKINGS, STEPS

blueprint = Blueprint("pages", __name__)

MAX_HITS = 10
"""Hits on one page of results, whatever k says: a page stays below 100 kB, and the next one is a link away."""

MAX_IDENTICAL = 5
"""Near-identical releases that a hit lists by name."""

_NEWEST_ON_START = 6
_SIMILAR_BESIDE = 4  # releases named below a release
_MAX_CARRIED_CHARS = 200  # a search with a longer address is left out of the links to its hits, of which a page has dozens


@blueprint.app_context_processor
def _helpers() -> dict[str, object]:
    return {
        "chips": facets.chips,
        "cite_address": links.cite_link,
        "excerpt": excerpt,
        "language_links": _language_links,
        "max_identical": MAX_IDENTICAL,
        "max_more_chars": MAX_MORE_CHARS,
        "modes": Mode,
        "max_query_chars": MAX_QUERY_CHARS,
        "paragraph_link": links.paragraph_link,
        "passage_link": links.passage_link,
        "search_link": links.search_link,
        "similar_link": links.similar_link,
        "sorts": Sort,
        "site_name": site,
        "web_address": links.web_address,
    }


@blueprint.get("/")
def search() -> Response:
    """The search page: what the archive holds, or the answer to a query."""
    asked = parse_search(page_fields(*SEARCH))
    asked = replace(asked, k=min(asked.k, MAX_HITS))
    return _results(asked) if asked.text else _browse(asked)


@blueprint.get("/releases/<id>")
def release(id: str) -> Response:
    """One release as archived, with the passage marked that brought the reader here."""
    asked = reading.parse(page_fields(*reading.FIELDS))
    holdings = current_holdings()
    versions = holdings.index.store.versions(id)
    current = versions[-1]
    if current.removed:
        return problems.respond(problems.removed())
    shown = _pick(versions, asked.version)
    if asked.position is not None and all(paragraph.position != asked.position for paragraph in shown.paragraphs):
        return problems.respond(problems.no_paragraph(asked.position, len(shown.paragraphs)))
    html = render_template(
        "release.html",
        release=shown,
        current=current,
        versions=versions[::-1],
        asked=asked,
        came_from=asked.came_from,
        reading=reading.read(shown, asked, reading.find_matches(holdings.index, shown, asked.came_from)),
        max_within_chars=reading.MAX_WITHIN_CHARS,
        max_found=reading.MAX_FOUND,
        similar=_similar_beside(current.id),
        reposts=holdings.index.store.reposts(id),
        has_sample=holdings.overview().has_sample,
    )
    return make_response(html)


@blueprint.get("/releases/<id>/changes")
def changes(id: str) -> Response:
    """What the publisher changed between two versions of a release: the current one and the one before, if not told."""
    fields = page_fields("from", "to", *SEARCH)
    old, new = fields.integer("from", 1, MAX_VERSION), fields.integer("to", 1, MAX_VERSION)
    came_from = parse_search(fields)
    versions = current_holdings().index.store.versions(id)
    current = versions[-1]
    if current.removed:
        return problems.respond(problems.removed())
    shown = _pick(versions, new)
    comparison = comparing.find(_pick(versions, max(shown.version - 1, 1) if old is None else old), shown)
    html = render_template(
        "changes.html",
        comparison=comparison,
        current=current,
        versions=versions,
        came_from=came_from,
        has_sample=has_sample(),
    )
    return make_response(html)


@blueprint.get("/releases/<id>/similar")
def similar(id: str) -> Response:
    """Passages of other releases like one of a release's or, without p, releases like it."""
    fields = page_fields("p", *SEARCH)
    position = fields.integer("p", 0, MAX_PARAGRAPH)
    came_from = parse_search(fields)
    found = likeness.find(id, position, DEFAULT_K)
    if isinstance(found, problems.Problem):
        return problems.respond(found)
    html = render_template(
        "similar.html",
        release=found.release,
        position=position,
        passage=found.passage,
        similar=found.similar,
        came_from=came_from,
        carried=_carried(came_from),
        has_sample=has_sample(),
    )
    return make_response(html)


@blueprint.get("/ranking")
def ranking() -> Response:
    """How the ranking works: for journalists, and for engineers with papers and measurements."""
    page_fields()
    html = render_template(
        "ranking.html", steps=STEPS, rankings=RANKINGS, bands=Band, measured=measured, has_sample=has_sample()
    )
    return make_response(html)


def _results(asked: Search) -> Response:
    """The answer to a query."""
    holdings = current_holdings()
    answer = holdings.index.search(asked.query(surveyed=True))
    html = render_template(
        "results.html",
        answer=answer,
        above=[hit for hit in answer.hits if hit.band is not Band.WEAK],
        below=[hit for hit in answer.hits if hit.band is Band.WEAK],
        nothing_answers=answer.band is Band.WEAK,
        **_around(asked, holdings.overview(), answer.survey, answer.has_more),
    )
    return make_response(html)


def _browse(asked: Search) -> Response:
    """What the archive holds, the newest first, or the oldest: from the start page on, or narrowed by filters."""
    holdings = current_holdings()
    overview = holdings.overview()
    is_start = not (asked.filters or asked.offset) and asked.sort is Sort.RELEVANCE
    order = Sort.OLDEST if asked.sort is Sort.OLDEST else Sort.NEWEST
    try:
        found = holdings.index.browse(asked.filters, _NEWEST_ON_START if is_start else asked.k, asked.offset, order)
    except NoGeneration:
        unready = problems.not_indexed().commands
        return make_response(
            render_template("unready.html", overview=overview, commands=unready, has_sample=overview.has_sample)
        )
    html = render_template(
        "start.html" if is_start else "browse.html",
        found=found,
        examples=_examples(),
        order=order,
        **_around(asked, overview, found.survey, asked.offset + len(found.openings) < found.total),
    )
    return make_response(html)


def _around(asked: Search, overview: Overview, survey: Survey | None, has_more: bool) -> dict[str, object]:
    """What every page of a list shows around it."""
    following = asked.offset + asked.k
    carried = _carried(asked)
    return {
        "search": asked,
        "carried": carried,
        "overview": overview,
        "has_sample": overview.has_sample,
        "survey": survey,
        "groups": facets.groups(survey, asked.filters),
        "stretches": facets.stretches(carried, date.today(), overview.first_day, overview.last_day) if carried else None,
        "earlier": asked.at(asked.offset - asked.k) if asked.offset else None,
        "later": asked.at(following) if has_more and following <= MAX_OFFSET else None,
    }


def _examples() -> list[str]:
    """What one might ask of a city: statements and questions, for it is not keywords that find here."""
    return [
        "ASN harus melayani",
        gettext("Mengapa pasien harus antre berjam-jam?"),
        gettext("Petugas loket harus ramah kepada warga"),
        gettext("Mengapa kebakaran pasar sulit dipadamkan?"),
        gettext("Sekolah masih kekurangan guru"),
    ]


def _pick(versions: list[ArchivedRelease], number: int | None) -> ArchivedRelease:
    if number is None:
        return versions[-1]
    for version in versions:
        if version.version == number:
            return version
    raise UnknownRelease(f"the archive holds no version {number} of release {versions[-1].id!r}")


def _carried(asked: Search) -> Search | None:
    """The search that links to its hits carry, so that they lead back to it; None where it would make them very long."""
    return asked if len(urlencode(asked.arguments(), doseq=True)) <= _MAX_CARRIED_CHARS else None


def _similar_beside(id: str) -> list[Similar]:
    """Some releases like one; none where the index cannot tell, for the release itself can be read without it."""
    try:
        return current_holdings().index.similar_releases(id, _SIMILAR_BESIDE)
    except (UnknownRelease, NoGeneration, *problems.UNUSABLE):
        return []


def _language_links() -> list[tuple[str, str, str]]:
    """Code, name and address of this page in each language; relative, so that no path can lead elsewhere."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return [(code, name, "?" + urlencode([*kept, ("lang", code)])) for code, name in LANGUAGES.items()]
