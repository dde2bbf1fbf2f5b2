from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest
import web_archive
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from web_archive import FLOOD, SERVE

from archive import Release
from index import GenerationError, Index, Query
from web import create_app, exports, spreadsheets
from web.parameters import Search
from web.plain_text import writable
from web.spreadsheets import Column, Table

KEYS = [
    "rank",
    "band",
    "score",
    "passage",
    "paragraph_number",
    "title",
    "agency",
    "published",
    "topic",
    "language",
    "source_url",
    "permalink",
    "version",
    "sha256",
    "release_id",
    "near_identical",
]
HOSTILE_TEXTS = (
    "=1+1",
    "+62 812",
    "-5 derajat",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u200b=1+1",
    "＝1+1",
    "'=1+1",
    "'kutip'",
    "a;=1+1;b",
    "a\t=1+1",
    "satu\n- dua\n- tiga",
    'a","=1+1","b',
    '"=1+1',
    '=HYPERLINK("http://x.example","klik")',
    "=cmd|' /C calc'!A0",
    "a,b;c",
    "_x000D_ dan _x003D_",
    "\x85 dan \x9f",
    "كلمة عربية",
    "😀" * 3,
    "<b>&amp;</b> ]]>",
    "{{ 7*7 }}",
    "",
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, *web_archive.many(130)) as index:
        yield index


def read_csv(body: bytes) -> list[dict[str, str]]:
    text = body.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text[1:], newline=""), strict=True))


def read_xlsx(body: bytes) -> tuple[list[list[object]], dict[object, object]]:
    """The rows of the first sheet, and the second as names and contents."""
    book = openpyxl.load_workbook(BytesIO(body))
    results, about = book.worksheets
    cells = [cell for sheet in (results, about) for row in sheet for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}, "a formula"
    return [[cell.value for cell in row] for row in results], {row[0].value: row[1].value for row in about}


def as_published(cell: str) -> str:
    """What a neutralised cell said: one apostrophe less where a spreadsheet may take a cell to begin."""
    blank = r"(?:[^\S\t\r\n]|[\u200b-\u200f\u2060\ufeff])*"
    if cell.startswith(("'\t", "'\r", "'\n")):
        cell = cell[1:]
    return re.sub(rf"((?:\A|(?<=[;\t\r\n])){blank})'", r"\1", cell)


def table(*texts: str) -> Table:
    return Table((Column("teks", "Teks"),), tuple((text,) for text in texts))


# Text in files


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_csv_gives_text_back_that_nothing_takes_for_a_formula(text: str, app: Flask) -> None:
    with app.test_request_context():
        [row] = read_csv(spreadsheets.to_csv(table(text)))
    for part in re.split(r"[;\t\r\n]", row["teks"]):
        assert part.strip("\u200b ")[:1] not in set("=+-@＝＋－＠")
    assert row["teks"][:1] not in {"\t", "\r", "\n"}
    assert as_published(row["teks"]) == text


@given(st.text(alphabet=st.sampled_from("=+-@'; \t\r\na\u200b＝")))
def test_neutralising_can_be_undone(text: str) -> None:
    [row] = read_csv(spreadsheets.to_csv(table(text)))
    assert as_published(row["teks"]) == text


def test_ordinary_text_is_left_alone_in_csv() -> None:
    text = "‘’ASN itu melayani,’’ katanya; Selasa (21/3) – “bukan dilayani”."
    assert read_csv(spreadsheets.to_csv(table(text))) == [{"teks": text}]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_workbook_holds_text_as_text(text: str, app: Flask) -> None:
    with app.test_request_context():
        body = spreadsheets.to_xlsx(table(text))
    [_, [found]], _ = read_xlsx(body)
    assert (found or "") == text.replace("\r", "\n")


def test_what_no_file_can_hold_is_replaced_and_what_turns_text_around_is_left_out(app: Flask) -> None:
    text = "a\x00b\ud800c\ufffed\u202ee\u2067f"
    assert writable(text) == "a\ufffdb\ufffdc\ufffddef"
    assert read_csv(spreadsheets.to_csv(table(text))) == [{"teks": "a\ufffdb\ufffdc\ufffddef"}]
    with app.test_request_context():
        assert read_xlsx(spreadsheets.to_xlsx(table(text)))[0] == [["Teks"], ["a\ufffdb\ufffdc\ufffddef"]]


@pytest.mark.parametrize("char", ["a", "😀"])
def test_a_text_too_long_for_a_cell_is_cut_and_both_sheets_say_so(char: str, app: Flask) -> None:
    with app.test_request_context():
        [_, [found], [short]], about = read_xlsx(spreadsheets.to_xlsx(table(char * 1_000_000, "pendek")))
    assert isinstance(found, str)
    assert 32_766 <= len(found.encode("utf-16-le")) // 2 <= 32_767
    assert found.endswith(" … [dipotong: sel ini hanya memuat 32767 karakter]")
    assert set(found[:16_000]) == {char}
    assert (short, about) == (
        "pendek",
        {"Teks yang dipotong": "1 sel; teks lengkapnya ada di CSV dan di tautan tetapnya."},
    )


