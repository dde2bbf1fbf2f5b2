from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import web_archive
from flask import Flask
from flask.testing import FlaskClient
from web_archive import FLOOD, HOSTILE, SERVE

from archive import Release, Store
from index import Index, questions
from index.build import data_paths
from web import create_app

SEARCH = "/api/v1/search"
ELSEWHERE = questions.read(questions.ELSEWHERE)[-1]  # an English one, which is read as it stands
TWIN = replace(FLOOD, id="banjir-lagi", title="Rumah Terendam", published="2021-01-20")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE) as index:
        yield index


def problem(
    client: FlaskClient, path: str, status: int, method: str = "GET", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """The problem document that answers a request, after checking what each of them must hold."""
    response = client.open(path, method=method, headers=headers)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = json.loads(response.data)
    assert document["status"] == status
    assert all(document[name] for name in ("type", "title", "detail", "remedy"))
    return document


# Search


def test_search_answers_as_the_contract_says(client: FlaskClient) -> None:
    response = client.get(SEARCH, query_string={"q": "ASN harus melayani", "k": 1})
    assert response.status_code == 200
    assert response.content_type == "application/json"
    document = response.get_json()
    assert (document["query"], document["total"], document["generation"]) == ("ASN harus melayani", 1, 1)
    assert (document["band"], document["has_more"]) == ("kuat", True)
    assert document["relevance"] > 0
    assert document["took_ms"] >= 0
    (hit,) = document["hits"]
    assert (hit["rank"], hit["passage"], hit["paragraph"]) == (1, "‘’ASN itu melayani bukan dilayani,’’ tegasnya.", 1)
    assert hit["link"] == "/releases/asn-melayani?p=1&v=1#p1"
    assert (hit["band"], hit["marks"]) == ("kuat", {"sentence": None, "words": [[2, 5], [10, 18], [25, 33]]})
    assert hit["release"] == {
        "id": "asn-melayani",
        "title": SERVE.title,
        "url": SERVE.url,
        "published": "2023-03-21",
        "topic": "Kepegawaian",
        "version": 1,
        "agency": None,
        "language": None,
    }
    assert {(more["paragraph"], more["link"]) for more in hit["more"]} == {
        (0, "/releases/asn-melayani?p=0&v=1#p0"),
        (2, "/releases/asn-melayani?p=2&v=1#p2"),
    }


def test_search_writes_members_in_order_and_indonesian_readably(client: FlaskClient) -> None:
    text = client.get(SEARCH, query_string={"q": "melayani"}).get_data(as_text=True)
    assert text.startswith('{"query":"melayani","band":"kuat","relevance":')
    assert "‘’ASN itu melayani bukan dilayani,’’" in text


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"since": "2022-01-01"}, {"asn-melayani"}),
        ({"until": "2021-01-19"}, {"banjir"}),
        ({"since": "2021-01-19", "until": "2023-03-21"}, {"asn-melayani", "banjir"}),
        ({"topic": "Kebencanaan"}, {"banjir"}),
        ({"topic": ["Kebencanaan", "<b>Ekonomi</b>"]}, {"banjir", "hostile"}),
        ({"topic": "Olahraga"}, set()),
    ],
)
def test_filters_narrow_the_search(client: FlaskClient, filters: dict[str, Any], ids: set[str]) -> None:
    document = client.get(SEARCH, query_string={"q": "melayani", **filters}).get_json()
    assert {hit["release"]["id"] for hit in document["hits"]} == ids
    assert not document["has_more"]


def test_offset_goes_on_where_the_last_page_ended(client: FlaskClient) -> None:
    pages = [client.get(SEARCH, query_string={"q": "melayani", "k": 1, "offset": offset}).get_json() for offset in range(4)]
    assert [[hit["rank"] for hit in page["hits"]] for page in pages] == [[1], [2], [3], []]
    assert {page["total"] for page in pages} == {1}
    assert [page["has_more"] for page in pages] == [True, True, False, False]
    assert [hit["band"] for page in pages for hit in page["hits"]] == ["kuat", "lemah", "lemah"]
    assert {hit["release"]["id"] for page in pages for hit in page["hits"]} == {"asn-melayani", "banjir", "hostile"}


