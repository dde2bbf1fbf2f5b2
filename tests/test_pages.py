from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import NoReturn

import pytest
import web_archive
from flask.testing import FlaskClient
from page_text import inside, links, page
from web_archive import FLOOD, HOSTILE, QUOTE, SERVE

from archive import Release, Store
from index import Index
from index.build import data_paths
from web import create_app

PAGES = (
    ("/", 200),
    ("/?q=melayani", 200),
    ("/releases/asn-melayani", 200),
    ("/releases/asn-melayani/similar?p=1", 200),
    ("/releases/asn-melayani/changes", 200),
    ("/ranking", 200),
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE) as index:
        yield index


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[FlaskClient]:
    index = web_archive.open_index(tmp_path / "empty")
    yield create_app({"INDEX": index}).test_client()
    index.close()


def counts(html: str, parameter: str) -> dict[str, int]:
    """Values of a field to choose from, in order, with what choosing each would find."""
    found = re.findall(rf'name="{parameter}" value="([^"]*)".*?<small>([\d.]+)</small>', html)
    return {unescape(value): int(count) for value, count in found}


# Start


def test_start_shows_examples_and_what_the_archive_holds(client: FlaskClient) -> None:
    html = page(client, "/")
    assert '<html lang="id">' in html
    examples = [link for link in links(html) if link.startswith("/?q=")]
    assert examples[0] == "/?q=ASN+harus+melayani"
    assert len(examples) == 5
    assert inside(html, "dl", class_="figures") == "Siaran pers 3 Paragraf 7 Periode 19 Januari 2021 – 21 Maret 2023"


def test_start_lists_the_newest_releases_and_what_narrows_them(client: FlaskClient) -> None:
    html = page(client, "/")
    assert re.findall(r'<li id="([^"]*)">', html) == ["asn-melayani", "banjir", "hostile"]
    assert inside(html, "h3", id="entry-1") == SERVE.title
    assert inside(html, "p", class_="entry-opening").startswith("MADIUN – Sosialisasi dilakukan")
    assert "/releases/asn-melayani" in links(html)
    assert counts(html, "topic") == {"<b>Ekonomi</b>": 1, "Kebencanaan": 1, "Kepegawaian": 1}
    assert counts(html, "source") == {"kota.example": 1}
    assert counts(html, "agency") == {}
    assert "/?sort=newest" not in links(html)  # they are all here


def test_start_leads_to_all_releases_by_date(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(12))
    web_archive.build(tmp_path)
    assert "/?sort=newest" in links(page(client, "/"))
    html = page(client, "/?sort=newest")
    assert inside(html, "p", class_="summary") == "15 siaran pers"
    assert re.findall(r'<li id="([^"]*)">', html) == ["asn-melayani", *(f"r{number}" for number in range(11, 2, -1))]
    assert "/releases/asn-melayani?sort=newest" in links(html)
    assert '<a rel="next" href="/?sort=newest&amp;offset=10"' in html
    second = page(client, "/?sort=newest&offset=10")
    assert re.findall(r'<li id="([^"]*)">', second) == ["r2", "r1", "r0", "banjir", "hostile"]
    assert inside(second, "p", class_="summary") == "Hasil 11–15 · 15 siaran pers"
    assert 'rel="next"' not in second
    oldest = page(client, "/?sort=oldest")
    assert re.findall(r'<li id="([^"]*)">', oldest)[:2] == ["banjir", "r0"]
    assert inside(oldest, "a", class_="segment", aria_current="true") == "Terlama"


def test_filters_without_a_query_list_what_passes(client: FlaskClient) -> None:
    html = page(client, "/?topic=Kebencanaan")
    assert re.findall(r'<li id="([^"]*)">', html) == ["banjir"]
    assert inside(html, "p", class_="summary") == "1 siaran pers"
    assert inside(html, "ul", class_="chips") == "Hapus saringan Kebencanaan × Hapus semua saringan"
    assert counts(html, "topic") == {"Kebencanaan": 1, "<b>Ekonomi</b>": 1, "Kepegawaian": 1}
    assert "/export.csv?topic=Kebencanaan" in links(html)
    empty = page(client, "/?topic=Olahraga")
    assert inside(empty, "h2", id="notice-heading") == "Tidak ada siaran pers yang cocok"
    assert "/" in links(empty)
    beyond = page(client, "/?topic=Kebencanaan&offset=10")
    assert "Tidak ada hasil lagi di halaman ini" in beyond


