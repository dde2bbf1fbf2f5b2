from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from archive import Release, split
from archive.readers import Found, ParseError, Problem, count, find, read, text
from archive.readers.formats import SUFFIXES

SHARED = Path(__file__).parents[2] / "shared/data"

PLAIN = """Judul Siaran
MADIUN – Paragraf satu.
‘’Paragraf dua,’’ kata wali kota. (ney/agi/diskominfo)
"""
KNOWN = ", ".join(sorted(SUFFIXES | {".zip"}))
WITH_FRONT_MATTER = """---
id: 2023-03-21-judul
date: 2023-03-21
url: https://tirtapura.example/2023/03/21/judul/
topic: Kepegawaian
tags: [asn, layanan]
---
Judul: Siaran
TIRTAPURA – Paragraf satu.
"""


def body_of(content: str) -> str:
    return text.parse(content.encode(), "/a.txt").body


def only_problem(path: Path) -> str:
    (problem,) = read(path)
    assert isinstance(problem, Problem)
    assert problem.source == str(path)
    assert "\n" not in str(problem)
    return problem.message


# Plain text


@pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")
def test_seed_parses() -> None:
    (path,) = (SHARED / "seed").glob("*.txt")
    (release,) = read(path)
    assert isinstance(release, Release)
    assert release.title == (
        "Jadi Narsum Sosialisasi Gerakan Nasional Revolusi Mental, Wali Kota Tekankan ASN Harus Bermental Melayani"
    )
    assert (release.city, release.initials, release.office) == ("MADIUN", ("ney", "agi"), "diskominfo")
    paragraphs = split(release)
    assert len(paragraphs) == 8
    assert paragraphs[3].text == (
        "‘’Kalau ASN tidak memiliki mental melayani, apa bisa seperti itu. Ini memang selalu saya tekankan. "
        "Bahwa, ASN itu melayani bukan dilayani,’’ tegasnya."
    )
    assert (release.id, release.url, release.published, release.source) == (None, None, None, str(path.resolve()))


def test_text_without_front_matter() -> None:
    assert text.parse(PLAIN.encode(), "/a.txt") == Release(
        title="Judul Siaran",
        body="MADIUN – Paragraf satu.\n\n‘’Paragraf dua,’’ kata wali kota. (ney/agi/diskominfo)",
        city="MADIUN",
        initials=("ney", "agi"),
        office="diskominfo",
        source="/a.txt",
        agency="Diskominfo Madiun",
        language="id",
    )


def test_text_with_front_matter() -> None:
    assert text.parse(WITH_FRONT_MATTER.encode(), "/a.txt") == Release(
        title="Judul: Siaran",
        body="TIRTAPURA – Paragraf satu.",
        id="2023-03-21-judul",
        url="https://tirtapura.example/2023/03/21/judul/",
        published="2023-03-21",
        topic="Kepegawaian",
        city="TIRTAPURA",
        source="/a.txt",
        published_from="metadata",
    )


@pytest.mark.parametrize("variant", [PLAIN.replace("\n", "\r\n"), PLAIN.replace("\n", "\r"), "\ufeff" + PLAIN, "\n\n" + PLAIN])
def test_text_line_ends_and_byte_order_mark_do_not_matter(variant: str) -> None:
    assert text.parse(variant.encode(), "/a.txt") == text.parse(PLAIN.encode(), "/a.txt")


def test_front_matter_may_hold_the_title_and_its_values_stay_text() -> None:
    release = text.parse("---\ntitle: No\nid: 007\ntopic:\n---\nMADIUN – Satu.\nDua.\n".encode(), "/a.txt")
    assert (release.title, release.id, release.topic) == ("No", "007", None)
    assert release.body == "MADIUN – Satu.\n\nDua."


def test_text_without_blank_lines_has_a_paragraph_a_line() -> None:
    assert body_of("Judul\n\nSatu.\nDua.\n") == "Satu.\n\nDua."


def test_text_wrapped_at_a_margin_is_joined() -> None:
    assert body_of("Judul\n\nBaris satu\nbaris dua.\n\nTiga.\n") == "Baris satu baris dua.\n\nTiga."


def test_text_with_a_long_line_was_not_wrapped() -> None:
    long = "kata " * 30 + "akhir."
    assert body_of(f"Judul\n{long}\nDua.\n\nTiga\nempat.\n") == f"{long}\n\nDua.\n\nTiga empat."


