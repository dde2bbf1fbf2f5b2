from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from pdf_pages import make_pdf, set_lines

from archive import Release
from archive.readers import Problem, Tally, count, read, zipped
from archive.readers.common import Document

TEXT = b"Judul\nIsi \xe2\x80\x98\xe2\x80\x99.\n"
PAGE = (
    "<!DOCTYPE html><html lang='id'><head><title>Judul Halaman</title></head><body><article><h1>Judul Halaman</h1>"
    "<p>TIRTAPURA – Paragraf satu dari halaman yang disimpan, cukup panjang untuk sebuah alinea.</p>"
    "<p>Paragraf kedua dari halaman itu, juga cukup panjang untuk sebuah alinea.</p></article></body></html>"
)


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return out.getvalue()


def write(path: Path, members: dict[str, bytes]) -> Path:
    path.write_bytes(pack(members))
    return path


def only_problem(path: Path) -> str:
    (problem,) = read(path)
    assert isinstance(problem, Problem)
    assert problem.source == str(path)
    assert "\n" not in problem.message
    return problem.message


def messages(path: Path) -> list[tuple[str, str]]:
    """What went wrong within a ZIP: the member, and why."""
    return [(one.source.removeprefix(f"{path}!"), one.message) for one in read(path) if isinstance(one, Problem)]


def test_members_of_every_kind_are_read_by_their_readers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "arsip.zip",
        {
            "2023/": b"",
            "2023/siaran ‘satu’.txt": TEXT,
            "2023/halaman.html": PAGE.encode(),
            "siaran.pdf": make_pdf([set_lines(["Judul PDF", "", "Isi PDF."])]),
            "daftar.jsonl": b'{"id": "a", "title": "A", "body": "Isi."}\n{"id": "b", "title": "B", "body": "Isi."}\n',
            "tabel.csv": b"judul,isi\nC,Isi.\n",
            "foto.jpg": b"\xff\xd8\xff",
            "__MACOSX/._siaran.txt": b"\x00",
            ".rahasia/x.txt": TEXT,
        },
    )
    tally = Tally()
    releases = list(read(path, tally=tally))
    assert [(one.title, one.source.removeprefix(str(path))) for one in releases if isinstance(one, Release)] == [
        ("Judul", "!2023/siaran ‘satu’.txt"),
        ("Judul Halaman", "!2023/halaman.html"),
        ("Judul PDF", "!siaran.pdf"),
        ("A", "!daftar.jsonl#1"),
        ("B", "!daftar.jsonl#2"),
        ("C", "!tabel.csv#2"),
    ]
    assert (dict(tally.files), tally.skipped) == ({"zip": 1}, 1)
    assert dict(tally.members) == {"text": 1, "html": 1, "pdf": 1, "jsonl": 1, "csv": 1}
    assert count(path) == 9


def test_a_bad_member_does_not_keep_the_others_out(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.zip", {"a.txt": b"", "b.txt": TEXT, "c.zip": pack({"x.txt": TEXT}), "d.txt": os.urandom(5_000_001)}
    )
    assert messages(path) == [
        ("a.txt", "the file is empty"),
        ("c.zip", "a ZIP within a ZIP is not read; unpack it and import what it holds"),
        ("d.txt", "unpacks to 5,000,001 bytes, too many for one release (limit 5,000,000); split the file"),
    ]
    assert [one.title for one in read(path) if isinstance(one, Release)] == ["Judul"]


def test_members_may_be_read_as_what_they_are_not_called(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"index.php?p=1": PAGE.encode(), "data": b"Judul\nIsi.\n"})
    assert [one.title for one in read(path) if isinstance(one, Release)] == ["Judul Halaman"]
    assert [
        one.title for one in read(write(tmp_path / "b.zip", {"data": b"Judul\nIsi.\n"}), "text") if isinstance(one, Release)
    ] == ["Judul"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../a.txt", "../a.txt"),
        ("/etc/a.txt", "/etc/a.txt"),
        ("b/../../a.txt", "b/../../a.txt"),
        ("C:\\a.txt", "C:/a.txt"),
        ("..\\a.txt", "../a.txt"),
    ],
)
def test_a_member_that_points_outside_refuses_the_zip(tmp_path: Path, name: str, shown: str) -> None:
    path = write(tmp_path / "a.zip", {"b.txt": TEXT, name: TEXT})
    assert only_problem(path) == f"its member {shown!r} points outside the ZIP; do not trust it, or pack it again"
    assert list(tmp_path.iterdir()) == [path]


