from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pytest
import web_archive
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from web_archive import FLOOD, HOSTILE, SERVE

from archive import ArchivedRelease, Store
from index import Index
from index.build import data_paths
from web import citations
from web.citations import Cited

DIGEST = "0123456789abcdef" * 4
LINK = "https://arsip.example/releases/asn?p=1&v=2#p1"
RELEASE = ArchivedRelease(
    key=1,
    id="asn",
    version=2,
    title="ASN Harus Melayani",
    body="Satu.\n\nDua.",
    url="https://kota.example/2023/asn/?a=1&b=2",
    published="2023-03-21T09:30",
    topic=None,
    city="MADIUN",
    initials=(),
    office="diskominfo",
    source="/press/asn.txt",
    imported_at="2026-01-01T00:00:00+00:00",
    removed=False,
    paragraphs=(),
    digest=DIGEST,
    published_from=None,
    event_date=None,
    agency="Diskominfo Kota Madiun",
    author=None,
    language="id",
    modified=None,
    fetched_at=None,
    gone_at=None,
    same_as=None,
)
CITED = Cited(RELEASE, 1, LINK, date(2026, 11, 24))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE) as index:
        yield index


@pytest.fixture
def indonesian(app: Flask) -> Iterator[None]:
    with app.test_request_context(), force_locale("id"):
        yield


@pytest.fixture
def english(app: Flask) -> Iterator[None]:
    with app.test_request_context(), force_locale("en"):
        yield


def cited(**fields: object) -> Cited:
    """The same passage of a release that differs in some fields."""
    return replace(CITED, release=replace(RELEASE, **fields))


# Styles


@pytest.mark.usefixtures("indonesian")
def test_apa_names_agency_date_title_version_source_and_archived_copy() -> None:
    citation = citations.apa(CITED)
    assert str(citation) == (
        "Diskominfo Kota Madiun. (2023, 21 Maret). ASN Harus Melayani (Versi 2) [Siaran pers]. "
        "https://kota.example/2023/asn/?a=1&b=2 "
        f"Diakses 24 November 2026, dari {LINK} (SHA-256 {DIGEST})"
    )
    assert (citation.title, citation.has_italics) == ("ASN Harus Melayani", True)
    assert citations.apa_in_text(CITED) == "(Diskominfo Kota Madiun, 2023, para. 2)"


@pytest.mark.usefixtures("english")
def test_apa_in_english() -> None:
    assert str(citations.apa(CITED)) == (
        "Diskominfo Kota Madiun. (2023, March 21). ASN Harus Melayani (Version 2) [Press release]. "
        "https://kota.example/2023/asn/?a=1&b=2 "
        f"Retrieved November 24, 2026, from {LINK} (SHA-256 {DIGEST})"
    )
    assert citations.apa_in_text(replace(CITED, position=None)) == "(Diskominfo Kota Madiun, 2023)"


@pytest.mark.usefixtures("indonesian")
def test_chicago_note_ends_in_the_archived_copy() -> None:
    assert str(citations.chicago(CITED)) == (
        "Diskominfo Kota Madiun, “ASN Harus Melayani”, siaran pers, 21 Maret 2023, par. 2, "
        "https://kota.example/2023/asn/?a=1&b=2, "
        f"diarsipkan sebagai versi 2 (SHA-256 {DIGEST}), diakses 24 November 2026, {LINK}."
    )


@pytest.mark.usefixtures("english")
def test_chicago_in_english_puts_the_comma_within_the_quotation_marks() -> None:
    assert str(citations.chicago(CITED)) == (
        "Diskominfo Kota Madiun, “ASN Harus Melayani,” press release, March 21, 2023, para. 2, "
        "https://kota.example/2023/asn/?a=1&b=2, "
        f"archived as version 2 (SHA-256 {DIGEST}), accessed November 24, 2026, {LINK}."
    )


@pytest.mark.usefixtures("indonesian")
def test_newsroom_line() -> None:
    assert str(citations.newsroom(CITED)) == (
        "“ASN Harus Melayani” (siaran pers, Diskominfo Kota Madiun, 21 Maret 2023, paragraf 2). "
        "Sumber: https://kota.example/2023/asn/?a=1&b=2 "
        f"Arsip: {LINK} (versi 2, SHA-256 {DIGEST}, diakses 24 November 2026)"
    )


@pytest.mark.usefixtures("english")
def test_newsroom_line_in_english() -> None:
    assert str(citations.newsroom(CITED)) == (
        "“ASN Harus Melayani” (press release, Diskominfo Kota Madiun, 21 March 2023, paragraph 2). "
        "Source: https://kota.example/2023/asn/?a=1&b=2 "
        f"Archive: {LINK} (version 2, SHA-256 {DIGEST}, accessed 24 November 2026)"
    )


@pytest.mark.parametrize(
    ("fields", "author"),
    [
        ({}, "Diskominfo Kota Madiun"),
        ({"agency": None}, "Diskominfo"),
        ({"agency": None, "office": None}, "kota.example"),
        ({"agency": None, "office": None, "url": None}, None),
    ],
)
def test_author_is_the_agency_else_the_office_else_the_site(fields: dict[str, object], author: str | None) -> None:
    assert cited(**fields).author == author


