"""One finished build of the index: an immutable, numbered folder that readers find through a pointer.

Folder ``000007`` holds ``vectors.faiss``, ``paragraphs.npz`` (which paragraph, release, date and topic each row stands for),
``words.sqlite`` and ``meta.json`` with the checksums of the others. It is built aside, verified and renamed; the file
``CURRENT`` beside it names the live one and is itself replaced by a rename, so a reader meets all of a build or nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import faiss
import numpy as np

from archive import DatabaseError, IndexRow
from index import lexical
from index.encoder import Matrix

POINTER = "CURRENT"
_META, _VECTORS, _PARAGRAPHS, _WORDS = "meta.json", "vectors.faiss", "paragraphs.npz", "words.sqlite"
_KEPT = 3  # the live one, and two that a reader may still be opening

FORMAT = 1
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
        topics: Names of the topics, by code.
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
    topics: tuple[str, ...]
    checksums: dict[str, str]


@dataclass(frozen=True)
class Generation:
    """An opened generation. Row r of every array below is paragraph r of the index.

    Attributes:
        meta: What ``meta.json`` says.
        index: Inner-product index of unit vectors.
        words: The lexical side of the same rows.
        paragraph_ids: int64, shape (n,): row ids in the archive.
        releases: int32, shape (n,): which release a row belongs to, counted from 0 and never falling.
        days: int32, shape (n,): date of publication as a proleptic Gregorian ordinal, 0 where unknown.
        topics: int32, shape (n,): position in `meta.topics`, -1 where unknown.
    """

    meta: Meta
    index: faiss.Index
    words: lexical.Words
    paragraph_ids: np.ndarray
    releases: np.ndarray
    days: np.ndarray
    topics: np.ndarray

    def nearest(self, queries: Matrix, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Find the paragraphs closest to each query, best first.

        Args:
            queries: float32, shape (q, dim); every row has unit length.
            k: Hits wanted per query, at least 1.
            allowed: bool, shape (n,); False rows are left out before anything is compared. None allows all.

        Returns:
            rows (int64) and cosines (float32), both of shape (q, m), where m = min(k, allowed rows).

        Raises:
            ValueError: k < 1, or queries have the wrong width.
        """
        if k < 1:
            raise ValueError(f"need k >= 1: {k=}")
        if queries.ndim != 2 or queries.shape[1] != self.index.d:
            raise ValueError(f"expected shape (n, {self.index.d}), got {queries.shape}")
        if allowed is None:
            cosines, rows = self.index.search(queries, min(k, self.index.ntotal))
            return rows, cosines
        # FAISS pads missing hits with id -1, so never ask for more than may come back.
        m = min(k, int(allowed.sum()))
        if m == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        bitmap = np.packbits(allowed, bitorder="little")
        # The stubs describe C++, not the wrappers that faiss puts around these two constructors.
        selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg,arg-type]
        parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        cosines, rows = self.index.search(queries, m, params=parameters)
        return rows, cosines

    def vectors(self, rows: np.ndarray) -> Matrix:
        """Vectors of some rows: float32, shape (len(rows), dim)."""
        return np.asarray(self.index.reconstruct_batch(rows))

    def allowed(self, since: date | None = None, until: date | None = None, topics: Sequence[str] = ()) -> np.ndarray | None:
        """Which rows pass the filters: bool, shape (n,), or None where no filter is set.

        Args:
            since: First day of publication wanted; releases without a date fall out.
            until: Last day wanted, likewise.
            topics: Names, any of which is wanted.
        """
        if since is None and until is None and not topics:
            return None
        passing = np.ones(len(self.paragraph_ids), dtype=bool)
        if since is not None:
            passing &= self.days >= since.toordinal()
        if until is not None:
            passing &= (self.days <= until.toordinal()) & (self.days > 0)
        if topics:
            codes = [code for code, name in enumerate(self.meta.topics) if name in topics]
            passing &= np.isin(self.topics, codes)
        return passing


def current_number(folder: Path) -> int | None:
    """Number of the live generation below a folder; None where nothing has been published.

    Raises:
        GenerationError: The pointer holds no number.
    """
    try:
        text = (folder / POINTER).read_bytes()
    except FileNotFoundError:
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
        return _parse_meta((_path(folder, number) / _META).read_text(encoding="utf-8"))
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
            return _open(_path(folder, number))
        except (FileNotFoundError, GenerationError, DatabaseError) as error:
            # Between pointer and files, a builder may have published others and tidied this one away.
            if current_number(folder) != number:
                continue
            if isinstance(error, FileNotFoundError):
                raise GenerationError(f"{error.filename} is missing: run telusur index --rebuild") from error
            raise


