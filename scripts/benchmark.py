"""telusur benchmark: how fast this machine embeds, indexes and searches, against others, in one run."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.printing import print_json

if TYPE_CHECKING:
    from archive import IndexRow, Release
    from index import Model
    from index.encoder import Encoder

_ROUNDS = 3
_QUERIES = 200


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "benchmark",
        parents=[parent],
        help="measure speed against sentence-transformers as it comes, and against txtai",
        description="Embed the same paragraphs of the archive with Telusur and with SentenceTransformer.encode in float32, "
        f"in turns, {_ROUNDS} times each, and print the medians and their ratio. With --txtai, also index releases and "
        "search the archive with both: whole pipelines, the same model, the same texts. With --serving, load the server "
        "instead, and txtai's own API beside it: needs wrk, and txtai[api].",
    )
    parser.add_argument("--model", metavar="NAME", help="sentence-transformers name or folder (default: the live index's)")
    parser.add_argument("--paragraphs", metavar="N", type=int, default=1_000, help="paragraphs drawn (default: %(default)s)")
    parser.add_argument("--txtai", metavar="PYTHON", type=Path, help="interpreter of an environment with txtai in it")
    parser.add_argument("--serving", metavar="SECONDS", type=int, help="load the server for so long by 16 connections")
    parser.add_argument("--threads", metavar="N", type=int, help="its --threads, for --serving")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure on paragraphs of args.data.

    Raises:
        ValueError: The archive holds no paragraph.
        ModelError: There is no such model.
    """
    from archive import Store  # here, not above, so that --help stays instant
    from index.build import data_paths
    from index.encoder import Encoder, load_plain
    from scripts.indexing import choose_model

    with closing(Store(data_paths(args.data)[0])) as store:
        rows = list(store.live_paragraphs())
    if not rows:
        raise ValueError("the archive holds no releases: run telusur import first")
    model = choose_model(args.model, args.data, args.cache).of_passages
    if args.serving:
        from scripts.benchmark_serving import measure

        return _print(args, {"serving": measure(args, rows, model)})
    encoder = Encoder(model)
    texts = [row.text for row in random.Random(0).sample(rows, min(args.paragraphs, len(rows)))]  # noqa: S311
    ways: dict[str, Callable[[Sequence[str]], object]] = {
        "sentence_transformers_fp32": load_plain(model),
        "telusur": encoder.encode_paragraphs,
    }
    document: dict[str, Any] = {"embedding_paragraphs_per_s": _rates(ways, texts)}
    if args.txtai:
        with _txtai(args.txtai, model) as ask:
            document["indexing_paragraphs_per_s"] = _compare_indexing(rows, args.paragraphs, model, encoder, ask)
            document["search_ms"] = _compare_search(args, rows, ask)
            document["search_paragraphs"] = len(rows)
    return _print(args, document)


def _print(args: argparse.Namespace, document: dict[str, Any]) -> int:
    if args.json:
        print_json(document)
    else:
        sys.stdout.writelines(f"{line}\n" for line in _describe(document))
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
    return {name: round(len(texts) / statistics.median(times), 1) for name, times in seconds.items()}


def _compare_indexing(
    rows: Sequence[IndexRow], paragraphs: int, model: Model, encoder: Encoder, ask: Callable[..., Any]
) -> dict[str, float]:
    """Paragraphs a second from texts to a searchable index, best of the rounds each, models loaded before."""
    releases = _draw_releases(rows, paragraphs)
    texts = [text for release in releases for text in release.body.split("\n\n")]
    ask(do="index", texts=texts[:32])
    seconds: dict[str, list[float]] = {"txtai": [], "telusur": []}
    for _ in range(_ROUNDS):
        seconds["txtai"].append(ask(do="index", texts=texts))
        seconds["telusur"].append(_index_once(releases, model, encoder))
    return {name: round(len(texts) / statistics.median(times), 1) for name, times in seconds.items()}


def _index_once(releases: Sequence[Release], model: Model, encoder: Encoder) -> float:
    from archive import Store
    from index.build import data_paths, update
    from scripts.indexing import NoBar

    with tempfile.TemporaryDirectory() as folder, closing(Store(data_paths(Path(folder))[0])) as store:
        for _ in store.add(releases):
            pass
        started = time.perf_counter()
        update(Path(folder), store, model, lambda _model: encoder, lambda _label, _total: NoBar())
        return time.perf_counter() - started


def _draw_releases(rows: Sequence[IndexRow], paragraphs: int) -> list[Release]:
    from archive import Release

    drawn: list[Release] = []
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row.release_key)]
    random.Random(0).shuffle(groups)  # noqa: S311
    count = 0
    for number, group in enumerate(groups):
        drawn.append(Release(group[0].title, "\n\n".join(row.text for row in group), id=f"r{number}"))
        count += len(group)
        if count >= paragraphs:
            break
    return drawn


def _compare_search(args: argparse.Namespace, rows: Sequence[IndexRow], ask: Callable[..., Any]) -> dict[str, float]:
    """Median milliseconds of a whole search of the archive, encoding included, over different queries in turns."""
    from index import Index, Query

    # In lower case, as readers type: a word with a capital may be a name, and is never put in other words.
    titles = list(dict.fromkeys(row.title.lower() for row in rows))
    queries = random.Random(0).sample(titles, min(_QUERIES, len(titles)))  # noqa: S311
    ask(do="index", texts=[row.text for row in rows])
    times: dict[str, list[float]] = {"txtai": [], "telusur": []}
    with closing(Index(args.data, args.model, args.cache)) as index:
        index.warm()
        ask(do="search", queries=["siap"])
        for start in range(0, len(queries), 20):
            part = queries[start : start + 20]
            times["txtai"] += ask(do="search", queries=part)
            for query in part:
                started = time.perf_counter()
                index.search(Query(query))
                times["telusur"].append(time.perf_counter() - started)
    return {name: round(1000 * statistics.median(values), 1) for name, values in times.items()}


@contextmanager
def _txtai(python: Path, model: Model) -> Iterator[Callable[..., Any]]:
    """Start the other side; yields a function that sends one command and waits for its answer."""
    script = Path(__file__).with_name("benchmark_txtai.py")
    with subprocess.Popen([python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipe to the other interpreter")
        to_peer, from_peer = process.stdin, process.stdout

        def ask(**command: object) -> Any:  # noqa: ANN401 - what JSON holds
            to_peer.write(json.dumps(command) + "\n")
            to_peer.flush()
            if not (line := from_peer.readline()):
                raise OSError(f"{python} ended early: is txtai installed there?")
            return json.loads(line)

        ask(do="load", model=str(model.folder))
        yield ask
        to_peer.close()


def _describe(document: dict[str, Any]) -> Iterator[str]:
    for name, unit in (("embedding_paragraphs_per_s", "/s"), ("indexing_paragraphs_per_s", "/s"), ("search_ms", "ms")):
        figures = document.get(name)
        if figures:
            ours = figures["telusur"]
            (peer, theirs), *_ = ((other, value) for other, value in figures.items() if other != "telusur")
            label = name.partition("_")[0]
            ratio = ours / theirs if unit == "/s" else theirs / ours
            yield f"{label:12} telusur {ours:8.1f} {unit}   {peer} {theirs:8.1f} {unit}   {ratio:.2f} times as fast"
    for name, found in document.get("serving", {}).items():
        times = f"p50 {found['p50_ms']:.1f} ms, p95 {found['p95_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms"
        yield f"{name:16} {found['requests_per_s']:8.1f} /s   {times}   {found['errors']} errors of {found['requests']}"
