from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import docx
import pytest
from docx.document import Document as Word
from docx.oxml import parse_xml

from archive import Release
from archive.readers import Problem, read
from archive.readers.docx import parse

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def pack(word: Word) -> bytes:
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def write(*paragraphs: str, title: str = "", heading: int | None = None) -> bytes:
    word = docx.Document()
    word.core_properties.title = title
    for number, text in enumerate(paragraphs):
        if heading is not None and number == 0:
            word.add_heading(text, heading)
        else:
            word.add_paragraph(text)
    return pack(word)


def repack(data: bytes, name: str, content: bytes | None) -> bytes:
    """The same document with one part replaced, added or, for None, left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        if content is not None:
            new.writestr(name, content)
    return out.getvalue()


def fault(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "siaran.docx"
    path.write_bytes(data)
    (problem,) = read(path)
    assert isinstance(problem, Problem)
    assert problem.source == str(path)
    assert "\n" not in problem.message
    return problem.message


def test_paragraphs_tables_and_changes_are_read_and_headers_are_not() -> None:
    word = docx.Document()
    word.sections[0].header.paragraphs[0].text = "PEMERINTAH KOTA TIRTAPURA"
    word.sections[0].footer.paragraphs[0].text = "Halaman 1"
    word.core_properties.author = "ASUS"
    word.add_heading("Wali Kota: ASN\tHarus Melayani", 1)
    word.add_paragraph("TIRTAPURA – Satu ").add_run("tebal").bold = True
    word.add_paragraph(" ")
    table = word.add_table(2, 2)
    for number, text in enumerate(("Tahun", "Jumlah", "2022", "1.204")):
        table.cell(number // 2, number % 2).text = text
    changed = word.add_paragraph("Ada ")
    changed._p.append(parse_xml(f"<w:ins {W}><w:r><w:t>sisipan</w:t></w:r></w:ins>"))
    changed._p.append(parse_xml(f"<w:del {W}><w:r><w:delText>hapusan</w:delText></w:r></w:del>"))
    word.add_paragraph("‘’Satu’’\nbaris. (ney/diskominfo)")
    release = parse(pack(word), "/a.docx")
    assert release.title == "Wali Kota: ASN Harus Melayani"
    assert release.body.split("\n\n") == [
        "TIRTAPURA – Satu tebal",
        "Tahun | Jumlah",
        "2022 | 1.204",
        "Ada sisipan",
        "‘’Satu’’ baris. (ney/diskominfo)",
    ]
    assert (release.city, release.initials, release.office) == ("TIRTAPURA", ("ney",), "diskominfo")
    assert (release.author, release.published, release.source) == (None, None, "/a.docx")


@pytest.mark.parametrize(
    ("data", "title", "body"),
    [
        (write("Judul", "Isi."), "Judul", "Isi."),
        (write("Judul", "Isi.", heading=0), "Judul", "Isi."),
        (write("Judul", "Isi.", heading=2), "Judul", "Isi."),
        (write("Kop surat", "Judul Rilis", "Isi.", title="JUDUL RILIS"), "Judul Rilis", "Kop surat\n\nIsi."),
        (write("TIRTAPURA – Satu.", "Dua.", title="Judul Rilis"), "Judul Rilis", "TIRTAPURA – Satu.\n\nDua."),
        (write("PEMERINTAH KOTA TIRTAPURA", "SIARAN PERS", "Judul", "TIRTAPURA – Isi."), "Judul", "TIRTAPURA – Isi."),
        (write("Judul", "Isi.", title="Word Document"), "Judul", "Isi."),
        (write("Judul", "Isi.", title="siaran-final.docx"), "Judul", "Isi."),
    ],
)
def test_where_the_title_of_a_word_document_stands(data: bytes, title: str, body: str) -> None:
    release = parse(data, "/a.docx")
    assert (release.title, release.body) == (title, body)


def test_text_in_a_content_control_is_read() -> None:
    data = write("Judul", "Isi.")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        xml = packed.read("word/document.xml").decode()
    control = "<w:sdt><w:sdtContent><w:p><w:r><w:t>Kendali.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    changed = repack(data, "word/document.xml", xml.replace("<w:sectPr", control + "<w:sectPr").encode())
    assert parse(changed, "/a.docx").body == "Isi.\n\nKendali."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"bukan docx", "no Word document, or a damaged one; open it in Word and save it again"),
        (write("Judul", "Isi.")[:5000], "no Word document, or a damaged one"),
        (repack(write("Judul", "Isi."), "word/document.xml", b"<w:document"), "the Word document is damaged (XMLSyntaxError)"),
        (repack(write("Judul", "Isi."), "[Content_Types].xml", None), "the Word document is damaged (KeyError)"),
        (write(), "the Word document holds no text"),
        (write("Judul"), "no paragraphs below the title"),
        (write("TIRTAPURA – Satu.", "Dua."), "the title is missing: the first line opens the text"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "encrypted; open it in Word and save it without",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500,
            "an old .doc document; open it in Word or LibreOffice and save it",
        ),
        (
            repack(write("Judul"), "word/media/a.bmp", bytes(3_000_000)),
            "its part 'word/media/a.bmp' unpacks to over 100 times its size",
        ),
        (repack(write("Judul"), "word/media/a.bmp", bytes(60_000_000)), "unpacks to 60,"),
    ],
)
def test_a_bad_word_document_is_one_clear_problem(tmp_path: Path, data: bytes, message: str) -> None:
    assert fault(tmp_path, data).startswith(message)


def test_an_entity_bomb_in_a_word_document_costs_nothing(tmp_path: Path) -> None:
    text = "<w:p><w:r><w:t>&l19;</w:t></w:r></w:p>"
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
    bomb = f'<!DOCTYPE d [<!ENTITY l0 "x">{levels}]><w:document {W}><w:body>{text}</w:body></w:document>'
    assert fault(tmp_path, repack(write("Judul", "Isi."), "word/document.xml", bomb.encode())).startswith("the Word document")


def test_a_word_document_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "besar.docx"
    path.write_bytes(write("Judul", "Isi."))
    os.truncate(path, 2_000_000_000)
    (problem,) = read(path)
    assert problem == Problem(str(path), "2,000,000,000 bytes are too many for one release (limit 50,000,000); split the file")


def test_a_good_word_document_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "siaran.docx"
    path.write_bytes(write("Judul", "Isi."))
    assert list(read(path)) == [Release("Judul", "Isi.", source=str(path))]
