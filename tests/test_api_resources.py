"""What can be read at the endpoint besides a search: releases, what they spread over, the archive's parts and its state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import web_archive
from flask.testing import FlaskClient
from pydantic import BaseModel
from web_archive import FLOOD, HOSTILE, SERVE

from archive import Store
from archive.harvesting.sources import Sources
from index import Index
from index.build import data_paths
from web import create_app
from web.api import documents

CHANGED = replace(FLOOD, body="Kali meluap dan banjir merendam 214 rumah.\n\nDapur umum memasak nasi bungkus.")
HERE = "http://localhost"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, replace(SERVE, agency="Diskominfo", language="id"), FLOOD, HOSTILE) as index:
        yield index


def get(client: FlaskClient, path: str, model: type[BaseModel]) -> dict[str, Any]:
    """A document, after checking that it holds what its model says and nothing else."""
    response = client.get(f"/api/v1/{path}")
    assert (response.status_code, response.content_type) == (200, "application/json")
    model.model_validate_json(response.data, extra="forbid")
    document: dict[str, Any] = response.get_json()
    return document


def problem(client: FlaskClient, path: str, status: int) -> dict[str, Any]:
    response = client.get(f"/api/v1/{path}")
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    document: dict[str, Any] = json.loads(response.data)
    documents.Problem.model_validate(document, extra="forbid")
    return document


# Releases


def test_releases_come_newest_first_with_their_first_paragraph(client: FlaskClient) -> None:
    document = get(client, "releases", documents.Releases)
    assert (document["total"], document["has_more"], document["generation"]) == (3, False, 1)
    assert [one["release"]["id"] for one in document["releases"]] == ["asn-melayani", "banjir", "hostile"]
    assert document["releases"][1] == {
        "passage": "Kali meluap dan banjir merendam 412 rumah.",
        "paragraph": 0,
        "release": {
            "id": "banjir",
            "title": "Banjir Rendam 412 Rumah",
            "url": None,
            "published": "2021-01-19",
            "topic": "Kebencanaan",
            "version": 1,
            "agency": None,
            "language": None,
        },
        "link": "/releases/banjir?p=0&v=1#p0",
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("since=2022-01-01", ["asn-melayani"]),
        ("sort=oldest&k=1", ["banjir"]),
        ("offset=1&k=1", ["banjir"]),
        ("agency=Diskominfo", ["asn-melayani"]),
        ("source=kota.example&language=id", ["asn-melayani"]),
        ("topic=Kebencanaan&topic=Kepegawaian", ["asn-melayani", "banjir"]),
        ("topic=Olahraga", []),
    ],
)
def test_filters_narrow_the_list(client: FlaskClient, query: str, ids: list[str]) -> None:
    assert [one["release"]["id"] for one in get(client, f"releases?{query}", documents.Releases)["releases"]] == ids


def test_release_is_told_whole_but_for_the_file_it_was_read_from(client: FlaskClient) -> None:
    document = get(client, "releases/asn-melayani", documents.ReleaseVersion)
    assert (document["id"], document["version"], document["current"], document["generation"]) == ("asn-melayani", 1, 1, 1)
    assert (document["published"], document["published_at"]) == ("2023-03-21", "2023-03-21T09:30")
    assert (document["city"], document["initials"], document["office"]) == ("MADIUN", ["ney", "agi"], "diskominfo")
    assert [one["position"] for one in document["paragraphs"]] == [0, 1, 2]
    assert document["paragraphs"][1] == {
        "position": 1,
        "text": "‘’ASN itu melayani bukan dilayani,’’ tegasnya.",
        "link": "/releases/asn-melayani?p=1&v=1#p1",
    }
    assert document["link"] == "/releases/asn-melayani?v=1"
    assert "/press/" not in json.dumps(document)


def test_each_version_stays_as_it_was(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, CHANGED)
    now = get(client, "releases/banjir", documents.ReleaseVersion)
    old = get(client, "releases/banjir/versions/1", documents.ReleaseVersion)
    assert [(one["version"], one["current"], one["paragraphs"][0]["text"]) for one in (old, now)] == [
        (1, 2, "Kali meluap dan banjir merendam 412 rumah."),
        (2, 2, "Kali meluap dan banjir merendam 214 rumah."),
    ]
    versions = get(client, "releases/banjir/versions", documents.Versions)["versions"]
    assert [(one["version"], one["is_current"], one["link"]) for one in versions] == [
        (1, False, "/releases/banjir?v=1"),
        (2, True, "/releases/banjir?v=2"),
    ]
    assert [one["sha256"] for one in versions] == [old["sha256"], now["sha256"]]


def test_paragraph_is_read_in_the_version_asked_for(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, CHANGED)
    now = get(client, "releases/banjir/paragraphs/0", documents.OneParagraph)
    old = get(client, "releases/banjir/paragraphs/0?v=1", documents.OneParagraph)
    assert (now["passage"], now["link"]) == ("Kali meluap dan banjir merendam 214 rumah.", "/releases/banjir?p=0&v=2#p0")
    assert (old["passage"], old["release"]["version"]) == ("Kali meluap dan banjir merendam 412 rumah.", 1)


def test_similar_is_as_described(client: FlaskClient) -> None:
    assert get(client, "releases/banjir/similar?p=0&k=1", documents.Similar)["generation"] == 1


@pytest.mark.parametrize(
    ("path", "status", "parameter", "value"),
    [
        ("releases/nothing", 404, None, None),
        ("releases/banjir/versions/2", 404, None, None),
        ("releases/banjir/versions/0", 400, "number", "0"),
        ("releases/banjir/versions/-1", 400, "number", "-1"),
        ("releases/banjir/versions/x", 400, "number", "x"),
        ("releases/banjir/versions/1000000000", 400, "number", "1000000000"),
        ("releases/banjir/versions/%D9%A1", 400, "number", "\u0661"),
        ("releases/banjir/versions/1?v=1", 400, "v", "1"),
        ("releases/banjir/paragraphs/2", 404, "position", "2"),
        ("releases/banjir/paragraphs/x", 400, "position", "x"),
        ("releases/banjir/paragraphs/0?v=0", 400, "v", "0"),
        ("releases/nothing/paragraphs/0", 404, None, None),
        ("releases/nothing/versions", 404, None, None),
        ("releases/banjir?q=a", 400, "q", "a"),
        ("releases?q=a", 400, "q", "a"),
        ("releases?versions=superseded", 400, "versions", "superseded"),
        ("topics?k=1", 400, "k", "1"),
        ("status?a=b", 400, "a", "b"),
        ("openapi.json?a=b", 400, "a", "b"),
        ("facets?q=", 400, "q", ""),
        ("facets?k=1", 400, "k", "1"),
        ("facets?mode=kata", 400, "mode", "kata"),
        ("timeline?versions=superseded", 400, "versions", "superseded"),
        ("timeline?since=2023-01-02&until=2023-01-01", 400, "since", "2023-01-02"),
        ("export?format=pdf", 400, "format", "pdf"),
        ("export?q=-parkir", 400, "q", "-parkir"),
    ],
)
def test_what_cannot_be_answered_is_named(
    client: FlaskClient, path: str, status: int, parameter: str | None, value: str | None
) -> None:
    document = problem(client, path, status)
    assert (document.get("parameter"), document.get("value")) == (parameter, value)


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1", "/paragraphs/0"])
def test_removed_release_is_gone_in_every_form(client: FlaskClient, tmp_path: Path, path: str) -> None:
    store = Store(data_paths(tmp_path)[0])
    store.remove("banjir")
    store.close()
    assert problem(client, f"releases/banjir{path}", 410)["type"] == "urn:telusur:problem:removed"


def test_release_can_be_read_before_anything_is_indexed(tmp_path: Path) -> None:
    web_archive.fill(tmp_path / "new", FLOOD)
    index = web_archive.open_index(tmp_path / "new")
    client = create_app({"INDEX": index}).test_client()
    assert get(client, "releases/banjir", documents.ReleaseVersion)["generation"] is None
    status = get(client, "status", documents.Status)
    assert (status["generation"], status["stale"], status["unindexed_paragraphs"]) == (None, True, 2)
    assert problem(client, "releases", 503)["type"] == "urn:telusur:problem:not-indexed"
    assert problem(client, "topics", 503)["type"] == "urn:telusur:problem:not-indexed"
    index.close()


# How it spreads


def test_facets_count_hits_of_a_query_or_all_releases(client: FlaskClient) -> None:
    found = get(client, "facets?q=melayani", documents.Facets)
    assert (found["query"], found["total"], found["topics"]) == ("melayani", 1, [{"name": "Kepegawaian", "count": 1}])
    every = get(client, "facets", documents.Facets)
    assert (every["query"], every["total"], every["agencies"]) == (None, 3, [{"name": "Diskominfo", "count": 1}])
    assert [one["name"] for one in every["topics"]] == ["<b>Ekonomi</b>", "Kebencanaan", "Kepegawaian"]


def test_timeline_counts_over_time(client: FlaskClient) -> None:
    found = get(client, "timeline?q=melayani&since=2023-03-20&until=2023-03-22", documents.Timeline)
    assert (found["unit"], found["undated"], found["total"]) == ("day", 0, 1)
    assert [(one["start"], one["end"], one["matches"], one["releases"]) for one in found["periods"]] == [
        ("2023-03-20", "2023-03-20", 0, 0),
        ("2023-03-21", "2023-03-21", 1, 1),
        ("2023-03-22", "2023-03-22", 0, 0),
    ]
    assert get(client, "timeline", documents.Timeline)["undated"] == 1


def test_what_was_never_superseded_spreads_over_nothing(client: FlaskClient) -> None:
    found = get(client, "facets?q=melayani&versions=superseded", documents.Facets)
    assert (found["total"], found["generation"], found["topics"]) == (0, 0, [])
    assert get(client, "timeline?q=melayani&versions=superseded", documents.Timeline)["periods"] == []


# The archive


def test_topics_agencies_and_sites_say_from_when_to_when(client: FlaskClient) -> None:
    assert get(client, "topics", documents.Topics) == {
        "generation": 1,
        "topics": [
            {"name": "<b>Ekonomi</b>", "releases": 1, "first": None, "last": None},
            {"name": "Kebencanaan", "releases": 1, "first": "2021-01-19", "last": "2021-01-19"},
            {"name": "Kepegawaian", "releases": 1, "first": "2023-03-21", "last": "2023-03-21"},
        ],
    }
    day = {"releases": 1, "first": "2023-03-21", "last": "2023-03-21"}
    assert get(client, "agencies", documents.Agencies)["agencies"] == [{"name": "Diskominfo", **day}]
    assert get(client, "sources", documents.Sources) == {
        "generation": 1,
        "sources": [{"name": "kota.example", **day}],
        "harvested": [],
    }


def test_harvested_sources_say_when_they_last_succeeded_and_no_password(client: FlaskClient, index: Index) -> None:
    sources = Sources(index.store.database)
    source = sources.add("Kota", "https://keeper:secret@kota.example/feed", "feed")
    (harvested,) = get(client, "sources", documents.Sources)["harvested"]
    assert harvested == {
        "name": "Kota",
        "url": "https://kota.example/feed",
        "kind": "feed",
        "releases": 0,
        "last_run_at": None,
        "last_success_at": None,
    }
    assert get(client, "status", documents.Status)["last_harvest"] is None
    sources.finish(sources.begin(source), {}, is_whole=False)
    (harvested,) = get(client, "sources", documents.Sources)["harvested"]
    assert harvested["last_run_at"] == harvested["last_success_at"] is not None
    assert get(client, "status", documents.Status)["last_harvest"] == {
        "source": "Kota",
        "last_run_at": harvested["last_run_at"],
        "last_success_at": harvested["last_success_at"],
    }


def test_status_counts_what_cannot_be_found_yet(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(2), CHANGED)
    status = get(client, "status", documents.Status)
    assert (status["generation"], status["model"], status["paragraphs"], status["releases"]) == (1, "counted", 7, 3)
    assert (status["stale"], status["unindexed_paragraphs"]) == (True, 4)
    assert status["archive"] == {"releases": 5, "paragraphs": 9, "versions": 6, "removed": 0, "gone": 0}
    web_archive.build(tmp_path)
    assert get(client, "status", documents.Status)["unindexed_paragraphs"] == 0


def test_health_is_as_described(client: FlaskClient) -> None:
    documents.Health.model_validate_json(client.get("/healthz").data, extra="forbid")


# Taking it away


def test_export_gives_the_same_list_in_every_form(client: FlaskClient) -> None:
    found = get(client, "export?q=melayani", documents.Exported)
    assert (found["total"], found["exported"], found["generation"]) == (1, 1, 1)
    assert found["hits"][0]["permalink"] == f"{HERE}/releases/asn-melayani?p=1&v=1#p1"
    types = {}
    for format in ("csv", "xlsx", "bib"):
        response = client.get(f"/api/v1/export?q=melayani&format={format}")
        types[format] = response.content_type.partition(";")[0]
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["Telusur-Total"] == "1"
    assert types == {
        "csv": "text/csv",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "bib": "application/x-bibtex",
    }


def test_export_as_bibtex_has_an_entry_a_release(client: FlaskClient) -> None:
    text = client.get("/api/v1/export?format=bib").get_data(as_text=True)
    assert [line for line in text.splitlines() if line.startswith("@")] == [
        "@misc{telusur-asn-melayani-v1-p1,",
        "@misc{telusur-banjir-v1-p1,",
        "@misc{telusur-hostile-v1-p1,",
    ]
