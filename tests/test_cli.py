from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import LITTLE_ARCHIVE, MODEL, AngleEncoder, fill, make_release, run_python

import index
import index.encoder
import index.search
from index import Model, ModelError
from index.baselines import NAMES
from scripts.cli import main

TELUSUR = Path(sys.executable).with_name("telusur")
COMMANDS = ("import", "index", "search", "serve", "evaluate", "remove", "restore")
LINES = (
    {
        "id": "asn",
        "title": "Mental",
        "body": "ASN itu melayani a0\n\nApel pagi a30",
        "published": "2023-03-21",
        "topic": "Kepegawaian",
    },
    {"id": "banjir", "title": "Banjir", "body": "Kali meluap a120", "published": "2021-01-19", "topic": "Kebencanaan"},
    {"id": "pasar", "title": "Pasar", "body": "‘’Café’’ <b>tutup</b> a240", "url": "https://kota.example/pasar"},
)


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> AngleEncoder:
    """Any model that a command asks for, but one called missing, reads angles."""
    encoder = AngleEncoder()

    def resolve(name: str | None = None, _cache: Path | None = None, _data: Path | None = None) -> Model:
        if name == "missing":
            raise ModelError("the model 'missing' cannot be fetched")
        return replace(MODEL, name=name, fingerprint=name) if name and name != MODEL.name else MODEL

    def load(model: Model) -> AngleEncoder:
        encoder.fingerprint = model.fingerprint
        return encoder

    monkeypatch.setattr(index, "resolve", resolve)
    monkeypatch.setattr(index.serving, "resolve", resolve)
    monkeypatch.setattr(index.encoder, "Encoder", load)
    monkeypatch.setattr(index.serving, "Encoder", load)
    return encoder


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    path = tmp_path / "releases.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in LINES), encoding="utf-8")
    return path


