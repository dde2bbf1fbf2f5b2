"""Questions in the words of officials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from conftest import ROOT, directions

from index.encoder import Matrix
from index.rewording import encode, reworded

FILES = sorted((ROOT / "index/thesaurus").iterdir())
LINES = [line for file in FILES for line in file.read_text(encoding="utf-8").splitlines()]
HEADS = [line.split(": ")[0] for line in LINES]
VARIANTS = [variant for line in LINES for variant in line.split(": ")[1].split(", ")]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("duit daerah", "uang daerah"),
        ("Duitnya kalah di meja hijau?", "uang kalah di pengadilan?"),
        ("di meja  hijau, bukan di meja", "di pengadilan, bukan di meja"),
        ("meja, hijau", "meja, hijau"),
        ("uangnya di pengadilan", "uangnya di pengadilan"),
        ("kata Duit dan DUIT", "kata Duit dan uang"),
        ("duitan, sekaduit dan duit_nya", "duitan, sekaduit dan uang_nya"),
        ("", ""),
        ("?!", "?!"),
    ],
)
def test_unusual_words_are_put_as_officials_put_them(question: str, expected: str) -> None:
    assert reworded(question) == expected


def test_a_question_in_english_stays_as_it_is() -> None:
    assert reworded("who gets the duit") == "who gets the duit"
    assert reworded("siapa dapat duit the best") == "siapa dapat uang the best"


def test_a_question_is_the_mean_of_both_wordings() -> None:
    passes: list[list[str]] = []

    def encode_queries(texts: Sequence[str]) -> Matrix:
        passes.append(list(texts))
        return directions({"uang": 90, "banjir": 200}.get(text, 0) for text in texts)

    assert encode(encode_queries, ["banjir", "duit", "uang"]) == pytest.approx(directions([200, 45, 90]), abs=1e-6)
    assert passes == [["banjir", "duit", "uang", "uang"]]


def test_vectors_that_the_model_keeps_are_left_alone() -> None:
    kept = directions([0, 90])
    before = kept.copy()
    encode(lambda texts: kept[: len(texts)], ["duit"])
    assert np.array_equal(kept, before)


def test_no_questions_have_no_vectors() -> None:
    assert encode(lambda texts: directions([0] * len(texts)), []).shape == (0, 2)


# The thesaurus


def test_lines_are_sorted_and_plain() -> None:
    assert len(HEADS) > 2_000
    assert sorted(set(HEADS)) == HEADS
    plain = set("abcdefghijklmnopqrstuvwxyz0123456789- ")
    assert [one for one in (*HEADS, *VARIANTS) if not set(one) <= plain or one != " ".join(one.split())] == []


def test_each_expression_has_one_official_one() -> None:
    assert [one for one, count in Counter((*HEADS, *VARIANTS)).items() if count > 1] == []


def test_what_is_official_stays_as_it_is() -> None:
    assert [head for head in HEADS if reworded(head) != head] == []


def test_every_variant_is_put_otherwise() -> None:
    assert [variant for variant in VARIANTS if reworded(variant) == variant] == []
