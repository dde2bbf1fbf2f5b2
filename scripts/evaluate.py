"""telusur evaluate: measure the search on queries whose answers are known, against other rankings if wanted."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.printing import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index import Index, Model
    from index.baselines import QueryVectors
    from index.evaluation import Found, Intervals, KindReport, Measures, OffTopicReport, Share

_DEPTH = 20  # releases asked for; the passages of ten places lie among theirs
_NAME, _COLUMN = 12, 22  # widths of a table of 100


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "evaluate",
        parents=[parent],
        help="measure the search on queries whose answers are known",
        description="Ask files of judged queries (JSON Lines: query, kind, releases, paragraphs) and report nDCG@10, MRR@10, "
        "recall@1 and recall@10 for each kind of query, by release and by paragraph, each with the interval that holds 95 % "
        "of bootstrap draws. Queries without a right release are off topic: for each kind, how well its relevance is told from "
        "theirs (AUROC) and which share is told that nothing here answers. And of the first ten hits of each band, the share "
        "whose release is judged right; a hit that nobody judged counts as wrong, so the true share is higher.",
    )
    parser.add_argument("queries", metavar="QUERIES.jsonl", type=Path, nargs="+", help="judged queries")
    parser.add_argument(
        "--compare",
        metavar="LIST",
        default="",
        help="also measure these rankings of the same archive, parted by commas, and how far each is from the product: words "
        "(BM25 alone), alone (the vectors of paragraphs by themselves), rrf (rank fusion of both), and the product with one "
        "step left out: no-context, no-centring, no-map, no-hubs, no-rewording, no-words, no-coverage",
    )
    parser.add_argument("--bootstrap", metavar="N", type=int, default=2_000, help="draws for the intervals (default: 2,000)")
    parser.add_argument("--model", metavar="NAME", help="insist on this model (default: the one that made the index)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure the index of args.data.

    Raises:
        JudgedFileError: A file cannot be read.
        ValueError: There is no such ranking, or no draw.
        GenerationError: There is no index, it is damaged or another model made it; or what other rankings need is gone.
        ModelError: The model cannot be loaded.
    """
    from index import Index, query_syntax, resolve, rewording  # here, not above, so that --help stays instant
    from index.baselines import NAMES, Baselines, QueryVectors
    from index.encoder import Encoder
    from index.evaluation import compare, read_judged, report, report_off_topic

    names = list(dict.fromkeys(filter(None, map(str.strip, args.compare.split(",")))))
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"there is no ranking {unknown[0]!r} to compare with: choose among {', '.join(NAMES)}")
    if args.bootstrap < 1:
        raise ValueError(f"bootstrap must be 1 or more: {args.bootstrap}")
    queries = [query for path in args.queries for query in read_judged(path)]
    loaded: list[tuple[Model, QueryVectors]] = []

    def load(name: str) -> QueryVectors:
        model = resolve(name, args.cache, args.data)
        encoder = Encoder(model)
        vectors = QueryVectors(encoder.encode_queries, encoder.fingerprint)
        rewording.encode(vectors.encode_queries, [query_syntax.parse(query.text).meaning for query in queries])
        loaded.append((model, vectors))
        return vectors

    with closing(Index(args.data, args.model, args.cache, load)) as index:
        found = [find(index, query.text) for query in queries]
        status = index.status()
        others: dict[str, list[Found]] = {}
        if names:
            baselines = Baselines(args.data, index.store, *loaded[-1])
            others = {name: list(map(baselines.finder(name), [query.text for query in queries])) for name in names}
    document = {
        "queries": [str(path) for path in args.queries],
        "generation": status.generation,
        "model": status.model,
        "bootstrap": args.bootstrap,
        "kinds": report(queries, found, args.bootstrap),
        "off_topic": report_off_topic(queries, found, args.bootstrap),
        "compare": {
            name: {
                "kinds": report(queries, ones, args.bootstrap),
                "difference": compare(queries, ones, found, args.bootstrap),
            }
            for name, ones in others.items()
        },
    }
    if args.json:
        print_json(document, default=asdict)
    else:
        sys.stdout.write("\n".join(_render(document)) + "\n")
    return 0


def find(index: Index, text: str) -> Found:
    """What the product finds, as a reader gets it."""
    from index import Query
    from index.evaluation import Found, Told

    answer = index.search(Query(text, k=_DEPTH))
    releases, passages = [], []
    for hit in answer.hits:
        same = [(passage.release.id, passage.position) for passage in (hit.passage, *hit.identical)]
        releases.append([id for id, _ in same])
        passages.append((hit.score, same))
        passages += [(one.score, [(one.passage.release.id, one.passage.position)]) for one in hit.more]
    passages.sort(key=lambda one: one[0], reverse=True)
    told = Told(answer.band, answer.relevance, [hit.band for hit in answer.hits])
    return Found(releases, [same for _, same in passages], told)


def _render(document: dict[str, Any]) -> Iterator[str]:
    kinds: dict[str, KindReport] = document["kinds"]
    yield from _table("telusur", kinds)
    for name, one in document["compare"].items():
        yield from ["", *_table(name, one["kinds"], one["difference"])]
    off_topic: dict[str, OffTopicReport] = document["off_topic"]
    told = [(kind, one.queries, one.verdicts) for kind, one in kinds.items() if one.verdicts]
    told += [(kind, one.queries, one.verdicts) for kind, one in off_topic.items()]
    yield f"\n{'':32}{'told nothing':>{_COLUMN}}{'AUROC to off topic':>{_COLUMN}}"
    for kind, queries, verdicts in told:
        yield f"{_kind(kind, queries):32}{_share(verdicts.told_nothing)}{_share(verdicts.auroc)}"
    yield f"\n{'first ten hits judged right':32}" + "".join(f"{band:>{_COLUMN}}" for band in told[0][2].bands)
    for kind, queries, verdicts in told:
        cells = (f"{hits.precision:.3f} of {hits.hits:,}" if hits.hits else "-" for hits in verdicts.bands.values())
        yield f"{_kind(kind, queries):32}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)


def _table(name: str, kinds: dict[str, KindReport], differences: dict[str, KindReport] | None = None) -> Iterator[str]:
    yield f"{name:{_NAME}}" + "".join(f"{title:>{_COLUMN}}" for title in ("nDCG@10", "MRR@10", "recall@1", "recall@10"))
    for kind, one in kinds.items():
        apart = differences[kind] if differences else None
        yield _kind(kind, one.queries)
        yield from _rows("  releases", one.release, one.release_ci95)
        if apart:
            yield from _rows("  - telusur", apart.release, apart.release_ci95, "+")
        yield from _rows("  paragraphs", one.paragraph, one.paragraph_ci95)
        if apart:
            yield from _rows("  - telusur", apart.paragraph, apart.paragraph_ci95, "+")


def _rows(name: str, measures: Measures | None, intervals: Intervals | None, sign: str = "") -> Iterator[str]:
    if measures and intervals:
        cells = zip(astuple(measures), astuple(intervals), strict=True)
        yield f"{name:{_NAME}}" + "".join(_cell(mean, low, high, sign) for mean, (low, high) in cells)


def _kind(kind: str, queries: int) -> str:
    return f"{kind}, {queries:,} {'query' if queries == 1 else 'queries'}"


def _share(share: Share | None) -> str:
    return _cell(share.mean, *share.ci95) if share else f"{'-':>{_COLUMN}}"


def _cell(mean: float, low: float, high: float, sign: str = "") -> str:
    return f"{f'{mean:{sign}.3f} [{low:{sign}.2f}, {high:{sign}.2f}]':>{_COLUMN}}"
