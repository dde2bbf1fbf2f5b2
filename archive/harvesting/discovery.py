"""What a site offers to be harvested by: WordPress's own interface, else a feed, else a sitemap."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit, urlunsplit

from archive.fetching.answers import Answer, FetchError, Forbidden, SiteUnavailable
from archive.fetching.client import Fetcher
from archive.harvesting.posts import ACCEPT, join
from archive.readers import feed, html, page_text, sitemap, wordpress
from archive.readers.common import ParseError
from archive.records import ArchiveError

_POSTS = "wp/v2/posts"
_API = "https://api.w.org/"
_PAGING = {"_embed", "_fields", "context", "include", "offset", "order", "orderby", "page", "per_page"}
_FEED_TYPES = {"application/rss+xml", "application/atom+xml", "application/rdf+xml"}
_FEEDS = ("feed/", "rss", "rss.xml", "atom.xml", "feed.xml")
_SITEMAPS = ("sitemap.xml", "wp-sitemap.xml", "sitemap_index.xml", "sitemap.xml.gz", "sitemap.txt")
_MAX_TRIED = 8  # as many addresses as the message of a failure names


class NothingToHarvest(ArchiveError):
    """A site offers none of what can be harvested."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """How a site is harvested.

    Attributes:
        kind: "wordpress", "feed" or "sitemap".
        addresses: Of its posts, its feed, or its sitemaps.
    """

    kind: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """The address that was given, and what its page links to."""

    answer: Answer | None
    url: str
    links: tuple[tuple[str, str, str], ...] = ()  # rel, type, address
    fault: str | None = None

    def bases(self) -> Iterator[str]:
        """The folder of the address, then the root of the site."""
        parts = urlsplit(self.url)
        folder = parts.path.rpartition("/")[0] + "/"
        for path in dict.fromkeys((parts.path if parts.path.endswith("/") else folder, "/")):
            yield urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def discover(url: str, fetcher: Fetcher, kind: str = "auto") -> Discovered:
    """Look for what a site offers.

    Args:
        url: Its address, or that of its feed, sitemap or list of posts.
        fetcher: Of its host.
        kind: What to look for; "auto" is the first of WordPress, feed and sitemap.

    Raises:
        NothingToHarvest: It offers none of it; the message says what was tried.
        SiteUnavailable: It cannot be reached.
        Forbidden: The address itself must not be fetched, and nothing else of the site is of use.
    """
    tried: list[str] = []
    page = _look(url, fetcher, tried)
    steps: dict[str, Callable[[_Page, Fetcher, list[str]], Discovered | None]] = {
        "wordpress": _find_wordpress,
        "feed": _find_feed,
        "sitemap": _find_sitemap,
    }
    if page.answer is not None and (given := _recognise(page.answer)) and kind in {"auto", given.kind}:
        return given
    for name, find in steps.items():
        if kind in {"auto", name} and (found := find(page, fetcher, tried)):
            return found
    some = ", ".join(tried[:_MAX_TRIED]) + (f" and {len(tried) - _MAX_TRIED} more" if len(tried) > _MAX_TRIED else "")
    what = "no WordPress, feed or sitemap" if kind == "auto" else f"no {kind}"
    why = f" ({page.fault.removeprefix(f'{url}: ')})" if page.fault else ""
    raise NothingToHarvest(f"{url}: {what} found{why}; tried {some}. If it has one, give that address")


def _look(url: str, fetcher: Fetcher, tried: list[str]) -> _Page:
    tried.append(url)
    try:
        answer = fetcher.get(url)
    except SiteUnavailable:
        raise
    except Forbidden as error:
        if error.http_status is None:
            raise  # by robots.txt, or because it leads to another site or into a private network: so would the rest
        return _Page(None, url, fault=str(error))
    except FetchError as error:
        return _Page(None, url, fault=str(error))
    if answer.status != "ok":
        return _Page(None, url, fault="the site answers that there is no such page")
    links = [*_links_of_header(answer)]
    if answer.content_type is None or "html" in answer.content_type:
        links += _links_of_page(answer)
    return _Page(answer, answer.url, tuple(links))


def _recognise(answer: Answer) -> Discovered | None:
    """What an address is itself."""
    if _holds_posts(answer):
        return Discovered("wordpress", (_without_paging(answer.url),))
    for kind, holds in (("feed", _holds_feed), ("sitemap", _holds_sitemap)):
        if holds(answer):
            return Discovered(kind, (answer.url,))
    return None


def _without_paging(url: str) -> str:
    """The address of a list of posts, with what chooses among them: a category, or a route that is a parameter."""
    parts = urlsplit(url)
    chosen = [(name, value) for name, value in parse_qsl(parts.query) if name not in _PAGING]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(chosen, safe="/,"), ""))


def _find_wordpress(page: _Page, fetcher: Fetcher, tried: list[str]) -> Discovered | None:
    named = [address for rel, _, address in page.links if rel == _API]
    guessed = [f"{base}{path}" for base in page.bases() for path in ("wp-json/", "?rest_route=/")]
    for address in dict.fromkeys((*named, *guessed)):
        answer = _try(address, fetcher, tried, ACCEPT)
        if answer is None or not _has_posts_route(answer):
            continue
        posts = join_route(address, _POSTS)
        listed = _try(join(posts, {"per_page": "1", "_fields": "id,link"}), fetcher, tried, ACCEPT)
        if listed is not None and _holds_posts(listed):
            return Discovered("wordpress", (posts,))
    return None


def _find_feed(page: _Page, fetcher: Fetcher, tried: list[str]) -> Discovered | None:
    named = [address for rel, type, address in page.links if rel == "alternate" and type in _FEED_TYPES]
    # A page names the feed of its posts first, then that of its comments.
    named = [address for address in named if "/comments/" not in address]
    guessed = [f"{base}{path}" for base in page.bases() for path in _FEEDS]
    for address in dict.fromkeys((*named, *guessed)):
        answer = _try(address, fetcher, tried)
        if answer is not None and _holds_feed(answer):
            return Discovered("feed", (address,))
    return None


def _find_sitemap(page: _Page, fetcher: Fetcher, tried: list[str]) -> Discovered | None:
    try:
        named = [urljoin(page.url, address) for address in fetcher.sitemaps(page.url)]
    except SiteUnavailable:
        raise
    except FetchError:
        named = []
    found = [address for address in dict.fromkeys(named) if _is_sitemap(address, fetcher, tried)]
    if found:
        return Discovered("sitemap", tuple(found))
    for address in dict.fromkeys(f"{base}{path}" for base in page.bases() for path in _SITEMAPS):
        if _is_sitemap(address, fetcher, tried):
            return Discovered("sitemap", (address,))
    return None


def join_route(api: str, route: str) -> str:
    """The address of a route of WordPress's interface: "/wp-json/" or, with plain permalinks, "/?rest_route=/"."""
    return f"{api.rstrip('/')}/{route}"


