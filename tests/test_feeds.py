"""Searches as feeds, read by a feed reader's own parser, and the page that shows what one would hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import feedparser
import pytest
import web_archive
from flask.testing import FlaskClient
from lxml import etree
from web_archive import FLOOD, HOSTILE, SERVE

from archive import Release, Store
from web import create_app, feeds
from web.parameters import Search

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/feed.atom?q=melayani&mode=kata"


@contextmanager
def browsing(data: Path, *releases: Release) -> Iterator[FlaskClient]:
    with web_archive.opened(data, *releases) as index:
        yield create_app({"INDEX": index}).test_client()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    with browsing(tmp_path, SERVE, FLOOD) as client:
        yield client


def read(client: FlaskClient, path: str = FEED) -> Any:
    response = client.get(path, base_url="https://arsip.example")
    assert response.status_code == 200
    assert response.content_type == "application/atom+xml; charset=utf-8"
    found = feedparser.parse(response.data)
    assert not found.bozo
    return found


def ids(found: Any) -> list[str]:
    return [entry.id for entry in found.entries]


def test_a_feed_holds_the_passages_above_the_line(client: FlaskClient, tmp_path: Path) -> None:
    found = read(client)
    assert found.version == "atom10"
    assert found.feed.title == "melayani – Telusur"
    assert [link.href for link in found.feed.links if link.rel == "self"] == [
        "https://arsip.example/feed.atom?q=melayani&mode=kata"
    ]
    assert [link.href for link in found.feed.links if link.rel == "alternate"] == [
        "https://arsip.example/?q=melayani&mode=kata"
    ]
    # The title says it too, so that each paragraph below it does.
    opening, first, second = found.entries
    assert opening.link.endswith("p=0&v=1#p0")
    assert first.title == SERVE.title
    assert first.link == "https://arsip.example/releases/asn-melayani?p=1&v=1#p1"
    assert [link.href for link in first.links if link.rel == "via"] == [SERVE.url]
    assert [tag.term for tag in first.tags] == ["Kepegawaian"]
    assert "‘’ASN itu <b>melayani</b> bukan <b>dilayani</b>,’’ tegasnya." in re.sub(r"</?mark>", "", first.content[0].value)
    assert "21 Maret 2023" in first.content[0].value
    assert second.link.endswith("p=2&v=1#p2")
    assert re.fullmatch(r"urn:telusur:passage:asn-melayani:[0-9a-f]{32}", first.id)
    assert first.id != second.id
    store = Store(tmp_path / "archive.sqlite")
    imported_at = store.release("asn-melayani").imported_at
    store.close()
    assert first.updated == second.updated == found.feed.updated == imported_at


def test_it_has_what_the_standard_demands(client: FlaskClient) -> None:
    feed = etree.fromstring(client.get(FEED).data)
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *feed.iter(f"{ATOM}entry")):
        assert [len(element.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    moments = [element.text or "" for element in feed.iter(f"{ATOM}updated")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", moment) for moment in moments)


def test_entries_keep_their_ids_and_times_when_the_index_is_made_again(client: FlaskClient, tmp_path: Path) -> None:
    before = [(entry.id, entry.updated) for entry in read(client).entries]
    web_archive.fill(tmp_path, Release("Lain", "Kabar tentang pasar.", id="lain"))
    web_archive.build(tmp_path)
    assert [(entry.id, entry.updated) for entry in read(client).entries] == before


def test_what_comes_in_stands_on_top_once_it_is_indexed(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ids(read(client))
    monkeypatch.setattr("archive.adding.now", lambda: "2030-01-01T00:00:00+00:00")
    web_archive.fill(tmp_path, Release("Baru", "Bidan melayani warga.", id="baru"))
    assert ids(read(client)) == before
    web_archive.build(tmp_path)
    found = read(client)
    assert ids(found)[1:] == before
    assert (found.entries[0].title, found.feed.updated) == ("Baru", "2030-01-01T00:00:00+00:00")


def test_a_feed_ends_after_fifty_entries(tmp_path: Path) -> None:
    with browsing(tmp_path, *web_archive.many(60)) as client:
        assert len(read(client, "/feed.atom?q=warga&mode=kata").entries) <= feeds.MOST_ENTRIES


def test_a_feed_without_entries_is_a_feed(client: FlaskClient) -> None:
    found = read(client, "/feed.atom?q=melayani&mode=kata&topic=Tidak+ada")
    assert found.entries == []
    assert found.feed.updated
    assert "Tidak ada" in found.feed.subtitle


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    with browsing(tmp_path, HOSTILE, replace(FLOOD, body="Banjir \u202e]]> & <b>ramai</b> \ufffe sekali.")) as client:
        data = client.get("/feed.atom?q=ramai&mode=kata").data
    contents = {
        entry.findtext(f"{ATOM}title"): entry.findtext(f"{ATOM}content")
        for entry in etree.fromstring(data).iter(f"{ATOM}entry")
    }
    hostile = contents[HOSTILE.title] or ""
    assert "&lt;img src=x onerror=alert(1)&gt;" in hostile
    assert "<img" not in hostile
    assert "&lt;b&gt;Ekonomi&lt;/b&gt;" in hostile
    flood = contents[FLOOD.title] or ""
    assert "\u202e" not in flood
    assert "]]&gt; &amp; &lt;b&gt;" in flood
    assert "\ufffd" in flood


def test_a_feed_that_is_known_is_not_sent_again(client: FlaskClient, tmp_path: Path) -> None:
    first = client.get(FEED)
    tag, moment = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": moment}):
        again = client.get(FEED, headers=headers)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == tag
    web_archive.fill(tmp_path, Release("Baru", "Bidan melayani warga.", id="baru"))
    assert client.get(FEED, headers={"If-Modified-Since": moment}).status_code == 200
    web_archive.build(tmp_path)
    assert client.get(FEED, headers={"If-None-Match": tag}).status_code == 200


def test_a_removed_release_leaves_the_feed_at_once(client: FlaskClient, tmp_path: Path) -> None:
    tag = client.get(FEED).headers["ETag"]
    store = Store(tmp_path / "archive.sqlite")
    store.remove("asn-melayani")
    store.close()
    response = client.get(FEED, headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert b"<entry>" not in response.data


def test_page_and_order_make_no_other_feed(client: FlaskClient) -> None:
    plain, other = read(client), read(client, f"{FEED}&k=1&offset=1&sort=oldest")
    assert ids(other) == ids(plain)
    assert other.feed.id == plain.feed.id
    assert other.feed.links == plain.feed.links


@pytest.mark.parametrize("path", ["/feed.atom", "/feed"])
@pytest.mark.parametrize(
    ("query", "named"),
    [("", "q"), ("?q=", "q"), ("?q=a&versions=superseded", "versions"), ("?q=a&since=x", "since"), ("?q=-a", "q")],
)
def test_what_cannot_be_a_feed_is_refused(client: FlaskClient, path: str, query: str, named: str) -> None:
    response = client.get(path + query)
    assert response.status_code == 400
    assert named in response.text


def test_the_page_shows_address_entries_and_twelve_months(client: FlaskClient) -> None:
    html = client.get("/feed?q=melayani&mode=kata&topic=Kepegawaian", base_url="https://arsip.example").text
    assert "https://arsip.example/feed.atom?q=melayani&amp;mode=kata&amp;topic=Kepegawaian</a>" in html
    assert 'type="application/atom+xml"' in html
    assert "Dalam dua belas bulan terakhir tidak ada siaran pers yang menjawab." in html
    assert "/releases/asn-melayani?p=1&amp;v=1#p1" in html
    assert "Ikuti pencarian ini" in html
    english = client.get("/feed?q=melayani&mode=kata&lang=en", base_url="https://arsip.example").text
    assert "Follow this search" in english
    assert "/feed.atom?q=melayani&amp;mode=kata&amp;lang=en" in english


def test_the_page_counts_each_of_the_last_months(tmp_path: Path) -> None:
    today = date.today()
    fresh = Release("Baru", "Bidan melayani warga.", id="baru", published=today.isoformat())
    with browsing(tmp_path, SERVE, fresh) as client:
        html = client.get("/feed?q=melayani&mode=kata").text
    assert "Dalam dua belas bulan terakhir umpan ini akan memuat 1 siaran pers." in html
    assert html.count('<th scope="row">') == 12
    assert html.count('<rect width="100.0%"') == 1
    assert f"since={today.replace(day=1)}" in html


def test_months_count_what_was_published_in_them(tmp_path: Path) -> None:
    # One a day from 1 January 2022 on, 28 a month.
    with browsing(tmp_path, *web_archive.many(40)) as client, client.application.test_request_context():
        search = Search("petugas melayani warga")
        every = feeds._months(search, date(2022, 2, 10))
        late = feeds._months(search.during(date(2022, 1, 20), date(2022, 1, 22)), date(2022, 2, 10))
    assert [month.name for month in every[:2]] == ["Februari 2022", "Januari 2022"]
    assert every[11].name == "Maret 2021"
    assert len(every) == 12
    assert every[1].releases > every[0].releases > 0
    assert [month.share for month in every[1:3]] == [100, 0]
    assert [month.releases for month in late[:3]] == [0, 3, 0]
    assert late[1].search.filters.since == date(2022, 1, 20)
