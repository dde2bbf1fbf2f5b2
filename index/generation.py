"""One finished build of the index: an immutable, numbered folder that readers find through a pointer.

Folder ``000007`` holds ``vectors.faiss``, ``paragraphs.npz`` (what each row stands for), ``sentences.npy``, ``space.npz``,
``words.npz``, ``map.npz`` and ``meta.json`` with the checksums of the others. It is built aside, verified and renamed; the
file ``CURRENT`` beside it names the live one and is itself replaced by a rename, so a reader meets all of a build or nothing of
it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import cast
from zipfile import BadZipFile

import faiss
import numpy as np

from index import cartography, lexical
from index.cartography import Map
from index.encoder import Matrix, cores, unit
from index.filters import FIELDS, Catalog, Field
from index.query_syntax import Phrase, Wanted
from index.ranking import Layout
from index.relevance import Relevance
from index.sentences import Span
from index.space import Space

POINTER = "CURRENT"
META = "meta.json"
MAP = "map.npz"
"""Only where a map was drawn."""

FILES = VECTORS, PARAGRAPHS, SENTENCES, SPACE, WORDS = (
    "vectors.faiss", "paragraphs.npz", "sentences.npy", "space.npz", "words.npz",
)  # fmt: skip

_ROWS_PER_BLOCK = 250  # of vectors that a core compares with one query after another: they stay in its cache meanwhile
_ROWS_AT_ONCE = 16 * _ROWS_PER_BLOCK  # whose products are put in place together, before they leave the cache
_BLOCKS_PER_PART = 40  # of a comparison that a core is worth being asked for: a millisecond's work

FORMAT = 6
"""Raised whenever the folder's contents change; an older generation is built anew."""


class GenerationError(Exception):
    """A generation is damaged, or was made by another model."""


class NoGeneration(GenerationError):
    """Nothing has been indexed yet."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides how vectors and words come out: two generations with one recipe and one archive state are equal.

    Attributes:
        model: Name of the model, as the keeper gave it.
        fingerprint: Hash of its weights.
        terms: Version of the term cutting.
        format: Version of the folder's contents.
    """

    model: str
    fingerprint: str
    terms: int
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Meta:
    """What ``meta.json`` says of a generation.

    Attributes:
        number: Counts from 1.
        recipe: What it was made with.
        dim: Width of the vectors.
        metric: Always "cosine": inner product of unit vectors.
        paragraphs: Rows.
        releases: Releases that the rows belong to.
        archive_state: `Store.state` when the rows were read.
        created_at: ISO 8601, UTC.
        names: For each field of the catalogue what occurs in it.
        checksums: SHA-256 by file name.
    """

    number: int
    recipe: Recipe
    dim: int
    metric: str
    paragraphs: int
    releases: int
    archive_state: int
    created_at: str
    names: dict[Field, tuple[str, ...]]
    checksums: dict[str, str]


