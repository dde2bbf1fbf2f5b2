"""Every request's id, and where its time went."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import web_archive
from flask import render_template_string
from flask.testing import FlaskClient
from web_archive import FLOOD, SERVE

from index import Index, trace
from web import create_app

SEARCH = "/api/v1/search?q=melayani"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD) as index:
        yield index


def stages(client: FlaskClient, path: str) -> list[str]:
    timing = client.get(path).headers["Server-Timing"]
    assert re.fullmatch(r"\w+;dur=\d+\.\d(, \w+;dur=\d+\.\d)*", timing)
    return [part.partition(";")[0] for part in timing.split(", ")]


def test_a_well_formed_id_is_taken(client: FlaskClient) -> None:
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert client.get(SEARCH, headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space", "<script>", "ASN harus melayani"])
def test_another_is_replaced(client: FlaskClient, given: str) -> None:
    ids = {client.get("/nothing", headers={"X-Request-Id": given}).headers["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", id) for id in ids)


def test_the_stages_of_a_search_are_told(client: FlaskClient) -> None:
    assert stages(client, SEARCH) == ["words", "encode", "scan", "rank", "archive", "total"]
    assert stages(client, SEARCH) == ["rank", "archive", "total"]  # the rest is remembered
    assert stages(client, "/?q=banjir")[-2:] == ["render", "total"]
    assert stages(client, "/healthz") == ["total"]


def test_stages_add_up_to_no_more_than_the_total(client: FlaskClient) -> None:
    timing = client.get("/?q=melayani").headers["Server-Timing"]
    *parts, total = (float(ms) for ms in re.findall(r"dur=([\d.]+)", timing))
    assert sum(parts) <= total + 0.1 * len(parts)  # each is rounded


def test_a_trace_sums_up_each_stage_and_names_the_generation(index: Index) -> None:
    found = trace.begin()
    for _ in range(2):
        with trace.stage("scan"), trace.stage("rank"):
            pass
    assert list(found.stages_ms) == ["rank", "scan"]
    assert 0 < found.stages_ms["rank"] < found.stages_ms["scan"]
    assert found.generation is None
    index.similar_releases(SERVE.id or "")
    assert found.generation == 1
    assert trace.begin() == trace.Trace()


def test_rendering_outside_of_a_request_disturbs_nothing(index: Index) -> None:
    app = create_app({"INDEX": index})
    with app.app_context():
        assert render_template_string("{{ 1 + 1 }}") == "2"
