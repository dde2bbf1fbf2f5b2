"""Judge a search by queries whose answers are known; pure but for reading the judged file.

Measures as in Manning, Raghavan & Schütze, *Introduction to Information Retrieval* (2008), chapter 8.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

CUT = 10


class JudgedFileError(Exception):
    """A file of judged queries cannot be read."""


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query and what answers it.

    Attributes:
        text: What is typed.
        kind: Group under which it is reported.
        releases: Public ids, any of which is right; empty where the archive holds no answer.
        paragraphs: Positions in the first of the releases that answer best.
    """

    text: str
    kind: str
    releases: tuple[str, ...]
    paragraphs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over queries, each 0 to 1. Any right answer will do, so recall says how often one is found at all."""

    ndcg_at_10: float
    mrr_at_10: float
    recall_at_1: float
    recall_at_10: float


@dataclass(frozen=True, slots=True)
class KindReport:
    """What one kind of query scored.

    Attributes:
        queries: How many were asked.
        release: A hit is right if it names a right release.
        paragraph: A hit is right if it names a best paragraph of the first right release; None where none is judged.
    """

    queries: int
    release: Measures
    paragraph: Measures | None


Found = tuple[Sequence[Collection[str]], Sequence[Collection[tuple[str, int]]]]
"""Releases found, by public id, and paragraphs found, by id and position; both best first, near-identical ones in one place."""


def read_judged(path: Path) -> list[JudgedQuery]:
    """Read judged queries, one JSON object a line: query, kind, releases, paragraphs.

    Raises:
        JudgedFileError: The file or a line of it cannot be read; the message names it.
    """
    queries = []
    try:
        # Not splitlines, which would also part a line at a separator within a query.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise JudgedFileError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            if not isinstance(fields["releases"], list):
                raise TypeError("releases is no list")
            queries.append(
                JudgedQuery(
                    str(fields["query"]),
                    str(fields.get("kind", "query")),
                    tuple(map(str, fields["releases"])),
                    tuple(map(int, fields.get("paragraphs", ()))),
                )
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise JudgedFileError(
                f"{path}:{number}: not a judged query (query, kind, releases, paragraphs): {error!r}"
            ) from error
    if not queries:
        raise JudgedFileError(f"{path} holds no queries")
    return queries


def evaluate(queries: Sequence[JudgedQuery], find: Callable[[str], Found]) -> dict[str, KindReport]:
    """Ask every query that has an answer and report by kind.

    Args:
        queries: Those without a right release are left out.
        find: Asks one text.
    """
    asked = [(query, find(query.text)) for query in queries if query.releases]
    reports = {}
    for kind in dict.fromkeys(query.kind for query, _ in asked):
        group = [one for one in asked if one[0].kind == kind]
        by_release = [measure(releases, query.releases) for query, (releases, _) in group]
        by_paragraph = [
            measure(paragraphs, [(query.releases[0], position) for position in query.paragraphs])
            for query, (_, paragraphs) in group
            if query.paragraphs
        ]
        reports[kind] = KindReport(len(group), mean(by_release), mean(by_paragraph) if by_paragraph else None)
    return reports


def measure(found: Sequence[Collection[Hashable]], right: Collection[Hashable]) -> Measures:
    """Measure one ranking.

    Args:
        found: What was found, best first; a place is right if anything in it is.
        right: What is right, at least one thing; each counts the same.
    """
    places = [place for place, things in enumerate(found[:CUT], 1) if not set(right).isdisjoint(things)]
    gain = sum(1 / math.log2(place + 1) for place in places)
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(len(right), CUT) + 1))
    return Measures(
        ndcg_at_10=gain / ideal,
        mrr_at_10=1 / places[0] if places else 0.0,
        recall_at_1=float(1 in places),
        recall_at_10=float(bool(places)),
    )


def mean(measures: Sequence[Measures]) -> Measures:
    """Mean of each measure over queries."""
    count = len(measures)
    return Measures(
        ndcg_at_10=sum(one.ndcg_at_10 for one in measures) / count,
        mrr_at_10=sum(one.mrr_at_10 for one in measures) / count,
        recall_at_1=sum(one.recall_at_1 for one in measures) / count,
        recall_at_10=sum(one.recall_at_10 for one in measures) / count,
    )
