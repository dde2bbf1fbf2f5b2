"""Looking for words in the text of a release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import web_archive
from flask.testing import FlaskClient
from page_text import inside, page, paragraphs, steps
from web_archive import FLOOD, HOSTILE, MARKET, SEARCHED, SERVE

from archive import Release
from index import Index
from web import within


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE, MARKET) as index:
        yield index


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("Banjir dan BANJIR", "banjir", [(0, 6), (11, 17)]),
        ("Café, cafe\u0301, CAFE", "cafe", [(0, 4), (6, 11), (13, 17)]),
        ("cafe", "café", [(0, 4)]),
        ("wali  \nkota", " Wali kota ", [(0, 11)]),
        ("“Pasar” itu ‘besar’", "\"pasar\" itu 'besar'", [(0, 19)]),
        ("2019–2020", "2019-2020", [(0, 9)]),
        ("ke\u00adbersih\u200ban", "kebersihan", [(0, 12)]),
        ("tunggu…", "..", [(6, 7)]),
        ("aaaa", "aa", [(0, 2), (2, 4)]),
        ("<b>", "<B>", [(0, 3)]),
        ("a.c", "a?c", []),
        ("apa saja", " \u0301 ", []),
        ("", "a", []),
    ],
)
def test_words_are_found_whatever_their_case_accents_and_signs(text: str, wanted: str, found: list[tuple[int, int]]) -> None:
    assert within.find(text, wanted, 10) == found


def test_no_more_is_found_than_is_wanted() -> None:
    assert within.find("a a a", "a", 2) == [(0, 1), (2, 3)]


def test_finds_are_marked_counted_and_linked(client: FlaskClient) -> None:
    html = page(client, SEARCHED + "&within=PASAR&at=2")
    shown = paragraphs(html)
    assert shown[0] == '<mark class="found" id="w1">Pasar</mark> ramai sejak pagi.'
    assert '“<mark class="found" id="w2">Pasar</mark> Besar”' in shown[2]
    assert shown[4].endswith('&lt;b&gt;<mark class="found" id="w3">pasar</mark>&lt;/b&gt; ramai.')
    assert inside(html, "output") == "2 dari 3"
    assert steps(html, "found") == {
        "previous": "/releases/laporan?p=3&v=1&within=PASAR&q=petugas+melayani#w1",
        "next": "/releases/laporan?p=3&v=1&within=PASAR&at=3&q=petugas+melayani#w3",
    }
    assert steps(page(client, "/releases/laporan?within=pasar"), "found") == {
        "previous": "/releases/laporan?within=pasar&at=3#w3",
        "next": "/releases/laporan?within=pasar&at=2#w2",
    }
    # The way between passages keeps what is looked for.
    assert steps(html, "match")["next"] == "/releases/laporan?p=5&v=1&within=PASAR&q=petugas+melayani#p5"


def test_find_across_marked_words_keeps_one_element(client: FlaskClient) -> None:
    shown = paragraphs(page(client, SEARCHED.replace("p=3", "p=1") + "&within=senang.+petugas"))[1]
    find = '<mark class="found" id="w1">senang. <span class="nearest"><b>Petugas</b></span></mark>'
    rest = '<span class="nearest"> <b>melayani</b> pembeli dengan ramah.</span>'
    assert shown == f"<mark>Pedagang {find}{rest}</mark>"


def test_form_keeps_where_the_reader_is(client: FlaskClient) -> None:
    html = page(client, SEARCHED + "&topic=Sosial&topic=Ekonomi&within=pasar")
    form = re.search(r'<form class="within-form".*?</form>', html, re.DOTALL)
    assert form
    assert re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]) == [
        ("p", "3"),
        ("v", "1"),
        ("q", "petugas melayani"),
        ("topic", "Sosial"),
        ("topic", "Ekonomi"),
    ]
    assert 'value="pasar"' in form[0]


def test_nothing_found_within_is_said(client: FlaskClient) -> None:
    html = page(client, "/releases/laporan?within=zebra")
    assert inside(html, "output") == "Tidak ada"
    assert steps(html, "found") == {}


def test_finds_beyond_a_thousand_are_neither_marked_nor_hidden_silently(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, Release("Panjang", "a " * 700 + "\n\n" + "a " * 700, id="panjang"))
    html = page(client, "/releases/panjang?within=a&lang=id")
    assert html.count('class="found"') == 1_000
    assert inside(html, "output") == "1 dari 1.000 pertama"
    assert inside(page(client, "/releases/panjang?within=a&at=1000&lang=en"), "output") == "1,000 of the first 1,000"


@pytest.mark.parametrize(("query", "fault"), [("within=" + "a" * 101, "within"), ("within=a&at=0", "at"), ("at=x", "at")])
def test_bad_search_within_is_named(client: FlaskClient, query: str, fault: str) -> None:
    assert f"<code>{fault}=" in page(client, f"/releases/laporan?{query}", 400)
