"""The pages: search, one release, what is like it, and how the ranking works."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from itertools import chain
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext, lazy_gettext

from archive import ArchivedRelease, UnknownRelease
from archive.addresses import site
from index import Band, NoGeneration, Similar
from index.answer import MAX_OFFSET, MAX_QUERY_CHARS
from web import changes as comparing
from web import likeness, links, measured, problems
from web.holdings import Overview, current_holdings, has_sample
from web.language import LANGUAGES
from web.marking import MAX_MORE_CHARS, excerpt
from web.parameters import (
    DEFAULT_K,
    MAX_PARAGRAPH,
    MAX_VERSION,
    SEARCH,
    Fields,
    ParameterError,
    Search,
    parse_search,
)
from web.ranking import RANKINGS, STEPS

blueprint = Blueprint("pages", __name__)

MAX_HITS = 10
"""Hits on one page of results, whatever k says: a page stays below 100 kB, and the next one is a link away."""

MAX_IDENTICAL = 5
"""Near-identical releases that a hit lists by name."""

_SIMILAR_BESIDE = 4  # releases named below a release
_MAX_CARRIED_CHARS = 200  # a search with a longer address is left out of the links to its hits, of which a page has dozens


@blueprint.app_context_processor
def _helpers() -> dict[str, object]:
    return {
        "default_k": DEFAULT_K,
        "excerpt": excerpt,
        "language_links": _language_links,
        "max_identical": MAX_IDENTICAL,
        "max_more_chars": MAX_MORE_CHARS,
        "max_query_chars": MAX_QUERY_CHARS,
        "paragraph_link": links.paragraph_link,
        "passage_link": links.passage_link,
        "similar_link": links.similar_link,
        "site_name": site,
        "web_address": links.web_address,
    }


@blueprint.get("/")
def search() -> Response:
    """The search page: what the archive holds, or the answer to a query."""
    fields = _fields(*SEARCH)
    asked = parse_search(fields)
    holdings = current_holdings()
    if not asked.text:
        return _start(asked, holdings.overview(), _is_indexed())
    asked = replace(asked, k=min(asked.k, MAX_HITS))
    answer = holdings.index.search(asked.query())
    overview = holdings.overview()
    following = asked.offset + asked.k
    html = render_template(
        "results.html",
        search=asked,
        carried=_carried(asked),
        answer=answer,
        above=[hit for hit in answer.hits if hit.band is not Band.WEAK],
        below=[hit for hit in answer.hits if hit.band is Band.WEAK],
        nothing_answers=answer.band is Band.WEAK,
        overview=overview,
        has_sample=overview.has_sample,
        topics=_topics(asked, overview),
        earlier=asked.at(asked.offset - asked.k) if asked.offset else None,
        later=asked.at(following) if answer.has_more and following <= MAX_OFFSET else None,
    )
    return make_response(html)


@blueprint.get("/releases/<id>")
def release(id: str) -> Response:
    """One release as archived, with the passage marked that brought the reader here."""
    fields = _fields("p", "v", *SEARCH)
    position = fields.integer("p", 0, MAX_PARAGRAPH)
    number = fields.integer("v", 1, MAX_VERSION)
    came_from = parse_search(fields)
    holdings = current_holdings()
    versions = holdings.index.store.versions(id)
    current = versions[-1]
    if current.removed:
        return problems.respond(problems.removed())
    shown = _pick(versions, number)
    if position is not None and all(paragraph.position != position for paragraph in shown.paragraphs):
        return problems.respond(problems.no_paragraph(position, len(shown.paragraphs)))
    html = render_template(
        "release.html",
        release=shown,
        current=current,
        versions=versions[::-1],
        marked=position,
        came_from=came_from,
        similar=_similar_beside(current.id),
        reposts=holdings.index.store.reposts(id),
        has_sample=holdings.overview().has_sample,
    )
    return make_response(html)


@blueprint.get("/releases/<id>/changes")
def changes(id: str) -> Response:
    """What the publisher changed between two versions of a release: the current one and the one before, if not told."""
    fields = _fields("from", "to", *SEARCH)
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
    fields = _fields("p", *SEARCH)
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
    _fields()
    html = render_template(
        "ranking.html", steps=STEPS, rankings=RANKINGS, bands=Band, measured=measured, has_sample=has_sample()
    )
    return make_response(html)


def _start(asked: Search, overview: Overview, is_indexed: bool) -> Response:
    html = render_template(
        "start.html",
        search=asked,
        overview=overview,
        has_sample=overview.has_sample,
        topics=_topics(asked, overview),
        is_indexed=is_indexed,
        examples=_examples(),
        commands=problems.not_indexed().commands,
    )
    return make_response(html, HTTPStatus.OK)


def _examples() -> list[str]:
    """What one might ask of a city: statements and questions, for it is not keywords that find here."""
    return [
        "ASN harus melayani",
        gettext("Mengapa pasien harus antre berjam-jam?"),
        gettext("Petugas loket harus ramah kepada warga"),
        gettext("Mengapa kebakaran pasar sulit dipadamkan?"),
        gettext("Sekolah masih kekurangan guru"),
    ]


def _fields(*names: str) -> Fields:
    fields = Fields(request.query_string, (*names, "lang"), from_form=True)
    wish = fields.text("lang")
    if wish is not None and wish not in LANGUAGES:
        raise ParameterError(
            "lang",
            wish,
            lazy_gettext("Bahasa yang diminta tidak tersedia."),
            lazy_gettext("Tulis lang=id atau lang=en."),
        )
    return fields


def _is_indexed() -> bool:
    try:
        current_holdings().index.status()
    except NoGeneration:
        return False
    return True


def _pick(versions: list[ArchivedRelease], number: int | None) -> ArchivedRelease:
    if number is None:
        return versions[-1]
    for version in versions:
        if version.version == number:
            return version
    raise UnknownRelease(f"the archive holds no version {number} of release {versions[-1].id!r}")


def _topics(asked: Search, overview: Overview) -> list[tuple[str, int]]:
    """Topics to choose from; one that was asked for but that no release has stays visible, with none."""
    known = dict(overview.topics)
    return list(chain(known.items(), ((topic, 0) for topic in asked.filters.topics if topic not in known)))


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
