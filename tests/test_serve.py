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
    requests = [json.loads(line) for line in lines if line.startswith("{")]
    assert [(one["path"], one["status"]) for one in requests if one["event"] == "request"] == [("/", 200), ("/healthz", 503)]


def test_nothing_searched_for_is_printed_unless_asked_to(tmp_path: Path) -> None:
    for options, shows in (((), False), (("--quiet",), False), (("--log-queries",), True)):
        with serving(tmp_path, *options) as (process, url):
            with pytest.raises(urllib.error.HTTPError, match="503") as caught:
                urllib.request.urlopen(url + "?q=selundup&lang=id", timeout=10)  # noqa: S310 - http
            caught.value.close()
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=20)
        assert ("selundup" in errors) is shows, options
        assert ('"event": "request"' in errors) is ("--quiet" not in options)
        assert out == ""


def test_limits_and_origins_are_options(tmp_path: Path) -> None:
    options = ("--api-limit", "2", "--cors-origin", "https://news.example", "--metrics-for", "10.0.0.0/8", "--threads", "1")
    with serving(tmp_path, *options) as (_process, url):
        asked = urllib.request.Request(  # noqa: S310 - http
            url + "api/nothing", headers={"X-Forwarded-For": "198.51.100.1", "Origin": "https://news.example"}
        )
        found = []
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(asked, timeout=10)  # noqa: S310 - http
            found.append(caught.value.code)
            caught.value.close()
        assert found == [404, 429]
        assert caught.value.headers["Access-Control-Allow-Origin"] == "https://news.example"
        with urllib.request.urlopen(url + "metrics", timeout=10) as response:  # noqa: S310 - http
            assert b'telusur_requests_total{endpoint="none",status="429"} 1.0' in response.read()


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--threads=0", "is no number from 1 to 64"),
        ("--api-limit=-1", "is no number from 0 to 1000000"),
        ("--proxy=nginx", "'nginx' is no IP address"),
        ("--metrics-for=office", "'office' is no network: write it as 10.0.0.0/8"),
        ("--cors-origin=news.example", "'news.example' is no origin: write it as https://example.org"),
    ],
)
def test_an_impossible_option_is_refused(tmp_path: Path, option: str, complaint: str) -> None:
    command = [*COMMAND, "--data", str(tmp_path), "--port=0", option]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode in {1, 2}
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


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
