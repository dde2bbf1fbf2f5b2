"""Addresses of what the archive holds, and which addresses of others may be linked to."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlencode, urljoin, urlsplit

from flask import request, url_for

from archive import Passage
from web.parameters import Search

SEARCH_PATH = "/api/v1/search"
SIMILAR_PATH = "/api/v1/releases/<id>/similar"
HEALTH_PATH = "/healthz"
DOCS_PATH = "/api/docs"
READY_PATH = "/readyz"
METRICS_PATH = "/metrics"


def is_api(path: str) -> bool:
    """Whether programs, not people, read what stands at this path."""
    if path == DOCS_PATH or path.startswith(f"{DOCS_PATH}/"):
        return False
    return path == "/api" or path.startswith("/api/") or path in {HEALTH_PATH, READY_PATH, METRICS_PATH}


def absolute(path: str) -> str:
    """The address of a path, with the host that this request was sent to."""
    return urljoin(request.host_url, path)


def search_link(search: Search) -> str:
    """The page of a search."""
    return _carrying(url_for("pages.search"), search)


def passage_link(passage: Passage, search: Search | None = None) -> str:
    """Where a passage stands in its release: scrolled to and marked, in the version it was found in.

    The version is part of it because a paragraph's position holds for that version only.

    Args:
        passage: What to link to.
        search: The search that the release page shall lead back to.
    """
    return paragraph_link(passage.release.id, passage.release.version, passage.position, search)


def paragraph_link(release_id: str, version: int, position: int, search: Search | None = None) -> str:
    """Where a paragraph stands in one version of its release."""
    return f"{_carrying(url_for('pages.release', id=release_id, p=position, v=version), search)}#p{position}"


def similar_link(release_id: str, position: int | None = None, search: Search | None = None) -> str:
    """Where passages like a paragraph are listed, or, without a position, releases like a release."""
    return _carrying(url_for("pages.similar", id=release_id, p=position), search)


def cite_link(release_id: str, version: int, position: int | None = None, search: Search | None = None) -> str:
    """How to cite a paragraph of one version of a release or, without a position, that version."""
    return _carrying(url_for("taking.cite", id=release_id, p=position, v=version), search)


def web_address(url: str | None) -> str | None:
    """The address if a browser may follow it safely, that is, by http or https; else None."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in {"http", "https"} and parts.hostname else None


def _carrying(address: str, search: Search | None) -> str:
    """An address with a search in its query string."""
    asked = _query_string(search) if search else ""
    return f"{address}{'&' if '?' in address else '?'}{asked}" if asked else address


@lru_cache(1_024)
def _query_string(search: Search) -> str:
    """The same, remembered: fifty links of a page of results carry one search."""
    # As Flask writes one: what is safe needs no escape there.
    return urlencode(search.arguments(), doseq=True, safe="!$'()*,/:;?@")