def test_text_of_a_release_is_passed_on_unchanged(client: FlaskClient) -> None:
    document = client.get(SEARCH, query_string={"q": "pasar", "topic": "<b>Ekonomi</b>"}).get_json()
    (hit,) = document["hits"]
    assert hit["release"]["title"] == HOSTILE.title


def test_newly_published_generation_answers_without_a_restart(client: FlaskClient, tmp_path: Path) -> None:
    assert client.get(SEARCH, query_string={"q": "melayani"}).get_json()["total"] == 1
    web_archive.fill(tmp_path, *web_archive.many(2))
    web_archive.build(tmp_path)
    document = client.get(SEARCH, query_string={"q": "melayani"}).get_json()
    assert (document["total"], document["generation"]) == (3, 2)


def test_query_that_nothing_answers_says_so_and_still_gives_the_nearest(client: FlaskClient) -> None:
    document = client.get(SEARCH, query_string={"q": ELSEWHERE}).get_json()
    assert (document["band"], document["total"]) == ("lemah", 0)
    assert document["relevance"] < 0.1
    assert [hit["band"] for hit in document["hits"]] == ["lemah"] * 3


def test_near_identical_releases_stand_below_the_one_they_repeat(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, TWIN)
    web_archive.build(tmp_path)
    document = client.get(SEARCH, query_string={"q": "banjir merendam 412 rumah"}).get_json()
    first = document["hits"][0]
    assert first["release"]["id"] == "banjir"
    (twin,) = first["near_identical"]
    assert (twin["paragraph"], twin["release"]["id"]) == (0, "banjir-lagi")
    assert twin["link"] == "/releases/banjir-lagi?p=0&v=1#p0"
    assert "banjir-lagi" not in {hit["release"]["id"] for hit in document["hits"]}


def test_relevance_is_a_number_where_no_word_matches(client: FlaskClient) -> None:
    document = client.get(SEARCH, query_string={"q": "zzz", "mode": "kata"}).get_json()
    assert (document["relevance"], document["hits"]) == (pytest.approx(-1.0, abs=1), [])


def test_quotation_marks_and_minus_do_what_they_say(client: FlaskClient) -> None:
    def found(query: str) -> set[str]:
        hits = client.get(SEARCH, query_string={"q": query}).get_json()["hits"]
        return {hit["release"]["id"] for hit in hits}

    assert found('"nasi bungkus" banjir') == {"banjir"}
    assert found("melayani -banjir -pasar -pedagang") == {"asn-melayani"}


# Similar


def test_similar_passages_are_those_of_other_releases(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(2))
    web_archive.build(tmp_path)
    document = client.get("/api/v1/releases/asn-melayani/similar?p=1&k=2").get_json()
    assert list(document) == ["release", "paragraph", "similar", "generation"]
    assert document["release"] == {
        "id": "asn-melayani",
        "title": SERVE.title,
        "url": SERVE.url,
        "published": "2023-03-21",
        "topic": "Kepegawaian",
        "version": 1,
        "agency": None,
        "language": None,
    }
    assert document["paragraph"] == 1
    assert [(one["rank"], one["release"]["id"], one["link"]) for one in document["similar"]] == [
        (1, "r0", "/releases/r0?p=0&v=1#p0"),
        (2, "r1", "/releases/r1?p=0&v=1#p0"),
    ]
    assert document["similar"][0]["passage"] == "Petugas melayani warga ke-0."
    assert document["similar"][0]["score"] > 0.5


def test_similar_releases_are_compared_as_a_whole(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, Release("Banjir Surut", "Banjir sudah surut.\n\nPompa dimatikan.", id="surut"))
    web_archive.build(tmp_path)
    document = client.get("/api/v1/releases/banjir/similar").get_json()
    assert document["paragraph"] is None
    first = document["similar"][0]
    assert (first["release"]["id"], first["paragraph"], first["link"]) == ("surut", 0, "/releases/surut?p=0&v=1#p0")
    assert [one["release"]["id"] for one in document["similar"]].count("banjir") == 0


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("unknown/similar", 404, "unknown-release"),
        ("unknown/similar?p=0", 404, "unknown-release"),
        ("banjir/similar?p=2", 404, "unknown-paragraph"),
        ("banjir/similar?p=x", 400, "bad-parameter"),
        ("banjir/similar?p=-1", 400, "bad-parameter"),
        ("banjir/similar?k=0", 400, "bad-parameter"),
        ("banjir/similar?k=101", 400, "bad-parameter"),
        ("banjir/similar?q=a", 400, "bad-parameter"),
    ],
)
def test_similar_names_what_is_wrong(client: FlaskClient, path: str, status: int, kind: str) -> None:
    assert problem(client, f"/api/v1/releases/{path}", status)["type"] == f"urn:telusur:problem:{kind}"