def test_start_before_anything_is_imported_gives_both_commands(empty: FlaskClient) -> None:
    html = page(empty, "/")
    assert inside(html, "pre") == "telusur import FOLDER telusur index"
    assert 'role="search"' not in html


def test_start_before_anything_is_indexed_gives_the_command_left(empty: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path / "empty", SERVE)
    html = page(empty, "/")
    assert inside(html, "pre") == "telusur index"
    assert "1 siaran pers sudah diimpor" in html
    web_archive.build(tmp_path / "empty")
    assert 'role="search"' in page(empty, "/")


def test_search_before_anything_is_indexed_is_a_page_too(empty: FlaskClient) -> None:
    html = page(empty, "/?q=banjir", 503)
    assert inside(html, "h1") == "Arsip belum diindeks"
    assert inside(html, "pre") == "telusur import FOLDER telusur index"


def test_sample_is_named_as_invented_only_while_it_is_loaded(client: FlaskClient, tmp_path: Path) -> None:
    assert "rekaan" not in page(client, "/")
    sample = Release("Jalan", "Jalan diperbaiki.", id="contoh", url="https://tirtapura.example/2024/01/02/jalan/")
    web_archive.fill(tmp_path, sample)
    for path, status in (("/", 200), ("/?q=jalan", 200), ("/releases/contoh", 200), ("/nothing", 404)):
        assert "Kota Tirtapura, para pejabatnya, dan semua peristiwanya rekaan" in page(client, path, status)
    store = Store(data_paths(tmp_path)[0])
    store.remove("contoh")
    store.close()
    assert "rekaan" not in page(client, "/")


# Results


def test_result_leads_with_the_passage_and_says_where_it_stands(client: FlaskClient) -> None:
    html = page(client, "/?q=ASN+harus+melayani")
    assert inside(html, "blockquote", class_="passage") == QUOTE
    assert inside(html, "h2", id="hit-1") == SERVE.title
    assert inside(html, "time", datetime="2023-03-21") == "21 Maret 2023"
    assert inside(html, "p", class_="facts") == "kuat 21 Maret 2023 Kepegawaian"
    assert "/releases/asn-melayani?p=1&v=1&q=ASN+harus+melayani#p1" in links(html)
    assert SERVE.url in links(html)
    assert f'href="{SERVE.url.replace("&", "&amp;")}" rel="noopener external"' in html
    assert "+2 kutipan lain dari siaran pers ini" in html
    assert "/releases/asn-melayani?p=2&v=1&q=ASN+harus+melayani#p2" in links(html)
    assert '<ol class="hits" start="1">' in html


def test_results_say_how_many_and_how_fast(client: FlaskClient) -> None:
    summary = inside(page(client, "/?q=melayani"), "p", class_="summary")
    assert re.fullmatch(r"1 siaran pers mungkin menjawab \d+,\d\d detik", summary)


def test_release_without_date_topic_or_address_is_shown_without(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, Release("Polos", "Sepi sekali.", id="polos"))
    web_archive.build(tmp_path)
    html = page(client, "/?q=sepi+sekali")
    card = html[html.index('<li id="polos">') :]
    assert inside(card, "p", class_="facts") == "kuat Tanpa tanggal"
    assert "Sumber asli" not in card[: card.index("</li>")]


def test_pages_follow_one_another_by_plain_links(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(22))
    web_archive.build(tmp_path)
    seen: list[str] = []
    address = "/?q=melayani&topic=Sosial"
    while True:
        html = page(client, address)
        seen += re.findall(r'<li id="(r\d+)">', html)
        later = re.search(r'<a rel="next" href="([^"]*)"', html)
        if later is None:
            break
        address = unescape(later[1])
    assert sorted(seen, key=lambda one: int(one[1:])) == [f"r{number}" for number in range(22)]
    assert address == "/?q=melayani&topic=Sosial&offset=20"
    assert inside(html, "p", class_="summary").startswith("Hasil 21–22 · 22 siaran pers mungkin menjawab")
    assert '<ol class="hits" start="21">' in html
    assert '<a rel="prev" href="/?q=melayani&amp;topic=Sosial&amp;offset=10"' in html


