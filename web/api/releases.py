"""Releases: listed, read in any version, and compared."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, url_for

from archive import ArchivedRelease, ReleaseSummary
from index.answer import MAX_K
from web import likeness, links, problems
from web.api import caching, documents, paging, requests
from web.api.collections import live_generation
from web.api.description import described
from web.api.routes import blueprint
from web.holdings import current_holdings
from web.parameters import DEFAULT_K, MAX_PARAGRAPH, MAX_VERSION

_LIST = "/api/v1/releases"
_ONE = f"{_LIST}/<id>"
_TAG = "Releases"


@blueprint.get(_LIST)
@described("listReleases", _TAG, documents.Releases, query=requests.ListParameters, problems=(410, 503))
def releases() -> Response:
    """Releases by date, the newest first, each with its first paragraph."""
    asked, cursor = requests.read_list()
    tag = caching.tag_of_list()
    if caching.is_known(tag):
        return caching.not_modified(tag)
    asked = asked.at(cursor.offset) if cursor else asked
    generation = cursor.generation if cursor else None
    listed = current_holdings().index.browse(asked.filters, asked.k, asked.offset, asked.sort, generation)
    has_more = asked.offset + len(listed.openings) < listed.total
    onward = paging.onward(_LIST, asked, has_more, listed.generation)
    entries = [
        {
            "passage": passage.text,
            "paragraph": passage.position,
            "release": asdict(passage.release),
            "link": links.passage_link(passage),
        }
        for passage in listed.openings
    ]
    document = {"total": listed.total, "has_more": has_more, "generation": listed.generation, "releases": entries, **onward}
    return caching.tagged(paging.linked(jsonify(document), onward["next"]), tag)


@blueprint.get(_ONE)
@described("getRelease", _TAG, documents.ReleaseVersion, query=requests.NoParameters, problems=(404, 410))
def release(id: str) -> Response:
    """One release as it is now."""
    requests.fields(requests.NoParameters)
    return _whole(id, None)


@blueprint.get(f"{_ONE}/versions")
@described("listVersions", _TAG, documents.Versions, query=requests.NoParameters, problems=(404, 410))
def versions(id: str) -> Response:
    """Every version of a release, the first one first."""
    requests.fields(requests.NoParameters)
    found = current_holdings().index.store.versions(id)
    current = found[-1]
    if current.removed:
        return problems.respond(problems.removed())
    entries = [
        {
            "version": one.version,
            "title": one.title,
            "published": one.date,
            "imported_at": one.imported_at,
            "fetched_at": one.fetched_at,
            "sha256": one.digest,
            "is_current": one.version == current.version,
            "link": _link(one),
        }
        for one in found
    ]
    return caching.by_content(jsonify({"id": id, "generation": live_generation(), "versions": entries}))


@blueprint.get(f"{_ONE}/versions/<number>")
@described("getVersion", _TAG, documents.ReleaseVersion, query=requests.NoParameters, problems=(404, 410))
def version(id: str, number: str) -> Response:
    """One version of a release."""
    requests.fields(requests.NoParameters)
    return _whole(id, requests.in_path("number", number, 1, MAX_VERSION))


@blueprint.get(f"{_ONE}/paragraphs/<position>")
@described("getParagraph", _TAG, documents.OneParagraph, query=requests.VersionParameter, problems=(404, 410))
def paragraph(id: str, position: str) -> Response:
    """One paragraph of a release, as it is now or in the version v."""
    number = requests.fields(requests.VersionParameter).integer("v", 1, MAX_VERSION)
    place = requests.in_path("position", position, 0, MAX_PARAGRAPH)
    found = _find(id, number)
    if isinstance(found, problems.Problem):
        return problems.respond(found)
    text = next((one.text for one in found.paragraphs if one.position == place), None)
    if text is None:
        return problems.respond(_no_paragraph(place, len(found.paragraphs)))
    document = {
        "generation": live_generation(),
        "release": asdict(_summary(found)),
        "paragraph": place,
        "passage": text,
        "link": links.paragraph_link(id, found.version, place),
    }
    return caching.by_content(jsonify(document))


@blueprint.get(links.SIMILAR_PATH)
@described("findSimilar", _TAG, documents.Similar, query=requests.SimilarParameters, problems=(404, 410, 503))
def similar(id: str) -> Response:
    """Releases like one release or, with p, passages of other releases like one of its paragraphs."""
    fields = requests.fields(requests.SimilarParameters)
    position = fields.integer("p", 0, MAX_PARAGRAPH)
    k = fields.integer("k", 1, MAX_K) or DEFAULT_K
    tag = caching.tag_of_list()
    if caching.is_known(tag):
        return caching.not_modified(tag)
    generation = current_holdings().index.answering()
    found = likeness.find(id, position, k)
    if isinstance(found, problems.Problem):
        return problems.respond(found)
    entries = [one.to_dict() | {"link": links.passage_link(one.passage)} for one in found.similar]
    document = {
        "release": asdict(_summary(found.release)),
        "paragraph": position,
        "similar": entries,
        "generation": generation,
    }
    return caching.tagged(jsonify(document), tag)


def _find(id: str, number: int | None) -> ArchivedRelease | problems.Problem:
    found = current_holdings().index.store.release(id, number)
    return problems.removed() if found.removed else found


def _whole(id: str, number: int | None) -> Response:
    found = _find(id, number)
    if isinstance(found, problems.Problem):
        return problems.respond(found)
    current = found if number is None else current_holdings().index.store.release(id)
    return caching.by_content(jsonify(_document(found, current.version)))


def _document(found: ArchivedRelease, current: int) -> dict[str, Any]:
    """A version as the endpoint shows it: without the file that it was read from, which is the keeper's business."""
    texts = [
        {"position": one.position, "text": one.text, "link": links.paragraph_link(found.id, found.version, one.position)}
        for one in found.paragraphs
    ]
    return {
        "id": found.id,
        "version": found.version,
        "current": current,
        "generation": live_generation(),
        "title": found.title,
        "url": found.url,
        "published": found.date,
        "published_at": found.published,
        "topic": found.topic,
        "agency": found.agency,
        "author": found.author,
        "language": found.language,
        "city": found.city,
        "office": found.office,
        "initials": list(found.initials),
        "event_date": found.event_date,
        "modified": found.modified,
        "imported_at": found.imported_at,
        "fetched_at": found.fetched_at,
        "gone_at": found.gone_at,
        "sha256": found.digest,
        "paragraphs": texts,
        "link": _link(found),
    }


def _summary(found: ArchivedRelease) -> ReleaseSummary:
    return ReleaseSummary(
        found.id, found.title, found.url, found.date, found.topic, found.version, found.agency, found.language
    )


def _link(found: ArchivedRelease) -> str:
    return url_for("pages.release", id=found.id, v=found.version)


def _no_paragraph(position: int, count: int) -> problems.Problem:
    return problems.Problem(
        status=HTTPStatus.NOT_FOUND,
        title="There is no such paragraph",
        detail=f"The release has no paragraph {position}.",
        remedy=f"Its paragraphs are 0 to {count - 1}.",
        kind="unknown-paragraph",
        parameter="position",
        value=str(position),
    )
