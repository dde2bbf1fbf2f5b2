import random

import pytest

from index.query_syntax import Wanted, parse
from index.terms import terms


@pytest.mark.parametrize(
    "query",
    [
        '"wali kota" hadir',
        "“wali kota” hadir",
        "„wali kota“ hadir",
        "«wali kota» hadir",
        "‘’wali kota’’ hadir",
        "''wali kota'' hadir",
        "‘wali kota’ hadir",
        "'wali kota' hadir",
        '"walikota" hadir',
    ],
)
def test_quotation_marks_of_every_shape_require_a_phrase(query: str) -> None:
    wanted = parse(query)
    assert wanted.required == (("wali", "kota"),)
    assert wanted.meaning.replace("walikota", "wali kota") == "wali kota hadir"
    assert wanted.excluded == ()


@pytest.mark.parametrize(
    "query",
    [
        "Jum'at di Qur’an",
        "the mayor's and the governors' plan",
        "rock 'n' roll",
        'pipa 5" dan 6"',
        '"tak tertutup',
        'tutup" tak',
        "‘’tak tertutup",
        '""',
        "2019 -2021",
        "suhu -5 derajat",
        "warga-warga",
        "MADIUN - ASN melayani",
        "MADIUN – ASN melayani",
        "--kata",
        '-"tak tertutup',
        "",
    ],
)
def test_apostrophes_lone_marks_and_dashes_are_text(query: str) -> None:
    assert parse(query) == Wanted(query)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("bansos -korupsi", Wanted("bansos", (), (("korupsi",),))),
        ("-korupsi bansos", Wanted("bansos", (), (("korupsi",),))),
        ("bansos −korupsi, -parkir.", Wanted("bansos", (), (("korupsi",), ("parkir",)))),
        ('bansos -"wali kota"', Wanted("bansos", (), (("wali", "kota"),))),
        ("bansos -‘’wali kota’’ -Walikota", Wanted("bansos", (), (("wali", "kota"),))),
        ("vaksin -covid-19", Wanted("vaksin", (), (("covid", "19"),))),
        ('bansos -"2021"', Wanted("bansos", (), (("2021",),))),
        ('("wali kota"), "Madiun" -parkir', Wanted("(wali kota), Madiun", (("wali", "kota"), ("madiun",)), (("parkir",),))),
        ('"yang itu" bansos -yang', Wanted("yang itu bansos")),
        ('"Jum\'at Kliwon"', Wanted("Jum'at Kliwon", (("jumat", "kliwon"),))),
    ],
)
def test_a_query_is_read_as_what_must_and_must_not_be_there(query: str, expected: Wanted) -> None:
    assert parse(query) == expected


@pytest.mark.parametrize("query", ["-kata", ' -"wali kota" -parkir ', '"" -kata', "- -kata"])
def test_a_query_that_only_excludes_is_refused_with_a_remedy(query: str) -> None:
    with pytest.raises(ValueError, match="add what to look for"):
        parse(query)


def test_any_text_can_be_read_and_what_is_read_has_terms() -> None:
    random_ = random.Random(3)  # noqa: S311
    pieces = ['"', "“", "”", "'", "’", "‘", "-", "−", " ", " ", "kata", "Jum", "5", "(", ",", "yang", "\n"]
    for _ in range(3_000):
        query = "".join(random_.choices(pieces, k=20))
        try:
            wanted = parse(query)
        except ValueError:
            continue
        assert all(wanted.required), query
        assert all(wanted.excluded), query
        assert {term for phrase in wanted.required for term in phrase} <= set(terms(wanted.meaning)), query