def test_page_beyond_the_last_leads_back(client: FlaskClient) -> None:
    html = page(client, "/?q=melayani&offset=50")
    assert "Tidak ada hasil lagi di halaman ini" in html
    assert "/?q=melayani" in links(html)


def test_filters_stay_in_the_form_and_each_can_be_dropped(client: FlaskClient) -> None:
    html = page(client, "/?q=banjir&since=2021-01-02&until=2021-12-31&topic=Kebencanaan&topic=Kepegawaian&sort=newest")
    assert 'name="since" value="2021-01-02" form="search"' in html
    assert 'name="until" value="2021-12-31" form="search"' in html
    assert re.findall(r'name="topic" value="([^"]*)" form="search" data-instant checked', html) == [
        "Kebencanaan",
        "Kepegawaian",
    ]
    assert re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', html) == [("sort", "newest")]
    assert "2 Januari 2021 – 31 Desember 2021" in inside(html, "ul", class_="chips")
    assert "/?q=banjir&topic=Kebencanaan&topic=Kepegawaian&sort=newest" in links(html)
    assert "/?q=banjir&since=2021-01-02&until=2021-12-31&topic=Kepegawaian&sort=newest" in links(html)
    assert "/?q=banjir&sort=newest" in links(html)


def test_page_without_filters_carries_them_hidden(client: FlaskClient) -> None:
    html = page(client, "/?q=banjir&until=2021-12-31&topic=A&topic=B&mode=kata&k=0", 400)
    assert '<input type="hidden"' not in html  # an address with a fault in it is not trusted
    html = page(client, "/releases/banjir?until=2021-12-31&topic=A&topic=B&mode=kata&k=5&offset=10")
    carried = [("until", "2021-12-31"), ("topic", "A"), ("topic", "B"), ("k", "5")]
    form = html[html.index('id="search"') :].partition("</form>")[0]
    assert re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', form) == carried
    assert 'value="kata" data-instant="click" checked' in html


def test_mode_is_chosen_beside_the_box_and_kept(client: FlaskClient) -> None:
    for address, checked in (("/", ""), ("/?q=banjir&mode=makna", "makna"), ("/?q=banjir&mode=kata", "kata")):
        html = page(client, address)
        assert re.findall(r'name="mode" value="(\w*)" data-instant="click" checked', html) == [checked]
    html = page(client, "/?q=melayani&mode=kata")
    assert "kalimat yang paling dekat maknanya" not in html
    assert "/releases/asn-melayani?p=1&v=1&q=melayani&mode=kata#p1" in links(html)


def test_hits_can_be_sorted_by_date(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(3))
    web_archive.build(tmp_path)
    html = page(client, "/?q=melayani&sort=oldest&topic=Sosial")
    assert re.findall(r'<li id="(r\d)">', html) == ["r0", "r1", "r2"]
    assert "/?q=melayani&topic=Sosial&sort=newest" in links(html)
    assert "/?q=melayani&topic=Sosial" in links(html)
    assert inside(html, "a", class_="segment", aria_current="true") == "Terlama"


