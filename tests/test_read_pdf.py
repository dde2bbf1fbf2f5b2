from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from pdf_pages import PICTURE, make_pdf, set_lines
from pypdf import PdfReader, PdfWriter

from archive import Release
from archive.readers import Problem, pdf, read
from archive.readers.common import ParseError
from archive.readers.lines import Line, drop_running, join_lines

TITLE = [(72.0, 780.0, 18.0, "Wali Kota Tekankan ASN"), (72.0, 758.0, 18.0, "Harus Melayani")]
BODY = set_lines(
    [
        "TIRTAPURA – Aparatur sipil negara harus bermental melayani, bukan dila-",
        "yani. Hal itu ditegaskan wali kota saat membuka sosialisasi bagi anak-",
        "anak muda.",
        "",
        "‘’Ini selalu saya tekankan,’’ tegasnya. (ney/diskominfo)",
    ]
)
PARAGRAPHS = (
    "TIRTAPURA – Aparatur sipil negara harus bermental melayani, bukan dilayani. Hal itu ditegaskan wali kota saat membuka "
    "sosialisasi bagi anak-anak muda.\n\n‘’Ini selalu saya tekankan,’’ tegasnya. (ney/diskominfo)"
)


def parse(data: bytes) -> Release:
    return pdf.parse(data, "/a.pdf")


def fault(data: bytes, tmp_path: Path) -> str:
    path = tmp_path / "siaran.pdf"
    path.write_bytes(data)
    (problem,) = read(path)
    assert isinstance(problem, Problem)
    assert problem.source == str(path)
    assert "\n" not in problem.message
    return problem.message


def test_the_title_is_what_stands_in_the_largest_letters() -> None:
    release = parse(make_pdf([[*TITLE, *BODY]]))
    assert release.title == "Wali Kota Tekankan ASN Harus Melayani"
    assert release.body == PARAGRAPHS
    assert (release.city, release.initials, release.office) == ("TIRTAPURA", ("ney",), "diskominfo")
    assert (release.source, release.published, release.author) == ("/a.pdf", None, None)


@pytest.mark.parametrize(
    ("titled", "title"),
    [
        ("Wali kota tekankan ASN harus melayani", "Wali kota tekankan ASN harus melayani"),
        ("Microsoft Word - Siaran Pers.docx", "Wali Kota Tekankan ASN Harus Melayani"),
        ("siaran_21032023.pdf", "Wali Kota Tekankan ASN Harus Melayani"),
        ("IMG_20230321", "Wali Kota Tekankan ASN Harus Melayani"),
        ("Untitled", "Wali Kota Tekankan ASN Harus Melayani"),
        ("", "Wali Kota Tekankan ASN Harus Melayani"),
    ],
)
def test_the_file_s_own_title_counts_where_it_was_meant_for_readers(titled: str, title: str) -> None:
    release = parse(make_pdf([[*TITLE, *BODY]], titled))
    assert (release.title, release.body) == (title, PARAGRAPHS)


def test_the_first_line_is_the_title_where_all_letters_are_alike() -> None:
    release = parse(make_pdf([set_lines(["Judul Siaran", "", "TIRTAPURA – Satu dan", "dua.", "", "Tiga."])]))
    assert (release.title, release.body) == ("Judul Siaran", "TIRTAPURA – Satu dan dua.\n\nTiga.")


def test_indented_lines_begin_paragraphs() -> None:
    lines = [
        (90.0, 700.0, 11.0, "TIRTAPURA – Baris satu dari alinea pertama yang"),
        (72.0, 686.0, 11.0, "berlanjut sampai ujung baris ini juga"),
    ]
    lines += [(90.0, 672.0, 11.0, "Alinea kedua dimulai menjorok dan juga"), (72.0, 658.0, 11.0, "berlanjut.")]
    assert parse(make_pdf([[*TITLE, *lines]])).body == (
        "TIRTAPURA – Baris satu dari alinea pertama yang berlanjut sampai ujung baris ini juga\n\n"
        "Alinea kedua dimulai menjorok dan juga berlanjut."
    )


def test_running_heads_and_page_numbers_are_dropped_and_a_paragraph_goes_on_over_the_page() -> None:
    def page(number: int, texts: list[str]) -> list[tuple[float, float, float, str]]:
        head, foot = (72.0, 810.0, 9.0, f"Diskominfo Kota Tirtapura, nomor {number}"), (290.0, 30.0, 9.0, f"- {number} -")
        return [head, *(TITLE if number == 1 else ()), *set_lines(texts), foot]

    release = parse(
        make_pdf(
            [page(1, ["TIRTAPURA – Kalimat ini berlanjut di"]), page(2, ["halaman dua.", "", "Akhir."]), page(3, ["Tiga."])]
        )
    )
    assert release.title == "Wali Kota Tekankan ASN Harus Melayani"
    assert release.body == "TIRTAPURA – Kalimat ini berlanjut di halaman dua.\n\nAkhir.\n\nTiga."


