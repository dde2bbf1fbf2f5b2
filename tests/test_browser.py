"""A real browser searches, filters, opens a release and comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import every_page
import pytest
import web_archive
from playwright.sync_api import Browser, Page, expect
from web_archive import FLOOD, HOSTILE, QUOTE, SERVE

pytestmark = pytest.mark.browser

WIDTHS = (360, 768, 1440)
PATHS = (
    "/",
    "/?q=pasar&topic=Sosial",
    "/?q=ASN+harus+melayani",
    "/?q=banjir",
    "/releases/asn-melayani?p=1&q=asn",
    "/releases/asn-melayani/similar?p=1&q=asn",
    "/?topic=Sosial",
    "/?q=melayani&topic=Sosial&since=2022-01-01&sort=oldest",
    "/ranking",
    "/?q=a&k=0",
    "/nothing",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with the small archive, a paragraph far down a long release in it."""
    releases = (SERVE, FLOOD, HOSTILE, every_page.LONG, *web_archive.many(12))
    with web_archive.opened(tmp_path_factory.mktemp("data"), *releases) as index, every_page.served(index) as site:
        yield site


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    """A page that fails its test if anything is blocked, missing, or asked of another host."""
    with every_page.open_tab(browser, site, java_script_enabled=request.param == "with JavaScript") as page:
        yield page


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def has_scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def scripted(browser: Browser, site: str) -> Iterator[Page]:
    """The same, wide, with JavaScript."""
    with every_page.open_tab(browser, site, viewport={"width": 1280, "height": 800}) as page:
        yield page


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
    page.get_by_text("Pilih tanggal").click()
    page.get_by_label("Dari").fill("2022-01-01")
    page.get_by_label("Sosial").check()
    apply = page.get_by_role("button", name="Terapkan")
    if apply.is_visible():  # without scripts; with them a tick is enough
        apply.click()
    expect(page).to_have_url(re.compile(r"\?q=petugas\+melayani&(mode=&)?since=2022-01-01&(until=&)?topic=Sosial$"))
    expect(page.get_by_role("article")).to_have_count(10)
    expect(page.get_by_label("Sosial")).to_be_checked()
    page.get_by_role("link", name="Hapus saringan sejak 1 Januari 2022").click()
    expect(page).to_have_url(re.compile(r"\?q=petugas\+melayani&topic=Sosial$"))
    page.get_by_role("link", name="2023", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?q=petugas\+melayani&since=2023-01-01&until=2023-12-31&topic=Sosial$"))
    expect(page.get_by_role("heading", name="Tidak ada siaran pers yang cocok")).to_be_visible()


def test_mode_and_order_are_one_click_away(page: Page) -> None:
    page.goto("/?q=melayani")
    page.get_by_role("link", name="Terlama").click()
    expect(page).to_have_url(re.compile(r"\?q=melayani&sort=oldest$"))
    page.get_by_role("radio", name="Kata").check()
    if "mode" not in page.url:
        page.get_by_role("button", name="Cari", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?q=melayani&mode=kata&sort=oldest(&since=&until=)?$"))
    expect(page.get_by_role("radio", name="Kata")).to_be_checked()


def test_drawer_of_filters_on_a_phone(browser: Browser, site: str, has_scripts: bool) -> None:
    context = browser.new_context(
        base_url=site, locale="id-ID", viewport={"width": 360, "height": 780}, java_script_enabled=has_scripts
    )
    page = context.new_page()
    page.goto("/?q=melayani")
    choice = page.get_by_label("Kepegawaian")
    expect(choice).to_be_hidden()
    page.get_by_role("button", name="Saring").click()
    expect(choice).to_be_visible()
    page.keyboard.press("Escape")
    expect(choice).to_be_hidden()
    page.get_by_role("button", name="Saring").click()
    page.get_by_role("button", name="Tutup").click()
    expect(choice).to_be_hidden()
    page.get_by_role("button", name="Saring").click()
    choice.check()
    expect(page).to_have_url(re.compile(r"\?q=melayani$"))  # several can be chosen before they apply
    page.get_by_role("button", name="Terapkan").click()
    expect(page).to_have_url(re.compile("topic=Kepegawaian$"))
    expect(page.get_by_role("button", name="Saring 1 dipakai")).to_be_visible()
    expect(choice).to_be_hidden()
    context.close()


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
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Langsung ke hasil")).to_be_focused()
    page.keyboard.press("Enter")
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


def test_timeline_is_named_once_for_the_eye(scripted: Page) -> None:
    heading = scripted.locator(".timeline-heading")
    scripted.set_viewport_size({"width": 360, "height": 800})
    scripted.goto("/?q=melayani")
    scripted.locator(".over-time > summary").click()
    assert heading.evaluate("each => [each.offsetWidth, each.offsetHeight]") == [1, 1]
    scripted.set_viewport_size({"width": 1280, "height": 800})
    expect(scripted.locator(".over-time > summary")).to_be_hidden()
    assert heading.evaluate("each => each.offsetWidth > 100 && each.offsetHeight > 10")


def test_letters_lead_to_the_box_and_from_hit_to_hit(scripted: Page) -> None:
    scripted.goto("/?q=melayani")
    titles = scripted.locator(".hits .card-title a")
    box = scripted.get_by_role("searchbox")
    for key, place in (("j", 0), ("j", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("k", 0), ("k", 0)):
        scripted.keyboard.press(key)
        expect(titles.nth(place)).to_be_focused()
        expect(titles.nth(place)).to_be_in_viewport()
    scripted.keyboard.press("/")
    expect(box).to_be_focused()
    scripted.keyboard.type("j/?k")
    expect(box).to_have_value("j/?k")  # what was there had been selected
    scripted.keyboard.press("Escape")
    scripted.keyboard.press("ArrowDown")
    expect(titles.first).to_be_focused()
    scripted.keyboard.press("Enter")
    expect(scripted).to_have_url(re.compile(r"/releases/[\w-]+\?p=\d+&v=1&q=melayani"))


def test_list_of_keys_opens_closes_and_switches_letters_off(scripted: Page) -> None:
    scripted.goto("/?q=melayani")
    opener = scripted.get_by_role("button", name="Pintasan papan tik")
    opener.focus()
    scripted.keyboard.press("?")
    dialog = scripted.get_by_role("dialog", name="Pintasan papan tik")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Tutup")).to_be_focused()
    scripted.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    dialog.get_by_label("Pakai pintasan satu huruf").uncheck()
    dialog.get_by_role("button", name="Tutup").click()
    scripted.reload()
    scripted.keyboard.press("j")
    scripted.keyboard.press("?")
    expect(dialog).to_be_hidden()
    assert scripted.evaluate("document.activeElement === document.body")


def test_recent_searches_are_listed_and_can_be_removed(scripted: Page) -> None:
    for address in ("/?q=banjir", "/?q=pasar&topic=Sosial", "/?q=%3Cb%3Emelayani"):
        scripted.goto(address)
    scripted.goto("/")
    recent = scripted.get_by_role("group", name="Pencarian terakhir")
    expect(scripted.get_by_role("searchbox")).to_be_focused()
    expect(recent).to_be_hidden()  # the page put the cursor there, not its reader
    scripted.get_by_role("searchbox").click()
    expect(recent.get_by_role("link")).to_have_text(["<b>melayani", "pasar", "banjir"])
    scripted.keyboard.type("pas")
    expect(recent.get_by_role("link")).to_have_text(["pasar"])
    scripted.keyboard.press("ArrowDown")
    expect(recent.get_by_role("link")).to_be_focused()
    scripted.keyboard.press("Escape")
    expect(recent).to_be_hidden()
    expect(scripted.get_by_role("searchbox")).to_be_focused()
    scripted.get_by_role("searchbox").fill("")
    recent.get_by_role("button", name="Hapus dari daftar: <b>melayani").click()
    expect(recent.get_by_role("link")).to_have_text(["pasar", "banjir"])
    recent.get_by_role("link", name="pasar").click()
    expect(scripted).to_have_url(re.compile(r"/\?q=pasar&topic=Sosial$"))
    scripted.get_by_role("searchbox").click()
    expect(recent.get_by_role("link")).to_have_text(["banjir"])  # what the page shows needs no way to it
    recent.get_by_role("button", name="Hapus semua").click()
    expect(recent).to_be_hidden()
    scripted.goto("/?topic=Sosial")
    scripted.get_by_role("searchbox").click()
    expect(recent).to_be_hidden()


def test_page_works_where_storage_is_blocked(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID")
    blocked = "{ get() { throw new DOMException('blocked', 'SecurityError') } }"
    context.add_init_script(f"for (const n of ['localStorage', 'sessionStorage']) Object.defineProperty(window, n, {blocked})")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/?q=melayani")
    page.get_by_label("Kepegawaian").check()
    expect(page).to_have_url(re.compile("topic=Kepegawaian$"))
    page.get_by_role("button", name="Tema").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("searchbox").click()
    page.keyboard.press("j")
    page.get_by_role("button", name="Pintasan papan tik").click()
    page.get_by_label("Pakai pintasan satu huruf").uncheck()
    context.close()
    assert complaints == []


def test_print_leaves_out_what_is_for_the_screen(scripted: Page) -> None:
    scripted.goto("/?q=petugas+melayani&topic=Sosial&k=5")
    scripted.emulate_media(media="print")
    for hidden in (".masthead", ".search", ".filters", ".chips", ".toolbar .segments", ".paging", ".take"):
        expect(scripted.locator(hidden)).to_be_hidden()
    expect(scripted.get_by_role("article").first).to_be_visible()


def test_theme_that_was_chosen_is_kept(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", color_scheme="light")
    page = context.new_page()
    ground = "getComputedStyle(document.body).backgroundColor"
    page.goto("/")
    light = page.evaluate(ground)
    switch = page.get_by_role("button", name="Tema: mengikuti perangkat")
    switch.click()
    page.get_by_role("button", name="Tema: terang").click()
    expect(page.get_by_role("button", name="Tema: gelap")).to_be_visible()
    dark = page.evaluate(ground)
    assert dark != light
    page.goto("/ranking")
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Tema: gelap").click()
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == dark
    context.close()


def test_tick_leaves_its_reader_where_he_was(scripted: Page) -> None:
    scripted.set_viewport_size({"width": 1280, "height": 500})
    scripted.goto("/?q=melayani")
    choice = scripted.get_by_label("Kepegawaian")
    choice.focus()
    scripted.evaluate("scrollTo(0, 120)")
    scripted.keyboard.press("Space")
    expect(scripted).to_have_url(re.compile("topic=Kepegawaian$"))
    expect(scripted.get_by_label("Kepegawaian")).to_be_focused()
    assert scripted.evaluate("scrollY") == 120


def test_arrows_through_modes_do_not_search_at_each(scripted: Page) -> None:
    scripted.goto("/?q=melayani")
    scripted.get_by_role("radio", name="Gabungan").focus()
    scripted.keyboard.press("ArrowRight")
    scripted.keyboard.press("ArrowRight")
    expect(scripted.get_by_role("radio", name="Kata")).to_be_checked()
    expect(scripted).to_have_url(re.compile(r"\?q=melayani$"))
    scripted.keyboard.press("Enter")
    expect(scripted).to_have_url(re.compile(r"\?q=melayani&mode=kata$"))


def test_back_returns_to_where_the_list_was_left(scripted: Page) -> None:
    scripted.goto("/?q=melayani")
    hit = scripted.locator(".hits .card-title a").nth(6)
    hit.scroll_into_view_if_needed()
    place = scripted.evaluate("scrollY")
    assert place > 300
    hit.click()
    expect(scripted).to_have_url(re.compile("/releases/"))
    scripted.go_back()
    expect(hit).to_be_in_viewport()
    assert abs(scripted.evaluate("scrollY") - place) <= 2


def test_slow_answer_shows_progress_and_a_quick_one_does_not(scripted: Page) -> None:
    scripted.goto("/")
    scripted.get_by_role("searchbox").fill("melayani")
    scripted.evaluate("document.querySelector('#search').addEventListener('submit', event => event.preventDefault())")
    scripted.clock.install()
    scripted.keyboard.press("Enter")
    status = scripted.get_by_role("status")
    scripted.clock.run_for(140)
    expect(status).to_have_text("")
    scripted.clock.run_for(20)
    expect(status).to_have_text("Mencari …")


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


# Filters beside a list are for a mouse; in a drawer they are for fingers.
_TOO_SMALL = """
[...document.querySelectorAll("a, button, input, summary")]
  .filter(each => each.checkVisibility() && !each.closest(".unseen, .skip, .timeline-skip"))
  .map(each => [each.getBoundingClientRect(), each.outerHTML, innerWidth >= 1024 && each.closest(".filters") ? 31.5 : 43.5])
  .filter(([box, , least]) => box.height < least || box.width < 24)
  .map(([box, html]) => `${box.width} x ${box.height}: ${html}`)
"""
