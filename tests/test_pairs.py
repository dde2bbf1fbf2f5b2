"""Questions drawn from an archive's own text."""

from __future__ import annotations

import pytest

from index.pairs import Drawer, Source

SOURCES = [
    Source(
        f"Judul siaran nomor {number} tentang taman kota",
        (
            f"Kalimat pertama paragraf pembuka nomor {number} cukup panjang. Kalimat kedua menyusul dengan isi yang lain.",
            f"Paragraf penutup nomor {number} berdiri sendiri tanpa kalimat lain.",
        ),
    )
    for number in range(7)
]


def test_every_source_is_drawn_once_before_any_is_drawn_again() -> None:
    pairs = Drawer(SOURCES).rounds(21)
    assert [sorted(pair.source for pair in pairs[start : start + 7]) for start in (0, 7, 14)] == [list(range(7))] * 3


def test_the_same_seed_draws_the_same_pairs_and_another_seed_others() -> None:
    assert Drawer(SOURCES, seed=3).rounds(30) == Drawer(SOURCES, seed=3).rounds(30)
    assert Drawer(SOURCES, seed=3).rounds(30) != Drawer(SOURCES, seed=4).rounds(30)


def test_questions_and_passages_come_from_the_source_they_name() -> None:
    for pair in Drawer(SOURCES).rounds(200):
        source = SOURCES[pair.source]
        words = " ".join((source.title, *source.paragraphs)).split()
        assert set(pair.question.split()) <= set(words)
        assert len(pair.question.split()) >= 3
        assert pair.passage in source.paragraphs[pair.position]


def test_a_sentence_is_mostly_taken_out_of_the_paragraph_that_it_asks_for() -> None:
    two_sentences = [Source("Judul", (SOURCES[0].paragraphs[0],))]
    passages = {pair.passage for pair in Drawer(two_sentences).rounds(200)}
    first, second = (f"{part.strip()}." for part in two_sentences[0].paragraphs[0].strip(".").split(". "))
    assert passages == {two_sentences[0].paragraphs[0], first, second}


@pytest.mark.parametrize("sources", [[], [Source("Judul", ())]])
def test_nothing_can_be_drawn_from_nothing(sources: list[Source]) -> None:
    with pytest.raises(ValueError, match="need sources, each with a paragraph"):
        Drawer(sources)
