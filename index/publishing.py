"""Make the next generation: built aside, verified, then published by one rename."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from archive import IndexRow
from index import cartography, duplicates, filters, generation, lexical, ranking, relevance
from index.cartography import Map
from index.encoder import Matrix, unit
from index.filters import Field
from index.generation import POINTER, Meta, Recipe
from index.relevance import Relevance
from index.sentences import Span
from index.space import Space

_KEPT = 3  # the live one, and two that a reader may still be opening


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


def publish(folder: Path, recipe: Recipe, contents: Contents, archive_state: int, with_map: bool = True) -> Meta:
    """Build the next generation aside, verify it, and make it the live one.

    The caller holds the folder's lock: two builders would take the same number.

    Args:
        folder: Holds all generations.
        recipe: What the vectors and words were made with.
        contents: What goes in.
        archive_state: `Store.state` when the rows were read.
        with_map: Whether to draw the map of the releases too; on it, what the live generation shows stays where it is.

    Raises:
        ValueError: There are no rows, or not one vector for each.
        GenerationError: Vectors or words cannot be written, or do not read back.
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
        generation.write_vectors(vectors, contents.offsets, workshop / generation.VECTORS)
        np.savez(workshop / generation.PARAGRAPHS, allow_pickle=False, **arrays)
        np.save(workshop / generation.SENTENCES, contents.sentences.astype(np.float16), allow_pickle=False)
        generation.write_words(((row.title, row.text) for row in rows), workshop / generation.WORDS)
        found = _calibrate(lexical.Words(workshop / generation.WORDS, len(rows)), contents)
        np.savez(workshop / generation.SPACE, allow_pickle=False, **asdict(contents.space), **asdict(found))
        files = [*generation.FILES]
        if with_map:
            drawn = _draw_map(contents, np.flatnonzero(np.diff(arrays["releases"], prepend=-1)), _live_map(folder, recipe))
            cartography.write(drawn, workshop / generation.MAP)
            files.append(generation.MAP)
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
            checksums={name: generation.checksum(workshop / name) for name in files},
        )
        (workshop / generation.META).write_text(json.dumps(asdict(meta), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for path in workshop.iterdir():
            _sync(path)
        generation.open_at(workshop)
        workshop.rename(generation.path_of(folder, number))
        _sync(folder)
        _point(folder, number)
    except BaseException:
        shutil.rmtree(workshop, ignore_errors=True)
        raise
    _tidy(folder, number)
    return meta


def _draw_map(contents: Contents, starts: np.ndarray, before: Map | None) -> Map:
    rows = contents.rows
    bounds = pairwise([*starts.tolist(), len(rows)])
    texts = ["\n".join([rows[start].title, *(row.text for row in rows[start:end])]) for start, end in bounds]
    return cartography.draw(unit(np.add.reduceat(contents.vectors, starts, axis=0)), texts, before)


def _live_map(folder: Path, recipe: Recipe) -> Map | None:
    """The map of the live generation, if the same model made it."""
    live = generation.read_meta(folder)
    if live is None or live.recipe != recipe:
        return None
    try:
        return cartography.read(generation.path_of(folder, live.number) / generation.MAP)
    except (OSError, ValueError, KeyError, BadZipFile):
        return None  # damaged, which the next reader will say; a map can be drawn anew


def _calibrate(words: lexical.Words, contents: Contents) -> Relevance:
    """Ask the questions from elsewhere and see what they find."""
    nearest, shares, best_scores = [], [], []
    for query, text in zip(contents.questions, contents.question_texts, strict=True):
        similarities = contents.vectors @ query - contents.offsets
        matches = words.best(text)
        matched = ranking.shares(matches.bm25, matches.coverage)
        own = ranking.score(similarities[matches.rows], matched)
        nearest.append(np.partition(similarities, -min(relevance.TOP, len(similarities)))[-relevance.TOP :])
        shares.append(matched)
        best_scores.append(float(max(similarities.max(), own.max(initial=-1.0))))
    return relevance.calibrate(contents.questions, nearest, shares, best_scores)


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
