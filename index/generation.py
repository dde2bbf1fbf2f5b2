"""One finished build of the index: an immutable, numbered folder that readers find through a pointer.

Folder ``000007`` holds ``vectors.faiss``, ``paragraphs.npz`` (what each row stands for), ``sentences.npy``, ``space.npz``,
``words.sqlite`` and ``meta.json`` with the checksums of the others. It is built aside, verified and renamed; the file
``CURRENT`` beside it names the live one and is itself replaced by a rename, so a reader meets all of a build or nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import cast

import faiss
import numpy as np

from archive import DatabaseError, IndexRow
from index import duplicates, filters, lexical, ranking, relevance
from index.encoder import Matrix, unit
from index.filters import FIELDS, Catalog, Field
from index.query_syntax import Phrase, Wanted
from index.ranking import Layout
from index.relevance import Relevance
from index.sentences import Span
from index.space import Space

POINTER = "CURRENT"
_META = "meta.json"
_FILES = _VECTORS, _PARAGRAPHS, _SENTENCES, _SPACE, _WORDS = (
    "vectors.faiss", "paragraphs.npz", "sentences.npy", "space.npz", "words.sqlite",
)  # fmt: skip
_KEPT = 3  # the live one, and two that a reader may still be opening

FORMAT = 4
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
class Contents:
    """What goes into a generation; row r of everything is paragraph r.

    Attributes:
        rows: The paragraphs, at least one, those of a release together.
        space: Where the vectors lie.
        vectors: Placed vectors, float32, shape (n, dim); every row has unit length.
        offsets: Hub offsets, float32, shape (n,).
        sentence_spans: For each paragraph, the character spans of its sentences.
        sentences: Placed vectors of all those sentences in order, float32, shape (m, dim).
        questions: Placed vectors of questions from elsewhere, shape (q, dim), by which relevance is calibrated.
        question_texts: The texts of these questions.
    """

    rows: Sequence[IndexRow]
    space: Space
    vectors: Matrix
    offsets: np.ndarray
    sentence_spans: Sequence[Sequence[Span]]
    sentences: Matrix
    questions: Matrix
    question_texts: Sequence[str]


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

    @property
    def nbytes(self) -> int:
        """Memory that the generation takes, but for what is read from disk as needed, in bytes."""
        return int(self._matrix.nbytes + self.sentence_spans.nbytes + 4 * self.paragraph_ids.nbytes)

    @property
    def releases(self) -> np.ndarray:
        """Which release a row belongs to, counted from 0 and never falling: int32, shape (n,)."""
        return self.layout.releases

    def similarities(self, query: Matrix) -> np.ndarray:
        """Compare a query with every paragraph.

        FAISS's own search spends twice as long on one query, and would still leave out what a count over all of them needs.

        Args:
            query: Placed, float32, shape (1, dim), unit length.

        Returns:
            Cosines less hub offsets: float32, shape (n,).

        Raises:
            ValueError: The query has the wrong shape.
        """
        if query.shape != (1, self.meta.dim):
            raise ValueError(f"expected shape (1, {self.meta.dim}), got {query.shape}")
        return np.asarray(self._matrix @ np.append(query[0], np.float32(-1)))

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


def publish(folder: Path, recipe: Recipe, contents: Contents, archive_state: int) -> Meta:
    """Build the next generation aside, verify it, and make it the live one.

    The caller holds the folder's lock: two builders would take the same number.

    Args:
        folder: Holds all generations.
        recipe: What the vectors and words were made with.
        contents: What goes in.
        archive_state: `Store.state` when the rows were read.

    Raises:
        ValueError: There are no rows, or not one vector for each.
        GenerationError: The vectors cannot be written, or do not read back.
        DatabaseError: The words cannot be written.
    """
    rows, vectors = contents.rows, contents.vectors
    if not rows or len(rows) != len(vectors):
        raise ValueError(f"need one vector for each of at least one row: {len(rows)} rows, {len(vectors)} vectors")
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    number = max([0, *(int(path.name) for path in folder.iterdir() if path.name.isdigit())]) + 1
    workshop = folder / f".building-{number:06d}"
    workshop.mkdir()
    try:
        arrays, names = _describe(contents)
        index = faiss.IndexFlatIP(vectors.shape[1] + 1)
        index.add(np.column_stack([vectors, contents.offsets]))
        _write_index(index, workshop / _VECTORS)
        np.savez(workshop / _PARAGRAPHS, allow_pickle=False, **arrays)
        np.save(workshop / _SENTENCES, contents.sentences.astype(np.float16), allow_pickle=False)
        lexical.build(workshop / _WORDS, ((row.title, row.text) for row in rows))
        found = _calibrate(index, lexical.Words(workshop / _WORDS, len(rows)), contents)
        np.savez(workshop / _SPACE, allow_pickle=False, **asdict(contents.space), **asdict(found))
        meta = Meta(
            number=number,
            recipe=recipe,
            dim=vectors.shape[1],
            metric="cosine",
            paragraphs=len(rows),
            releases=int(arrays["releases"][-1]) + 1,
            archive_state=archive_state,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            names=names,
            checksums={name: _checksum(workshop / name) for name in _FILES},
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


def _calibrate(index: faiss.Index, words: lexical.Words, contents: Contents) -> Relevance:
    """Ask the questions from elsewhere and see what they find."""
    queries = np.column_stack([contents.questions, np.full(len(contents.questions), -1, np.float32)])
    cosines, _ = index.search(queries, min(relevance.TOP, index.ntotal))
    shares, best_scores = [], []
    for query, found, text in zip(queries, cosines, contents.question_texts, strict=True):
        matches = words.best(text)
        matched = ranking.shares(matches.bm25, matches.coverage)
        own = index.reconstruct_batch(matches.rows) @ query if len(matches.rows) else np.empty(0, np.float32)
        shares.append(matched)
        best_scores.append(float(max(found[0], ranking.score(own, matched).max(initial=-1.0))))
    words.close()
    return relevance.calibrate(contents.questions, list(cosines), shares, best_scores)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}"


def _describe(contents: Contents) -> tuple[dict[str, np.ndarray], dict[Field, tuple[str, ...]]]:
    rows = contents.rows
    keys = np.array([row.release_key for row in rows], dtype=np.int64)
    is_first = np.concatenate([[True], keys[1:] != keys[:-1]])
    catalog = filters.describe([rows[place] for place in np.flatnonzero(is_first).tolist()])
    spans = [span for own in contents.sentence_spans for span in own]
    arrays: dict[str, np.ndarray] = {
        "paragraph_ids": np.array([row.paragraph_id for row in rows], dtype=np.int64),
        "releases": np.cumsum(is_first, dtype=np.int32) - 1,
        "groups": duplicates.groups([row.text for row in rows]),
        "days": catalog.days,
        **dict(catalog.codes.items()),
        "sentence_starts": np.cumsum([0, *map(len, contents.sentence_spans)], dtype=np.int64),
        "sentence_spans": np.array(spans, dtype=np.int32).reshape(-1, 2),
    }
    return arrays, dict(catalog.names)


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
        columns = dict(arrays)
    codes = {field: columns.pop(field) for field in FIELDS}
    releases = columns.pop("releases")
    starts = np.flatnonzero(np.diff(releases, prepend=-1))
    with np.load(path / _SPACE, allow_pickle=False) as arrays:
        space = Space(**{field.name: arrays[field.name] for field in fields(Space)})
        lines = {name: float(arrays[name]) for name in ("query_line", "hit_line")}
        found = Relevance(questions=arrays["questions"], evidence=arrays["evidence"], **lines)
    return Generation(
        meta=meta,
        index=_read_index(path / _VECTORS),
        words=lexical.Words(path / _WORDS, meta.paragraphs),
        layout=Layout(releases, starts, columns.pop("groups")),
        catalog=Catalog(columns.pop("days"), codes, meta.names),
        space=space,
        relevance=found,
        sentences=np.load(path / _SENTENCES, mmap_mode="r", allow_pickle=False),
        **columns,
    )


def _write_index(index: faiss.Index, path: Path) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise GenerationError(f"{path} cannot be written: make room, then run telusur index again") from error


def _read_index(path: Path) -> faiss.IndexFlat:
    try:
        return cast("faiss.IndexFlat", faiss.read_index(str(path)))
    except RuntimeError as error:  # vanished meanwhile, or cut short by a full disk, which faiss does not notice
        raise GenerationError(f"{path} cannot be read: see that the disk has room, then run telusur index --rebuild") from error


def _parse_meta(text: str) -> Meta:
    found = json.loads(text)
    names = {field: tuple(found["names"][field]) for field in FIELDS}
    return Meta(**{**found, "recipe": Recipe(**found["recipe"]), "names": names})


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
