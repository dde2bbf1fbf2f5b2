"""Releases that attack the page: each looks like a harmless release of its shape, and what it says is shown as stored."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import every_page
import hostile
import openpyxl
import pytest
import web_archive
from flask.testing import FlaskClient
from hostile import ALARM, TEXTS, Twin
from playwright.sync_api import Browser, Page, expect

from archive import ArchivedRelease, Store
from index import Index
from index.build import data_paths
from scripts.cli import main
from web import create_app

pytestmark = pytest.mark.browser

STRUCTURE = """html => [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("*")]
    .map(each => [each.localName, ...each.getAttributeNames()].join(" "))"""


@contextmanager
def opened(data: Path, twins: Mapping[str, Twin]) -> Iterator[Index]:
    """The index of a new data folder that holds both versions of these releases."""
    web_archive.fill(data, *(twin.before for twin in twins.values()))
    web_archive.fill(data, *(twin.release for twin in twins.values()))
    web_archive.build(data)
    index = web_archive.open_index(data)
    try:
        yield index
    finally:
        index.close()


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with opened(tmp_path_factory.mktemp("hostile"), hostile.hostile()) as index:
        yield index


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with opened(tmp_path_factory.mktemp("harmless"), hostile.harmless()) as index:
        yield index


class Visitor:
    """A reader of one site who notes whatever a page did beyond showing text."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.site = site
        self.complaints: list[str] = []
        context = browser.new_context(base_url=site, locale="id-ID")
        context.on("page", lambda opened: self.complaints.append(f"opened {opened.url}") if opened is not self.tab else None)
        self.tab: Page | None = None
        self.tab = tab = context.new_page()
        self.complaints.clear()
        tab.set_default_timeout(60_000)
        tab.on("dialog", self._dismiss)
        tab.on("console", lambda said: self.complaints.append(f"console: {said.text}"))  # breaches of the policy, too
        tab.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        tab.on("request", lambda sent: None if sent.url.startswith(site) else self.complaints.append(f"asked for {sent.url}"))

    def _dismiss(self, dialog: object) -> None:
        self.complaints.append("a dialog")
        dialog.dismiss()  # type: ignore[attr-defined]

    def open(self, path: str) -> Page:
        """The page at an address, scripts run."""
        assert self.tab
        self.tab.goto(path, wait_until="load")
        # The browser itself notes an answer that is no success.
        self.complaints = [each for each in self.complaints if not each.startswith("console: Failed to load resource")]
        return self.tab


@pytest.fixture(scope="module")
def visitor(browser: Browser, attacked: Index) -> Iterator[Visitor]:
    """A reader of the attacked archive."""
    with every_page.served(attacked) as site:
        yield Visitor(browser, site)


