"""What the archive holds: topics, agencies, sources, and how it and its index are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Response, jsonify

from archive.harvesting.sources import Source, Sources
from index import GenerationError, NoGeneration
from index.extents import Extents
from index.filters import Field
from web import links, problems
from web.api import caching, documents, requests
from web.api.description import described
from web.api.routes import blueprint
from web.holdings import current_holdings

_TAG = "Archive"


@blueprint.get("/api/v1/topics")
@described("listTopics", _TAG, documents.Topics, query=requests.NoParameters, problems=(503,))
def topics() -> Response:
    """Topics with their releases, and from when to when those were published."""
    return _listed("topics")


@blueprint.get("/api/v1/agencies")
@described("listAgencies", _TAG, documents.Agencies, query=requests.NoParameters, problems=(503,))
def agencies() -> Response:
    """Agencies with their releases, and from when to when those were published."""
    return _listed("agencies")


@blueprint.get("/api/v1/sources")
@described("listSources", _TAG, documents.Sources, query=requests.NoParameters, problems=(503,))
def sources() -> Response:
    """Sites with their releases, and the sources that are harvested, with when that last succeeded."""
    requests.fields(requests.NoParameters)
    index = current_holdings().index
    registered = Sources(index.store.database)
    harvested = [
        {
            "name": source.name,
            "url": _without_password(source.url),
            "kind": source.kind,
            "releases": registered.count(source),
            "last_run_at": source.last_run_at,
            "last_success_at": source.last_success_at,
        }
        for source in registered.all()
    ]
    return caching.by_content(jsonify(_entries("sources", index.extents("sources")) | {"harvested": harvested}))


@blueprint.get("/api/v1/status")
@described("getStatus", _TAG, documents.Status, query=requests.NoParameters, problems=(503,))
def status() -> Response:
    """How the archive and its index are, before anything is indexed too."""
    requests.fields(requests.NoParameters)
    index = current_holdings().index
    counts = index.store.counts()
    try:
        found = asdict(index.status()) | {"unindexed_paragraphs": index.unindexed()}
    except NoGeneration:
        found = {"generation": None, "model": None, "paragraphs": 0, "releases": 0, "stale": counts.releases > 0}
        found["unindexed_paragraphs"] = counts.paragraphs
    document = {**found, "archive": asdict(counts), "last_harvest": _last_harvest(Sources(index.store.database).all())}
    return caching.by_content(jsonify(document))


@blueprint.get(links.HEALTH_PATH)
@described("getHealth", _TAG, documents.Health, problems=(503,), has_tag=False)
def health() -> Response:
    """Whether searches can be answered, without making one: the model may still be loading."""
    try:
        found = current_holdings().index.status()
    except NoGeneration:
        return problems.as_json(problems.not_indexed())
    except problems.UNUSABLE as error:
        return problems.as_json(problems.unusable(str(error)))
    return jsonify({"status": "ok", **asdict(found)})


def live_generation() -> int | None:
    """Number of the live generation; None where there is none, or it says nothing: a release can be read without it."""
    try:
        return current_holdings().index.status().generation
    except (NoGeneration, GenerationError):
        return None


def _listed(field: Field) -> Response:
    requests.fields(requests.NoParameters)
    return caching.by_content(jsonify(_entries(field, current_holdings().index.extents(field))))


def _entries(field: Field, extents: Extents) -> dict[str, Any]:
    entries = [
        {
            "name": one.name,
            "releases": one.releases,
            "first": one.first.isoformat() if one.first else None,
            "last": one.last.isoformat() if one.last else None,
        }
        for one in extents.values
    ]
    return {"generation": extents.generation, field: entries}


def _last_harvest(registered: list[Source]) -> dict[str, str | None] | None:
    runs = [(source.last_run_at, source) for source in registered if source.last_run_at]
    if not runs:
        return None
    at, source = max(runs, key=lambda run: run[0])
    return {"source": source.name, "last_run_at": at, "last_success_at": source.last_success_at}


def _without_password(url: str) -> str:
    """An address without what a keeper may have to log in with."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
