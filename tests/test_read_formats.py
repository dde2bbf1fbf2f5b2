from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pdf_pages import make_pdf, set_lines

from archive import Release
from archive.readers import NAMES, Document, Problem, Tally, find, is_table, read

TEXT = b"Judul teks\nIsi.\n"
PAGE = (
    "<!DOCTYPE html><html><head><title>Judul halaman</title></head><body><article><h1>Judul halaman</h1>"
    "<p>TIRTAPURA – Paragraf satu dari halaman yang disimpan, cukup panjang untuk sebuah alinea.</p>"
    "<p>Paragraf kedua dari halaman itu, juga cukup panjang untuk sebuah alinea.</p></article></body></html>"
).encode()
PDF = make_pdf([set_lines(["Judul PDF", "", "Isi."])])
JSONL = b'\xef\xbb\xbf{"title": "Judul JSON", "body": "Isi."}\n'
CSV = b"Judul;Isi\nJudul tabel;Isi.\n"
MARKDOWN = b"---\ntopic: A\n---\n\n# Judul *Markdown*\n\nIsi.\n"
POSTS = json.dumps(
    [
        {
            "id": 7,
            "date": "2023-03-21T09:30:00",
            "date_gmt": "2023-03-21T02:30:00",
            "link": "https://a.example/7/",
            "status": "publish",
            "title": {"rendered": "Judul pos"},
            "content": {"rendered": "<p>Isi.</p>", "protected": False},
        }
    ]
).encode()
RSS = (
    b'<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>A</title>'
    b"<item><title>Judul umpan</title><link>https://a.example/8/</link>"
    b"<content:encoded><![CDATA[<p>Isi.</p>]]></content:encoded></item></channel></rss>"
)


def read_as(path: Path, data: bytes, as_: str | None = None) -> tuple[str, dict[str, int]]:
    """The title of a file's only release, or why there is none, and what it was read as."""
    path.write_bytes(data)
    tally = Tally()
    (found,) = read(path, as_, tally)
    return (found.title if isinstance(found, Release) else found.message), dict(tally.files)


@pytest.mark.parametrize(
    ("name", "data", "title", "kind"),
    [
        ("a.txt", TEXT, "Judul teks", "text"),
        ("a.TXT", PAGE, "Judul halaman", "html"),
        ("a.txt", PDF, "Judul PDF", "pdf"),
        ("a.txt", JSONL, "Judul JSON", "jsonl"),
        ("a.txt", CSV, "Judul;Isi", "text"),
        ("a.html", JSONL, "Judul JSON", "jsonl"),
        ("a.html", POSTS, "Judul pos", "wordpress"),
        ("a.json", POSTS, "Judul pos", "wordpress"),
        ("a.xml", RSS, "Judul umpan", "feed"),
        ("a.html", RSS, "Judul umpan", "feed"),
        ("a.htm", PAGE, "Judul halaman", "html"),
        ("a.jsonl", PAGE, "Judul halaman", "html"),
        ("a.docx", PDF, "Judul PDF", "pdf"),
        ("a", PDF, "Judul PDF", "pdf"),
        ("a", b"\n <!-- disimpan -->" + PAGE, "Judul halaman", "html"),
        ("index.php?p=7", PAGE, "Judul halaman", "html"),
        ("a", JSONL, "Judul JSON", "jsonl"),
        ("a", CSV, "Judul tabel", "csv"),
        ("a", MARKDOWN, "Judul Markdown", "markdown"),
        ("a.md", MARKDOWN, "Judul Markdown", "markdown"),
        ("a.zip", PDF, "Judul PDF", "pdf"),
    ],
)
def test_a_file_is_read_as_what_it_is(tmp_path: Path, name: str, data: bytes, title: str, kind: str) -> None:
    assert read_as(tmp_path / name, data) == (title, {kind: 1})
    assert find([tmp_path]).files == (tmp_path / name,)


@pytest.mark.parametrize(
    ("data", "as_", "found"),
    [
        (TEXT, "text", "Judul teks"),
        (MARKDOWN, "markdown", "Judul Markdown"),
        (CSV, "csv", "Judul tabel"),
        (TEXT, "jsonl", "line 1: not valid JSON: Expecting value (and 1 more bad lines)"),
        (TEXT, "zip", "no ZIP file, or one that is cut off after 16 bytes; download or pack it again"),
    ],
)
def test_a_file_is_read_as_it_was_asked_for(tmp_path: Path, data: bytes, as_: str, found: str) -> None:
    assert read_as(tmp_path / "a.jpg", data, as_) == (found, {as_: 1})
    assert find([tmp_path], as_).files == (tmp_path / "a.jpg",)
    assert find([tmp_path / "a.jpg"], as_).files == (tmp_path / "a.jpg",)


def test_an_unknown_name_of_a_format_lists_the_names(tmp_path: Path) -> None:
    names = "csv, docx, feed, html, jsonl, markdown, pdf, text, wordpress, wxr, zip"
    assert ", ".join(NAMES) == names
    for call in (lambda: read(tmp_path, "word"), lambda: find([tmp_path], "word")):
        with pytest.raises(ValueError, match=f"no reader is called 'word'; there are {names}"):
            call()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml" + bytes(50) + b"xl/workbook.xml",
        b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b'{"name": "paket"}',
        b"body { color: red }",
        os.urandom(64).replace(b"P", b"Q"),
    ],
)
def test_other_files_of_a_folder_are_skipped(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "lain").write_bytes(data)
    found = find([tmp_path])
    assert (found.files, found.skipped, found.problems) == ((), 1, ())
    (problem,) = read(tmp_path / "lain")
    assert isinstance(problem, Problem)
    assert problem.message.startswith("no reader for this kind of file; known are .atom, .csv, .docx, .htm, .html")
    assert problem.message.endswith(", .zip; to read it as one of them: --as NAME")


def test_a_page_of_posts_without_their_text_says_what_to_do(tmp_path: Path) -> None:
    listed = b'[{"id": 7, "link": "https://a.example/7/", "modified_gmt": "2023-03-21T02:30:00", "status": "publish"}]'
    assert read_as(tmp_path / "a.json", listed)[0] == "lists https://a.example/7/ without its text; harvest the site"


@pytest.mark.parametrize(
    ("name", "data", "as_", "expected"),
    [
        ("a.csv", CSV, None, True),
        ("a", CSV, None, True),
        ("a.txt", CSV, None, False),
        ("a.txt", CSV, "csv", True),
        ("a.csv", PDF, None, False),
    ],
)
def test_what_a_table_is(name: str, data: bytes, as_: str | None, expected: bool) -> None:
    assert is_table(Document.of_bytes(data, name, name), as_) is expected


def test_a_page_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    for name, head in (("a.html", PAGE), ("a.md", MARKDOWN), ("a.json", POSTS)):
        path = tmp_path / name
        path.write_bytes(head)
        os.truncate(path, 2_000_000_000)
        (problem,) = read(path)
        assert isinstance(problem, Problem)
        assert problem.message.startswith("2,000,000,000 bytes are too many for one release (limit ")
