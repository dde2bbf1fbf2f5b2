"""Fitting a model to an archive: a tiny one, trained for two steps by the real trainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from archive import Release, Store
from index import adaptation, resolve, training
from index.adaptation import AdaptationError, adapt
from index.build import data_paths
from index.encoder import Encoder
from index.generation import read_meta
from index.model import models_dir
from index.pairs import Pair
from index.space import Space
from index.training import Target
from scripts.cli import main

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model of two small layers over a vocabulary of letters, the same each time."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    pieces = ["<pad>", "<unk>", "<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz0123456789.,:"]
    tokenizer = Tokenizer(models.WordLevel({piece: number for number, piece in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)])
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    torch.manual_seed(0)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder / "bert")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        model_max_length=512,
    ).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[transformer, Pooling(16, "mean"), Normalize()]).save_pretrained(
        str(folder / "model"), create_model_card=False
    )
    return folder / "model"


@pytest.fixture
def data(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of sixty short releases, indexed with the tiny model."""
    folder = tmp_path / "data"
    monkeypatch.setenv("TELUSUR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(training, "STEPS", 2)
    monkeypatch.setattr(training, "MAP_STEPS", 3)
    monkeypatch.setattr(adaptation, "_JUDGED_PAIRS", 12)
    fill(folder, 60)
    assert main(["index", "--data", str(folder), "--model", str(tiny_model)]) == 0
    return folder


def fill(folder: Path, releases: int) -> None:
    store = Store(data_paths(folder)[0])
    body = "Paragraf satu nomor {0} tentang jalan rusak.\n\nParagraf dua nomor {0} tentang banjir dan pompa air."
    for _ in store.add(Release(f"Judul nomor {number}", body.format(number), id=f"r{number}") for number in range(releases)):
        pass
    store.close()


def model_in_use(folder: Path) -> str:
    meta = read_meta(data_paths(folder)[2])
    assert meta is not None
    return meta.recipe.model


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_model_that_is_not_better_changes_nothing(
    data: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "_interval", lambda _differences: (-0.1, 0.1))
    document = run(capsys, "adapt", "--data", str(data))
    assert document["kept"] is False
    assert document["pairs"] == 12
    assert model_in_use(data) == str(tiny_model)
    assert list(models_dir(data).iterdir()) == []


def test_a_better_model_is_switched_to_kept_by_later_runs_and_undone(
    data: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "_interval", lambda _differences: (0.1, 0.2))
    document = run(capsys, "adapt", "--data", str(data))
    assert (document["kept"], document["name"], document["replaces"]) == (True, "adapted-1", str(tiny_model))
    assert model_in_use(data) == "adapted-1"
    tuned = resolve("adapted-1", data=data)
    assert tuned.fingerprint != resolve(str(tiny_model)).fingerprint
    assert tuned.of_passages == resolve(str(tiny_model))

    fill(data, 61)
    again = run(capsys, "index", "--data", str(data))
    assert (again["model"], again["embedded"]) == ("adapted-1", 2)
    assert run(capsys, "adapt", "--data", str(data))["replaces"] == "adapted-1"
    assert resolve(model_in_use(data), data=data).of_passages == resolve(str(tiny_model))  # not tuned from what was tuned
    assert run(capsys, "adapt", "--undo", "--data", str(data))["model"] == "adapted-1"

    undone = run(capsys, "adapt", "--undo", "--data", str(data))
    assert undone["model"] == model_in_use(data) == str(tiny_model)
    assert main(["adapt", "--undo", "--data", str(data)]) == 1
    assert "nothing to undo" in capsys.readouterr().err


def test_judged_queries_that_get_worse_keep_the_old_model(
    data: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from scripts import adapt as command

    monkeypatch.setattr(adaptation, "_interval", lambda _differences: (0.1, 0.2))
    means = iter((0.4, 0.5))  # of the tuned model, then of the original
    monkeypatch.setattr(command, "_mean", lambda _scores: next(means))
    judged = tmp_path / "judged.jsonl"
    judged.write_text(
        json.dumps({"query": "pompa air nomor 7", "kind": "natural", "releases": ["r7"], "paragraphs": [1]}) + "\n"
    )
    document = run(capsys, "adapt", "--data", str(data), "--judged", str(judged))
    assert document["kept"] is False
    assert set(document["judged"]) == {str(tiny_model), "adapted-1"}
    assert all(0 <= scores["natural"] <= 1 for scores in document["judged"].values())
    assert model_in_use(data) == str(tiny_model)
    assert not (data_paths(data)[2] / "trial").exists()


def test_an_archive_too_small_to_learn_from_is_refused(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELUSUR_CACHE", str(tmp_path / "cache"))
    fill(tmp_path, 59)
    assert main(["index", "--data", str(tmp_path), "--model", str(tiny_model)]) == 0
    assert main(["adapt", "--data", str(tmp_path)]) == 1
    assert "59 releases are too few to learn from: import at least 60" in capsys.readouterr().err


def test_texts_that_say_nothing_in_two_ways_are_refused(data: Path, tiny_model: Path) -> None:
    store = Store(data_paths(data)[0])
    for release in list(store.live_paragraphs()):
        store.remove(f"r{release.title.split()[-1]}")
    for _ in store.add(Release("Sama", "Paragraf yang sama.", id=f"s{number}") for number in range(60)):
        pass
    store.close()
    assert main(["index", "--data", str(data)]) == 0
    store = Store(data_paths(data)[0])
    with pytest.raises(AdaptationError, match="none of 6 releases says anything in two ways"):
        adapt(data, store, resolve(str(tiny_model)), None, lambda _label, _total: pytest.fail("started"))
    store.close()


@pytest.fixture
def angles() -> Target:
    """Three passages of two releases in the tiny model's sixteen dimensions."""
    plain = Space(np.zeros(16, np.float32), np.zeros(16, np.float32), np.eye(16, dtype=np.float32))
    return Target(plain, np.eye(16, dtype=np.float32)[:3], np.zeros(3, np.float32), np.array([0, 0, 1]))


def test_frozen_layers_stay_and_the_others_move_part_of_the_way(tiny_model: Path, tmp_path: Path, angles: Target) -> None:
    model = resolve(str(tiny_model), tmp_path / "cache")
    pairs = [Pair(f"tanya {n}", n % 3) for n in range(2 * training.BATCH)]
    steps: list[int] = []
    training.train(model, pairs, angles, tmp_path / "tuned", lambda: steps.append(1))
    before, after = (load_file(folder / "model.safetensors") for folder in (tiny_model, tmp_path / "tuned"))
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert len(steps) == 2 + training.MAP_STEPS
    assert moved
    assert all(name.startswith("encoder.layer.1.") for name in moved)


def test_questions_move_towards_their_passages(tiny_model: Path, tmp_path: Path, angles: Target) -> None:
    """Each of three questions has a passage of its own."""
    model = resolve(str(tiny_model), tmp_path / "cache")
    pairs = [Pair("abc", 0), Pair("mno", 1), Pair("xyz", 2)] * (20 * training.BATCH // 3)
    training.train(model, pairs, angles, tmp_path / "tuned", lambda: None)
    asked = [pair.question for pair in pairs[:3]]
    before, after = (
        Encoder(resolve(str(folder), tmp_path / "cache")).encode_queries(asked) for folder in (tiny_model, tmp_path / "tuned")
    )
    assert log_odds_of_the_right(after[:, :3]) > log_odds_of_the_right(before[:, :3])


def test_the_map_alone_leads_questions_to_their_releases(
    tiny_model: Path, tmp_path: Path, angles: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_SHARE_OF_TUNED", 0.0)
    monkeypatch.setattr(training, "_SHARE_OF_MAP", 1.0)
    model = resolve(str(tiny_model), tmp_path / "cache")
    pairs = [Pair("abc", 0), Pair("mno", 1), Pair("xyz", 2)] * (training.BATCH // 3)
    training.train(model, pairs, angles, tmp_path / "tuned", lambda: None)
    tuned = resolve(str(tmp_path / "tuned"), tmp_path / "cache")
    before, after = (load_file(folder / "model.safetensors") for folder in (tiny_model, tmp_path / "tuned"))
    assert all(np.array_equal(before[name], after[name]) for name in before)
    apart = []
    for one in (model, tuned):
        asked = angles.space.place_queries(Encoder(one).encode_queries([pair.question for pair in pairs[:3]]))
        odds = np.exp(asked[:, :3] / 0.05)
        apart.append(np.log(odds[:2, :2].sum(axis=1) / odds[:2].sum(axis=1)).sum() + np.log(odds[2, 2] / odds[2].sum()))
    assert apart[1] > apart[0] + 0.1


def log_odds_of_the_right(cosines: np.ndarray) -> float:
    """What training raises: of each question's own passage among all."""
    scaled = cosines / 0.05
    return float(np.trace(scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))))
