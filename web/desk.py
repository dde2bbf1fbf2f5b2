"""Where answers are made for others than the pages: at an open index, with the pages' own addresses and language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from flask import Flask, url_for

from index import Index
from web import language, links, pages


class Desk:
    """An open index, and the address under which people read it. Safe to share between threads."""

    def __init__(self, index: Index, base_url: str) -> None:
        """Take an index.

        Args:
            index: Shared by all who work here; it follows every generation that is published.
            base_url: Where `telusur serve` is reached, such as "https://arsip.example" or "http://127.0.0.1:8000".

        Raises:
            ValueError: The address is none that a browser can follow.
        """
        parts = urlsplit(base_url)
        if links.web_address(base_url) is None or parts.query or parts.fragment:
            raise ValueError(f"{base_url!r} is no address of a site: write it as https://arsip.example")
        self.index = index
        self._base_url = base_url
        # The pages are never served from here: they are what knows their addresses, and the words in both languages.
        self._app = Flask("web")
        language.init_app(self._app)
        self._app.register_blueprint(pages.blueprint)

    @contextmanager
    def at_work(self, language: str = "en") -> Iterator[None]:
        """Do something as if a reader with this language had asked the pages for it; addresses can be made only here."""
        with self._app.test_request_context(base_url=self._base_url, query_string={"lang": language}):
            yield


def permalink(id: str, version: int, position: int | None = None) -> str:
    """Absolute address of a paragraph, or of a whole release, in one version; at a desk at work only."""
    if position is None:
        return links.absolute(url_for("pages.release", id=id, v=version))
    return links.absolute(links.paragraph_link(id, version, position))
