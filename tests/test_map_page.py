"""The map of the archive as a page: light, readable without the picture, and each dot leads to its release."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import web_archive
from every_page import open_tab, served
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect
from web_archive import FLOOD, SERVE

from index import Index
from index.cartography import MapTopic, MapView, Place
from index.topics_of_map import NO_CLUSTER
from web import create_app, map_labels
from web import map as archive_map

LITTLE = MapView(
    3,
    (
        Place("asn-melayani", "Wali Kota <b>Tekankan</b> & ASN", "2023-03-21", 0.2, 0.2, 0),
        Place("banjir", "Banjir Rendam 412 Rumah", None, 0.8, 0.7, 1),
        Place("lain b", "Lain", "2022-01-01", 0.5, 0.45, NO_CLUSTER),
    ),
    (MapTopic("ASN, <melayani>", 0.2, 0.2, 1, (0,)), MapTopic("", 0.8, 0.7, 1, (1,))),
)


def make_view(count: int, topics: int = 0) -> MapView:
    """A map of so many releases in rows, the first ones each a topic of their own."""
    places = tuple(
        Place(
            f"rilis-dengan-nama-panjang-{n}",
            f"Judul siaran pers yang cukup panjang ke-{n}",
            "2024-05-06",
            n / count,
            n % 97 / 97,
            n if n < topics else -1,
        )
        for n in range(count)
    )
    return MapView(1, places, tuple(MapTopic(f"topik, kata, kata{n}", n / topics, 0.5, 1, (n,)) for n in range(topics)))


@pytest.fixture
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with web_archive.opened(tmp_path_factory.mktemp("data"), SERVE, FLOOD) as index:
        yield index


@pytest.fixture
def view(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MapView:
    """What the index answers: the little map, or the one that a test asks for."""
    view: MapView = getattr(request, "param", LITTLE)
    monkeypatch.setattr(Index, "map", lambda _index: view)
    return view


@pytest.fixture
def client(index: Index, view: MapView) -> FlaskClient:
    return create_app({"INDEX": index}).test_client()


def test_each_release_is_a_dot_that_leads_to_it(client: FlaskClient) -> None:
    html = client.get("/map").text
    dots = re.findall(
        r'<a href="([^"]*)"><title>([^<]*)</title><path class="([^"]*)" data-topic="([^"]*)" d="M(\d+) (\d+)h0"/>', html
    )
    assert [dot[:4] for dot in dots] == [
        ("/releases/asn-melayani", "Wali Kota &lt;b&gt;Tekankan&lt;/b&gt; &amp; ASN (21 Maret 2023)", "map-1", "0"),
        ("/releases/banjir", "Banjir Rendam 412 Rumah (tanpa tanggal)", "map-2", "1"),
        ("/releases/lain%20b", "Lain (1 Januari 2022)", "map-0", "-1"),
    ]
    assert [tuple(map(int, dot[4:])) for dot in dots] == [(500, 500), (9500, 9500), (5000, 5000)]


def test_a_topic_is_named_counted_and_searched_for(client: FlaskClient) -> None:
    html = client.get("/map").text
    assert html.count('href="/?q=ASN+%3Cmelayani%3E"') == 2  # in the picture and in the list
    assert '<text lang="id" x="5.0%" y="5.0%">ASN, &lt;melayani&gt;</text>' in html
    assert re.search(r"Topik tanpa nama\s*<small>1 siaran pers</small>", html)
    assert "1 siaran pers lain terletak di antara topik-topik itu, atau sendiri." in html
    assert re.search(r'<li><a href="/releases/banjir" lang="id">Banjir Rendam 412 Rumah</a></li>', html.replace("\n", ""))


def test_the_page_speaks_english(client: FlaskClient) -> None:
    html = client.get("/map?lang=en").text
    assert '<h1 id="map-heading">Map of the archive</h1>' in html
    assert "(21 March 2023)" in html
    assert 'data-map-data="/map.json?lang=en"' in html


def test_the_data_has_every_dot(client: FlaskClient) -> None:
    response = client.get("/map.json?lang=en")
    assert response.json == [
        [500, 500, 0, "asn-melayani", "Wali Kota <b>Tekankan</b> & ASN", "21 March 2023"],
        [9500, 9500, 1, "banjir", "Banjir Rendam 412 Rumah", ""],
        [5000, 5000, -1, "lain b", "Lain", "1 January 2022"],
    ]
    again = client.get("/map.json?lang=en", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_only_the_map_may_ask_for_data(client: FlaskClient) -> None:
    assert client.get("/map").headers["Content-Security-Policy"].endswith("; frame-ancestors 'none'; connect-src 'self'")
    assert "connect-src" not in client.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/map?lang=nl", "/map.json?lang=nl"])
def test_an_unknown_language_is_refused(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("view", [make_view(20_000, 60)], indirect=True)
def test_a_page_of_a_large_archive_is_light_and_links_what_stands_for_topics(client: FlaskClient) -> None:
    html = client.get("/map").text
    assert len(html.encode()) < 100_000
    assert html.count("h0") == archive_map.DRAWN + 60  # the swatches of the list
    assert html.count("<title>") == 1 + archive_map.LINKED
    assert all(f'<a href="/releases/rilis-dengan-nama-panjang-{number}"><title>' in html for number in range(60))
    assert len(client.get("/map.json").json) == 20_000


@pytest.mark.parametrize("view", [make_view(40)], indirect=True)
def test_without_topics_releases_are_listed(client: FlaskClient) -> None:
    html = client.get("/map").text
    assert "belum cukup banyak" in html
    assert html.count('<li><a href="/releases/') + html.count('<li>\n<a href="/releases/') == archive_map.LISTED
    assert 'href="/?sort=newest"' in html


@pytest.mark.parametrize("view", [MapView(1, (), ())], indirect=True)
def test_an_empty_map_is_a_page(client: FlaskClient) -> None:
    assert client.get("/map").status_code == 200
    assert client.get("/map.json").json == []


def test_rows_are_thinned_evenly() -> None:
    assert archive_map.thin(range(10), 4) == [0, 2, 5, 7]
    assert archive_map.thin(range(3), 4) == [0, 1, 2]


def test_neighbouring_topics_differ_in_colour() -> None:
    assert archive_map.colour([(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]) == [1, 2, 3, 4, 5, 6]
    assert archive_map.colour([(n, 0) for n in range(6)] + [(5.5, 0)])[6] == 1  # the farthest


def test_names_appear_where_they_have_room() -> None:
    labels = map_labels.lay_out(
        [("banjir, warga", 0.5, 0.5), ("vaksin, balita", 0.5, 0.53), ("panahan", 0.5, 0.9), ("", 0.1, 0.1)]
    )
    assert [(label.topic, label.x, label.y, label.size) for label in labels] == [
        (0, 50, 50, "narrow"),
        (1, 50, 53, "zoomed"),
        (2, 50, 90, "narrow"),
    ]


def test_a_name_gets_room_in_a_larger_picture() -> None:
    first, second = map_labels.lay_out([("banjir, warga, kali", 0.4, 0.5), ("vaksin, balita, gizi", 0.65, 0.5)])
    assert (first.size, second.size) == ("narrow", "medium")


def test_no_name_reaches_over_the_edge() -> None:
    (label,) = map_labels.lay_out([("banjir, warga, kali", 0.09, 0.5)])
    assert label.size == "wide"


@pytest.fixture
def site(index: Index, view: MapView) -> Iterator[str]:
    with served(index) as site:
        yield site


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The map, once its script knows all dots; complaints of the browser fail the test."""
    with open_tab(browser, site, viewport={"width": 1440, "height": 900}) as page:
        page.goto("/map")
        expect(page.locator("[data-map-picture]")).not_to_have_attribute("aria-busy", "true")
        yield page


