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

from archive import Store
from index import questions, training
from index.build import StartProgress
from index.encoder import Encoder, Matrix, unit
from index.model import Model, models_dir, resolve
from index.pairs import Drawer, Pair, Source

LEAST_RELEASES = 60
_HELD_BACK = 10  # every tenth release
_JUDGED_PAIRS = 300
_DISTRACTORS = 1_500
_DRAWS = 2_000
_SEED = 0


class AdaptationError(Exception):
    """An archive cannot be adapted to, or there is nothing to undo."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a tuned model compares with the one it came from, on pairs of releases that it never saw.

    Attributes:
        name: Of the tuned model, as `resolve` finds it again.
        origin: Name of the model it came from.
        pairs: How many questions were asked.
        before: Mean reciprocal rank of the right passage, with the original model.
        after: The same with the tuned one.
        difference: 95 % interval of after - before, from paired bootstrap draws.
    """

    name: str
    origin: str
    pairs: int
    before: float
    after: float
    difference: tuple[float, float]

    @property
    def is_better(self) -> bool:
        """Whether the tuned model is better beyond chance."""
        return self.difference[0] > 0


def adapt(data: Path, store: Store, model: Model, cache_dir: Path | None, start_progress: StartProgress) -> Verdict:
    """Fine-tune a model on an archive's own text and judge it on text held back.

    The tuned model is written below `models_dir`, whether or not it is better; `discard` removes it.

    Args:
        data: The data folder.
        store: Its archive.
        model: What to start from.
        cache_dir: Where `resolve` keeps fingerprints.
        start_progress: Makes a progress bar from what is counted and how many there are.

    Raises:
        AdaptationError: The archive holds too few releases.
        OSError: The model cannot be written.
    """
    sources = _sources(store)
    if len(sources) < LEAST_RELEASES:
        raise AdaptationError(f"{len(sources)} releases are too few to learn from: import at least {LEAST_RELEASES}")
    random.Random(_SEED).shuffle(sources)  # noqa: S311 - a draw, not a secret
    held, seen = sources[::_HELD_BACK], [source for place, source in enumerate(sources) if place % _HELD_BACK]
    judged = Drawer(held, _SEED).rounds(_JUDGED_PAIRS)
    paragraphs = list(dict.fromkeys(paragraph for source in seen for paragraph in source.paragraphs))
    distractors = random.Random(_SEED).sample(paragraphs, min(_DISTRACTORS, len(paragraphs)))  # noqa: S311
    encoder = Encoder(model)
    asked = encoder.encode_queries(questions.read(questions.ASKED)).mean(axis=0)
    passages = encoder.encode_paragraphs(distractors).mean(axis=0)
    before = _reciprocal_ranks(encoder, judged, distractors)
    del encoder

    name = _next_name(data)
    folder = models_dir(data) / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    progress = start_progress("training steps", training.STEPS)
    pairs = Drawer(seen, _SEED).rounds(training.STEPS * training.BATCH)
    training.train(model, pairs, asked, passages, folder, lambda: progress.update(1))
    after = _reciprocal_ranks(Encoder(resolve(name, cache_dir, data)), judged, distractors)
    verdict = Verdict(name, model.name, len(judged), float(before.mean()), float(after.mean()), _interval(after - before))
    _record(data, name).write_text(json.dumps(asdict(verdict), indent=2) + "\n", encoding="utf-8")
    return verdict


def discard(data: Path, name: str) -> None:
    """Remove a tuned model."""
    shutil.rmtree(models_dir(data) / name, ignore_errors=True)
    _record(data, name).unlink(missing_ok=True)


def origin(data: Path, name: str) -> str:
    """Name of the model that a tuned one came from.

    Raises:
        AdaptationError: The model is not one that `adapt` made here.
    """
    try:
        return str(json.loads(_record(data, name).read_text(encoding="utf-8"))["origin"])
    except (OSError, ValueError, KeyError) as error:
        raise AdaptationError(f"the index was made by {name}, which is no adapted model: there is nothing to undo") from error


def _sources(store: Store) -> list[Source]:
    releases = groupby(store.live_paragraphs(), key=lambda row: row.release_key)
    return [Source(rows[0].title, tuple(row.text for row in rows)) for rows in (list(group) for _, group in releases)]


def _next_name(data: Path) -> str:
    taken = [int(path.name.rpartition("-")[2]) for path in models_dir(data).glob("adapted-*") if path.name[8:].isdigit()]
    return f"adapted-{max(taken, default=0) + 1}"


def _record(data: Path, name: str) -> Path:
    return models_dir(data) / f"{name}.json"


def _reciprocal_ranks(encoder: Encoder, pairs: Sequence[Pair], distractors: Sequence[str]) -> np.ndarray:
    """Where each question finds a passage of its own release among all of them: float64, shape (len(pairs),)."""
    queries = _centred(encoder.encode_queries([pair.question for pair in pairs]))
    own = encoder.encode_paragraphs([pair.passage for pair in pairs])
    others = encoder.encode_paragraphs(distractors)
    mean = others.mean(axis=0)
    likeness = queries @ unit(np.concatenate([own, others]) - mean).T
    sources = np.array([pair.source for pair in pairs])
    is_right = np.concatenate([sources[:, None] == sources[None, :], np.zeros((len(pairs), len(others)), bool)], axis=1)
    best_right = np.where(is_right, likeness, -np.inf).max(axis=1, keepdims=True)
    return np.asarray(1 / (1 + ((likeness > best_right) & ~is_right).sum(axis=1)))


def _centred(vectors: Matrix) -> Matrix:
    return unit(vectors - vectors.mean(axis=0))


def _interval(differences: np.ndarray) -> tuple[float, float]:
    draws = np.random.default_rng(_SEED).integers(0, len(differences), (_DRAWS, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)
