"""Judge a search by queries whose answers are known; pure but for reading the judged file.

Measures as in Manning, Raghavan & Schütze, *Introduction to Information Retrieval* (2008), chapter 8. Intervals hold 95 of a
hundred bootstrap draws of the queries (Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13); of the
difference between two rankings, both are measured on the same draws (Sakai, SIGIR 2006).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from index.relevance import Band

CUT = 10
DRAWS = 2_000


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


Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Intervals:
    """From where to where each measure's bootstrap means lie."""

    ndcg_at_10: Interval
    mrr_at_10: Interval
    recall_at_1: Interval
    recall_at_10: Interval


@dataclass(frozen=True, slots=True)
class Share:
    """A mean over queries that is no measure of a ranking, 0 to 1, with its interval."""

    mean: float
    ci95: Interval


@dataclass(frozen=True, slots=True)
class Hits:
    """Hits of one band: how many there are, and the share whose release is judged right; what nobody judged is wrong."""

    hits: int
    precision: float | None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a search says of its own answers.

    Attributes:
        told_nothing: Share of queries that it says nothing here answers.
        auroc: How often one of these queries has a higher relevance than one off topic; None without two sides to compare.
        bands: The first `CUT` hits of each query by band.
    """

    told_nothing: Share
    auroc: Share | None
    bands: dict[str, Hits]


@dataclass(frozen=True, slots=True)
class KindReport:
    """What one kind of query scored; from `compare`, by how much that is above what it scored elsewhere, -1 to 1.

    Attributes:
        queries: How many were asked.
        release: A hit is right if it names a right release.
        release_ci95: Its intervals.
        paragraph: A hit is right if it names a best paragraph of the first right release; None where none is judged.
        paragraph_ci95: Its intervals.
        verdicts: None for a ranking that does not judge its answers.
    """

    queries: int
    release: Measures
    release_ci95: Intervals
    paragraph: Measures | None
    paragraph_ci95: Intervals | None
    verdicts: Verdicts | None


@dataclass(frozen=True, slots=True)
class OffTopicReport:
    """What one kind of query was told that the archive does not answer."""

    queries: int
    verdicts: Verdicts


@dataclass(frozen=True, slots=True)
class Told:
    """What a search says of its own answer.

    Attributes:
        band: For the query as a whole.
        relevance: Higher where more here answers.
        bands: Of each release found.
    """

    band: Band
    relevance: float
    bands: Sequence[Band]


@dataclass(frozen=True, slots=True)
class Found:
    """What a ranking found for one query; best first, near-identical things in one place.

    Attributes:
        releases: By public id.
        paragraphs: By public id and position.
        told: None where the ranking does not judge itself.
    """

    releases: Sequence[Collection[str]]
    paragraphs: Sequence[Collection[tuple[str, int]]]
    told: Told | None = None


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


def evaluate(queries: Sequence[JudgedQuery], find: Callable[[str], Found], draws: int = DRAWS) -> dict[str, KindReport]:
    """Ask every query and report by kind."""
    return report(queries, [find(query.text) for query in queries], draws)


def report(queries: Sequence[JudgedQuery], found: Sequence[Found], draws: int = DRAWS) -> dict[str, KindReport]:
    """Report by kind what those queries found that have an answer.

    Args:
        queries: Those without a right release are off topic; they count in `Verdicts.auroc` alone.
        found: For each query, what was found.
        draws: Of the bootstrap, at least 1.
    """
    off_topic = [one for query, one in zip(queries, found, strict=True) if not query.releases]
    reports = {}
    for kind, places in _by_kind(queries, answered=True).items():
        asked, answers = [queries[place] for place in places], [found[place] for place in places]
        verdicts = _verdicts(asked, answers, off_topic, draws)
        reports[kind] = _kind_report(*_per_query(asked, answers), verdicts, draws)
    return reports


def report_off_topic(queries: Sequence[JudgedQuery], found: Sequence[Found], draws: int = DRAWS) -> dict[str, OffTopicReport]:
    """Report by kind what those queries were told that have no answer; empty if the ranking does not judge its answers."""
    reports = {}
    for kind, places in _by_kind(queries, answered=False).items():
        verdicts = _verdicts([queries[place] for place in places], [found[place] for place in places], [], draws)
        if verdicts:
            reports[kind] = OffTopicReport(len(places), verdicts)
    return reports


def compare(
    queries: Sequence[JudgedQuery], found: Sequence[Found], others: Sequence[Found], draws: int = DRAWS
) -> dict[str, KindReport]:
    """Report by kind how far one ranking is above another.

    Args:
        queries: Those without a right release are left out.
        found: For each query, what the one found.
        others: For each query, what the other one found; it is subtracted, query by query.
        draws: Of the bootstrap, at least 1.
    """
    reports = {}
    for kind, places in _by_kind(queries, answered=True).items():
        asked = [queries[place] for place in places]
        ours, theirs = (_per_query(asked, [ones[place] for place in places]) for ones in (found, others))
        reports[kind] = _kind_report(ours[0] - theirs[0], ours[1] - theirs[1], None, draws)
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


def bootstrap(values: np.ndarray, draws: int = DRAWS) -> np.ndarray:
    """Draw as many rows as there are, again and again, and see where the middle 95 % of their means lie.

    Args:
        values: Shape (n, measures), n ≥ 1.
        draws: At least 1. The same ones for every n, so that nothing depends on what else is measured.

    Returns:
        Ends of the intervals, shape (2, measures).
    """
    return np.asarray(np.percentile(_weights(len(values), draws) @ values, (2.5, 97.5), axis=0))


def auroc(relevant: np.ndarray, off_topic: np.ndarray, draws: int = DRAWS) -> Share:
    """How often a relevant query has the higher value of the two; ties count half (Hanley & McNeil, Radiology 143, 1982).

    Args:
        relevant: Shape (n,), n ≥ 1.
        off_topic: Shape (m,), m ≥ 1.
        draws: Of the bootstrap, at least 1, for either side by itself.
    """
    wins = (np.sign(relevant[:, None] - off_topic) + 1) / 2
    drawn = ((_weights(len(relevant), draws) @ wins) * _weights(len(off_topic), draws, seed=1)).sum(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5)).tolist()
    return Share(float(wins.mean()), (low, high))


@lru_cache(8)
def _weights(count: int, draws: int, seed: int = 0) -> np.ndarray:
    """Share of each of `count` queries in each draw: float64, shape (draws, count)."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws) / count


