"""A list to take away as a whole, in the same files as the page's."""

from __future__ import annotations

from datetime import date

from flask import Response

from web import taking
from web.api import caching, documents, requests
from web.api.description import described
from web.api.routes import blueprint

_TEXT = {"schema": {"type": "string"}}
_MEDIA = {
    "text/csv": _TEXT,
    "application/x-bibtex": _TEXT,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {"schema": {"type": "string", "format": "binary"}},
}


@blueprint.get("/api/v1/export")
@described("export", "Search", documents.Exported, query=requests.ExportParameters, problems=(503,), media=_MEDIA)
def export() -> Response:
    """Every hit above the line or, without q, every release that passes the filters, as one file."""
    asked, format = requests.read_export()
    tag = caching.tag_of_list(asked.superseded, date.today())
    if caching.is_known(tag):
        return caching.not_modified(tag)
    return caching.tagged(taking.export_file(asked, format.value), tag)
