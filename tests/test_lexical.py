from __future__ import annotations

import math
import sqlite3
import tempfile
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from conftest import run_python
from hypothesis import given, settings
from hypothesis import strategies as st

from index import lexical
from index.lexical import Words
from index.query_syntax import Phrase, parse
from index.terms import terms, units

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
    path = tmp_path / "words.npz"
    lexical.build(path, PARAGRAPHS)
    return path


@pytest.fixture
def words(file: Path) -> Words:
    return Words(file, len(PARAGRAPHS))


def words_of(paragraphs: Sequence[tuple[str, str]]) -> Words:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.npz"
        lexical.build(path, paragraphs)
        return Words(path, len(paragraphs))


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


def test_equal_scores_come_in_the_order_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "_DEPTH", 3)
    words = words_of([("Judul", "sama")] * 4 + [("Judul", "lain")] * 6)
    assert found(words, "sama") == [0, 1, 2]


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


def test_a_rare_word_is_more_of_a_query_than_a_frequent_one() -> None:
    words = words_of([("", "warga")] * 8 + [("", "Purwalegi")] + [("", "lain")] * 11)
    rare, frequent = (matches(words, "warga Purwalegi")[row][1] for row in (8, 0))
    assert rare > 4 * frequent


def test_a_short_form_weighs_as_one_word_and_matches_as_a_whole() -> None:
    words = words_of([("", text) for text in ("aparatur sipil negara", "ASN", "negara tetangga", *["lain"] * 7)])
    assert found(words, "ASN") == [0, 1]
    assert found(words, "aparatur sipil negara")[:2] == [0, 1]


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


def test_what_a_query_asks_for_is_found_however_it_was_written() -> None:
    words = words_of([("", text) for text in ("Wali Kota Madiun hadir", "Kota wali", "Walikota parkir", "Pemkot Madiun")])
    wanted = parse('"wali kota" "Madiun" hadir -parkir')
    assert [words.containing(phrase).tolist() for phrase in wanted.required] == [[0, 2], [0, 3]]
    assert [words.containing(phrase).tolist() for phrase in wanted.excluded] == [[2]]
    assert words.containing(("kota", "madiun")).tolist() == [0, 3]


def test_a_phrase_of_no_terms_is_refused(words: Words) -> None:
    with pytest.raises(ValueError, match="at least one term"):
        words.containing(())


@pytest.mark.parametrize(
    "query",
    ['"banjir', "banjir*", "title:banjir", "banjir NOT surut", "NEAR(banjir)", "banjir AND xyz", "^banjir -surut", "_ banjir"],
)
def test_query_is_never_read_as_syntax(words: Words, query: str) -> None:
    assert found(words, query) == [2, 1]


def test_a_pasted_page_is_answered(words: Words) -> None:
    assert found(words, "banjir " + " ".join(f"q{number}" for number in range(5_000))) == [2, 1]


