"""A whole journey by keyboard alone: search, narrow, open the passage, cite it, and back; with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import every_page
import pytest
import web_archive
from flask_babel import gettext
from playwright.sync_api import Browser, Locator, expect
from playwright.sync_api import Page as Tab
from web_archive import QUOTE

from web import create_app

pytestmark = pytest.mark.browser

_MOST_TABS = 120

# What has the focus, where it fails to show: no outline around it (or around what stands for it), out of sight, or covered.
_LOST_FOCUS = """() => {
    const focused = document.activeElement;
    if (focused === document.body || focused === document.documentElement) return null;
    const stands = focused.matches("input[type=radio], input[type=checkbox]") ? focused.closest("label") ?? focused : focused;
    const isOutlined = each => {
        const style = getComputedStyle(each);
        return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
            || (each instanceof SVGElement && style.stroke !== "none" && parseFloat(style.strokeWidth) >= 2);
    };
    const faults = [];
    const around = [focused, focused.parentElement, stands, ...stands.querySelectorAll("*")];
    if (!around.some(isOutlined) && !around.slice(0, 2).some(each => getComputedStyle(each).boxShadow !== "none")) {
        faults.push("no outline");
    }
    const box = stands.getBoundingClientRect();
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth - 1)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight - 1)];
    if (left >= right || top >= bottom) faults.push("out of sight");
    else {
        const seen = [0.1, 0.5, 0.9].some(x => [0.1, 0.5, 0.9].some(y => {
            const at = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
            return at && (stands.contains(at) || at.contains(stands));
        }));
        if (!seen) faults.push("covered");
    }
    return faults.length ? `${faults.join(", ")}: ${focused.outerHTML.slice(0, 200)}` : null;
}"""


@dataclass(frozen=True)
class Reader:
    """Someone with a keyboard and no mouse.

    Attributes:
        tab: What is before them.
        say: Gives a label in their language.
        is_narrow: Their screen is a phone's.
    """

    tab: Tab
    say: Callable[[str], str]
    is_narrow: bool

    def reach(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab until something has the focus; whatever had it on the way was to be seen."""
        expect(target).to_have_count(1)
        for _ in range(_MOST_TABS):
            self.tab.keyboard.press(key)
            assert self.tab.evaluate(_LOST_FOCUS) is None
            if target.evaluate("each => each === document.activeElement"):
                return
        raise AssertionError(f"{target} cannot be reached by {key}")

    def follow(self, target: Locator) -> None:
        """Reach something and press Enter."""
        self.reach(target)
        self.tab.keyboard.press("Enter")

    def link(self, label: str) -> Locator:
        """The first link with a label, whatever comes after it."""
        return self.tab.get_by_role("link", name=re.compile(f"^{re.escape(self.say(label))}")).first


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with every_page.sample_site(tmp_path_factory.mktemp("data")) as site:
        yield site


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], str]]:
    """Gives an Indonesian label in a language, as the pages do."""
    with web_archive.opened(tmp_path_factory.mktemp("words"), web_archive.SERVE) as index:
        app = create_app({"INDEX": index})

        def in_language(language: str, label: str) -> str:
            with app.test_request_context(f"/?lang={language}"):
                return str(gettext(label))

        yield in_language


@pytest.fixture(params=[("id", 1440, True), ("id", 1440, False), ("en", 360, True), ("en", 360, False)])
def reader(request: pytest.FixtureRequest, browser: Browser, site: str, say: Callable[[str, str], str]) -> Iterator[Reader]:
    """Readers of both languages, at a desk and with a phone, with and without JavaScript."""
    language, width, has_scripts = request.param
    with every_page.open_tab(
        browser, site, language, viewport={"width": width, "height": 800}, java_script_enabled=has_scripts
    ) as tab:
        yield Reader(tab, lambda label: say(language, label), width < 1000)


def test_whole_journey_by_keyboard_alone(reader: Reader) -> None:
    tab = reader.tab
    tab.goto("/")
    expect(tab.get_by_role("searchbox", name=reader.say("Apa yang Anda cari?"))).to_be_focused()
    tab.keyboard.type("ASN harus melayani")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("article").first.get_by_role("blockquote")).to_have_text(QUOTE)

    filters = tab.locator("#filters")
    if reader.is_narrow:
        expect(filters).to_be_hidden()
        opener = tab.locator("button.filters-open")
        reader.follow(opener)
        expect(filters).to_be_visible()
        tab.keyboard.press("Escape")
        expect(filters).to_be_hidden()
        expect(opener).to_be_focused()
        tab.keyboard.press("Enter")
    reader.follow(filters.get_by_role("link", name="2023", exact=True))
    expect(tab).to_have_url(re.compile(r"since=2023-01-01&until=2023-12-31"))
    narrowed = tab.url
    expect(tab.get_by_role("link", name=re.compile(reader.say("Hapus saringan"))).first).to_be_attached()

    reader.follow(tab.get_by_role("article").first.get_by_role("link", name=reader.say("Buka di arsip")))
    expect(tab).to_have_url(re.compile(r"/releases/asn-melayani\?.*#p1$"))
    expect(tab.get_by_role("heading", level=1)).to_have_text(web_archive.SERVE.title)
    passage = tab.locator("#p1")
    expect(passage).to_contain_text(QUOTE)
    expect(passage).to_be_in_viewport()
    opened = tab.url

    reader.follow(tab.locator("main a[href^='/releases/asn-melayani/cite?p=1']").first)
    expect(tab).to_have_url(re.compile(r"/releases/asn-melayani/cite\?p=1"))
    expect(tab.locator(".citation").first).to_contain_text(web_archive.SERVE.title)

    reader.follow(tab.locator("main .back a"))
    expect(tab.locator("#p1")).to_be_in_viewport()
    assert tab.url.partition("?")[0] == opened.partition("?")[0]
    reader.follow(reader.link("Kembali ke hasil untuk"))
    tab.wait_for_url(lambda url: url.partition("#")[0] == narrowed)
    expect(tab.get_by_role("article").first.get_by_role("blockquote")).to_have_text(QUOTE)
