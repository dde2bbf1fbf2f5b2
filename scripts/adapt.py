"""telusur adapt: fit the encoder to the archive, and switch to it only if it is better."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.printing import print_json

if TYPE_CHECKING:
    from index import Model
    from index.adaptation import Verdict
    from index.evaluation import JudgedQuery
    from scripts.indexing import Bars

_TRIAL = "trial"
_OUTCOME = {True: "switched to {}; telusur adapt --undo switches back", False: "not better, so nothing was changed"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "adapt",
        parents=[parent],
        help="fit the model to the archive's own text",
        description="Fine-tune how the model reads questions on the archive's own text: it takes minutes, needs no labels and "
        "embeds no paragraph again. Judge it on questions about releases held back and, if given, on judged queries; switch to "
        "it only if it is better. --undo switches back.",
    )
    parser.add_argument("--judged", metavar="QUERIES.jsonl", type=Path, help="judged queries that must not get worse either")
    parser.add_argument("--undo", action="store_true", help="switch back to the model before")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Adapt the index of args.data, or undo that.

    Raises:
        AdaptationError: The archive holds too few releases, or there is nothing to undo.
        JudgedFileError: The judged file cannot be read.
        NothingToIndex: The archive holds no release.
        GenerationError: What was written does not read back.
        ModelError: The model cannot be loaded.
        ArchiveError: Archive or cache cannot be read or written.
    """
    from archive import Store  # here, not above, so that --help stays instant
    from index import adaptation, resolve
    from index.build import data_paths
    from index.evaluation import read_judged
    from scripts.indexing import choose_model, progress, update

    started = time.monotonic()
    model = choose_model(None, args.data, args.cache)
    with progress() as bars:
        if args.undo:
            before = adaptation.replaced(args.data, model.name)
            outcome = update(args.data, resolve(before, args.cache, args.data), bars)
            return _report(
                args, {"generation": outcome.meta.number, "model": before}, f"switched back from {model.name} to {before}"
            )
        judged = read_judged(args.judged) if args.judged else []
        update(args.data, model, bars)
        with closing(Store(data_paths(args.data)[0])) as store:
            verdict = adaptation.adapt(args.data, store, model, args.cache, bars.start)
        tuned = resolve(verdict.name, args.cache, args.data)
        kept = verdict.is_better
        scores: dict[str, dict[str, float]] = {}
        if kept and judged:
            scores = {one.name: _judge(args, one, judged, bars) for one in (model, tuned)}
            kept = _mean(scores[tuned.name]) >= _mean(scores[model.name])
        if kept:
            update(args.data, tuned, bars)
        else:
            adaptation.discard(args.data, verdict.name)
    seconds = round(time.monotonic() - started, 1)
    return _report(
        args,
        {"kept": kept, **asdict(verdict), "judged": scores, "seconds": seconds},
        "\n".join([*_describe(verdict, scores), _OUTCOME[kept].format(verdict.name), f"{seconds} seconds"]),
    )


def _describe(verdict: Verdict, scores: dict[str, dict[str, float]]) -> Iterator[str]:
    low, high = verdict.difference
    yield f"{verdict.pairs} questions about releases held back, mean reciprocal rank by meaning alone:"
    yield f"  {verdict.before:.3f} before, {verdict.after:.3f} after, difference {low:+.3f} to {high:+.3f}"
    for name, kinds in scores.items():
        yield f"judged queries, {name}: " + ", ".join(f"{kind} {value:.3f}" for kind, value in kinds.items())


def _judge(args: argparse.Namespace, model: Model, judged: list[JudgedQuery], bars: Bars) -> dict[str, float]:
    """MRR@10 by kind of a generation on trial, which no server sees."""
    from index import Index
    from index.build import data_paths
    from index.evaluation import evaluate
    from scripts.evaluate import find
    from scripts.indexing import update

    trial = data_paths(args.data)[2] / _TRIAL
    try:
        update(args.data, model, bars, rebuild=True, generations=trial)
        with closing(Index(args.data, cache_dir=args.cache, generations=trial)) as index:
            return {kind: one.release.mrr_at_10 for kind, one in evaluate(judged, lambda text: find(index, text)).items()}
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _mean(scores: dict[str, float]) -> float:
    return sum(scores.values()) / len(scores)


def _report(args: argparse.Namespace, document: dict[str, object], text: str) -> int:
    if args.json:
        print_json(document)
    else:
        sys.stdout.write(f"{text}\n")
    return 0
