"""What `telusur benchmark --serving` does: load a server over loopback with wrk, beside txtai's own API if it is there.

Both serve the same paragraphs and the same vectors by the same model, each by its own process with all cores, in turns, so that
neither takes the other's. Queries are stretches of the archive's paragraphs, a thousand different ones, asked for in turn; the
rate over them is what a server reaches that meets a query again now and then, and the first round is part of it.
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from archive import IndexRow
    from index import Model

_QUERIES = 1_000
_WORDS = (2, 6)  # of a query, at least and at most
_CONNECTIONS = 16
_REPEATED = 20  # queries that a single reader asks again and again
_REPEATED_S = 3
_TIMEOUT_S = 20  # of a request
_START_S = 300

_SCRIPT = """
local paths, at, wrong, threads = {}, 0, 0, {}
for line in io.lines("%s") do paths[#paths + 1] = line end
function setup(thread) threads[#threads + 1] = thread; thread:set("wrong", 0) end
function request() at = at %% #paths + 1; return wrk.format("GET", paths[at]) end
function response(status) if status ~= 200 then wrong = wrong + 1 end end
function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do failed = failed + thread:get("wrong") end
  local line = '{"requests": %%d, "errors": %%d, "requests_per_s": %%.1f, "p50_ms": %%.1f, "p95_ms": %%.1f, "p99_ms": %%.1f}'
  io.write("\\n" .. string.format(line, summary.requests, failed, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000) .. "\\n")
end
"""


def measure(args: Namespace, rows: Sequence[IndexRow], model: Model) -> dict[str, Any]:
    """Load the servers.

    Args:
        args: data, cache, model, serving (seconds), threads, and txtai (an interpreter, or None).
        rows: Paragraphs of the archive.
        model: What the archive's vectors are made by.

    Returns:
        For "telusur", "telusur_repeated" (one reader, queries asked before) and, if it is there, "txtai": requests, errors,
        requests_per_s, p50_ms, p95_ms and p99_ms.

    Raises:
        ValueError: wrk is not installed.
        OSError: A server does not start.
    """
    if shutil.which("wrk") is None:
        raise ValueError("wrk is not installed: it is what loads the servers (Debian: apt-get install wrk)")
    queries = draw_queries(rows)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(_telusur(args))
        theirs = stack.enter_context(_txtai(args, rows, model, folder)) if args.txtai else None
        asked = [f"/api/v1/search?q={quote(query)}" for query in queries]
        found = {"telusur": _load(ours, asked, args.serving, _CONNECTIONS, folder)}
        _load(ours, asked[:_REPEATED], 1, 1, folder)
        found["telusur_repeated"] = _load(ours, asked[:_REPEATED], _REPEATED_S, 1, folder)
        if theirs:
            asked = [f"/search?limit=10&query={quote(query)}" for query in queries]
            found["txtai"] = _load(theirs, asked, args.serving, _CONNECTIONS, folder)
    return found


def draw_queries(rows: Sequence[IndexRow]) -> list[str]:
    """Different stretches of a few words, at most `_QUERIES`, the same ones for the same archive."""
    chance = random.Random(0)  # noqa: S311
    found: dict[str, None] = {}
    for row in chance.sample(rows, len(rows)):
        words = row.text.split()
        length = chance.randint(*_WORDS)
        if len(words) >= length:
            start = chance.randint(0, len(words) - length)
            found[" ".join(words[start : start + length])] = None
        if len(found) == _QUERIES:
            break
    return list(found)


def _load(url: str, paths: Sequence[str], seconds: int, connections: int, folder: Path) -> dict[str, Any]:
    """Ask for the paths in turn over several connections for a while."""
    (folder / "paths").write_text("\n".join(paths) + "\n", encoding="ascii")
    script = folder / "load.lua"
    script.write_text(_SCRIPT % (folder / "paths"), encoding="ascii")
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={_TIMEOUT_S}s", "-s", str(script)]
    result = subprocess.run(["wrk", *options, url], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if result.returncode:
        raise OSError(f"wrk failed: {result.stderr.strip()}")
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


@contextmanager
def _telusur(args: Namespace) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "scripts.cli", "serve", "--data", str(args.data), "--port", str(port), "--quiet"]
    for name, value in (("--model", args.model), ("--cache", args.cache), ("--threads", args.threads)):
        command += [name, str(value)] if value else []
    with _process(command, f"http://127.0.0.1:{port}", "/readyz") as url:
        yield url


@contextmanager
def _txtai(args: Namespace, rows: Sequence[IndexRow], model: Model, folder: Path) -> Iterator[str]:
    """Index the archive's paragraphs with the vectors that they have here, and serve them."""
    import numpy as np  # here, not above, so that --help stays instant

    from index import generation
    from index.build import data_paths

    live = generation.load(data_paths(args.data)[2])
    texts = {row.paragraph_id: row.text for row in rows}
    places = [place for place, id in enumerate(live.paragraph_ids.tolist()) if id in texts]
    (folder / "texts.json").write_text(json.dumps([texts[int(live.paragraph_ids[place])] for place in places]), "utf-8")
    np.save(folder / "vectors.npy", live.vectors(np.array(places)))
    port = _free_port()
    script = Path(__file__).with_name("benchmark_txtai_api.py")
    # -P, for beside the script are others whose names are those of what txtai imports.
    command = [str(args.txtai), "-P", str(script), str(model.folder), str(folder), str(port)]
    with _process(command, f"http://127.0.0.1:{port}", "/search?query=siap") as url:
        yield url


@contextmanager
def _process(command: Sequence[str], url: str, ready_path: str) -> Iterator[str]:
    """A server's address, once it answers."""
    # Its words go to stderr, for stdout is this command's answer.
    with subprocess.Popen(command, stdout=sys.stderr.fileno()) as process:  # noqa: S603
        try:
            until = time.monotonic() + _START_S
            while not _answers(url + ready_path):
                if process.poll() is not None or time.monotonic() > until:
                    raise OSError(f"the server did not start: {' '.join(command)}")
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S):  # noqa: S310 - http
            return True
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
