"""Fixtures of the whole suite. Vectors lie on the unit circle, so that every cosine can be worked out by hand.

An index places vectors in a space of its own. It leaves angles as they are where no direction is favoured: in an archive whose
angles are spread evenly. Where they are not, only the order of what is far apart can be foreseen.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import every_page
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from archive import IndexRow, Release, Store
from index import Answer, Hit, Index, Model, questions, resolve
from index.build import BuildEncoder, Outcome, data_paths, update
from index.encoder import Encoder, Matrix
from index.generation import Generation, load
from index.model import default_cache_dir
from index.sentences import Span
from web import create_app

ROOT = Path(__file__).parents[1]
MODEL = Model("angles", Path("/nowhere"), "a-compass", pools_tokens=True)

_ANGLE = re.compile(r"\b[ac](\d+)\b")
_UNKNOWN_ANGLE = 300

# The project's own questions favour no direction: what people ask of press releases looks to all sides alike, and what they ask
# elsewhere to where a text without an angle does, give or take 5 degrees.
_ASKED = questions.read(questions.ASKED)
_ELSEWHERE = questions.read(questions.ELSEWHERE)
_OF_QUESTION = dict(zip(_ASKED, np.linspace(0, 360, len(_ASKED), endpoint=False).tolist(), strict=True)) | dict(
    zip(_ELSEWHERE, np.linspace(_UNKNOWN_ANGLE - 5, _UNKNOWN_ANGLE + 5, len(_ELSEWHERE)).tolist(), strict=True)
)


class AngleEncoder:
    """Reads the angle off a text: "Banjir a120" points to 120 degrees, and so does the query "c120".

    Paragraphs say a and queries say c, so that they share no word unless a test wants them to. A sentence without an angle
    points where its paragraph does. In its release, a paragraph points where it does alone, unless a test wants it elsewhere.

    Attributes:
        paragraphs: Every paragraph that went through by itself, in order.
        releases: Every release that went through as a whole, as its paragraphs.
        queries: Every query that went through, but for the project's own questions.
        in_context: Angles of paragraphs within their releases, where not those that they name.
    """

    dim = 2

    def __init__(self, fingerprint: str = MODEL.fingerprint, in_context: Mapping[str, float] | None = None) -> None:
        self.fingerprint = fingerprint
        self.paragraphs: list[str] = []
        self.releases: list[tuple[str, ...]] = []
        self.queries: list[str] = []
        self.in_context = dict(in_context or {})
        self._lock = threading.Lock()

    def encode_alone(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Matrix]:
        with self._lock:
            self.paragraphs += texts
        return [
            directions([angle(text), *(angle(text[start:end], angle(text)) for start, end in spans)])
            for text, spans in zip(texts, sentences, strict=True)
        ]

    def encode_in_context(self, releases: Sequence[Sequence[str]]) -> list[Matrix]:
        with self._lock:
            self.releases += map(tuple, releases)
        return [directions(self.in_context.get(text, angle(text)) for text in paragraphs) for paragraphs in releases]

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        with self._lock:
            self.queries += (text for text in texts if text not in _OF_QUESTION)
        return directions(_OF_QUESTION.get(text, angle(text)) for text in texts)


class NoProgress:
    """A progress bar that nobody sees."""

    def update(self, n: int) -> None:
        pass


def angle(text: str, otherwise: int = _UNKNOWN_ANGLE) -> int:
    """The angle that a text names, in degrees."""
    found = _ANGLE.search(text)
    return int(found[1]) if found else otherwise


def directions(degrees: Iterable[float]) -> Matrix:
    """Unit vectors of these angles: float32, shape (n, 2)."""
    radians = np.radians(np.fromiter(degrees, dtype=np.float64))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def make_release(
    id: str, *paragraphs: str, title: str = "Siaran", published: str | None = None, topic: str | None = None
) -> Release:
    """A release of these paragraphs."""
    return Release(title, "\n\n".join(paragraphs), id=id, published=published, topic=topic, source=f"/press/{id}.txt")


def make_row(
    paragraph_id: int, text: str = "teks", release: int | None = None, published: str | None = None, topic: str | None = None
) -> IndexRow:
    """A row as the archive hands it to the index; by default each paragraph has a release of its own."""
    return IndexRow(paragraph_id, paragraph_id if release is None else release, 0, text, "Judul", published, topic)


# Two angles, and the same two turned by a third of the circle and by two thirds: no direction is favoured, so angles stay as
# they are.
LITTLE_ARCHIVE = (
    make_release(
        "asn",
        "ASN itu melayani a0",
        "Apel pagi a30",
        title="Mental",
        published="2023-03-21",
        topic="Kepegawaian",
    ),
    make_release(
        "banjir", "Kali meluap a120", "Dapur umum a150", title="Banjir", published="2021-01-19T09:30", topic="Kebencanaan"
    ),
    make_release("pasar", "‘’Pasar ramai,’’ katanya a240", "Café <b>tutup</b> a270", title="Pasar"),
)


def fill(data: Path, *releases: Release) -> None:
    """Import releases into the archive of a data folder."""
    store = Store(data_paths(data)[0])
    for _ in store.add(releases):
        pass
    store.close()


def build(data: Path, encoder: BuildEncoder | None = None, model: Model = MODEL, rebuild: bool = False) -> Outcome:
    """Bring the index of a data folder up to date."""
    store = Store(data_paths(data)[0])
    try:
        return update(
            data, store, model, lambda _model: encoder or AngleEncoder(), lambda _label, _total: NoProgress(), rebuild
        )
    finally:
        store.close()


def ids(answer: Answer) -> list[str]:
    """Releases of the hits, in order."""
    return [hit.passage.release.id for hit in answer.hits]


def places(hits: Iterable[Hit]) -> list[tuple[str, int]]:
    """Release and position of each passage."""
    return [(hit.passage.release.id, hit.passage.position) for hit in hits]


def open_index(data: Path, encoder: AngleEncoder | None = None) -> Index:
    """The index of a data folder, with an encoder of its own if none is given."""
    return Index(data, load_encoder=lambda _name: encoder or AngleEncoder())


def remove(data: Path, *ids: str) -> None:
    """Take releases out of the archive of a data folder."""
    store = Store(data / "archive.sqlite")
    for id in ids:
        store.remove(id)
    store.close()


def run_python(code: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, where this module can be imported too."""
    with start_python(code, *arguments, **environment) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def start_python(code: str, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start code in a process of its own, where this module can be imported too."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty archive in the data folder that `data` fills."""
    store = Store(data_paths(tmp_path / "data")[0])
    yield store
    store.close()


@pytest.fixture
def encoder() -> AngleEncoder:
    """An encoder that can be counted by hand."""
    return AngleEncoder()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the little archive, indexed."""
    folder = tmp_path / "data"
    fill(folder, *LITTLE_ARCHIVE)
    build(folder)
    return folder


@pytest.fixture
def generation(data: Path) -> Generation:
    """The little archive's generation."""
    return load(data_paths(data)[2])


@pytest.fixture
def index(data: Path, encoder: AngleEncoder) -> Iterator[Index]:
    """The little archive's index."""
    index = Index(data, load_encoder=lambda _name: encoder)
    yield index
    index.close()


@pytest.fixture
def app(index: Index) -> Flask:
    """The site of an index: of the little archive, unless a module has an `index` of its own."""
    return create_app({"INDEX": index})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """What asks that site."""
    return app.test_client()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser, or the test is skipped. No longer than a module, for while it runs nothing else may run asyncio here."""
    with every_page.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where the real model is unpacked, once for the suite and the commands alike."""
    return Path(os.environ.get("TELUSUR_CACHE") or default_cache_dir())


@pytest.fixture(scope="session")
def real_model(cache_dir: Path) -> Model:
    """The model that comes with Telusur."""
    return resolve(None, cache_dir)


@pytest.fixture(scope="session")
def real_encoder(real_model: Model) -> Encoder:
    """That model, loaded."""
    return Encoder(real_model)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material beside the project."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"the shared material is absent: {folder}")
    return folder