def test_a_headline_that_looks_like_a_dateline_is_a_title_where_the_dateline_follows() -> None:
    assert text.parse("BMKG – Waspada Hujan\nMADIUN – Hujan turun.".encode(), "/a.txt").title == "BMKG – Waspada Hujan"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n\n", "the file is empty"),
        (b"Judul saja\n", "no paragraphs below the title"),
        (b"Judul\n\n(ney/agi/diskominfo)\n", "no paragraphs below the title"),
        ("MADIUN – Aparatur sipil.\nDua.".encode(), "the title is missing: the first line opens the text"),
        (b"x" * 301 + b"\nDua.", "the title is missing: the first line has 301 characters (limit 300)"),
        (b"Judul\nIsi \xe9 rusak", "not UTF-8: byte 0xE9 at offset 10; convert it, probably from Windows-1252: iconv -f"),
        (b"\xef\xbb\xbfJudul \xe9\n", "not UTF-8: byte 0xE9 at offset 9;"),
        (
            "Judul\nIsi".encode("utf-16"),
            "not UTF-8 but UTF-16, as its first two bytes say; convert it: iconv -f UTF-16 -t UTF-8",
        ),
        ("Judul\nIsi".encode("utf-16-le"), "contains the control character U+0000 in line 1; remove it"),
        (b"Judul\nIsi \x07", "contains the control character U+0007 in line 2; remove it"),
        (b"---\nid: a\nJudul\nIsi", "the front matter that --- opens has no closing ---"),
        (b"---\nid: a\ntopic: 'b\n---\nJudul\nIsi", "the front matter is not valid YAML in line"),
        (b"---\n" + b"[" * 5000 + b"\n---\nJudul\nIsi", "the front matter is not valid YAML"),
        (b"---\n- id\n---\nJudul\nIsi", "the front matter must be lines of the form key: value"),
        (b"---\ntopic: [a, b]\n---\nJudul\nIsi", "topic in the front matter must be one value"),
        (b"---\nid: a b\n---\nJudul\nIsi", "id 'a b' must be 1 to 100 letters"),
        (b"---\ndate: 21/3/2023\n---\nJudul\nIsi", "date '21/3/2023' must be ISO 8601"),
        (b"---\nurl: javascript:alert(1)\n---\nJudul\nIsi", "url 'javascript:alert(1)' must be an http or https address"),
        (b"---\nid: a\n---\n", "nothing follows the front matter"),
        (b"---\ntitle: Judul\n---\n", "no paragraphs below the title"),
    ],
)
def test_bad_text_is_one_clear_problem(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "siaran.txt"
    path.write_bytes(content)
    assert only_problem(path).startswith(message)


def test_an_alias_bomb_in_the_front_matter_costs_nothing() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 30))
    bomb = f"---\nl0: &l0 [x]\n{levels}\ntopic: *l29\n---\nJudul\nIsi"
    with pytest.raises(ParseError, match="topic in the front matter must be one value"):
        text.parse(bomb.encode(), "/a.txt")


def test_a_text_file_of_50_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "besar.txt"
    path.touch()
    os.truncate(path, 50_000_000)
    assert only_problem(path) == "50,000,000 bytes are too many for one release (limit 5,000,000); split the file"


def test_a_file_that_vanished_is_a_problem(tmp_path: Path) -> None:
    assert only_problem(tmp_path / "hilang.txt") == "cannot be read: No such file or directory"
    assert only_problem(tmp_path / "hilang.jsonl") == "cannot be read: No such file or directory"


# JSON Lines


@pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")
def test_news_parses() -> None:
    releases = list(read(SHARED / "news/releases.jsonl"))
    assert all(isinstance(release, Release) for release in releases)
    assert len(releases) == 494


