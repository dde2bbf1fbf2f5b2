"""What robots.txt forbids, asks for and names."""

from __future__ import annotations

import pytest
from fetchers import Clock, Names, clock, fetcher, names, site
from hypothesis import given
from hypothesis import strategies as st
from sites import Asked, Reply, Site, redirect, robots

from archive.fetching import Fetcher, Forbidden, SiteUnavailable
from archive.fetching.robots import MAX_DELAY_S, parse

__all__ = ["clock", "fetcher", "names", "site"]  # fixtures that these tests share


def test_robots_txt_is_read_once_and_kept(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", robots("Disallow: /wp-admin/", "Allow: /wp-admin/admin-ajax.php"))
    site.on("/a", Reply(body="isi"))
    with pytest.raises(
        Forbidden, match=r"/wp-admin/x: robots\.txt keeps robots out of it; ask the site's keeper to allow Telusur"
    ):
        fetcher.get(site.url + "/wp-admin/x")
    assert fetcher.get(site.url + "/a").status == "ok"
    assert fetcher.get(site.url + "/wp-admin/admin-ajax.php").status == "gone"
    assert site.paths == ["/robots.txt", "/a", "/wp-admin/admin-ajax.php"]


def test_a_group_of_our_own_goes_before_that_of_all(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", Reply(body="User-agent: telusur\nAllow: /\n\nUser-agent: *\nDisallow: /"))
    assert fetcher.get(site.url + "/a").status == "gone"


def test_a_redirect_into_what_robots_txt_forbids_is_not_followed(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", robots("Disallow: /rahasia"))
    site.on("/a", redirect("/rahasia"))
    with pytest.raises(Forbidden, match=r"robots\.txt"):
        fetcher.get(site.url + "/a")
    assert site.count("/rahasia") == 0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401), Reply(403), Reply(404), Reply(410), Reply(204, headers={"Content-Length": None}), redirect("/robots.txt"),
        redirect("https://kota.example/robots.txt"), Reply(body="<!DOCTYPE html><p>Selamat datang"),
        Reply(body=b"\x00\xff\xfe" * 999), Reply(body=b"User-agent: *\nCrawl-delay: nan\nRequest-rate: 1/0\nDisallow"),
    ],
)  # fmt: skip
def test_without_a_robots_txt_all_is_allowed(site: Site, fetcher: Fetcher, reply: Reply) -> None:
    site.on("/robots.txt", reply)
    assert fetcher.get(site.url + "/a").status == "gone"


def test_a_robots_txt_elsewhere_on_the_site_counts(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", redirect("/en/robots.txt"))
    site.on("/en/robots.txt", robots("Disallow: /a"))
    with pytest.raises(Forbidden, match=r"robots\.txt"):
        fetcher.get(site.url + "/a")


def test_a_robots_txt_under_the_other_name_is_read_once(site: Site, clock: Clock, names: Names) -> None:
    names |= {"kota.example": [["127.0.0.1"]], "www.kota.example": [["127.0.0.1"]]}
    www = f"www.kota.example:{site.port}"

    def move(asked: Asked) -> Reply:
        return Reply(body="isi") if asked.headers["host"] == www else redirect(f"http://{www}{asked.path}")

    site.otherwise = move
    with Fetcher(www, allow_private=True, sleep=clock.sleep, clock=clock) as fetcher:
        assert fetcher.get(f"http://kota.example:{site.port}/a").content == b"isi"
    assert site.paths == ["/robots.txt", "/robots.txt", "/a", "/a"]


def test_of_an_endless_robots_txt_the_start_counts(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", Reply(body="User-agent: *\nDisallow: /a\n" + "# \n" * 400_000, gzip=True))
    with pytest.raises(Forbidden, match=r"robots\.txt"):
        fetcher.get(site.url + "/a")


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), Reply(reset=True), Reply(body="User-agent", cut=4)])
def test_while_robots_txt_fails_nothing_is_read(site: Site, fetcher: Fetcher, reply: Reply) -> None:
    site.on("/robots.txt", reply)
    for _ in range(2):
        with pytest.raises(
            SiteUnavailable, match=r"/robots\.txt: .*even at the 5th attempt; try again later; without it nothing"
        ):
            fetcher.get(site.url + "/a")
    assert site.paths == ["/robots.txt"] * 5


@pytest.mark.parametrize(
    ("lines", "pause_s"),
    [
        (("Crawl-delay: 2.5",), 2.5),
        (("Crawl-delay: 0.1",), 0.5),
        (("Crawl-delay: 86400",), 60),
        (("Request-rate: 1/10",), 10),
        (("Request-rate: 2/1m",), 30),
        (("Crawl-delay: 3", "Request-rate: 1/1s 0100-0200"), 3),
        ((), 0.5),
    ],
)
def test_the_pauses_that_robots_txt_asks_for_are_kept(
    site: Site, fetcher: Fetcher, clock: Clock, lines: tuple[str, ...], pause_s: float
) -> None:
    site.on("/robots.txt", robots(*lines, "Disallow: /x"))
    for _ in range(3):
        fetcher.get(site.url + "/a")
    assert clock.slept == [pause_s] * 3


def test_a_pause_that_has_passed_anyway_is_not_made(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    fetcher.get(site.url + "/a")
    clock.now += 0.4
    fetcher.get(site.url + "/a")
    clock.now += 3
    fetcher.get(site.url + "/a")
    assert clock.slept == [0.5, 0.1]


def test_the_pause_is_measured_from_the_end_of_the_last_answer(site: Site) -> None:
    site.on("/a", Reply(delay_s=0.2))
    with Fetcher(site.host, allow_private=True, pause_s=0.15) as fetcher:
        fetcher.get(site.url + "/a")
        fetcher.get(site.url + "/a")
    first, second, third = (one.at for one in site.asked)
    assert second - first >= 0.15
    assert third - second >= 0.35


def test_sitemaps_are_named(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", robots("Sitemap: https://kota.example/a.xml", "sitemap: /b.xml"))
    assert fetcher.sitemaps(site.url + "/x") == ("https://kota.example/a.xml", "/b.xml")
    assert fetcher.sitemaps(site.url) == ("https://kota.example/a.xml", "/b.xml")
    assert site.paths == ["/robots.txt"]
    with pytest.raises(Forbidden, match="not on"):
        fetcher.sitemaps("https://kota.example")


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: ("User-agent: *\n" + text).encode()))
def test_no_robots_txt_is_too_strange(content: bytes) -> None:
    rules = parse(content)
    assert 0 <= rules.delay_s <= MAX_DELAY_S
    assert rules.allow("https://kota.example/berita?x=%zz") in (True, False)


def test_numbers_of_any_length_are_delays() -> None:
    nines = "9" * 4000
    assert parse(f"User-agent: *\nRequest-rate: 1/{nines}\nCrawl-delay: {nines}".encode()).delay_s == 60
    assert parse(f"User-agent: *\nRequest-rate: {nines}/1".encode()).delay_s == 0
