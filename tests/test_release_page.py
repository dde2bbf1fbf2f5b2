"""A release as its reader sees it: marked, searched within, in all its versions, and what changed between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import every_page
import pytest
import web_archive
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect
from test_pages import QUOTE, inside, links, page
from web_archive import FLOOD, HOSTILE, SERVE

from archive import Release, Store
from index import Index
from index.build import data_paths
from web import create_app, within

LONG = Release(
    "Laporan Pasar",
    "Pasar ramai sejak pagi.\n\n"
    "Pedagang senang. Petugas melayani pembeli dengan ramah.\n\n"
    "Cafe\u0301 di “Pasar Besar” tutup; CAFÉ lain\u00a0buka.\n\n"
    "Pelayanan parkir membaik.\n\n"
    "\u0633\u0644\u0627\u0645 <b>pasar</b> ramai.\n\n"
    "Kios layanan warga pindah.",
    id="laporan",
    published="2022-05-01",
)
SEARCHED = "/releases/laporan?p=3&v=1&q=petugas+melayani"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE, LONG) as index:
        yield index


@pytest.fixture
def client(index: Index) -> FlaskClient:
    return create_app({"INDEX": index}).test_client()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        web_archive.opened(tmp_path_factory.mktemp("data"), SERVE, FLOOD, HOSTILE, LONG) as index,
        every_page.served(index) as site,
    ):
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with every_page.chromium() as browser:
        yield browser


@pytest.fixture
def reader(browser: Browser, site: str) -> Iterator[Page]:
    """A page with JavaScript and a clipboard; its test fails where a script does."""
    context = browser.new_context(base_url=site, locale="id-ID", permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert complaints == []


def paragraphs(html: str) -> list[str]:
    """Markup of each paragraph, as it stands in the page."""
    return re.findall(r'<p dir="auto">(.*?)</p>', html, re.DOTALL)


def marked(html: str) -> dict[str, str]:
    """How each paragraph is marked, by its id."""
    return {id: kinds.strip() for id, kinds in re.findall(r'<div id="(p\d+)" class="paragraph([^"]*)">', html)}


def steps(html: str, key: str) -> dict[str, str]:
    """Where the links to what stands before and after lead."""
    found = re.findall(rf'<a class="jump"[^>]*?data-{key}-(previous|next)[^>]*>', html)
    whole = re.findall(rf'<a class="jump"[^>]*?data-{key}-[^>]*>', html)
    addresses = [re.search('href="([^"]*)"', one) for one in whole]
    return {name: unescape(address[1]) for name, address in zip(found, addresses, strict=True) if address}


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


# What changed


@pytest.fixture
def changed(client: FlaskClient, index: Index) -> FlaskClient:
    body = SERVE.body.replace("Sosialisasi dilakukan, Selasa (21/3).", "Sosialisasi dilakukan, Rabu (22/3).")
    second = replace(
        SERVE, source="/press/asn-melayani.txt", title="ASN Harus Bermental Melayani", body=body, topic="<b>ASN</b>"
    )
    third = replace(second, body=f"{second.body}\n\nTambahan.")
    list(index.store.add([second], fetched_at="2026-01-02T03:04:05+00:00"))
    list(index.store.add([third]))
    return client


def test_versions_are_listed_with_time_and_fingerprint(changed: FlaskClient, index: Index) -> None:
    html = page(changed, "/releases/asn-melayani?q=asn")
    listed = inside(html, "ol", class_="versions")
    assert "Versi 2, diambil 2 Januari 2026, 03.04 UTC" in listed
    for version in index.store.versions("asn-melayani"):
        first, rest = version.digest[:12], version.digest[12:]
        assert f'<code class="digest" title="SHA-256 {version.digest}">{first}<span>{rest}</span></code>' in html
    assert [link for link in links(html) if "/changes" in link] == [
        "/releases/asn-melayani/changes?from=2&to=3&q=asn",
        "/releases/asn-melayani/changes?from=1&to=2&q=asn",
    ]
    assert "/releases/asn-melayani/changes?from=1&to=3" in links(page(changed, "/releases/asn-melayani?v=1"))


def test_changes_show_what_was_removed_and_added(changed: FlaskClient) -> None:
    html = page(changed, "/releases/asn-melayani/changes?from=1&to=2&q=asn")
    text = re.sub(r' data-(?:begin|end)="[^"]*"', "", html)
    assert "<del>Wali Kota Tekankan </del>ASN Harus Bermental Melayani" in text
    assert re.search(r'<del>Kepegawaian</del> <span aria-hidden="true">→</span>\s+<ins>&lt;b&gt;ASN&lt;/b&gt;</ins>', text)
    assert '<p class="is-edited">MADIUN – Sosialisasi dilakukan, <del>Selasa (21</del><ins>Rabu (22</ins>/3).</p>' in text
    assert f"<p>{QUOTE}</p>" in text
    # Not by colour alone, nor for the eye alone.
    assert '<ins data-begin="[ditambahkan: " data-end="]">' in html
    assert '<del data-begin="[dihapus: " data-end="]">' in html
    assert "/?q=asn#asn-melayani" in links(html)
    assert "/releases/asn-melayani?v=1&q=asn" in links(html)


def test_changes_are_those_of_the_last_version_unless_others_are_named(changed: FlaskClient) -> None:
    html = page(changed, "/releases/asn-melayani/changes?lang=en")
    assert re.search(r'<p class="is-added"><ins data-begin="\[added: " data-end="]">Tambahan.</ins></p>', html)
    assert "3 paragraphs unchanged" in html
    assert re.findall(r'<option value="(\d)" selected>', html) == ["2", "3"]
    back = page(changed, "/releases/asn-melayani/changes?from=3&to=2")
    assert re.search(r'<p class="is-removed"><del [^>]*>Tambahan.</del></p>', back)


def test_changes_of_metadata_alone_say_that_the_text_is_the_same(client: FlaskClient, index: Index) -> None:
    list(index.store.add([replace(SERVE, source="/press/asn-melayani.txt", topic=None)]))
    html = page(client, "/releases/asn-melayani/changes")
    assert "Isinya tidak berubah." in html
    assert inside(html, "dl", class_="record") == "Topik Kepegawaian → tidak disebut"
    assert f"<p>{QUOTE}</p>" in html


def test_changes_of_one_version_are_none(client: FlaskClient) -> None:
    html = page(client, "/releases/asn-melayani/changes")
    assert "Arsip ini baru memuat satu versi siaran pers ini." in html
    assert "<ins" not in html


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/releases/unknown/changes", 404),
        ("/releases/asn-melayani/changes?from=1&to=9", 404),
        ("/releases/asn-melayani/changes?from=9", 404),
        ("/releases/asn-melayani/changes?from=0", 400),
        ("/releases/asn-melayani/changes?to=x", 400),
    ],
)
def test_changes_between_what_is_not_there_are_refused(client: FlaskClient, path: str, status: int) -> None:
    page(client, path, status)


def test_changes_of_a_removed_release_are_gone_with_it(client: FlaskClient, index: Index) -> None:
    index.store.remove("asn-melayani")
    assert "ditarik dari arsip" in inside(page(client, "/releases/asn-melayani/changes", 410), "h1")


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
    body = LONG.body.replace("Pelayanan parkir membaik.", "Parkir membaik, layanan juga.")
    list(index.store.add([replace(LONG, body=body, source="/press/laporan.txt")]))
    assert set(marked(page(client, "/releases/laporan?q=petugas+melayani")).values()) == {""}  # it is not indexed yet
    web_archive.build(tmp_path)
    matched = {"p1": "is-match", "p3": "is-match", "p5": "is-match"}
    now = marked(page(client, "/releases/laporan?q=petugas+melayani"))
    assert {id: kinds for id, kinds in now.items() if kinds} == matched
    html = page(client, "/releases/laporan?v=1&q=petugas+melayani")
    assert {id: kinds for id, kinds in marked(html).items() if kinds} == {"p1": "is-match", "p5": "is-match"}
    assert steps(html, "match") == {"next": "/releases/laporan?p=1&v=1&q=petugas+melayani#p1"}


def test_release_can_be_read_before_anything_is_indexed(tmp_path: Path) -> None:
    web_archive.fill(tmp_path / "new", LONG)
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
    list(index.store.add([replace(LONG, body="Baru.", source="/press/laporan.txt")]))
    old = page(client, "/releases/laporan?v=1")
    assert "/releases/laporan/cite?p=4&v=1" in links(old)
    assert "/releases/laporan/similar?p=4" not in links(old)


# Looking for words in the text


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


# In a browser


@pytest.mark.browser
def test_keys_lead_from_passage_to_passage(reader: Page) -> None:
    reader.goto(SEARCHED + "#p3")
    reader.keyboard.press("n")
    expect(reader).to_have_url(re.compile(r"p=5&v=1&q=petugas\+melayani#p5$"))
    reader.keyboard.press("p")
    expect(reader).to_have_url(re.compile(r"p=3&v=1&q=petugas\+melayani#p3$"))
    reader.keyboard.press("?")
    expect(reader.get_by_text("kutipan berikutnya, sebelumnya")).to_be_visible()
    reader.get_by_role("checkbox", name="Pakai pintasan satu huruf").uncheck()
    reader.keyboard.press("Escape")
    reader.keyboard.press("n")
    expect(reader.locator("#p3.is-marked")).to_be_attached()


@pytest.mark.browser
def test_words_are_found_while_one_types(reader: Page) -> None:
    reader.goto(SEARCHED)
    reader.keyboard.press("f")
    box = reader.get_by_role("searchbox", name="Kata di teks ini")
    expect(box).to_be_focused()
    reader.keyboard.type("pasar")
    place = reader.locator("output")
    expect(place).to_have_text("1 dari 3")
    expect(reader).to_have_url(re.compile(r"within=pasar#w1$"))
    reader.keyboard.press("Shift+Enter")
    expect(place).to_have_text("3 dari 3")
    expect(reader.locator(".found.is-current")).to_have_text("pasar")
    reader.keyboard.press("Enter")
    expect(place).to_have_text("1 dari 3")
    reader.reload()  # the same from the server
    expect(place).to_have_text("1 dari 3")
    box.focus()
    reader.keyboard.press("Escape")
    expect(box).to_have_value("")
    expect(reader.locator(".found")).to_have_count(0)
    expect(reader).to_have_url(re.compile(r"\?p=3&v=1&q=petugas\+melayani#p3$"))
    reader.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(reader.locator(".within summary")).to_be_focused()


@pytest.mark.browser
@pytest.mark.parametrize("wanted", ["pasar", "cafe", '"pasar besar"', "lain buka", "senang. petugas", "\u0633", "zebra", "a"])
def test_browser_finds_what_the_server_finds(reader: Page, wanted: str) -> None:
    def found() -> list[str]:
        numbers = reader.locator(".found").evaluate_all("all => all.map(one => [one.dataset.number, one.textContent])")
        joined: dict[str, str] = {}
        for number, text in numbers:
            joined[number] = joined.get(number, "") + text
        return list(joined.values())

    reader.goto(SEARCHED.replace("p=3", "p=1"))
    reader.keyboard.press("f")
    reader.keyboard.insert_text(wanted)
    live = found()
    reader.reload()
    assert live == found()
    assert (live == []) == (wanted == "zebra")
    for paragraph, text in zip(reader.locator(".paragraph > p").all(), LONG.body.split("\n\n"), strict=True):
        assert paragraph.text_content() == text


@pytest.mark.browser
def test_words_are_found_without_javascript(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", java_script_enabled=False)
    tab = context.new_page()
    tab.goto(SEARCHED)
    tab.locator(".within summary").click()
    tab.get_by_role("searchbox", name="Kata di teks ini").fill("pasar")
    tab.locator(".within-form").get_by_role("button", name="Cari").click()
    expect(tab.locator("output")).to_have_text("1 dari 3")
    expect(tab).to_have_url(re.compile(r"\?p=3&v=1&q=petugas\+melayani&within=pasar#w1$"))
    tab.get_by_role("link", name="Temuan sebelumnya").click()
    expect(tab.locator("output")).to_have_text("3 dari 3")
    expect(tab.locator("#w3")).to_be_in_viewport()
    context.close()


@pytest.mark.browser
def test_link_to_a_paragraph_is_copied_and_said(reader: Page, site: str) -> None:
    reader.goto(SEARCHED)
    reader.locator("#p4").hover()
    reader.locator("#p4 summary").click()
    reader.locator("#p4").get_by_role("link", name="Tautan tetap").click()
    expect(reader.get_by_role("status").filter(has_text="paragraf 5")).to_have_text("Tautan ke paragraf 5 sudah disalin.")
    assert reader.evaluate("navigator.clipboard.readText()") == f"{site}/releases/laporan?p=4&v=1#p4"
    expect(reader).to_have_url(re.compile(r"p=3&v=1"))


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_text_is_never_cut_nor_wider_than_68_letters(browser: Browser, site: str, width: int) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", viewport={"width": width, "height": 800})
    tab = context.new_page()
    for path in (SEARCHED, SEARCHED + "&within=pasar", "/releases/laporan", "/releases/asn-melayani?p=1&q=asn"):
        tab.goto(path)
        assert tab.evaluate("document.documentElement.scrollWidth") == width, path
        # The alphabet as often as Indonesian writes its letters is about half an em wide.
        letters = "document.querySelector('.release-text > div > p')"
        ems = tab.evaluate(f"{letters}.clientWidth / parseFloat(getComputedStyle({letters}).fontSize)")
        assert ems / 0.45 <= 68, path
        bar = tab.locator(".reading-bar")
        assert bar.evaluate("bar => [...bar.querySelectorAll('a, summary')].every(one => one.scrollHeight <= 60)"), path
    assert tab.locator("[dir=auto]").count() > 0
    context.close()


@pytest.mark.browser
def test_arabic_runs_from_the_right_and_latin_from_the_left(reader: Page) -> None:
    reader.goto("/releases/laporan")
    direction = "one => getComputedStyle(one).direction"
    assert reader.locator("#p4 > p").evaluate(direction) == "rtl"
    assert reader.locator("#p3 > p").evaluate(direction) == "ltr"


@pytest.mark.browser
def test_bar_covers_nothing_that_has_the_focus(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID", viewport={"width": 360, "height": 500})
    tab = context.new_page()
    tab.goto(SEARCHED + "&within=pasar")
    tab.locator(".record a, .versions a, .release-foot a").last.focus()
    for _ in range(14):
        tab.keyboard.press("Shift+Tab")
        focused = tab.evaluate(
            """() => { const one = document.activeElement; const bar = document.querySelector(".within-form");
            return one.closest(".reading-bar, .masthead") || one === document.body
                ? null : [one.getBoundingClientRect().top - bar.getBoundingClientRect().bottom, one.outerHTML] }"""
        )
        assert focused is None or focused[0] >= 0, focused
    context.close()


@pytest.mark.browser
def test_print_leaves_out_what_is_for_the_screen(reader: Page) -> None:
    reader.goto(SEARCHED)
    reader.emulate_media(media="print")
    for hidden in (".reading-bar", ".tools >> nth=3", ".masthead"):
        expect(reader.locator(hidden)).to_be_hidden()
    expect(reader.locator("#p3 > p")).to_be_visible()
