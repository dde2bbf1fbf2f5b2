"""Commands run in this process, on a data folder of their own, with a model that reads angles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import MODEL, AngleEncoder

import index
import index.encoder
import index.search
from index import Model, ModelError
from scripts.cli import main

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
