import random
from importlib.resources import files

import pytest

from index.sentences import spans


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in spans(text)]


@pytest.mark.parametrize(
    "marked",
    [
        "ASN harus memiliki mental yang kuat. | Mental kuat untuk selalu melayani masyarakat.",
        "‘’ASN itu melayani bukan dilayani,’’ tegasnya.",
        "‘’ASN mental melayaninya luar biasa. | Tetapi mengejar hasil kerja,’’ kata wali kota. | Ia lalu pamit.",
        "‘’Benarkah begitu?’’ tanya wali kota. | ‘’Benar!’’ | Warga bersorak.",
        '"Saya tolak." | Ia lalu pergi. | “Biar saya rawat.” | Begitu katanya (pelan). | Selesai.',
        "Dokter anak RSUD, dr. Sekar Ayuningrum, hadir. | Begitu pula Drs. H. Maidi, S.H., M.M., M.Pd. dan Hj. Yuni.",
        "Wali Kota Drs. H. Maidi, S.H. | Ia membuka acara bersama Prof. Dr. Ir. A. M. Budi Santoso, S. Pd., M. Si.",
        "Kantor di Jl. Pahlawan No. 37, Kec. Kartoharjo, Kab. Madiun. | Biayanya Rp. 5.000 atau Rp 1.250.000. | Murah.",
        "Acara mulai pukul 09.00. | Selesai pukul 10.30 WIB. | Pesertanya 3.500 orang.",
        "Ada beras, gula, dst. yang dibagikan. | Ada juga minyak, dll. | Semua gratis.",
        "Program itu ... belum selesai. | Warga menunggu… | Wali kota datang.",
        "Menurut A.M. Hendropriyono dan W.S. Rendra, itu benar. | Vitamin C. | Ia dibagikan.",
        "Pemeriksaan dilakukan rumah demi rumah. | (oky/rdw/ard/bpbd)",
        "1. Bawa KTP. | 2. Isi formulir.",
        "Syaratnya:\n| - KTP\n| - kartu keluarga",
        "Selesai. ’’ | Dia pulang.",
        "Baca di www.madiunkota.go.id. | Atau telepon 0800-1-TIRTA",
        "Satu kalimat tanpa titik",
        "Baris pertama yang terus\ndilanjutkan di bawah. | Lalu satu lagi.",
    ],
)
def test_sentences_end_where_a_reader_ends_them(marked: str) -> None:
    parts = [part.strip() for part in marked.split("|")]
    assert cut(marked.replace("| ", "")) == parts


def test_a_forgotten_space_is_no_forgotten_sentence() -> None:
    assert cut("Petugas langsung datang.Wali kota hadir.") == ["Petugas langsung datang.", "Wali kota hadir."]


def test_nothing_but_white_space_has_no_sentence() -> None:
    assert spans("") == spans(" \n\t") == []
    assert spans("  Halo.  ") == [(2, 7)]


def _assert_covers(text: str) -> None:
    end = 0
    for start, stop in spans(text):
        assert text[end:start].strip() == "", text
        assert start < stop
        assert text[start:stop] == text[start:stop].strip(), text
        end = stop
    assert text[end:].strip() == "", text


def test_sentences_cover_any_text_without_overlap() -> None:
    random_ = random.Random(5)  # noqa: S311
    pieces = ["Kata", "kata", " ", " ", "\n", ".", "...", "’’", "‘’", '"', "(", ")", "Rp", "dr", "A", "5", "?", "- ", "1.", ","]
    for _ in range(2_000):
        _assert_covers("".join(random_.choices(pieces, k=25)))


def test_the_sample_is_cut_into_whole_sentences() -> None:
    for file in (files("archive") / "sample" / "releases").iterdir():
        for paragraph in file.read_text(encoding="utf-8").split("---\n", 2)[2].split("\n"):
            _assert_covers(paragraph)
            for sentence in cut(paragraph):
                assert sentence[0].isupper() or sentence[0].isdigit() or sentence[0] in "‘(", sentence
