"""The clients that are shown, and one made from the description, against a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import web_archive
from conftest import ROOT
from web_archive import FLOOD, SERVE

from web import create_app
from web.server import Server

EXAMPLES = ROOT / "scripts/examples"


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """Address of a server of seven releases about service, one about floods, and the mayor's."""
    with web_archive.opened(data, SERVE, FLOOD, *web_archive.many(7)) as index:
        server = Server(create_app({"INDEX": index}), "127.0.0.1", 0, 2)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.stop()
            thread.join()
            server.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("examples")) as url:
        yield url


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, check=False)


def require(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{program} is not installed")
    return found


def test_curl_prints_the_answer_or_the_problem(url: str) -> None:
    require("curl")
    done = run(EXAMPLES / "search.sh", url, "Siapa yang melayani?")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["query"] == "Siapa yang melayani?"
    assert len(answer["hits"]) == 5
    refused = run(EXAMPLES / "search.sh", url, " ")
    assert refused.returncode == 22
    assert json.loads(refused.stdout)["parameter"] == "q"


@pytest.mark.parametrize(("program", "file"), [(sys.executable, "search.py"), ("node", "search.mjs")])
def test_programs_print_every_page_of_what_answers(url: str, program: str, file: str) -> None:
    done = run(require(program), EXAMPLES / file, url, "petugas melayani")
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [str(rank) for rank in range(1, 9)]
    assert {line[2] for line in lines} == {SERVE.title, *(f"Pelayanan {number}" for number in range(7))}
    served = next(line for line in lines if line[2] == SERVE.title)
    assert served[1] == "2023-03-21"
    assert served[3].startswith(f"{url}/releases/asn-melayani?p=")


@pytest.mark.parametrize(("program", "file"), [(sys.executable, "search.py"), ("node", "search.mjs")])
def test_programs_say_what_is_wrong_and_what_to_do(url: str, program: str, file: str) -> None:
    done = run(require(program), EXAMPLES / file, url, "-banjir")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


_SMOKE = """
import json, sys
from telusur_client import Client
from telusur_client.api.releases import get_release
from telusur_client.api.search import search
from telusur_client.models import Answer, Problem, ReleaseVersion

client = Client(base_url=sys.argv[1])
answer = search.sync(client=client, q="petugas melayani", k=3)
assert isinstance(answer, Answer), answer
release = get_release.sync(answer.hits[0].release.id, client=client)
assert isinstance(release, ReleaseVersion), release
missing = get_release.sync_detailed("nothing", client=client)
refused = search.sync_detailed(client=client, q="x", k=1000)
print(json.dumps([answer.total, [hit.rank for hit in answer.hits], release.paragraphs[0].text,
                  missing.parsed.status, refused.parsed.parameter]))
"""


def test_a_client_made_from_the_description_works(url: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("package_name_override: telusur_client\npost_hooks: []\n", encoding="utf-8")
    made = run(
        Path(sys.executable).with_name("openapi-python-client"),
        "generate",
        f"--url={url}/api/v1/openapi.json",
        f"--config={config}",
        "--meta=none",
        f"--output-path={tmp_path / 'telusur_client'}",
        "--fail-on-warning",
    )
    assert made.returncode == 0, made.stdout + made.stderr
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + _SMOKE
    done = run(sys.executable, "-c", code, url)
    assert done.returncode == 0, done.stderr
    total, ranks, text, missing, refused = json.loads(done.stdout)
    assert (total, ranks, missing, refused) == (8, [1, 2, 3], 404, "k")
    assert "melayani" in text
