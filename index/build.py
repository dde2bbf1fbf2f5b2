"""Bring the index up to date with the archive: embed what is new, publish the next generation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from filelock import FileLock

from archive import IndexRow, Store
from index import generation, terms
from index.cache import VectorCache, digest
from index.encoder import Matrix
from index.generation import Meta, Recipe
from index.model import Model

_CHUNK = 256
"""Paragraphs embedded before they are written down: what a killed build may lose."""


class ParagraphEncoder(Protocol):
    """What a build needs of an encoder."""

    dim: int

    def encode_paragraphs(self, texts: Sequence[str]) -> Matrix:
        """Embed paragraphs: float32, shape (len(texts), dim), rows of unit length."""


class NothingToIndex(Exception):
    """The archive holds no live release."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an update did.

    Attributes:
        meta: The live generation.
        embedded: Texts that went through the model.
        published: False where the live generation was up to date already.
    """

    meta: Meta
    embedded: int
    published: bool


class Progress(Protocol):
    """A progress bar, as tqdm makes one."""

    def update(self, n: int) -> object:
        """Count n more."""


def data_paths(data: Path) -> tuple[Path, Path, Path]:
    """Where a data folder keeps its archive, its vector cache and its generations."""
    return data / "archive.sqlite", data / "vectors.sqlite", data / "index"


def update(
    data: Path,
    store: Store,
    model: Model,
    load_encoder: Callable[[], ParagraphEncoder],
    start_progress: Callable[[int], Progress],
    rebuild: bool = False,
) -> Outcome:
    """Embed what is new and publish the next generation, unless the live one is up to date.

    Another process that does the same is waited for. A kill loses at most `_CHUNK` vectors; the live generation stays.

    Args:
        data: The data folder.
        store: Its archive.
        model: What to embed with.
        load_encoder: Called only if something must be embedded.
        start_progress: Called with the number of texts to embed, if there are any.
        rebuild: Publish even if nothing has changed.

    Raises:
        NothingToIndex: The archive holds no live release.
        GenerationError: What was written does not read back.
        DatabaseError: Archive or cache cannot be read or written.
    """
    _, cache_file, folder = data_paths(data)
    recipe = Recipe(model.name, model.fingerprint, terms.VERSION)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        # The state is read before the rows: what is imported in between is indexed now and looked at again by the next run.
        state = store.state()
        live = generation.read_meta(folder)
        if live and not rebuild and live.recipe == recipe and live.archive_state == state:
            return Outcome(live, embedded=0, published=False)
        rows = list(store.live_paragraphs())
        if not rows:
            raise NothingToIndex("the archive holds no releases: run telusur import first")
        cache = VectorCache(cache_file)
        try:
            vectors, embedded = _vectors(rows, model.fingerprint, cache, load_encoder, start_progress)
        finally:
            cache.close()
        return Outcome(generation.publish(folder, recipe, rows, vectors, state), embedded, published=True)


def _vectors(
    rows: Sequence[IndexRow],
    fingerprint: str,
    cache: VectorCache,
    load_encoder: Callable[[], ParagraphEncoder],
    start_progress: Callable[[int], Progress],
) -> tuple[Matrix, int]:
    """One vector a row, and how many of the different texts had to be embedded."""
    texts = {digest(row.text): row.text for row in rows}
    space = f"{fingerprint} paragraph"
    known = cache.known(space, texts)
    # Of one length a chunk, so that hardly any padding is computed; the longest first, so that time left is not underrated.
    missing = sorted((key for key in texts if key not in known), key=lambda key: len(texts[key]), reverse=True)
    if missing:
        encoder = load_encoder()
        progress = start_progress(len(missing))
        for start in range(0, len(missing), _CHUNK):
            keys = missing[start : start + _CHUNK]
            made = encoder.encode_paragraphs([texts[key] for key in keys])
            cache.keep(space, keys, made)
            known.update(zip(keys, made, strict=True))
            progress.update(len(keys))
    return np.stack([known[digest(row.text)] for row in rows]), len(missing)
