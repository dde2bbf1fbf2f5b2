"""/readyz: whether a search would be answered now."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NoReturn

import pytest
import web_archive
from web_archive import FLOOD, SERVE, CountedEncoder

from index import ModelError
from web import create_app
from web.operations import readiness


def test_ready_once_something_is_indexed_and_the_model_answers(tmp_path: Path) -> None:
    index = web_archive.open_index(tmp_path)
    client = create_app({"INDEX": index}).test_client()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content_type == "application/problem+json"
    assert response.get_json()["type"] == "urn:telusur:problem:not-indexed"
    for generation, release in enumerate((SERVE, FLOOD), 1):
        web_archive.fill(tmp_path, release)
        web_archive.build(tmp_path)
        response = client.get("/readyz")
        assert (response.status_code, response.get_json()) == (200, {"status": "ready", "generation": generation})
    index.close()


def test_a_model_that_cannot_be_loaded_is_the_reason_given(tmp_path: Path) -> None:
    def refuse(_name: str) -> NoReturn:
        raise ModelError("counted: its file is damaged; delete it")

    web_archive.fill(tmp_path, SERVE)
    web_archive.build(tmp_path)
    index = web_archive.open_index(tmp_path, refuse)
    client = create_app({"INDEX": index}).test_client()
    assert client.get("/healthz").status_code == 200  # it loads nothing
    response = client.get("/readyz", headers={"Accept-Language": "id"})
    assert response.status_code == 503
    document = response.get_json()
    assert document["type"] == "urn:telusur:problem:unusable"
    assert document["detail"] == "counted: its file is damaged; delete it"
    index.close()


def test_a_probe_does_not_wait_for_a_model_that_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_load, loads = threading.Event(), []

    def load(name: str) -> CountedEncoder:
        loads.append(name)
        assert may_load.wait(20)
        return CountedEncoder()

    monkeypatch.setattr(readiness, "_PATIENCE_S", 0.01)
    web_archive.fill(tmp_path, SERVE)
    web_archive.build(tmp_path)
    index = web_archive.open_index(tmp_path, load)
    client = create_app({"INDEX": index}).test_client()
    for _ in range(3):
        response = client.get("/readyz")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        assert response.get_json()["type"] == "urn:telusur:problem:loading"
    may_load.set()
    monkeypatch.setattr(readiness, "_PATIENCE_S", 20)
    assert client.get("/readyz").status_code == 200
    assert loads == ["counted"]
    index.close()


def test_other_methods_are_refused_as_programs_read_it(tmp_path: Path) -> None:
    index = web_archive.open_index(tmp_path)
    response = create_app({"INDEX": index}).test_client().post("/readyz")
    assert (response.status_code, response.content_type) == (405, "application/problem+json")
    index.close()
