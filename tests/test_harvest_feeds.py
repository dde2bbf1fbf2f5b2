"""Feeds harvested again and again."""

from __future__ import annotations

from blogs import PRIVATE, Blog, add, counts, kept, page, rss, run, site
from sites import Reply, Site

from archive import Store
from archive.harvesting import harvest, open_fetcher, register

__all__ = ["site"]  # the fixture that these tests share


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
