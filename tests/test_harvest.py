"""Sources harvested again and again from a site that does what sites do; the real WordPress is in test_wordpress_site.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import start_python
from sites import Asked, Reply, Site, redirect, robots

from archive import Release, Store
from archive.harvesting import MAX_ITEMS, harvest, open_fetcher, read_address, register
from archive.harvesting.discovery import NothingToHarvest, discover
from archive.harvesting.run import Report, Work
from archive.harvesting.sources import Sources
from archive.readers.common import Problem
from scripts.cli import main

PRIVATE = {"allow_private": True}
POSTS = "/wp-json/wp/v2/posts"
JSON = {"Content-Type": "application/json; charset=UTF-8"}
XML = {"Content-Type": "application/xml; charset=UTF-8"}


class Blog:
    """A WordPress of a few posts, as far as its interface shows them."""

    def __init__(self, site: Site, count: int = 0) -> None:
        self.site = site
        self.posts: dict[int, dict[str, Any]] = {}
        self.before: Callable[[Asked], Reply | None] = lambda _asked: None
        for number in range(1, count + 1):
            self.write(number)
        routes = {"namespaces": ["wp/v2"], "routes": {"/wp/v2/posts": {}}}
        site.on("/wp-json/", Reply(body=json.dumps(routes), headers=JSON))
        site.on("/", Reply(body="<html><head></head><body><p>Kota</p></body></html>"))
        site.on(POSTS, self.answer)

    def write(self, number: int, text: str = "Isi", day: str = "2023-03-21", at: int = 0) -> None:
        self.posts[number] = {
            "id": number,
            "link": f"{self.site.url}/{number}/",
            "status": "publish",
            "date": f"{day}T10:00:00",
            "date_gmt": f"{day}T03:00:00",
            "modified": f"{day}T10:00:{at:02}",
            "modified_gmt": f"{day}T03:00:{at:02}",
            "title": {"rendered": f"Judul {number}"},
            "_embedded": {"wp:term": [[{"taxonomy": "category", "name": "Berita"}]]},
            "content": {"rendered": f"<p>{text} nomor {number}.</p><p>Paragraf kedua.</p>", "protected": False},
        }

    def answer(self, asked: Asked) -> Reply:
        if (reply := self.before(asked)) is not None:
            return reply
        query = asked.query
        size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
        wanted = set(map(int, query["include"].split(","))) if "include" in query else self.posts.keys()
        found = [self.posts[key] for key in sorted(self.posts) if key in wanted]
        pages = -(-len(found) // size)
        if number > max(pages, 1):
            return Reply(400, json.dumps({"code": "rest_post_invalid_page_number"}), JSON)
        fields = query["_fields"].split(",") if "_fields" in query else None
        part = found[(number - 1) * size : number * size]
        shown = [{name: post[name] for name in fields or post} for post in part]
        return Reply(body=json.dumps(shown), headers={**JSON, "X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def add(store: Store, site: Site, kind: str = "auto", **options: Any) -> None:
    with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
        register(store, f"{site.url}/", fetcher, name="kota", kind=kind, options=PRIVATE | options)
    site.forget()


def run(store: Store, site: Site, max_items: int = MAX_ITEMS) -> Report:
    site.forget()
    with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
        return harvest(store, Sources(store.database).get("kota"), fetcher, max_items=max_items)


def counts(report: Report) -> dict[str, int]:
    names = ("listed", "fetched", "new", "changed", "unchanged", "gone", "back", "skipped", "failed")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def kept(store: Store) -> dict[str, tuple[str, int, bool]]:
    """Of each release by the path of its address: its first paragraph, its version, and whether it is gone."""
    ids = [row[0] for row in store.database.fetch("SELECT id FROM release")]
    found = [store.release(id) for id in ids]
    assert len({one.url for one in found}) == len(found)
    return {
        "/" + str(one.url).split("/", 3)[3]: (one.paragraphs[0].text, one.version, one.gone_at is not None) for one in found
    }


def bodies(site: Site) -> list[str]:
    """Which posts were asked for with their text."""
    return [one.query["include"] for one in site.asked if one.path.startswith(POSTS) and "_embed" in one.query]


def page(title: str, text: str) -> str:
    article = f"<article><h1>{title}</h1><time datetime='2023-03-21'>21 Maret 2023</time><p>{text}</p>"
    more = "<p>Kegiatan ini dihadiri seluruh camat dan lurah di lingkungan pemerintah kota.</p></article>"
    return f"<html lang='id'><head><title>{title}</title></head><body>{article}{more}</body></html>"


def urlset(site: Site, *pages: str | tuple[str, str]) -> Reply:
    entries = [one if isinstance(one, tuple) else (one, "") for one in pages]
    lines = [f"<url><loc>{site.url}{path}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</url>" for path, at in entries]
    xml = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(lines)}</urlset>'
    return Reply(body=xml, headers=XML)


def sitemap_index(site: Site, *children: str) -> Reply:
    lines = [f"<sitemap><loc>{site.url}{path}</loc></sitemap>" for path in children]
    xml = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(lines)}</sitemapindex>'
    return Reply(body=xml, headers=XML)


def rss(site: Site, *entries: tuple[str, str | None], etag: str | None = None) -> Reply:
    items = ""
    for path, text in entries:
        content = (
            f"<content:encoded><![CDATA[<p>{text}</p>]]></content:encoded>" if text else "<description>Ringkas.</description>"
        )
        link = f"{site.url}{path}"
        items += f"<item><title>Judul {path.strip('/')}</title><link>{link}</link><guid>{link}</guid>"
        items += f"<pubDate>Tue, 21 Mar 2023 03:00:00 +0000</pubDate>{content}</item>"
    namespace = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return Reply(
        body=f'<rss version="2.0" {namespace}><channel><title>Kota</title>{items}</channel></rss>',
        headers={"Content-Type": "application/rss+xml"},
        etag=etag,
    )


# WordPress


def test_posts_are_read_once_and_then_only_what_changed(store: Store, site: Site) -> None:
    blog = Blog(site, 120)
    add(store, site)
    assert counts(run(store, site)) == {"listed": 120, "fetched": 120, "new": 120}
    assert [len(one.split(",")) for one in bodies(site)] == [50, 50, 20]
    assert counts(run(store, site)) == {"listed": 120, "unchanged": 120}
    assert bodies(site) == []
    blog.write(7, "Isi baru", at=1)
    del blog.posts[8]
    blog.write(121)
    assert counts(run(store, site)) == {"listed": 120, "fetched": 2, "new": 1, "changed": 1, "unchanged": 118, "gone": 1}
    found = kept(store)
    assert (found["/7/"], found["/8/"]) == (("Isi baru nomor 7.", 2, False), ("Isi nomor 8.", 1, True))
    assert len(found) == 121
    blog.write(8)
    assert counts(run(store, site)) == {"listed": 121, "unchanged": 121, "back": 1}


def test_posts_that_move_to_another_page_meanwhile_are_not_taken_for_gone(store: Store, site: Site) -> None:
    blog = Blog(site, 150)
    add(store, site)
    run(store, site)

    def withdraw(asked: Asked) -> None:
        if asked.query.get("page") == "2":
            blog.posts.pop(3, None)  # so that number 101 is on the first page, which has been read

    blog.before = withdraw
    assert counts(run(store, site)) == {"listed": 150, "unchanged": 150}
    found = kept(store)
    assert [path for path, (_, _, is_gone) in found.items() if is_gone] == []
    blog.before = lambda _asked: None
    assert run(store, site).gone == 1
    assert [path for path, (_, _, is_gone) in kept(store).items() if is_gone] == ["/3/"]


def test_a_post_that_spoils_the_answer_for_all_is_found_by_halving(store: Store, site: Site) -> None:
    blog = Blog(site, 20)
    add(store, site)

    def fail(asked: Asked) -> Reply | None:
        asked_for = asked.query.get("include", "").split(",")
        return Reply(body="<b>Fatal error</b>", headers=JSON) if "13" in asked_for and "_embed" in asked.query else None

    blog.before = fail
    report = run(store, site)
    assert counts(report) == {"listed": 20, "fetched": 19, "new": 19, "failed": 1}
    assert [problem.source for problem in report.failures] == [f"{site.url}/13/"]
    blog.before = lambda _asked: None
    assert counts(run(store, site)) == {"listed": 20, "fetched": 1, "new": 1, "unchanged": 19}
    assert bodies(site) == ["13"]


def test_a_site_that_gives_ten_posts_at_a_time_is_read_whole(store: Store, site: Site) -> None:
    blog = Blog(site, 25)
    blog.before = lambda asked: Reply(400, "{}", JSON) if int(asked.query.get("per_page", 1)) > 10 else None
    add(store, site)
    assert counts(run(store, site)) == {"listed": 25, "fetched": 25, "new": 25}


def test_an_empty_list_is_taken_for_a_fault(store: Store, site: Site) -> None:
    blog = Blog(site, 5)
    add(store, site)
    run(store, site)
    blog.posts.clear()
    report = run(store, site)
    assert (counts(report), report.notes) == (
        {},
        ["lists no post any more, which looks like a fault of the site; nothing is taken for gone"],
    )


def test_no_more_posts_than_wanted_are_read(store: Store, site: Site) -> None:
    Blog(site, 250)
    add(store, site)
    report = run(store, site, max_items=150)
    assert report.new == 100
    assert report.notes == ["lists more than 150 posts; only so many are read: give a higher --max-items"]


def test_a_post_whose_address_changed_is_the_same_release(store: Store, site: Site) -> None:
    blog = Blog(site, 2)
    add(store, site)
    run(store, site)
    blog.posts[1]["link"] = f"{site.url}/pindah/"
    assert counts(run(store, site)) == {"listed": 2, "fetched": 1, "changed": 1, "unchanged": 1}
    assert kept(store) == {"/pindah/": ("Isi nomor 1.", 2, False), "/2/": ("Isi nomor 2.", 1, False)}
    assert counts(run(store, site)) == {"listed": 2, "unchanged": 2}


def test_a_release_that_the_keeper_removed_stays_out(store: Store, site: Site) -> None:
    blog = Blog(site, 2)
    add(store, site)
    run(store, site)
    (id,) = [row[0] for row in store.database.fetch("SELECT id FROM release WHERE url LIKE '%/1/'")]
    store.remove(id)
    blog.write(1, "Isi baru", at=1)
    report = run(store, site)
    assert (report.new, report.changed, report.removed_earlier) == (0, 0, 1)
    assert store.release(id).removed


def test_the_keeper_says_who_publishes(store: Store, site: Site) -> None:
    Blog(site, 1)
    add(store, site, agency="Diskominfo Kota Madiun")
    run(store, site)
    (row,) = store.database.fetch("SELECT agency FROM version")
    assert row[0] == "Diskominfo Kota Madiun"


# Sitemaps


def test_pages_of_sitemaps_are_read_once_and_then_only_what_changed(store: Store, site: Site) -> None:
    site.on("/sitemap.xml", sitemap_index(site, "/berita.xml", "/lain.xml", "/wp-sitemap-users-1.xml"))
    site.on("/berita.xml", urlset(site, ("/a/", "2023-03-21"), ("/b/", "2023-03-21")))
    site.on("/lain.xml", urlset(site, "/c/", "/daftar/"))
    for path, text in (("/a/", "Kali meluap semalam."), ("/b/", "Pasar ramai sekali."), ("/c/", "Apel pagi ini.")):
        site.on(path, Reply(body=page(f"Judul {path}", text), etag=f'"{path}"'))
    links = "".join(f"<li><a href='/{number}'>Berita yang cukup panjang nomor {number}</a></li>" for number in range(20))
    site.on("/daftar/", Reply(body=f"<html><title>Daftar</title><body><h1>Daftar</h1><ul>{links}</ul></body></html>"))
    add(store, site)
    assert counts(run(store, site)) == {"listed": 4, "fetched": 4, "new": 3, "skipped": 1}
    assert site.count("/wp-sitemap-users-1.xml") == 0, "authors are no releases"
    assert counts(run(store, site)) == {"listed": 4, "unchanged": 3}
    assert (site.count("/a/"), site.count("/c/")) == (0, 1), "what has no lastmod is asked for, if it changed"
    site.on("/berita.xml", urlset(site, ("/a/", "2023-03-22"), ("/d/", "2023-03-22")))
    site.on("/a/", Reply(body=page("Judul /a/", "Kali surut pagi ini.")))
    site.on("/d/", Reply(body=page("Judul /d/", "Upacara bendera hari ini.")))
    assert counts(run(store, site)) == {"listed": 4, "fetched": 2, "new": 1, "changed": 1, "unchanged": 1, "gone": 1}
    assert {path: (version, is_gone) for path, (_, version, is_gone) in kept(store).items()} == {
        "/a/": (2, False),
        "/b/": (1, True),
        "/c/": (1, False),
        "/d/": (1, False),
    }


@pytest.mark.parametrize(
    "reply", [Reply(404), Reply(410), Reply(body="<html><title>404</title><h1>Halaman tidak ditemukan</h1></html>")]
)
def test_a_page_that_is_no_longer_there_is_gone(store: Store, site: Site, reply: Reply) -> None:
    site.on("/sitemap.xml", urlset(site, "/a/", "/b/"))
    site.on("/a/", Reply(body=page("Judul", "Kali meluap semalam.")))
    site.on("/b/", reply)
    add(store, site)
    assert counts(run(store, site)) == {"listed": 2, "fetched": 2, "new": 1, "skipped": 1}
    site.on("/a/", reply)
    assert counts(run(store, site))["gone"] == 1
    assert kept(store)["/a/"] == ("Kali meluap semalam.", 1, True)
    assert run(store, site).gone == 0, "it is gone only once"
    site.on("/a/", Reply(body=page("Judul", "Kali meluap semalam.")))
    assert run(store, site).back == 1


def test_a_sitemap_that_is_not_changed_is_not_read_again(store: Store, site: Site) -> None:
    listing = urlset(site, ("/a/", "2023-03-21"), ("/b/", "2023-03-21"))
    site.on("/sitemap.xml", Reply(body=listing.body, headers=XML, etag='"1"'))
    site.on("/a/", Reply(body=page("Judul", "Kali meluap semalam.")))
    site.on("/b/", Reply(400))
    add(store, site)
    assert counts(run(store, site)) == {"listed": 2, "fetched": 1, "new": 1, "failed": 1}
    site.on("/b/", Reply(body=page("Judul b", "Pasar ramai sekali.")))
    assert counts(run(store, site)) == {"listed": 2, "fetched": 1, "new": 1, "unchanged": 1}
    assert site.paths == ["/robots.txt", "/sitemap.xml", "/b/"], "what failed is tried again"


def test_a_sitemap_that_fails_makes_nothing_gone(store: Store, site: Site) -> None:
    site.on("/sitemap.xml", sitemap_index(site, "/berita.xml"))
    site.on("/berita.xml", urlset(site, "/a/"))
    site.on("/a/", Reply(body=page("Judul", "Kali meluap semalam.")))
    add(store, site)
    run(store, site)
    site.on("/berita.xml", Reply(body="<html><body>Galat</body></html>"))
    report = run(store, site)
    assert (report.gone, report.failed) == (0, 1)
    site.on("/sitemap.xml", Reply(404))
    report = run(store, site)
    assert (report.gone, [one.source for one in report.failures]) == (0, [f"{site.url}/sitemap.xml"])


def test_an_endless_calendar_ends(store: Store, site: Site) -> None:
    site.on("/sitemap.xml", urlset(site, *(f"/kalender/{day}/" for day in range(500))))
    site.otherwise = lambda asked: (
        Reply(body=page(f"Agenda {asked.path}", f"Agenda {asked.path}")) if "kalender" in asked.path else Reply(404)
    )
    add(store, site)
    report = run(store, site, max_items=30)
    assert (counts(report), report.notes) == (
        {"listed": 30, "fetched": 30, "new": 30},
        ["lists more than 30 pages; only so many are read: give a higher --max-items"],
    )


def test_pages_that_all_claim_one_address_stay_apart(store: Store, site: Site) -> None:
    site.on("/sitemap.xml", urlset(site, "/a/", "/b/", "/c/"))
    for path, address in (("/a/", "https://lain.example/a/"), ("/b/", f"{site.url}/x/"), ("/c/", f"{site.url}/x/")):
        link = f"<link rel='canonical' href='{address}'>"
        site.on(path, Reply(body=page(f"Judul {path}", f"Isi siaran {path}").replace("</head>", f"{link}</head>")))
    add(store, site)
    assert counts(run(store, site)) == {"listed": 3, "fetched": 3, "new": 3}
    addresses = [row[0] for row in store.database.fetch("SELECT url FROM release ORDER BY url")]
    assert addresses == [f"{site.url}/a/", f"{site.url}/c/", f"{site.url}/x/"]


def test_pages_that_moved_up_while_a_harvest_was_stopped_are_not_taken_for_gone(
    store: Store, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [f"/{number}/" for number in range(60)]
    for path in paths:
        site.on(path, Reply(body=page(f"Judul {path}", f"Isi siaran {path}")))
    site.on("/sitemap.xml", urlset(site, *paths))
    add(store, site)
    run(store, site)
    keep, calls = Work.keep_cursor, 0

    def die(work: Work, cursor: str) -> None:
        nonlocal calls
        keep(work, cursor)
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Work, "keep_cursor", die)
    with pytest.raises(KeyboardInterrupt):
        run(store, site)
    monkeypatch.undo()
    site.on("/sitemap.xml", urlset(site, *paths[1:]))
    assert (run(store, site).gone, sum(site.count(path) for path in paths)) == (0, 19)
    assert run(store, site).gone == 1
    assert [path for path, (_, _, is_gone) in kept(store).items() if is_gone] == ["/0/"]


def test_pages_without_a_date_are_asked_for_though_their_sitemap_has_not_changed(store: Store, site: Site) -> None:
    listing = urlset(site, ("/a/", "2023-03-21"), "/b/", "/c/")
    site.on("/sitemap.xml", Reply(body=listing.body, headers=XML, etag='"1"'))
    for path in ("/a/", "/b/", "/c/"):
        site.on(path, Reply(body=page(f"Judul {path}", f"Isi siaran {path}")))
    add(store, site)
    run(store, site)
    site.on("/b/", Reply(body=page("Judul /b/", "Isi baru")))
    site.on("/c/", Reply(404))
    assert counts(run(store, site)) == {"listed": 3, "fetched": 1, "changed": 1, "unchanged": 1, "gone": 1}
    assert site.paths == ["/robots.txt", "/sitemap.xml", "/b/", "/c/"]
    site.on("/c/", Reply(body=page("Judul /c/", "Isi siaran /c/")))
    assert counts(run(store, site)) == {"listed": 3, "fetched": 1, "unchanged": 3, "back": 1}


def test_a_page_never_becomes_a_version_of_another(store: Store, site: Site) -> None:
    def claiming(path: str, text: str, address: str) -> Reply:
        link = f"<link rel='canonical' href='{site.url}{address}'>"
        return Reply(body=page(f"Judul {path}", text).replace("</head>", f"{link}</head>"))

    site.on("/sitemap.xml", urlset(site, "/a/", "/b/", "/c/", "/c/?cetak=1"))
    site.on("/a/", claiming("/a/", "Kali meluap semalam.", "/x/"))
    site.on("/b/", claiming("/b/", "Pasar ramai sekali.", "/x/"))
    site.on("/c/", claiming("/c/", "Apel pagi ini.", "/c/"))
    site.on("/c/?cetak=1", claiming("/c/", "Apel pagi ini.", "/c/"))
    add(store, site)
    assert counts(run(store, site)) == {"listed": 4, "fetched": 4, "new": 3, "unchanged": 1}
    site.on("/b/", claiming("/b/", "Pasar ramai, harga turun.", "/x/"))
    assert counts(run(store, site)) == {"listed": 4, "fetched": 1, "changed": 1, "unchanged": 3}
    site.on("/a/", claiming("/a/", "Kali surut.", "/c/"))
    assert run(store, site).changed == 1
    assert kept(store) == {
        "/a/": ("Kali surut.", 2, False),
        "/b/": ("Pasar ramai, harga turun.", 2, False),
        "/c/": ("Apel pagi ini.", 1, False),
    }


# Feeds


def test_a_feed_adds_and_changes_but_takes_nothing_for_gone(store: Store, site: Site) -> None:
    site.on("/feed/", rss(site, ("/a/", "Kali meluap."), ("/b/", None), etag='"1"'))
    site.on("/b/", Reply(body=page("Judul b", "Pasar ramai sekali.")))
    add(store, site, kind="feed")
    assert counts(run(store, site)) == {"listed": 2, "fetched": 2, "new": 2}
    assert counts(run(store, site)) == {"listed": 2, "unchanged": 2}
    assert site.paths == ["/robots.txt", "/feed/"]
    site.on("/feed/", rss(site, ("/a/", "Kali surut."), ("/c/", "Apel pagi."), etag='"2"'))
    assert counts(run(store, site)) == {"listed": 2, "fetched": 2, "new": 1, "changed": 1}
    assert kept(store) == {
        "/a/": ("Kali surut.", 2, False),
        "/b/": ("Pasar ramai sekali.", 1, False),
        "/c/": ("Apel pagi.", 1, False),
    }


def test_a_page_that_failed_is_read_though_the_feed_has_not_changed(store: Store, site: Site) -> None:
    site.on("/feed/", rss(site, ("/a/", None), etag='"1"'))
    site.on("/a/", Reply(400))
    add(store, site, kind="feed")
    assert counts(run(store, site)) == {"listed": 1, "failed": 1}
    site.on("/a/", Reply(body=page("Judul", "Kali meluap semalam.")))
    assert counts(run(store, site)) == {"listed": 1, "fetched": 1, "new": 1}


def test_a_page_that_failed_is_read_though_the_feed_names_it_no_longer(store: Store, site: Site) -> None:
    site.on("/feed/", rss(site, ("/a/", None)))
    site.on("/a/", Reply(400))
    add(store, site, kind="feed")
    assert counts(run(store, site)) == {"listed": 1, "failed": 1}
    site.on("/feed/", rss(site, ("/b/", "Apel pagi.")))
    assert counts(run(store, site)) == {"listed": 1, "fetched": 1, "new": 1, "failed": 1}
    site.on("/a/", Reply(body=page("Judul", "Kali meluap semalam.")))
    assert counts(run(store, site)) == {"listed": 1, "fetched": 2, "new": 1, "unchanged": 1}
    assert sorted(kept(store)) == ["/a/", "/b/"]


def test_feed_and_pages_and_posts_of_one_site_are_the_same_releases(store: Store, site: Site) -> None:
    Blog(site, 2)
    site.on("/feed/", rss(site, ("/1/", "Isi nomor 1.</p><p>Paragraf kedua."), ("/2/", "Isi nomor 2.</p><p>Paragraf kedua.")))
    add(store, site)
    run(store, site)
    with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
        source = register(store, f"{site.url}/feed/", fetcher, name="umpan", options=PRIVATE)
        assert counts(harvest(store, source, fetcher)) == {"listed": 2, "fetched": 2, "unchanged": 2}
    assert [topic for topic, _ in store.topics()] == ["Berita"], "which the feed does not say"
    assert len(kept(store)) == 2


# Finding out how


def found(site: Site, path: str = "/", kind: str = "auto") -> tuple[str, tuple[str, ...]]:
    with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
        discovered = discover(site.url + path, fetcher, kind)
    return discovered.kind, tuple(address.removeprefix(site.url) for address in discovered.addresses)


def test_wordpress_goes_before_feed_and_feed_before_sitemap(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.on("/", Reply(body="<html><link rel=alternate type='application/rss+xml' href='/umpan.xml'><p>Kota"))
    site.on("/sitemap.xml", urlset(site, "/a/"))
    assert found(site) == ("sitemap", ("/sitemap.xml",))
    site.on("/umpan.xml", rss(site, ("/a/", "Isi")))
    assert found(site) == ("feed", ("/umpan.xml",))
    data = ["--data", str(tmp_path)]
    assert main(["source", "add", f"{site.url}/", "--name", "kota", "--allow-private", *data]) == 0
    assert capsys.readouterr() == (
        f"kota: feed, {site.url}/umpan.xml\n",
        "a feed holds only the latest releases; for all that the site has, try --kind sitemap\n",
    )
    assert found(site, kind="sitemap") == ("sitemap", ("/sitemap.xml",))
    Blog(site, 1)
    assert found(site) == ("wordpress", (POSTS,))


def test_an_address_that_is_a_feed_or_a_sitemap_itself_is_taken(site: Site) -> None:
    Blog(site, 1)
    site.on("/umpan.xml", rss(site, ("/a/", "Isi")))
    site.on("/peta.xml", urlset(site, "/a/"))
    assert found(site, "/umpan.xml") == ("feed", ("/umpan.xml",))
    assert found(site, "/peta.xml") == ("sitemap", ("/peta.xml",))
    assert found(site, POSTS) == ("wordpress", (POSTS,))


def test_a_list_of_another_kind_of_post_or_of_one_category_is_taken(site: Site) -> None:
    site.on("/wp-json/wp/v2/siaran", Reply(body="[]", headers=JSON))
    site.on("/", Reply(body="[]", headers=JSON))
    assert found(site, "/wp-json/wp/v2/siaran?categories=5&per_page=10") == (
        "wordpress",
        ("/wp-json/wp/v2/siaran?categories=5",),
    )
    assert found(site, "/?rest_route=/wp/v2/siaran&page=2") == ("wordpress", ("/?rest_route=/wp/v2/siaran",))


def test_robots_txt_names_sitemaps(site: Site) -> None:
    site.on("/robots.txt", robots("", f"Sitemap: {site.url}/peta-1.xml", f"Sitemap: {site.url}/peta-2.xml"))
    site.on("/peta-1.xml", urlset(site, "/a/"))
    site.on("/peta-2.xml", urlset(site, "/b/"))
    assert found(site) == ("sitemap", ("/peta-1.xml", "/peta-2.xml"))


def test_a_wordpress_that_hides_its_posts_is_read_by_its_feed(site: Site) -> None:
    blog = Blog(site, 1)
    blog.before = lambda _asked: Reply(401, json.dumps({"code": "rest_forbidden"}), JSON)
    site.on("/feed/", rss(site, ("/1/", "Isi")))
    assert found(site) == ("feed", ("/feed/",))


def test_a_site_that_offers_nothing_says_what_was_tried(site: Site) -> None:
    site.on("/", Reply(body="<p>Kota"))
    with pytest.raises(
        NothingToHarvest, match=rf"^{site.url}/: no WordPress, feed or sitemap found; tried {site.url}/, .*/wp-json/"
    ):
        found(site)


def test_a_blog_below_a_folder_is_found(site: Site) -> None:
    Blog(site, 1)
    routes = {"routes": {"/wp/v2/posts": {}}}
    site.on("/berita/", Reply(body="<p>Berita"))
    site.on("/wp-json/", Reply(404))
    site.on("/berita/wp-json/", Reply(body=json.dumps(routes), headers=JSON))
    site.on(f"/berita{POSTS}", Reply(body="[]", headers=JSON))
    assert found(site, "/berita/") == ("wordpress", (f"/berita{POSTS}",))


# One address


def test_one_address_is_read_once(site: Site) -> None:
    site.on("/a/", Reply(body=page("Judul", "Kali meluap semalam.")))
    site.on("/feed", rss(site, ("/a/", "Isi"), ("/b/", None)))
    site.on("/sitemap.xml", urlset(site, "/a/"))
    with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
        (release,) = read_address(f"{site.url}/a/", fetcher)
        assert isinstance(release, Release)
        assert (release.title, release.url, release.source) == ("Judul", f"{site.url}/a/", f"{site.url}/a/")
        one, other = read_address(f"{site.url}/feed", fetcher)
        assert isinstance(one, Release)
        assert isinstance(other, Problem)
        assert "only a summary" in other.message
        (problem,) = read_address(f"{site.url}/sitemap.xml", fetcher)
        assert str(problem).endswith(f"harvest it: telusur source add {site.url}/sitemap.xml")
        (problem,) = read_address(f"{site.url}/tidak-ada", fetcher)
        assert str(problem) == f"{site.url}/tidak-ada: the site answers that there is no such page; check the address"


def test_addresses_are_imported_beside_files(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.on("/a/", Reply(body=page("Judul", "Isi paragraf yang cukup panjang untuk dibaca.")))
    site.on("/b.txt", Reply(body="Judul Lain\nIsi berkas.", headers={"Content-Type": "text/plain"}))
    (tmp_path / "c.txt").write_text("Judul Ketiga\nIsi.", encoding="utf-8")
    here = [f"{site.url}/a/", f"{site.url}/b.txt", str(tmp_path / "c.txt")]
    assert main(["import", "--data", str(tmp_path / "data"), "--allow-private", "--json", *here]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["new"], document["failed"], document["formats"]) == (3, 0, {"text": 2, "html": 1})
    assert main(["import", "--data", str(tmp_path / "data"), here[0]]) == 1
    assert "--allow-private" in capsys.readouterr().err


# Killed, stopped, locked

HARVEST = """
import os, signal, sys
from pathlib import Path
from archive import Store
from archive.harvesting import harvest, open_fetcher
from archive.harvesting.sources import Sources

