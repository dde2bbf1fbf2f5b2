"""What comes of an address that is fetched, and how it is asked for."""

from __future__ import annotations

import time
from importlib.metadata import version

import pytest
from fetchers import Clock, clock, fetcher, open_fetcher, site
from sites import Asked, Reply, Site, redirect

from archive.fetching import Fetcher, Forbidden, Refused, Unavailable

__all__ = ["clock", "fetcher", "site"]  # fixtures that these tests share

AGENT = f"Telusur/{version('telusur')}"
SPRING = "Tue, 21 Mar 2023 01:00:00 GMT"


def test_a_page_comes_with_all_that_is_needed_to_ask_for_it_again(site: Site, fetcher: Fetcher) -> None:
    site.on(
        "/berita",
        Reply(
            body="<p>‘ASN’ melayani",
            headers={
                "Content-Type": 'Text/HTML; charset="UTF-8"',
                "Last-Modified": SPRING,
                "X-Wp-Total": "7",
            },
            etag='W/"1"',
        ),
    )
    answer = fetcher.get(site.url + "/berita#isi")
    assert (answer.url, answer.status, answer.content) == (site.url + "/berita", "ok", "<p>‘ASN’ melayani".encode())
    assert (answer.content_type, answer.charset, answer.headers["x-wp-total"]) == ("text/html", "utf-8", "7")
    assert (answer.etag, answer.last_modified) == ('W/"1"', SPRING)
    assert abs(time.time() - time.mktime(time.strptime(answer.fetched_at, "%Y-%m-%dT%H:%M:%S+00:00")) + time.timezone) < 5
    assert site.asked[-1].headers["user-agent"] == AGENT
    assert site.asked[-1].headers["host"] == site.host


def test_what_has_not_changed_is_not_sent_again(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(body="isi", etag='"1"'))
    answer = fetcher.get(site.url + "/a", etag='"1"', last_modified=SPRING)
    assert (answer.status, answer.content, answer.etag) == ("unchanged", b"", '"1"')
    assert answer.last_modified == SPRING
    assert site.asked[-1].headers["if-modified-since"] == SPRING
    assert fetcher.get(site.url + "/a", etag='"0"').content == b"isi"


@pytest.mark.parametrize("etag", ['"a\r\nX-Evil: 1"', "“1”", "", '"' + "x" * 2000])
def test_a_validator_that_no_header_can_hold_is_left_out(site: Site, fetcher: Fetcher, etag: str) -> None:
    site.on("/a", Reply(body="isi"))
    assert fetcher.get(site.url + "/a", etag=etag).status == "ok"
    assert not site.asked[-1].is_conditional


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_no_more_is_gone(site: Site, fetcher: Fetcher, status: int) -> None:
    site.on("/a", Reply(status, "tidak ada"))
    assert (fetcher.get(site.url + "/a").status, fetcher.get(site.url + "/a").content) == ("gone", b"")


@pytest.mark.parametrize("status", [401, 403, 451])
def test_what_the_site_refuses_is_forbidden(site: Site, fetcher: Fetcher, status: int) -> None:
    site.on("/a", Reply(status))
    with pytest.raises(Forbidden, match=rf"/a: the site refuses it \(HTTP {status}\); ask the site's keeper") as caught:
        fetcher.get(site.url + "/a")
    assert caught.value.http_status == status
    assert site.count("/a") == 1


@pytest.mark.parametrize("status", [201, 202, 204, 206, 300, 304, 400, 405, 418])
def test_an_answer_that_is_no_page_is_refused_with_its_status(site: Site, fetcher: Fetcher, status: int) -> None:
    site.on("/a", Reply(status, headers={"Content-Length": None} if status == 204 else {}))
    with pytest.raises(Refused, match=rf"/a: the site answers with HTTP {status}, not with a page") as caught:
        fetcher.get(site.url + "/a")
    assert caught.value.http_status == status
    assert site.count("/a") == 1


def test_a_contact_is_named(site: Site, clock: Clock) -> None:
    with open_fetcher(site, clock, contact="arsip@kota.example") as fetcher:
        fetcher.get(site.url + "/")
    assert site.asked[-1].headers["user-agent"] == f"{AGENT} (+arsip@kota.example)"


@pytest.mark.parametrize("contact", ["", "a\r\nX: 1", "Wali Kota ‘Tirta’", "a)b", "a" * 300])
def test_a_contact_that_no_header_can_hold_is_a_mistake(contact: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a header"):
        Fetcher("kota.example", contact=contact)


def test_one_connection_serves_all(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(body="isi", etag='"1"'))
    site.on("/b", redirect("/a"))
    for path, etag in [("/a", None), ("/a", '"1"'), ("/b", None), ("/none", None), ("/a", None)]:
        fetcher.get(site.url + path, etag=etag)
    assert {one.connection for one in site.asked} == {0}
    assert fetcher.requests == len(site.asked) == 7


def test_a_mistake_in_a_route_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), Site() as site, open_fetcher(site, clock := Clock()) as fetcher:  # noqa: PT012
        site.on("/a", lambda asked: Reply(1 // 0))
        with pytest.raises(Unavailable):
            fetcher.get(site.url + "/a")
    assert len(clock.slept) == 5


def test_the_site_tells_what_it_was_asked(site: Site, fetcher: Fetcher) -> None:
    def page(asked: Asked) -> Reply:
        return Reply(body=asked.query.get("page", "1"))

    site.on("/posts", page)
    site.on("/posts?page=9", Reply(400))
    assert [fetcher.get(f"{site.url}/posts{query}").content for query in ("", "?page=2")] == [b"1", b"2"]
    with pytest.raises(Refused):
        fetcher.get(site.url + "/posts?page=9")
    assert (site.count("/posts"), site.count("/posts?page=2")) == (3, 1)
