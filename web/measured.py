"""What was measured, for the page that explains the ranking: `telusur evaluate`, one configuration for every kind of query."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scores:
    """MRR@10 of each kind of query: 1 where the right release always comes first, 0 where it never is among ten.

    Attributes:
        meaning: Statements in other words than the release's.
        natural: Questions as readers type them.
        english: English questions to Indonesian releases.
    """

    meaning: float
    natural: float
    english: float


@dataclass(frozen=True, slots=True)
class Other:
    """Another ranking of the same paragraphs: what others do, or the product with one step left out.

    Attributes:
        ranking: Its name, as `telusur evaluate --compare` takes it.
        news: On the news archive, by release.
        sample: On the sample archive, by release.
    """

    ranking: str
    news: Scores
    sample: Scores


@dataclass(frozen=True, slots=True)
class Judged:
    """Hits of one band among the first ten, and how many of them are judged right; one that nobody judged counts as wrong."""

    right: int
    hits: int


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was said of some queries.

    Attributes:
        queries: How many they are.
        told_nothing: How many of them were told that nothing here answers.
        strong: Their hits of this band.
        medium: Likewise.
    """

    queries: int
    told_nothing: int
    strong: Judged
    medium: Judged


@dataclass(frozen=True, slots=True)
class Line:
    """How often the line errs: `told_nothing` should be few of the first three kinds, and all that are off topic."""

    natural: Verdicts
    english: Verdicts
    meaning: Verdicts
    off_topic: Verdicts


NEWS_BY_RELEASE = Scores(meaning=0.362, natural=0.988, english=0.934)
NEWS_BY_PARAGRAPH = Scores(meaning=0.275, natural=0.876, english=0.803)
"""The product on the news archive, 494 releases."""

SAMPLE_BY_RELEASE = Scores(meaning=0.328, natural=1.000, english=0.831)
"""The product on the sample archive, 96 releases, which was looked at while constants were chosen on the news."""

OTHERS = (
    Other("words", news=Scores(0.040, 0.969, 0.368), sample=Scores(0.000, 1.000, 0.127)),
    Other("alone", news=Scores(0.112, 0.912, 0.705), sample=Scores(0.177, 0.869, 0.664)),
    Other("rrf", news=Scores(0.073, 0.963, 0.626), sample=Scores(0.005, 0.988, 0.659)),
    Other("no-context", news=Scores(0.279, 0.970, 0.713), sample=Scores(0.207, 0.980, 0.725)),
    Other("no-centring", news=Scores(0.321, 0.963, 0.911), sample=Scores(0.309, 1.000, 0.777)),
    Other("no-map", news=Scores(0.318, 0.975, 0.885), sample=Scores(0.298, 0.995, 0.804)),
    Other("no-hubs", news=Scores(0.336, 0.988, 0.929), sample=Scores(0.325, 1.000, 0.813)),
    Other("no-rewording", news=Scores(0.284, 0.988, 0.934), sample=Scores(0.293, 1.000, 0.831)),
    Other("no-words", news=Scores(0.362, 0.981, 0.934), sample=Scores(0.328, 0.937, 0.831)),
    Other("no-coverage", news=Scores(0.149, 0.994, 0.921), sample=Scores(0.106, 1.000, 0.823)),
)
"""Other rankings in the same run; scores in the order of `Scores`."""

LINE_ON_NEWS = Line(
    natural=Verdicts(80, 0, strong=Judged(85, 121), medium=Judged(1, 72)),
    english=Verdicts(80, 16, strong=Judged(45, 58), medium=Judged(23, 106)),
    meaning=Verdicts(80, 57, strong=Judged(3, 8), medium=Judged(7, 35)),
    off_topic=Verdicts(20, 20, strong=Judged(0, 0), medium=Judged(0, 0)),
)
LINE_ON_SAMPLE = Line(
    natural=Verdicts(96, 2, strong=Judged(90, 96), medium=Judged(4, 23)),
    english=Verdicts(96, 46, strong=Judged(12, 12), medium=Judged(34, 45)),
    meaning=Verdicts(96, 95, strong=Judged(0, 0), medium=Judged(1, 1)),
    off_topic=Verdicts(48, 46, strong=Judged(0, 0), medium=Judged(0, 2)),
)
