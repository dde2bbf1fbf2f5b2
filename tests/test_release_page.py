"""A release as its reader sees it: what is known of it, and the passages that a search found in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import web_archive
from flask.testing import FlaskClient
from page_text import inside, links, marked, page, paragraphs, steps
from web_archive import FLOOD, HOSTILE, MARKET, QUOTE, SEARCHED, SERVE

from archive import Store
from index import Index
from index.build import data_paths
from web import create_app


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE, MARKET) as index:
        yield index


# A release


def test_release_page_marks_the_passage_and_leads_back_to_the_results(client: FlaskClient) -> None:
    html = page(client, "/releases/asn-melayani?p=1&v=1&q=ASN+harus+melayani&topic=Kepegawaian&offset=10")
    assert inside(html, "h1") == SERVE.title
    assert html.count("<mark>") == 1
    assert inside(html, "mark") == QUOTE
    assert marked(html) == {"p0": "", "p1": "is-match is-marked", "p2": "is-match"}
    assert paragraphs(html)[0] == "MADIUN – Sosialisasi dilakukan, Selasa (21/3)."
    assert "/?q=ASN+harus+melayani&topic=Kepegawaian&offset=10#asn-melayani" in links(html)
    assert "/releases/asn-melayani?p=2&v=1#p2" in links(html)


def test_release_page_says_what_is_known_of_it(client: FlaskClient) -> None:
    record = inside(page(client, "/releases/asn-melayani"), "dl", class_="record")
    for fact in (
        "Terbit 21 Maret 2023",
        "Topik Kepegawaian",
        "Kota MADIUN",
        "Kantor diskominfo",
        "ney / agi",
        "Sumber asli https://kota.example/2023/03/21/asn/?a=1&b=2",
        "Versi 1 dari 1",
        "ID arsip asn-melayani",
    ):
        assert fact in record
    assert re.search(r"Diimpor \d+ \w+ \d{4}, \d\d\.\d\d UTC", record)


def test_release_page_without_a_passage_marks_nothing(client: FlaskClient) -> None:
    html = page(client, "/releases/asn-melayani")
    assert "<mark>" not in html
    assert "Kembali ke hasil" not in html


def test_older_version_can_be_read_and_says_so(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, replace(SERVE, body="Teks baru."))
    old = page(client, "/releases/asn-melayani?v=1&p=1&q=asn")
    assert inside(old, "mark") == QUOTE
    assert "Anda membaca versi 1, yang sudah digantikan." in old
    new = page(client, "/releases/asn-melayani?q=asn")
    assert "Teks baru." in new
    assert "sudah digantikan" not in new
    assert "/releases/asn-melayani?v=1&q=asn" in links(new)
    # The index still knows the old text only: its link must lead to the version in which the passage stands.
    assert "/releases/asn-melayani?p=1&v=1&q=ASN+harus+melayani#p1" in links(page(client, "/?q=ASN+harus+melayani"))


@pytest.mark.parametrize("path", ["/releases/unknown", "/releases/asn-melayani?v=2", "/releases/asn-melayani?p=3"])
def test_unknown_release_version_or_paragraph_is_not_found(client: FlaskClient, path: str) -> None:
    assert "tidak ditemukan" in inside(page(client, path, 404), "h1")


def test_removed_release_is_gone(client: FlaskClient, tmp_path: Path) -> None:
    store = Store(data_paths(tmp_path)[0])
    store.remove("asn-melayani")
    store.close()
    html = page(client, "/releases/asn-melayani", 410)
    assert "ditarik dari arsip" in inside(html, "h1")
    assert QUOTE not in html
    assert QUOTE not in page(client, "/?q=ASN+harus+melayani")


def test_release_that_is_gone_says_so_and_since_when(client: FlaskClient, index: Index) -> None:
    assert "Tidak lagi tersedia" not in page(client, "/releases/asn-melayani")
    index.store.mark_gone(["asn-melayani"], "2026-01-02T03:04:05+00:00")
    said = inside(page(client, "/releases/asn-melayani"), "p", class_="gone")
    assert said == ("Tidak lagi tersedia di sumber , terlihat sejak 2 Januari 2026 . Salinan di arsip ini tetap ada.")
    assert '<time datetime="2026-01-02T03:04:05+00:00">2 January 2026</time>' in page(client, "/releases/asn-melayani?lang=en")
    index.store.mark_back(["asn-melayani"])
    assert 'class="gone"' not in page(client, "/releases/asn-melayani")


def test_release_names_where_its_text_was_published_too(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, replace(SERVE, id="cermin", url="https://www.kominfo.example/asn/", published="2023-03-22"))
    html = page(client, "/releases/asn-melayani")
    assert "Terbit juga di" in html
    assert "kominfo.example 22 Maret 2023" in inside(html, "ul", class_="others")
    assert "/releases/cermin" in links(html)
    assert "kota.example 21 Maret 2023" in inside(page(client, "/releases/cermin"), "ul", class_="others")
    assert "Terbit juga di" not in page(client, "/releases/banjir")


def test_release_page_says_what_was_found_out(client: FlaskClient, index: Index) -> None:
    found = replace(
        SERVE,
        source="/press/asn-melayani.txt",
        published_from="permalink",
        event_date="2023-03-20",
        agency="Diskominfo Kota <Madiun>",
        author="Ney",
        language="jv",
        modified="2023-03-22T08:00",
    )
    list(index.store.add([found]))
    record = inside(page(client, "/releases/asn-melayani"), "dl", class_="record")
    for fact in (
        "Terbit 21 Maret 2023 (menurut alamatnya)",
        "Hari peristiwa 20 Maret 2023",
        "Instansi Diskominfo Kota <Madiun>",
        "Penulis Ney",
        "Bahasa Jawa",
        "Diubah penerbit 22 Maret 2023",
    ):
        assert fact in record
    assert "Language Javanese" in inside(page(client, "/releases/asn-melayani?lang=en"), "dl", class_="record")


def test_only_web_addresses_become_links(client: FlaskClient, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    known = index.store.versions("asn-melayani")
    for address in ("javascript:alert(1)", "data:text/html,x", "//elsewhere.example/", "https:///nohost"):
        monkeypatch.setattr(index.store, "versions", lambda _id, url=address: [replace(known[0], url=url)])
        html = page(client, "/releases/asn-melayani")
        assert address not in links(html)
        assert "Sumber asli" not in html


# From passage to passage


def test_all_passages_that_the_search_found_are_marked_and_linked_in_reading_order(client: FlaskClient) -> None:
    html = page(client, SEARCHED)
    assert marked(html) == {"p0": "", "p1": "is-match", "p2": "", "p3": "is-match is-marked", "p4": "", "p5": "is-match"}
    assert inside(html, "nav", class_="steps") == "Kutipan 2 dari 3 Kutipan sebelumnya Kutipan berikutnya"
    assert steps(html, "match") == {
        "previous": "/releases/laporan?p=1&v=1&q=petugas+melayani#p1",
        "next": "/releases/laporan?p=5&v=1&q=petugas+melayani#p5",
    }
    assert "Kutipan 3 dari 3:" in html


def test_first_and_last_passage_lead_one_way_only(client: FlaskClient) -> None:
    assert list(steps(page(client, SEARCHED.replace("p=3", "p=1")), "match")) == ["next"]
    assert list(steps(page(client, SEARCHED.replace("p=3", "p=5")), "match")) == ["previous"]


def test_reader_who_stands_at_no_passage_is_led_to_the_nearest(client: FlaskClient) -> None:
    html = page(client, "/releases/laporan?q=petugas+melayani")
    assert inside(html, "nav", class_="steps") == "3 kutipan Kutipan pertama"
    assert steps(html, "match") == {"next": "/releases/laporan?p=1&v=1&q=petugas+melayani#p1"}
    between = steps(page(client, SEARCHED.replace("p=3", "p=4")), "match")
    assert [re.findall(r"#p\d", one) for one in between.values()] == [["#p3"], ["#p5"]]


def test_words_and_nearest_sentence_are_marked_in_the_passage_alone(client: FlaskClient) -> None:
    shown = paragraphs(page(client, SEARCHED.replace("p=3", "p=1")))
    sentence = "<b>Petugas</b> <b>melayani</b> pembeli dengan ramah."
    assert shown[1] == f'<mark>Pedagang senang. <span class="nearest">{sentence}</span></mark>'
    assert shown[3] == "Pelayanan parkir membaik."
    below = paragraphs(page(client, "/releases/laporan?p=0&v=1&q=pasar+layanan"))
    assert below[0] == "<mark><b>Pasar</b> ramai sejak pagi.</mark>"


@pytest.mark.parametrize("query", ["", "q=-pasar", "topic=Sosial"])
def test_nothing_is_marked_without_a_search_for_words(client: FlaskClient, query: str) -> None:
    html = page(client, f"/releases/laporan?{query}")
    assert set(marked(html).values()) == {""}
    assert 'class="steps"' not in html


def test_passages_of_another_version_are_marked_where_the_text_is_the_same(
    client: FlaskClient, index: Index, tmp_path: Path
) -> None:
    body = MARKET.body.replace("Pelayanan parkir membaik.", "Parkir membaik, layanan juga.")
    list(index.store.add([replace(MARKET, body=body, source="/press/laporan.txt")]))
    assert set(marked(page(client, "/releases/laporan?q=petugas+melayani")).values()) == {""}  # it is not indexed yet
    web_archive.build(tmp_path)
    matched = {"p1": "is-match", "p3": "is-match", "p5": "is-match"}
    now = marked(page(client, "/releases/laporan?q=petugas+melayani"))
    assert {id: kinds for id, kinds in now.items() if kinds} == matched
    html = page(client, "/releases/laporan?v=1&q=petugas+melayani")
    assert {id: kinds for id, kinds in marked(html).items() if kinds} == {"p1": "is-match", "p5": "is-match"}
    assert steps(html, "match") == {"next": "/releases/laporan?p=1&v=1&q=petugas+melayani#p1"}


def test_release_can_be_read_before_anything_is_indexed(tmp_path: Path) -> None:
    web_archive.fill(tmp_path / "new", MARKET)
    index = web_archive.open_index(tmp_path / "new")
    html = page(create_app({"INDEX": index}).test_client(), SEARCHED)
    index.close()
    assert marked(html)["p3"] == "is-marked"


def test_way_back_leads_to_where_the_reader_came_from(client: FlaskClient) -> None:
    assert inside(page(client, SEARCHED), "p", class_="bar-back") == "Kembali ke hasil untuk petugas melayani"
    browsed = page(client, "/releases/laporan?topic=Sosial")
    assert inside(browsed, "p", class_="bar-back") == "Kembali ke daftar"
    assert "/?topic=Sosial#laporan" in links(browsed)
    alone = page(client, "/releases/laporan")
    assert inside(alone, "p", class_="bar-back") == "Semua siaran pers"
    assert "/?sort=newest" in links(alone)


def test_each_paragraph_can_be_linked_to_cited_and_compared(client: FlaskClient, index: Index) -> None:
    html = page(client, SEARCHED)
    for address in (
        "/releases/laporan?p=4&v=1#p4",
        "/releases/laporan/cite?p=4&v=1&q=petugas+melayani",
        "/releases/laporan/similar?p=4&q=petugas+melayani",
        "/releases/laporan/cite?v=1&q=petugas+melayani",
    ):
        assert address in links(html)
    assert re.findall(r'<details class="tools" open', html) == ['<details class="tools" open']
    list(index.store.add([replace(MARKET, body="Baru.", source="/press/laporan.txt")]))
    old = page(client, "/releases/laporan?v=1")
    assert "/releases/laporan/cite?p=4&v=1" in links(old)
    assert "/releases/laporan/similar?p=4" not in links(old)
