"""telusur evaluate: measures by kind, comparisons, and the tables that it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import LITTLE_ARCHIVE, AngleEncoder, fill
from console import Console, console, encoder, filled, releases

from index.baselines import NAMES
from scripts.cli import main

__all__ = ["console", "encoder", "filled", "releases"]  # fixtures that these tests share


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    path = tmp_path / "queries.jsonl"
    lines = (
        {"query": "c0", "kind": "natural", "releases": ["asn"], "paragraphs": [0]},
        {"query": "c29", "kind": "natural", "releases": ["asn"], "paragraphs": [0]},
        {"query": "c121", "kind": "english", "releases": ["asn", "pasar"]},
        {"query": "c300", "kind": "offtopic", "releases": []},
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def judged(console: Console) -> Console:
    """A console on the archive whose angles stay as they are."""
    fill(console.data, *LITTLE_ARCHIVE)
    console.run("index")
    return console


def test_evaluate_reports_by_kind(judged: Console, queries: Path) -> None:
    document = judged.json("evaluate", queries, "--bootstrap", "100")
    perfect = {"ndcg_at_10": 1, "mrr_at_10": 1, "recall_at_1": 1, "recall_at_10": 1}
    assert document["queries"] == [str(queries)]
    assert (document["generation"], document["model"], document["bootstrap"]) == (1, "angles", 100)
    assert list(document["kinds"]) == ["natural", "english"]
    natural, english = document["kinds"].values()
    # The second natural query finds paragraph 1 before paragraph 0: right release, right paragraph in second place.
    assert (natural["queries"], natural["release"]) == (2, perfect)
    assert natural["release_ci95"] == {name: [1, 1] for name in perfect}
    assert natural["paragraph"] == {
        "ndcg_at_10": pytest.approx((1 + 0.63093) / 2, abs=1e-5),
        "mrr_at_10": 0.75,
        "recall_at_1": 0.5,
        "recall_at_10": 1,
    }
    assert natural["paragraph_ci95"]["mrr_at_10"] == [0.5, 1]
    # Two right releases behind the nearest one: second and third place.
    assert (english["queries"], english["paragraph"], english["paragraph_ci95"]) == (1, None, None)
    assert english["release"] == {
        "ndcg_at_10": pytest.approx((0.63093 + 0.5) / 1.63093, abs=1e-5),
        "mrr_at_10": 0.5,
        "recall_at_1": 0,
        "recall_at_10": 1,
    }
    assert natural["verdicts"]["auroc"]["mean"] in (0, 0.5, 1)
    hits = [document["kinds"][kind]["verdicts"]["bands"] for kind in document["kinds"]]
    assert [sum(band["hits"] for band in bands.values()) for bands in hits] == [6, 3]
    assert list(document["off_topic"]) == ["offtopic"]
    assert document["off_topic"]["offtopic"]["queries"] == 1
    assert document["compare"] == {}


def test_evaluate_compares_rankings(judged: Console, queries: Path) -> None:
    document = judged.json("evaluate", queries, "--compare", "words, alone", "--bootstrap", "100")
    assert list(document["compare"]) == ["words", "alone"]
    words, alone = document["compare"].values()
    # No query shares a word with anything.
    assert words["kinds"]["natural"]["release"]["mrr_at_10"] == 0
    assert words["difference"]["natural"]["release"]["mrr_at_10"] == -1
    assert words["difference"]["natural"]["release_ci95"]["mrr_at_10"] == [-1, -1]
    assert words["kinds"]["natural"]["verdicts"] is None
    # Angles are all there is, so vectors alone find the same.
    assert alone["kinds"]["english"]["release"] == document["kinds"]["english"]["release"]
    assert alone["difference"]["natural"]["paragraph"] == dict.fromkeys(alone["kinds"]["natural"]["paragraph"], 0)


def test_evaluate_reads_several_files(judged: Console, queries: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"query": "c0", "releases": ["asn"]}) + "\n")
    document = judged.json("evaluate", queries, more, "--bootstrap", "100")
    assert document["queries"] == [str(queries), str(more)]
    assert {kind: one["queries"] for kind, one in document["kinds"].items()} == {"natural": 2, "english": 1, "query": 1}


def test_evaluate_sends_each_query_through_the_model_once(judged: Console, queries: Path, encoder: AngleEncoder) -> None:
    judged.run("evaluate", queries, "--compare", "alone,rrf,no-words", "--bootstrap", "100")
    assert encoder.queries == ["c0", "c29", "c121", "c300"]


def test_evaluate_prints_tables_of_a_hundred_columns(judged: Console, queries: Path) -> None:
    code, out, err = judged.run("evaluate", queries, "--compare", "words", "--bootstrap", "100")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:7] == [
        "telusur                    nDCG@10                MRR@10              recall@1             recall@10",
        "natural, 2 queries",
        "  releases      1.000 [1.00, 1.00]    1.000 [1.00, 1.00]    1.000 [1.00, 1.00]    1.000 [1.00, 1.00]",
        "  paragraphs    0.815 [0.63, 1.00]    0.750 [0.50, 1.00]    0.500 [0.00, 1.00]    1.000 [1.00, 1.00]",
        "english, 1 query",
        "  releases      0.693 [0.69, 0.69]    0.500 [0.50, 0.50]    0.000 [0.00, 0.00]    1.000 [1.00, 1.00]",
        "",
    ]
    assert lines[7].startswith("words  ")
    assert "  - telusur  -1.000 [-1.00, -1.00]" in lines[10]
    titles = [line.split("  ")[0] for line in lines if line and not line.startswith("  ")]
    assert titles == [
        *("telusur", "natural, 2 queries", "english, 1 query", "words", "natural, 2 queries", "english, 1 query"),
        *("natural, 2 queries", "english, 1 query", "offtopic, 1 query"),
        *("first ten hits judged right", "natural, 2 queries", "english, 1 query", "offtopic, 1 query"),
    ]
    assert max(map(len, lines)) <= 100


def test_evaluate_of_questions_without_answers_says_what_they_were_told(judged: Console, tmp_path: Path) -> None:
    path = tmp_path / "offtopic.jsonl"
    path.write_text(json.dumps({"query": "c300", "kind": "offtopic", "releases": []}) + "\n")
    _, out, _ = judged.run("evaluate", path, "--compare", "words")
    assert "offtopic, 1 query" in out
    assert judged.json("evaluate", path)["kinds"] == {}


def test_evaluate_knows_the_rankings_that_it_names(
    filled: Console, queries: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")  # else a name may be broken at its hyphen
    names = list(NAMES)
    assert filled.error("evaluate", queries, "--compare", "words,bm25") == (
        f"there is no ranking 'bm25' to compare with: choose among {', '.join(names)}"
    )
    with pytest.raises(SystemExit, match="0"):
        main(["evaluate", "--help"])
    shown = capsys.readouterr().out
    assert [name for name in names if name not in shown] == []


def test_evaluate_without_a_draw_is_an_error(filled: Console, queries: Path) -> None:
    assert filled.error("evaluate", queries, "--bootstrap", "0") == "bootstrap must be 1 or more: 0"


def test_evaluate_of_a_bad_file_is_an_error(filled: Console, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("[]\n")
    assert "bad.jsonl:1: not a judged query" in filled.error("evaluate", tmp_path / "bad.jsonl")
    assert filled.error("evaluate", tmp_path / "none.jsonl").startswith(f"cannot read {tmp_path / 'none.jsonl'}: ")


def test_evaluate_of_nothing_is_an_error(console: Console, queries: Path) -> None:
    assert console.error("evaluate", queries).endswith("run telusur index")