@pytest.mark.usefixtures("indonesian")
def test_what_is_unknown_is_left_out_or_said_to_be_unknown() -> None:
    bare = replace(cited(agency=None, office=None, url=None, published=None), position=None)
    assert str(citations.apa(bare)) == (
        f"ASN Harus Melayani (Versi 2) [Siaran pers]. (t.t.). Diakses 24 November 2026, dari {LINK} (SHA-256 {DIGEST})"
    )
    assert citations.apa_in_text(bare) == "(“ASN Harus Melayani”, t.t.)"
    assert str(citations.chicago(bare)).startswith("“ASN Harus Melayani”, siaran pers, t.t., diarsipkan sebagai versi 2")
    assert str(citations.newsroom(bare)).startswith("“ASN Harus Melayani” (siaran pers, tanpa tanggal). Arsip: ")
    assert [name for name, _ in parse_bibtex(citations.bibtex(bare))[1]] == ["title", "url", "urldate", "version", "note"]


@pytest.mark.usefixtures("english")
def test_a_missing_date_in_english_is_nd() -> None:
    assert citations.apa_in_text(cited(published=None)) == "(Diskominfo Kota Madiun, n.d., para. 2)"


@pytest.mark.usefixtures("indonesian")
def test_no_second_full_stop_behind_an_author_who_ends_in_one() -> None:
    assert str(citations.apa(cited(agency="PT Air Tbk."))).startswith("PT Air Tbk. (2023, 21 Maret). ")


@pytest.mark.usefixtures("indonesian")
def test_a_title_neither_breaks_the_line_nor_turns_what_follows_around() -> None:
    title = "Satu\u202e\n\tdua\u2066 \x00tiga"
    assert citations.newsroom(cited(title=title)).title == "Satu dua \ufffdtiga"


# BibTeX


