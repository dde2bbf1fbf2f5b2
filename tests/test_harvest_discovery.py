"""How a site, or one address, wants to be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from blogs import JSON, POSTS, PRIVATE, Blog, page, rss, site, urlset
from sites import Reply, Site, robots

from archive import Release
from archive.harvesting import open_fetcher, read_address
from archive.harvesting.discovery import NothingToHarvest, discover
from archive.readers.common import Problem
from scripts.cli import main

__all__ = ["site"]  # the fixture that these tests share


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