def publish(folder: Path, recipe: Recipe, rows: Sequence[IndexRow], vectors: Matrix, archive_state: int) -> Meta:
    """Build the next generation aside, verify it, and make it the live one.

    The caller holds the folder's lock: two builders would take the same number.

    Args:
        folder: Holds all generations.
        recipe: What the vectors and words were made with.
        rows: The paragraphs, at least one, those of a release together.
        vectors: float32, shape (len(rows), dim); every row has unit length.
        archive_state: `Store.state` when the rows were read.

    Raises:
        ValueError: There are no rows, or not one vector for each.
        GenerationError: The vectors cannot be written, or do not read back.
        DatabaseError: The words cannot be written.
    """
    if not rows or len(rows) != len(vectors):
        raise ValueError(f"need one vector for each of at least one row: {len(rows)} rows, {len(vectors)} vectors")
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    number = max([0, *(int(path.name) for path in folder.iterdir() if path.name.isdigit())]) + 1
    workshop = folder / f".building-{number:06d}"
    workshop.mkdir()
    try:
        arrays, topics = _describe(rows)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        _write_index(index, workshop / _VECTORS)
        np.savez(workshop / _PARAGRAPHS, allow_pickle=False, **arrays)
        lexical.build(workshop / _WORDS, ((row.title, row.text) for row in rows))
        checksums = {name: _checksum(workshop / name) for name in (_VECTORS, _PARAGRAPHS, _WORDS)}
        meta = Meta(
            number=number,
            recipe=recipe,
            dim=vectors.shape[1],
            metric="cosine",
            paragraphs=len(rows),
            releases=int(arrays["releases"][-1]) + 1,
            archive_state=archive_state,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            topics=topics,
            checksums=checksums,
        )
        (workshop / _META).write_text(json.dumps(asdict(meta), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for path in workshop.iterdir():
            _sync(path)
        _open(workshop).words.close()
        workshop.rename(_path(folder, number))
        _sync(folder)
        _point(folder, number)
    except BaseException:
        shutil.rmtree(workshop, ignore_errors=True)
        raise
    _tidy(folder, number)
    return meta


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}"


def _describe(rows: Sequence[IndexRow]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    topics = sorted({row.topic for row in rows if row.topic is not None})
    codes = {topic: code for code, topic in enumerate(topics)}
    keys = np.array([row.release_key for row in rows], dtype=np.int64)
    starts = np.concatenate([[False], keys[1:] != keys[:-1]])
    arrays: dict[str, np.ndarray] = {
        "paragraph_ids": np.array([row.paragraph_id for row in rows], dtype=np.int64),
        "releases": np.cumsum(starts, dtype=np.int32),
        "days": np.array([_day(row.published) for row in rows], dtype=np.int32),
        "topics": np.array([-1 if row.topic is None else codes[row.topic] for row in rows], dtype=np.int32),
    }
    return arrays, tuple(topics)


def _day(published: str | None) -> int:
    return date.fromisoformat(published[:10]).toordinal() if published else 0


def _open(path: Path) -> Generation:
    meta_file = path / _META
    try:
        meta = _parse_meta(meta_file.read_text(encoding="utf-8"))
    except (ValueError, TypeError, KeyError) as error:
        raise GenerationError(f"{meta_file} is damaged: run telusur index --rebuild") from error
    if meta.recipe.format != FORMAT:
        raise GenerationError(f"{path} has format {meta.recipe.format}, this Telusur reads {FORMAT}: run telusur index")
    for name, expected in meta.checksums.items():
        if _checksum(path / name) != expected:
            raise GenerationError(f"{path / name} is damaged (its checksum differs): run telusur index --rebuild")
    with np.load(path / _PARAGRAPHS, allow_pickle=False) as arrays:
        columns = {name: arrays[name] for name in ("paragraph_ids", "releases", "days", "topics")}
    index = _read_index(path / _VECTORS)
    return Generation(meta=meta, index=index, words=lexical.Words(path / _WORDS), **columns)


def _write_index(index: faiss.Index, path: Path) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise GenerationError(f"{path} cannot be written: make room, then run telusur index again") from error


def _read_index(path: Path) -> faiss.Index:
    try:
        return faiss.read_index(str(path))
    except RuntimeError as error:  # vanished meanwhile, or cut short by a full disk, which faiss does not notice
        raise GenerationError(f"{path} cannot be read: see that the disk has room, then run telusur index --rebuild") from error


def _parse_meta(text: str) -> Meta:
    fields = json.loads(text)
    return Meta(**{**fields, "recipe": Recipe(**fields["recipe"]), "topics": tuple(fields["topics"])})


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _point(folder: Path, number: int) -> None:
    aside = folder / f".{POINTER}"
    aside.write_text(f"{number}\n", encoding="ascii")
    _sync(aside)
    aside.replace(folder / POINTER)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what killed builds left."""
    for path in folder.glob(".building-*"):
        shutil.rmtree(path, ignore_errors=True)


def _tidy(folder: Path, number: int) -> None:
    """Remove generations that no reader opens any more; one that is open stays readable until it is closed."""
    for path in folder.iterdir():
        if path.name.isdigit() and int(path.name) <= number - _KEPT:
            shutil.rmtree(path, ignore_errors=True)
