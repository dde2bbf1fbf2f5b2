"""A real browser searches, filters, opens a release and comes back."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import web_archive
from playwright.sync_api import Browser, Page, expect, sync_playwright
from web_archive import FLOOD, HOSTILE, SERVE
from werkzeug.serving import make_server

from web import create_app

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
QUOTE = "‘’ASN itu melayani bukan dilayani,’’ tegasnya."
WIDTHS = (360, 768, 1440)
PATHS = (
    "/",
    "/?q=pasar&topic=Sosial",
    "/?q=ASN+harus+melayani",
    "/?q=banjir",
    "/releases/asn-melayani?p=1&q=asn",
    "/releases/asn-melayani/similar?p=1&q=asn",
    "/ranking",
    "/?q=a&k=0",
    "/nothing",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        message = "no Chromium is installed (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with the small archive, a paragraph far down a long release in it."""
    data: Path = tmp_path_factory.mktemp("data")
    filler = "\n\n".join(f"Paragraf ke-{number}. " + "Kalimat pengisi tentang hal lain. " * 12 for number in range(20))
    body = f"{filler}\n\nKantor pelayanan buka sampai malam."
    long = web_archive.Release("Rilis Panjang", body, id="panjang", topic="Sosial")
    web_archive.fill(data, SERVE, FLOOD, HOSTILE, long, *web_archive.many(12))
    web_archive.build(data)
    index = web_archive.open_index(data)
    server = make_server("127.0.0.1", 0, create_app({"INDEX": index}), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    index.close()


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    """A page that fails its test if anything is blocked, missing, or asked of another host."""
    has_scripts = request.param == "with JavaScript"
    context = browser.new_context(base_url=site, locale="id-ID", java_script_enabled=has_scripts)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith(site) else complaints.append(f"asked for {sent.url}"))
    yield page
    context.close()
    assert complaints == []


def test_reader_goes_from_an_example_to_the_passage_and_back(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="ASN harus melayani").click()
    first = page.get_by_role("article").first
    expect(first.locator("blockquote")).to_have_text(QUOTE)
    expect(page.get_by_role("searchbox")).to_have_value("ASN harus melayani")
    first.get_by_role("link", name="Buka di arsip").click()
    expect(page).to_have_url(re.compile(r"/releases/asn-melayani\?p=1&v=1&q=ASN\+harus\+melayani#p1$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(SERVE.title)
    expect(page.locator("mark")).to_have_text(QUOTE)
    page.get_by_role("link", name="Kembali ke hasil").click()
    expect(page.get_by_role("article").first.locator("blockquote")).to_have_text(QUOTE)


def test_typed_query_and_filters_end_up_in_the_address(page: Page) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill("petugas melayani")
    page.get_by_text("Saring menurut periode dan topik").click()
    page.get_by_label("Dari").fill("2022-01-01")
    page.get_by_label("Sosial").check()
    page.get_by_role("button", name="Terapkan").click()
    expect(page).to_have_url(re.compile(r"\?q=petugas\+melayani&since=2022-01-01&(until=&)?topic=Sosial$"))
    expect(page.get_by_role("article")).to_have_count(10)
    expect(page.locator("details.filters")).to_have_attribute("open", "")
    expect(page.get_by_label("Sosial")).to_be_checked()
    page.get_by_role("link", name="Hapus saringan sejak 1 Januari 2022").click()
    expect(page).to_have_url(re.compile(r"\?q=petugas\+melayani&topic=Sosial$"))


def test_passage_far_down_is_scrolled_to(page: Page) -> None:
    page.goto("/?q=kantor+pelayanan+malam&topic=Sosial")
    page.get_by_role("heading", name="Rilis Panjang").get_by_role("link").click()
    expect(page.locator("mark")).to_have_text("Kantor pelayanan buka sampai malam.")
    expect(page.locator("mark")).to_be_in_viewport()


def test_further_passages_unfold(page: Page) -> None:
    page.goto("/?q=ASN+harus+melayani")
    further = page.get_by_role("link", name="Petugas melayani tanpa mengenal waktu.").first
    expect(further).to_be_hidden()
    page.get_by_text("+2 kutipan lain dari siaran pers ini").click()
    further.click()
    expect(page.locator("mark")).to_contain_text("Petugas melayani tanpa mengenal waktu.")


def test_language_switch_keeps_the_search(page: Page) -> None:
    page.goto("/?q=ASN+harus+melayani")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("searchbox", name="What are you looking for?")).to_have_value("ASN harus melayani")
    page.get_by_role("link", name="Open in the archive").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("link", name="Back to results")).to_be_visible()


