from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.conventions import agency, dateline_city, sign_off


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("MADIUN – Aparatur Sipil Negara (ASN) harus kuat.", "MADIUN"),
        ("MADIUN - Aparatur", "MADIUN"),
        ("MADIUN— Aparatur", "MADIUN"),
        ("BANDAR LAMPUNG, (21/3) – Wali kota", "BANDAR LAMPUNG"),
        ("KOTA MADIUN (DISKOMINFO) -- Wali kota", "KOTA MADIUN"),
        ("D.I. YOGYAKARTA – Gubernur", "D.I. YOGYAKARTA"),
        ("MADIUN, JAWA TIMUR – Gubernur", "MADIUN"),
        ("TIRTAPURA, DISKOMINFO – Wali kota", "TIRTAPURA"),
        ("MADIUN (21-3-2023) – Wali kota", "MADIUN"),
        ("(MADIUN) – Wali kota", "MADIUN"),
        ("[BANDAR LAMPUNG] - Wali kota", "BANDAR LAMPUNG"),
        ("MADIUN,- Wali kota", "MADIUN"),
        ("MADIUN, – Wali kota", "MADIUN"),
        ("MADIUN –Wali kota", "MADIUN"),
        ("MADIUN -Wali kota", "MADIUN"),
        ("Madiun (Diskominfo) – Wali kota", "Madiun"),
        ("Jakarta (ANTARA) - Presiden", "Jakarta"),
        ("Jakarta, InfoPublik – Presiden", "Jakarta"),
        ("Bandar Lampung, 21 Maret 2023 – Wali kota", "Bandar Lampung"),
        ("Madiun (21/3) — Wali kota", "Madiun"),
        ("Wali Kota (Maidi) – orang Magetan", None),
        ("Kota Madiun, kota pendekar – dan pecel", None),
        ("Madiun, Ponorogo – dua kota", None),
        ("COVID -19 belum usai", None),
        ("SIARAN PERS | Wali kota", None),
        ("Madiun – Aparatur", None),
        ("ASN harus melayani – bukan dilayani", None),
        ("COVID-19 belum usai", None),
        ("MADIUN –", None),
        ("‘’ASN mental melayani,’’ kata wali kota.", None),
        ("", None),
    ],
)
def test_dateline_city(text: str, city: str | None) -> None:
    assert dateline_city(text) == city


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        ("sebaliknya,’’ pungkasnya. (ney/agi/diskominfo)", (("ney", "agi"), "diskominfo")),
        ("Selesai. (nay/dlh)", (("nay",), "dlh")),
        ("Selesai. (nay/ard)", (("nay", "ard"), None)),
        ("Selesai. (nay / ard / Humas).\n", (("nay", "ard"), "Humas")),
        ("selesai (ney/agi/diskominfo)", (("ney", "agi"), "diskominfo")),
        ("Selesai. (red)", (("red",), None)),
        ("Selesai. (diskominfo)", ((), "diskominfo")),
        ("(ney/agi/diskominfo)", (("ney", "agi"), "diskominfo")),
        ("Selesai. (Humas)", ((), "Humas")),
        ("Selesai. (Diskominfo Kota Madiun)", ((), "Diskominfo Kota Madiun")),
        ("Selesai. (humas/ney)", (("ney",), "humas")),
        ("Selesai. (Nanda/Yudi/Kominfo)", (("Nanda", "Yudi"), "Kominfo")),
        ("Selesai. (ney, agi, diskominfo)", (("ney", "agi"), "diskominfo")),
        ("Selesai. (ney-agi-diskominfo)", (("ney", "agi"), "diskominfo")),
        ("Selesai. (ney|agi)", (("ney", "agi"), None)),
        ("Selesai. [ney/agi]", (("ney", "agi"), None)),
        ("Selesai. *(diskominfo)", ((), "diskominfo")),
        ("Selesai. **(ney/agi/diskominfo)**", (("ney", "agi"), "diskominfo")),
        ("Selesai. (adv)", ((), None)),
        ("Selesai. (adv/humas)", ((), "humas")),
        ("Selesai. (ney/adv)", (("ney",), None)),
        ("Selesai. Penulis: Ney, Editor: Agi", (("Ney", "Agi"), None)),
        ("Selesai.\n\nPenulis : Nanda Yunita\nEditor : Agi Pratama", (("Nanda Yunita", "Agi Pratama"), None)),
        ("Selesai. Rep: ney / Red: agi", (("ney", "agi"), None)),
        ("Selesai. (Rep: ney / Red: agi)", (("ney", "agi"), None)),
        ("Selesai.\nPenulis: Ney | Foto: Budi", (("Ney",), None)),
        ("Selesai. Penulis: Ney, Sumber: Diskominfo Kota Madiun", (("Ney",), "Diskominfo Kota Madiun")),
        ("Kata seorang editor: bagus", None),
        ("Selesai. Foto: Budi", None),
        ("Selesai. Penulis: buku itu lahir pada 1970 di Madiun", None),
        ("Selesai. Editor: " + "kata " * 20, None),
        ("Ada sayur. (ayam, sapi)", None),
        ("Tamu yang hadir (pria/wanita)", None),
        ("Pelaksana kegiatan adalah Dinas Kesehatan (Dinkes)", None),
        ("Pemilihan diatur komisi. (KPU)", None),
        ("Selesai. (dan lain lain)", None),
        ("Selesai. (***)", None),
        ("Selesai. (adv) di awal teks", None),
        ("Bayar iklan (adv)", None),
        ("Batas kecepatan 80 (km/jam)", None),
        ("Acara berlangsung Selasa (21/3)", None),
        ("‘’Begitulah.’’ (tertawa)", None),
        ("Komisi Pemberantasan Korupsi (KPK)", None),
        ("(ney/agi/diskominfo) di awal teks.", None),
        ("", None),
    ],
)
def test_sign_off(text: str, signed: tuple[tuple[str, ...], str | None] | None) -> None:
    assert sign_off(text) == signed


