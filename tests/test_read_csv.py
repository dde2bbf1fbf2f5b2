from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from archive import Release
from archive.readers import Document, Problem, csv_table, read

HEADER = ("Judul", "Isi", "Tanggal", "Kategori", "Tautan", "Instansi", "Penulis", "ID")
ROW = (
    "‘’ASN’’ Melayani",
    'TIRTAPURA – Satu; dan\ttab, koma.\n\nDua "kutip". (ney/humas)',
    "21/03/2023",
    "Kepegawaian",
    "https://a.example/7",
    "Diskominfo",
    "Neya",
    "r-7",
)
HAS = "the header has 'Nama', 'Uraian'"
RELEASE = Release(
    title="‘’ASN’’ Melayani",
    body='TIRTAPURA – Satu; dan\ttab, koma.\n\nDua "kutip". (ney/humas)',
    id="r-7",
    url="https://a.example/7",
    published="2023-03-21",
    topic="Kepegawaian",
    city="TIRTAPURA",
    initials=("ney",),
    office="humas",
    agency="Diskominfo",
    author="Neya",
)


def write(path: Path, *rows: tuple[str, ...], delimiter: str = ",", before: bytes = b"", end: str = "\r\n") -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    path.write_bytes(before + out.getvalue().encode())
    return path


def shown(release: Release | Problem) -> tuple[object, ...]:
    assert isinstance(release, Release)
    names = ("title", "body", "id", "url", "published", "topic", "city", "initials", "office", "agency", "author")
    return tuple(getattr(release, name) for name in names)


def only_problem(path: Path) -> str:
    (problem,) = read(path)
    assert isinstance(problem, Problem)
    assert problem.source == str(path)
    assert "\n" not in problem.message
    return problem.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
def test_a_table_of_any_delimiter_is_read_whole(tmp_path: Path, delimiter: str, before: bytes) -> None:
    path = write(tmp_path / "a.csv", HEADER, ROW, delimiter=delimiter, before=before)
    (release,) = read(path)
    assert shown(release) == shown(RELEASE)
    assert isinstance(release, Release)
    assert release.source == f"{path}#2"


def test_a_tsv_with_english_names_and_the_line_that_excel_adds(tmp_path: Path) -> None:
    (first,) = read(write(tmp_path / "a.tsv", ("title", "body"), ("Judul", "Isi, satu."), delimiter="\t"))
    (second,) = read(write(tmp_path / "b.csv", ("title", "body"), ("Judul", "Isi, satu."), delimiter=";", before=b"sep=;\r\n"))
    for release in (first, second):
        assert isinstance(release, Release)
        assert (release.title, release.body) == ("Judul", "Isi, satu.")


@pytest.mark.parametrize(
    ("cell", "body"),
    [
        ("Satu.\nDua.", "Satu.\n\nDua."),
        ("Satu\nlanjut.\n\nDua.", "Satu\nlanjut.\n\nDua."),
        ("Satu.\r\n \r\nDua.", "Satu.\n \nDua."),
        ("<p>Satu &amp; dua.</p><p>Tiga.</p>", "Satu & dua.\n\nTiga."),
        ("Jika 1 < 2, maka <benar>.", "Jika 1 < 2, maka <benar>."),
    ],
)
def test_paragraphs_in_a_cell(tmp_path: Path, cell: str, body: str) -> None:
    (release,) = read(write(tmp_path / "a.csv", ("judul", "isi"), ("Judul", cell)))
    assert isinstance(release, Release)
    assert release.body == body


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("2023-03-21", "2023-03-21"),
        ("1/2/2023", "2023-02-01"),
        ("21-03-2023", "2023-03-21"),
        ("Selasa, 21 Maret 2023", "2023-03-21"),
    ],
)
def test_dates_are_iso_or_day_first(tmp_path: Path, written: str, published: str) -> None:
    (release,) = read(write(tmp_path / "a.csv", ("judul", "isi", "tanggal"), ("Judul", "Isi.", written)))
    assert isinstance(release, Release)
    assert release.published == published


