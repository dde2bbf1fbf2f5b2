"""The pages: search, and one release."""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext, lazy_gettext

from archive import ArchivedRelease, UnknownRelease
from index import NoGeneration
from index.answer import MAX_OFFSET, MAX_QUERY_CHARS
from web import links, problems
from web.holdings import Overview, current_holdings
from web.language import LANGUAGES
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

blueprint = Blueprint("pages", __name__)

MAX_SHOWN_CHARS = 1_500
"""A passage on a page of results ends here; few paragraphs are longer."""


@blueprint.app_context_processor
def _helpers() -> dict[str, object]:
    return {
        "default_k": DEFAULT_K,
        "excerpt": _excerpt,
        "language_links": _language_links,
        "max_query_chars": MAX_QUERY_CHARS,
        "paragraph_link": links.paragraph_link,
        "passage_link": links.passage_link,
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
    answer = holdings.index.search(asked.query())
    overview = holdings.overview()
    last = min(answer.total, MAX_OFFSET + asked.k)
    html = render_template(
        "results.html",
        search=asked,
        answer=answer,
        overview=overview,
        has_sample=overview.has_sample,
        topics=_topics(asked, overview),
        earlier=asked.at(asked.offset - asked.k) if asked.offset else None,
        later=asked.at(asked.offset + asked.k) if asked.offset + asked.k < last else None,
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
        has_sample=holdings.overview().has_sample,
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
        gettext("Petugas harus ramah kepada warga"),
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
    return list(chain(known.items(), ((topic, 0) for topic in asked.topics if topic not in known)))


def _excerpt(text: str) -> str:
    if len(text) <= MAX_SHOWN_CHARS:
        return text
    return text[:MAX_SHOWN_CHARS].rsplit(maxsplit=1)[0] + " …"


def _language_links() -> list[tuple[str, str, str]]:
    """Code, name and address of this page in each language; relative, so that no path can lead elsewhere."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return [(code, name, "?" + urlencode([*kept, ("lang", code)])) for code, name in LANGUAGES.items()]