path, url, moment, number, when = sys.argv[1:]
calls = 0

def die_in(owner, name):
    method = getattr(owner, name)
    def dying(*args, **kwargs):
        global calls
        calls += 1
        if calls == int(number) and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = method(*args, **kwargs)
        if name == "add":
            found = list(found)
        if calls == int(number):
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    setattr(owner, name, dying)

if moment == "add":
    die_in(Store, "add")
elif moment != "none":
    die_in(Sources, moment)
store = Store(Path(path))
with open_fetcher(url, {"allow_private": True}, pause_s=0) as fetcher:
    report = harvest(store, Sources(store.database).get("kota"), fetcher)
assert report.stopped is None, report.stopped
"""

MOMENTS = [
    ("add", 1, "before"),
    ("add", 1, "after"),
    ("keep", 1, "before"),
    ("keep", 2, "after"),
    ("see", 2, "before"),
    ("see", 1, "after"),
    ("keep_cursor", 1, "before"),
    ("keep_cursor", 1, "after"),
    ("add", 2, "after"),
    ("finish", 1, "before"),
]


def start(store: Store, site: Site, moment: str, number: int, when: str) -> subprocess.Popen[str]:
    return start_python(HARVEST, store.database.path, f"{site.url}/", moment, str(number), when)


def kill_at_ten_moments(store: Store, site: Site) -> None:
    for moment, number, when in MOMENTS:
        with start(store, site, moment, number, when) as process:
            _, err = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, f"{moment} {number} {when}: {err}"
    with start(store, site, "none", 0, "") as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_posts_survive_kills_at_ten_moments(store: Store, site: Site) -> None:
    blog = Blog(site, 700)
    add(store, site)
    kill_at_ten_moments(store, site)
    assert kept(store) == {f"/{number}/": (f"Isi nomor {number}.", 1, False) for number in blog.posts}
    assert store.counts().versions == 700
    assert len(bodies(site)) <= 14 + 7, "no batch but those under way is fetched again"
    assert counts(run(store, site)) == {"listed": 700, "unchanged": 700}


def test_pages_survive_kills_at_ten_moments(store: Store, site: Site) -> None:
    paths = [f"/{number}/" for number in range(160)]
    site.on("/sitemap.xml", sitemap_index(site, "/satu.xml", "/dua.xml"))
    site.on("/satu.xml", urlset(site, *paths[:80]))
    site.on("/dua.xml", urlset(site, *paths[80:]))
    for path in paths:
        site.on(path, Reply(body=page(f"Judul {path}", f"Isi siaran {path}")))
    add(store, site)
    kill_at_ten_moments(store, site)
    assert kept(store) == {path: (f"Isi siaran {path}", 1, False) for path in paths}
    assert store.counts().versions == 160
    assert sum(site.count(path) for path in paths) <= 160 + 2 * 20, "no chunk but that under way is fetched again"


def test_a_harvest_killed_while_it_waits_for_the_site_goes_on(store: Store, site: Site) -> None:
    blog = Blog(site, 120)
    add(store, site)
    running: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def kill(asked: Asked) -> None:
        if asked.query.get("page") == "2":
            started.wait(10)
            os.kill(running[0].pid, signal.SIGKILL)

    blog.before = kill
    with start(store, site, "none", 0, "") as process:
        running.append(process)
        started.set()
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    blog.before = lambda _asked: None
    assert counts(run(store, site)) == {"listed": 120, "fetched": 20, "new": 20, "unchanged": 100}


def busy(asked: Asked) -> Reply:
    return Reply(429, headers={"Retry-After": "3600"})


def test_a_busy_site_stops_its_own_harvest_and_no_other(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path)]
    with Site() as other:
        Blog(other, 2)
        blog = Blog(site, 150)
        for one, name in ((site, "a"), (other, "b")):
            assert main(["source", "add", f"{one.url}/", "--name", name, "--allow-private", *data]) == 0
        blog.before = lambda asked: busy(asked) if asked.query.get("page") == "2" else None
        capsys.readouterr()
        assert main(["harvest", "--all", "--pause", "0", *data]) == 1
        out, err = capsys.readouterr()
        assert [line.partition(";")[0] for line in out.splitlines()] == [
            "a: 100 listed, 100 fetched, 100 new, 0 changed, 0 unchanged, 0 gone, 0 failed",
            "b: 2 listed, 2 fetched, 2 new, 0 changed, 0 unchanged, 0 gone, 0 failed",
        ]
        assert err.startswith("a: stopped: ")
        assert "asks to come back in 3600 s" in err
        assert err.rstrip().endswith(" on)")
        assert main(["status", "--json", *data]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [(one["name"], one["releases"], bool(one["stopped"])) for one in told["sources"]] == [
            ("a", 100, True),
            ("b", 2, False),
        ]
        blog.before = lambda _asked: None
        site.forget()
        assert main(["harvest", "a", "--pause", "0", "--json", *data]) == 0
        (report,) = json.loads(capsys.readouterr().out)["sources"]
        assert (report["new"], report["unchanged"], report["gone"], report["stopped"]) == (50, 100, 0, None)
        assert [one.query.get("page") for one in site.asked if "_fields" in one.query and "orderby" in one.query] == ["1", "2"]


def test_a_second_harvest_at_the_same_time_leaves_it_to_the_first(
    store: Store, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    Blog(site, 1)
    add(store, site)
    data = store.database.path.parent
    with Sources(store.database).lock():
        assert main(["harvest", "--all", "--data", str(data)]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"telusur harvest: another harvest of {data} is running; nothing done\n")
    assert site.asked == []


def test_an_address_that_is_no_source_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harvest", "https://kota.example/", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "telusur harvest: no source 'https://kota.example/' (there are: none yet); add it: telusur source add URL --name NAME\n"
    )
    assert main(["harvest", "--all", "--data", str(tmp_path)]) == 1
    assert "there is no source yet; add one: telusur source add URL" in capsys.readouterr().err


def test_sources_are_listed_and_removed(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    Blog(site, 3)
    data = ["--data", str(tmp_path)]
    assert main(["source", "add", f"{site.url}/", "--allow-private", "--agency", "Humas", *data]) == 0
    assert capsys.readouterr().out == f"{site.host}: wordpress, {site.url}{POSTS}\n"
    assert main(["source", "add", f"{site.url}/", "--name", "lagi", "--allow-private", *data]) == 1
    assert "is there already" in capsys.readouterr().err
    main(["harvest", site.host, "--pause", "0", *data])
    capsys.readouterr()
    assert main(["source", "list", "--json", *data]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["sources"]
    assert (listed["name"], listed["kind"], listed["releases"], listed["options"]["agency"]) == (
        site.host,
        "wordpress",
        3,
        "Humas",
    )
    assert main(["source", "remove", site.host, *data]) == 0
    assert main(["source", "list", *data]) == 0
    out, err = capsys.readouterr()
    assert out == f"removed {site.host}; the releases stay in the archive\n"
    assert err == "there is no source yet; add one: telusur source add URL --name NAME\n"
    with closing(Store(tmp_path / "archive.sqlite")) as store:
        assert store.counts().releases == 3


def test_a_site_on_this_machine_needs_leave(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    Blog(site, 1)
    assert main(["source", "add", f"{site.url}/", "--data", str(tmp_path)]) == 1
    assert "add the source with --allow-private if it is your own network" in capsys.readouterr().err
    assert site.asked == []


def test_a_site_that_lives_elsewhere_is_named(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.on("/", redirect("https://kota-baru.example/"))
    assert main(["source", "add", f"{site.url}/", "--allow-private", "--data", str(tmp_path)]) == 1
    assert "register kota-baru.example as a source" in capsys.readouterr().err
    assert main(["source", "list", "--json", "--data", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"sources": []}


def test_status_tells_of_gaps_and_of_a_stale_index(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--data", str(data)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no sources; add one: telusur source add URL",
        "archive: 3 releases, 6 paragraphs, 3 versions",
        "years: 2021 1, 2023 1, undated 1",
        "months without a release: 2021-02 to 2023-02",
        "index: generation 1, 3 releases, up to date",
    ]
    with closing(Store(data / "archive.sqlite")) as store:
        store.remove("pasar")
    assert main(["status", "--json", "--data", str(data)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["index"]["stale"], told["removed"], told["gaps"]) == (True, 1, [{"from": "2021-02", "to": "2023-02"}])
