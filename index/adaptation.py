"""Fit the encoder to one archive: train on its own text, judge on releases held back, and say whether it is better."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from archive import IndexRow, Store
from index import rewording, training
from index.build import StartProgress, data_paths, indexed_rows
from index.encoder import Encoder
from index.generation import load
from index.model import Model, models_dir, resolve
from index.pairs import Drawer, Pair, Source
from index.training import Target

LEAST_RELEASES = 60
_HELD_BACK = 10  # every tenth release
_JUDGED_PAIRS = 400
_DRAWS = 2_000
_SEED = 0


class AdaptationError(Exception):
    """An archive cannot be adapted to, or there is nothing to undo."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a tuned model compares with the one in use, on questions about releases that it learned nothing of.

    Attributes:
        name: Of the tuned model, as `resolve` finds it again.
        replaces: Name of the model in use.
        pairs: How many questions were asked; half of them share no word with their passage.
        before: Mean reciprocal rank of the right release among all, with the model in use.
        after: The same with the tuned one.
        difference: 95 % interval of after - before, from paired bootstrap draws.
    """

    name: str
    replaces: str
    pairs: int
    before: float
    after: float
    difference: tuple[float, float]

    @property
    def is_better(self) -> bool:
        """Whether the tuned model is better beyond chance."""
        return self.difference[0] > 0


def adapt(data: Path, store: Store, model: Model, cache_dir: Path | None, start_progress: StartProgress) -> Verdict:
    """Fine-tune a model's reading of questions on an archive's own text and judge it on releases held back.

    The tuned model is written below `models_dir`, whether or not it is better; `discard` removes it. It starts from the model
    that encodes the passages, so an archive that has grown can be adapted to again and again.

    Args:
        data: The data folder; its index is up to date.
        store: Its archive.
        model: The one that made the index.
        cache_dir: Where `resolve` keeps fingerprints.
        start_progress: Makes a progress bar from what is counted and how many there are.

    Raises:
        AdaptationError: The archive holds too few releases, or too little text to draw questions from.
        GenerationError: The index is damaged or older than the archive.
        OSError: The model cannot be written.
    """
    live = load(data_paths(data)[2])
    rows = indexed_rows(store, live)
    sources = _sources(rows)
    if len(sources) < LEAST_RELEASES:
        raise AdaptationError(f"{len(sources)} releases are too few to learn from: import at least {LEAST_RELEASES}")
    everything = np.arange(len(rows))
    target = Target(live.space, live.vectors(everything), live.offsets(everything), live.releases)
    random.Random(_SEED).shuffle(sources)  # noqa: S311 - a draw, not a secret
    held, seen = sources[::_HELD_BACK], [source for place, source in enumerate(sources) if place % _HELD_BACK]
    try:
        judged = [pair for keep in (False, True) for pair in Drawer(held, _SEED, keep).draw(_JUDGED_PAIRS // 2)]
        pairs = Drawer(seen, _SEED).draw(training.STEPS * training.BATCH)
    except ValueError as error:
        raise AdaptationError(str(error)) from error
    before = _judge(Encoder(model), judged, target)

    name = _next_name(data)
    folder = models_dir(data) / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    progress = start_progress("training steps", training.STEPS + training.MAP_STEPS)
    training.train(model.of_passages, pairs, target, folder, lambda: progress.update(1))
    after = _judge(Encoder(resolve(name, cache_dir, data)), judged, target)
    verdict = Verdict(name, model.name, len(judged), float(before.mean()), float(after.mean()), _interval(after - before))
    _record(data, name).write_text(json.dumps(asdict(verdict), indent=2) + "\n", encoding="utf-8")
    return verdict


def discard(data: Path, name: str) -> None:
    """Remove a tuned model."""
    shutil.rmtree(models_dir(data) / name, ignore_errors=True)
    _record(data, name).unlink(missing_ok=True)


def replaced(data: Path, name: str) -> str:
    """Name of the model that a tuned one took the place of.

    Raises:
        AdaptationError: The model is not one that `adapt` made here.
    """
    try:
        return str(json.loads(_record(data, name).read_text(encoding="utf-8"))["replaces"])
    except (OSError, ValueError, KeyError) as error:
        raise AdaptationError(f"the index was made by {name}, which is no adapted model: there is nothing to undo") from error


def _sources(rows: Sequence[IndexRow]) -> list[Source]:
    releases = (list(group) for _, group in groupby(enumerate(rows), key=lambda numbered: numbered[1].release_key))
    return [Source(own[0][1].title, tuple(row.text for _, row in own), own[0][0]) for own in releases]


def _judge(encoder: Encoder, pairs: Sequence[Pair], target: Target) -> np.ndarray:
    """Reciprocal rank of each pair's release among all, by meaning alone: float64, shape (len(pairs),)."""
    asked = rewording.encode(encoder.encode_queries, [pair.question for pair in pairs])
    queries = target.space.place_queries(asked)
    scores = queries @ target.passages.T - target.offsets
    by_release = np.maximum.reduceat(scores, np.flatnonzero(np.diff(target.releases, prepend=-1)), axis=1)
    right = by_release[np.arange(len(pairs)), target.releases[[pair.row for pair in pairs]]]
    return np.asarray(1 / (1 + (by_release > right[:, None]).sum(axis=1)))


def _next_name(data: Path) -> str:
    taken = [int(path.name.rpartition("-")[2]) for path in models_dir(data).glob("adapted-*") if path.name[8:].isdigit()]
    return f"adapted-{max(taken, default=0) + 1}"


def _record(data: Path, name: str) -> Path:
    return models_dir(data) / f"{name}.json"


def _interval(differences: np.ndarray) -> tuple[float, float]:
    draws = np.random.default_rng(_SEED).integers(0, len(differences), (_DRAWS, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)