def view_box(page: Page) -> list[float]:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return [float(number) for number in str(page.locator("[data-map-dots]").get_attribute("viewBox")).split()]


@pytest.mark.browser
def test_keys_and_buttons_zoom_and_move(page: Page) -> None:
    page.locator("[data-map-picture]").focus()
    page.keyboard.press("+")
    assert view_box(page) == pytest.approx([10_000 / 6, 10_000 / 6, 10_000 / 1.5, 10_000 / 1.5])
    page.keyboard.press("ArrowRight")
    assert view_box(page)[:2] == pytest.approx([3_000, 10_000 / 6])
    page.get_by_role("button", name="Seluruhnya").click()
    assert view_box(page) == [0, 0, 10_000, 10_000]
    page.get_by_role("button", name="Perbesar").click()
    page.get_by_role("button", name="Perkecil").click()
    assert view_box(page) == pytest.approx([0, 0, 10_000, 10_000])


@pytest.mark.browser
def test_the_wheel_zooms_only_once_the_map_is_in_use(page: Page) -> None:
    page.locator("[data-map-picture]").hover(position={"x": 300, "y": 300})
    page.mouse.wheel(0, -100)
    assert view_box(page)[2] == 10_000
    page.evaluate("scrollTo(0, 0)")
    page.locator("[data-map-picture]").focus()
    page.locator("[data-map-picture]").hover(position={"x": 300, "y": 300})
    page.mouse.wheel(0, -100)
    assert view_box(page)[2] == pytest.approx(10_000 / 1.002**100)


