"""Sites to harvest that do what sites do, and what came of a harvest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sites import Asked, Reply, Site

from archive import Store
from archive.harvesting import MAX_ITEMS, harvest, open_fetcher, register
from archive.harvesting.run import Report
from archive.harvesting.sources import Sources

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
