"""A small archive for the tests of pages and endpoint: real store, real index, an encoder that can be counted by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from archive import Release, Store
from index import Index, Model, questions
from index.build import data_paths, update
from index.encoder import Matrix
from index.sentences import Span

SERVE = Release(
    id="asn-melayani",
    title="Wali Kota Tekankan ASN Harus Bermental Melayani",
    body="MADIUN – Sosialisasi dilakukan, Selasa (21/3).\n\n"
    "‘’ASN itu melayani bukan dilayani,’’ tegasnya.\n\n"
    "Petugas melayani tanpa mengenal waktu. (ney/agi/diskominfo)",
    url="https://kota.example/2023/03/21/asn/?a=1&b=2",
    published="2023-03-21T09:30",
    topic="Kepegawaian",
    city="MADIUN",
    initials=("ney", "agi"),
    office="diskominfo",
)
QUOTE = "‘’ASN itu melayani bukan dilayani,’’ tegasnya."
"""What SERVE quotes."""
FLOOD = Release(
    id="banjir",
    title="Banjir Rendam 412 Rumah",
    body="Kali meluap dan banjir merendam 412 rumah.\n\nDapur umum memasak nasi bungkus.",
    published="2021-01-19",
    topic="Kebencanaan",
)
HOSTILE = Release(
    id="hostile",
    title='<script>alert(1)</script> & "Judul"',
    body="Pasar <img src=x onerror=alert(1)> ramai.\n\nPedagang {{ 7*7 }} senang.",
    topic="<b>Ekonomi</b>",
)
MARKET = Release(
    "Laporan Pasar",
    "Pasar ramai sejak pagi.\n\n"
    "Pedagang senang. Petugas melayani pembeli dengan ramah.\n\n"
    "Cafe\u0301 di “Pasar Besar” tutup; CAFÉ lain\u00a0buka.\n\n"
    "Pelayanan parkir membaik.\n\n"
    "\u0633\u0644\u0627\u0645 <b>pasar</b> ramai.\n\n"
    "Kios layanan warga pindah.",
    id="laporan",
    published="2022-05-01",
)
SEARCHED = "/releases/laporan?p=3&v=1&q=petugas+melayani"
"""Where a search for "petugas melayani" leads to in MARKET."""

_MODEL = Model("counted", Path("/nowhere"), "c0ffee", pools_tokens=True)

_ASKED = {text: 360 * place / 150 for place, text in enumerate(questions.read(questions.ASKED))}
_ELSEWHERE = dict.fromkeys(questions.read(questions.ELSEWHERE), 60)
"""Where the project's own questions look: to all sides alike, so that none is favoured, and to where no passage is."""


class CountedEncoder:
    """Looks east for service, to 120 degrees for floods, and to 240 for anything else."""

    fingerprint = _MODEL.fingerprint
    dim = 2

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        return np.array([_direction(text) for text in texts], dtype=np.float32).reshape(-1, 2)

    def encode_alone(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Matrix]:
        cut = [[text[start:end] for start, end in spans] for text, spans in zip(texts, sentences, strict=True)]
        return [self.encode_queries([text, *parts]) for text, parts in zip(texts, cut, strict=True)]

    def encode_in_context(self, releases: Sequence[Sequence[str]]) -> list[Matrix]:
        return [self.encode_queries(paragraphs) for paragraphs in releases]


class _NoBar:
    def update(self, n: int) -> None:
        pass


def fill(data: Path, *releases: Release) -> None:
    """Import releases into a data folder."""
    store = Store(data_paths(data)[0])
    for _ in store.add(replace(release, source=release.source or f"/press/{release.id}.txt") for release in releases):
        pass
    store.close()


def build(data: Path) -> None:
    """Publish the next generation."""
    store = Store(data_paths(data)[0])
    update(data, store, _MODEL, lambda _model: CountedEncoder(), lambda _label, _total: _NoBar())
    store.close()


def open_index(data: Path, load: Callable[[str], CountedEncoder] = lambda _name: CountedEncoder()) -> Index:
    """Open the index of a data folder with the encoder above."""
    return Index(data, load_encoder=load)


@contextmanager
def opened(data: Path, *releases: Release) -> Iterator[Index]:
    """The index of a new data folder that holds these releases."""
    fill(data, *releases)
    build(data)
    index = open_index(data)
    try:
        yield index
    finally:
        index.close()


def many(count: int) -> Iterable[Release]:
    """Releases about service, one a day of January 2022 and on."""
    for number in range(count):
        day = f"2022-{number // 28 + 1:02}-{number % 28 + 1:02}"
        yield Release(
            f"Pelayanan {number}", f"Petugas melayani warga ke-{number}.", id=f"r{number}", published=day, topic="Sosial"
        )


def _direction(text: str) -> tuple[float, float]:
    if "layan" in text.lower():
        degrees: float = 0
    elif "banjir" in text.lower():
        degrees = 120
    else:
        degrees = 240
    degrees = _ASKED.get(text, _ELSEWHERE.get(text, degrees))
    return (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