def _by_kind(queries: Sequence[JudgedQuery], answered: bool) -> dict[str, list[int]]:
    """Places of the queries that have an answer, or have none, by kind in order of first appearance."""
    kinds: dict[str, list[int]] = {}
    for place, query in enumerate(queries):
        if bool(query.releases) == answered:
            kinds.setdefault(query.kind, []).append(place)
    return kinds


def _per_query(queries: Sequence[JudgedQuery], found: Sequence[Found]) -> tuple[np.ndarray, np.ndarray]:
    """Measures of releases and of paragraphs, a row a query; of the second, only queries whose paragraphs are judged."""
    pairs = list(zip(queries, found, strict=True))
    release = [astuple(measure(one.releases, query.releases)) for query, one in pairs]
    paragraph = [
        astuple(measure(one.paragraphs, [(query.releases[0], position) for position in query.paragraphs]))
        for query, one in pairs
        if query.paragraphs
    ]
    return np.array(release), np.array(paragraph).reshape(-1, 4)


def _kind_report(release: np.ndarray, paragraph: np.ndarray, verdicts: Verdicts | None, draws: int) -> KindReport:
    mean, ends = _summary(paragraph, draws) if len(paragraph) else (None, None)
    return KindReport(len(release), *_summary(release, draws), mean, ends, verdicts)


def _summary(values: np.ndarray, draws: int) -> tuple[Measures, Intervals]:
    low, high = bootstrap(values, draws).tolist()
    return Measures(*values.mean(axis=0).tolist()), Intervals(*zip(low, high, strict=True))


def _verdicts(
    queries: Sequence[JudgedQuery], found: Sequence[Found], off_topic: Sequence[Found], draws: int
) -> Verdicts | None:
    told = [one.told for one in found if one.told]
    others = [one.told.relevance for one in off_topic if one.told]
    if not told:
        return None
    nothing = np.array([[float(one.band is Band.WEAK)] for one in told])
    low, high = bootstrap(nothing, draws)[:, 0].tolist()
    relevance = np.array([one.relevance for one in told])
    separation = auroc(relevance, np.array(others), draws) if others else None
    return Verdicts(Share(float(nothing.mean()), (low, high)), separation, _hits(queries, found))


def _hits(queries: Sequence[JudgedQuery], found: Sequence[Found]) -> dict[str, Hits]:
    right: dict[Band, list[bool]] = {band: [] for band in Band}
    for query, one in zip(queries, found, strict=True):
        if one.told:
            for band, ids in zip(one.told.bands[:CUT], one.releases[:CUT], strict=True):
                right[band].append(not set(query.releases).isdisjoint(ids))
    return {band.value: Hits(len(ones), sum(ones) / len(ones) if ones else None) for band, ones in right.items()}