def test_counts_are_those_of_the_hits(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(
        tmp_path, *web_archive.many(12), replace(SERVE, id="dua", agency="Dinas <A>", language="jv", topic="Sosial")
    )
    web_archive.build(tmp_path)
    html = page(client, "/?q=melayani&topic=Kepegawaian")
    assert counts(html, "topic") == {"Kepegawaian": 1, "Sosial": 13}
    html = page(client, "/?q=melayani")
    assert counts(html, "topic") == {"Sosial": 13, "Kepegawaian": 1}
    assert counts(html, "agency") == {"Dinas <A>": 1}
    assert counts(html, "language") == {"jv": 1}
    assert '<span class="choice-name">Jawa</span>' in html


def test_results_can_be_taken_away(client: FlaskClient) -> None:
    html = page(client, "/?q=melayani&topic=Kepegawaian")
    for address in ("/export.csv", "/export.xlsx", "/export.json", "/api/v1/search"):
        assert f"{address}?q=melayani&topic=Kepegawaian" in links(html)
    assert "/releases/asn-melayani/cite?p=1&v=1&q=melayani&topic=Kepegawaian" in links(html)


def test_search_can_be_followed_as_a_feed(client: FlaskClient) -> None:
    html = page(client, "/?q=petugas+melayani&topic=Kepegawaian&sort=newest")
    feed = 'type="application/atom+xml" title="petugas melayani" href="/feed.atom?q=petugas+melayani&amp;topic=Kepegawaian"'
    assert f'<link rel="alternate" {feed}>' in html
    assert "/feed?q=petugas+melayani&topic=Kepegawaian&sort=newest" in links(html)
    # Most of all where there is nothing to be found yet.
    assert "/feed?q=petugas&topic=Kelautan" in links(page(client, "/?q=petugas&topic=Kelautan"))


def test_superseded_text_cannot_be_followed(client: FlaskClient) -> None:
    html = page(client, "/?q=petugas&versions=superseded")
    assert "atom+xml" not in html
    assert [address for address in links(html) if address.startswith("/feed")] == []


def test_every_page_leads_developers_to_their_reference(client: FlaskClient) -> None:
    assert '<a class="quiet" href="/api/docs">Untuk pengembang</a>' in page(client, "/")


def test_form_left_empty_and_what_others_add_to_links_change_nothing(client: FlaskClient) -> None:
    html = page(client, "/?q=banjir&since=&until=&topic=&utm_source=chat&fbclid=1")
    assert "Banjir Rendam 412 Rumah" in html
    assert "utm_source" not in "".join(link for link in links(html) if not link.startswith("?"))


def test_nothing_found_offers_to_drop_the_filters(client: FlaskClient) -> None:
    html = page(client, "/?q=banjir&since=2030-01-01")
    assert inside(html, "h2", id="notice-heading") == "Tidak ada siaran pers yang cocok"
    assert "/?q=banjir" in links(html)


def test_topic_that_no_release_has_stays_visible(client: FlaskClient) -> None:
    html = page(client, "/?q=banjir&topic=Olahraga")
    assert counts(html, "topic")["Olahraga"] == 0
    assert 'value="Olahraga" form="search" data-instant checked' in html
    assert "Tidak ada siaran pers yang cocok" in html


def test_very_long_paragraph_is_cut_on_the_results_but_not_on_its_own_page(client: FlaskClient, tmp_path: Path) -> None:
    long = Release("Panjang", "Petugas melayani " + "kata " * 1_000 + "selesai.", id="panjang", topic="Panjang")
    web_archive.fill(tmp_path, long)
    web_archive.build(tmp_path)
    passage = inside(page(client, "/?q=melayani&topic=Panjang"), "blockquote")
    assert len(passage) <= 1_502
    assert passage.endswith("kata …")
    assert "selesai." in page(client, "/releases/panjang")


# Text from elsewhere is data


@pytest.mark.parametrize(
    "path", ["/", "/?q=pasar+ramai", "/releases/hostile?p=0&q=pasar", "/?q=pasar&topic=%3Cb%3EEkonomi%3C/b%3E"]
)
def test_markup_in_a_release_is_shown_and_never_obeyed(client: FlaskClient, path: str) -> None:
    html = page(client, path)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "<b>Ekonomi" not in html
    assert "&lt;b&gt;Ekonomi&lt;/b&gt;" in html
    if path != "/":
        assert "Pasar &lt;img src=x onerror=alert(1)&gt; ramai." in re.sub(r"</?(?:mark|b)>", "", html)
        assert "Pedagang {{ 7*7 }} senang." in html


def test_markup_in_a_query_is_shown_and_never_obeyed(client: FlaskClient) -> None:
    hostile = "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for html in (page(client, hostile), page(client, hostile + "&k=ten", 400), page(client, "/releases/banjir" + hostile[1:])):
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_no_page_uses_another_host_or_inline_code(client: FlaskClient) -> None:
    for path, status in (*PAGES, ("/nothing", 404)):
        html = page(client, path, status)
        loaded = re.findall(r'<(?:script|link(?! rel="alternate")|img)\b[^>]*(?:src|href)="([^"]*)"', html)
        assert loaded
        assert all(address.startswith("/static/") for address in loaded)
        assert not re.search(r"<style|<script>|<[^>]*\s(?:style|on\w+)=", html)


# Errors


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/?q=banjir&since=2023-13-01", "since=2023-13-01"),
        ("/?q=banjir&since=2023-01-02&until=2023-01-01", "since=2023-01-02"),
        ("/?q=banjir&k=0", "k=0"),
        ("/releases/banjir/similar?p=x&q=banjir", "p=x"),
        ("/?q=banjir&lang=xx", "lang=xx"),
        ("/releases/banjir?p=x&q=banjir", "p=x"),
        ("/releases/banjir?v=0&q=banjir", "v=0"),
    ],
)
def test_bad_parameter_is_named_and_the_query_kept(client: FlaskClient, path: str, fault: str) -> None:
    html = page(client, path, 400)
    assert inside(html, "p", class_="at-fault") == fault
    assert 'name="q" value="banjir"' in html


