"""Many readers at once, while one generation after another is published: no error, and no answer out of two of them.

A first generation shows the first version of every release, a second one the second version. What is published under load are
these two in turns, so that each hit tells by its version which generation it comes from.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from conftest import ROOT, build
from test_serve import serving

from index import Model, generation
from index.build import data_paths
from index.encoder import Encoder
from scripts.cli import main

pytestmark = pytest.mark.model

SEARCH = "/api/v1/search"
LOAD_S = 10
READERS = 6
RELEASES = 40
PAGE = 4
PAGES = 8
KEPT = 3  # as publishing keeps them
TIMEOUT_S = 30


class Generations:
    """The generations of one archive, published in turns as hard-linked copies under the next number."""

    def __init__(self, folder: Path, aside: Path) -> None:
        """Take all generations of a folder, from 1 to the live one."""
        self.folder = folder
        self.number = generation.current_number(folder) or 0
        self._originals = [generation.path_of(aside, number) for number in range(1, self.number + 1)]
        for original in self._originals:
            shutil.copytree(folder / original.name, original, copy_function=os.link)

    def publish(self) -> None:
        """Switch to the next one, and remove what nobody opens any more."""
        self.number += 1
        original = self._originals[(self.number - 1) % len(self._originals)]
        workshop = self.folder / f".building-{self.number:06d}"
        shutil.copytree(original, workshop, copy_function=os.link)
        meta = json.loads((original / generation.META).read_text(encoding="utf-8")) | {"number": self.number}
        (workshop / generation.META).unlink()
        (workshop / generation.META).write_text(json.dumps(meta), encoding="utf-8")
        workshop.rename(generation.path_of(self.folder, self.number))
        pointer = self.folder / f".{generation.POINTER}"
        pointer.write_text(f"{self.number}\n", encoding="ascii")
        pointer.replace(self.folder / generation.POINTER)
        shutil.rmtree(generation.path_of(self.folder, self.number - KEPT), ignore_errors=True)


@dataclass
class Load:
    """What requests of several threads led to.

    Attributes:
        milliseconds: Of every request that was answered.
        generations: Those that answered.
        failures: What was wrong, a line each.
    """

    milliseconds: list[float] = field(default_factory=list)
    generations: set[int] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def get(self, connection: HTTPConnection, address: str) -> dict[str, Any] | None:
        """Ask once; None where that fails."""
        started = time.perf_counter()
        try:
            connection.request("GET", address)
            with connection.getresponse() as response:
                body = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            self.failures.append(f"{address}: {error!r}")
            return None
        self.milliseconds.append((time.perf_counter() - started) * 1000)
        if response.status != 200:
            self.failures.append(f"{address}: {response.status} {body[:300]!r}")
            return None
        document: dict[str, Any] = json.loads(body)
        self.generations.add(document["generation"])
        return document

    def p(self, percent: int) -> float:
        """A percentile, in milliseconds."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


def connect(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)


def search_address(query: str, k: int = 10) -> str:
    return f"{SEARCH}?q={quote(query)}&k={k}"


def versions(document: dict[str, Any]) -> set[int]:
    """Versions of all passages in an answer."""
    hits = [*document["hits"], *(one for hit in document["hits"] for one in hit.get("more", ()))]
    same = [one for hit in document["hits"] for one in hit.get("near_identical", ())]
    return {one["release"]["version"] for one in [*hits, *same]}


def check_one(document: dict[str, Any]) -> str | None:
    """What is wrong with an answer of one of the two generations, if anything is."""
    number = document["generation"]
    if (found := versions(document)) != {2 - number % 2}:
        return f"{document['query']!r}: generation {number} answers with versions {found}"
    return None


Check = Callable[[dict[str, Any]], str | None]
"""Says what is wrong with an answer, if anything is."""


def read(load: Load, url: str, queries: Iterator[str], is_over: threading.Event, check: Check) -> None:
    """Ask one query after the other."""
    connection = connect(url)
    while not is_over.is_set():
        document = load.get(connection, search_address(next(queries)))
        if document and (complaint := check(document)):
            load.failures.append(complaint)
    connection.close()


