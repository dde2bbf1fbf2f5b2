"""What the pages say of a ranking: its line and labels, why a passage matched, what is like it, and how all that works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import web_archive
from flask.testing import FlaskClient
from page_text import inside, links, page
from web_archive import FLOOD, HOSTILE, QUOTE, SERVE

from archive import Release, Store
from index import Index, questions
from index.answer import Marks
from index.build import data_paths
from web import create_app, measured
from web.marking import excerpt
from web.pages import MAX_HITS, MAX_IDENTICAL
from web.ranking import RANKINGS, STEPS

ELSEWHERE = questions.read(questions.ELSEWHERE)[-1]  # an English one, which is read as it stands
DIVIDER = "Di bawah garis ini: kemungkinan tidak menjawab"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE) as index:
        yield index


class _Nesting(HTMLParser):
    """Fails where elements do not nest."""

    VOID = frozenset({"br", "img", "input", "link", "meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_nested(html: str) -> None:
    parser = _Nesting()
    parser.feed(html)
    assert parser.open == []


def inside_html(html: str, tag: str, class_: str) -> str:
    """What the first element with this tag and class holds."""
    found = re.search(rf'<{tag} class="{class_}"[^>]*>(.*?)</{tag}>', html, re.DOTALL)
    assert found, f"no <{tag}> with {class_}"
    return found[1]


# The line


def test_one_divider_stands_where_the_hits_above_the_line_end(client: FlaskClient) -> None:
    html = page(client, "/?q=melayani")
    assert html.count(DIVIDER) == 1
    above, below = html.split(DIVIDER)
    assert re.findall(r'<li id="([^"]*)">', above) == ["asn-melayani"]
    assert set(re.findall(r'<li id="([^"]*)">', below)) == {"banjir", "hostile"}
    assert re.findall(r"</svg>(kuat|sedang|lemah)</span>", html) == ["kuat", "lemah", "lemah"]
    assert '<ol class="hits" start="2">' in below
    assert_nested(html)


def test_page_whose_hits_are_all_above_the_line_has_no_divider(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(12))
    web_archive.build(tmp_path)
    assert DIVIDER not in page(client, "/?q=melayani")
    second = page(client, "/?q=melayani&offset=10")
    assert second.count(DIVIDER) == 1
    assert inside(second, "p", class_="summary").startswith("Hasil 11–15 · 13 siaran pers mungkin menjawab")
    third = page(client, "/?q=melayani&offset=13")
    assert third.index(DIVIDER) < third.index('<li id="')


def test_query_that_nothing_answers_is_told_so_first(client: FlaskClient) -> None:
    html = page(client, f"/?q={ELSEWHERE}")
    notice, divider, hit = (html.index(text) for text in ("Tidak ada yang benar-benar menjawab", DIVIDER, '<li id="'))
    assert notice < divider < hit
    assert inside(html, "h2", id="notice-heading") == f"Tidak ada yang benar-benar menjawab “{ELSEWHERE}”"
    assert "Katakan hal yang sama dengan kata lain." in html
    assert "mungkin menjawab" not in html
    assert "Nothing here really answers" in page(client, f"/?q={ELSEWHERE}&lang=en")


def test_quoted_query_without_a_hit_suggests_to_drop_the_marks(client: FlaskClient) -> None:
    html = page(client, '/?q="kereta+gantung"')
    assert inside(html, "h2", id="notice-heading") == "Tidak ada siaran pers yang cocok"
    assert "Hapus tanda kutip atau minusnya" in html
    assert "Hapus tanda kutip" not in page(client, "/?q=melayani&since=2030-01-01")


def test_form_explains_how_to_write_a_query(client: FlaskClient) -> None:
    for path in ("/", "/?q=melayani"):
        syntax = inside(page(client, path), "details", class_="syntax")
        assert '"wali kota" meresmikan pasar' in syntax
        assert 'banjir -Jakarta -"tanggap darurat"' in syntax


# Marks


def test_passage_shows_the_nearest_sentence_and_the_same_words(client: FlaskClient, tmp_path: Path) -> None:
    two = Release("Dua", "Kali <b>kering</b> & sepi. Loket melayani warga.", id="dua", topic="Dua")
    web_archive.fill(tmp_path, two)
    web_archive.build(tmp_path)
    html = page(client, "/?q=loket+yang+melayani&topic=Dua")
    passage = "Kali &lt;b&gt;kering&lt;/b&gt; &amp; sepi. <mark><b>Loket</b> <b>melayani</b> warga.</mark>"
    assert f'<blockquote class="passage" lang="id">{passage}</blockquote>' in html
    assert inside(html, "p", class_="legend") == "kalimat yang paling dekat maknanya · kata yang sama"
    assert_nested(html)


def test_further_passages_are_marked_too(client: FlaskClient) -> None:
    html = page(client, "/?q=petugas+melayani")
    assert "<b>Petugas</b> <b>melayani</b> tanpa mengenal waktu." in html
    assert "‘’ASN itu <b>melayani</b> bukan <b>dilayani</b>,’’ tegasnya." in html


@pytest.mark.parametrize(
    ("marks", "html"),
    [
        (Marks(), "a&lt;b c&amp;d"),
        (Marks(None, ((0, 3),)), "<b>a&lt;b</b> c&amp;d"),
        (Marks((0, 7)), "<mark>a&lt;b c&amp;d</mark>"),
        (Marks((0, 3), ((4, 7),)), "<mark>a&lt;b</mark> <b>c&amp;d</b>"),
        (Marks((0, 3), ((0, 3),)), "<mark><b>a&lt;b</b></mark> c&amp;d"),
        (Marks((2, 5), ((0, 3), (4, 7))), "<b>a&lt;</b><mark><b>b</b> <b>c</b></mark><b>&amp;d</b>"),
    ],
)
def test_marks_nest_whatever_they_overlap(marks: Marks, html: str) -> None:
    assert excerpt("a<b c&d", marks) == html
    assert_nested(excerpt("a<b c&d", marks))


def test_long_passage_is_cut_around_its_sentence() -> None:
    text = "awal " * 100 + "Inti <di> sini. " + "akhir " * 100
    sentence = (500, 515)
    shown = excerpt(text, Marks(sentence, ((500, 504), (510, 514))), 100)
    assert "<mark><b>Inti</b> &lt;di&gt; <b>sini</b>.</mark>" in shown
    assert shown.startswith("… awal ")
    assert shown.endswith("akhir …")
    assert len(re.sub("<[^>]*>", "", shown)) < 120
    assert excerpt(text, Marks((0, 4), ((500, 504),)), 100) == "<mark>awal</mark>" + " awal" * 18 + " …"
    assert excerpt("x" * 50, Marks((0, 50)), 10) == "<mark>" + "x" * 10 + "</mark> …"


# Near-identical


def test_near_identical_releases_are_folded_with_links(client: FlaskClient, tmp_path: Path) -> None:
    twins = [replace(FLOOD, id=f"banjir-{n}", title=f"<i>Banjir</i> {n}", topic="Kembar") for n in range(MAX_IDENTICAL + 2)]
    web_archive.fill(tmp_path, *twins)
    web_archive.build(tmp_path)
    html = page(client, "/?q=banjir")
    assert f"{MAX_IDENTICAL + 2} siaran pers hampir sama" in html
    assert "/releases/banjir-1?p=0&v=1&q=banjir#p0" in links(html)
    assert '<span lang="id">&lt;i&gt;Banjir&lt;/i&gt; 1</span>' in html
    assert "… dan 2 lagi." in html
    assert f"banjir-{MAX_IDENTICAL + 1}" not in html
    assert_nested(html)


# Superseded text


def correct(tmp_path: Path) -> None:
    web_archive.fill(tmp_path, replace(FLOOD, body="Kali meluap.\n\nDapur umum memasak nasi bungkus."))
    web_archive.build(tmp_path)


def test_old_text_is_offered_once_there_is_some(client: FlaskClient, tmp_path: Path) -> None:
    for path in ("/", "/?q=banjir"):
        assert 'name="versions"' not in page(client, path)
    correct(tmp_path)
    for path in ("/", "/?q=banjir"):
        html = page(client, path)
        assert re.findall(r'name="versions" value="(\w*)" form="search" data-instant="click"( checked)?>', html) == [
            ("", " checked"),
            ("superseded", ""),
        ]
        assert_nested(html)


def test_old_text_says_its_version_and_leads_to_it_and_back(client: FlaskClient, tmp_path: Path) -> None:
    correct(tmp_path)
    html = page(client, "/?q=banjir&versions=superseded")
    assert re.findall(r'<li id="([^"]*)">', html) == ["banjir"]
    assert inside(html, "blockquote") == "Kali meluap dan banjir merendam 412 rumah."
    assert "<span>versi 1, sudah diganti</span>" in html
    assert 'name="versions" value="superseded" form="search" data-instant="click" checked>' in html
    address = "/releases/banjir?p=0&v=1&q=banjir&versions=superseded#p0"
    assert address in links(html)
    assert "/?q=banjir" in links(inside_html(html, "ul", "chips"))
    assert not [link for link in links(html) if "/similar" in link]
    assert_nested(html)
    release = page(client, address.partition("#")[0])
    assert inside(release, "mark") == "Kali meluap dan banjir merendam 412 rumah."
    assert "/?q=banjir&versions=superseded#banjir" in links(release)
    assert "<span>version 1, superseded</span>" in page(client, "/?q=banjir&versions=superseded&lang=en")
    assert "sudah diganti" not in inside_html(page(client, "/?q=banjir"), "ol", "hits")


def test_further_old_passages_say_their_version(client: FlaskClient, tmp_path: Path) -> None:
    correct(tmp_path)
    web_archive.fill(tmp_path, replace(FLOOD, body="Banjir surut."))
    web_archive.build(tmp_path)
    html = page(client, "/?q=banjir&versions=superseded")
    assert "<span>versi 1, sudah diganti</span>" in html
    more = inside_html(html, "details", "more")
    assert re.findall(r'<small lang="id">(versi \d)</small>', more) == ["versi 2", "versi 2"]
    assert_nested(html)


def test_old_text_that_nothing_matches_leads_to_current_text(client: FlaskClient) -> None:
    html = page(client, "/?q=banjir&versions=superseded")
    assert inside(html, "h2", id="notice-heading") == "Tidak ada siaran pers yang cocok"
    assert "Tidak ada isi siaran pers yang sudah diganti yang cocok dengan pencarian ini." in html
    assert "/?q=banjir" in links(html)
    assert "Perluas periodenya" not in html
    assert 'name="versions" value="superseded" form="search" data-instant="click" checked' in html
    assert inside(page(client, "/?q=banjir&versions=all", 400), "h1") == "Alamat ini memuat parameter yang keliru"
    assert "banjir" in page(client, "/?q=banjir&versions=")


# Size


def test_heaviest_page_of_results_stays_below_100_kb(client: FlaskClient, tmp_path: Path) -> None:
    for number in range(14):
        body = "\n\n".join(f"Petugas melayani {number}-{part}. " + "‘’Kata’’ & angka. " * 120 for part in range(7))
        web_archive.fill(tmp_path, Release(f"Judul {number} " + "panjang " * 20, body, id=f"berat{number}", topic="Berat"))
    web_archive.build(tmp_path)
    for query in ("melayani", "melayani " * 20, "layan" + " sangat" * 280):
        response = client.get("/", query_string={"q": query, "k": 100, "topic": "Berat"})
        assert response.status_code == 200
        assert response.get_data(as_text=True).count('<li id="') == MAX_HITS
        assert len(response.data) < 100_000
    assert '<a rel="next"' in response.get_data(as_text=True)


# Similar


def test_hit_leads_to_similar_passages_and_back(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, *web_archive.many(2))
    web_archive.build(tmp_path)
    address = "/releases/asn-melayani/similar?p=1&q=ASN+harus+melayani"
    assert address in links(page(client, "/?q=ASN+harus+melayani"))
    html = page(client, address)
    assert inside(html, "h1") == "Kutipan serupa"
    assert inside(html, "blockquote") == QUOTE
    assert re.findall(r'id="hit-\d+" lang="id"><a [^>]*>([^<]*)<', html)[:2] == ["Pelayanan 0", "Pelayanan 1"]
    assert "/?q=ASN+harus+melayani#asn-melayani" in links(html)
    assert "/releases/r0?p=0&v=1&q=ASN+harus+melayani#p0" in links(html)
    assert "/releases/r0/similar?p=0&q=ASN+harus+melayani" in links(html)
    assert_nested(html)


def test_release_page_names_similar_releases_and_leads_to_all(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, Release("Banjir <Surut>", "Banjir sudah surut.", id="surut"))
    web_archive.build(tmp_path)
    html = page(client, "/releases/banjir")
    assert inside(html, "ul", class_="others").startswith("Banjir <Surut> Tanpa tanggal")
    assert {"/releases/surut", "/releases/banjir/similar", "/releases/banjir/similar?p=0"} <= set(links(html))
    html = page(client, "/releases/banjir/similar")
    assert inside(html, "h1") == "Siaran pers serupa"
    assert inside(html, "h2", id="hit-1") == "Banjir <Surut>"
    assert inside(html, "blockquote") == "Banjir sudah surut."


def test_release_without_an_index_is_shown_without_similar_ones(tmp_path: Path) -> None:
    web_archive.fill(tmp_path, SERVE)
    index = web_archive.open_index(tmp_path)
    client = create_app({"INDEX": index}).test_client()
    assert "Siaran pers serupa" not in page(client, "/releases/asn-melayani")
    assert inside(page(client, "/releases/asn-melayani/similar", 503), "h1") == "Arsip belum diindeks"
    web_archive.build(tmp_path)
    assert "tidak memuat siaran pers lain" in page(client, "/releases/asn-melayani/similar")
    index.close()


def test_similar_to_what_is_unknown_removed_or_changed_is_a_page(client: FlaskClient, tmp_path: Path) -> None:
    assert inside(page(client, "/releases/unknown/similar", 404), "h1") == "Siaran pers tidak ditemukan"
    assert inside(page(client, "/releases/banjir/similar?p=2", 404), "h1") == "Paragraf tidak ditemukan"
    store = Store(data_paths(tmp_path)[0])
    store.remove("banjir")
    store.close()
    assert "ditarik dari arsip" in inside(page(client, "/releases/banjir/similar", 410), "h1")
    web_archive.fill(tmp_path, replace(SERVE, body="Teks baru."))
    assert inside(page(client, "/releases/asn-melayani/similar?p=0", 503), "h1") == "Siaran pers ini belum diindeks"
    assert "Teks baru." in page(client, "/releases/asn-melayani")


# How ranking works


def test_ranking_is_explained_with_papers_and_measurements(client: FlaskClient) -> None:
    html = page(client, "/ranking")
    assert inside(html, "h1") == "Cara kerja peringkat"
    for number in ("2409.04701", "1702.01417", "1710.04087", "2112.12777", "2210.11934", "2402.05672"):
        assert f"https://arxiv.org/abs/{number}" in links(html)
    for step in STEPS:
        assert inside(html, "section", id=step.key).startswith(str(step.name))
    assert f"<td>{measured.NEWS_BY_RELEASE.meaning:.3f}</td>".replace(".", ",") in html
    first = measured.OTHERS[0].news.meaning - measured.NEWS_BY_RELEASE.meaning
    assert f"<small>−{-first:.3f}</small>".replace(".", ",") in html
    assert f"<td>{measured.LINE_ON_NEWS.english.told_nothing} dari {measured.LINE_ON_NEWS.english.queries}</td>" in html
    assert_nested(html)
    assert inside(page(client, "/ranking?lang=en"), "h1") == "How ranking works"


def test_every_measured_ranking_has_a_name_for_readers() -> None:
    assert [other.ranking for other in measured.OTHERS] == list(RANKINGS)


def test_ranking_is_linked_from_every_page_and_needs_no_archive(client: FlaskClient, tmp_path: Path) -> None:
    for path in ("/", "/?q=melayani", "/releases/banjir"):
        assert "/ranking" in links(page(client, path))
    index = web_archive.open_index(tmp_path / "empty")
    assert inside(page(create_app({"INDEX": index}).test_client(), "/ranking"), "h1") == "Cara kerja peringkat"
    index.close()