def test_the_letterhead_above_the_title_is_left_out() -> None:
    head = [(150.0, 815.0, 20.0, "PEMERINTAH KOTA TIRTAPURA"), (150.0, 800.0, 9.0, "Jl. Perintis No. 32, Telp. (0351) 467327")]
    release = parse(make_pdf([[*head, *TITLE, *BODY]]))
    assert (release.title, release.body) == ("Wali Kota Tekankan ASN Harus Melayani", PARAGRAPHS)


def test_words_said_twice_keep_their_hyphen() -> None:
    lines = [
        Line(text, 0, 100 - 10 * number, 10)
        for number, text in enumerate(["anak-", "anak dan warna-", "warni, ke-", "tika setinggi-", "tingginya"])
    ]
    assert [one.text for one in join_lines([lines])] == ["anak-anak dan warna-warni, ketika setinggi-tingginya"]


def test_a_head_that_is_drawn_last_is_dropped_from_a_single_page() -> None:
    lines = [
        Line("Satu.", 0, 700, 10),
        Line("Dua.", 0, 680, 10),
        Line("Kota Tirtapura", 0, 820, 8),
        Line("Halaman 1 dari 1", 0, 20, 8),
    ]
    assert [line.text for line in drop_running([lines])[0]] == ["Satu.", "Dua."]


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ([PICTURE], "page 1 of 1 is a picture (scanned): run OCR, e.g. ocrmypdf, then import the result"),
        (
            [[*TITLE, *BODY], PICTURE, BODY],
            "page 2 of 3 is a picture (scanned): run OCR, e.g. ocrmypdf, then import the result",
        ),
        ([PICTURE] * 7, "pages 1, 2, 3, 4, 5 … of 7 are pictures (scanned): run OCR, e.g. ocrmypdf, then import the result"),
        ([[]], "the PDF holds no text"),
        ([TITLE], "no paragraphs below the title"),
        ([BODY], "the title is missing: the first line opens the text ('TIRTAPURA – Aparatur"),
        ([[]] * 301, "301 pages are too many for one release (limit 300); split the file"),
    ],
)
def test_a_pdf_that_holds_no_release_is_one_clear_problem(tmp_path: Path, pages: list[object], message: str) -> None:
    assert fault(make_pdf(pages), tmp_path).startswith(message)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"%PDF-1.4\n", "no PDF, or a damaged one ("),
        (b"%PDF-1.4\n" + b"1 0 obj << >> endobj " * 100, "no PDF, or a damaged one ("),
        (make_pdf([[*TITLE, *BODY]])[:700], "no PDF, or a damaged one ("),
    ],
)
def test_a_broken_pdf_is_one_clear_problem(tmp_path: Path, data: bytes, message: str) -> None:
    assert fault(data, tmp_path).startswith(message)


def test_an_encrypted_pdf_says_so_but_one_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    for password in ("rahasia", ""):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf([[*TITLE, *BODY]]))))
        writer.encrypt(password, "pemilik", algorithm="RC4-128")
        out = io.BytesIO()
        writer.write(out)
        if password:
            assert fault(out.getvalue(), tmp_path) == "encrypted; open it with its password and print it into a new PDF"
        else:
            assert parse(out.getvalue()).body == PARAGRAPHS


def test_what_a_scanner_app_stamps_on_its_pictures_is_no_text(tmp_path: Path) -> None:
    page = [(72.0, 20.0, 9.0, "Dipindai dengan CamScanner")]
    data = make_pdf([page]).replace(b"/Font << /F 3 0 R >>", b"/XObject <</I 4 0 R>> /Font <</F 3 0 R>>")
    assert fault(data, tmp_path) == "page 1 of 1 is a picture (scanned): run OCR, e.g. ocrmypdf, then import the result"


def test_a_pdf_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_CPU_S", 0.0)
    with pytest.raises(ParseError, match=r"takes too long to read \(limit 0 seconds\); print it into a new, simpler PDF"):
        parse(make_pdf([[*TITLE, *BODY]]))


def test_a_pdf_that_draws_without_end_is_given_up() -> None:
    with pytest.raises(ParseError, match=r"takes too long to read \(limit 10 seconds\); print it into a new, simpler PDF"):
        parse(make_pdf([[(72, 700, 11, "a")] * 100_000]))


def test_a_pdf_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "besar.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    os.truncate(path, 2_000_000_000)
    (problem,) = read(path)
    assert isinstance(problem, Problem)
    assert problem.message == "2,000,000,000 bytes are too many for one release (limit 50,000,000); split the file"