def test_keyboard_alone_reaches_a_passage(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID")
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("searchbox")).to_be_focused()  # from the start, and a reader types later than this
    page.keyboard.type("ASN harus melayani")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Langsung ke isi")).to_be_focused()
    expect(page.get_by_role("link", name="Langsung ke isi")).to_be_in_viewport()
    opener = page.get_by_role("article").first.get_by_role("link", name="Buka di arsip")
    for _ in range(20):
        page.keyboard.press("Tab")
        if opener.evaluate("link => link === document.activeElement"):
            break
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("mark")).to_have_text(QUOTE)
    context.close()


def test_divider_parts_what_answers_from_what_does_not(page: Page) -> None:
    page.goto("/?q=melayani&offset=10")
    divider = page.get_by_role("heading", name="Di bawah garis ini: kemungkinan tidak menjawab")
    expect(divider).to_be_visible()
    line = divider.evaluate("each => each.getBoundingClientRect().top")
    answering = page.get_by_role("article").filter(has=page.locator(".band", has_text="kuat"))
    others = page.get_by_role("article").filter(has=page.locator(".band", has_text="lemah"))
    expect(answering).to_have_count(4)
    expect(others).to_have_count(2)
    assert answering.evaluate_all("all => Math.max(...all.map(each => each.getBoundingClientRect().bottom))") < line
    assert others.evaluate_all("all => Math.min(...all.map(each => each.getBoundingClientRect().top))") > line


def test_reader_goes_from_a_passage_to_similar_ones_and_back(page: Page) -> None:
    page.goto("/?q=ASN+harus+melayani")
    page.get_by_role("article").first.get_by_role("link", name="Serupa").click()
    expect(page).to_have_url(re.compile(r"/releases/asn-melayani/similar\?p=1&q=ASN\+harus\+melayani$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Kutipan serupa")
    expect(page.get_by_role("blockquote").first).to_have_text(QUOTE)
    expect(page.get_by_role("article").first.get_by_role("blockquote")).to_contain_text("layan")
    page.get_by_role("article").first.get_by_role("link", name="Buka di arsip").click()
    expect(page.get_by_role("heading", name="Siaran pers serupa")).to_be_visible()
    page.get_by_role("link", name="Kembali ke hasil").click()
    expect(page.get_by_role("article").first.locator("blockquote")).to_have_text(QUOTE)


@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sentence_and_words_look_different_even_without_colour(browser: Browser, site: str, scheme: str, forced: str) -> None:
    context = browser.new_context(
        base_url=site,
        locale="id-ID",
        color_scheme="dark" if scheme == "dark" else "light",
        forced_colors="active" if forced == "active" else "none",
    )
    page = context.new_page()
    page.goto("/?q=ASN+harus+melayani")
    style = "each => (({backgroundColor, fontWeight, textDecorationLine, borderBottomStyle}) => "
    style += "[backgroundColor, fontWeight, textDecorationLine, borderBottomStyle])(getComputedStyle(each))"
    legend = page.locator(".legend")
    ground, weight, line, border = legend.locator("mark").evaluate(style)
    assert (weight, line, border) == ("400", "none", "dotted" if forced == "active" else "none")
    assert ground != legend.evaluate(style)[0]
    _, weight, line, border = page.locator(".passage b").first.evaluate(style)
    assert (weight, line, border) == ("650", "underline", "none")
    context.close()


def test_fold_stays_as_its_reader_left_it(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID")
    page = context.new_page()
    page.goto("/?q=melayani")
    page.get_by_text("Saring menurut periode dan topik").click()
    page.get_by_role("link", name="Berikutnya").click()
    expect(page.locator("details.filters")).to_have_attribute("open", "")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_fit_their_width_and_fingers(browser: Browser, site: str, width: int, scheme: str) -> None:
    dark = scheme == "dark"
    context = browser.new_context(
        base_url=site, locale="id-ID", viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    for path in PATHS:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
        assert page.evaluate(_TOO_SMALL) == [], path
        brightness = page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
        assert (brightness < 128) is dark, path
    context.close()


_TOO_SMALL = """
[...document.querySelectorAll("a, button, input, summary")]
  .filter(each => each.checkVisibility() && !each.closest(".unseen, .skip"))
  .map(each => [each.getBoundingClientRect(), each.outerHTML])
  .filter(([box]) => box.height < 43.5 || box.width < 24)
  .map(([box, html]) => `${box.width} x ${box.height}: ${html}`)
"""
