"""telusur benchmark: how fast this machine embeds, against sentence-transformers as it comes, in one run."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing

_ROUNDS = 3


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "benchmark",
        parents=[parent],
        help="measure embedding speed against sentence-transformers as it comes",
        description="Embed the same paragraphs of the archive with Telusur and with SentenceTransformer.encode in float32, "
        f"in turns, {_ROUNDS} times each, and print the medians and their ratio.",
    )
    parser.add_argument("--model", metavar="NAME", help="sentence-transformers name or folder (default: the embedded one)")
    parser.add_argument("--paragraphs", metavar="N", type=int, default=1_000, help="paragraphs drawn (default: 1,000)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure on paragraphs of args.data.

    Raises:
        ValueError: The archive holds no paragraph.
        ModelError: There is no such model.
    """
    from archive import Store  # here, not above, so that --help stays instant
    from index import resolve
    from index.build import data_paths
    from index.encoder import Encoder, load_plain

    with closing(Store(data_paths(args.data)[0])) as store:
        texts = [row.text for row in store.live_paragraphs()]
    if not texts:
        raise ValueError("the archive holds no releases: run telusur import first")
    texts = random.Random(0).sample(texts, min(args.paragraphs, len(texts)))  # noqa: S311 - a draw, not a secret
    model = resolve(args.model, args.cache)
    encoder = Encoder(model)
    plain = load_plain(model)
    rates = _rates({"sentence_transformers_fp32": plain, "telusur": encoder.encode_paragraphs}, texts)
    ratio = rates["telusur"] / rates["sentence_transformers_fp32"]
    if args.json:
        document = {
            "paragraphs": len(texts),
            "paragraphs_per_s": {k: round(v, 1) for k, v in rates.items()},
            "ratio": round(ratio, 2),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        for name, rate in rates.items():
            sys.stdout.write(f"{name:28}{rate:8.1f} paragraphs a second\n")
        sys.stdout.write(f"{'ratio':28}{ratio:8.2f}\n")
    return 0


def _rates(ways: dict[str, Callable[[Sequence[str]], object]], texts: Sequence[str]) -> dict[str, float]:
    """Median paragraphs a second of each way, measured in turns so that a change of the machine's mood meets all of them."""
    for encode in ways.values():
        encode(texts[:32])
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, encode in ways.items():
            started = time.perf_counter()
            encode(texts)
            seconds[name].append(time.perf_counter() - started)
    return {name: len(texts) / statistics.median(times) for name, times in seconds.items()}
