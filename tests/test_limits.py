"""How much one client may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import web_archive
from flask import Flask
from flask.testing import FlaskClient
from web_archive import SERVE

from index import Index
from web import create_app
from web.operations import limits
from web.operations.keys import FILE, Keys
from web.operations.limits import Buckets, Rate, Standing

SEARCH = "/api/v1/search?q=melayani"
STRANGER = {"REMOTE_ADDR": "203.0.113.7"}


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE) as index:
        yield index


@pytest.fixture
def app(index: Index) -> Flask:
    return create_app({"INDEX": index, "API_LIMIT": 4, "PAGE_LIMIT": 6})


def statuses(client: FlaskClient, path: str, times: int, address: str = "203.0.113.7", **headers: str) -> list[int]:
    found = []
    for _ in range(times):
        with client.get(path, environ_base={"REMOTE_ADDR": address}, headers=headers) as response:
            found.append(response.status_code)
    return found


# Buckets


def test_a_quiet_client_has_half_a_minutes_worth_and_it_flows_back() -> None:
    clock = Clock()
    buckets, rate = Buckets(clock=clock), Rate("api", 60)
    assert [buckets.take("a", rate).remaining for _ in range(30)] == list(range(29, -1, -1))
    assert buckets.take("a", rate) == Standing(is_allowed=False, remaining=0, full_in_s=30, retry_in_s=1)
    clock.now_s = 1.5
    assert buckets.take("a", rate) == Standing(is_allowed=True, remaining=0, full_in_s=30, retry_in_s=1)
    clock.now_s = 1000
    assert buckets.take("a", rate) == Standing(is_allowed=True, remaining=29, full_in_s=1, retry_in_s=0)


def test_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    buckets, rate = Buckets(clock=clock), Rate("api", 2)
    assert [buckets.take("a", rate).is_allowed for _ in range(50)] == [True] + 49 * [False]
    clock.now_s = 30
    assert buckets.take("a", rate).is_allowed


def test_clients_and_policies_have_buckets_of_their_own() -> None:
    buckets, rate = Buckets(clock=Clock()), Rate("api", 2)
    assert buckets.take("a", rate).is_allowed
    assert not buckets.take("a", rate).is_allowed
    assert buckets.take("b", rate).is_allowed
    assert buckets.take("a", Rate("pages", 2)).is_allowed


def test_only_the_clients_seen_last_are_kept_in_mind() -> None:
    buckets, rate = Buckets(most=2, clock=Clock()), Rate("api", 2)
    assert [buckets.take(client, rate).is_allowed for client in "abacab"] == [True, True, False, True, False, True]


def test_what_a_large_request_costs_has_to_flow_back() -> None:
    clock = Clock()
    buckets, rate = Buckets(clock=clock), Rate("api", 60)
    assert buckets.take("a", rate).is_allowed
    assert buckets.charge("a", rate, 99) == Standing(is_allowed=True, remaining=0, full_in_s=100, retry_in_s=71)
    clock.now_s = 70
    assert not buckets.take("a", rate).is_allowed
    clock.now_s = 71
    assert buckets.take("a", rate).is_allowed


# Requests


def test_a_stranger_is_told_where_he_stands_and_stopped(app: Flask) -> None:
    client = app.test_client()
    first = client.get(SEARCH, environ_base=STRANGER)
    assert first.status_code == 200
    assert first.headers["RateLimit-Policy"] == '"api";q=2;w=30'
    assert first.headers["RateLimit"] == '"api";r=1;t=15'
    assert statuses(client, SEARCH, 2) == [200, 429]
    refused = client.get(SEARCH, environ_base=STRANGER)
    assert refused.content_type == "application/problem+json"
    assert refused.headers["Retry-After"] == "15"
    assert refused.headers["RateLimit"] == '"api";r=0;t=30'
    assert refused.get_json() == {
        "type": "urn:telusur:problem:too-many-requests",
        "title": "Too many requests",
        "status": 429,
        "detail": "The limit is 4 requests a minute.",
        "remedy": "Try again after 15 seconds.",
    }
    assert statuses(client, SEARCH, 1, "203.0.113.8") == [200]


def test_pages_have_a_limit_of_their_own_and_say_so_in_the_readers_language(app: Flask) -> None:
    client = app.test_client()
    assert statuses(client, "/", 4) == [200, 200, 200, 429]
    assert statuses(client, SEARCH, 1) == [200]
    refused = client.get("/", environ_base=STRANGER)
    assert refused.headers["Content-Type"].startswith("text/html")
    assert "Coba lagi setelah 10 detik." in refused.text


@pytest.mark.parametrize("path", ["/static/style.css", "/healthz", "/readyz"])
def test_what_pages_and_machines_need_is_not_counted(app: Flask, path: str) -> None:
    assert statuses(app.test_client(), path, 9) == 9 * [200]


def test_this_machine_is_not_limited_unless_it_asks_for_another(app: Flask) -> None:
    client = app.test_client()
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        response = client.get(SEARCH, environ_base={"REMOTE_ADDR": address})
        assert "RateLimit" not in response.headers
        assert statuses(client, SEARCH, 5, address) == 5 * [200]
    assert statuses(client, SEARCH, 3, "127.0.0.1", **{"X-Forwarded-For": "198.51.100.1"}) == [200, 200, 429]


def test_a_network_of_ipv6_is_one_client(app: Flask) -> None:
    client = app.test_client()
    assert statuses(client, SEARCH, 2, "2001:db8:1:2::1") == [200, 200]
    assert statuses(client, SEARCH, 1, "2001:db8:1:2:ffff::9") == [429]
    assert statuses(client, SEARCH, 1, "2001:db8:1:3::1") == [200]


def test_nothing_is_limited_where_the_keeper_says_so(index: Index) -> None:
    client = create_app({"INDEX": index, "API_LIMIT": 0, "PAGE_LIMIT": 0}).test_client()
    assert statuses(client, SEARCH, 100) == 100 * [200]
    assert statuses(client, "/", 20) == 20 * [200]


def test_a_request_may_count_as_many(app: Flask) -> None:
    @app.get("/api/many")
    def many() -> str:
        limits.charge(5)
        return "ok"

    client = app.test_client()
    first = client.get("/api/many", environ_base=STRANGER)
    assert (first.status_code, first.headers["RateLimit"]) == (200, '"api";r=0;t=75')
    assert client.get("/api/many", environ_base=STRANGER).headers["Retry-After"] == "60"
    assert client.get("/api/many").status_code == 200  # this machine


# Keys


def test_a_key_has_a_limit_of_its_own(app: Flask, tmp_path: Path) -> None:
    keys = Keys(tmp_path / FILE)
    token, free = keys.create("Redaksi", 6), keys.create("Arsip Nasional", 0)
    client = app.test_client()
    shown = {"Authorization": f"Bearer {token}"}
    response = client.get(SEARCH, environ_base=STRANGER, headers=shown)
    assert response.headers["RateLimit-Policy"] == '"key";q=3;w=30'
    assert statuses(client, SEARCH, 3, "198.51.100.9", **shown) == [200, 200, 429]
    assert statuses(client, SEARCH, 1) == [200]
    assert statuses(client, SEARCH, 50, Authorization=f"Bearer {free}") == 50 * [200]
    keys.close()


def test_a_key_counts_from_its_making_to_its_end_without_a_restart(app: Flask, tmp_path: Path) -> None:
    client = app.test_client()
    assert statuses(client, SEARCH, 1, "127.0.0.1", Authorization="Bearer telusur_" + 43 * "x") == [401]
    keys = Keys(tmp_path / FILE)
    shown = {"Authorization": f"Bearer {keys.create('Redaksi')}"}
    assert statuses(client, SEARCH, 1, **shown) == [200]
    keys.revoke(["Redaksi"])
    assert statuses(client, SEARCH, 1, **shown) == [401]
    keys.close()


@pytest.mark.parametrize("token", ["", "x", "telusur_" + 43 * "x", "telusur_" + 43 * "'", "🔑"])
def test_a_wrong_key_is_refused_and_counts(app: Flask, token: str) -> None:
    client = app.test_client()
    headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    refused = client.get(SEARCH, environ_base=STRANGER, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="Telusur", error="invalid_token"'
    assert refused.get_json() == {
        "type": "urn:telusur:problem:unknown-key",
        "title": "The key is not valid",
        "status": 401,
        "detail": "The key in the Authorization header is unknown or was revoked.",
        "remedy": "Check the key, ask the archive's keeper for a new one, or leave that header out.",
    }
    assert statuses(client, SEARCH, 2, **headers) == [401, 429]


def test_a_proxys_own_password_is_no_key(app: Flask) -> None:
    client = app.test_client()
    assert statuses(client, SEARCH, 1, Authorization="Basic YTpi") == [200]
    assert statuses(client, "/", 1, Authorization="Bearer wrong") == [200]  # pages know no keys
