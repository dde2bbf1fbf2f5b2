"""What goes wrong, told well: problem+json (RFC 9457) from the endpoint, an HTML page elsewhere."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

from flask import Flask, Response, json, render_template, request
from flask_babel import LazyString, lazy_gettext
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from archive import ArchiveError, UnknownRelease
from index import GenerationError, GenerationGone, ModelError, NoGeneration
from index.answer import MAX_QUERY_CHARS
from web import links
from web.holdings import has_sample
from web.parameters import ParameterError, Search
from web.security import MAX_BODY_BYTES

_log = logging.getLogger(__name__)

Text: TypeAlias = str | LazyString

UNUSABLE = (GenerationError, ModelError, ArchiveError)
"""What keeps a server from answering until its keeper has mended something."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a request from being answered.

    Attributes:
        status: HTTP status code.
        title: What kind of problem it is; the same for each of its kind.
        detail: What is wrong this time.
        remedy: What to do about it.
        kind: Last part of the problem's type; empty where the status says it all.
        parameter: Name of the parameter at fault.
        value: What that held.
        commands: What the archive's keeper has to run.
    """

    status: int
    title: Text
    detail: Text
    remedy: Text
    kind: str = ""
    parameter: str | None = None
    value: str | None = None
    commands: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The members of the problem document."""
        members = {
            "type": f"urn:telusur:problem:{self.kind}" if self.kind else "about:blank",
            "title": str(self.title),
            "status": self.status,
            "detail": str(self.detail),
            "remedy": str(self.remedy),
        }
        if self.parameter is not None:
            members |= {"parameter": self.parameter, "value": self.value}
        return members


def init_app(app: Flask) -> None:
    """Answer every error of an application."""
    app.register_error_handler(ParameterError, lambda error: respond(_bad_parameter(error)))
    app.register_error_handler(UnknownRelease, lambda _error: respond(_unknown_release()))
    app.register_error_handler(GenerationGone, lambda _error: respond(generation_gone()))
    app.register_error_handler(NoGeneration, lambda _error: respond(not_indexed()))
    for kind in UNUSABLE:
        app.register_error_handler(kind, _answer_unusable)
    app.register_error_handler(HTTPException, _answer_http)


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as its reader takes it: a program as JSON, a person as a page."""
    response = as_json(problem) if links.is_api(request.path) else as_page(problem)
    response.headers.update(headers or {})
    return response


def as_json(problem: Problem) -> Response:
    """The problem as problem+json."""
    return Response(json.dumps(problem.to_dict()), problem.status, content_type="application/problem+json")


def as_page(problem: Problem) -> Response:
    """The problem as a page; where the server is at fault, one that needs nothing of the archive."""
    may_ask = problem.status < HTTPStatus.INTERNAL_SERVER_ERROR
    # What was asked stays in the box, so that nobody has to type it again because of a date.
    asked = "" if problem.parameter == "q" else request.args.get("q", "")
    search = Search(asked[:MAX_QUERY_CHARS])
    html = render_template("problem.html", problem=problem, search=search, has_sample=may_ask and has_sample())
    return Response(html, problem.status)


def not_indexed() -> Problem:
    """Nothing can be found yet, for nothing has been indexed."""
    return Problem(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title=lazy_gettext("Arsip belum diindeks"),
        detail=lazy_gettext("Pencarian baru bisa dipakai setelah siaran pers diimpor dan diindeks."),
        remedy=lazy_gettext("Jalankan telusur import, lalu telusur index; hasilnya langsung terlihat di sini."),
        kind="not-indexed",
        commands=("telusur import FOLDER", "telusur index"),
    )


def not_indexed_yet() -> Problem:
    """A release was imported or changed after the index was made."""
    return Problem(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title=lazy_gettext("Siaran pers ini belum diindeks"),
        detail=lazy_gettext("Isinya diimpor atau berubah sesudah pengindeksan terakhir, jadi belum bisa dibandingkan."),
        remedy=lazy_gettext("Jalankan telusur index; hasilnya langsung terlihat di sini."),
        kind="not-indexed",
        commands=("telusur index",),
    )


def unusable(reason: Text) -> Problem:
    """The archive, its index or the model cannot be used.

    Args:
        reason: Why; may name files of the machine, so it is for its keeper.
    """
    return Problem(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title=lazy_gettext("Arsip sedang tidak dapat dipakai"),
        detail=reason,
        remedy=lazy_gettext("Pengelola arsip menemukan sebabnya di catatan server. Coba lagi nanti."),
        kind="unusable",
    )


def generation_gone() -> Problem:
    """The generation that a cursor continues is not open any more; only the endpoint has cursors."""
    return Problem(
        status=HTTPStatus.GONE,
        title="This list cannot be continued",
        detail="The archive has been indexed again since, and the index that the list came from is closed.",
        remedy="Ask again from the start, without cursor.",
        kind="generation-gone",
        parameter="cursor",
        value=request.args.get("cursor", ""),
    )


def removed() -> Problem:
    """The archive's keeper took a release out."""
    return Problem(
        status=HTTPStatus.GONE,
        title=lazy_gettext("Siaran pers ini ditarik dari arsip"),
        detail=lazy_gettext("Pengelola arsip mengeluarkannya, sehingga tidak lagi ditampilkan dan tidak lagi ditemukan."),
        remedy=lazy_gettext("Cari siaran pers lain, atau tanyakan kepada pengelola arsip."),
        kind="removed",
    )


