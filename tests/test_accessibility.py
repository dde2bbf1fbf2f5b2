"""WCAG 2.2 AA, as far as axe-core can tell, on every page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import every_page
import pytest
import web_archive
from axe_playwright_python.sync_playwright import Axe
from every_page import LOCALES, PAGES
from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from web import create_app

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},  # the one rule of WCAG 2.2, which has to be asked for
    "resultTypes": ["violations"],
}

# Every page in both languages, both schemes and all widths; no page in all twelve combinations of them.
Scheme = Literal["light", "dark"]
SIGHTS: tuple[tuple[str, int, Scheme], ...] = (
    ("id", 360, "light"),
    ("en", 768, "dark"),
    ("id", 1440, "dark"),
    ("en", 360, "light"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with every_page.sample_site(tmp_path_factory.mktemp("data")) as site:
        yield site


@pytest.fixture(params=SIGHTS, ids=lambda sight: "-".join(map(str, sight)))
def context(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[BrowserContext]:
    language, width, scheme = request.param
    context = browser.new_context(
        base_url=site, locale=LOCALES[language], viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    yield context
    context.close()


def violations(tab: Tab) -> list[str]:
    """What axe-core objects to: a line for each rule, with the first of the elements concerned."""
    found: list[dict[str, Any]] = Axe().run(tab, options=RULES).response["violations"]
    return [
        f"{rule['id']} ({len(rule['nodes'])} times): {rule['nodes'][0]['html'][:160]}: {rule['nodes'][0]['failureSummary']}"
        for rule in found
    ]


def test_every_page_meets_wcag_2_2_aa(context: BrowserContext) -> None:
    tab = context.new_page()
    found = {}
    for page in PAGES:
        answer = tab.goto(page.path)
        assert answer
        assert answer.status == page.status, page.name
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found[page.name] = violations(tab)
        for dialog in tab.locator("dialog").all():
            dialog.evaluate("each => each.showModal()")
            found[page.name] += violations(tab)
            dialog.evaluate("each => each.close()")
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_axe_objects_to_what_is_wrong(browser: Browser) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.set_content(
        "<html lang=id><title>a</title><main><h1>Judul</h1><input><p style='color:#ccc;background:#fff'>pudar</p></main>"
    )
    assert [fault.partition(" ")[0] for fault in violations(tab)] == ["color-contrast", "label"]
    context.close()


def test_no_page_is_forgotten(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("data")
    with web_archive.opened(data, web_archive.SERVE) as index:
        app = create_app({"INDEX": index})
        routes = app.url_map.bind("localhost")
        looked_at = {routes.match(page.path.partition("?")[0])[0] for page in PAGES if page.name != "problem-missing"}
        assert looked_at == {rule.endpoint for rule in app.url_map.iter_rules()} - every_page.NOT_PAGES