def parse_bibtex(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Key and fields of one entry; fails on anything that BibTeX would stumble over."""
    head = re.match(r"@misc\{([A-Za-z0-9:._-]+),\n", text)
    assert head, text
    fields = []
    place = head.end()
    while text[place : place + 1] != "}":
        name = re.compile(r" *([a-z0-9]+) *= ").match(text, place)
        assert name, text[place:]
        start = place = name.end()
        if text[place] == "{":
            depth = 0
            while True:  # BibTeX counts braces, whatever stands before them
                depth += {"{": 1, "}": -1}.get(text[place], 0)
                place += 1
                if depth == 0:
                    break
        else:
            place += len(re.compile(r"[a-z]+").match(text, place)[0])  # type: ignore[index]
        fields.append((name[1], text[start:place]))
        assert text[place : place + 2] == ",\n"
        place += 2
    assert text[place:] == "}\n"
    return head[1], fields


@pytest.mark.usefixtures("english")
def test_bibtex_has_every_fact_and_a_stable_key() -> None:
    key, fields = parse_bibtex(citations.bibtex(CITED))
    assert key == "telusur-asn-v2-p2"
    assert dict(fields) == {
        "author": "{{Diskominfo Kota Madiun}}",
        "title": "{{ASN Harus Melayani}}",
        "year": "{2023}",
        "month": "mar",
        "day": "{21}",
        "url": "{https://kota.example/2023/asn/?a=1&b=2}",
        "urldate": "{2026-11-24}",
        "version": "{2}",
        "note": r"{Press release, paragraph 2, archived at https://arsip.example/releases/asn?p=1\&v=2\#p1, "
        f"version 2, SHA-256 {DIGEST}}}",
    }
    assert parse_bibtex(citations.bibtex(replace(CITED, accessed=date(2030, 1, 1))))[0] == key


@pytest.mark.usefixtures("indonesian")
def test_bibtex_escapes_what_latex_reads_as_commands() -> None:
    _, fields = parse_bibtex(citations.bibtex(cited(title=r"\input{a} 5% & $x_1$ #2 ~ ^ <b> | ‘’ya’’", agency="{{A}")))
    assert dict(fields)["title"] == (
        r"{{\textbackslash{}input\textbraceleft{}a\textbraceright{} 5\% \& \$x\_1\$ \#2 \textasciitilde{} \textasciicircum{} "
        r"\textless{}b\textgreater{} \textbar{} ‘’ya’’}}"
    )


@pytest.mark.usefixtures("indonesian")
@pytest.mark.parametrize("text", ["}", "{", "}}, note = {x", "a,\n b = {c}", '"', "\\", "%", "@misc{a,"])
def test_bibtex_cannot_be_broken_out_of(text: str) -> None:
    hostile = cited(title=text, agency=text, url=f"https://kota.example/{text.replace(chr(10), '')}")
    names = [name for name, _ in parse_bibtex(citations.bibtex(hostile))[1]]
    assert names == ["author", "title", "year", "month", "day", "url", "urldate", "version", "note"]


@pytest.mark.usefixtures("indonesian")
def test_bibtex_address_is_ascii() -> None:
    fields = dict(parse_bibtex(citations.bibtex(cited(url="https://kota.example/berita/café%20{1}")))[1])
    assert fields["url"] == "{https://kota.example/berita/caf%C3%A9%20%7B1%7D}"


# Page


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert (response.status_code, response.content_type) == (status, "text/html; charset=utf-8")
    return response.get_data(as_text=True)


def copied(html: str) -> list[str]:
    """Texts of the blocks that can be copied."""
    found = re.findall(r"<(p|code)\b[^>]*\bdata-copied>(.*?)</\1>", html, re.DOTALL)
    return [unescape(re.sub(r"</?cite\b[^>]*>", "", text)) for _, text in found]


def test_page_shows_each_style_with_the_address_of_this_host(client: FlaskClient, index: Index) -> None:
    html = page(client, "/releases/asn-melayani/cite?p=1&v=1")
    newsroom, apa, in_text, chicago, bibtex, permalink, digest = copied(html)
    assert permalink == "http://localhost/releases/asn-melayani?p=1&v=1#p1"
    assert digest == index.store.release("asn-melayani").digest
    assert newsroom.startswith(f"“{SERVE.title}” (siaran pers, Diskominfo, 21 Maret 2023, paragraf 2). ")
    assert apa.startswith(f"Diskominfo. (2023, 21 Maret). {SERVE.title} (Versi 1) [Siaran pers]. {SERVE.url} Diakses ")
    assert in_text == "(Diskominfo, 2023, para. 2)"
    assert chicago.endswith(f", {permalink}.")
    assert parse_bibtex(bibtex)[0] == "telusur-asn-melayani-v1-p2"
    assert "‘’ASN itu melayani bukan dilayani,’’ tegasnya." in html


def test_page_is_translated_but_the_title_stays_indonesian(client: FlaskClient) -> None:
    html = page(client, "/releases/asn-melayani/cite?p=1&lang=en")
    assert copied(html)[0].startswith(f"“{SERVE.title}” (press release, Diskominfo, 21 March 2023, paragraph 2). ")
    assert f'<cite class="is-upright" lang="id">{SERVE.title}</cite>' in html


def test_addresses_are_of_the_host_that_was_asked(client: FlaskClient) -> None:
    response = client.get("/releases/banjir/cite", base_url="https://arsip.example:8443")
    assert "https://arsip.example:8443/releases/banjir?v=1" in copied(response.get_data(as_text=True))


def test_page_leads_back_to_the_passage_with_the_search_that_found_it(client: FlaskClient) -> None:
    html = page(client, "/releases/banjir/cite?p=1&q=banjir&topic=Kebencanaan")
    assert 'href="/releases/banjir?p=1&amp;v=1&amp;q=banjir&amp;topic=Kebencanaan#p1"' in html


def test_hostile_title_is_text(client: FlaskClient) -> None:
    html = page(client, "/releases/hostile/cite?p=0")
    assert "<script>alert" not in html
    assert "<img" not in html
    assert copied(html)[0].startswith('“<script>alert(1)</script> & "Judul"” (siaran pers, tanpa tanggal, paragraf 1).')


def test_bibtex_file_is_what_the_page_shows(client: FlaskClient) -> None:
    response = client.get("/releases/hostile/cite.bib?p=0")
    assert response.content_type == "application/x-bibtex; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=telusur-hostile-v1-p1.bib; ")
    assert response.get_data(as_text=True) == copied(page(client, "/releases/hostile/cite?p=0"))[4]
    parse_bibtex(response.get_data(as_text=True))


def test_a_superseded_version_is_cited_as_such(client: FlaskClient, tmp_path: Path) -> None:
    web_archive.fill(tmp_path, replace(SERVE, body="Isinya lain."))
    html = page(client, "/releases/asn-melayani/cite?p=1&v=1")
    assert "Anda mengutip versi 1, yang sudah digantikan." in html
    assert copied(html)[5] == "http://localhost/releases/asn-melayani?p=1&v=1#p1"
    assert copied(page(client, "/releases/asn-melayani/cite?p=0"))[5] == "http://localhost/releases/asn-melayani?p=0&v=2#p0"


@pytest.mark.parametrize("ending", ["", ".bib"])
def test_what_cannot_be_cited_answers_as_the_release_does(client: FlaskClient, tmp_path: Path, ending: str) -> None:
    def title(path: str, status: int) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", page(client, path, status), re.DOTALL)
        assert found
        return found[1].strip()

    assert title(f"/releases/nothing/cite{ending}", 404) == "Siaran pers tidak ditemukan"
    assert title(f"/releases/banjir/cite{ending}?v=2", 404) == "Siaran pers tidak ditemukan"
    assert title(f"/releases/banjir/cite{ending}?p=2", 404) == "Paragraf tidak ditemukan"
    assert title(f"/releases/banjir/cite{ending}?p=x", 400) == "Alamat ini memuat parameter yang keliru"
    store = Store(data_paths(tmp_path)[0])
    store.remove("banjir")
    store.close()
    assert title(f"/releases/banjir/cite{ending}", 410) == "Siaran pers ini ditarik dari arsip"
