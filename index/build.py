"""Bring the index up to date with the archive: embed what is new, publish the next generation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol, TypeVar

import numpy as np
from filelock import FileLock

from archive import IndexRow, Store
from archive.history import SupersededVersion, superseded_versions
from index import generation, glossary, publishing, questions, sentences, space, terms
from index.cache import VectorCache, digest
from index.encoder import Matrix, unit
from index.generation import Generation, GenerationError, Meta, Recipe
from index.model import Model
from index.publishing import Contents
from index.sentences import Span
from index.space import Space

_CHUNK_CHARS = 100_000
"""Text embedded before its vectors are written down: what a killed build may lose, some seconds' work."""


class BuildEncoder(Protocol):
    """What a build needs of an encoder."""

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed questions."""

    def encode_alone(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Matrix]:
        """Embed paragraphs by themselves, each with its sentences."""

    def encode_in_context(self, releases: Sequence[Sequence[str]]) -> list[Matrix]:
        """Embed the paragraphs of whole releases."""


LoadEncoder = Callable[[Model], BuildEncoder]

Thing = TypeVar("Thing")


class NothingToIndex(Exception):
    """The archive holds no live release."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an update did.

    Attributes:
        meta: The live generation.
        embedded: Different paragraphs that went through the model by themselves.
        in_context: Releases that went through the model as a whole.
        published: False where the live generation was up to date already.
        superseded: The generation of superseded text; None where no release that is live ever said what it does not say now.
    """

    meta: Meta
    embedded: int
    in_context: int
    published: bool
    superseded: Meta | None = None


class Unplaced(NamedTuple):
    """The model's own vectors: of passages by themselves and in their releases, and of representative questions."""

    alone: Matrix
    in_context: Matrix
    asked: Matrix


class Reading(NamedTuple):
    """Paragraphs that go through the model as a whole, in order, and the places in it of those that are rows of an index."""

    texts: Sequence[str]
    places: Sequence[int]


class Progress(Protocol):
    """A progress bar, as tqdm makes one."""

    def update(self, n: int) -> object:
        """Count n more."""


StartProgress = Callable[[str, int], Progress]
"""Makes a progress bar from what is embedded and how many there are."""


def data_paths(data: Path) -> tuple[Path, Path, Path]:
    """Where a data folder keeps its archive, its vector cache and its generations."""
    return data / "archive.sqlite", data / "vectors.sqlite", data / "index"


def history_path(data: Path) -> Path:
    """Where a data folder keeps its generations of superseded text, apart from the live ones: found only by who asks for it."""
    return data / "history"


def update(
    data: Path,
    store: Store,
    model: Model,
    load_encoder: LoadEncoder,
    start_progress: StartProgress,
    rebuild: bool = False,
    generations: Path | None = None,
) -> Outcome:
    """Embed what is new and publish the next generation, unless the live one is up to date; the same for superseded text.

    Another process that does the same is waited for. A kill loses at most `_CHUNK_CHARS` of text; what was published stays.

    Args:
        data: The data folder.
        store: Its archive.
        model: What to embed with.
        load_encoder: Called only if something must be embedded, at most once for each model.
        start_progress: Called before anything is embedded.
        rebuild: Publish even if nothing has changed.
        generations: Folder to publish in, if not the data folder's own. Superseded text is left alone then.

    Raises:
        NothingToIndex: The archive holds no live release.
        GenerationError: What was written does not read back, or the live generation is damaged.
        DatabaseError: Archive or cache cannot be read or written.
    """
    _, cache_file, own_folder = data_paths(data)
    folder = generations or own_folder
    recipe = Recipe(model.name, model.fingerprint, terms.VERSION)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        # The state is read before the rows: what is imported in between is indexed now and looked at again by the next run.
        state = store.state()
        workshop = _Workshop(model, cache_file, load_encoder, start_progress)
        try:
            live = None if rebuild else _up_to_date(folder, recipe, state)
            meta = live or _publish_live(folder, store, recipe, state, workshop)
            superseded = None if generations else _update_history(data, store, recipe, state, workshop, rebuild)
        finally:
            workshop.close()
        return Outcome(meta, workshop.embedded, workshop.in_context, live is None, superseded)


def _up_to_date(folder: Path, recipe: Recipe, state: int) -> Meta | None:
    """What the live generation of a folder says of itself; None where it does not hold this state in this recipe."""
    live = generation.read_meta(folder)
    return live if live and live.recipe == recipe and live.archive_state == state else None