def test_csv_holds_a_long_text_in_full() -> None:
    csv.field_size_limit(2_000_000)
    assert read_csv(spreadsheets.to_csv(table("a" * 1_000_000))) == [{"teks": "a" * 1_000_000}]


def test_workbook_keeps_numbers_and_days_as_such_and_links_only_where_told(app: Flask) -> None:
    columns = (Column("n", "N"), Column("d", "D"), Column("u", "U"), Column("l", "L", is_link=True), Column("o", "O"))
    values = (-0.5, date(2023, 3, 21), "https://kota.example/", "https://arsip.example/r?p=0#p0", date(1899, 12, 31))
    with app.test_request_context():
        body = spreadsheets.to_xlsx(Table(columns, (values, (None,) * 5)))
    sheet = openpyxl.load_workbook(BytesIO(body)).worksheets[0]
    assert [cell.value for cell in sheet[2]] == [
        -0.5,
        datetime(2023, 3, 21),
        "https://kota.example/",
        "https://arsip.example/r?p=0#p0",
        "1899-12-31",
    ]
    assert [cell.hyperlink is not None for cell in sheet[2]] == [False, False, False, True, False]
    assert [cell.value for cell in sheet[3]] == [None] * 5


# Lists


def test_csv_has_every_hit_in_the_order_asked_for(client: FlaskClient, index: Index) -> None:
    response = client.get("/export.csv?q=petugas+melayani&sort=oldest&k=5&offset=20")
    assert (response.status_code, response.content_type) == (200, "text/csv; charset=utf-8; header=present")
    rows = read_csv(response.data)
    total = index.search(Query("petugas melayani")).total
    assert list(rows[0]) == KEYS
    assert (len(rows), total) == (131, 131)
    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 132)]
    published = [row["published"] for row in rows]
    assert published == sorted(published)
    assert {name: response.headers[name] for name in ("Telusur-Total", "Telusur-Exported", "Telusur-Limit")} == {
        "Telusur-Total": "131",
        "Telusur-Exported": "131",
        "Telusur-Limit": "1000",
    }


def test_row_says_where_the_passage_stands(client: FlaskClient, index: Index) -> None:
    [row] = read_csv(client.get("/export.csv?q=melayani&topic=Kepegawaian").data)
    hit = index.search(Search("melayani").query()).hits[0]
    assert row | {"score": "", "band": ""} == {
        "rank": "1",
        "band": "",
        "score": "",
        "passage": row["passage"],
        "paragraph_number": row["paragraph_number"],
        "title": SERVE.title,
        "agency": "",
        "published": "2023-03-21",
        "topic": "Kepegawaian",
        "language": "",
        "source_url": SERVE.url,
        "permalink": f"http://localhost/releases/asn-melayani?p={int(row['paragraph_number']) - 1}&v=1"
        f"#p{int(row['paragraph_number']) - 1}",
        "version": "1",
        "sha256": index.store.release("asn-melayani").digest,
        "release_id": "asn-melayani",
        "near_identical": "",
    }
    assert row["passage"] == index.store.release("asn-melayani").paragraphs[int(row["paragraph_number"]) - 1].text
    assert row["band"] in {"kuat", "sedang"}
    assert hit.band.value in {"kuat", "sedang"}


def test_json_and_workbook_hold_the_same_rows(client: FlaskClient) -> None:
    path = "/export.{}?q=melayani&since=2022-02-01"
    document = client.get(path.format("json")).json
    assert document is not None
    rows = read_csv(client.get(path.format("csv")).data)
    assert [{key: "" if value is None else str(value) for key, value in hit.items()} for hit in document["hits"]] == rows
    assert {key: document[key] for key in ("query", "parameters", "total", "exported", "limit")} == {
        "query": "melayani",
        "parameters": {"q": "melayani", "since": "2022-02-01"},
        "total": len(rows),
        "exported": len(rows),
        "limit": 1_000,
    }
    response = client.get(path.format("xlsx"))
    assert response.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    (head, *body), about = read_xlsx(response.data)
    assert head[:4] == ["Peringkat", "Kekuatan", "Skor", "Kutipan"]
    assert [row[11] for row in body] == [row["permalink"] for row in rows]
    assert about["Pertanyaan"] == "melayani"
    assert about["Dari"] == datetime(2022, 2, 1)
    assert (about["Siaran pers yang ditemukan"], about["Siaran pers di berkas ini"]) == (len(rows), len(rows))


def test_workbook_speaks_the_readers_language(client: FlaskClient) -> None:
    (head, *_), about = read_xlsx(client.get("/export.xlsx?q=melayani&lang=en").data)
    assert head[:4] == ["Rank", "Strength", "Score", "Passage"]
    assert about["Question"] == "melayani"


