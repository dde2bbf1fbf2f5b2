"""Several queries in one request, and what its body may not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import web_archive
from flask.testing import FlaskClient
from web_archive import FLOOD, SERVE, CountedEncoder

from index import Index
from web import create_app

SEARCH = "/api/v1/search"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD) as index:
        yield index


def refused(client: FlaskClient, body: Any, status: int = 400, content_type: str = "application/json") -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post(SEARCH, data=data, content_type=content_type)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    document: dict[str, Any] = json.loads(response.data)
    assert document["remedy"]
    return document


def test_each_query_is_answered_as_if_it_had_come_alone(client: FlaskClient) -> None:
    queries = [{"q": "ASN harus melayani", "k": 1}, {"q": "banjir", "topic": ["Kebencanaan"], "mode": "kata"}]
    response = client.post(SEARCH, json={"queries": queries})
    document = response.get_json()
    assert (response.status_code, response.headers["Cache-Control"], document["generation"]) == (200, "no-store", 1)
    for query, answer in zip(queries, document["answers"], strict=True):
        alone = client.get(SEARCH, query_string=query).get_json()
        assert answer | {"took_ms": 0} == alone | {"took_ms": 0}


def test_a_hundred_queries_go_through_the_model_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web_archive.fill(tmp_path, SERVE)
    web_archive.build(tmp_path)
    passes: list[int] = []
    encode = CountedEncoder.encode_queries
    index = web_archive.open_index(tmp_path)
    index.warm()
    monkeypatch.setattr(CountedEncoder, "encode_queries", lambda self, texts: passes.append(len(texts)) or encode(self, texts))
    queries = [{"q": f"melayani {number}"} for number in range(100)]
    document = create_app({"INDEX": index}).test_client().post(SEARCH, json={"queries": queries}).get_json()
    index.close()
    assert [answer["query"] for answer in document["answers"]] == [query["q"] for query in queries]
    assert passes == [100]


@pytest.mark.parametrize(
    ("body", "parameter", "value", "detail"),
    [
        ({}, "queries", "", "required"),
        ([], "body", "[]", "valid dictionary"),
        ({"queries": []}, "queries", "[]", "at least 1"),
        ({"queries": [{"q": "a"}] * 101}, "queries", None, "at most 100"),
        ({"queries": [{"q": "a", "k": 100}] * 11}, "queries", "1100", "ask for 1100 hits"),
        ({"queries": [{"k": 1}]}, "queries[0].q", "", "required"),
        ({"queries": [{"q": "a"}, {"q": ""}]}, "queries[1].q", "", "at least 1 character"),
        ({"queries": [{"q": " "}]}, "queries[0].q", " ", "empty or missing"),
        ({"queries": [{"q": "a" * 2_001}]}, "queries[0].q", "a" * 80 + "…", "at most 2000"),
        ({"queries": [{"q": "a\0b"}]}, "queries[0].q", "a\0b", "U+0000"),
        ({"queries": [{"q": "-parkir"}]}, "queries[0].q", "-parkir", "leave out"),
        ({"queries": [{"q": 7}]}, "queries[0].q", "7", "valid string"),
        ({"queries": [{"q": None}]}, "queries[0].q", "null", "valid string"),
        ({"queries": [{"q": "a", "k": 0}]}, "queries[0].k", "0", "greater than or equal to 1"),
        ({"queries": [{"q": "a", "k": 10**9}]}, "queries[0].k", "1000000000", "less than or equal to 100"),
        ({"queries": [{"q": "a", "k": "10"}]}, "queries[0].k", "10", "valid integer"),
        ({"queries": [{"q": "a", "k": True}]}, "queries[0].k", "true", "valid integer"),
        ({"queries": [{"q": "a", "since": "kemarin"}]}, "queries[0].since", "kemarin", "not a date"),
        ({"queries": [{"q": "a", "since": "2023-01-02", "until": "2023-01-01"}]}, "queries[0].since", "2023-01-02", "after"),
        ({"queries": [{"q": "a", "topic": "b"}]}, "queries[0].topic", "b", "valid list"),
        ({"queries": [{"q": "a", "mode": "both"}]}, "queries[0].mode", "both", "unknown"),
        ({"queries": [{"q": "a", "cursor": "b"}]}, "queries[0].cursor", "b", "not permitted"),
        ({"queries": [{"q": "a"}], "k": 3}, "k", "3", "not permitted"),
    ],
)
def test_fault_in_a_body_is_named(client: FlaskClient, body: Any, parameter: str, value: str | None, detail: str) -> None:
    document = refused(client, body)
    assert (document["type"], document["parameter"]) == ("urn:telusur:problem:bad-parameter", parameter)
    assert value is None or document["value"] == value
    assert detail in document["detail"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "not JSON"),
        (b"q=a", "not JSON"),
        (b'{"queries": [{"q": "a"}]', "not JSON"),
        (b'{"queries": [{"q": "\xff"}]}', "utf-8"),
        (b'{"queries": [{"q": "a", "k": NaN}]}', "NaN is no number"),
        (b'{"queries": [{"q": "a", "q": "b"}]}', "twice"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"queries": ' + b"1" * 60_000 + b"}", "not JSON"),
    ],
)
def test_body_that_is_no_json_is_refused(client: FlaskClient, body: bytes, detail: str) -> None:
    document = refused(client, body)
    assert document["parameter"] == "body"
    assert detail in document["detail"]


@pytest.mark.parametrize("text", ["\\ud800", "a\\udfffb"])
def test_half_a_surrogate_pair_is_refused(client: FlaskClient, text: str) -> None:
    document = refused(client, f'{{"queries": [{{"q": "{text}"}}]}}'.encode())
    assert (document["parameter"], "\ufffd" in document["value"]) == ("queries[0].q", True)
    document = refused(client, f'{{"queries": [{{"q": "a", "{text}": 1}}]}}'.encode())
    assert document["parameter"].startswith("queries[0]")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_other_media_type_is_refused(client: FlaskClient, content_type: str) -> None:
    document = refused(client, {"queries": [{"q": "a"}]}, 415, content_type)
    assert document["remedy"] == "Send JSON, with Content-Type: application/json."
    assert content_type in document["detail"]


def test_body_of_ten_megabytes_is_refused_unread(client: FlaskClient) -> None:
    assert "65536" in refused(client, b" " * 10_000_000, 413)["remedy"]


def test_body_of_unknown_length_is_read_no_further_than_one_may_be_long(client: FlaskClient) -> None:
    environ = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    response = client.post(SEARCH, data=b" " * 70_000, content_type="application/json", environ_overrides=environ)
    assert (response.status_code, "(char 65536)" in response.get_json(force=True)["detail"]) == (400, True)


def test_address_takes_nothing_where_the_body_asks(client: FlaskClient) -> None:
    response = client.post(f"{SEARCH}?q=a", json={"queries": [{"q": "a"}]})
    assert (response.status_code, response.get_json(force=True)["parameter"]) == (400, "q")
