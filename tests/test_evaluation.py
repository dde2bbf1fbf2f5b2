from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.evaluation import JudgedFileError, JudgedQuery, KindReport, Measures, evaluate, mean, measure, read_judged


def measures(*values: float) -> Measures:
    return Measures(*(pytest.approx(value, abs=1e-5) for value in values))


@pytest.mark.parametrize(
    ("found", "right", "expected"),
    [
        # 1/log2(2) = 1, 1/log2(3) = 0.63093, 1/log2(4) = 0.5, 1/log2(5) = 0.43068
        ("a", "a", measures(1, 1, 1, 1)),
        ("abcd", "a", measures(1, 1, 1, 1)),
        ("xabc", "a", measures(0.63093, 0.5, 0, 1)),
        ("xyza", "a", measures(0.43068, 0.25, 0, 1)),
        ("xaya", "q", measures(0, 0, 0, 0)),
        ("", "a", measures(0, 0, 0, 0)),
        ("ab", "ba", measures(1, 1, 1, 1)),
        ("xayb", "ab", measures((0.63093 + 0.43068) / 1.63093, 0.5, 0, 1)),
        ("ax", "ab", measures(1 / 1.63093, 1, 1, 1)),
        ("xxxxxxxxxa", "a", measures(0.28906, 0.1, 0, 1)),
        ("xxxxxxxxxxa", "a", measures(0, 0, 0, 0)),
    ],
)
def test_a_ranking_is_measured_as_by_hand(found: str, right: str, expected: Measures) -> None:
    assert measure(list(found), list(right)) == expected


def test_more_right_things_than_places_can_still_be_perfect() -> None:
    right = [f"r{number}" for number in range(30)]
    assert measure(right[:10], right) == measures(1, 1, 1, 1)


def test_means_are_taken_measure_by_measure() -> None:
    assert mean([Measures(1, 1, 1, 1), Measures(0.5, 0.25, 0, 1)]) == measures(0.75, 0.625, 0.5, 1)


def test_queries_are_reported_by_kind_and_level() -> None:
    queries = [
        JudgedQuery("satu", "natural", ("a",), (2,)),
        JudgedQuery("dua", "natural", ("b", "a"), (0, 1)),
        JudgedQuery("tiga", "english", ("a",), ()),
        JudgedQuery("empat", "offtopic", (), ()),
    ]
    answers = {
        "satu": (["a", "b"], [("a", 0), ("a", 2)]),
        "dua": (["c", "a"], [("a", 0), ("a", 1), ("b", 1)]),
        "tiga": (["c"], []),
    }
    report = evaluate(queries, answers.__getitem__)  # a query without an answer is not asked: KeyError
    assert list(report) == ["natural", "english"]
    # Releases: satu is perfect, dua finds one of two in second place. Paragraphs: those of the first release only count,
    # so satu is right in second place, and dua finds one of two in third place.
    releases = measures((1 + 0.63093 / 1.63093) / 2, 0.75, 0.5, 1)
    paragraphs = measures((0.63093 + 0.5 / 1.63093) / 2, (1 / 2 + 1 / 3) / 2, 0, 1)
    assert report["natural"] == KindReport(2, releases, paragraphs)
    assert report["english"] == KindReport(1, Measures(0, 0, 0, 0), None)


def test_nothing_to_ask_reports_nothing() -> None:
    assert evaluate([JudgedQuery("empat", "offtopic", (), ())], lambda _text: ([], [])) == {}


def test_judged_queries_are_read(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    lines = (
        {"query": "‘’Café’’", "kind": "natural", "releases": ["a", "b"], "paragraphs": [3, 0]},
        {"query": "tanpa jenis", "releases": []},
    )
    path.write_text("\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n", encoding="utf-8")
    assert read_judged(path) == [
        JudgedQuery("‘’Café’’", "natural", ("a", "b"), (3, 0)),
        JudgedQuery("tanpa jenis", "query", (), ()),
    ]


@pytest.mark.parametrize("separator", ["\u2028", "\u0085"], ids=["line separator", "next line"])
def test_only_line_ends_part_judged_queries(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "queries.jsonl"
    text = f"satu{separator}dua"
    line = json.dumps({"query": text, "releases": ["a"]}, ensure_ascii=False)
    path.write_bytes(f"\ufeff{line}\r\n".encode())
    assert read_judged(path) == [JudgedQuery(text, "query", ("a",), ())]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        '"a"',
        '{"query": "satu"}',
        '{"releases": ["a"]}',
        '{"query": "satu", "releases": "news-1"}',
        '{"query": "satu", "releases": 5}',
        '{"query": "satu", "releases": ["a"], "paragraphs": ["x"]}',
        '{"query": "satu", "releases": ["a"], "paragraphs": null}',
    ],
)
def test_a_line_that_is_no_judged_query_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"query": "baik", "releases": ["a"]}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(JudgedFileError, match=r"queries\.jsonl:2: not a judged query"):
        read_judged(path)


def test_a_file_without_queries_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text("\n \n")
    with pytest.raises(JudgedFileError, match=r"queries\.jsonl holds no queries"):
        read_judged(path)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JudgedFileError, match=r"cannot read .*none\.jsonl"):
        read_judged(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes('{"query": "Café"}'.encode("latin-1"))
    with pytest.raises(JudgedFileError, match=r"cannot read .*latin\.jsonl"):
        read_judged(tmp_path / "latin.jsonl")
