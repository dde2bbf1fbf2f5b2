"""What all commands have in common, and the command as it is installed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import AngleEncoder, fill, make_release, run_python
from console import Console, console, encoder, filled, releases

from scripts.cli import main

__all__ = ["console", "encoder", "filled", "releases"]  # fixtures that these tests share

TELUSUR = Path(sys.executable).with_name("telusur")
COMMANDS = ("import", "index", "search", "serve", "evaluate", "remove", "restore")


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