def test_threads_share_words(words: Words) -> None:
    answers: list[list[int]] = []
    threads = [threading.Thread(target=lambda: answers.extend(found(words, "banjir") for _ in range(20))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[2, 1]] * 80


# As SQLite's FTS5 has it


class Reference:
    """The same answers from FTS5, to whose tokenizer every term is one token."""

    def __init__(self, paragraphs: Sequence[tuple[str, str]]) -> None:
        self._count = len(paragraphs)
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = 'unicode61 remove_diacritics 0')"
        )
        rows = [(row, *(" ".join(terms(text)) for text in texts)) for row, texts in enumerate(paragraphs)]
        self._database.executemany("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        self._database.close()

    def containing(self, phrases: Sequence[Phrase]) -> dict[int, float]:
        """BM25 of the rows that contain any of some phrases, by row."""
        match = " OR ".join(f'"{" ".join(phrase)}"' for phrase in phrases)
        return dict(
            self._database.execute("SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? ORDER BY rowid", (match,))
        )

    def every(self, query: str) -> list[tuple[int, float, float]]:
        """Row, BM25 over its bound, and coverage."""
        phrases = list(dict.fromkeys(units(query)))
        if not phrases:
            return []
        holders = [set(self.containing([phrase])) for phrase in phrases]
        idf = [max(math.log((self._count - len(rows) + 0.5) / (len(rows) + 0.5)), 1e-6) for rows in holders]
        return [
            (row, score / 2.2 / sum(idf), sum(one for one, rows in zip(idf, holders, strict=True) if row in rows) / sum(idf))
            for row, score in self.containing(phrases).items()
        ]


# One *warga* in every paragraph that is made below, if its title has it; *ASN* and *Pemkot* are phrases, *yang* no term.
WORDS = (
    "ASN",
    "aparatur",
    "sipil",
    "negara",
    "Pemkot",
    "pemerintah",
    "kota",
    "warga",
    "melayani",
    "21/3",
    "yang",
    "東京",
    "Ünlü",
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
TITLES = st.sampled_from(["", "Pemerintah", "Kota warga", "Judul Pemkot kota", "yang"])
PARAGRAPHS_OF_ANY_KIND = st.lists(st.tuples(TITLES, TEXTS), min_size=1, max_size=40)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(paragraphs=PARAGRAPHS_OF_ANY_KIND, queries=st.lists(TEXTS, min_size=4, max_size=4), data=st.data())
def test_rows_scores_and_order_are_those_of_fts5(
    paragraphs: list[tuple[str, str]], queries: list[str], data: st.DataObject
) -> None:
    is_everywhere, depth = data.draw(st.booleans()), data.draw(st.integers(1, 8))
    if is_everywhere:
        paragraphs = [(f"{title} warga", text) for title, text in paragraphs]
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(paragraphs), max_size=len(paragraphs))))
    words = words_of(paragraphs)
    with closing(Reference(paragraphs)) as reference, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "_DEPTH", depth)
        for query in queries:
            for allowed in (None, mask):
                expected = [one for one in reference.every(query) if allowed is None or allowed[one[0]]]
                assert_same(words.every(query, allowed), expected)
                best_first = sorted(expected, key=lambda one: one[1], reverse=True)
                assert_same(words.best(query, allowed), best_first[:depth])
            for phrase in {*units(query), tuple(terms(query)[:3])} - {()}:
                assert words.containing(phrase).tolist() == list(reference.containing([phrase]))


def assert_same(found: lexical.Matches, expected: Sequence[tuple[int, float, float]]) -> None:
    rows, bm25, coverage = zip(*expected, strict=True) if expected else ((), (), ())
    assert found.rows.tolist() == list(rows)
    assert found.bm25 == pytest.approx(bm25, rel=1e-5)
    assert found.coverage == pytest.approx(coverage, rel=1e-5)


def test_a_word_may_stand_in_a_paragraph_more_often_than_a_byte_counts() -> None:
    paragraphs = [("", "warga kota " * 300), ("Kota", "warga kota"), ("", ""), ("", "lain")]
    with closing(Reference(paragraphs)) as reference:
        assert_same(words_of(paragraphs).every("Kota"), reference.every("Kota"))


# The file


@pytest.mark.parametrize("paragraphs", [[("", "")], [("yang", "di dan"), ("", "")]])
def test_paragraphs_without_terms_answer_nothing(paragraphs: list[tuple[str, str]]) -> None:
    words = words_of(paragraphs)
    assert found(words, "kota") == []
    assert words.containing(("kota",)).tolist() == []


def test_build_leaves_one_file_that_reading_does_not_touch(file: Path, words: Words) -> None:
    before = file.read_bytes()
    assert found(words, "melayani") == [0]
    assert [path.name for path in file.parent.iterdir()] == ["words.npz"]
    assert file.read_bytes() == before


def test_words_outlive_their_file(file: Path, words: Words) -> None:
    file.unlink()
    assert found(words, "melayani") == [0]


def test_another_number_of_paragraphs_is_refused(file: Path) -> None:
    with pytest.raises(ValueError, match=r"words\.npz holds 6 paragraphs, not 7"):
        Words(file, 7)


def test_a_full_disk_leaves_nothing_that_can_be_loaded(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from zipfile import BadZipFile
from index import lexical
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    lexical.build(path, [("", f"kata{row}") for row in range(2_000)])
except OSError as error:
    print(error.strerror)
try:
    lexical.Words(path, 2_000)
except (ValueError, BadZipFile):
    print("refused")
"""
    done = run_python(code, tmp_path / "words.npz")
    assert (done.returncode, done.stdout.splitlines()) == (0, ["File too large", "refused"]), done.stderr
