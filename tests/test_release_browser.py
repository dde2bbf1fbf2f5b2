"""A real browser reads a release: from passage to passage, looking for words, copying links, on any screen and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

import every_page
import pytest
import web_archive
from playwright.sync_api import Browser, Page, expect
from web_archive import FLOOD, HOSTILE, MARKET, SEARCHED, SERVE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        web_archive.opened(tmp_path_factory.mktemp("data"), SERVE, FLOOD, HOSTILE, MARKET) as index,
        every_page.served(index) as site,
    ):
        yield site


@pytest.fixture
def reader(browser: Browser, site: str) -> Iterator[Page]:
    """A page with JavaScript and a clipboard; its test fails where a script does."""
    with every_page.open_tab(browser, site, permissions=["clipboard-read", "clipboard-write"]) as tab:
        yield tab


def test_keys_lead_from_passage_to_passage(reader: Page) -> None:
    reader.goto(SEARCHED + "#p3")
    reader.keyboard.press("n")
    expect(reader).to_have_url(re.compile(r"p=5&v=1&q=petugas\+melayani#p5$"))
    reader.keyboard.press("p")
    expect(reader).to_have_url(re.compile(r"p=3&v=1&q=petugas\+melayani#p3$"))
    reader.keyboard.press("?")
    expect(reader.get_by_text("kutipan berikutnya, sebelumnya")).to_be_visible()
    reader.get_by_role("checkbox", name="Pakai pintasan satu huruf").uncheck()
    reader.keyboard.press("Escape")
    reader.keyboard.press("n")
    expect(reader.locator("#p3.is-marked")).to_be_attached()


def test_words_are_found_while_one_types(reader: Page) -> None:
    reader.goto(SEARCHED)
    reader.keyboard.press("f")
    box = reader.get_by_role("searchbox", name="Kata di teks ini")
    expect(box).to_be_focused()
    reader.keyboard.type("pasar")
    place = reader.locator("output")
    expect(place).to_have_text("1 dari 3")
    expect(reader).to_have_url(re.compile(r"within=pasar#w1$"))
    reader.keyboard.press("Shift+Enter")
    expect(place).to_have_text("3 dari 3")
    expect(reader.locator(".found.is-current")).to_have_text("pasar")
    reader.keyboard.press("Enter")
    expect(place).to_have_text("1 dari 3")
    reader.reload()  # the same from the server
    expect(place).to_have_text("1 dari 3")
    box.focus()
    reader.keyboard.press("Escape")
    expect(box).to_have_value("")
    expect(reader.locator(".found")).to_have_count(0)
    expect(reader).to_have_url(re.compile(r"\?p=3&v=1&q=petugas\+melayani#p3$"))
    reader.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(reader.locator(".within summary")).to_be_focused()


@pytest.mark.parametrize("wanted", ["pasar", "cafe", '"pasar besar"', "lain buka", "senang. petugas", "\u0633", "zebra", "a"])
def test_browser_finds_what_the_server_finds(reader: Page, wanted: str) -> None:
    def found() -> list[str]:
        numbers = reader.locator(".found").evaluate_all("all => all.map(one => [one.dataset.number, one.textContent])")
        joined: dict[str, str] = {}
        for number, text in numbers:
            joined[number] = joined.get(number, "") + text
        return list(joined.values())

    reader.goto(SEARCHED.replace("p=3", "p=1"))
    reader.keyboard.press("f")
    reader.keyboard.insert_text(wanted)
    live = found()
    reader.reload()
    assert live == found()
    assert (live == []) == (wanted == "zebra")
    for paragraph, text in zip(reader.locator(".paragraph > p").all(), MARKET.body.split("\n\n"), strict=True):
        assert paragraph.text_content() == text


def test_words_are_found_without_javascript(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", java_script_enabled=False)
    tab = context.new_page()
    tab.goto(SEARCHED)
    tab.locator(".within summary").click()
    tab.get_by_role("searchbox", name="Kata di teks ini").fill("pasar")
    tab.locator(".within-form").get_by_role("button", name="Cari").click()
    expect(tab.locator("output")).to_have_text("1 dari 3")
    expect(tab).to_have_url(re.compile(r"\?p=3&v=1&q=petugas\+melayani&within=pasar#w1$"))
    tab.get_by_role("link", name="Temuan sebelumnya").click()
    expect(tab.locator("output")).to_have_text("3 dari 3")
    expect(tab.locator("#w3")).to_be_in_viewport()
    context.close()


def test_link_to_a_paragraph_is_copied_and_said(reader: Page, site: str) -> None:
    reader.goto(SEARCHED)
    reader.locator("#p4").hover()
    reader.locator("#p4 summary").click()
    reader.locator("#p4").get_by_role("link", name="Tautan tetap").click()
    expect(reader.get_by_role("status").filter(has_text="paragraf 5")).to_have_text("Tautan ke paragraf 5 sudah disalin.")
    assert reader.evaluate("navigator.clipboard.readText()") == f"{site}/releases/laporan?p=4&v=1#p4"
    expect(reader).to_have_url(re.compile(r"p=3&v=1"))


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_text_is_never_cut_nor_wider_than_68_letters(browser: Browser, site: str, width: int) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", viewport={"width": width, "height": 800})
    tab = context.new_page()
    for path in (SEARCHED, SEARCHED + "&within=pasar", "/releases/laporan", "/releases/asn-melayani?p=1&q=asn"):
        tab.goto(path)
        assert tab.evaluate("document.documentElement.scrollWidth") == width, path
        # The alphabet as often as Indonesian writes its letters is about half an em wide.
        letters = "document.querySelector('.release-text > div > p')"
        ems = tab.evaluate(f"{letters}.clientWidth / parseFloat(getComputedStyle({letters}).fontSize)")
        assert ems / 0.45 <= 68, path
        bar = tab.locator(".reading-bar")
        assert bar.evaluate("bar => [...bar.querySelectorAll('a, summary')].every(one => one.scrollHeight <= 60)"), path
    assert tab.locator("[dir=auto]").count() > 0
    context.close()


def test_arabic_runs_from_the_right_and_latin_from_the_left(reader: Page) -> None:
    reader.goto("/releases/laporan")
    direction = "one => getComputedStyle(one).direction"
    assert reader.locator("#p4 > p").evaluate(direction) == "rtl"
    assert reader.locator("#p3 > p").evaluate(direction) == "ltr"


def test_bar_covers_nothing_that_has_the_focus(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", viewport={"width": 360, "height": 500})
    tab = context.new_page()
    tab.goto(SEARCHED + "&within=pasar")
    tab.locator(".record a, .versions a, .release-foot a").last.focus()
    for _ in range(14):
        tab.keyboard.press("Shift+Tab")
        focused = tab.evaluate(
            """() => { const one = document.activeElement; const bar = document.querySelector(".within-form");
            return one.closest(".reading-bar, .masthead") || one === document.body
                ? null : [one.getBoundingClientRect().top - bar.getBoundingClientRect().bottom, one.outerHTML] }"""
        )
        assert focused is None or focused[0] >= 0, focused
    context.close()


def test_print_leaves_out_what_is_for_the_screen(reader: Page) -> None:
    reader.goto(SEARCHED)
    reader.emulate_media(media="print")
    for hidden in (".reading-bar", ".tools >> nth=3", ".masthead"):
        expect(reader.locator(hidden)).to_be_hidden()
    expect(reader.locator("#p3 > p")).to_be_visible()
