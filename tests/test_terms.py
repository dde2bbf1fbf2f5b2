import random
from itertools import pairwise

import pytest

from index.stop_words import STOP_WORDS
from index.terms import Token, terms, tokens, units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("melayani dilayani pelayanan layanannya", ["layan", "layan", "layan", "layan"]),
        ("ada air", ["air"]),
        ("CAFÉ, cafe\u0301, Café", ["cafe", "cafe", "cafe"]),
        ("Jum’at, Jum'at, Jumat", ["jumat", "jumat", "jumat"]),
        ("the mayor’s", ["mayor"]),
        ("pro\u00adgram, pro\u200bgram", ["program", "program"]),
        ("diskominfo_madiun", ["dinas", "komunikasi", "informatika", "madiun"]),
        ("tarif AS, as usual", ["tarif", "as", "usual"]),
        ("", []),
        ("… – ‘’’’ .", []),
        ("yang dan itu the of", []),
    ],
)
def test_words_lose_case_accents_affixes_and_stop_words(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("warga-warga", ["warga"]),
        ("anak-anaknya", ["anak"]),
        ("melayani dilayani", ["layan", "layan"]),
        ("Alun alun Tirta", ["alun", "tirta"]),
        ("Alun-Alun Tirta", ["alun", "tirta"]),
        ("alun alun tirta", ["alun", "tirta"]),
        ("sayur-mayur", ["sayur", "mayur"]),
        ("warga. Warga", ["warga", "warga"]),
        ("5 5", ["5", "5"]),
    ],
)
def test_a_word_said_twice_counts_once(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("Walikota Madiun", "wali kota Madiun"),
        ("Pemkot", "Pemerintah Kota"),
        ("PEMPROV", "pemerintah provinsi"),
        ("Pemkab", "pemerintah kabupaten"),
        ("ASN", "Aparatur Sipil Negara"),
        ("PNS", "pegawai negeri sipil"),
        ("OPD", "organisasi perangkat daerah"),
        ("Kadis", "kepala dinas"),
        ("Kab. Madiun, Kec. Geger", "Kabupaten Madiun, Kecamatan Geger"),
        ("Jl. Pahlawan", "Jalan Pahlawan"),
        ("UMKM", "usaha mikro, kecil, dan menengah"),
        ("No. 5", "nomor 5"),
        ("dll., dst., dsb.", ""),
        ("10 Nopember", "10 November"),
        ("21 March", "21 Maret"),
        ("kerjasama", "kerja sama"),
    ],
)
def test_spellings_of_the_same_thing_give_the_same_terms(short: str, long: str) -> None:
    assert terms(short) == terms(long)


def test_what_is_not_the_same_stays_apart() -> None:
    assert terms("ASN") != terms("PNS")
    assert terms("PKL") == ["pkl"]  # street vendor or internship


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.250.000", ["1250000"]),
        ("1250000", ["1250000"]),
        ("1,250,000", ["1250000"]),
        ("Rp1.250.000,00", ["rp", "1250000"]),
        ("Rp 1.250.000,50", ["rp", "1250000koma5"]),
        ("Rp3,5 miliar", ["rp", "3koma5", "miliar"]),
        ("3.5", ["3koma5"]),
        ("pukul 09.00", terms("pukul 9:00")),
        ("0,125", ["0koma125"]),
        ("RT 04/RW 02", ["rt", "4", "rw", "2"]),
        ("RT04", ["rt", "4"]),
        ("2020-2023", ["2020", "2023"]),
        ("Rp5.000-7.000", ["rp", "5000", "7000"]),
        ("Covid-19 covid19", ["covid", "19", "covid", "19"]),
        ("limbah B3, G-20, G20, 5G", ["limbah", "b3", "g20", "g20", "5g"]),
        ("900 m²", ["900", "m2"]),
    ],
)
def test_numbers_are_the_same_however_they_are_written(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize("text", ["21-03-2023", "21/3/2023", "21/03/23", "21.03.2023", "2023-03-21", "21 March 2023"])
def test_dates_in_digits_are_the_dates_in_words(text: str) -> None:
    assert terms(text) == terms("21 Maret 2023") == ["21", "maret", "2023"]


def test_a_day_without_year_and_what_is_no_date() -> None:
    assert terms("Selasa (21/3)") == ["selasa", "21", "maret"]
    assert terms("31/13 0/4") == ["31", "13", "0", "4"]


def test_tokens_stand_where_their_words_stand() -> None:
    text = "‘’ASN melayani warga-warga,’’ kata Walikota, 21/3"
    assert tokens(text) == [
        Token("aparatur", 2, 5),
        Token("sipil", 2, 5),
        Token("negara", 2, 5),
        Token("layan", 6, 14),
        Token("warga", 15, 26),
        Token("wali", 35, 43),
        Token("kota", 35, 43),
        Token("21", 45, 47),
        Token("maret", 48, 49),
    ]


def test_places_hold_where_folding_changes_the_length() -> None:
    text = "ﬁlm Straße cafe\u0301 kota"
    assert [(token.term, text[token.start : token.end]) for token in tokens(text)] == [
        ("film", "ﬁlm"),
        ("strasse", "Straße"),
        ("cafe", "cafe\u0301"),
        ("kota", "kota"),
    ]


def test_units_keep_a_short_form_together() -> None:
    assert units("ASN harus melayani kota") == [("aparatur", "sipil", "negara"), ("layan",), ("kota",)]


def test_every_term_is_letters_and_digits_and_every_span_lies_in_the_text() -> None:
    random_ = random.Random(7)  # noqa: S311
    alphabet = "aeknmIÉßﬁ𝐀ǅ²½0123459.,:/--‑’'‘\"( )_\u0301\u00ad\n日本ع"
    for _ in range(400):
        text = "".join(random_.choices(alphabet, k=40))
        found = tokens(text)
        assert all(0 <= token.start < token.end <= len(text) for token in found)
        assert all(a[1:] == b[1:] or a.end <= b.start for a, b in pairwise(found)), text
        assert all(token.term.isalnum() for token in found), text


def test_stop_words_are_in_the_form_that_words_are_folded_to() -> None:
    assert all(word.isalnum() and word == word.casefold() for word in STOP_WORDS)
    assert terms(" ".join(sorted(STOP_WORDS))) == []
