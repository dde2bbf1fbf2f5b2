from __future__ import annotations

import pytest

from archive.conventions import dateline_city, sign_off


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