def test_similar_to_a_removed_release_is_gone(client: FlaskClient, tmp_path: Path) -> None:
    store = Store(data_paths(tmp_path)[0])
    store.remove("banjir")
    store.close()
    assert problem(client, "/api/v1/releases/banjir/similar", 410)["type"] == "urn:telusur:problem:removed"
    others = client.get("/api/v1/releases/asn-melayani/similar").get_json()["similar"]
    assert [one["release"]["id"] for one in others] == ["hostile"]


def test_similar_to_what_is_not_indexed_is_unavailable(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(1))
    for path in ("similar", "similar?p=0"):
        document = problem(client, f"/api/v1/releases/r0/{path}", 503)
        assert document["type"] == "urn:telusur:problem:not-indexed"
        assert "telusur index" in document["remedy"]


# Superseded text


def test_old_text_is_found_on_request_with_its_version_and_link(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(
        tmp_path, replace(FLOOD, body="Kali meluap dan banjir merendam 214 rumah.\n\nDapur umum memasak nasi bungkus.")
    )
    web_archive.build(tmp_path)
    document = client.get(SEARCH, query_string={"q": "banjir", "versions": "superseded"}).get_json()
    (hit,) = document["hits"]
    assert (document["total"], document["band"], document["generation"]) == (1, "kuat", 1)
    assert (hit["passage"], hit["paragraph"]) == ("Kali meluap dan banjir merendam 412 rumah.", 0)
    assert (hit["release"]["id"], hit["release"]["version"], hit["link"]) == ("banjir", 1, "/releases/banjir?p=0&v=1#p0")
    assert client.get(hit["link"]).status_code == 200
    by_default, current = (
        client.get(SEARCH, query_string={"q": "banjir", "k": 1, **versions}).get_json()["hits"]
        for versions in ({}, {"versions": "current"})
    )
    assert by_default == current
    assert current[0]["passage"] == "Kali meluap dan banjir merendam 214 rumah."
    filtered = {"q": "banjir", "versions": "superseded", "topic": "Kepegawaian"}
    assert client.get(SEARCH, query_string=filtered).get_json()["hits"] == []


def test_old_text_of_an_archive_that_never_changed_is_none(client: FlaskClient) -> None:
    document = client.get(SEARCH, query_string={"q": "banjir", "versions": "superseded"}).get_json()
    assert (document["total"], document["has_more"], document["generation"], document["hits"]) == (0, False, 0, [])


def test_unknown_versions_are_answered_with_those_there_are(client: FlaskClient) -> None:
    assert problem(client, f"{SEARCH}?q=a&versions=all", 400)["remedy"] == "Write one of: current, superseded."


# Parameters


@pytest.mark.parametrize(
    ("query", "parameter", "value", "detail"),
    [
        ("", "q", "", "q is empty or missing"),
        ("q=", "q", "", "q is empty or missing"),
        ("q=+%09", "q", " \t", "q is empty or missing"),
        ("q=a%00b", "q", "a\0b", "U+0000"),
        ("q=%ff", "q", "\ufffd", "not UTF-8"),
        ("q=%ed%a0%80", "q", "\ufffd" * 3, "not UTF-8"),
        ("q=" + "a" * 2_001, "q", "a" * 80 + "…", "too long: 2001"),
        ("q=-parkir", "q", "-parkir", "only says what to leave out"),
        ("q=a&q=b", "q", "b", "more than once"),
        ("q=a&k=0", "k", "0", "'0', is not a whole number from 1 to 100"),
        ("q=a&k=-1", "k", "-1", "whole number"),
        ("q=a&k=101", "k", "101", "whole number"),
        ("q=a&k=1000000000", "k", "1000000000", "whole number"),
        ("q=a&k=ten", "k", "ten", "whole number"),
        ("q=a&k=1.5", "k", "1.5", "whole number"),
        ("q=a&k=%D9%A1", "k", "\u0661", "whole number"),
        ("q=a&k=", "k", "", "whole number"),
        ("q=a&offset=-1", "offset", "-1", "from 0 to 10000"),
        ("q=a&offset=10001", "offset", "10001", "from 0 to 10000"),
        ("q=a&since=2023-02-30", "since", "2023-02-30", "not a date"),
        ("q=a&since=20230221", "since", "20230221", "not a date"),
        ("q=a&until=kemarin", "until", "kemarin", "not a date"),
        ("q=a&since=2023-01-02&until=2023-01-01", "since", "2023-01-02", "after it ends"),
        ("q=a&topic=", "topic", "", "empty or too long"),
        ("q=a&topic=b%1f", "topic", "b\x1f", "U+001F"),
        ("q=a&topic=" + "t" * 201, "topic", "t" * 80 + "…", "empty or too long"),
        ("q=a" + "".join(f"&topic=t{n}" for n in range(51)), "topic", "t50", "Too many values for the parameter topic: 51"),
        ("q=a&versions=all", "versions", "all", "'all', is unknown"),
        ("q=a&versions=", "versions", "", "'', is unknown"),
        ("q=a&versions=current&versions=superseded", "versions", "superseded", "more than once"),
        ("q=a&page=2", "page", "2", "'page' is unknown"),
        ("q=a&lang=en", "lang", "en", "'lang' is unknown"),
    ],
)
def test_bad_parameter_is_named(client: FlaskClient, query: str, parameter: str, value: str, detail: str) -> None:
    document = problem(client, f"{SEARCH}?{query}", 400)
    assert document["type"] == "urn:telusur:problem:bad-parameter"
    assert (document["parameter"], document["value"]) == (parameter, value)
    assert detail in document["detail"]


def test_longest_query_and_latest_offset_are_answered(client: FlaskClient) -> None:
    query = {"q": "é" * 2_000, "k": 100, "offset": 10_000, "since": "0001-01-01", "until": "9999-12-31"}
    assert client.get(SEARCH, query_string=query).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"q": "a" * 50_000},
        {"q": "a\0b"},
        {"q": "a", "k": 10**9},
        {"q": "a", "k": "ten"},
        {"q": "a", "since": "2023-01-02", "until": "2023-01-01"},
        {"q": "a", "filter": "b"},
        {"q": ["a", "b"]},
        {"q": "a", "cursor": "AAAA"},
    ],
)
def test_bad_input_is_refused_at_once(client: FlaskClient, query: dict[str, Any]) -> None:
    client.get(SEARCH, query_string={"q": "a"})
    started = time.perf_counter()
    response = client.get(SEARCH, query_string=query)
    took_ms = (time.perf_counter() - started) * 1000
    assert response.status_code == 400
    assert took_ms < 50


