"""Answers that a caller has already, and what makes them another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
import web_archive
from flask.testing import FlaskClient
from web_archive import FLOOD, SERVE

from archive import Store
from index import Index
from index.build import data_paths

LISTS = (
    "/api/v1/search?q=melayani",
    "/api/v1/search?q=melayani&versions=superseded",
    "/api/v1/releases?k=1",
    "/api/v1/releases/banjir/similar",
    "/api/v1/facets?q=melayani",
    "/api/v1/timeline",
    "/api/v1/export?format=csv",
)
OTHERS = (
    "/api/v1/releases/banjir",
    "/api/v1/releases/banjir/versions",
    "/api/v1/releases/banjir/versions/1",
    "/api/v1/releases/banjir/paragraphs/0",
    "/api/v1/topics",
    "/api/v1/agencies",
    "/api/v1/sources",
    "/api/v1/status",
    "/api/v1/openapi.json",
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD) as index:
        yield index


def tag(client: FlaskClient, path: str) -> str:
    return client.get(path).headers["ETag"]


@pytest.mark.parametrize("path", [*LISTS, *OTHERS])
def test_caller_who_has_the_answer_gets_none(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["Cache-Control"] == "no-cache"
    for known in (first.headers["ETag"], first.headers["ETag"].removeprefix("W/"), f'"other", {first.headers["ETag"]}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_nothing_is_looked_for_where_the_answer_is_known(
    client: FlaskClient, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = {path: tag(client, path) for path in LISTS}

    def refuse(*_arguments: object, **_named: object) -> NoReturn:
        raise AssertionError("it was looked for")

    for name in ("search", "browse", "similar_releases"):
        monkeypatch.setattr(index, name, refuse)
    for path, known in tags.items():
        assert client.get(path, headers={"If-None-Match": known}).status_code == 304


@pytest.mark.parametrize("path", LISTS)
def test_new_generation_makes_other_answers(client: FlaskClient, tmp_path: Path, path: str) -> None:
    known = tag(client, path)
    web_archive.fill(tmp_path, replace(SERVE, body="Petugas kini melayani."))
    web_archive.build(tmp_path)
    assert client.get(path, headers={"If-None-Match": known}).status_code == 200
    assert tag(client, path) != known


@pytest.mark.parametrize("path", ["/api/v1/search?q=melayani", "/api/v1/topics", "/api/v1/status"])
def test_removal_of_a_release_makes_other_answers(client: FlaskClient, tmp_path: Path, path: str) -> None:
    known = tag(client, path)
    store = Store(data_paths(tmp_path)[0])
    store.remove("banjir")
    store.close()
    assert tag(client, path) != known


def test_release_that_its_source_took_down_is_another_answer(client: FlaskClient, index: Index) -> None:
    known = tag(client, "/api/v1/releases/banjir")
    index.store.mark_gone(["banjir"], "2026-01-01T00:00:00+00:00")
    again = client.get("/api/v1/releases/banjir", headers={"If-None-Match": known})
    assert (again.status_code, again.get_json()["gone_at"]) == (200, "2026-01-01T00:00:00+00:00")


def test_another_question_has_another_tag_and_its_time_has_none(client: FlaskClient) -> None:
    assert tag(client, LISTS[0]) == tag(client, LISTS[0])
    assert len({tag(client, path) for path in (*LISTS, "/api/v1/search?q=melayani&k=2")}) == len(LISTS) + 1


def test_errors_carry_no_tag_and_are_not_hidden_by_one(client: FlaskClient) -> None:
    response = client.get("/api/v1/search?q=a&k=0", headers={"If-None-Match": "*"})
    assert (response.status_code, "ETag" in response.headers) == (400, False)
    assert client.get("/api/v1/releases/nothing", headers={"If-None-Match": "*"}).status_code == 404
