from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index import lexical
from index.lexical import Words

PARAGRAPHS = (
    ("Mental", "‘’ASN itu melayani bukan dilayani,’’ tegasnya (21/3)."),
    ("Banjir", "Kali meluap ke 412 rumah."),
    ("Banjir", "Banjir surut; banjir menggenangi Café Ünlü."),
    ("Pasar", "Pedagang senang."),
    ("Pasar", "東京 dan Surabaya."),
    ("Pasar", ""),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "words.sqlite"
    lexical.build(path, PARAGRAPHS)
    return path


@pytest.fixture
def words(file: Path) -> Iterator[Words]:
    words = Words(file, len(PARAGRAPHS))
    yield words
    words.close()


def matches(words: Words, query: str, allowed: list[int] | None = None) -> dict[int, tuple[float, float]]:
    """BM25 and coverage of each paragraph found, in the order found."""
    mask = None if allowed is None else np.isin(np.arange(len(PARAGRAPHS)), allowed)
    rows, bm25, coverage = words.best(query, mask)
    assert (rows.dtype, bm25.dtype, coverage.dtype) == (np.int64, np.float32, np.float32)
    assert rows.shape == bm25.shape == coverage.shape
    assert all(((values > 0) & (values <= 1)).all() for values in (bm25, coverage))
    return dict(zip(rows.tolist(), zip(bm25.tolist(), coverage.tolist(), strict=True), strict=True))


def found(words: Words, query: str, allowed: list[int] | None = None) -> list[int]:
    return list(matches(words, query, allowed))


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("melayani", [0]),
        ("MELAYANI?", [0]),
        ("21/3", [0]),
        ("cafe unlu", [2]),
        ("CAFÉ", [2]),
        ("東京", [4]),
        ("sepak bola", []),
        ("", []),
        ("?! ‘’", []),
    ],
)
def test_paragraphs_are_found_by_their_words(words: Words, query: str, rows: list[int]) -> None:
    assert found(words, query) == rows


def test_text_that_says_it_comes_before_text_below_a_title_that_says_it(words: Words) -> None:
    assert found(words, "banjir") == [2, 1]


def test_more_of_the_words_are_better(words: Words) -> None:
    assert found(words, "pedagang senang Surabaya") == [3, 4]


def test_equal_scores_come_in_the_order_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "_DEPTH", 3)
    lexical.build(tmp_path / "words.sqlite", [("Judul", "sama")] * 4 + [("Judul", "lain")] * 6)
    words = Words(tmp_path / "words.sqlite", 10)
    assert found(words, "sama") == [0, 1, 2]
    words.close()


def test_the_limit_counts_what_is_allowed(words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(words, "banjir", allowed=[1, 3]) == [1]
    assert found(words, "banjir", allowed=[3, 4]) == []
    monkeypatch.setattr(lexical, "_DEPTH", 1)
    assert found(words, "banjir") == [2]
    assert found(words, "banjir", allowed=[1, 3]) == [1]


# How much of the query it is


def test_coverage_is_what_of_the_query_stands_in_a_paragraph(words: Words) -> None:
    """The whole query in one paragraph, one of its two words, and one word among those that stand nowhere."""
    whole, all_of_it = matches(words, "pedagang senang")[3]
    half, half_of_it = matches(words, "pedagang Surabaya")[3]
    eighth, little_of_it = matches(words, "pedagang satria bergitar mendaki gunung sambil bersiul merdu")[3]
    assert 0.4 < whole <= 1
    assert half == pytest.approx(whole / 2, rel=0.01)
    assert eighth < whole / 6
    assert (all_of_it, half_of_it) == (pytest.approx(1), pytest.approx(0.5, rel=0.01))
    assert little_of_it < 1 / 6
    assert matches(words, "pedagang")[3] == pytest.approx((whole, 1), rel=0.01)


def test_a_rare_word_is_more_of_a_query_than_a_frequent_one(tmp_path: Path) -> None:
    lexical.build(tmp_path / "words.sqlite", [("", "warga")] * 8 + [("", "Purwalegi")] + [("", "lain")] * 11)
    words = Words(tmp_path / "words.sqlite", 20)
    rare, frequent = (matches(words, "warga Purwalegi")[row][1] for row in (8, 0))
    assert rare > 4 * frequent
    words.close()


def test_a_short_form_weighs_as_one_word_and_matches_as_a_whole(tmp_path: Path) -> None:
    texts = ["aparatur sipil negara", "ASN", "negara tetangga", *["lain"] * 7]
    lexical.build(tmp_path / "words.sqlite", [("", text) for text in texts])
    words = Words(tmp_path / "words.sqlite", 10)
    assert found(words, "ASN") == [0, 1]
    assert found(words, "aparatur sipil negara")[:2] == [0, 1]
    words.close()


def test_a_word_said_twice_in_a_query_counts_once(words: Words) -> None:
    assert matches(words, "pedagang Surabaya pedagang") == matches(words, "pedagang Surabaya")


def test_words_of_an_empty_query_or_of_stop_words_match_nothing(words: Words) -> None:
    for query in ("", "yang di dan", "?!"):
        assert matches(words, query) == {}


# Phrases


@pytest.mark.parametrize(
    ("phrase", "rows"),
    [
        (("banjir",), [1, 2]),
        (("kali", "luap"), [1]),
        (("luap", "kali"), []),
        (("kali", "412"), []),
        (("banjir", "kali"), []),  # a title and the text below it are no phrase
        (("and", "or"), []),
        (("東京",), [4]),
    ],
)
def test_a_phrase_is_its_terms_one_behind_the_other(words: Words, phrase: tuple[str, ...], rows: list[int]) -> None:
    found = words.containing(phrase)
    assert (found.tolist(), found.dtype) == (rows, np.int64)


@pytest.mark.parametrize(
    "query",
    ['"banjir', "banjir*", "title:banjir", "banjir NOT surut", "NEAR(banjir)", "banjir AND xyz", "^banjir -surut", "_ banjir"],
)
def test_query_is_never_read_as_syntax(words: Words, query: str) -> None:
    assert found(words, query) == [2, 1]


def test_a_pasted_page_is_answered(words: Words) -> None:
    assert found(words, "banjir " + " ".join(f"q{number}" for number in range(5_000))) == [2, 1]


def test_build_leaves_one_file_that_reading_does_not_touch(file: Path, words: Words) -> None:
    before = file.read_bytes()
    assert found(words, "melayani") == [0]
    assert [path.name for path in file.parent.iterdir()] == ["words.sqlite"]
    assert file.read_bytes() == before


def test_threads_share_words(words: Words) -> None:
    answers: list[list[int]] = []
    threads = [threading.Thread(target=lambda: answers.extend(found(words, "banjir") for _ in range(20))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[2, 1]] * 80
