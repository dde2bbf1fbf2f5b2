"""What a Prometheus server reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import web_archive
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from web_archive import FLOOD, SERVE

from index import Index
from web import create_app
from web.holdings import Holdings
from web.operations import metrics

Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD) as index:
        yield index


def samples(client: FlaskClient) -> Samples:
    """Values by name and labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


def test_requests_are_counted_by_route_and_status(client: FlaskClient) -> None:
    for path in ("/api/v1/search?q=melayani", "/api/v1/search?q=banjir", "/api/v1/search?k=ten", "/nothing", "/api/nothing"):
        client.get(path)
    found = samples(client)
    routes = {labels: value for (name, labels), value in found.items() if name == "telusur_requests_total"}
    (search,) = {endpoint for endpoint, status in routes if status == "400"}
    assert routes == {(search, "200"): 2, (search, "400"): 1, ("none", "404"): 2}
    assert found["telusur_request_seconds_count", (search,)] == 3
    assert found["telusur_stage_seconds_count", (search, "encode")] == 2
    assert found["telusur_request_seconds_sum", (search,)] >= found["telusur_stage_seconds_sum", (search, "encode")]


def test_look_ups_are_counted(client: FlaskClient) -> None:
    client.get("/api/v1/search?q=melayani")
    client.get("/api/v1/search?q=melayani&k=3")
    client.get("/api/v1/search?q=melayani&mode=makna")
    found = samples(client)
    counts = {labels: value for (name, labels), value in found.items() if name == "telusur_cache_look_ups_total"}
    assert counts == {("vectors", "hit"): 1, ("vectors", "miss"): 1, ("scans", "hit"): 1, ("scans", "miss"): 2}


def test_the_archive_and_its_index_are_told(client: FlaskClient, index: Index) -> None:
    found = samples(client)
    assert found["telusur_releases", ()] == 2
    assert found["telusur_paragraphs", ()] == 5
    assert found["telusur_unindexed_paragraphs", ()] == 0
    assert found["telusur_generation", ()] == 1
    age_s = datetime.now(UTC).timestamp() - found["telusur_generation_created_timestamp_seconds", ()]
    assert 0 <= age_s < 60
    assert found["process_open_fds", ()] > 0


def test_what_is_not_indexed_is_told_and_counted_anew_after_a_while(tmp_path: Path, index: Index) -> None:
    now_s = [100.0]
    app = Flask(__name__)
    metrics.init_app(app, index, lambda: Holdings(index), clock=lambda: now_s[0])
    client = app.test_client()
    assert samples(client)["telusur_unindexed_paragraphs", ()] == 0
    web_archive.fill(tmp_path, *web_archive.many(3))
    now_s[0] += 14.9
    assert samples(client)["telusur_unindexed_paragraphs", ()] == 0
    now_s[0] += 0.1
    found = samples(client)
    assert (found["telusur_unindexed_paragraphs", ()], found["telusur_releases", ()]) == (3, 5)


def test_an_empty_archive_has_metrics_too(tmp_path: Path) -> None:
    web_archive.fill(tmp_path, FLOOD)
    index = web_archive.open_index(tmp_path)
    found = samples(create_app({"INDEX": index}).test_client())
    assert found["telusur_unindexed_paragraphs", ()] == 2
    assert ("telusur_generation", ()) not in found
    index.close()


@pytest.mark.parametrize("path", ["/?q=rahasia", "/api/v1/search?q=rahasia&topic=rahasia", "/rahasia", "/releases/rahasia"])
def test_nothing_that_was_asked_is_in_it(client: FlaskClient, path: str) -> None:
    client.get(path, headers={"Referer": "http://localhost/?q=rahasia", "X-Request-Id": "rahasia-rahasia"})
    assert "rahasia" not in client.get("/metrics").text


def test_strangers_meet_no_such_page(index: Index) -> None:
    client = create_app({"INDEX": index, "METRICS_FOR": ["10.0.0.0/8"]}).test_client()
    for address, headers, status in (
        ("203.0.113.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 404),
        ("127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 200),
    ):
        response = client.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers)
        assert response.status_code == status, address
        assert (response.content_type == "application/problem+json") is (status == 404)


def test_what_is_no_network_is_refused_at_the_start(index: Index) -> None:
    with pytest.raises(ValueError, match="'office' does not appear to be an IPv4 or IPv6 network"):
        create_app({"INDEX": index, "METRICS_FOR": ["office"]})


def test_the_newer_form_is_given_to_who_asks_for_it(client: FlaskClient) -> None:
    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response.content_type.startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")
    assert client.get("/metrics").content_type.startswith("text/plain")
