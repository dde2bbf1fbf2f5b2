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
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np

from archive import DatabaseError, IndexRow
from index import duplicates, lexical, ranking, relevance
from index.encoder import Matrix, unit
from index.query_syntax import Phrase, Wanted
from index.relevance import Relevance
from index.sentences import Span
from index.space import Space

POINTER = "CURRENT"
_META = "meta.json"
_FILES = _VECTORS, _PARAGRAPHS, _SENTENCES, _SPACE, _WORDS = (
    "vectors.faiss", "paragraphs.npz", "sentences.npy", "space.npz", "words.sqlite",
)  # fmt: skip
_KEPT = 3  # the live one, and two that a reader may still be opening

FORMAT = 3
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
        releases: int32, shape (n,): which release a row belongs to, counted from 0 and never falling.
        days: int32, shape (n,): date of publication as a proleptic Gregorian ordinal, 0 where unknown.
        topics: int32, shape (n,): position in `meta.topics`, -1 where unknown.
        groups: int32, shape (n,): paragraphs that are near-identical share a number.
        sentence_starts: int64, shape (n + 1,): row r's sentences are `sentence_starts[r]` to `sentence_starts[r + 1]`.
        sentence_spans: int32, shape (m, 2): where each sentence begins and ends in its paragraph.
        sentences: float16, shape (m, dim): their placed vectors, read from disk as needed.
    """

    meta: Meta
    index: faiss.Index
    words: lexical.Words
    space: Space
    paragraph_ids: np.ndarray
    releases: np.ndarray
    days: np.ndarray
    topics: np.ndarray
    groups: np.ndarray
    sentence_starts: np.ndarray
    sentence_spans: np.ndarray
    sentences: np.ndarray
    relevance: Relevance

    def nearest(self, query: Matrix, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Find the paragraphs closest to a query, best first.

        Args:
            query: Placed, float32, shape (1, dim), unit length.
            k: Paragraphs wanted, at least 1.
            allowed: bool, shape (n,); False rows are left out before anything is compared. None allows all.

        Returns:
            rows (int64) and cosines less hub offsets (float32), both of shape (m,), where m = min(k, allowed rows).

        Raises:
            ValueError: k < 1, or the query has the wrong shape.
        """
        if k < 1:
            raise ValueError(f"need k >= 1: {k=}")
        # FAISS pads missing hits with id -1, so never ask for more than may come back.
        k = min(k, self.index.ntotal if allowed is None else int(allowed.sum()))
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        cosines, rows = self.index.search(self._with_offset(query), k, params=_only(allowed))
        return rows[0], cosines[0]

    def within(self, query: Matrix, least: float, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Find all paragraphs whose cosine less hub offset is above `least`: as `nearest`, but in no order."""
        _, cosines, rows = self.index.range_search(self._with_offset(query), least, params=_only(allowed))
        return rows, cosines

    def vectors(self, rows: np.ndarray) -> Matrix:
        """Placed vectors of some rows: float32, shape (len(rows), dim)."""
        return np.asarray(self.index.reconstruct_batch(rows))[:, :-1]

    def offsets(self, rows: np.ndarray) -> np.ndarray:
        """Hub offsets of some rows: float32, shape (len(rows),)."""
        return np.asarray(self.index.reconstruct_batch(rows))[:, -1]

    def cosines(self, query: Matrix, rows: np.ndarray) -> np.ndarray:
        """Cosines less hub offsets of some rows, as `nearest` gives them: float32, shape (len(rows),)."""
        return np.asarray(self.index.reconstruct_batch(rows) @ self._with_offset(query)[0])

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
        starts = np.flatnonzero(np.diff(self.releases, prepend=-1))
        return unit(np.add.reduceat(self.vectors(np.arange(len(self.releases))), starts, axis=0))

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

    @cached_property
    def _by_id(self) -> np.ndarray:
        return np.argsort(self.paragraph_ids, kind="stable")

    def _with_offset(self, query: Matrix) -> Matrix:
        """A query as the index compares it: its inner product with (vector, offset) is cosine minus offset."""
        if query.shape != (1, self.meta.dim):
            raise ValueError(f"expected shape (1, {self.meta.dim}), got {query.shape}")
        return np.column_stack([query, np.full(1, -1, dtype=np.float32)])


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
        arrays, topics = _describe(contents)
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
            topics=topics,
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


def _describe(contents: Contents) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    rows = contents.rows
    topics = sorted({row.topic for row in rows if row.topic is not None})
    codes = {topic: code for code, topic in enumerate(topics)}
    keys = np.array([row.release_key for row in rows], dtype=np.int64)
    starts = np.concatenate([[False], keys[1:] != keys[:-1]])
    spans = [span for own in contents.sentence_spans for span in own]
    arrays: dict[str, np.ndarray] = {
        "paragraph_ids": np.array([row.paragraph_id for row in rows], dtype=np.int64),
        "releases": np.cumsum(starts, dtype=np.int32),
        "days": np.array([_day(row.published) for row in rows], dtype=np.int32),
        "topics": np.array([-1 if row.topic is None else codes[row.topic] for row in rows], dtype=np.int32),
        "groups": duplicates.groups([row.text for row in rows]),
        "sentence_starts": np.cumsum([0, *map(len, contents.sentence_spans)], dtype=np.int64),
        "sentence_spans": np.array(spans, dtype=np.int32).reshape(-1, 2),
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
        columns = dict(arrays)
    with np.load(path / _SPACE, allow_pickle=False) as arrays:
        space = Space(**{field.name: arrays[field.name] for field in fields(Space)})
        lines = {name: float(arrays[name]) for name in ("query_line", "hit_line")}
        found = Relevance(questions=arrays["questions"], evidence=arrays["evidence"], **lines)
    return Generation(
        meta=meta,
        index=_read_index(path / _VECTORS),
        words=lexical.Words(path / _WORDS, meta.paragraphs),
        space=space,
        relevance=found,
        sentences=np.load(path / _SENTENCES, mmap_mode="r", allow_pickle=False),
        **columns,
    )


def _only(allowed: np.ndarray | None) -> faiss.SearchParameters | None:
    if allowed is None:
        return None
    bitmap = np.packbits(allowed, bitorder="little")
    # The stubs describe C++, not the wrappers that faiss puts around these two constructors.
    selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg,arg-type]
    return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]


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
    found = json.loads(text)
    return Meta(**{**found, "recipe": Recipe(**found["recipe"]), "topics": tuple(found["topics"])})


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