def test_bad_rows_are_one_problem_and_the_good_ones_come_in(tmp_path: Path) -> None:
    rows = [
        ("Satu", "Isi.", ""),
        ("Dua", "Isi\nlagi.", "03/21/2023"),
        ("", "Isi.", ""),
        ("Empat",),
        ("", " ", ""),
        ("Enam", "Isi.", ""),
    ]
    path = write(tmp_path / "a.csv", ("judul", "isi", "tanggal"), *rows)
    first, second, problem = read(path)
    assert [one.source if isinstance(one, Release) else "" for one in (first, second)] == [f"{path}#2", f"{path}#8"]
    assert problem == Problem(
        str(path), "line 3: date '03/21/2023' must be such as 2023-03-21 or 21/03/2023 (and 2 more bad rows)"
    )


def test_a_row_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"judul,isi\nSatu,Isi.\nDua \xe9,Isi.\n")
    release, problem = read(path)
    assert isinstance(release, Release)
    assert str(problem).startswith(f"{path}: line 3: not UTF-8: byte 0xE9 at offset 4; convert it, probably from Windows-1252")


def test_a_quote_that_never_ends_swallows_nothing_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'judul,isi\nSatu,Isi.\nDua,"Isi\nTiga,Isi.\n')
    release, problem = read(path)
    assert isinstance(release, Release)
    assert problem == Problem(str(path), "line 3: not valid CSV: a quoted cell that begins here never ends; close its quote")


def test_columns_may_be_named_by_hand() -> None:
    data = b"Nama Acara;Uraian;Judul\nPanen;Isi.;Bukan ini\n"
    document = Document(
        "/a.csv", "a.csv", len(data), lambda: io.BytesIO(data), columns={"title": "nama acara", "body": "Uraian"}
    )
    (release,) = csv_table.read(document)
    assert isinstance(release, Release)
    assert (release.title, release.body) == ("Panen", "Isi.")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {},
            f"no column holds the title and the body; {HAS}; name them: --columns title=NAME,body=NAME",
        ),
        (
            {"title": "Nama"},
            f"no column holds the body; {HAS}; name them: --columns title=NAME,body=NAME",
        ),
        ({"title": "Judul"}, "the header has no column 'Judul' for title; it has 'Nama', 'Uraian'"),
    ],
)
def test_a_header_without_title_or_body_names_its_columns(columns: dict[str, str], message: str) -> None:
    document = Document("/a.csv", "a.csv", 9, lambda: io.BytesIO(b"Nama,Uraian\nPanen,Isi.\n"), columns=columns)
    assert list(csv_table.read(document)) == [Problem("/a.csv", message)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n", "the file is empty"),
        (b"judul,isi\n", "no rows below the header"),
        (b"judul,isi\n,\n", "no rows below the header"),
        ("judul\tisi\n".encode("utf-16"), "not UTF-8 but UTF-16, as its first two bytes say; convert it"),
        (b"judul,isi\nSatu," + b"x" * 5_000_001, "line 2: longer than 5,000,000 bytes, which is too much for one release"),
        (
            b'judul,isi\nSatu,"' + (b"x" * 999 + b"\n") * 5_100 + b'"',
            "line 2: not valid CSV: a quoted cell that begins here never ends",
        ),
    ],
)
def test_a_bad_table_is_one_clear_problem(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert only_problem(path).startswith(message)


def test_a_table_of_two_gigabytes_without_line_ends_is_refused_at_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "besar.csv"
    path.touch()
    os.truncate(path, 2_000_000_000)
    assert only_problem(path) == "line 1: longer than 5,000,000 bytes, which is too much for one release"


def test_the_option_columns_is_read_strictly() -> None:
    assert csv_table.parse_columns(["title=Judul", " body = Isi Berita "]) == {"title": "Judul", "body": "Isi Berita"}
    for wrong in ("title", "title=", "gambar=Foto"):
        with pytest.raises(ValueError, match=f"'{wrong}' must be FIELD=COLUMN, where FIELD is one of title, body, id"):
            csv_table.parse_columns([wrong])


def test_the_news_as_a_table_are_the_news(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/news/releases.jsonl"
    table = tmp_path / "news.csv"
    fields = ("id", "title", "body", "url", "published", "topic")
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(json.loads(line) for line in source.read_text(encoding="utf-8").strip().split("\n"))
    as_lines, as_rows = (list(read(path)) for path in (source, table))
    assert len(as_rows) == 494
    assert [replace(one, source="") for one in as_rows if isinstance(one, Release)] == [
        replace(one, source="") for one in as_lines if isinstance(one, Release)
    ]
