"""Taking it away: citations of a passage, lists of results as files, and many questions at once."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, json, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import dump_options_header

from archive import ArchivedRelease, Passage
from index.answer import MAX_QUERY_CHARS
from web import batch, citations, exports, links, problems, spreadsheets
from web.citations import Cited
from web.holdings import current_holdings, has_sample
from web.language import page_fields
from web.parameters import MAX_PARAGRAPH, MAX_VERSION, SEARCH, Fields, Search, parse_search
from web.plain_text import one_line
from web.spreadsheets import Table

blueprint = Blueprint("taking", __name__)

_CSV = "text/csv; charset=utf-8; header=present"
_BIBTEX = "application/x-bibtex; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORM = "application/x-www-form-urlencoded"
_MAX_NAME_CHARS = 40  # of a question, in the name of a file
_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|]')


@blueprint.app_context_processor
def _limits() -> dict[str, object]:
    return {"max_export": exports.MAX_EXPORT}


@blueprint.get("/releases/<id>/cite")
def cite(id: str) -> Response:
    """How to cite a paragraph of a release or, without p, the release; in the current version or, with v, in that one."""
    found = _find_cited(id)
    if isinstance(found, problems.Problem):
        return problems.respond(found)
    cited, current, came_from = found
    release = cited.release
    html = render_template(
        "citation.html",
        release=release,
        current=current,
        cited=cited,
        passage=None if cited.position is None else _text_at(release, cited.position),
        back=_place(release.id, release.version, cited.position, came_from),
        apa=citations.apa(cited),
        apa_in_text=citations.apa_in_text(cited),
        chicago=citations.chicago(cited),
        newsroom=citations.newsroom(cited),
        bibtex=citations.bibtex(cited),
        has_sample=has_sample(),
    )
    return Response(html)


@blueprint.get("/releases/<id>/cite.bib")
def cite_bibtex(id: str) -> Response:
    """The same as a BibTeX file."""
    found = _find_cited(id)
    if isinstance(found, problems.Problem):
        return problems.respond(found)
    cited = found[0]
    return _file(citations.bibtex(cited).encode(), _BIBTEX, citations.key(cited), "bib")


@blueprint.get("/export.<any(csv, json, xlsx):format>")
def export(format: str) -> Response:
    """Every hit of a search above the line or, without q, every release that passes the filters; up to `MAX_EXPORT`."""
    return export_file(parse_search(page_fields(*SEARCH)), format)


def export_file(search: Search, format: str) -> Response:
    """What a search finds as a file, the same from page and endpoint.

    Args:
        search: Without a text, all releases that pass its filters.
        format: "csv", "json", "xlsx" or "bib".

    Raises:
        ParameterError: The query only says what to leave out.
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged, another model made it, or the archive keeps changing.
        ModelError: The model cannot be loaded.
    """
    collected = exports.collect(current_holdings().index, search)
    today = date.today()
    table = exports.to_table(collected, _permalink, today)
    taken, total = len(collected.entries), collected.total
    extent = gettext("%(number)s dari %(count)s", number=taken, count=total) if collected.is_cut else ""
    asked = one_line(collected.search.text)[:_MAX_NAME_CHARS]
    name = " ".join(filter(None, ("telusur", asked, extent, today.isoformat())))
    if format == "json":
        document = {
            "query": collected.search.text,
            "parameters": collected.search.arguments(),
            "total": total,
            "exported": taken,
            "limit": exports.MAX_EXPORT,
            "generation": collected.generation,
            "hits": spreadsheets.to_objects(table),
        }
        # ASCII, so that nothing invisible hides in the file.
        response = _file(json.dumps(document, ensure_ascii=True).encode(), "application/json", name, format)
    elif format == "bib":
        cited = (Cited(one.release, one.passage.position, _permalink(one.passage), today) for one in collected.entries)
        response = _file("\n".join(map(citations.bibtex, cited)).encode(), _BIBTEX, name, format)
    else:
        response = _table_file(table, name, format)
    response.headers.update({"Telusur-Total": total, "Telusur-Exported": taken, "Telusur-Limit": exports.MAX_EXPORT})
    return response


@blueprint.route("/batch", methods=["GET", "POST"])
def many() -> Response:
    """Many questions at once, each with its best passage: as a page, or as a file.

    The form carries no token against forged requests: there is no session, and nothing is changed, so a forged one
    gains nothing. It is posted because a hundred questions are too long for an address.
    """
    page_fields()
    if request.method == "GET":
        return _batch_page("")
    if request.mimetype != _FORM:
        raise UnsupportedMediaType
    form = Fields(request.get_data(), ("questions", "format"), from_form=True)
    text = form.text("questions") or ""
    searches, faults = batch.read(text)
    if faults:
        return _batch_page(text, faults=faults)
    answered = batch.answer(current_holdings().index, searches)
    format = form.text("format")
    if format not in {"csv", "xlsx"}:
        return _batch_page(text, answered)
    today = date.today()
    return _table_file(batch.to_table(answered, _permalink, today), f"telusur {gettext('pertanyaan')} {today}", format)


def _batch_page(text: str, answered: list[batch.Answered] | None = None, faults: list[batch.Fault] | None = None) -> Response:
    html = render_template(
        "batch.html",
        text=text,
        answered=answered or [],
        faults=faults or [],
        max_questions=batch.MAX_QUESTIONS,
        max_chars=MAX_QUERY_CHARS,
        has_sample=has_sample(),
    )
    return Response(html, HTTPStatus.BAD_REQUEST if faults else HTTPStatus.OK)


def _find_cited(id: str) -> tuple[Cited, ArchivedRelease, Search] | problems.Problem:
    """What is to be cited, the release as it stands now, and the search that led here.

    Raises:
        UnknownRelease: The archive holds no such release, or no such version of it.
    """
    fields = page_fields("p", "v", *SEARCH)
    position = fields.integer("p", 0, MAX_PARAGRAPH)
    number = fields.integer("v", 1, MAX_VERSION)
    came_from = parse_search(fields)
    store = current_holdings().index.store
    current = store.release(id)
    if current.removed:
        return problems.removed()
    release = current if number is None else store.release(id, number)
    if position is not None and _text_at(release, position) is None:
        return problems.no_paragraph(position, len(release.paragraphs))
    permalink = links.absolute(_place(release.id, release.version, position))
    return Cited(release, position, permalink, date.today()), current, came_from


def _text_at(release: ArchivedRelease, position: int) -> str | None:
    return next((paragraph.text for paragraph in release.paragraphs if paragraph.position == position), None)


def _place(id: str, version: int, position: int | None, came_from: Search | None = None) -> str:
    """Where a paragraph, or a whole release, stands in one version."""
    if position is not None:
        return links.paragraph_link(id, version, position, came_from)
    values: dict[str, Any] = {"id": id, "v": version, **(came_from.arguments() if came_from else {})}
    return url_for("pages.release", **values)


def _permalink(passage: Passage) -> str:
    return links.absolute(links.passage_link(passage))


def _table_file(table: Table, name: str, format: str) -> Response:
    if format == "csv":
        return _file(spreadsheets.to_csv(table), _CSV, name, format)
    return _file(spreadsheets.to_xlsx(table), _XLSX, name, format)


def _file(body: bytes, content_type: str, name: str, ending: str) -> Response:
    """A file to keep; its name in ASCII for old programs, and as it is (RFC 6266)."""
    readable = one_line(_NO_FILE_NAME.sub(" ", name))
    plain = unicodedata.normalize("NFKD", readable).encode("ascii", "ignore").decode()
    plain = "-".join(re.findall(r"[A-Za-z0-9._-]+", plain))
    names = {"filename": f"{plain}.{ending}", "filename*": f"UTF-8''{quote(readable, safe='')}.{ending}"}
    response = Response(body, content_type=content_type)
    response.headers["Content-Disposition"] = dump_options_header("attachment", names)
    return response
