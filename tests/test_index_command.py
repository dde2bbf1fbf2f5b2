"""telusur index: what it prints of what it did."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import AngleEncoder
from console import Console, console, encoder, filled, releases

__all__ = ["console", "encoder", "filled", "releases"]  # fixtures that these tests share


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
