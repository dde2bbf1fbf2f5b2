"""Cursors: a list goes on where its last page ended, in one generation, or says why it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import web_archive
from flask.testing import FlaskClient
from web_archive import FLOOD, SERVE

from web import create_app

SEARCH = "/api/v1/search"
RELEASES = "/api/v1/releases"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, *web_archive.many(5)) as index:
        yield create_app({"INDEX": index}).test_client()


def walk(client: FlaskClient, path: str, entries: str) -> list[str]:
    """Ids of all entries of a list, page by page."""
    found: list[str] = []
    address: str | None = path
    while address:
        response = client.get(address)
        document = response.get_json()
        found += [one["release"]["id"] for one in document[entries]]
        address = document["next"]
        assert response.headers.get("Link") == (f'<{address}>; rel="next"' if address else None)
        assert (document["cursor"] is None) == (address is None)
    return found


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_following_next_leads_through_all_hits_once_and_in_order(client: FlaskClient, sort: str) -> None:
    whole = client.get(SEARCH, query_string={"q": "petugas melayani", "sort": sort}).get_json()["hits"]
    expected = [hit["release"]["id"] for hit in whole]
    assert walk(client, f"{SEARCH}?q=petugas+melayani&k=2&sort={sort}", "hits") == expected
    assert sorted(expected) == ["asn-melayani", "banjir", "r0", "r1", "r2", "r3", "r4"]


def test_following_next_leads_through_all_releases_by_date(client: FlaskClient) -> None:
    assert walk(client, f"{RELEASES}?k=3", "releases") == ["asn-melayani", "r4", "r3", "r2", "r1", "r0", "banjir"]
    assert walk(client, f"{RELEASES}?k=3&sort=oldest&topic=Sosial", "releases") == ["r0", "r1", "r2", "r3", "r4"]


def test_last_page_that_may_be_asked_for_leads_nowhere(client: FlaskClient) -> None:
    document = client.get(SEARCH, query_string={"q": "petugas", "offset": 10_000}).get_json()
    assert (document["next"], document["cursor"]) == (None, None)


def test_pages_come_from_the_generation_that_the_list_began_with(client: FlaskClient, tmp_path: Path) -> None:
    first = client.get(f"{SEARCH}?q=petugas+melayani&k=2&sort=newest").get_json()
    web_archive.fill(
        tmp_path, replace(SERVE, id="baru", title="Baru", body="Petugas melayani.", url=None, published="2026-01-01")
    )
    web_archive.build(tmp_path)
    second = client.get(first["next"]).get_json()
    assert (first["generation"], second["generation"]) == (1, 1)
    assert second["hits"][0]["rank"] == 3
    assert [hit["release"]["id"] for hit in second["hits"]] == ["r3", "r2"]
    assert client.get(f"{SEARCH}?q=petugas+melayani&k=2&sort=newest").get_json()["hits"][0]["release"]["id"] == "baru"


def test_list_of_releases_goes_on_in_the_generation_that_it_began_with(client: FlaskClient, tmp_path: Path) -> None:
    whole = [one["release"]["id"] for one in client.get(f"{RELEASES}?k=100").get_json()["releases"]]
    first = client.get(f"{RELEASES}?k=2").get_json()
    web_archive.fill(tmp_path, replace(FLOOD, id="baru", body="Lain.", url=None, published="2026-01-01"))
    web_archive.build(tmp_path)
    second = client.get(first["next"]).get_json()
    assert (first["generation"], second["generation"]) == (1, 1)
    assert [one["release"]["id"] for page in (first, second) for one in page["releases"]] == whole[:4]
    assert client.get(f"{RELEASES}?k=2").get_json()["releases"][0]["release"]["id"] == "baru"


@pytest.mark.parametrize("listing", [f"{SEARCH}?q=petugas+melayani&k=2", f"{RELEASES}?k=2"])
def test_cursor_of_a_closed_generation_is_gone(client: FlaskClient, tmp_path: Path, listing: str) -> None:
    first = client.get(listing).get_json()
    web_archive.fill(tmp_path, replace(FLOOD, id="baru", body="Lain."))
    web_archive.build(tmp_path)
    with_another_server = web_archive.open_index(tmp_path)
    response = create_app({"INDEX": with_another_server}).test_client().get(first["next"])
    with_another_server.close()
    assert response.status_code == 410
    document = response.get_json(force=True)
    assert (document["type"], document["parameter"]) == ("urn:telusur:problem:generation-gone", "cursor")
    assert (document["value"], document["remedy"]) == (first["cursor"], "Ask again from the start, without cursor.")


def cursor(client: FlaskClient) -> str:
    found: str = client.get(f"{SEARCH}?q=petugas+melayani&k=2").get_json()["cursor"]
    return found


def test_another_number_of_hits_a_page_is_the_same_list(client: FlaskClient) -> None:
    document = client.get(SEARCH, query_string={"q": "petugas melayani", "k": 4, "cursor": cursor(client)}).get_json()
    assert [hit["rank"] for hit in document["hits"]] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"q": "banjir"}, "belongs to another query"),
        ({"topic": "Sosial"}, "belongs to another query"),
        ({"sort": "newest"}, "belongs to another query"),
        ({"offset": 2}, "cannot stand beside offset"),
        ({"cursor": ""}, "not made by this endpoint"),
        ({"cursor": "A" * 20}, "not made by this endpoint"),
        ({"cursor": "A" * 24}, "not made by this endpoint"),
        ({"cursor": "é" * 20}, "not made by this endpoint"),
        ({"cursor": "%%%"}, "not made by this endpoint"),
    ],
)
def test_cursor_that_does_not_fit_is_refused(client: FlaskClient, changes: dict[str, Any], detail: str) -> None:
    asked = {"q": "petugas melayani", "cursor": cursor(client)} | changes
    document = client.get(SEARCH, query_string=asked).get_json(force=True)
    assert (document["status"], document["parameter"], document["value"]) == (400, "cursor", asked["cursor"])
    assert detail in document["detail"]
    assert "from the start" in document["remedy"]


def test_list_has_no_relevance_to_be_sorted_by(client: FlaskClient) -> None:
    document = client.get(f"{RELEASES}?sort=relevance").get_json(force=True)
    assert (document["status"], document["parameter"], document["value"]) == (400, "sort", "relevance")