def test_jsonl_reads_every_field(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = {
        "id": 7,
        "title": "Judul",
        "body": "MADIUN – Satu.\r\n\r\nDua. (ney/humas)",
        "url": "https://a.example/7",
        "published": "2023-03-21T09:30",
        "topic": "Sosial",
        "other": [1],
    }
    path.write_text(f"\ufeff{json.dumps(line)}\n\n", encoding="utf-8")
    assert list(read(path)) == [
        Release(
            title="Judul",
            body="MADIUN – Satu.\n\nDua. (ney/humas)",
            id="7",
            url="https://a.example/7",
            published="2023-03-21T09:30",
            topic="Sosial",
            city="MADIUN",
            initials=("ney",),
            office="humas",
            source=f"{path}#1",
            published_from="metadata",
        )
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1, 2]", "a release must be an object, {…}, not a list"),
        (b"null", "a release must be an object, {…}, not null"),
        (b'{"title": "Judul"', "not valid JSON: Expecting ',' delimiter"),
        (b"[" * 100_000, "not valid JSON: nested too deep"),
        (b"1" * 10_000, "not valid JSON: nested too deep, or a number too long"),
        (b'{"body": "Isi."}', "the title is missing"),
        (b'{"title": null, "body": "Isi."}', "the title is missing"),
        (b'{"title": "Judul", "body": " "}', "no paragraphs below the title"),
        (b'{"title": ["Judul"], "body": "Isi."}', "title must be a text, not a list"),
        (b'{"title": "Judul", "body": {}}', "body must be a text, not an object"),
        (b'{"id": true, "title": "Judul", "body": "Isi."}', "id must be a text, not true or false"),
        (b'{"id": "a b", "title": "Judul", "body": "Isi."}', "id 'a b' must be 1 to 100 letters"),
        (b'{"title": "Judul", "body": "Isi.", "published": "kemarin"}', "date 'kemarin' must be ISO 8601"),
        (b'{"title": "Judul", "body": "a\\u0000b"}', "body contains the control character U+0000 in line 1"),
        (b'{"title": "Judul \\ud800", "body": "Isi."}', "title contains half a surrogate pair U+D800 in line 1"),
        (b'{"title": "Judul \xe9", "body": "Isi."}', "not UTF-8: byte 0xE9 at offset 17"),
        (b"x" * 5_000_001, "longer than 5,000,000 bytes, which is too much for one release"),
        (b"x" * 12_000_000, "longer than 5,000,000 bytes, which is too much for one release"),
    ],
)
def test_a_bad_line_does_not_keep_the_good_ones_out(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    good = b'{"title": "Judul", "body": "Isi."}'
    path.write_bytes(b"\n".join([good, line, good, line, b"{}"]))
    first, second, problem = read(path)
    assert [first, second] == [Release("Judul", "Isi.", source=f"{path}#{number}") for number in (1, 3)]
    assert isinstance(problem, Problem)
    assert problem.message.startswith(f"line 2: {message}")
    assert problem.message.endswith(" (and 2 more bad lines)")


def test_an_empty_jsonl_file_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n\n")
    assert only_problem(path) == "the file is empty"


def test_a_jsonl_file_of_50_megabytes_without_line_ends_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "besar.jsonl"
    path.touch()
    os.truncate(path, 50_000_000)
    assert only_problem(path) == "line 1: longer than 5,000,000 bytes, which is too much for one release"


# Finding files


def test_find_walks_folders_in_order_and_each_file_once(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.JSONL", "a/y.ndjson", "a/foto.jpg", ".git/x.txt", "a/.y.txt", "c.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a/lagi.txt").symlink_to(tmp_path / "b.txt")
    found = find([tmp_path, tmp_path / "a", tmp_path / "b.txt"])
    assert found.files == tuple(tmp_path / name for name in ("b.txt", "a/y.ndjson", "a/z.JSONL"))
    assert found.problems == ()
    assert find([tmp_path]).skipped == 2


def test_find_reports_what_was_named_but_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipa.txt")
    (tmp_path / "foto.jpg").touch()
    found = find([tmp_path / "tiada", tmp_path / "pipa.txt", tmp_path / "foto.jpg"])
    assert found == Found(
        files=(),
        skipped=0,
        problems=(
            Problem(f"{tmp_path}/tiada", "cannot be read: No such file or directory"),
            Problem(f"{tmp_path}/pipa.txt", "neither a file nor a folder"),
            Problem(
                f"{tmp_path}/foto.jpg",
                f"no reader for this kind of file; known are {KNOWN}; to read it as one of them: --as NAME",
            ),
        ),
    )


def test_file_names_that_are_not_utf_8_can_be_read_and_shown(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/si\xe9r\nan.txt"))
    path.write_text("Judul\nIsi.", encoding="utf-8")
    (release,) = read(path)
    assert isinstance(release, Release)
    assert release.source == f"{tmp_path}/si\\xe9r\\nan.txt"


def test_count_expects_a_release_a_line_of_jsonl(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n{}\n", encoding="utf-8")
    assert [count(tmp_path / name) for name in ("a.jsonl", "a.txt", "tiada.jsonl")] == [2, 1, 0]