@dataclass(frozen=True)
class Generation:
    """An opened generation. Row r of every array below is paragraph r of the index.

    Attributes:
        meta: What ``meta.json`` says.
        index: Inner-product index of vectors one wider than the model's: a unit vector, then the paragraph's hub offset.
        words: The lexical side of the same rows.
        space: Where the vectors lie.
        paragraph_ids: int64, shape (n,): row ids in the archive.
        layout: Which rows are of one release, and which are near-identical.
        catalog: What is known of each release.
        sentence_starts: int64, shape (n + 1,): row r's sentences are `sentence_starts[r]` to `sentence_starts[r + 1]`.
        sentence_spans: int32, shape (m, 2): where each sentence begins and ends in its paragraph.
        sentences: float16, shape (m, dim): their placed vectors, read from disk as needed.
        relevance: What tells an answer from none.
        map: Where the releases lie on the map; None for superseded text, of which none is drawn.
    """

    meta: Meta
    index: faiss.IndexFlat
    words: lexical.Words
    space: Space
    paragraph_ids: np.ndarray
    layout: Layout
    catalog: Catalog
    sentence_starts: np.ndarray
    sentence_spans: np.ndarray
    sentences: np.ndarray
    relevance: Relevance
    map: Map | None

    @property
    def nbytes(self) -> int:
        """Memory that the generation takes, but for what is read from disk as needed, in bytes."""
        return int(self._matrix.nbytes + self.sentence_spans.nbytes + 4 * self.paragraph_ids.nbytes + self.words.nbytes)

    @property
    def releases(self) -> np.ndarray:
        """Which release a row belongs to, counted from 0 and never falling: int32, shape (n,)."""
        return self.layout.releases

    def similarities(self, queries: Matrix) -> Matrix:
        """Compare queries with every paragraph.

        FAISS's own search spends twice as long on one query, and would still leave out what a count over all of them needs. The
        cores share the work, but none waits for another as those of a BLAS do. Vectors are read from memory once for all
        queries, a block at a time, and each query is compared with a block by itself: what it finds is the same to the last
        bit whatever is asked beside it.

        Args:
            queries: Placed, float32, shape (q, dim), at least one, unit rows.

        Returns:
            Cosines less hub offsets: float32, shape (q, n).

        Raises:
            ValueError: The queries have the wrong shape.
        """
        if queries.ndim != 2 or not len(queries) or queries.shape[1] != self.meta.dim:
            raise ValueError(f"expected shape (q, {self.meta.dim}) with q of 1 or more, got {queries.shape}")
        extended = np.column_stack([queries, np.full(len(queries), -1, dtype=np.float32)])
        found = np.empty((len(queries), len(self._matrix)), dtype=np.float32)
        whole = len(self._matrix) // _ROWS_PER_BLOCK
        parts = max(min(cores(), whole // _BLOCKS_PER_PART), 1)
        bounds = (np.linspace(0, whole, parts + 1).astype(int) * _ROWS_PER_BLOCK).tolist()
        pairs = [*pairwise(bounds), (bounds[-1], len(self._matrix))]  # the last rows may be less than a block

        def compare(start: int, end: int) -> None:
            for first in range(start, end, _ROWS_AT_ONCE):
                last = min(first + _ROWS_AT_ONCE, end)
                rows = min(_ROWS_PER_BLOCK, last - first)
                blocks = self._matrix[first:last].reshape(-1, 1, rows, self.meta.dim + 1)
                products = np.matmul(blocks, extended[:, :, None])[..., 0]
                found[:, first:last] = products.transpose(1, 0, 2).reshape(len(queries), -1)

        pending = [_pool().submit(compare, *pair) for pair in pairs[:-2]]
        for start, end in pairs[-2:]:
            if start < end:
                compare(start, end)
        for part in pending:
            part.result()
        return found

    def vectors(self, rows: np.ndarray) -> Matrix:
        """Placed vectors of some rows: float32, shape (len(rows), dim)."""
        return np.asarray(self._matrix[rows, :-1])

    def offsets(self, rows: np.ndarray) -> np.ndarray:
        """Hub offsets of some rows: float32, shape (len(rows),)."""
        return np.asarray(self._matrix[rows, -1])

    def containing(self, phrase: Phrase) -> np.ndarray:
        """Which rows contain terms one after another, in text or title: bool, shape (n,)."""
        found = np.zeros(len(self.paragraph_ids), dtype=bool)
        found[self.words.containing(phrase)] = True
        return found

    def satisfying(self, wanted: Wanted) -> np.ndarray | None:
        """Which rows contain all that a query requires and nothing that it excludes: bool, shape (n,); None for all."""
        if not wanted.required and not wanted.excluded:
            return None
        passing = np.ones(len(self.paragraph_ids), dtype=bool)
        for phrase in wanted.required:
            passing &= self.containing(phrase)
        for phrase in wanted.excluded:
            passing &= ~self.containing(phrase)
        return passing

    def best_sentence(self, query: Matrix, row: int) -> Span | None:
        """Where in a paragraph the sentence stands that is most similar to a query; None where it has but one."""
        start, end = self.sentence_starts[row : row + 2]
        if end - start < 2:
            return None
        place = start + int(np.argmax(self.sentences[start:end].astype(np.float32) @ query[0]))
        first, last = self.sentence_spans[place].tolist()
        return first, last

    def rows_of(self, paragraph_ids: np.ndarray) -> np.ndarray:
        """Rows of paragraphs: int64, the shape of `paragraph_ids`; -1 for those that are not in this generation."""
        order = self._by_id
        places = np.minimum(np.searchsorted(self.paragraph_ids, paragraph_ids, sorter=order), len(order) - 1)
        rows = order[places]
        return np.where(self.paragraph_ids[rows] == paragraph_ids, rows, -1)

    @cached_property
    def release_vectors(self) -> Matrix:
        """Mean of each release's placed vectors, scaled to unit length: float32, shape (releases, dim)."""
        return unit(np.add.reduceat(self._matrix[:, :-1], self.layout.starts, axis=0))

    @cached_property
    def _by_id(self) -> np.ndarray:
        return np.argsort(self.paragraph_ids, kind="stable")

    @cached_property
    def _matrix(self) -> np.ndarray:
        """The vectors as FAISS holds them, without a copy: float32, shape (n, dim + 1)."""
        view = faiss.rev_swig_ptr(self.index.get_xb(), self.index.ntotal * self.index.d)
        return np.asarray(view).reshape(self.index.ntotal, self.index.d)


def current_number(folder: Path) -> int | None:
    """Number of the live generation below a folder; None where nothing has been published.

    Raises:
        GenerationError: The pointer holds no number.
    """
    try:
        text = (folder / POINTER).read_bytes()
    except (FileNotFoundError, NotADirectoryError):  # the latter where the data folder is a file: its archive will say so
        return None
    try:
        return int(text)
    except ValueError as error:
        raise GenerationError(f"{folder / POINTER} is damaged ({text[:20]!r}): delete it and run telusur index") from error


def read_meta(folder: Path) -> Meta | None:
    """What the live generation says of itself, without opening it; None where there is none or it is unreadable."""
    number = current_number(folder)
    if number is None:
        return None
    try:
        return _parse_meta((path_of(folder, number) / META).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def load(folder: Path) -> Generation:
    """Open the live generation and verify its checksums.

    Raises:
        NoGeneration: Nothing has been indexed yet.
        GenerationError: A file is missing or damaged.
    """
    while True:
        number = current_number(folder)
        if number is None:
            raise NoGeneration(f"{folder} holds no index yet: run telusur index")
        try:
            return open_at(path_of(folder, number))
        except (FileNotFoundError, GenerationError) as error:
            # Between pointer and files, a builder may have published others and tidied this one away.
            if current_number(folder) != number:
                continue
            if isinstance(error, FileNotFoundError):
                raise GenerationError(f"{error.filename} is missing: run telusur index --rebuild") from error
            raise


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), "compare")


def path_of(folder: Path, number: int) -> Path:
    """The folder of one generation."""
    return folder / f"{number:06d}"


def open_at(path: Path) -> Generation:
    """Open one generation and verify its checksums.

    Raises:
        FileNotFoundError: A file is missing.
        GenerationError: A file is damaged, or has another format.
    """
    meta_file = path / META
    try:
        meta = _parse_meta(meta_file.read_text(encoding="utf-8"))
    except (ValueError, TypeError, KeyError) as error:
        raise GenerationError(f"{meta_file} is damaged: run telusur index --rebuild") from error
    if meta.recipe.format != FORMAT:
        raise GenerationError(f"{path} has format {meta.recipe.format}, this Telusur reads {FORMAT}: run telusur index")
    for name, expected in meta.checksums.items():
        if checksum(path / name) != expected:
            raise GenerationError(f"{path / name} is damaged (its checksum differs): run telusur index --rebuild")
    with np.load(path / PARAGRAPHS, allow_pickle=False) as arrays:
        columns = dict(arrays)
    codes = {field: columns.pop(field) for field in FIELDS}
    releases = columns.pop("releases")
    starts = np.flatnonzero(np.diff(releases, prepend=-1))
    with np.load(path / SPACE, allow_pickle=False) as arrays:
        space = Space(**{field.name: arrays[field.name] for field in fields(Space)})
        lines = {name: float(arrays[name]) for name in ("query_line", "hit_line")}
        found = Relevance(questions=arrays["questions"], evidence=arrays["evidence"], **lines)
    return Generation(
        meta=meta,
        index=_read_index(path / VECTORS),
        words=_read_words(path / WORDS, meta.paragraphs),
        layout=Layout(releases, starts, columns.pop("groups")),
        catalog=Catalog(columns.pop("days"), codes, meta.names),
        space=space,
        relevance=found,
        map=cartography.read(path / MAP) if MAP in meta.checksums else None,
        sentences=np.load(path / SENTENCES, mmap_mode="r", allow_pickle=False),
        **columns,
    )


def write_vectors(vectors: Matrix, offsets: np.ndarray, path: Path) -> None:
    """Write the file of vectors.

    Args:
        vectors: Placed, float32, shape (n, dim).
        offsets: Hub offsets, float32, shape (n,).
        path: File that does not exist yet.

    Raises:
        GenerationError: It cannot be written.
    """
    index = faiss.IndexFlatIP(vectors.shape[1] + 1)
    index.add(np.column_stack([vectors, offsets]))
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise _unwritable(path) from error


def write_words(paragraphs: Iterable[tuple[str, str]], path: Path) -> None:
    """Write the file of words.

    Args:
        paragraphs: Title and text of each, in the order of the rows.
        path: File that does not exist yet.

    Raises:
        GenerationError: It cannot be written.
    """
    try:
        lexical.build(path, paragraphs)
    except OSError as error:
        raise _unwritable(path) from error


def _unwritable(path: Path) -> GenerationError:
    return GenerationError(f"{path} cannot be written: make room, then run telusur index again")


def _read_index(path: Path) -> faiss.IndexFlat:
    try:
        return cast("faiss.IndexFlat", faiss.read_index(str(path)))
    except RuntimeError as error:  # vanished meanwhile, or cut short by a full disk, which faiss does not notice
        raise _unreadable(path) from error


def _read_words(path: Path, count: int) -> lexical.Words:
    try:
        return lexical.Words(path, count)
    except (ValueError, KeyError, EOFError, BadZipFile) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> GenerationError:
    return GenerationError(f"{path} cannot be read: see that the disk has room, then run telusur index --rebuild")


def _parse_meta(text: str) -> Meta:
    found = json.loads(text)
    names = {field: tuple(found["names"][field]) for field in FIELDS}
    return Meta(**{**found, "recipe": Recipe(**found["recipe"]), "names": names})


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
