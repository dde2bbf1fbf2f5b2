"""Every page of the site, and a small archive in which each shows all that it can: what tests look at, and screenshots too.

A new page joins by one line in `PAGES`; `test_accessibility` fails where one has been forgotten.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import web_archive
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab
from web_archive import FLOOD, HOSTILE, SERVE
from werkzeug.serving import make_server

from archive import Release, Store
from index import Index
from index.build import data_paths
from web import create_app

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LOCALES = {"id": "id-ID", "en": "en-GB"}
"""What a browser asks for, by the language that it is answered in."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: What it is called here, fit for a file's name.
        path: Where it stands in the archive of `fill`.
        status: What it answers with.
    """

    name: str
    path: str
    status: int = 200


PAGES = (
    Page("start", "/"),
    Page("results", "/?q=ASN+harus+melayani"),
    Page("results-filtered", "/?q=petugas+melayani&since=2022-01-01&topic=Sosial"),
    Page("results-further", "/?q=petugas+melayani&offset=10"),
    Page("results-by-words", "/?q=melayani&mode=kata&sort=newest"),
    Page("list", "/?topic=Sosial"),
    Page("results-below-the-line", "/?q=pasar&topic=Sosial"),
    Page("results-none", "/?q=melayani&topic=Tidak+ada"),
    Page("results-superseded", "/?q=melayani&versions=superseded"),
    Page("release", "/releases/asn-melayani"),
    Page("release-passage", "/releases/asn-melayani?p=1&q=ASN+harus+melayani"),
    Page("release-within", "/releases/asn-melayani?p=1&q=ASN+harus+melayani&within=melayani"),
    Page("release-old-version", "/releases/asn-melayani?v=1"),
    Page("release-hostile", "/releases/hostile?p=0&q=pasar"),
    Page("changes", "/releases/asn-melayani/changes?from=1&to=3"),
    Page("citation", "/releases/asn-melayani/cite?p=1&q=ASN+harus+melayani"),
    Page("similar-passages", "/releases/asn-melayani/similar?p=1&q=asn"),
    Page("similar-releases", "/releases/asn-melayani/similar"),
    Page("batch", "/batch"),
    Page("feed", "/feed?q=petugas+melayani&topic=Sosial"),
    Page("map", "/map"),
    Page("coverage", "/coverage"),
    Page("docs", "/api/docs"),
    Page("ranking", "/ranking"),
    Page("problem-parameter", "/?q=a&k=0", 400),
    Page("problem-missing", "/nothing", 404),
    Page("problem-removed", "/releases/dicabut", 410),
)

NOT_PAGES = frozenset(
    {
        "static",
        "metrics",
        "readiness",
        "feeds.atom",
        "map.data",
        "api.agencies",
        "api.export",
        "api.facets",
        "api.health",
        "api.openapi",
        "api.paragraph",
        "api.release",
        "api.releases",
        "api.search",
        "api.search_many",
        "api.similar",
        "api.sources",
        "api.status",
        "api.timeline",
        "api.topics",
        "api.version",
        "api.versions",
        "reference.attempt",
        "taking.cite_bibtex",
        "taking.export",
        "timeline.picture",
    }
)
"""Endpoints that answer with something else than a page."""

LONG = Release(
    "Rilis Panjang",
    "\n\n".join(f"Paragraf ke-{number}. " + "Kalimat pengisi tentang hal lain. " * 12 for number in range(20))
    + "\n\nKantor pelayanan buka sampai malam.",
    id="panjang",
    topic="Sosial",
)
ARCHIVE = (
    replace(FLOOD, agency="BPBD Kota", language="id", url="https://bpbd.example/2021/01/19/banjir/"),
    Release(
        "Banjir Merendam 412 Rumah",
        "Kali meluap dan banjir merendam 412 rumah.\n\nWarga mengungsi ke balai desa.",
        id="banjir-lagi",
        published="2021-01-20",
        topic="Kebencanaan",
        url="https://kota.example/2021/01/20/banjir/",
    ),
    HOSTILE,
    LONG,
    replace(SERVE, id="asn-lagi", url="https://berita.example/asn/", source="/press/asn-lagi.txt"),
    *web_archive.many(12),
)


def fill(data: Path) -> None:
    """Fill and index a data folder: releases with three versions, gone from their source, reposted, near-identical, removed."""
    for version, ending in enumerate(("Petugas melayani.", "Petugas melayani tanpa mengenal lelah.", "")):
        body = f"{SERVE.body[: SERVE.body.rindex('Petugas')]}{ending}" if ending else SERVE.body
        _add(data, replace(SERVE, body=body, agency="Diskominfo Kota"), fetched_at=f"2023-03-2{version + 1}T10:00:00+00:00")
    web_archive.fill(data, *ARCHIVE, Release("Dicabut", "Siaran pers ini dicabut.", id="dicabut"))
    store = Store(data_paths(data)[0])
    store.mark_gone(["asn-melayani"], "2024-01-01T00:00:00+00:00")
    store.remove("dicabut")
    store.close()
    web_archive.build(data)


def _add(data: Path, release: Release, fetched_at: str) -> None:
    store = Store(data_paths(data)[0])
    for _ in store.add([release], fetched_at):
        pass
    store.close()


@contextmanager
def served(index: Index) -> Iterator[str]:
    """Address of a server of an index, without a slash at its end."""
    server = make_server("127.0.0.1", 0, create_app({"INDEX": index}), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def sample_site(data: Path) -> Iterator[str]:
    """Address of a server of the archive that `fill` makes."""
    fill(data)
    index = web_archive.open_index(data)
    try:
        with served(index) as site:
            yield site
    finally:
        index.close()


def find_chromium() -> str:
    """Path of the browser; without one, tests are skipped but fail in continuous integration."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        give_up("no Chromium is installed (Debian: apt-get install chromium)")
    return found


def give_up(reason: str) -> NoReturn:
    """Skip a test for want of a tool; fail it in continuous integration, which installs every tool."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser."""
    executable = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_tab(browser: Browser, site: str, language: str = "id", **options: Any) -> Iterator[Tab]:
    """A tab of its own on a site. Its test fails if anything is blocked, missing, or asked of another host, or a script fails.

    Args:
        browser: Where to open it.
        site: Address of the site, without a slash at its end.
        language: Of the pages.
        options: Others of the browser's context.
    """
    context = browser.new_context(base_url=site, locale=LOCALES[language], **options)
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda sent: None if sent.url.startswith(site) else complaints.append(f"asked for {sent.url}"))
    try:
        yield tab
    finally:
        context.close()
    assert complaints == []
