"""A real browser copies citations, and asks many questions."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from test_browser import page, site
from web_archive import QUOTE

pytestmark = pytest.mark.browser
__all__ = ["page", "site"]  # fixtures that these tests share

CITE = "/releases/asn-melayani/cite?p=1&v=1"
NEWSROOM = "“Wali Kota Tekankan ASN Harus Bermental Melayani” (siaran pers, Diskominfo, 21 Maret 2023, paragraf 2)."


def test_citation_is_copied_with_its_italics_and_said_to_be(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(CITE)
    page.get_by_role("button", name="Salin APA, edisi ke-7").click()
    expect(page.get_by_role("status")).to_have_text("Tersalin: APA, edisi ke-7")
    shown = page.locator("[data-copied]").nth(1).text_content()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    html = page.evaluate("navigator.clipboard.read().then(items => items[0].getType('text/html')).then(blob => blob.text())")
    assert "<cite" in html
    context.close()


def test_citation_is_copied_where_the_browser_keeps_its_clipboard_from_plain_http(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID")
    context.grant_permissions(["clipboard-read"])
    context.add_init_script("delete globalThis.ClipboardItem")
    page = context.new_page()
    page.goto(CITE)
    page.get_by_role("button", name="Salin BibTeX").click()
    expect(page.get_by_role("status")).to_have_text("Tersalin: BibTeX")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("@misc{telusur-asn-melayani-v1-p2,\n")
    context.close()


def test_citations_can_be_read_and_downloaded(page: Page) -> None:
    page.goto(CITE)
    expect(page.get_by_role("blockquote")).to_have_text(QUOTE)
    expect(page.locator("[data-copied]").first).to_contain_text(NEWSROOM)
    with page.expect_download() as download:
        page.get_by_role("link", name="Unduh .bib").click()
    assert download.value.suggested_filename == "telusur-asn-melayani-v1-p2.bib"
    page.get_by_role("link", name="Kembali ke paragraf 2").click()
    expect(page).to_have_url(re.compile(r"/releases/asn-melayani\?p=1&v=1#p1$"))


def test_many_questions_are_answered_and_downloaded(page: Page) -> None:
    page.goto("/batch")
    page.get_by_label("Pertanyaan, satu per baris").fill("ASN harus melayani\nbanjir merendam rumah")
    page.get_by_role("button", name="Cari semua").click()
    expect(page.get_by_role("row")).to_have_count(3)
    row = page.get_by_role("row").nth(1)
    expect(row.get_by_role("rowheader")).to_have_text("ASN harus melayani")
    expect(row.get_by_role("cell").nth(2)).to_have_text(QUOTE)
    expect(page.get_by_label("Pertanyaan, satu per baris")).to_have_value("ASN harus melayani\nbanjir merendam rumah")
    with page.expect_download() as download:
        page.get_by_role("button", name="Unduh XLSX").click()
    assert download.value.suggested_filename.startswith("telusur pertanyaan ")


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_is_wider_than_the_screen(browser: Browser, site: str, width: int) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(CITE)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto("/batch")
    page.get_by_label("Pertanyaan, satu per baris").fill(f"ASN harus melayani\n{'banjir' * 60}")
    page.get_by_role("button", name="Cari semua").click()
    expect(page.get_by_role("row")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