class Console:
    """Runs commands in this process, on one data folder."""

    def __init__(self, data: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capture = capture

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        code = main([*map(str, words), "--data", str(self.data)])
        return code, *self._capture.readouterr()

    def json(self, *words: str | Path) -> Any:
        """The one document on stdout."""
        code, out, _ = self.run(*words, "--json")
        assert code == 0
        assert out.endswith("}\n")
        return json.loads(out)

    def error(self, *words: str | Path) -> str:
        """The one line on stderr of a command that fails, without and with --json."""
        outcomes = {self.run(*words), self.run(*words, "--json")}
        ((code, out, err),) = outcomes
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        assert err.startswith(f"telusur {words[0]}: ")
        return err.removeprefix(f"telusur {words[0]}: ").rstrip("\n")


@pytest.fixture
def console(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(tmp_path / "data", capsys)


@pytest.fixture
def filled(console: Console, releases: Path) -> Console:
    """A console on an archive that is imported and indexed."""
    console.run("import", releases)
    console.run("index")
    return console


# index


def test_index_says_what_it_did(console: Console, releases: Path) -> None:
    assert console.json("import", releases)["new"] == 3
    document = console.json("index")
    assert document.pop("seconds") >= 0
    assert document.pop("paragraphs_per_s") > 0
    assert document == {
        "generation": 1,
        "published": True,
        "model": "angles",
        "releases": 3,
        "paragraphs": 4,
        "superseded": 0,
        "embedded": 4,
        "in_context": 1,
    }


def test_index_again_says_that_nothing_is_new(filled: Console, encoder: AngleEncoder) -> None:
    document = filled.json("index")
    assert (document["published"], document["embedded"], document["in_context"]) == (False, 0, 0)
    assert document["paragraphs_per_s"] is None
    code, out, err = filled.run("index")
    assert (code, err) == (0, "")
    assert out.startswith("generation 1 up to date: 3 releases, 4 paragraphs, 0 embedded; ")
    assert (len(encoder.paragraphs), len(encoder.releases)) == (4, 1)


def test_index_shows_its_progress_on_stderr(console: Console, releases: Path) -> None:
    console.run("import", releases)
    code, out, err = console.run("index")
    assert code == 0
    assert out.startswith("generation 1 published: 3 releases, 4 paragraphs, 4 embedded; ")
    assert err.count("loading angles …\n") == 1
    assert re.search(r"embedding paragraphs: 100%.* 4/4 .*embedding releases in context: 100%.* 1/1 ", err, re.DOTALL)


def test_index_rebuild_and_another_model_publish_again(filled: Console) -> None:
    document = filled.json("index", "--rebuild")
    assert (document["generation"], document["published"], document["embedded"]) == (2, True, 0)
    document = filled.json("index", "--model", "other")
    assert (document["generation"], document["model"], document["embedded"]) == (3, "other", 4)


def test_index_of_nothing_is_an_error(console: Console) -> None:
    assert console.error("index") == "the archive holds no releases: run telusur import first"


def test_index_with_an_unknown_model_is_an_error(filled: Console) -> None:
    assert filled.error("index", "--model", "missing") == "the model 'missing' cannot be fetched"


# search


def test_search_prints_the_documented_document(filled: Console) -> None:
    document = filled.json("search", "itu melayani c0", "-k", "1")
    assert document.pop("took_ms") >= 0
    assert document.pop("relevance") > 0
    (hit,) = document.pop("hits")
    assert document == {"query": "itu melayani c0", "band": "kuat", "total": 1, "has_more": True, "generation": 1}
    assert hit["release"] == {
        "id": "asn",
        "title": "Mental",
        "url": None,
        "published": "2023-03-21",
        "topic": "Kepegawaian",
        "version": 1,
        "agency": None,
        "language": None,
    }
    assert (hit["rank"], hit["passage"], hit["paragraph"]) == (1, "ASN itu melayani a0", 0)
    assert hit["marks"] == {"sentence": None, "words": [[8, 16]]}
    assert [(more["rank"], more["passage"], more["paragraph"]) for more in hit["more"]] == [(2, "Apel pagi a30", 1)]


def test_search_prints_text_as_published(filled: Console) -> None:
    code, out, err = filled.run("search", "pasar café tutup", "-k", "1")
    assert (code, err) == (0, "")
    assert "  1. Pasar\n     https://kota.example/pasar\n     ‘’Café’’ <b>tutup</b> a240\n" in out
    assert "\n1 release answers, " in out
    _, out, _ = filled.run("search", "pasar café tutup", "-k", "1", "--json")
    assert "‘’Café’’ <b>tutup</b> a240" in out


def test_search_draws_the_line_where_answers_end(filled: Console) -> None:
    _, out, _ = filled.run("search", "itu melayani c0")
    line = "\n     ── near, but hardly an answer ──\n"
    assert out.index("  1. Mental") < out.index(line) < out.index("  2. ")
    assert "\n1 release answers, " in out
    _, out, _ = filled.run("search", "itu melayani c0", "--offset", "1")
    assert out.startswith(line[1:])
    _, out, _ = filled.run("search", "itu melayani c0", "--offset", "3")
    assert out.startswith("no further releases, ")


def test_search_says_when_nothing_answers(filled: Console) -> None:
    _, out, _ = filled.run("search", "c240", "-k", "1")
    assert out.startswith("     ── near, but hardly an answer ──\n")
    assert "\nnothing here answers this, " in out
    document = filled.json("search", "c240", "-k", "1")
    assert (document["band"], document["total"], document["hits"][0]["band"]) == ("lemah", 0, "lemah")


def test_search_names_near_identical_releases(filled: Console) -> None:
    fill(filled.data, make_release("salinan", "Kali meluap A120."))
    filled.run("index")
    _, out, _ = filled.run("search", "kali meluap c120", "-k", "1")
    assert "     (1 near-identical: salinan)\n" in out


def test_search_names_the_further_paragraphs(filled: Console) -> None:
    _, out, _ = filled.run("search", "c29", "-k", "1")
    assert "  1. Mental\n     2023-03-21 · Kepegawaian · asn\n     Apel pagi a30\n     (paragraph 1; also 0)\n" in out


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("-k", "2"), ["asn", "banjir"]),
        (("--offset", "1"), ["banjir", "pasar"]),
        (("--since", "2022-01-01"), ["asn"]),
        (("--until", "2022-01-01"), ["banjir"]),
        (("--topic", "Kebencanaan"), ["banjir"]),
        (("--topic", "Kebencanaan", "--topic", "Kepegawaian"), ["asn", "banjir"]),
        (("--topic", "Olahraga"), []),
        (("--model", "angles"), ["asn", "banjir", "pasar"]),
    ],
)
def test_search_takes_filters_and_pages(filled: Console, words: tuple[str, ...], ids: list[str]) -> None:
    hits = filled.json("search", "c59", *words)["hits"]
    assert [hit["release"]["id"] for hit in hits] == ids


