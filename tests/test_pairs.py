"""Questions drawn from an archive's own text."""

from __future__ import annotations

import pytest

from index.pairs import Drawer, Source
from index.terms import terms

SOURCES = [
    Source(
        f"Judul siaran nomor {number} tentang taman kota",
        (
            f"Kalimat pertama paragraf pembuka ke-{number} cukup panjang. Kalimat kedua menyusul dengan isi yang lain.",
            f"Bagian penutup nomor {number} berdiri sendiri di bawah pohon rindang.",
        ),
        2 * number,
    )
    for number in range(7)
]
PASSAGES = [paragraph for source in SOURCES for paragraph in source.paragraphs]


def test_every_source_is_drawn_once_before_any_is_drawn_again() -> None:
    pairs = Drawer(SOURCES).draw(21)
    assert [sorted(pair.row // 2 for pair in pairs[start : start + 7]) for start in (0, 7, 14)] == [list(range(7))] * 3


def test_the_same_seed_draws_the_same_pairs_and_another_seed_others() -> None:
    assert Drawer(SOURCES, seed=3).draw(30) == Drawer(SOURCES, seed=3).draw(30)
    assert Drawer(SOURCES, seed=3).draw(30) != Drawer(SOURCES, seed=4).draw(30)


def test_a_question_shares_no_word_with_its_passage_and_comes_from_its_release() -> None:
    for pair in Drawer(SOURCES).draw(200):
        source = SOURCES[pair.row // 2]
        assert set(pair.question.split()) <= set(" ".join((source.title, *source.paragraphs)).split())
        assert len(pair.question.split()) >= 4
        assert set(terms(pair.question)).isdisjoint(terms(PASSAGES[pair.row]))


def test_shared_words_are_kept_where_they_are_wanted() -> None:
    pairs = Drawer(SOURCES, keep_shared=True).draw(100)
    assert {pair.question for pair in pairs if pair.row == 0} == {
        SOURCES[0].title,
        "Kalimat pertama paragraf pembuka ke-0 cukup panjang.",
        "Kalimat kedua menyusul dengan isi yang lain.",
        PASSAGES[1],
    }


def test_a_release_that_repeats_itself_is_passed_over() -> None:
    alike = Source("Taman kota dibuka hari ini", ("Taman kota dibuka hari ini.",), 99)
    assert {pair.row for pair in Drawer([*SOURCES, alike]).draw(50)} == set(range(14))
    with pytest.raises(ValueError, match="none of 1 releases says anything in two ways"):
        Drawer([alike]).draw(1)


@pytest.mark.parametrize("sources", [[], [Source("Judul", (), 0)]])
def test_nothing_can_be_drawn_from_nothing(sources: list[Source]) -> None:
    with pytest.raises(ValueError, match="need sources, each with a paragraph"):
        Drawer(sources)