@pytest.fixture(scope="module")
def parser(browser: Browser) -> Iterator[Page]:
    """A tab that takes HTML apart as a browser does."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def hostile_client(attacked: Index) -> FlaskClient:
    return create_app({"INDEX": attacked}).test_client()


@pytest.fixture(scope="module")
def harmless_client(peaceful: Index) -> FlaskClient:
    return create_app({"INDEX": peaceful}).test_client()


def built(parser: Page, client: FlaskClient, path: str, status: int = 200) -> list[str]:
    """Elements of a page in document order, each with the names of its attributes."""
    answer = client.get(path)
    assert answer.status_code == status, path
    return list(parser.evaluate(STRUCTURE, answer.text))


def paths(twin: Twin) -> dict[str, tuple[str, int]]:
    """Every page that shows a release, and the pages that repeat what stands in their address; with their status."""
    topic, text = str(twin.release.topic), twin.text[:150]
    return {
        "results": (f"/?{urlencode({'q': 'layanan kota', 'topic': topic})}", 200),
        "release": (f"/releases/{twin.id}", 200),
        "passage": (f"/releases/{twin.id}?p=1&q=layanan", 200),
        "within": (f"/releases/{twin.id}?{urlencode({'within': text[:90]})}", 200),
        "version": (f"/releases/{twin.id}?v=1", 200),
        "changes": (f"/releases/{twin.id}/changes", 200),
        "similar passages": (f"/releases/{twin.id}/similar?p=1", 200),
        "citation": (f"/releases/{twin.id}/cite?p=1&q=layanan", 200),
        "no such release": (f"/releases/{quote(text, safe='')}", 404),
        "no such parameter": (f"/?{urlencode({'q': text, 'k': text})}", 400),
        "no such topic": (f"/?{urlencode({'q': 'layanan', 'topic': f'Zat {text}'})}", 200),
    }


@pytest.mark.parametrize("name", TEXTS)
def test_pages_of_a_hostile_release_are_built_like_those_of_a_harmless_one(
    name: str, parser: Page, hostile_client: FlaskClient, harmless_client: FlaskClient
) -> None:
    other_paths = paths(hostile.harmless()[name])
    for page, (path, status) in paths(hostile.hostile()[name]).items():
        other_path, _ = other_paths[page]
        assert built(parser, hostile_client, path, status) == built(parser, harmless_client, other_path, status), page


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_release_does_nothing_in_a_browser_but_show_its_text(name: str, visitor: Visitor, attacked: Index) -> None:
    visitor.complaints.clear()
    twin = hostile.hostile()[name]
    for page in ("results", "changes", "similar passages", "citation", "no such parameter"):
        visitor.open(paths(twin)[page][0])
    stored = attacked.store.release(twin.id)
    tab = visitor.open(f"/releases/{twin.id}?p=1&q=layanan")
    assert tab.locator("h1").text_content() == stored.title
    for paragraph in stored.paragraphs:
        assert paragraph.text in str(tab.locator(f"#p{paragraph.position}").text_content())
    facts = {each.strip() for each in tab.locator("dl.record dd").all_text_contents()}
    assert {stored.topic, stored.agency, stored.author} <= facts
    assert visitor.complaints == []


def test_search_for_a_hostile_text_stays_a_search(
    visitor: Visitor, parser: Page, hostile_client: FlaskClient, harmless_client: FlaskClient
) -> None:
    def address(twin: Twin) -> str:
        return f"/?{urlencode({'q': twin.text[:2000]})}"

    ordinary = {each for twin in hostile.harmless().values() for each in built(parser, harmless_client, address(twin))}
    visitor.complaints.clear()
    for name, twin in hostile.hostile().items():
        assert set(built(parser, hostile_client, address(twin))) <= ordinary, name
        box = visitor.open(address(twin)).get_by_role("searchbox").first
        expect(box).to_have_value(twin.text[:2000].strip())
    assert visitor.complaints == []


def test_alarm_would_be_heard(browser: Browser, visitor: Visitor) -> None:
    visitor = Visitor(browser, visitor.site)
    assert visitor.tab
    visitor.tab.set_content(f"<img src=x onerror={ALARM}>")  # no policy stands on a page made here
    visitor.tab.wait_for_timeout(200)
    assert "a dialog" in visitor.complaints
    visitor.complaints.clear()
    visitor.open("/")
    visitor.tab.evaluate("html => { document.body.innerHTML = html }", f"<img src=/static/icon.svg onload={ALARM}>")
    visitor.tab.wait_for_timeout(200)
    assert [each for each in visitor.complaints if "Content Security Policy" in each]
    assert "a dialog" not in visitor.complaints


@pytest.mark.parametrize("name", TEXTS)
def test_endpoint_gives_the_text_stored(name: str, attacked: Index, hostile_client: FlaskClient) -> None:
    twin = hostile.hostile()[name]
    stored = attacked.store.release(twin.id)
    answer = hostile_client.get("/api/v1/search", query_string={"q": "layanan kota", "topic": stored.topic})
    (hit,) = answer.get_json()["hits"]
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (hit["release"]["title"], hit["release"]["topic"]) == (stored.title, stored.topic)
    assert hit["passage"] == stored.paragraphs[hit["paragraph"]].text


@pytest.mark.parametrize("name", ["formula", "formula-command"])
def test_no_cell_of_an_exported_table_is_a_formula(name: str, hostile_client: FlaskClient) -> None:
    topic = hostile.hostile()[name].release.topic
    searched = urlencode({"q": "layanan kota", "topic": topic})
    text = hostile_client.get(f"/export.csv?{searched}").get_data(as_text=True)
    _, row = csv.reader(io.StringIO(text))
    assert [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    book = openpyxl.load_workbook(io.BytesIO(hostile_client.get(f"/export.xlsx?{searched}").data))
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert any(str(cell.value).lstrip("'").startswith(hostile.TEXTS[name][:6]) for cell in cells)


def imported(data: Path, capsys: pytest.CaptureFixture[str], *lines: dict[str, str]) -> tuple[list[ArchivedRelease], str]:
    """What the archive holds of these lines of JSON, and what the command said of them."""
    file = data.parent / "releases.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    main(["import", str(file), "--data", str(data)])
    store = Store(data_paths(data)[0])
    known = {row.release_key for row in store.live_paragraphs()}
    found = [store.release(line["id"]) for line in lines if known and line["id"].startswith("h")]
    store.close()
    return found, capsys.readouterr().err


def test_hostile_texts_come_in_by_import_as_they_were_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        {"id": f"h{number}", "title": name, "body": f"Pembuka.\n\n{text}"}
        for number, (name, text) in enumerate(TEXTS.items())
        if name not in {"invisible", "right-to-left", "zalgo"}  # of what nobody sees, importing keeps less
    ]
    found, _ = imported(tmp_path / "data", capsys, *lines)
    assert {release.title: release.body for release in found} == {line["title"]: line["body"].strip() for line in lines}


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("title", "Judul\x00jahat", "U+0000"),
        ("body", "Isi\x1b[2Jjahat", "U+001B"),
        ("url", f"javascript:{ALARM}", "must be an http or https address"),
        ("url", f"data:text/html,<script>{ALARM}</script>", "must be an http or https address"),
        ("url", f" java\tscript:{ALARM}", "must be an http or https address"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    field: str, value: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"id": "x1", "title": "Judul", "body": "Isi.", "url": "https://kota.example/1/"} | {field: value}
    _, said = imported(tmp_path / "data", capsys, line)
    assert fault in said
