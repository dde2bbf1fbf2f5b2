"""Where a fetcher goes: to pages of its site, and nowhere that a redirect would lead it."""

from __future__ import annotations

import pytest
from fetchers import Clock, Names, clock, fetcher, names, site
from sites import Reply, Site, redirect

from archive.fetching import Fetcher, FetchError, Forbidden, Refused

__all__ = ["clock", "fetcher", "names", "site"]  # fixtures that these tests share


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://127.0.0.1/a", "only http and https are fetched"),
        ("file:///etc/passwd", "only http and https"),
        ("/berita", "only http and https"),
        ("", "only http and https"),
        ("http://", "this is not on 127.0.0.1"),
        ("http://[", "this is not on"),
        ("http://127.0.0.1:99999/", "this is not on"),
        ("http://127.0.0.1:x/", "this is no web address"),
        ("http://a\ud800/", "this is no web address"),
        ("http://kota.example/a", "this is not on 127.0.0.1:.* register its host as a source of its own"),
        ("http://127.0.0.1@kota.example/a", "holds a user name"),
        ("http://user:secret@127.0.0.1/a", "holds a user name"),
        ("http://127.0.0.1:22/", "this is not on"),
    ],
)
def test_only_web_pages_of_the_site_are_fetched(site: Site, fetcher: Fetcher, url: str, message: str) -> None:
    with pytest.raises(Forbidden, match=message) as caught:
        fetcher.get(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert site.asked == []


def test_redirects_are_followed(site: Site, fetcher: Fetcher) -> None:
    for number, status in enumerate((301, 302, 303, 307, 308)):
        site.on(f"/{number}", redirect(f"/{number + 1}#x", status))
    site.on("/5", Reply(body="sampai"))
    answer = fetcher.get(site.url + "/0")
    assert (answer.url, answer.content) == (site.url + "/5", b"sampai")
    assert site.paths == ["/robots.txt", "/0", "/1", "/2", "/3", "/4", "/5"]


def test_a_circle_of_redirects_ends(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", redirect("/a"))
    with pytest.raises(Refused, match=r"/a: more than 10 redirects"):
        fetcher.get(site.url + "/a")
    assert site.count("/a") == 11


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (
            "https://kota.example/a",
            "/a leads to https://kota.example/a: that is not on 127.0.0.1:.*register kota.example as a source",
        ),
        ("//kota.example/a", "register kota.example as a source"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("http://169.254.169.254/latest/meta-data", "that is not on"),
        ("http://[::ffff:127.0.0.1]/", "that is not on"),
        ("http://x@127.0.0.1/", "holds a user name"),
    ],
)
def test_a_redirect_elsewhere_is_not_followed(site: Site, fetcher: Fetcher, to: str, message: str) -> None:
    site.on("/a", redirect(to))
    with pytest.raises(Forbidden, match=message):
        fetcher.get(site.url + "/a")


def test_a_redirect_without_a_goal_is_refused(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(302))
    with pytest.raises(Refused, match="HTTP 302"):
        fetcher.get(site.url + "/a")


def test_a_redirect_to_nonsense_fails_in_one_line(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", redirect("http://[nonsense"))
    with pytest.raises(FetchError) as caught:
        fetcher.get(site.url + "/a")
    assert "\n" not in str(caught.value)


def test_www_makes_no_difference(site: Site, clock: Clock, names: Names) -> None:
    names |= {"kota.example": [["127.0.0.1"]], "www.kota.example": [["127.0.0.1"]]}
    site.on("/a", lambda asked: redirect(f"http://www.kota.example:{site.port}/b"))
    site.on("/b", Reply(body="isi"))
    for host in (f"kota.example:{site.port}", f"WWW.Kota.Example.:{site.port}", f"http://kota.example:{site.port}/berita"):
        with Fetcher(host, allow_private=True, sleep=clock.sleep, clock=clock) as fetcher:
            assert fetcher.get(f"http://KOTA.example:{site.port}/a").url == f"http://www.kota.example:{site.port}/b"
    assert [one.headers["host"] for one in site.asked[:4]] == [
        f"kota.example:{site.port}",
        f"kota.example:{site.port}",
        f"www.kota.example:{site.port}",
        f"www.kota.example:{site.port}",
    ]