@pytest.mark.browser
def test_a_dot_under_the_pointer_says_what_it_is_and_opens(page: Page) -> None:
    box = page.locator("[data-map-picture]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.95 - 9, box["y"] + box["height"] * 0.95)
    expect(page.locator("[data-map-title]")).to_have_text("Banjir Rendam 412 Rumah")
    page.mouse.click(box["x"] + box["width"] * 0.95 - 9, box["y"] + box["height"] * 0.95)
    expect(page).to_have_url(re.compile("/releases/banjir$"))


@pytest.mark.browser
def test_arrows_go_from_dot_to_dot(page: Page) -> None:
    page.locator('[data-map-dots] a[href="/releases/asn-melayani"]').focus()
    expect(page.locator("[data-map-title]")).to_have_text("Wali Kota <b>Tekankan</b> & ASN (21 Maret 2023)")
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-map-dots] a[href="/releases/lain%20b"]')).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-map-dots] a[href="/releases/banjir"]')).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-map-dots] a[href="/releases/banjir"]')).to_be_focused()


@pytest.mark.browser
def test_a_topic_in_the_list_lights_its_dots(page: Page) -> None:
    page.locator(".map-topics > li").first.hover()
    expect(page.locator("[data-map-dots]")).to_have_class(re.compile("is-dimmed"))
    assert page.locator("[data-map-dots] .is-lit").evaluate_all("(all) => all.map((one) => one.dataset.topic)") == ["0"]


@pytest.mark.browser
@pytest.mark.parametrize("view", [make_view(3_000, 12)], indirect=True)
def test_the_script_draws_what_the_page_left_out_and_its_names_do_not_collide(page: Page) -> None:
    drawn = page.locator("[data-map-plain] path").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('d').split('h0').length - 1)"
    )
    assert sum(drawn) + archive_map.LINKED == 3_000
    for _ in range(3):
        boxes = page.locator(".map-label text").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect()).filter((box) => box.width)"
            ".map((box) => [box.left, box.top, box.right, box.bottom])"
        )
        assert boxes
        for place, (left, top, right, bottom) in enumerate(boxes):
            assert all(right <= x0 or x1 <= left or bottom <= y0 or y1 <= top for x0, y0, x1, y1 in boxes[:place])
        page.get_by_role("button", name="Perbesar").click()
        view_box(page)


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_no_width_scrolls_sideways(browser: Browser, site: str, width: int) -> None:
    page = browser.new_page(base_url=site, viewport={"width": width, "height": 800})
    page.goto("/map")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
