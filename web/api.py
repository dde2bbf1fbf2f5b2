"""The endpoint: JSON for programs, under /api/v1, and whether the server is well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from archive import ReleaseSummary
from index import NoGeneration
from index.answer import MAX_K
from web import likeness, links, problems
from web.holdings import current_holdings
from web.parameters import DEFAULT_K, MAX_PARAGRAPH, SEARCH, Fields, parse_search, require_text

if TYPE_CHECKING:
    from index import Answer, Hit

blueprint = Blueprint("api", __name__)


@blueprint.get(links.SEARCH_PATH)
def search() -> Response:
    """Ranked passages for a query, one hit a release."""
    fields = Fields(request.query_string, SEARCH, from_form=False)
    asked = parse_search(fields)
    require_text(asked, fields.text("q"))
    return jsonify(_with_links(current_holdings().index.search(asked.query())))


@blueprint.get(links.SIMILAR_PATH)
def similar(id: str) -> Response:
    """Releases like one release or, with p, passages of other releases like one of its paragraphs."""
    fields = Fields(request.query_string, ("p", "k"), from_form=False)
    position = fields.integer("p", 0, MAX_PARAGRAPH)
    found = likeness.find(id, position, fields.integer("k", 1, MAX_K) or DEFAULT_K)
    if isinstance(found, problems.Problem):
        return problems.respond(found)
    release = found.release
    summary = ReleaseSummary(release.id, release.title, release.url, release.date, release.topic, release.version)
    entries = [one.to_dict() | {"link": links.passage_link(one.passage)} for one in found.similar]
    return jsonify({"release": asdict(summary), "paragraph": position, "similar": entries})


@blueprint.get(links.HEALTH_PATH)
def health() -> Response:
    """Whether searches can be answered, without making one: the model may still be loading."""
    try:
        status = current_holdings().index.status()
    except NoGeneration:
        return problems.as_json(problems.not_indexed())
    except problems.UNUSABLE as error:
        return problems.as_json(problems.unusable(str(error)))
    return jsonify({"status": "ok", **asdict(status)})


def _with_links(answer: Answer) -> dict[str, Any]:
    document = answer.to_dict()
    _add_links(answer.hits, document["hits"])
    return document


def _add_links(hits: Iterable[Hit], entries: Iterable[dict[str, Any]]) -> None:
    for hit, entry in zip(hits, entries, strict=True):
        entry["link"] = links.passage_link(hit.passage)
        _add_links(hit.more, entry.get("more", ()))
        for passage, other in zip(hit.identical, entry.get("near_identical", ()), strict=True):
            other["link"] = links.passage_link(passage)