def test_search_that_finds_nothing_says_so(filled: Console) -> None:
    _, out, _ = filled.run("search", "c59", "--topic", "Olahraga")
    assert out.startswith("no release passes these filters, ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((" ",), "the query is empty: type a question or a statement"),
        (("a" * 2_001,), "the query has 2001 characters: shorten it to 2000"),
        (("a", "-k", "0"), "k must be 1 to 100: 0"),
        (("a", "--offset", "-1"), "offset must be 0 to 10000: -1"),
        (
            ("a", "--since", "2023-01-02", "--until", "2023-01-01"),
            "since (2023-01-02) is later than until (2023-01-01): swap them",
        ),
        (("a", "--model", "missing"), "the model 'missing' cannot be fetched"),
        (
            ("a", "--model", "other"),
            (
                "generation 1 was made by angles (a-compass), not by other (other): "
                "run telusur index --model other, or search without --model"
            ),
        ),
    ],
)
def test_search_that_cannot_be_answered_is_an_error(filled: Console, words: tuple[str, ...], message: str) -> None:
    assert filled.error("search", *words) == message


def test_search_of_an_index_that_is_damaged_is_an_error(filled: Console) -> None:
    (filled.data / "index/000001/words.sqlite").write_bytes(b"damaged")
    assert "words.sqlite is damaged (its checksum differs): run telusur index --rebuild" in filled.error("search", "a")


def test_search_of_nothing_is_an_error(console: Console) -> None:
    assert console.error("search", "a").endswith("index holds no index yet: run telusur index")


@pytest.mark.parametrize("words", [("a", "--since", "kemarin"), ("a", "-k", "x"), (), ("a", "b")])
def test_search_with_words_that_make_no_sense_is_a_usage_error(
    console: Console, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        console.run("search", *words)
    out, err = capsys.readouterr()
    assert out == ""
    assert ": error: " in err


# remove and restore


def test_removed_releases_leave_the_search_at_once_and_come_back(filled: Console) -> None:
    assert filled.json("remove", "asn") == {"removed": ["asn"], "unchanged": [], "unknown": []}
    document = filled.json("search", "c0")
    assert sorted(hit["release"]["id"] for hit in document["hits"]) == ["banjir", "pasar"]
    assert document["has_more"] is False
    assert filled.json("restore", "asn")["restored"] == ["asn"]
    assert filled.json("search", "c0", "-k", "1")["hits"][0]["release"]["id"] == "asn"


# evaluate


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


# All commands


def test_data_folder_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, releases: Path) -> None:
    monkeypatch.setenv("TELUSUR_DATA", str(tmp_path / "elsewhere"))
    assert main(["import", str(releases)]) == 0
    assert main(["index"]) == 0
    assert (tmp_path / "elsewhere/index/CURRENT").read_text() == "1\n"


def test_a_data_folder_that_is_none_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    console = Console(tmp_path / "file", capsys)
    assert "cannot be created" in console.error("search", "a")
    assert "cannot be created" in console.error("index")


def test_an_interrupted_command_says_what_is_kept(
    filled: Console, encoder: AngleEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_texts: object, _sentences: object) -> None:
        raise KeyboardInterrupt

    fill(filled.data, make_release("baru", "Baru a5"))
    monkeypatch.setattr(encoder, "encode_alone", interrupt)
    code, out, err = filled.run("index", "--json")
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "telusur index: stopped; what was finished is kept, run it again to go on"


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
from scripts.cli import main
for words in (["--help"], *([command, "--help"] for command in sys.argv[1:])):
    try:
        main(words)
    except SystemExit as stop:
        assert not stop.code
heavy = {"torch", "faiss", "numpy", "sentence_transformers", "transformers", "flask", "waitress", "tokenizers"}
sys.exit(", ".join(heavy & set(sys.modules)) or 0)
"""
    done = run_python(code, *COMMANDS)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"usage: telusur {command} " in done.stdout for command in COMMANDS)


# The installed command


def telusur(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TELUSUR, *map(str, words)], env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_installed_help_takes_less_than_a_second() -> None:
    def used_s() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for words in (("--help",), ("index", "--help"), ("--version",)):
        before = used_s()
        assert telusur(*words).returncode == 0
        times.append(used_s() - before)  # of the processor, for others may be using it too
    assert min(times) < 1


def test_installed_command_imports_and_fails_in_one_line(tmp_path: Path, releases: Path) -> None:
    done = telusur("import", releases, "--json", TELUSUR_DATA=str(tmp_path / "data"))
    assert (done.returncode, json.loads(done.stdout)["new"], done.stderr) == (0, 3, "")
    done = telusur("search", "apa saja", "--json", TELUSUR_DATA=str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"telusur search: {tmp_path}/data/index holds no index yet: run telusur index\n"


def test_installed_command_refuses_broken_bytes_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [os.fsencode(TELUSUR), b"search", b"rusak \xff", b"--data", os.fsencode(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "telusur search: the query contains half a surrogate pair: send it as UTF-8\n"