def test_without_a_question_every_release_is_listed_newest_first(client: FlaskClient) -> None:
    rows = read_csv(client.get("/export.csv").data)
    assert (len(rows), rows[0]["release_id"], rows[-1]["release_id"]) == (132, "asn-melayani", "banjir")
    assert {(row["band"], row["score"]) for row in rows} == {("", "")}
    assert [row["release_id"] for row in read_csv(client.get("/export.csv?topic=Kebencanaan").data)] == ["banjir"]


def test_nothing_above_the_line_gives_the_head_alone(client: FlaskClient) -> None:
    response = client.get("/export.csv?q=resep+rendang")
    assert response.data.decode("utf-8-sig") == ",".join(f'"{key}"' for key in KEYS) + "\r\n"
    assert response.headers["Telusur-Total"] == "0"
    assert read_xlsx(client.get("/export.xlsx?q=resep+rendang").data)[1]["Siaran pers yang ditemukan"] == 0


def test_a_longer_list_is_cut_and_the_file_and_its_name_say_so(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_EXPORT", 110)
    response = client.get("/export.xlsx?q=melayani")
    rows, about = read_xlsx(response.data)
    assert len(rows) == 111
    assert about["Batas"] == "Berkas ini memuat 110 yang pertama saja."
    assert (about["Siaran pers yang ditemukan"], about["Siaran pers di berkas ini"]) == (131, 110)
    assert "filename=telusur-melayani-110-dari-131-" in response.headers["Content-Disposition"]
    assert (response.headers["Telusur-Total"], response.headers["Telusur-Exported"]) == ("131", "110")


def test_folded_releases_are_named(tmp_path: Path) -> None:
    text = "Petugas melayani warga di kantor kecamatan setiap hari kerja sampai sore tanpa istirahat siang sama sekali."
    twin = [Release(f"Layanan {n}", f"{text}\n\nKeterangan {n}.", id=f"kembar-{n}", published=f"2023-01-0{n}") for n in (1, 2)]
    with web_archive.opened(tmp_path, FLOOD, *twin) as index:
        [row] = read_csv(create_app({"INDEX": index}).test_client().get("/export.csv?q=petugas+melayani+warga").data)
    assert {row["release_id"], row["near_identical"]} == {"kembar-1", "kembar-2"}


@pytest.mark.parametrize(
    ("text", "plain", "readable"),
    [
        ('Café "/../etc" 漢字\u202e', "telusur-Cafe-..-etc", "telusur Café .. etc 漢字"),
        ("a\r\nSet-Cookie: x=1", "telusur-a-Set-Cookie-x-1", "telusur a Set-Cookie x=1"),
        ("漢字", "telusur", "telusur 漢字"),
    ],
)
def test_file_name_is_safe_in_ascii_and_readable_beside(client: FlaskClient, text: str, plain: str, readable: str) -> None:
    disposition = client.get("/export.json", query_string={"q": text}).headers["Content-Disposition"]
    found = re.fullmatch(
        r"attachment; filename=(\S+)-\d{4}-\d\d-\d\d\.json; filename\*=UTF-8''(\S+)%20\d{4}.*\.json", disposition
    )
    assert found
    assert (found[1], unquote(found[2])) == (plain, readable)


def test_a_long_question_leaves_the_name_short_and_its_day_whole(client: FlaskClient) -> None:
    disposition = client.get("/export.json", query_string={"q": "melayani " * 100}).headers["Content-Disposition"]
    assert re.match(r"attachment; filename=telusur(-melayani){4}-mela-\d{4}-\d\d-\d\d\.json; ", disposition)


def test_wrong_parameters_answer_as_on_the_page(client: FlaskClient) -> None:
    assert client.get("/export.csv?q=a&since=kemarin").status_code == 400
    assert client.get("/export.csv?q=-parkir").status_code == 400
    assert client.get("/export.pdf?q=a").status_code == 404


def test_a_generation_published_on_the_way_starts_the_list_again(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search, seen = index.search, []

    def publishing(query: Query) -> object:
        answer = search(query)
        seen.append((answer.generation, query.offset))
        if len(seen) == 1:
            web_archive.fill(tmp_path, Release("Layanan baru", "Petugas melayani lagi.", id="baru", published="2024-01-01"))
            web_archive.build(tmp_path)
        return answer

    monkeypatch.setattr(index, "search", publishing)
    collected = exports.collect(index, Search("petugas melayani"))
    first = seen[0][0]
    assert seen == [(first, 0), (first + 1, 100), (first + 1, 0), (first + 1, 100)]
    assert (collected.total, len(collected.entries), collected.generation) == (132, 132, first + 1)


def test_an_archive_that_never_rests_is_given_up_on(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    search, pages = index.search, iter(range(100))
    monkeypatch.setattr(index, "search", lambda query: replace(search(query), generation=next(pages)))
    with pytest.raises(GenerationError, match="changed 3 times"):
        exports.collect(index, Search("petugas melayani"))
    assert next(pages) == 6
