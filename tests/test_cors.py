"""Which other sites' pages may ask the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import web_archive
from flask.testing import FlaskClient
from web_archive import SERVE

from web import create_app

SEARCH = "/api/v1/search?q=melayani"
NEWS = "https://news.example"
PREFLIGHT = {"Origin": NEWS, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}

Open = Callable[..., FlaskClient]


@pytest.fixture
def open_to(tmp_path: Path) -> Iterator[Open]:
    with web_archive.opened(tmp_path, SERVE) as index:
        yield lambda *origins: create_app({"INDEX": index, "CORS_ORIGINS": origins}).test_client()


def allowed(client: FlaskClient, path: str, origin: str) -> str | None:
    with client.get(path, headers={"Origin": origin}) as response:
        return response.headers.get("Access-Control-Allow-Origin")


def test_nobody_may_by_default(open_to: Open) -> None:
    client = open_to()
    assert not [name for name, _ in client.get(SEARCH, headers={"Origin": NEWS}).headers if name.startswith("Access-Control")]
    assert not [name for name, _ in client.options(SEARCH, headers=PREFLIGHT).headers if name.startswith("Access-Control")]


def test_a_named_origin_may_and_others_may_not(open_to: Open) -> None:
    client = open_to(NEWS, "http://localhost:5173")
    assert allowed(client, SEARCH, NEWS) == NEWS
    assert allowed(client, SEARCH, "http://localhost:5173") == "http://localhost:5173"
    for other in ("https://news.example.org", "http://news.example", "https://evil-news.example", "null"):
        response = client.get(SEARCH, headers={"Origin": other})
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "origin" in response.vary.as_set()
    exposed = client.get(SEARCH, headers={"Origin": NEWS}).headers["Access-Control-Expose-Headers"]
    assert {"ETag", "RateLimit", "Retry-After", "X-Request-Id"} <= set(exposed.split(", "))


def test_errors_can_be_read_too(open_to: Open) -> None:
    assert allowed(open_to(NEWS), "/api/v1/search?k=ten", NEWS) == NEWS


def test_every_site_may_where_the_keeper_says_so_but_never_with_credentials(open_to: Open) -> None:
    response = open_to("*").get(SEARCH, headers={"Origin": NEWS})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "origin" not in response.vary.as_set()
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", ["/", "/?q=melayani", "/healthz", "/static/style.css"])
def test_pages_are_for_nobody_else(open_to: Open, path: str) -> None:
    assert allowed(open_to("*"), path, NEWS) is None


def test_preflight_says_what_may_be_sent(open_to: Open) -> None:
    response = open_to(NEWS).options(SEARCH, headers=PREFLIGHT)
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == NEWS
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Max-Age"] == "86400"
    refused = open_to("https://other.example").options(SEARCH, headers=PREFLIGHT)
    assert (refused.status_code, "Access-Control-Allow-Origin" in refused.headers) == (204, False)
    assert open_to(NEWS).options(SEARCH).status_code == 200  # no preflight: which methods there are


@pytest.mark.parametrize("origin", ["news.example", "https://news.example/", "https://*.example", "null", ""])
def test_what_is_no_origin_is_refused_at_the_start(open_to: Open, origin: str) -> None:
    with pytest.raises(ValueError, match="is no origin: write it as https"):
        open_to(origin)