def test_sign_off_of_a_very_long_text_is_quick_and_right() -> None:
    assert sign_off("( " * 1_000_000 + "habis. (ney/humas)") == (("ney",), "humas")


@pytest.mark.parametrize(
    ("office", "city", "name"),
    [
        ("diskominfo", "MADIUN", "Diskominfo Madiun"),
        ("diskominfo", "KOTA MADIUN", "Diskominfo Kota Madiun"),
        ("Diskominfo Kota Madiun", "MADIUN", "Diskominfo Kota Madiun"),
        ("dlh", "BANDAR LAMPUNG", "DLH Bandar Lampung"),
        ("kominfo", "D.I. YOGYAKARTA", "Kominfo D.I. Yogyakarta"),
        ("diskominfo", None, "Diskominfo"),
        # The mayor was in the capital; his office is not.
        ("diskominfo", "JAKARTA", "Diskominfo"),
        ("humas", "MADIUN", None),
        ("Humas Pemkot", "MADIUN", None),
        ("yunita", "MADIUN", None),
        ("", "MADIUN", None),
        (None, "MADIUN", None),
    ],
)
def test_agency_says_no_more_than_the_text(office: str | None, city: str | None, name: str | None) -> None:
    assert agency(office, city) == name


_PIECES = st.sampled_from(
    ["MADIUN", " – ", "(", ")", "[", "]", "ney", "/", "diskominfo", ".", " ", "*", "Penulis:", "Ney", ",", "-", "adv", "\n"]
)


@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)))
@settings(deadline=None)
def test_no_text_is_too_strange(text: str) -> None:
    city, signed = dateline_city(text), sign_off(text)
    assert city is None or city in text
    names, office = signed or ((), None)
    assert all(name in text and "/" not in name for name in names)
    assert agency(office, city) is None or office


@pytest.mark.parametrize("piece", ["( ", "A ", "(a/", "Rep: ", "a. ", " ", "*", "Madiun, ", "a, "])
def test_the_ends_of_a_very_long_text_are_read_quickly(piece: str) -> None:
    assert sign_off(piece * 300_000 + "habis. (ney/humas)") == (("ney",), "humas")
    assert dateline_city(piece * 300_000) is None
