"""Generations that are open, with the models that made them; a newly published one takes the place of the last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from threadpoolctl import threadpool_limits

from archive import Store
from archive.history import has_superseded
from index import generation, rewording, terms, trace
from index.build import data_paths, history_path
from index.encoder import Encoder, Matrix
from index.generation import Generation, GenerationError, NoGeneration, Recipe
from index.memory import LookUps, Remembered
from index.model import resolve

_REMEMBERED = 4_096  # queries whose vectors are kept: 6 MB with the embedded model
_RECENT_BYTES = 2**30  # of generations that were live lately, for readers who are in the middle of a ranking


class QueryEncoder(Protocol):
    """What a search needs of an encoder."""

    fingerprint: str

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed queries: float32, shape (len(texts), dim), rows of unit length."""


class GenerationGone(GenerationError):
    """A generation that was live once is not open any more."""


LoadQueryEncoder = Callable[[str], QueryEncoder]


@dataclass(frozen=True, slots=True)
class Live:
    """An open generation and the model that made it."""

    generation: Generation
    encoder: QueryEncoder


class Serving:
    """The live generations of one data folder. Safe to share between threads; nothing is loaded before it is needed.

    From then on numpy multiplies matrices on one thread in this process.
    """

    def __init__(
        self,
        data: Path,
        store: Store,
        model: str | None = None,
        cache_dir: Path | None = None,
        load_encoder: LoadQueryEncoder | None = None,
        generations: Path | None = None,
    ) -> None:
        """Serve a data folder; the arguments are those of `index.search.Index`."""
        # Where several queries run at once, the threads of one comparison wait for each other: on two busy cores it takes five
        # times as long as on one thread of its own.
        threadpool_limits(1, user_api="blas")
        self.folder = generations or data_paths(data)[2]
        self._history = history_path(data)
        self._store = store
        self._model = model
        self._load_encoder = load_encoder or (lambda name: Encoder(resolve(name, cache_dir, data)))
        self._opened: dict[Path, Live] = {}
        self._recent: Remembered[tuple[Path, int], Live] = Remembered(lambda live: live.generation.nbytes, _RECENT_BYTES)
        self._nothing_superseded_in: int | None = None
        self._loading = threading.Lock()
        self._vectors: Remembered[tuple[str, str], Matrix] = Remembered(lambda _vector: 1, _REMEMBERED)

    def current(self) -> Live:
        """The live generation with the model that made it, loaded when another was published.

        Raises:
            NoGeneration: Nothing has been indexed yet.
            GenerationError: The generation is damaged, or another model made it.
            ModelError: The model cannot be loaded.
        """
        return self._open(self.folder)

    def superseded(self) -> Live | None:
        """The generation of superseded text, likewise; None where there is no such text.

        Raises:
            NoGeneration: There is, but an older Telusur made the live generation, or the run that made it was killed.
        """
        try:
            return self._open(self._history)
        except NoGeneration:
            live, state = generation.read_meta(self.folder), self._store.state()
            # Where the archive has changed since, its next index will tell: until then what is superseded counts as current.
            if live and live.archive_state == state and self._nothing_superseded_in != state:
                if has_superseded(self._store.database):
                    raise NoGeneration(f"{self._history} holds no index of superseded text yet: run telusur index") from None
                self._nothing_superseded_in = state  # a large archive takes its time to say so
            return None

    def recent(self, number: int, superseded: bool = False) -> Live:
        """The generation of a number, live or superseded lately.

        Raises:
            GenerationGone: It is not open any more.
            GenerationError: The live generation is damaged, or another model made it.
        """
        live = self.superseded() if superseded else self.current()
        if live is None or live.generation.meta.number != number:
            live = self._recent.get((self._history if superseded else self.folder, number))
        if live is None:
            raise GenerationGone(f"generation {number} is not open any more: ask again from the start")
        return live

    def encode(self, queries: Sequence[tuple[Live, str]]) -> tuple[list[Matrix], bool]:
        """The model's vectors of queries; those that are not remembered are encoded in one go.

        In bfloat16 a vector differs in the fourth digit with what it is encoded beside; once made, it is remembered.

        Returns:
            A vector for each, float32, shape (1, dim); and whether the model had to be asked.
        """
        found = [self._vectors.get((live.encoder.fingerprint, text)) for live, text in queries]
        made = self._encode([query for query, vector in zip(queries, found, strict=True) if vector is None])
        vectors = [
            made[live.encoder.fingerprint, text] if vector is None else vector
            for (live, text), vector in zip(queries, found, strict=True)
        ]
        return vectors, bool(made)

    def encode_ahead(self, queries: Iterable[tuple[Live, str]]) -> None:
        """Send queries whose vectors are not known yet through their model, all of one model at once."""
        with trace.stage("encode"):
            self._encode(
                [(live, text) for live, text in queries if self._vectors.get_again((live.encoder.fingerprint, text)) is None]
            )

    def look_ups(self) -> LookUps:
        """How often a query's vector was known already; one that was encoded ahead counts as known."""
        return self._vectors.look_ups()

    def _encode(self, queries: Sequence[tuple[Live, str]]) -> dict[tuple[str, str], Matrix]:
        """Encode texts, those of one model in one go, and remember their vectors, by fingerprint and text."""
        encoders: dict[str, QueryEncoder] = {live.encoder.fingerprint: live.encoder for live, _ in queries}
        made: dict[tuple[str, str], Matrix] = {}
        for fingerprint, encoder in encoders.items():
            texts = list(dict.fromkeys(text for live, text in queries if live.encoder.fingerprint == fingerprint))
            vectors = rewording.encode(encoder.encode_queries, texts)
            made |= {(fingerprint, text): vectors[place : place + 1] for place, text in enumerate(texts)}
        for key, vector in made.items():
            self._vectors.keep(key, vector)
        return made

    def _open(self, folder: Path) -> Live:
        number = generation.current_number(folder)
        live = self._opened.get(folder)
        if live is not None and live.generation.meta.number == number:
            return live
        # One reader loads what was published and sees it at once; the others go on with what is open, if anything is.
        if not self._loading.acquire(blocking=live is None or number is None):
            return live or self._open(folder)
        try:
            live = self._opened.get(folder)
            if live is None or live.generation.meta.number != number:
                self._opened[folder] = live = self._load(folder)
                self._recent.keep((folder, live.generation.meta.number), live)
            return live
        finally:
            self._loading.release()

    def _load(self, folder: Path) -> Live:
        loaded = generation.load(folder)
        recipe = loaded.meta.recipe
        if recipe.terms != terms.VERSION:
            raise GenerationError(f"generation {loaded.meta.number} was made by another Telusur: run telusur index")
        for known in self._opened.values():
            if known.encoder.fingerprint == recipe.fingerprint:
                return Live(loaded, known.encoder)
        encoder = self._load_encoder(self._model or recipe.model)
        _require_same_model(encoder, recipe, loaded.meta.number, self._model)
        return Live(loaded, encoder)


def _require_same_model(encoder: QueryEncoder, recipe: Recipe, number: int, asked_for: str | None) -> None:
    if encoder.fingerprint == recipe.fingerprint:
        return
    name = asked_for or recipe.model
    raise GenerationError(
        f"generation {number} was made by {recipe.model} ({recipe.fingerprint}), not by {name} ({encoder.fingerprint}): "
        f"run telusur index --model {name}, or search without --model"
    )
