"""Pages that sitemaps list, harvested again and again."""

from __future__ import annotations

import pytest
from blogs import XML, add, counts, kept, page, run, site, sitemap_index, urlset
from sites import Reply, Site

from archive import Store
from archive.harvesting.run import Work

__all__ = ["site"]  # the fixture that these tests share


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