def _try(address: str, fetcher: Fetcher, tried: list[str], accept: str | None = None) -> Answer | None:
    tried.append(address)
    try:
        answer = fetcher.get(address, accept=accept) if accept else fetcher.get(address)
    except SiteUnavailable:
        raise
    except FetchError:
        return None
    return answer if answer.status == "ok" else None


def _is_sitemap(address: str, fetcher: Fetcher, tried: list[str]) -> bool:
    answer = _try(address, fetcher, tried)
    return answer is not None and _holds_sitemap(answer)


def _holds_posts(answer: Answer) -> bool:
    if answer.content.lstrip()[:1] != b"[":
        return False
    try:
        listed = wordpress.parse_page(answer.content, answer.url)
    except ParseError:
        return False
    return all(one.key is not None for one in listed) and "/wp/v2/" in unquote(answer.url)


def _holds_feed(answer: Answer) -> bool:
    if not feed.recognises(answer.content[:4096]):
        return False
    try:
        feed.parse(answer.content, answer.url, answer.url)
    except ParseError:
        return False
    return True


def _holds_sitemap(answer: Answer) -> bool:
    try:
        found = sitemap.parse(answer.content, answer.url)
    except ParseError:
        return False
    return bool(found.pages or found.children)


def _has_posts_route(answer: Answer) -> bool:
    try:
        found: Any = json.loads(answer.content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, Mapping):
        return False
    routes, namespaces = found.get("routes"), found.get("namespaces")
    return (isinstance(routes, Mapping) and f"/{_POSTS}" in routes) or (isinstance(namespaces, list) and "wp/v2" in namespaces)


def _links_of_header(answer: Answer) -> Iterator[tuple[str, str, str]]:
    for part in answer.headers.get("link", "").split(","):
        address, _, parameters = part.partition(";")
        if f'rel="{_API}"' in parameters:
            yield _API, "", urljoin(answer.url, address.strip().strip("<>"))


def _links_of_page(answer: Answer) -> Iterator[tuple[str, str, str]]:
    root = page_text.parse(html.decode(answer.content, answer.charset))
    if root is None:
        return
    for link in root.iter("link"):
        address = (link.get("href") or "").strip()
        if address:
            for rel in (link.get("rel") or "").split():
                yield rel.lower(), (link.get("type") or "").strip().lower(), urljoin(answer.url, address)
