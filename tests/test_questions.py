from __future__ import annotations

import json

import pytest
from conftest import ROOT

from index import questions

FILES = (*questions.ASKED, *questions.ELSEWHERE)


def plain(text: str) -> str:
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


@pytest.mark.parametrize("name", FILES)
def test_each_line_is_one_question_and_none_comes_twice(name: str) -> None:
    lines = (ROOT / "index/questions" / name).read_text(encoding="utf-8").splitlines()
    assert questions.read((name,)) == lines
    assert len(set(map(plain, lines))) == len(lines)
    assert all(line == line.strip() and len(line) > 10 for line in lines)


def test_both_languages_weigh_the_same() -> None:
    for indonesian, english in (questions.ASKED, questions.ELSEWHERE):
        assert len(questions.read((indonesian,))) == len(questions.read((english,))) > 20


def test_the_two_kinds_share_no_question() -> None:
    asked, elsewhere = (set(map(plain, questions.read(names))) for names in (questions.ASKED, questions.ELSEWHERE))
    assert asked & elsewhere == set()


def test_no_question_is_a_judged_one() -> None:
    """Else the numbers that `telusur evaluate` prints would praise what they were tuned on."""
    own = set(map(plain, questions.read(FILES)))
    judged = {
        plain(json.loads(line)["query"])
        for path in (ROOT / "tests/data/sample").glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert len(judged) > 100
    assert own & judged == set()


def test_the_package_carries_every_file() -> None:
    assert {path.name for path in (ROOT / "index/questions").iterdir()} == set(FILES)
    assert 'questions/*.txt"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
