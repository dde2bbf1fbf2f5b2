from __future__ import annotations

import html as entities
import json
import random
import re
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archive import Release, split
from archive.readers import html, jsonl
from archive.readers.common import Document, Problem
from archive.readers.page_text import clean

PAGES = Path(__file__).parent / "data/pages"
EXPECTED = [json.loads(line) for line in (PAGES / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
FACTS = ("title", "published", "published_from", "url", "topic", "author")
TEXT = "".join(
    f"<p>Paragraf {number} dari siaran pers ini cukup panjang agar dikenali sebagai teks berita.</p>" for number in range(3)
)
PARAGRAPHS = [f"Paragraf {number} dari siaran pers ini cukup panjang agar dikenali sebagai teks berita." for number in range(3)]


@pytest.fixture(autouse=True)
def day_of_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day after every page of the corpus: one that claims to be from the future is not believed."""
    monkeypatch.setattr(html, "_today", lambda: date(2026, 11, 24))


def read(page: str | bytes, url: str | None = None, charset: str | None = None) -> Release:
    (found,) = html.read(document(page, url, charset))
    assert isinstance(found, Release), found
    return found


def problem(page: str | bytes) -> str:
    (found,) = html.read(document(page))
    assert isinstance(found, Problem), found
    assert found.source == "/rilis.html"
    assert "\n" not in found.message
    return found.message


def document(page: str | bytes, url: str | None = None, charset: str | None = None) -> Document:
    data = page if isinstance(page, bytes) else page.encode()
    return Document.of_bytes(data, "/rilis.html", "rilis.html", url, charset)


def texts(release: Release) -> list[str]:
    return release.body.split("\n\n")


def read_page(expected: dict[str, Any]) -> Release:
    return read((PAGES / expected["file"]).read_bytes(), expected.get("address"))


# The corpus of pages


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected["file"])
def test_title_day_address_topic_and_byline_of_every_page_are_exact(expected: dict[str, Any]) -> None:
    release = read_page(expected)
    assert {name: getattr(release, name) for name in FACTS} == {name: expected.get(name) for name in FACTS}
    if "agency" in expected:  # else the sign-off tells it
        assert release.agency == expected["agency"]


def test_paragraphs_of_the_corpus_are_exact() -> None:
    right = wrong = missed = 0
    for expected in EXPECTED:
        found = Counter(" ".join(text.split()) for text in texts(read_page(expected)))
        wanted = Counter(" ".join(text.split()) for text in expected["paragraphs"])
        right += (found & wanted).total()
        wrong += (found - wanted).total()
        missed += (wanted - found).total()
    assert len(EXPECTED) == 85
    assert (right / (right + wrong), right / (right + missed)) == (1.0, 1.0)


def test_the_seed_of_the_corpus_in_full() -> None:
    expected = next(one for one in EXPECTED if one["title"].startswith("Pegawai Loket Bergiliran"))
    release = read_page(expected)
    assert texts(release) == expected["paragraphs"]
    assert release.city == "TIRTAPURA"
    assert (release.initials, release.office) == (("ney", "agi"), "diskominfo")
    assert release.published is not None
    assert release.published[:10] == release.event_date == "2023-03-21"


def test_news_as_pages_has_the_paragraphs_of_the_news(shared: Path, tmp_path: Path) -> None:
    path = shared / "data/news/releases.jsonl"
    count = 0
    for release in jsonl.read(Document.of_file(path)):
        assert isinstance(release, Release)
        count += 1
        file = tmp_path / f"{release.id}.html"
        file.write_text(page_of(release), encoding="utf-8")
        (found,) = html.read(Document.of_file(file))
        assert isinstance(found, Release), (release.id, found)
        wanted = [clean(paragraph.text) for paragraph in split(release)]
        assert [paragraph.text for paragraph in split(found)] == wanted, release.id
        assert (found.title, found.url) == (" ".join(release.title.split()), release.url), release.id
        assert found.published == release.published
    assert count == 494


def page_of(release: Release) -> str:
    e = entities.escape
    body = "\n".join(f"<p>{e(text)}</p>" for text in release.body.split("\n\n"))
    links = "".join(f"<li><a href='/{n}'>Judul berita lain nomor {n} di bilah samping</a></li>" for n in range(5))
    return (
        f"<!doctype html><html lang=id><head><meta charset=utf-8><title>{e(release.title)} | Kabar Tirtapura</title>"
        f"<link rel=canonical href='{e(release.url or '', quote=True)}'>"
        f"<meta property='article:published_time' content='{release.published}'></head><body>"
        "<header><a href='/'>Kabar Tirtapura</a><nav><ul><li><a href='/berita'>Berita</a></li></ul></nav></header>"
        f"<article><h1>{e(release.title)}</h1><p class='meta'>Oleh redaksi</p>{body}</article>"
        f"<aside class='sidebar'><h3>Terpopuler</h3><ul>{links}</ul></aside>"
        "<footer><p>Jalan Ahmad Wirasana Nomor 1, Kota Tirtapura. Telepon 0800-1-TIRTA.</p></footer></body></html>"
    )


# What a page is


def test_a_small_page_is_a_release() -> None:
    release = read("<html><head><title>Judul</title></head><body><h1>Judul</h1><p>Isi.</p></body></html>")
    assert release == Release("Judul", "Isi.", source="/rilis.html")


SCRIPTS = "<html><head><script>start()</script></head><body><div id=app></div><script src=app.js></script></body></html>"
NOT_FOUND = "looks like a page that says not found"
DOWN = "looks like a page that says the site is not available; try again later"


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"", "the file is empty"),
        (b" \n ", "the file is empty"),
        (SCRIPTS, "no text: the page builds itself by scripts; harvest the site's feed instead"),
        ("<html><body></body></html>", "no text on the page"),
        ("<html><head><title>Judul</title></head></html>", "no text on the page"),
        ("<title>404 Not Found</title><h1>Not Found</h1><p>The requested URL was not found on this server.</p>", NOT_FOUND),
        ("<title>Halaman tidak ditemukan</title><h1>Ups!</h1><p>Halaman yang Anda cari tidak ditemukan.</p>", NOT_FOUND),
        ("<title>Portal</title><nav>Beranda</nav><h2>404</h2><p>Maaf, berita ini telah dihapus.</p>", NOT_FOUND),
        ("<title>Portal</title><h1>Situs sedang dalam pemeliharaan</h1><p>Silakan kembali nanti.</p>", DOWN),
        ("<title>Just a moment...</title><h1>a.example</h1><p>Checking if the site connection is secure</p>", DOWN),
        ("<h1>Masuk</h1><form><input name=u><input type=password></form><p>Lupa kata sandi?</p>", "a login page, no release"),
        ("<h1>Hasil pencarian: asn</h1><p>Tidak ada hasil.</p>", "a list of links, no release"),
        ("<h1>Judul</h1>", "no paragraphs below the title"),
        (f"<div>{TEXT}</div>", "no title: neither a heading nor a <title>"),
        (b"\x00" * 5_000_001, "5,000,001 bytes are too many for one release (limit 5,000,000)"),
    ],
)
def test_a_page_that_is_no_release_is_one_clear_problem(page: str | bytes, message: str) -> None:
    assert problem(page).startswith(message)


def test_an_index_page_is_a_list_of_links() -> None:
    cards = "".join(
        f"<div class=card><h3><a href='/{n}'>Judul berita nomor {n} di halaman depan</a></h3>"
        f"<p>Cuplikan berita nomor {n} yang hanya satu kalimat dan lalu terpotong di sini.</p></div>"
        for n in range(10)
    )
    assert (
        problem(f"<title>Berita - Kota Tirtapura</title><h1>Berita</h1><main>{cards}</main>") == "a list of links, no release"
    )
    more = re.sub(r"</?a[^>]*>", "", cards).replace("</p>", "</p><a href=/x>Selengkapnya</a>")
    assert problem(f"<title>Berita</title><h2>Berita</h2>{more}") == "a list of links, no release"
    rows = "".join(f"<tr><td>{n}</td><td><a href='/{n}.pdf'>Peraturan Nomor {n} Tahun 2023</a></td></tr>" for n in range(9))
    assert problem(f"<h1>Daftar berkas</h1><table>{rows}</table>") == "a list of links, no release"
    links = "".join(f"<li><a href='/{n}'>Judul berita nomor {n} di halaman depan</a> 2{n}/03/2023</li>" for n in range(10))
    assert problem(f"<title>Indeks</title><h1>Indeks</h1><ul>{links}</ul>") == "a list of links, no release"


@pytest.mark.parametrize(
    "text",
    [
        "Halaman tidak ditemukan",
        "404",
        "Error 404",
        "404 Not Found",
        "Oops! That page can’t be found.",
        "Maaf, halaman yang Anda minta tidak dapat ditemukan.",
        "Berita tidak tersedia",
        "Konten ini telah dihapus.",
        "Page not found | Pemkot Tirtapura",
        "Nothing Found",
    ],
)
def test_texts_that_say_not_found(text: str) -> None:
    assert html.is_not_found(text)


@pytest.mark.parametrize(
    "text",
    [
        "404 Warga Terima Bantuan",
        "Korban hanyut ditemukan selamat.",
        "Jentik tidak ditemukan di 404 rumah.",
        "Halaman balai kota ditata ulang.",
        "",
        "Halaman tidak ditemukan. " + "Warga mengeluh laman pengaduan mati. " * 30,
    ],
)
def test_texts_that_only_sound_like_it(text: str) -> None:
    assert not html.is_not_found(text)


# Its parts


def test_the_address_is_the_canonical_one_made_absolute() -> None:
    page = f"<head><link rel=canonical href='/berita/judul'></head><h1>Judul panjang</h1>{TEXT}"
    assert read(page, "https://tirtapura.example/index.php?id=3").url == "https://tirtapura.example/berita/judul"
    assert read(page).url is None
    assert read(f"<h1>Judul</h1>{TEXT}", "https://tirtapura.example/a#b").url == "https://tirtapura.example/a"


def test_a_canonical_address_of_the_front_page_is_not_believed() -> None:
    page = f"<head><link rel=canonical href='https://tirtapura.example/'></head><h1>Judul</h1>{TEXT}"
    assert read(page, "https://tirtapura.example/berita/3").url == "https://tirtapura.example/berita/3"


@pytest.mark.parametrize(
    ("encoding", "charset", "meta"),
    [
        ("utf-8", None, ""),
        ("utf-8-sig", None, ""),
        ("utf-16", None, ""),
        ("windows-1252", "windows-1252", ""),
        ("windows-1252", None, "<meta charset=windows-1252>"),
        ("windows-1252", None, "<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-1'>"),
        ("windows-1252", None, ""),
        ("windows-1252", "utf-8", "<meta charset=utf-8>"),
        ("utf-8", "iso-8859-1", ""),
        ("utf-8", "tidak-ada", ""),
    ],
)
def test_charsets(encoding: str, charset: str | None, meta: str) -> None:
    body = "<h1>Kafé – “Tirta”</h1><p>‘’Isi,’’ kata René – di sini.</p>"
    page = f"<html><head>{meta}<title>Kafé</title></head><body>{body}</body></html>"
    release = read(page.encode(encoding), charset=charset)
    assert (release.title, release.body) == ("Kafé – “Tirta”", "‘’Isi,’’ kata René – di sini.")


def test_the_day_of_a_time_in_utc_is_jakartas() -> None:
    meta = "<meta property='article:published_time' content='2023-03-20T18:30:00+00:00'>"
    release = read(f"<head>{meta}</head><h1>Judul</h1>{TEXT}")
    assert (release.published, release.published_from) == ("2023-03-21T01:30+07:00", "metadata")


def test_a_day_only_in_the_address_or_only_in_the_text() -> None:
    release = read(f"<h1>Judul</h1>{TEXT}", "https://tirtapura.example/2023/03/21/judul/")
    assert (release.published, release.published_from) == ("2023-03-21", "permalink")
    release = read("<h1>Judul</h1><p>TIRTAPURA – Jembatan dibuka, Selasa (21/3/2023). Warga senang.</p>")
    assert (release.published, release.published_from) == ("2023-03-21", "text")
    assert read(f"<h1>Judul</h1>{TEXT}").published is None


def test_dates_of_other_releases_do_not_count() -> None:
    side = "<aside><ul><li><a href=/x>Lain</a> <time datetime=2020-01-01>1 Januari 2020</time></li></ul></aside>"
    page = (
        f"{side}<main><h1>Judul siaran</h1><p>Selasa, 21 Maret 2023 | 10:15 WIB</p>{TEXT}</main><footer>1 Januari 2025</footer>"
    )
    assert read(page).published == "2023-03-21T10:15+07:00"


def test_scripts_comments_and_hidden_text_stay_out() -> None:
    hidden = (
        "<p style='display: none'>Tersembunyi dan tidak terbaca siapa pun.</p><p hidden>Juga.</p><!-- c --><script>x</script>"
    )
    assert texts(read(f"<h1>Judul</h1>{TEXT}{hidden}")) == PARAGRAPHS


def test_lines_parted_by_breaks() -> None:
    double = "<h1>Judul</h1><div>Satu kalimat<br>yang terlipat.<br><br>Dua.<br/> <br/>Tiga.</div>"
    assert texts(read(double)) == ["Satu kalimat yang terlipat.", "Dua.", "Tiga."]
    sentence = "Kalimat ini cukup panjang untuk menjadi satu paragraf yang utuh dalam siaran pers."
    assert texts(read(f"<h1>Judul</h1><p>{'<br>'.join([sentence] * 3)}</p>")) == [sentence] * 3
    listed = "<h1>Judul</h1><p>Syaratnya:<br>1. kartu keluarga<br>2. akta lahir</p>"
    assert texts(read(listed)) == ["Syaratnya:", "1. kartu keluarga", "2. akta lahir"]


# Whatever comes


@pytest.mark.parametrize(
    "page",
    [
        "<h1>Judul<p>Satu <b>tebal<p>Dua</i></div></span><p>Tiga",
        "<h1>Judul</h1><p>Satu tebal<p>Dua<table><tr><td><p>Tiga</table></table>",
        "<!doctype html><html><html><body><body><h1>Judul</h1><p>Satu tebal</p><p>Dua</p></html><p>Tiga</p>",
        "<?xml version='1.0'?><html xmlns='x'><body><h1>Judul</h1><p>Satu tebal</p><p>Dua<p>Tiga</body></html>",
    ],
)
def test_malformed_pages_are_read_as_a_browser_would(page: str) -> None:
    release = read(page)
    assert (release.title, texts(release)) == ("Judul", ["Satu tebal", "Dua", "Tiga"])


@pytest.mark.parametrize(
    "page",
    [
        "<html><body>" + "<div>" * 10_000 + "<p>Isi.</p>" + "</div>" * 10_000,
        "<h1>J</h1>" + "<div class=x>" * 10_000,
        "<b>" * 100_000,
        "<table><tr><td>" * 3_000,
        "<ul><li>" * 5_000,
        "<h1>Judul</h1>" + "<p>" * 900_000,
        "<p class='" + "a" * 4_000_000 + "'>x",
        "<!--" + "-" * 4_000_000,
        "<script type='application/ld+json'>" + "[" * 500_000 + "</script><p>x",
        "&" * 2_000_000,
        "<" * 2_000_000,
        "x" * 4_900_000,
        "<meta charset=" * 300_000,
        "\x00" * 1_000_000,
        "<br>" * 1_000_000,
        "<a>" * 1_000_000,
    ],
    ids=lambda page: page[:12],
)
def test_hostile_pages_are_one_problem_in_time(page: str) -> None:
    start = time.perf_counter()
    (found,) = html.read(document(page))
    assert isinstance(found, Problem), found.title
    assert time.perf_counter() - start < 10


def test_broken_pages_never_raise() -> None:
    chance = random.Random(8)  # noqa: S311
    for expected in EXPECTED:
        data = bytearray((PAGES / expected["file"]).read_bytes())
        cut = chance.randrange(len(data))
        swapped = data.copy()
        for _ in range(200):
            swapped[chance.randrange(len(data))] = chance.randrange(256)
        for broken in (data[:cut], data[cut:], swapped):
            (found,) = html.read(document(bytes(broken), expected.get("address")))
            assert isinstance(found, Release | Problem)


def test_a_release_of_five_megabytes_is_read_in_time() -> None:
    sentence = "Kalimat panjang dari siaran pers yang sangat besar ini diulang-ulang terus."
    start = time.process_time()
    release = read(f"<h1>Judul besar</h1><article>{f'<p>{sentence}</p>' * 58_000}</article>")
    assert texts(release) == [sentence] * 58_000
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (b"<!DOCTYPE html><html>", True),
        (b"\xef\xbb\xbf\n<html lang='id'>", True),
        (b"<!-- disimpan -->\n<!doctype HTML>", True),
        (b"<?xml version='1.0'?><html xmlns='x'>", True),
        (b"<?xml version='1.0'?><rss>", False),
        (b"Judul\n<html> adalah bahasa", False),
        (b"{}", False),
        (b"", False),
        (b"<!--" * 1000, False),
    ],
)
def test_recognises(head: bytes, known: bool) -> None:
    assert html.recognises(head) is known
