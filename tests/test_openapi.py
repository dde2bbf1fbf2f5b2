"""The description says what the endpoint does: its form, and, by requests made up from it, its truth."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
import web_archive
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from web_archive import FLOOD, HOSTILE, SERVE

from web import create_app
from web.api import description, requests
from web.parameters import SEARCH

EXAMPLES = int(os.environ.get("TELUSUR_API_EXAMPLES") or 15)
"""Requests made up for each operation, right ones and wrong ones."""

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    data: Path = tmp_path_factory.mktemp("described")
    with web_archive.opened(data, SERVE, FLOOD, HOSTILE, *web_archive.many(12)) as index:
        yield create_app({"INDEX": index, "API_LIMIT": None})


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/openapi.json").get_json()
    return found


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_every_answer_is_as_described(app: Flask, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 16
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body or operation.path_parameters):
            continue

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def answer(case: schemathesis.Case) -> None:
            response = case.call(headers={"Accept-Encoding": "identity"})
            # A body that is wrong in several ways may be refused for its length alone, which Schemathesis does not expect.
            refused = response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            case.validate_response(
                response, checks=[one for one in CHECKS if not refused or one is not checks.negative_data_rejection]
            )

        answer()


def test_description_is_openapi_3_1_and_its_models_are_json_schemas(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    for model in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **model})
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) == 16
    assert all(operation["summary"].endswith(".") for operation in operations)
    assert [tag["name"] for tag in document["tags"]] == list(description.TAGS)


def test_search_takes_what_the_page_takes_and_a_cursor(document: dict[str, Any]) -> None:
    parameters = {one["name"]: one for one in document["paths"]["/api/v1/search"]["get"]["parameters"]}
    assert parameters.keys() == {*SEARCH, "cursor"}
    assert [name for name, one in parameters.items() if one["required"]] == ["q"]
    assert parameters["mode"]["schema"]["enum"] == ["makna", "kata", "gabungan"]
    assert parameters["k"]["schema"] | {"description": "", "title": ""} == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "default": 10,
        "description": "",
        "title": "",
    }
    assert "default" not in parameters["since"]["schema"]
    assert requests.Searched.model_fields.keys() == set(SEARCH)


def test_problems_have_their_own_media_type_and_tags_are_named(document: dict[str, Any]) -> None:
    responses = document["paths"]["/api/v1/releases/{id}"]["get"]["responses"]
    assert list(responses) == ["200", "304", "400", "401", "404", "410", "429"]
    assert list(responses["404"]["content"]) == ["application/problem+json"]
    assert "ETag" in responses["200"]["headers"]
    export = document["paths"]["/api/v1/export"]["get"]["responses"]["200"]["content"]
    assert sorted(kind.split("/")[1] for kind in export)[:3] == [
        "csv",
        "json",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]


def test_every_route_of_the_endpoint_is_described(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.rule != "/api/v1/openapi.json"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, operations in document["paths"].items() for method in operations}


# The page


def test_page_shows_each_operation_and_each_model_once_and_runs_nothing(client: FlaskClient, document: dict[str, Any]) -> None:
    response = client.get("/api/docs")
    text = response.get_data(as_text=True)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert text.count(f'<section class="operation" id="{operation["operationId"]}"') == 1
            assert f'<span class="method">{method.upper()}</span> {path}</code>' in text
    for link in set(re.findall(r'href="#([\w-]+)"', text)) - {"main"}:
        assert text.count(f'id="{link}"') == 1
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert "style=" not in text
    assert "onclick" not in text


@pytest.mark.parametrize(("language", "heading"), [("id", "Untuk pengembang"), ("en", "For developers")])
def test_page_speaks_both_languages(client: FlaskClient, language: str, heading: str) -> None:
    response = client.get(f"/api/docs?lang={language}")
    assert f"<h1>{heading}</h1>" in response.get_data(as_text=True)
    assert response.headers["Content-Language"] == language


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("search?q=ASN+%26+melayani&k=&since=&topic=a", "/api/v1/search?q=ASN+%26+melayani&topic=a"),
        ("getVersion?id=asn-melayani&number=1", "/api/v1/releases/asn-melayani/versions/1"),
        ("getRelease?id=..%2F..%2F%2Felsewhere.example", "/api/v1/releases/..%2F..%2F%2Felsewhere.example"),
        ("listTopics", "/api/v1/topics"),
    ],
)
def test_form_leads_to_the_operation_without_empty_fields(client: FlaskClient, path: str, target: str) -> None:
    response = client.get(f"/api/docs/{path}")
    assert (response.status_code, response.headers["Location"]) == (303, target)


@pytest.mark.parametrize("name", ["searchMany", "nothing"])
def test_what_no_form_can_send_is_not_tried(client: FlaskClient, name: str) -> None:
    assert client.get(f"/api/docs/{name}").status_code == 404