def test_query_of_50_000_characters_is_refused(client: FlaskClient) -> None:
    assert problem(client, f"{SEARCH}?q={'a' * 50_000}", 400)["parameter"] == "q"


# Other errors


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1/nothing", "/api/v2/search", SEARCH + "/"])
def test_unknown_endpoint_is_a_problem(client: FlaskClient, path: str) -> None:
    document = problem(client, path, 404)
    assert (document["type"], document["title"]) == ("about:blank", "Not Found")
    assert path in document["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused_with_those_allowed(client: FlaskClient, method: str) -> None:
    document = problem(client, "/api/v1/topics", 405, method=method)
    assert method in document["detail"]
    assert document["remedy"] == "Use one of: GET, HEAD, OPTIONS."
    allowed = client.open("/api/v1/topics", method=method).headers["Allow"]
    assert {name.strip() for name in allowed.split(",")} == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_long_body_is_refused(client: FlaskClient, method: str) -> None:
    response = client.open(f"{SEARCH}?q=a", method=method, data=b"x" * 70_000)
    document = response.get_json(force=True)
    assert (response.status_code, document["title"]) == (413, "Request Entity Too Large")
    assert document["detail"] == "The body has 70000 bytes."
    assert document["remedy"] == "Send at most 65536, in several requests if need be."


def test_failure_is_a_problem_that_tells_strangers_nothing(
    app: Flask, index: Index, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_query: object) -> NoReturn:
        raise RuntimeError("secret of /home/keeper")

    monkeypatch.setattr(index, "search", fail)
    document = problem(app.test_client(), f"{SEARCH}?q=a", 500)
    assert "secret" not in json.dumps(document)
    assert "secret of /home/keeper" in caplog.text


def test_problems_are_in_english_whatever_the_reader_prefers(client: FlaskClient) -> None:
    client.set_cookie("lang", "id")
    document = problem(client, f"{SEARCH}?q=a&k=ten", 400, headers={"Accept-Language": "id"})
    assert document["remedy"] == "Give a whole number from 1 to 100, or leave k out."


# Before anything is indexed


def test_search_before_anything_is_imported_says_what_to_run(tmp_path: Path) -> None:
    index = web_archive.open_index(tmp_path)
    document = problem(create_app({"INDEX": index}).test_client(), f"{SEARCH}?q=a", 503)
    index.close()
    assert document["type"] == "urn:telusur:problem:not-indexed"
    assert "telusur index" in document["remedy"]
    web_archive.fill(tmp_path, FLOOD)
    index = web_archive.open_index(tmp_path)
    client = create_app({"INDEX": index}).test_client()
    assert problem(client, "/api/v1/releases/banjir/similar", 503)["type"] == "urn:telusur:problem:not-indexed"
    index.close()


def test_damaged_generation_is_unavailable_and_its_path_kept_from_strangers(
    tmp_path: Path, index: Index, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "index" / "000001" / "meta.json").write_text("{", encoding="utf-8")
    document = problem(client, f"{SEARCH}?q=a", 503)
    assert document["type"] == "urn:telusur:problem:unusable"
    assert str(tmp_path) not in json.dumps(document)
    assert "cannot answer /api/v1/search" in caplog.text


# Health


def test_health_counts_what_can_be_found(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {
        "status": "ok",
        "generation": 1,
        "model": "counted",
        "paragraphs": 7,
        "releases": 3,
        "stale": False,
    }


def test_health_does_not_wait_for_the_encoder(tmp_path: Path, index: Index) -> None:
    def refuse(_name: str) -> NoReturn:
        raise AssertionError("the encoder was loaded")

    idle = web_archive.open_index(tmp_path, refuse)
    assert create_app({"INDEX": idle}).test_client().get("/healthz").status_code == 200
    idle.close()


def test_health_is_unavailable_until_something_is_indexed(tmp_path: Path) -> None:
    index = web_archive.open_index(tmp_path)
    client = create_app({"INDEX": index}).test_client()
    assert problem(client, "/healthz", 503)["type"] == "urn:telusur:problem:not-indexed"
    web_archive.fill(tmp_path, FLOOD)
    assert problem(client, "/healthz", 503)["type"] == "urn:telusur:problem:not-indexed"
    web_archive.build(tmp_path)
    assert client.get("/healthz").get_json()["releases"] == 1
    index.close()


# Headers


@pytest.mark.parametrize("path", [f"{SEARCH}?q=a", f"{SEARCH}?k=ten", "/healthz", "/api/nothing", "/", "/nothing"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-cache"


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    got, head = client.get(f"{SEARCH}?q=a"), client.head(f"{SEARCH}?q=a")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", got.headers["ETag"])
    assert client.head(f"{SEARCH}?k=0&q=a").status_code == 400
    options = client.options(SEARCH)
    assert (options.status_code, options.data) == (200, b"")
    assert {name.strip() for name in options.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS", "POST"}


def test_application_opens_the_archive_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web_archive.fill(tmp_path, FLOOD)
    web_archive.build(tmp_path)
    monkeypatch.setenv("TELUSUR_DATA", str(tmp_path))
    assert create_app().test_client().get("/healthz").get_json()["releases"] == 1
    monkeypatch.setenv("TELUSUR_DATA", str(tmp_path / "elsewhere"))
    assert create_app({"DATA_DIR": tmp_path}).test_client().get("/healthz").get_json()["releases"] == 1
