"""Searches: one, several at once, and how what they find spreads over fields and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify

from index import Survey, Timeline, Unit
from index.filters import FIELDS
from web import links
from web.api import caching, documents, paging, requests
from web.api.description import described
from web.api.routes import blueprint
from web.holdings import current_holdings
from web.operations import limits
from web.parameters import Search

if TYPE_CHECKING:
    from index import Answer, Hit

_NOTHING = Survey((), (), (), (), Timeline(Unit.YEAR, (), 0))


@blueprint.get(links.SEARCH_PATH)
@described("search", "Search", documents.Answer, query=requests.SearchParameters, problems=(410, 503))
def search() -> Response:
    """Ranked passages for a query, one hit a release."""
    asked, cursor = requests.read_search()
    tag = caching.tag_of_list(asked.superseded)
    if caching.is_known(tag):
        return caching.not_modified(tag)
    query = asked.query()
    if cursor:
        asked = asked.at(cursor.offset)
        query = replace(query, offset=cursor.offset, generation=cursor.generation)
    answer = current_holdings().index.search(query)
    document = _document(answer, asked)
    return caching.tagged(paging.linked(jsonify(document), document["next"]), tag)


@blueprint.post(links.SEARCH_PATH)
@described(
    "searchMany",
    "Search",
    documents.Answers,
    query=requests.NoParameters,
    body=requests.Batch,
    problems=(413, 415, 503),
    has_tag=False,
)
def search_many() -> Response:
    """Ranked passages for up to a hundred queries, answered from one generation."""
    searches = requests.read_batch()
    limits.charge(len(searches))
    index = current_holdings().index
    answers = index.search_many([asked.query() for asked in searches])
    entries = [_document(answer, asked) for answer, asked in zip(answers, searches, strict=True)]
    response = jsonify({"generation": index.answering(), "answers": entries})
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/api/v1/facets")
@described("facets", "Search", documents.Facets, query=requests.SurveyParameters, problems=(503,))
def facets() -> Response:
    """How many hits each topic, agency, source and language has; without q, how many releases."""
    return _surveyed(lambda survey: {field: [asdict(value) for value in getattr(survey, field)] for field in FIELDS})


@blueprint.get("/api/v1/timeline")
@described("timeline", "Search", documents.Timeline, query=requests.SurveyParameters, problems=(503,))
def timeline() -> Response:
    """How hits spread over time; without q, how releases do."""
    return _surveyed(_over_time)


def _surveyed(describe: Callable[[Survey], dict[str, Any]]) -> Response:
    asked = requests.read_survey()
    tag = caching.tag_of_list(asked.superseded)
    if caching.is_known(tag):
        return caching.not_modified(tag)
    total, generation, survey = _survey(asked)
    return caching.tagged(
        jsonify({"query": asked.text or None, "total": total, "generation": generation, **describe(survey)}), tag
    )


def _survey(asked: Search) -> tuple[int, int, Survey]:
    """Total, generation, and how what is found spreads; of superseded text that there is not, as of a search without hits."""
    index = current_holdings().index
    if asked.text:
        answer = index.search(replace(asked.query(surveyed=True), k=1))
        return answer.total, answer.generation, answer.survey or _NOTHING
    listed = index.browse(asked.filters, 1)
    return listed.total, listed.generation, listed.survey


def _over_time(survey: Survey) -> dict[str, Any]:
    periods = [
        {"start": one.start.isoformat(), "end": one.end.isoformat(), "matches": one.matches, "releases": one.releases}
        for one in survey.timeline.periods
    ]
    return {"unit": survey.timeline.unit.value, "periods": periods, "undated": survey.timeline.undated}


def _document(answer: Answer, asked: Search) -> dict[str, Any]:
    document = answer.to_dict()
    _add_links(answer.hits, document["hits"])
    return document | paging.onward(links.SEARCH_PATH, asked, answer.has_more, answer.generation)


def _add_links(hits: Iterable[Hit], entries: Iterable[dict[str, Any]]) -> None:
    for hit, entry in zip(hits, entries, strict=True):
        entry["link"] = links.passage_link(hit.passage)
        _add_links(hit.more, entry.get("more", ()))
        for passage, other in zip(hit.identical, entry.get("near_identical", ()), strict=True):
            other["link"] = links.passage_link(passage)
