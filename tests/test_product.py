"""The product as it is installed: the real model over real releases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, build, run_python

from archive import Counts
from index import Index, Model, Query
from index.build import data_paths
from index.encoder import Encoder
from index.evaluation import evaluate, read_judged
from index.generation import load
from scripts.cli import main
from scripts.evaluate import find

pytestmark = pytest.mark.model

TELUSUR = Path(sys.executable).with_name("telusur")
SAMPLE = ROOT / "archive/sample/releases"
QUOTE = "ASN itu melayani bukan dilayani"


def make_index(data: Path, source: Path, model: Model, encoder: Encoder) -> Index:
    assert main(["import", str(source), "--data", str(data)]) == 0
    build(data, encoder, model)
    return Index(data, load_encoder=lambda _name: encoder)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, real_model: Model, real_encoder: Encoder) -> Iterator[Index]:
    """The sample archive."""
    index = make_index(tmp_path_factory.mktemp("city"), SAMPLE, real_model, real_encoder)
    yield index
    index.close()


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory, shared: Path, real_model: Model, real_encoder: Encoder) -> Iterator[Index]:
    """The news archive."""
    index = make_index(tmp_path_factory.mktemp("news"), shared / "data/news/releases.jsonl", real_model, real_encoder)
    yield index
    index.close()


def data_of(index: Index) -> Path:
    return index.store.database.path.parent


def natural_mrr_at_10(index: Index, *files: Path) -> float:
    """How well what users would type finds its release."""
    queries = [query for file in files for query in read_judged(file) if query.kind == "natural"]
    return evaluate(queries, lambda text: find(index, text))["natural"].release.mrr_at_10


def test_what_users_type_finds_its_release_in_the_sample(city: Index) -> None:
    assert natural_mrr_at_10(city, *sorted((ROOT / "tests/data/sample").glob("*.jsonl"))) >= 0.95


def test_index_again_embeds_nothing_and_leaves_the_model_alone(city: Index, cache_dir: Path) -> None:
    code = """
import sys
from scripts.cli import main
code = main(["index", "--json"])
sys.exit(code or ", ".join({"torch", "sentence_transformers", "transformers"} & set(sys.modules)) or 0)
"""
    done = run_python(code, TELUSUR_DATA=str(data_of(city)), TELUSUR_CACHE=str(cache_dir))
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["published"], document["embedded"], document["model"]) == (False, 0, "multilingual-e5-small")


def test_a_statement_finds_what_the_mayor_said(city: Index, shared: Path, real_model: Model, real_encoder: Encoder) -> None:
    data = data_of(city)
    assert main(["import", str(shared / "data/seed"), "--data", str(data)]) == 0
    before = len(load(data_paths(data)[2]).paragraph_ids)
    outcome = build(data, real_encoder, real_model)
    assert outcome.embedded == outcome.meta.paragraphs - before > 0
    hit, *_ = city.search(Query("ASN harus melayani")).hits
    assert QUOTE in hit.passage.text
    # And once more as somebody would type it, with a model of its own.
    done = subprocess.run(
        [TELUSUR, "search", "ASN harus melayani", "--json", "--data", data],
        env=os.environ | {"TELUSUR_CACHE": str(real_model.folder.parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert QUOTE in document["hits"][0]["passage"]
    assert document["hits"][0]["release"]["id"] == hit.passage.release.id


def test_the_news_archive_is_whole(news: Index) -> None:
    assert news.store.counts() == Counts(releases=494, paragraphs=6_279, versions=494, removed=0)
    generation = load(data_paths(data_of(news))[2])
    assert (generation.meta.paragraphs, generation.meta.releases, generation.meta.dim) == (6_279, 494, 384)
    vectors = generation.vectors(np.arange(6_279))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)


def test_what_users_type_finds_its_release_in_the_news(news: Index, shared: Path) -> None:
    assert natural_mrr_at_10(news, shared / "data/news/queries.jsonl") >= 0.94
