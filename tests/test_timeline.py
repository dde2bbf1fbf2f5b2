"""Hits over time: what periods are called, how they are drawn, where they lead, and the picture as a file of its own."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import every_page
import pytest
import web_archive
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from web_archive import FLOOD, SERVE

from index import Filters, Index, Period, Timeline, Unit
from index.survey import whole
from web import axis, timeline
from web.parameters import Search
from web.periods import month_days, months_name, period_name, wider

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with web_archive.opened(tmp_path_factory.mktemp("data"), SERVE, FLOOD, *web_archive.many(60)) as index:
        yield index


@pytest.fixture
def words(app: Flask) -> Iterator[None]:
    """Names come out Indonesian."""
    with app.test_request_context("/"):
        yield


def months(*counts: tuple[int, int], year: int = 2023) -> Timeline:
    """A timeline of months from January on, each with its matches and releases."""
    spans = [whole(Unit.MONTH, date(year, month, 1)) for month in range(1, len(counts) + 1)]
    return Timeline(Unit.MONTH, tuple(Period(*span, *count) for span, count in zip(spans, counts, strict=True)), 0)


def drawn(search: Search, found: Timeline) -> timeline.Chart:
    chart = timeline.draw(search, found)
    assert chart
    return chart


# Names of periods


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2023-01-01", "2023-12-31", "2023"),
        ("2010-01-01", "2019-12-31", "2010–2019"),
        ("2023-03-01", "2023-03-31", "Maret 2023"),
        ("2024-01-01", "2024-03-31", "Januari–Maret 2024"),
        ("2022-12-01", "2023-01-31", "Desember 2022–Januari 2023"),
        ("2023-03-21", "2023-03-21", "21 Maret 2023"),
        ("2023-04-03", "2023-04-09", "3–9 April 2023"),
        ("2023-03-28", "2023-04-03", "28 Maret – 3 April 2023"),
        ("2022-12-30", "2023-01-05", "30 Desember 2022 – 5 Januari 2023"),
    ],
)
def test_periods_have_the_shortest_name(start: str, end: str, name: str) -> None:
    assert period_name(date.fromisoformat(start), date.fromisoformat(end)) == name


@pytest.mark.usefixtures("words")
def test_runs_of_months_are_named() -> None:
    assert [months_name("2023-02", "2023-02"), months_name("2022-11", "2023-02")] == [
        "Februari 2023",
        "November 2022–Februari 2023",
    ]
    assert month_days("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))


def test_wider_periods_hold_more() -> None:
    year, decade = (date(2023, 1, 1), date(2023, 12, 31)), (date(2020, 1, 1), date(2029, 12, 31))
    assert wider(date(2023, 3, 21), date(2023, 3, 21)) == [(date(2023, 3, 1), date(2023, 3, 31)), year, decade]
    assert wider(*year) == [decade]
    assert wider(date(2022, 12, 30), date(2023, 1, 5)) == [decade]
    assert wider(date(2019, 12, 30), date(2020, 1, 5)) == []


def test_whole_periods_hold_a_day() -> None:
    day = date(2023, 5, 17)
    assert {unit: tuple(map(str, whole(unit, day))) for unit in Unit} == {
        Unit.DAY: ("2023-05-17", "2023-05-17"),
        Unit.WEEK: ("2023-05-15", "2023-05-21"),
        Unit.MONTH: ("2023-05-01", "2023-05-31"),
        Unit.QUARTER: ("2023-04-01", "2023-06-30"),
        Unit.YEAR: ("2023-01-01", "2023-12-31"),
        Unit.DECADE: ("2020-01-01", "2029-12-31"),
    }
    assert whole(Unit.YEAR, date.max) == (date(9999, 1, 1), date.max)


# The axis


def spans(unit: Unit, first: date, count: int) -> list[Period]:
    found = []
    for _ in range(count):
        found.append(Period(*whole(unit, first), 0, 1))
        first = date.fromordinal(found[-1].end.toordinal() + 1)
    return found


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("unit", "first", "count", "names"),
    [
        (Unit.YEAR, date(2019, 1, 1), 7, ["2019", "2020", "2021", "2022", "2023", "2024", "2025"]),
        (Unit.YEAR, date(1997, 1, 1), 29, ["2000", "2005", "2010", "2015", "2020"]),
        (Unit.QUARTER, date(2012, 1, 1), 60, ["2012", "2014", "2016", "2018", "2020", "2022", "2024"]),
        (Unit.MONTH, date(2023, 1, 1), 12, ["Jan 2023", "Apr 2023", "Jul 2023", "Okt 2023"]),
        (Unit.MONTH, date(2020, 1, 1), 60, ["2020", "2021", "2022", "2023", "2024"]),
        (Unit.DAY, date(2023, 3, 1), 31, ["6 Mar", "13 Mar", "20 Mar", "27 Mar"]),
    ],
)
def test_names_on_the_axis_are_round_and_few(unit: Unit, first: date, count: int, names: list[str]) -> None:
    assert [tick.text for tick in axis.ticks(unit, spans(unit, first, count))] == names


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("unit", Unit)
def test_names_on_the_axis_never_touch(unit: Unit) -> None:
    for count in range(2, 61):
        found = axis.ticks(unit, spans(unit, date(1931, 7, 14), count))
        right = -10.0
        for tick in found:
            width = len(tick.text) * 7
            left = tick.x * 3 - (width / 2 if tick.is_centred else 0)  # in px of a picture 300 wide
            assert left >= right + 8, (count, tick)
            assert left + width <= 300, (count, tick)
            right = left + width
    assert found


# What is drawn


@pytest.mark.usefixtures("words")
def test_bars_are_shares_beside_all_releases() -> None:
    chart = drawn(Search("a"), months((4, 40), (0, 10), (10, 50), (0, 0), (1, 4)))
    share, volume = chart.rows
    assert (share.top, volume.top) == ("30%", "50")
    assert [(bar.x, bar.width, bar.height) for bar in share.bars] == [(2.0, 16.0, 34.0), (42.0, 16.0, 68.0)]
    assert [(bar.x, bar.height) for bar in share.faint] == [(82.0, 85.0)]
    assert [bar.height for bar in volume.bars] == [25.6, 6.4, 32.0, 2.6]
    assert [(box.x, box.width) for box in chart.silences] == [(60.0, 20.0)]
    assert [span.label for span in chart.spans] == [
        "Januari 2023: 4 dari 40 siaran pers (10%)",
        "Februari 2023: 0 dari 10 siaran pers (0%)",
        "Maret 2023: 10 dari 50 siaran pers (20%)",
        "April 2023: tidak ada siaran pers di arsip",
        "Mei 2023: 1 dari 4 siaran pers (25%)",
    ]


@pytest.mark.usefixtures("words")
def test_without_a_query_bars_are_releases() -> None:
    chart = drawn(Search(), months((3, 3), (12, 12)))
    assert [(row.name, row.top, len(row.bars)) for row in chart.rows] == [("volume", "12", 2)]
    assert chart.spans[1].label == "Februari 2023: 12 siaran pers"


@pytest.mark.usefixtures("words")
def test_bars_lead_to_their_period_and_keep_the_search() -> None:
    search = Search("a", offset=20, filters=Filters(topics=("Sosial",)))
    first, second = drawn(search, months((1, 9), (0, 0))).spans
    assert first.address == "/?q=a&since=2023-01-01&until=2023-01-31&topic=Sosial"
    assert (second.address, second.label) == (None, "Februari 2023: tidak ada siaran pers yang lolos saringan")


@pytest.mark.usefixtures("words")
def test_a_long_query_is_drawn_without_links() -> None:
    chart = drawn(Search("kata " * 200), months((1, 9), (2, 9)))
    assert not chart.is_linked
    assert [span.address for span in chart.spans] == [None, None]


@pytest.mark.usefixtures("words")
def test_a_period_is_whole_unless_a_filter_cuts_it() -> None:
    found = Timeline(
        Unit.YEAR,
        (
            Period(date(2021, 5, 7), date(2021, 12, 31), 1, 9),
            Period(date(2022, 1, 1), date(2022, 12, 31), 1, 9),
            Period(date(2023, 1, 1), date(2023, 2, 3), 1, 9),
        ),
        0,
    )
    assert [span.name for span in drawn(Search("a"), found).spans] == ["2021", "2022", "2023"]
    cut = Search("a", filters=Filters(date(2021, 5, 7), date(2023, 2, 3)))
    assert [span.name for span in drawn(cut, found).spans] == [
        "7 Mei – 31 Desember 2021",
        "2022",
        "1 Januari – 3 Februari 2023",
    ]


@pytest.mark.usefixtures("words")
def test_ways_out_lead_to_longer_periods() -> None:
    search = Search("a", filters=Filters(date(2023, 3, 1), date(2023, 3, 31)))
    ways = drawn(search, months((1, 9), (2, 9))).ways_out
    assert [name for name, _ in ways] == ["2023", "2020–2029", "seluruh periode"]
    assert ways[0][1].arguments() == {"q": "a", "since": "2023-01-01", "until": "2023-12-31"}
    assert ways[-1][1].arguments() == {"q": "a"}
    assert drawn(Search("a"), months((1, 9), (2, 9))).ways_out == ()
    half = drawn(Search("a", filters=Filters(since=date(2023, 3, 1))), months((1, 9), (2, 9)))
    assert [name for name, _ in half.ways_out] == ["seluruh periode"]


@pytest.mark.usefixtures("words")
def test_a_single_period_is_said_and_not_drawn() -> None:
    chart = drawn(Search("a"), months((2, 9)))
    assert (chart.rows, chart.ticks, chart.spans[0].label) == ((), (), "Januari 2023: 2 dari 9 siaran pers (22,2%)")


@pytest.mark.usefixtures("words")
def test_nothing_is_drawn_where_nothing_has_a_date() -> None:
    assert timeline.draw(Search("a"), Timeline(Unit.YEAR, (), 3)) is None


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(("matches", "top"), [(1, "0,1%"), (4, "0,5%"), (600, "60%"), (999, "100%")])
def test_the_scale_is_round(matches: int, top: str) -> None:
    assert drawn(Search("a"), months((matches, 1000), (0, 1000))).rows[0].top == top


def test_matches_and_undated_hits_are_told_in_words(app: Flask) -> None:
    found = Timeline(Unit.MONTH, months((1, 9), (0, 0)).periods, 3)
    with app.test_request_context("/"):
        html = render_template_string(
            '{% from "_timeline.html" import timeline with context %}{{ timeline(search, found) }}',
            search=Search('a" <b>'),
            found=found,
        )
    assert "<b>" not in html
    assert 'href="/?q=a%22+%3Cb%3E&amp;since=2023-01-01&amp;until=2023-01-31"' in html
    assert "3 siaran pers tanpa tanggal tidak tergambar." in html
    rows = re.findall(r"<tr>.*?</tr>", html, re.DOTALL)
    assert [re.findall(r">([^<>\s][^<>]*)<", row) for row in rows] == [
        ["Periode", "Cocok", "Siaran pers", "Persentase"],
        ["Januari 2023", "1", "9", "11,1%"],
        ["Februari 2023", "–", "0", "–"],
    ]
    assert "style=" not in html


# The picture as a file


def test_the_picture_stands_alone(client: FlaskClient) -> None:
    answer = client.get("/timeline.svg?q=ASN+melayani+<b>&topic=Sosial")
    assert answer.content_type == "image/svg+xml; charset=utf-8"
    root = ET.fromstring(answer.text)  # noqa: S314 - made here
    texts = [text.text.strip() for text in root.iter(f"{SVG}text") if text.text]
    assert texts[0] == "“ASN melayani <b>”"
    assert texts[1] == "Bagian siaran pers yang cocok, per minggu · Sosial"
    assert re.fullmatch(r"Telusur, \d+ \w+ \d{4}, generasi indeks 1", texts[-1])
    description = root.find(f"{SVG}desc")
    assert description is not None
    assert description.text == "http://localhost/?q=ASN+melayani+%3Cb%3E&topic=Sosial"
    assert "style" not in {name for element in root.iter() for name in element.attrib}
    assert [element.tag for element in root.iter(f"{SVG}a")] == []


def test_the_picture_without_a_query_is_of_all_releases(client: FlaskClient) -> None:
    answer = client.get("/timeline.svg?lang=en")
    assert "All releases" in answer.text
    assert "Releases by month" in answer.text


def test_the_picture_of_nothing_says_so(client: FlaskClient) -> None:
    assert "Tidak ada siaran pers bertanggal." in client.get("/timeline.svg?q=melayani&topic=Tidak+ada").text


@pytest.mark.parametrize("query", ["q=a&k=0", "since=2023", "q=-banjir"])
def test_a_wrong_parameter_is_named(client: FlaskClient, query: str) -> None:
    assert client.get(f"/timeline.svg?{query}").status_code == 400


# In a browser


@pytest.fixture(scope="module")
def site(index: Index) -> Iterator[str]:
    with every_page.served(index) as site:
        yield site


@pytest.mark.browser
def test_a_bar_leads_to_its_period_without_a_script(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", java_script_enabled=False)
    page = context.new_page()
    page.goto("/?q=melayani")
    page.get_by_role("link", name="Januari 2022: 28 dari 28 siaran pers (100%)").click()
    expect(page).to_have_url(f"{site}/?q=melayani&since=2022-01-01&until=2022-01-31")
    expect(page.get_by_role("button", name="Simpan PNG")).to_have_count(0)
    context.close()


@pytest.mark.browser
def test_dragging_and_the_keyboard_choose_a_range(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.goto("/?q=melayani")
    bars = page.locator("[data-timeline-picture] a")
    first, last = bars.nth(1).bounding_box(), bars.nth(3).bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + 5, first["y"] + 50)
    expect(page.locator("[data-timeline-tip]")).to_have_text("Januari 2022: 28 dari 28 siaran pers (100%)")
    page.mouse.down()
    page.mouse.move(last["x"] + 5, last["y"] + 50, steps=5)
    page.mouse.up()
    expect(page).to_have_url(f"{site}/?q=melayani&since=2022-01-01&until=2022-03-31")
    page.go_back()
    expect(page.locator(".is-selected")).to_have_count(0)
    bars.last.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".is-selected")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site}/?q=melayani&since=2022-01-01&until=2022-03-31")
    assert faults == []
    context.close()


@pytest.mark.browser
def test_the_picture_is_saved_as_png_at_twice_its_size(browser: Browser, site: str, tmp_path: Path) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto("/?q=melayani")
    with page.expect_download() as download:
        page.get_by_role("button", name="Simpan PNG").click()
    path = tmp_path / "saved.png"
    download.value.save_as(path)
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")) == (1920, 696)
    context.close()
