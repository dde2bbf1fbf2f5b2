"""telusur evaluate: measure the search on queries whose answers are known."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index import Index
    from index.evaluation import Found, KindReport, Measures

_DEPTH = 20  # releases asked for; the passages of ten places lie among theirs


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "evaluate",
        parents=[parent],
        help="measure the search on queries whose answers are known",
        description="Ask a file of judged queries (JSON Lines: query, kind, releases, paragraphs) and report nDCG@10, MRR@10, "
        "recall@1 and recall@10 for each kind of query, by release and by paragraph.",
    )
    parser.add_argument("queries", metavar="QUERIES.jsonl", type=Path, help="the judged queries")
    parser.add_argument("--model", metavar="NAME", help="insist on this model (default: the one that made the index)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure the index of args.data.

    Raises:
        JudgedFileError: The file cannot be read.
        GenerationError: There is no index, it is damaged, or another model made it.
        ModelError: The model cannot be loaded.
    """
    from index import Index  # here, not above, so that --help stays instant
    from index.evaluation import evaluate, read_judged

    queries = read_judged(args.queries)
    with closing(Index(args.data, args.model, args.cache)) as index:
        report = evaluate(queries, lambda text: _find(index, text))
        generation = index.status().generation
    if args.json:
        document = {"queries": str(args.queries), "generation": generation, "kinds": {k: asdict(v) for k, v in report.items()}}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(_render(report))
    return 0


def _find(index: Index, text: str) -> Found:
    from index import Query

    hits = index.search(Query(text, k=_DEPTH)).hits
    releases, passages = [], []
    for hit in hits:
        same = [(passage.release.id, passage.position) for passage in (hit.passage, *hit.identical)]
        releases.append([id for id, _ in same])
        passages.append((hit.score, same))
        passages += [(one.score, [(one.passage.release.id, one.passage.position)]) for one in hit.more]
    passages.sort(key=lambda one: one[0], reverse=True)
    return releases, [same for _, same in passages]


def _render(report: dict[str, KindReport]) -> str:
    lines = [f"{'':24}{'queries':>8}{'nDCG@10':>9}{'MRR@10':>9}{'R@1':>9}{'R@10':>9}"]
    for kind, one in report.items():
        lines.append(_row(f"{kind}, releases", one.queries, one.release))
        if one.paragraph:
            lines.append(_row(f"{kind}, paragraphs", one.queries, one.paragraph))
    return "\n".join(lines) + "\n"


def _row(name: str, queries: int, measures: Measures) -> str:
    values = (measures.ndcg_at_10, measures.mrr_at_10, measures.recall_at_1, measures.recall_at_10)
    return f"{name:24}{queries:>8}" + "".join(f"{value:>9.3f}" for value in values)