def no_paragraph(position: int, count: int) -> Problem:
    """A release has fewer paragraphs than a link to it says."""
    return Problem(
        status=HTTPStatus.NOT_FOUND,
        title=lazy_gettext("Paragraf tidak ditemukan"),
        detail=lazy_gettext("Siaran pers ini tidak punya paragraf p=%(position)s.", position=position),
        remedy=lazy_gettext("Nomor paragrafnya 0 sampai %(last)s; hilangkan p untuk membaca semuanya.", last=count - 1),
        kind="unknown-paragraph",
        parameter="p",
        value=str(position),
    )


def _bad_parameter(error: ParameterError) -> Problem:
    return Problem(
        status=HTTPStatus.BAD_REQUEST,
        title=lazy_gettext("Alamat ini memuat parameter yang keliru"),
        detail=error.detail,
        remedy=error.remedy,
        kind="bad-parameter",
        parameter=error.parameter,
        value=error.value,
    )


def _unknown_release() -> Problem:
    return Problem(
        status=HTTPStatus.NOT_FOUND,
        title=lazy_gettext("Siaran pers tidak ditemukan"),
        detail=lazy_gettext("Arsip ini tidak menyimpan siaran pers, atau versinya, di alamat tersebut."),
        remedy=lazy_gettext("Periksa alamatnya, atau cari siaran pers itu dengan kata-kata Anda sendiri."),
        kind="unknown-release",
    )


def _answer_unusable(error: Exception) -> Response:
    _log.error("cannot answer %s: %s", request.path, error)
    return respond(unusable(lazy_gettext("Server tidak dapat membaca arsip, indeks, atau modelnya.")))


def _answer_http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    title, detail, remedy = (
        _describe_for_programs(error, status) if links.is_api(request.path) else _describe_for_people(status)
    )
    # Such as Allow, which a 405 must carry; the body's own headers follow from the body made here.
    kept = {name: value for name, value in error.get_headers() if name.lower() not in {"content-type", "content-length"}}
    return respond(Problem(status, title, detail, remedy), kept)


def _describe_for_programs(error: HTTPException, status: HTTPStatus) -> tuple[Text, Text, Text]:
    if status is HTTPStatus.NOT_FOUND:
        detail, remedy = f"There is nothing at {request.path}.", f"Try GET {links.SEARCH_PATH}?q=ASN+harus+melayani."
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        methods = ", ".join(sorted(error.valid_methods or ())) if isinstance(error, MethodNotAllowed) else ""
        detail, remedy = f"{request.path} does not answer {request.method}.", f"Use one of: {methods or 'GET'}."
    elif status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        sent = f"{request.content_length} bytes" if request.content_length else "too many bytes"
        detail, remedy = f"The body has {sent}.", f"Send at most {MAX_BODY_BYTES}, in several requests if need be."
    elif status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        sent = repr(request.mimetype[:80]) if request.mimetype else "of no stated type"
        detail, remedy = f"The body is {sent}.", "Send JSON, with Content-Type: application/json."
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        detail, remedy = "The server failed; its log says why.", "Try again; if it stays so, tell the archive's keeper."
    else:
        detail, remedy = f"{status.description or status.phrase}.", "Correct the request."
    return status.phrase, detail, remedy


def _describe_for_people(status: HTTPStatus) -> tuple[Text, Text, Text]:
    if status is HTTPStatus.NOT_FOUND:
        return (
            lazy_gettext("Halaman tidak ditemukan"),
            lazy_gettext("Tidak ada halaman di alamat ini."),
            lazy_gettext("Periksa alamatnya, atau mulai dari pencarian."),
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return (
            lazy_gettext("Terjadi kesalahan di server"),
            lazy_gettext("Halaman ini gagal dimuat. Kesalahannya sudah dicatat."),
            lazy_gettext("Coba lagi sebentar lagi. Bila tetap begitu, beri tahu pengelola arsip."),
        )
    return (
        lazy_gettext("Permintaan ini tidak dapat dilayani"),
        lazy_gettext("Server menolaknya dengan kode %(code)s.", code=int(status)),
        lazy_gettext("Kembali ke pencarian dan coba lagi."),
    )
