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
from index import questions, space, training
from index.build import StartProgress
from index.encoder import Encoder, unit
from index.model import Model, models_dir, resolve
from index.pairs import Drawer, Pair, Source

LEAST_RELEASES = 60
_HELD_BACK = 10  # every tenth release
_JUDGED_PAIRS = 400
_OTHER_RELEASES = 200
"""Releases among which the held-back ones are to be found, besides each other."""

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
        before: Mean reciprocal rank of the right release, with the original model.
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
    found_among = [source.paragraphs for source in (*held, *seen[:_OTHER_RELEASES])]
    encoder = Encoder(model)
    before, query_mean, passage_mean = _judge(encoder, model, judged, found_among)
    del encoder

    name = _next_name(data)
    folder = models_dir(data) / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    progress = start_progress("training steps", training.STEPS)
    pairs = Drawer(seen, _SEED).rounds(training.STEPS * training.BATCH)
    training.train(model, pairs, query_mean, passage_mean, folder, lambda: progress.update(1))
    tuned = resolve(name, cache_dir, data)
    after, _, _ = _judge(Encoder(tuned), tuned, judged, found_among)
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


def _judge(
    encoder: Encoder, model: Model, pairs: Sequence[Pair], releases: Sequence[Sequence[str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ask for releases as the index would be asked, by meaning alone.

    Args:
        encoder: The model, loaded.
        model: Where it comes from.
        pairs: Questions; `Pair.source` counts the releases.
        releases: The paragraphs of each release that may be found, those of the pairs first.

    Returns:
        Reciprocal rank of the right release for each question, float64, shape (len(pairs),); and the mean vectors of
        representative questions and of passages, float32, shape (dim,).
    """
    texts = [text for paragraphs in releases for text in paragraphs]
    alone = encoder.encode_paragraphs(texts)
    in_context = np.concatenate(encoder.encode_in_context(releases)) if model.pools_tokens else alone
    asked = encoder.encode_queries(questions.read(questions.ASKED))
    placing = space.fit(alone, in_context, asked)
    passages = placing.place_passages(unit(alone + in_context))
    queries = placing.place_queries(encoder.encode_queries([pair.question for pair in pairs]))
    scores = queries @ passages.T - space.hub_offsets(passages, placing.place_queries(asked))
    starts = np.cumsum([0, *map(len, releases[:-1])])
    by_release = np.maximum.reduceat(scores, starts, axis=1)
    right = by_release[np.arange(len(pairs)), [pair.source for pair in pairs]]
    ranks = 1 + (by_release > right[:, None]).sum(axis=1)
    return np.asarray(1 / ranks), placing.query_mean, placing.passage_mean


def _interval(differences: np.ndarray) -> tuple[float, float]:
    draws = np.random.default_rng(_SEED).integers(0, len(differences), (_DRAWS, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)
