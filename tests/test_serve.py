from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "scripts.cli", "serve"]
ROOT = Path(__file__).parents[1]


@contextmanager
def serving(data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and its address."""
    command = [*COMMAND, "--json", "--data", str(data), "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def test_server_starts_on_an_empty_archive_and_stops_when_told(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - http
            assert "telusur import FOLDER" in response.read().decode()
            assert response.headers["Server"] == "Telusur"
        with pytest.raises(urllib.error.HTTPError, match="503") as caught:
            urllib.request.urlopen(url + "healthz", timeout=10)  # noqa: S310 - http
        caught.value.close()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    lines = errors.splitlines()
    assert lines[0] == f"serving {tmp_path} at {url} (Ctrl+C stops)"
    assert "nothing is indexed yet: run telusur import and telusur index, while this keeps running" in lines
    assert lines[-1] == "stopped"


def test_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = [*COMMAND, "--data", str(tmp_path), "--port", str(port)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    line = f"telusur serve: port {port} on 127.0.0.1 is taken: stop what listens there, or give another --port\n"
    assert result.stderr == line


@pytest.mark.parametrize("port", ["-1", "65536", "http", "٨٠"])
def test_impossible_port_is_refused(tmp_path: Path, port: str) -> None:
    command = [*COMMAND, "--data", str(tmp_path), f"--port={port}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "is no port: give a number from 0 to 65535" in result.stderr