def _publish_live(folder: Path, store: Store, recipe: Recipe, state: int, workshop: _Workshop) -> Meta:
    rows = list(store.live_paragraphs())
    if not rows:
        raise NothingToIndex("the archive holds no releases: run telusur import first")
    return publishing.publish(folder, recipe, workshop.make(rows), state)


def _update_history(data: Path, store: Store, recipe: Recipe, state: int, workshop: _Workshop, rebuild: bool) -> Meta | None:
    """Publish what superseded versions say and no later one does, in the live generation's space; the caller holds its lock.

    That space is borrowed because the few paragraphs there are could not tell what all of them have in common.
    """
    folder = history_path(data)
    if not rebuild and (known := _up_to_date(folder, recipe, state)):
        return known
    versions = list(superseded_versions(store.database))
    if not versions:
        # Only the pointer goes. Numbers that started anew would hide what is published later from who has one of them open.
        (folder / generation.POINTER).unlink(missing_ok=True)
        return None
    live = generation.load(data_paths(data)[2])
    rows = [row for version in versions for row in version.rows]
    return publishing.publish(folder, recipe, workshop.make(rows, _read_whole(versions), live.space), state, with_map=False)


def indexed_rows(store: Store, live: Generation) -> list[IndexRow]:
    """The archive's paragraphs in the order of a generation's rows.

    Raises:
        GenerationError: The archive has changed since.
    """
    rows = list(store.live_paragraphs())
    if not np.array_equal(live.paragraph_ids, [row.paragraph_id for row in rows]):
        raise GenerationError(f"the archive has changed since generation {live.meta.number}: run telusur index")
    return rows


def read_unplaced(data: Path, model: Model, rows: Sequence[IndexRow]) -> Unplaced:
    """The model's own vectors of what is indexed, from the cache alone.

    Raises:
        GenerationError: The cache does not hold all of them.
        DatabaseError: The cache cannot be read.
    """
    _, cache_file, _ = data_paths(data)

    def refuse(*_missing: object) -> NoReturn:
        raise GenerationError(f"{cache_file} lacks vectors of this archive: run telusur index --rebuild")

    workshop = _Workshop(model, cache_file, refuse, refuse)
    try:
        return workshop.unplaced(rows)
    finally:
        workshop.close()


