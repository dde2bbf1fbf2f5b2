"""telusur search: print ranked passages."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

from scripts.printing import print_json

if TYPE_CHECKING:
    from index import Answer, Hit

_FIELDS = {"topic": "topic", "agency": "agency", "source": "site", "language": "language, by its ISO 639-1 code"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "search",
        parents=[parent],
        help="print ranked passages",
        description="Search by meaning and by words; each release stands once, with the passage that answers best.",
    )
    parser.add_argument("query", metavar="QUERY", help='a question or a statement, such as "ASN harus melayani"')
    parser.add_argument("-k", type=int, default=10, help="releases wanted (default: 10)")
    parser.add_argument("--offset", type=int, default=0, help="releases to leave out at the top (default: 0)")
    parser.add_argument("--since", metavar="DATE", type=_day, help="published on this day or later, YYYY-MM-DD")
    parser.add_argument("--until", metavar="DATE", type=_day, help="published on this day or earlier, YYYY-MM-DD")
    for name, what in _FIELDS.items():
        parser.add_argument(
            f"--{name}", metavar="NAME", action="append", default=[], help=f"only this {what}; may be given again"
        )
    parser.add_argument(
        "--mode", choices=("makna", "kata", "gabungan"), default="gabungan", help="compare meaning, words or both (default)"
    )
    parser.add_argument(
        "--sort", choices=("relevance", "newest", "oldest"), default="relevance", help="order of the hits above the line"
    )
    parser.add_argument(
        "--superseded", action="store_true", help="search what releases said before they changed, instead of what they say now"
    )
    parser.add_argument("--model", metavar="NAME", help="insist on this model (default: the one that made the index)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Search the index of args.data.

    Raises:
        ValueError: An argument is out of range.
        GenerationError: There is no index, it is damaged, or another model made it.
        ModelError: The model cannot be loaded.
    """
    from index import Filters, Index, Mode, Query, Sort  # here, not above, so that --help stays instant

    filters = Filters(args.since, args.until, *(tuple(getattr(args, name)) for name in _FIELDS))
    query = Query(args.query, args.k, args.offset, filters, Mode(args.mode), Sort(args.sort), args.superseded)
    with closing(Index(args.data, args.model, args.cache)) as index:
        index.warm()  # else `took_ms` would be the time of loading the model
        answer = index.search(query)
    if args.json:
        print_json(answer.to_dict())
    else:
        sys.stdout.write(_render(answer))
    return 0


def _render(answer: Answer) -> str:
    width = min(shutil.get_terminal_size().columns, 110)
    blocks = [_render_hit(hit, width, answer.query.superseded) for hit in answer.hits]
    above = max(min(answer.total - answer.query.offset, len(blocks)), 0)
    if above < len(blocks):
        blocks.insert(above, "     ── near, but hardly an answer ──\n")
    answering = "1 release answers" if answer.total == 1 else f"{answer.total:,} releases answer"
    shown = answering if answer.total else "nothing here answers this"
    if not answer.hits:
        shown = "no further releases" if answer.query.offset else _why_none(answer)
    return "\n".join([*blocks, f"{shown}, {answer.took_ms:.0f} ms\n"])


def _why_none(answer: Answer) -> str:
    if answer.query.superseded and not answer.generation:
        return "the archive holds no superseded text"
    return "no release passes these filters"


def _render_hit(hit: Hit, width: int, superseded: bool) -> str:
    release = hit.passage.release
    version = f"version {release.version}, superseded" if superseded else None
    facts = " · ".join(filter(None, (release.published, release.topic, version, release.url or release.id)))
    lines = [f"{hit.rank:>3}. {release.title}", f"     {facts}"]
    lines += textwrap.wrap(hit.passage.text, width, initial_indent="     ", subsequent_indent="     ")
    if hit.more:
        places = ", ".join(str(one.passage.position) for one in hit.more)
        lines.append(f"     (paragraph {hit.passage.position}; also {places})")
    if hit.identical:
        ids = ", ".join(passage.release.id for passage in hit.identical)
        lines.append(f"     ({len(hit.identical):,} near-identical: {ids})")
    return "\n".join(lines) + "\n"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write YYYY-MM-DD") from error
