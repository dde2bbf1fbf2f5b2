from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from index.evaluation import (
    Found,
    Hits,
    Intervals,
    JudgedFileError,
    JudgedQuery,
    Measures,
    Share,
    Told,
    auroc,
    bootstrap,
    compare,
    evaluate,
    measure,
    read_judged,
    report,
    report_off_topic,
)
from index.relevance import Band


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
    assert measure([[id] for id in right[:10]], right) == measures(1, 1, 1, 1)


def found(releases: str = "", *paragraphs: tuple[str, int]) -> Found:
    """One release a letter."""
    return Found([[id] for id in releases], [[place] for place in paragraphs])


def told(band: Band, relevance: float, releases: str = "", *bands: Band) -> Found:
    return Found([[id] for id in releases], [], Told(band, relevance, bands))


def test_queries_are_reported_by_kind_and_level() -> None:
    queries = [
        JudgedQuery("satu", "natural", ("a",), (2,)),
        JudgedQuery("dua", "natural", ("b", "a"), (0, 1)),
        JudgedQuery("tiga", "english", ("a",), ()),
        JudgedQuery("empat", "offtopic", (), ()),
    ]
    answers = {
        "satu": found("ab", ("a", 0), ("a", 2)),
        "dua": found("ca", ("a", 0), ("a", 1), ("b", 1)),
        "tiga": found("c"),
        "empat": found("a"),
    }
    reports = evaluate(queries, answers.__getitem__)
    assert list(reports) == ["natural", "english"]
    natural, english = reports.values()
    # Releases: satu is perfect, dua finds one of two in second place. Paragraphs: those of the first release only count,
    # so satu is right in second place, and dua finds one of two in third place.
    assert (natural.queries, natural.verdicts) == (2, None)
    assert natural.release == measures((1 + 0.63093 / 1.63093) / 2, 0.75, 0.5, 1)
    assert natural.paragraph == measures((0.63093 + 0.5 / 1.63093) / 2, (1 / 2 + 1 / 3) / 2, 0, 1)
    # Of two queries, a quarter of the draws takes either one twice.
    assert natural.release_ci95.mrr_at_10 == (0.5, 1)
    assert natural.release_ci95.recall_at_10 == (1, 1)
    assert (english.queries, english.release, english.paragraph) == (1, Measures(0, 0, 0, 0), None)
    assert (english.release_ci95, english.paragraph_ci95) == (Intervals((0, 0), (0, 0), (0, 0), (0, 0)), None)


def test_things_in_one_place_count_together() -> None:
    assert measure([["x"], ["y", "a"], ["b"]], ["a"]) == measures(0.63093, 0.5, 0, 1)


def test_nothing_to_ask_reports_nothing() -> None:
    assert evaluate([JudgedQuery("empat", "offtopic", (), ())], lambda _text: found()) == {}
    assert report_off_topic([JudgedQuery("empat", "offtopic", (), ())], [found()]) == {}


def test_what_a_search_says_of_its_answers_is_judged() -> None:
    strong, medium, weak = Band
    queries = [
        JudgedQuery("satu", "natural", ("a",), ()),
        JudgedQuery("dua", "natural", ("b",), ()),
        JudgedQuery("tiga", "acak", (), ()),
        JudgedQuery("empat", "acak", (), ()),
    ]
    answers = [
        told(strong, 0.6, "axb", strong, strong, medium),
        told(weak, 0.2, "b", weak),
        told(weak, 0.1, "a", weak),
        told(medium, 0.2, "ab", medium, weak),
    ]
    natural = report(queries, answers)["natural"].verdicts
    assert natural is not None
    assert natural.told_nothing == Share(0.5, (0, 1))
    # 0.6 is above both, 0.2 above one and level with the other: 3.5 of 4.
    assert natural.auroc == Share(0.875, (0.5, 1))
    assert natural.bands == {"kuat": Hits(2, 0.5), "sedang": Hits(1, 0), "lemah": Hits(1, 1)}
    (off_topic,) = report_off_topic(queries, answers).values()
    assert (off_topic.queries, off_topic.verdicts.auroc) == (2, None)
    assert off_topic.verdicts.told_nothing == Share(0.5, (0, 1))
    assert off_topic.verdicts.bands == {"kuat": Hits(0, None), "sedang": Hits(1, 0), "lemah": Hits(2, 0)}


def test_only_the_first_ten_hits_have_a_precision() -> None:
    answer = told(Band.STRONG, 1, "xxxxxxxxxxa", *[Band.STRONG] * 11)
    verdicts = report([JudgedQuery("satu", "natural", ("a",), ())], [answer])["natural"].verdicts
    assert verdicts is not None
    assert verdicts.auroc is None
    assert verdicts.bands["kuat"] == Hits(10, 0)


def test_rankings_are_compared_query_by_query() -> None:
    queries = [JudgedQuery("satu", "natural", ("a",), (0,)), JudgedQuery("dua", "natural", ("b",), (0,))]
    ours = [found("xa", ("a", 0)), found("xb", ("b", 0))]
    theirs = [found("a", ("a", 0)), found("b", ("x", 0), ("b", 0))]
    natural = compare(queries, ours, theirs)["natural"]
    assert natural.release == measures(0.63093 - 1, -0.5, -1, 0)
    # Both queries lose the same, so every draw does.
    assert natural.release_ci95.mrr_at_10 == (-0.5, -0.5)
    assert natural.paragraph == measures((1 - 0.63093) / 2, 0.25, 0.5, 0)
    assert natural.paragraph_ci95 is not None
    assert natural.paragraph_ci95.mrr_at_10 == (0, 0.5)
    assert list(compare([*queries, JudgedQuery("tiga", "acak", (), ())], [*ours, found()], [*theirs, found()])) == ["natural"]


def test_bootstrap_intervals_are_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(7).normal(size=(400, 1))
    values = (values - values.mean()) / values.std()
    low, high = bootstrap(values, 4_000)[:, 0]
    # The mean of 400 values of variance 1 has a standard error of 1 / 20, and 95 of a hundred lie within 1.96 times that.
    assert (low, high) == pytest.approx((-0.098, 0.098), abs=0.01)
    assert bootstrap(np.hstack([values, -values]), 4_000) == pytest.approx(np.array([[low, -high], [high, -low]]), abs=1e-9)


def test_auroc_of_sides_that_are_apart_is_certain() -> None:
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0, 1.5])) == Share(1, (1, 1))
    assert auroc(np.array([0.0]), np.array([1.0])) == Share(0, (0, 0))
    assert auroc(np.array([1.0]), np.array([1.0])).mean == 0.5


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
