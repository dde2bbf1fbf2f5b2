from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.repair import repair

SAMPLE = Path(__file__).parents[1] / "archive" / "sample" / "releases"


@pytest.mark.parametrize(
    ("damaged", "text"),
    [
        ("Nims CafÃ©, Jakarta", "Nims Café, Jakarta"),
        ("seluas 2.567 mÂ² (SHM No. 10)", "seluas 2.567 m² (SHM No. 10)"),
        ("â€˜â€™ASN harus melayani,â€™â€™ kata wali kota.", "‘’ASN harus melayani,’’ kata wali kota."),
        ("â\x80\x98â\x80\x99ASN harus melayani,â\x80\x99â\x80\x99", "‘’ASN harus melayani,’’"),
        ("â€œASNâ€\x9d â€“ melayani", "“ASN” – melayani"),
        ("MADIUN Ã¢â‚¬â€œ Aparatur", "MADIUN – Aparatur"),
        ("BjÃ¶rn di ‘’Kutha Madhiun’’", "Björn di ‘’Kutha Madhiun’’"),
        ("Ø¹Ù\x84Ù\x89", "\u0639\u0644\u0649"),
        ("\x93ASN\x94", "“ASN”"),
        ("baris satu\r\nbaris dua\rbaris tiga", "baris satu\nbaris dua\nbaris tiga"),
        ("baris satu\u2028baris dua\u2029alinea", "baris satu\nbaris dua\n\nalinea"),
        ("Rp\u00a0100\u2009ribu\u3000lagi", "Rp 100 ribu lagi"),
        ("me\u00adla\u200byani\ufeff", "melayani"),
        ("ke\u200dcil ke\u200c besar", "kecil ke besar"),
        ("\u202enayaleM\u202c \u2066ASN\u2069\u200e", "nayaleM ASN"),
        ("ASN\U000e0041\U000e0042 \u3164\u2063melayani", "ASN melayani"),
        ("Caf\u00c3\u200b\u00a9", "Café"),
    ],
)
def test_damage_is_repaired(damaged: str, text: str) -> None:
    assert repair(damaged) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MADIUN – Aparatur Sipil Negara (ASN) …",
        "‘’ASN harus melayani, bukan dilayani,’’ kata „wali kota“ di Café “Âge d’Or”.",
        "Pamaréntah Kutha Madhiun nganakaké pawai ing kampungé dhéwé-dhéwé.",
        "Luasnya 100 km², suhunya 30 °C, harganya ½ dari €5, © Diskominfo ™",
        "ﬁle Ｗｉｄｅ ａ Ⅷ №",
        "  dua  spasi\tdan tab  \n\n\n  baris  ",
        "ꦩꦢꦶꦪꦸꦤ꧀ \ua98f\u200d\ua9b1",
        "می\u200cخواهم",
        "👩\u200d⚕️ dan 👨\u200d👩\u200d👧",
        "يا أيها الذين آمنوا",
        "市长表示，公务员必须为人民服务。",
        "ÃO DE LIMA dan São Tomé",
        # No release may contain these; what they mean is for the reader of a format to say.
        "a\x00b\x0bc\x0cd",
    ],
)
def test_correct_text_stays_as_it_was_published(text: str) -> None:
    assert repair(text) == text


def test_the_sample_is_not_changed() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(SAMPLE.glob("*.txt"))]
    assert texts
    assert [text for text in texts if repair(text) != text] == []


@given(st.text())
@settings(deadline=None)
def test_repaired_text_needs_no_second_repair(text: str) -> None:
    repaired = repair(text)
    assert repair(repaired) == repaired


@given(st.text(st.characters(codec="utf-8")).map(lambda text: text.encode().decode("latin-1")))
@settings(deadline=None)
def test_no_damage_is_too_strange(damaged: str) -> None:
    assert "\r" not in repair(damaged)


@given(st.text("abcdefghijklmnopqrstuvwxyz ABC ’‘–—éèêçñ.,\n", max_size=200))
@settings(deadline=None)
def test_text_in_latin_letters_is_not_changed(text: str) -> None:
    assert repair(text) == text
