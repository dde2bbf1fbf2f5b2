"""Fixtures of the whole suite. Vectors lie on the unit circle, so that every cosine can be worked out by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from archive import IndexRow, Release, Store
from index import Index, Model, resolve
from index.build import Outcome, ParagraphEncoder, data_paths, update
from index.encoder import Encoder, Matrix
from index.generation import Generation, load
from index.model import default_cache_dir
from web import create_app

ROOT = Path(__file__).parents[1]
MODEL = Model("angles", Path("/nowhere"), "a-compass")

_ANGLE = re.compile(r"\b[ac](\d+)\b")
_UNKNOWN_ANGLE = 300


class AngleEncoder:
    """Reads the angle off a text: "Banjir a120" points to 120 degrees, and so does the query "c120".

    Paragraphs say a and queries say c, so that they share no word unless a test wants them to.

    Attributes:
        paragraphs: Every paragraph that went through, in order.
        queries: Every query, likewise.
    """

    dim = 2

    def __init__(self, fingerprint: str = MODEL.fingerprint) -> None:
        self.fingerprint = fingerprint
        self.paragraphs: list[str] = []
        self.queries: list[str] = []
        self._lock = threading.Lock()

    def encode_paragraphs(self, texts: Sequence[str]) -> Matrix:
        with self._lock:
            self.paragraphs += texts
        return directions(map(angle, texts))

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        with self._lock:
            self.queries += texts
        return directions(map(angle, texts))


class NoProgress:
    """A progress bar that nobody sees."""

    def update(self, n: int) -> None:
        pass


def angle(text: str) -> int:
    """The angle that a text names, in degrees."""
    found = _ANGLE.search(text)
    return int(found[1]) if found else _UNKNOWN_ANGLE


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


# The six angles add up to nothing: no direction is favoured, whatever a ranking does with the mean.
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


def build(data: Path, encoder: ParagraphEncoder | None = None, model: Model = MODEL, rebuild: bool = False) -> Outcome:
    """Bring the index of a data folder up to date."""
    store = Store(data_paths(data)[0])
    try:
        return update(data, store, model, lambda: encoder or AngleEncoder(), lambda _total: NoProgress(), rebuild)
    finally:
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
def client(index: Index) -> FlaskClient:
    """A browser of the little archive."""
    return create_app({"INDEX": index}).test_client()


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