def page(
    load: Load, url: str, queries: Iterator[str], is_over: threading.Event, check: Check, pause_s: float, walks: list[int]
) -> None:
    """Follow cursors through one query's pages after the other's, and note how many entries each walk saw."""
    connection = connect(url)
    while not is_over.is_set():
        address: str | None = search_address(next(queries), PAGE)
        pages: list[dict[str, Any]] = []
        while address and len(pages) < PAGES:
            document = load.get(connection, address)
            if document is None:
                break
            pages.append(document)
            address = document["next"]
            is_over.wait(pause_s)
        walks.append(sum(len(document["hits"]) for document in pages))
        if complaint := check_walk(pages, check):
            load.failures.append(complaint)
    connection.close()


def check_walk(pages: list[dict[str, Any]], check: Check) -> str | None:
    """What is wrong with the pages of one list, if anything is."""
    hits = [hit for document in pages for hit in document["hits"]]
    releases = [hit["release"]["id"] for hit in hits]
    if len({document["generation"] for document in pages}) > 1:
        return f"pages of several generations: {[document['generation'] for document in pages]}"
    if [hit["rank"] for hit in hits] != list(range(1, len(hits) + 1)):
        return f"ranks {[hit['rank'] for hit in hits]}"
    if len(set(releases)) < len(releases):
        return f"a release twice: {releases}"
    return next(filter(None, map(check, pages)), None)


def publish_while(readers: list[threading.Thread], generations: Generations, is_over: threading.Event) -> None:
    """Publish a generation every second while readers read; they end with it."""
    for reader in readers:
        reader.start()
    ends = time.monotonic() + LOAD_S
    while time.monotonic() < ends:
        time.sleep(1)
        generations.publish()
    is_over.set()
    for reader in readers:
        reader.join(TIMEOUT_S)


@pytest.fixture(scope="module")
def queries() -> list[str]:
    files = sorted((ROOT / "tests/data/sample").glob("*.jsonl"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line]
    return list(dict.fromkeys(json.loads(line)["query"] for line in lines))


@pytest.fixture
def data(tmp_path: Path, real_model: Model, real_encoder: Encoder) -> Path:
    """Part of the sample archive, indexed, then indexed again after every release was published anew."""
    texts = ROOT / "archive/sample/releases"
    first, anew = tmp_path / "first", tmp_path / "anew"
    first.mkdir()
    anew.mkdir()
    for number, file in enumerate(sorted(texts.glob("*.txt"))[:RELEASES]):
        text = file.read_text(encoding="utf-8").rstrip("\n")
        shutil.copy(file, first)
        (anew / file.name).write_text(f"{text}\nRalat: siaran ini terbit ulang dengan nomor {number}.\n", encoding="utf-8")
    folder = tmp_path / "data"
    for source in (first, anew):
        assert main(["import", str(source), "--data", str(folder)]) == 0
        build(folder, real_encoder, real_model)
    return folder


def test_readers_meet_no_error_and_no_mixture_while_generations_are_published(
    data: Path, tmp_path: Path, queries: list[str], cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELUSUR_CACHE", str(cache_dir))
    generations = Generations(data_paths(data)[2], tmp_path)
    load, is_over = Load(), threading.Event()
    quick: list[int] = []
    slow: list[int] = []
    with serving(data, "--quiet") as (_process, url):
        with closing(connect(url)) as connection:
            assert load.get(connection, search_address("siap")), load.failures
        threads = [
            threading.Thread(target=read, args=(load, url, islice(cycle(queries), 50 * reader, None), is_over, check_one))
            for reader in range(READERS)
        ]
        # Whoever reads what each page brings is still on the list when its generation has been tidied away.
        for walks, pause_s in ((quick, 0.02), (slow, 1.3 * KEPT / 4)):
            threads.append(threading.Thread(target=page, args=(load, url, cycle(queries), is_over, check_one, pause_s, walks)))
        publish_while(threads, generations, is_over)
    assert load.failures == []
    assert len(load.generations) > LOAD_S / 2
    assert max(quick) == PAGE * PAGES
    assert max(slow) > PAGE * KEPT