def test_query_that_only_leaves_out_is_explained(client: FlaskClient) -> None:
    html = page(client, "/?q=-parkir", 400)
    assert inside(html, "p", class_="at-fault") == "q=-parkir"
    assert "hanya berisi apa yang tidak boleh muncul" in html


def test_bad_query_is_not_put_back_into_the_box(client: FlaskClient) -> None:
    for query in ("a%00b", "a" * 2_001, "%ff"):
        assert 'name="q" value=""' in page(client, f"/?q={query}", 400)


def test_unknown_page_and_method_are_pages(client: FlaskClient) -> None:
    assert inside(page(client, "/nothing", 404), "h1") == "Halaman tidak ditemukan"
    assert client.post("/").status_code == 405
    assert client.post("/").headers["Allow"]


def test_failure_is_a_page_that_needs_nothing_of_the_archive(
    index: Index, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> NoReturn:
        raise RuntimeError("secret")

    monkeypatch.setattr(index.store, "state", fail)
    html = page(client, "/", 500)
    assert inside(html, "h1") == "Terjadi kesalahan di server"
    assert "secret" not in html
    assert "secret" in caplog.text


# Language


def test_language_is_indonesian_unless_english_comes_first(client: FlaskClient) -> None:
    for wish, language in (("en-GB,id;q=0.8", "en"), ("id,en;q=0.9", "id"), ("de,en;q=0.9", "id"), ("", "id")):
        response = client.get("/", headers={"Accept-Language": wish})
        assert f'<html lang="{language}">' in response.get_data(as_text=True)
        assert response.headers["Content-Language"] == language
        assert set(response.vary) >= {"Accept-Language", "Cookie"}


def test_language_switch_keeps_the_search_and_is_remembered(client: FlaskClient) -> None:
    assert "?q=melayani&topic=Kepegawaian&lang=en" in links(page(client, "/?q=melayani&topic=Kepegawaian"))
    html = page(client, "/?q=melayani&topic=Kepegawaian&lang=en")
    assert '<html lang="en">' in html
    assert inside(html, "p", class_="summary").startswith("1 release may answer")
    assert inside(html, "p", class_="facts").startswith("strong")
    assert inside(html, "time", datetime="2023-03-21") == "21 March 2023"
    assert '<html lang="en">' in page(client, "/")
    assert '<html lang="id">' in page(client, "/?lang=id")
    assert '<html lang="id">' in page(client, "/")


def test_language_links_cannot_lead_to_another_host(client: FlaskClient) -> None:
    html = client.get("//elsewhere.example/", base_url="http://localhost").get_data(as_text=True)
    assert not [link for link in links(html) if "elsewhere" in link]


# Static files


def test_static_files_are_kept_for_good_under_their_version(client: FlaskClient) -> None:
    address = re.search(r'href="(/static/style\.css\?v=[0-9a-f]{10})"', page(client, "/"))
    assert address
    for path, lifetime in (
        (address[1], "public, max-age=31536000, immutable"),
        ("/static/style.css", "no-cache"),
        ("/static/style.css?v=0000000000", "no-cache"),
    ):
        with client.get(path) as response:
            assert response.headers["Cache-Control"] == lifetime
    assert client.get("/static/nothing.css").status_code == 404