def test_encrypted_members_refuse_the_zip(tmp_path: Path) -> None:
    data = bytearray(pack({"a.txt": TEXT, "b.txt": TEXT, "c.txt": TEXT}))
    at = -1
    for number in range(3):
        at = data.find(b"PK\x01\x02", at + 1)
        data[at + 8] |= number > 0
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert only_problem(path) == "'b.txt' and 1 more members are encrypted; unpack it with its password, then import the folder"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.txt": TEXT, "bom.jsonl": bytes(20_000_000)})
    assert only_problem(path) == "its member 'bom.jsonl' unpacks to over 200 times its size; it may be a ZIP bomb"


def test_too_much_and_too_many_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.zip", {"a.txt": TEXT, "b.txt": TEXT})
    monkeypatch.setattr(zipped, "MAX_UNPACKED_BYTES", 10)
    assert only_problem(path) == f"unpacks to {2 * len(TEXT)} bytes, which is too much (limit 10); pack it in several"
    monkeypatch.setattr(zipped, "MAX_MEMBERS", 1)
    assert only_problem(path) == "2 members are too many for one ZIP (limit 1); pack them in several"


def test_a_hundred_thousand_members_and_one_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(100_001):
            packed.writestr(zipfile.ZipInfo(f"{number}.txt"), b"")
    tracemalloc.start()
    assert only_problem(path) == "100,001 members are too many for one ZIP (limit 100,000); pack them in several"
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_zip_that_lies_about_its_directory_is_refused(tmp_path: Path) -> None:
    data = pack({"a.txt": TEXT})
    at = data.rfind(b"PK\x05\x06")
    path = tmp_path / "a.zip"
    path.write_bytes(data[: at + 12] + struct.pack("<L", 4_000_000_000) + data[at + 16 :])
    assert only_problem(path).startswith("its directory of 4,000,000,000 bytes is too large (limit 16,000,000)")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.html"])
def test_a_member_that_lies_about_its_size_costs_no_memory(tmp_path: Path, name: str) -> None:
    data = bytearray(pack({name: bytes(100_000_000)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.find(mark) + offset, 1_000)
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    tracemalloc.start()
    assert messages(path) == [(name, f"cannot be read: its ZIP is damaged (Bad CRC-32 for file {name!r}); pack it again")]
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"bukan zip", "no ZIP file, or one that is cut off after 9 bytes; download or pack it again"),
        (
            pack({"a.txt": os.urandom(9000)})[:8000],
            "no ZIP file, or one that is cut off after 8,000 bytes; download or pack it again",
        ),
        (b"x" * 30 + b"PK\x05\x06" + b"\x01" * 18, "its directory of 16,843,009 bytes is too large"),
    ],
)
def test_what_is_no_zip_is_one_clear_problem(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert only_problem(path).startswith(message)


def test_a_member_that_is_damaged_is_one_problem(tmp_path: Path) -> None:
    data = bytearray(pack({"a.txt": TEXT * 50, "b.txt": TEXT}, zipfile.ZIP_STORED))
    data[60] ^= 0xFF
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert messages(path) == [("a.txt", "cannot be read: its ZIP is damaged (Bad CRC-32 for file 'a.txt'); pack it again")]
    assert [one.title for one in read(path) if isinstance(one, Release)] == ["Judul"]


def test_an_empty_zip_holds_nothing(tmp_path: Path) -> None:
    assert list(read(write(tmp_path / "a.zip", {}))) == []


def test_a_zip_in_memory_is_read_too() -> None:
    document = Document.of_bytes(pack({"a.txt": TEXT}), "https://a.example/arsip.zip", "arsip.zip")
    (release,) = read(document)
    assert isinstance(release, Release)
    assert release.source == "https://a.example/arsip.zip!a.txt"


def test_a_zip_of_two_gigabytes_without_a_directory_is_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "besar.zip"
    path.write_bytes(b"PK\x03\x04")
    os.truncate(path, 2_000_000_000)
    assert only_problem(path).startswith("no ZIP file, or one that is cut off after 2,000,000,000 bytes")
