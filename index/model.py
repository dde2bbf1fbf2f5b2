"""Where model weights come from: the embedded default, a folder, or a name on the model hub."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

from index.embedded import PACKED_SHA256, ModelError, packed_file, read_packed, unpack

EMBEDDED = "multilingual-e5-small"
"""Name of the model that comes with Telusur and needs no network."""

_LAYOUT = 1  # raised whenever `unpack` writes something else
_FINGERPRINT_FILE = "telusur-fingerprint.json"
_ORIGIN_FILE = "telusur-origin.json"


@dataclass(frozen=True, slots=True)
class Model:
    """Weights on this machine's disk.

    Attributes:
        name: What the keeper asked for.
        folder: A sentence-transformers folder.
        fingerprint: 16 hex digits of a SHA-256 over the folder's files; the same weights have the same one everywhere.
        pools_tokens: Its vector of a text is the mean over the text's tokens, so that a part of a longer text has one too.
        origin: The model whose passages this one was tuned to ask for; None for a model that encodes both.
    """

    name: str
    folder: Path
    fingerprint: str
    pools_tokens: bool
    origin: Model | None = None

    @property
    def of_passages(self) -> Model:
        """The model that encodes the passages which this one asks for."""
        return self.origin or self


def default_cache_dir() -> Path:
    """The user's cache folder for this program, by the platform's convention."""
    return platformdirs.user_cache_path("telusur")


def models_dir(data: Path) -> Path:
    """Where a data folder keeps models that were adapted to its archive."""
    return data / "models"


def resolve(name: str | None = None, cache_dir: Path | None = None, data: Path | None = None) -> Model:
    """Find a model's weights without loading them.

    Args:
        name: None for the embedded default, the name of a model adapted to the archive, the path of a sentence-transformers
            folder, or a name on the model hub.
        cache_dir: Where the embedded model is unpacked to, once.
        data: The archive's data folder.

    Raises:
        ModelError: There is no such model, or its files are damaged.
    """
    cache_dir = cache_dir or default_cache_dir()
    if name is None or name == EMBEDDED:
        return _embedded(cache_dir)
    if data is not None and Path(name).name == name and (adapted := models_dir(data) / name).is_dir():
        return _adapted(name, adapted, cache_dir, data)
    folder = Path(name)
    if folder.is_dir():
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise ModelError(f"{folder} holds no sentence-transformers model: neither modules.json nor config.json is in it")
        return Model(str(folder.resolve()), folder, fingerprint(folder, cache_dir), _pools_tokens(folder))
    snapshot = _from_hub(name)
    return Model(name, snapshot, fingerprint(snapshot, cache_dir), _pools_tokens(snapshot))


def write_origin(folder: Path, origin: Model) -> None:
    """Note in the folder of a tuned model which model encodes its passages.

    Raises:
        OSError: It cannot be written.
    """
    record = {"model": origin.name, "fingerprint": origin.fingerprint}
    (folder / _ORIGIN_FILE).write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def fingerprint(folder: Path, cache_dir: Path) -> str:
    """Hash the files of a model folder: 16 hex digits over names and contents.

    Hashing half a gigabyte takes a second, so the result is kept beside sizes and modification times in `cache_dir`.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _FINGERPRINT_FILE)
    stamp = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    key = hashlib.sha256(json.dumps([str(folder.resolve()), stamp]).encode()).hexdigest()
    memo = cache_dir / "fingerprints" / key
    if memo.is_file() and (known := memo.read_text(encoding="ascii")):
        return known
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    result = digest.hexdigest()[:16]
    _write_atomically(memo, result)
    return result


def _adapted(name: str, folder: Path, cache_dir: Path, data: Path) -> Model:
    try:
        record = json.loads((folder / _ORIGIN_FILE).read_text(encoding="utf-8"))
        origin_name, expected = str(record["model"]), str(record["fingerprint"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{folder} does not say what it was adapted from: run telusur adapt again") from error
    origin = resolve(origin_name, cache_dir, data)
    if origin.fingerprint != expected:
        raise ModelError(f"{name} was adapted from another {origin_name} than there is now: run telusur adapt again")
    return Model(name, folder, fingerprint(folder, cache_dir), _pools_tokens(folder), origin)


def _embedded(cache_dir: Path) -> Model:
    folder = cache_dir / "models" / f"{EMBEDDED}-{PACKED_SHA256[:12]}-{_LAYOUT}"
    record = folder / _FINGERPRINT_FILE
    if not record.is_file():
        _unpack_once(folder, cache_dir)
    damaged = f"the unpacked default model is damaged ({{}}): delete {folder}, it is made again"
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        sizes, fingerprint = dict(known["sizes"]), str(known["fingerprint"])
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(damaged.format(record)) from error
    for name, size in sizes.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise ModelError(damaged.format(path))
    return Model(EMBEDDED, folder, fingerprint, pools_tokens=True)


def _unpack_once(folder: Path, cache_dir: Path) -> None:
    """Unpack beside the final place and rename: a kill leaves no half model, and of two processes at once one waits."""
    workshop = folder.parent / ".unpacking"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / "lock"):
            if (folder / _FINGERPRINT_FILE).is_file():
                return  # another process was faster
            packed = read_packed(packed_file())
            for leftover in (folder, *folder.parent.glob(f"{workshop.name}*")):
                shutil.rmtree(leftover, ignore_errors=True)
            workshop.mkdir()
            try:
                unpack(packed, workshop)
                files = [path for path in workshop.rglob("*") if path.is_file()]
                sizes = {str(path.relative_to(workshop)): path.stat().st_size for path in files}
                record = {"fingerprint": fingerprint(workshop, cache_dir), "sizes": sizes}
                (workshop / _FINGERPRINT_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
                workshop.rename(folder)
            finally:
                shutil.rmtree(workshop, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"cannot unpack the default model into {folder}: {reason}; make room or set TELUSUR_CACHE") from error


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    # Of the many formats a hub repository may hold, only what sentence-transformers loads.
    patterns = ["*.json", "*.txt", "*.model", "*.safetensors", "*/config.json", "*/*.safetensors"]
    try:
        try:
            return Path(snapshot_download(name, allow_patterns=patterns, local_files_only=True))
        except LocalEntryNotFoundError:
            return Path(snapshot_download(name, allow_patterns=patterns))
    except HFValidationError as error:
        raise ModelError(
            f"{name!r} is neither a folder nor a model name: give a path, or a name such as intfloat/{EMBEDDED}"
        ) from error
    except (HfHubHTTPError, OSError, LocalEntryNotFoundError) as error:
        raise ModelError(f"the model {name!r} cannot be fetched; check name and network, or leave --model out") from error


def _pools_tokens(folder: Path) -> bool:
    """Read from a sentence-transformers folder whether nothing but a mean over tokens follows the transformer."""
    modules = folder / "modules.json"
    if not modules.is_file():
        return True  # sentence-transformers adds a mean to a bare transformer
    try:
        listed = json.loads(modules.read_text(encoding="utf-8"))
        kinds = [str(module["type"]).rpartition(".")[2] for module in listed]
        if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
            return False
        pooling = json.loads((folder / listed[1]["path"] / "config.json").read_text(encoding="utf-8"))
        # Older folders have a switch for each mode instead of one name.
        modes = [name for name, is_on in pooling.items() if name.startswith("pooling_mode_") and is_on]
        return pooling.get("pooling_mode", "mean") == "mean" and modes in ([], ["pooling_mode_mean_tokens"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder} is no whole sentence-transformers model ({error}): fetch it again") from error


def _write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
    Path(temporary).replace(path)