class _Workshop:
    """Makes the contents of generations: from the cache where it can, from the model where it must.

    A model that was tuned to ask reads only what readers would type. Paragraphs are its origin's, and so is all that places
    them, the mean of questions too: there, the tuned model learned to find them.
    """

    def __init__(self, model: Model, cache_file: Path, load_encoder: LoadEncoder, start_progress: StartProgress) -> None:
        self._model = model
        self._cache_file = cache_file
        self._load_encoder = load_encoder
        self._start_progress = start_progress
        self._encoders: dict[str, BuildEncoder] = {}
        self.embedded = 0
        self.in_context = 0

    def close(self) -> None:
        """Close the cache, if it was needed."""
        if "_cache" in self.__dict__:
            self._cache.close()

    @cached_property
    def _cache(self) -> VectorCache:
        return VectorCache(self._cache_file)

    def make(
        self, rows: Sequence[IndexRow], readings: Sequence[Reading] | None = None, borrowed: Space | None = None
    ) -> Contents:
        """Embed paragraphs and place them.

        Args:
            rows: The paragraphs, at least one, those of a release together.
            readings: What they stand in, in their order. None reads those of a release together, and nothing else with them.
            borrowed: Where to place them. None fits a space to them.
        """
        spans = {text: _sentences(text) for text in dict.fromkeys(row.text for row in rows)}
        alone = self._alone(spans)
        own, in_context, asked = self.unplaced(rows, alone, readings)
        elsewhere = questions.read(questions.ELSEWHERE)
        placing = borrowed or space.fit(own, in_context, asked)
        vectors = placing.place_passages(unit(own + in_context))
        return Contents(
            rows=rows,
            space=placing,
            vectors=vectors,
            offsets=space.hub_offsets(vectors, placing.place_queries(asked)),
            sentence_spans=[spans[row.text] for row in rows],
            sentences=placing.place_passages(np.concatenate([alone[row.text][1:] for row in rows])),
            questions=placing.place_queries(self._questions(self._model, elsewhere)),
            question_texts=elsewhere,
        )

    def unplaced(
        self,
        rows: Sequence[IndexRow],
        alone: dict[str, Matrix] | None = None,
        readings: Sequence[Reading] | None = None,
    ) -> Unplaced:
        """The model's own vectors, from which a space is fitted."""
        if alone is None:
            alone = self._alone({row.text: _sentences(row.text) for row in rows})
        own = np.stack([alone[row.text][0] for row in rows])
        asked = self._questions(self._model.of_passages, questions.read(questions.ASKED))
        return Unplaced(own, self._in_context(own, _read_by_release(rows) if readings is None else readings), asked)

    def _alone(self, spans: dict[str, list[Span]]) -> dict[str, Matrix]:
        """For each text its own vector and those of its sentences, shape (1 + sentences, dim)."""

        def encode(texts: list[str]) -> list[Matrix]:
            return self._loaded(of_passages).encode_alone(texts, [spans[text] for text in texts])

        of_passages = self._model.of_passages
        made, count = self._vectors(
            of_passages, f"paragraph {sentences.VERSION}", "paragraphs", {text: text for text in spans}, len, encode
        )
        self.embedded += count
        return made

    def _in_context(self, own: Matrix, readings: Sequence[Reading]) -> Matrix:
        """Each row's vector within what it stands in, shape of `own`; its own vector where it has no other context."""
        of_passages = self._model.of_passages
        if not of_passages.pools_tokens:
            return own
        texts = ["\n\n".join(reading.texts) for reading in readings]
        made, count = self._vectors(
            of_passages,
            "release",
            "releases in context",
            {text: list(reading.texts) for text, reading in zip(texts, readings, strict=True) if len(reading.texts) > 1},
            lambda paragraphs: sum(map(len, paragraphs)),
            lambda chunk: self._loaded(of_passages).encode_in_context(chunk),
        )
        self.in_context += count
        ends = np.cumsum([len(reading.places) for reading in readings])
        return np.concatenate(
            [
                made[text][list(reading.places)] if text in made else own[end - len(reading.places) : end]
                for text, reading, end in zip(texts, readings, ends.tolist(), strict=True)
            ]
        )

    def _questions(self, model: Model, texts: list[str]) -> Matrix:
        made, _ = self._vectors(
            model,
            "query",
            None,
            {text: text for text in texts},
            len,
            lambda chunk: list(self._loaded(model).encode_queries(chunk)[:, None]),
        )
        return np.concatenate([made[text] for text in texts])

    def _vectors(
        self,
        model: Model,
        use: str,
        label: str | None,
        things: dict[str, Thing],
        size: Callable[[Thing], int],
        encode: Callable[[list[Thing]], list[Matrix]],
    ) -> tuple[dict[str, Matrix], int]:
        """Vectors of things by their texts, and how many of them had to be made.

        Args:
            model: What makes them.
            use: How the model is used; things of one text and use have the same vectors.
            label: What the progress bar calls them; None shows none.
            things: By text.
            size: Characters of a thing.
            encode: Sends a chunk of things through the model.
        """
        keys = {text: digest(text) for text in things}
        name = f"{model.fingerprint} {use} {glossary.VERSION}"
        known = self._cache.known(name, keys.values())
        # Of one length a chunk, so that hardly any padding is computed; the longest first, so that time left is not underrated.
        missing = sorted(
            (text for text in things if keys[text] not in known), key=lambda text: size(things[text]), reverse=True
        )
        if missing:
            progress = self._start_progress(label, len(missing)) if label else None
            for chunk in _chunks(missing, lambda text: size(things[text])):
                made = encode([things[text] for text in chunk])
                known |= self._cache.keep(name, [keys[text] for text in chunk], made)
                if progress:
                    progress.update(len(chunk))
        return {text: known[keys[text]] for text in things}, len(missing)

    def _loaded(self, model: Model) -> BuildEncoder:
        encoder = self._encoders.get(model.fingerprint)
        if encoder is None:
            encoder = self._encoders[model.fingerprint] = self._load_encoder(model)
        return encoder


def _read_by_release(rows: Sequence[IndexRow]) -> list[Reading]:
    releases = ([row.text for row in group] for _, group in groupby(rows, key=lambda row: row.release_key))
    return [Reading(texts, range(len(texts))) for texts in releases]


def _read_whole(versions: Sequence[SupersededVersion]) -> list[Reading]:
    """Each version as it was read when it was current, so that its vectors are in the cache."""
    return [Reading(version.texts, version.places) for version in versions]


def _sentences(text: str) -> list[Span]:
    """Sentences that need a vector of their own: none where the paragraph is but one."""
    found = sentences.spans(text)
    return found if len(found) > 1 else []


def _chunks(things: Sequence[str], size: Callable[[str], int]) -> Iterator[list[str]]:
    chunk: list[str] = []
    chars = 0
    for thing in things:
        chunk.append(thing)
        chars += size(thing)
        if chars >= _CHUNK_CHARS:
            yield chunk
            chunk, chars = [], 0
    if chunk:
        yield chunk
