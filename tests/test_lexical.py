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
    words = Words(file)
    yield words
    words.close()


def found(words: Words, query: str, limit: int = 10, allowed: list[int] | None = None) -> list[int]:
    mask = None if allowed is None else np.isin(np.arange(len(PARAGRAPHS)), allowed)
    rows, scores = words.best(query, limit, mask)
    assert (rows.dtype, scores.dtype) == (np.int64, np.float32)
    assert rows.shape == scores.shape
    assert (scores > 0).all()
    assert (np.diff(scores) <= 0).all()
    return rows.tolist()


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


def test_equal_scores_come_in_the_order_of_rows(tmp_path: Path) -> None:
    lexical.build(tmp_path / "words.sqlite", [("Judul", "sama")] * 4)
    words = Words(tmp_path / "words.sqlite")
    assert found(words, "sama", limit=3) == [0, 1, 2]
    words.close()


def test_limit_counts_what_is_allowed(words: Words) -> None:
    assert found(words, "banjir", limit=1) == [2]
    assert found(words, "banjir", limit=1, allowed=[1, 3]) == [1]
    assert found(words, "banjir", allowed=[3, 4]) == []


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
