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


NEWS_BY_RELEASE = Scores(meaning=0.286, natural=0.988, english=0.931)
NEWS_BY_PARAGRAPH = Scores(meaning=0.212, natural=0.883, english=0.807)
"""The product on the news archive, 494 releases."""

SAMPLE_BY_RELEASE = Scores(meaning=0.292, natural=1.000, english=0.832)
"""The product on the sample archive, 96 releases, which was looked at while constants were chosen on the news."""

OTHERS = (
    Other("words", news=Scores(0.040, 0.969, 0.368), sample=Scores(0.000, 1.000, 0.127)),
    Other("alone", news=Scores(0.112, 0.912, 0.699), sample=Scores(0.176, 0.869, 0.662)),
    Other("rrf", news=Scores(0.063, 0.963, 0.624), sample=Scores(0.005, 0.988, 0.655)),
    Other("no-context", news=Scores(0.222, 0.971, 0.713), sample=Scores(0.188, 0.981, 0.732)),
    Other("no-centring", news=Scores(0.217, 0.969, 0.909), sample=Scores(0.225, 1.000, 0.779)),
    Other("no-map", news=Scores(0.220, 0.975, 0.884), sample=Scores(0.234, 1.000, 0.808)),
    Other("no-hubs", news=Scores(0.253, 0.988, 0.921), sample=Scores(0.276, 1.000, 0.812)),
    Other("no-words", news=Scores(0.287, 0.979, 0.931), sample=Scores(0.294, 0.930, 0.832)),
    Other("no-coverage", news=Scores(0.151, 0.994, 0.927), sample=Scores(0.104, 1.000, 0.829)),
)
"""Other rankings in the same run; scores in the order of `Scores`."""

LINE_ON_NEWS = Line(
    natural=Verdicts(80, 0, strong=Judged(86, 123), medium=Judged(0, 64)),
    english=Verdicts(80, 20, strong=Judged(41, 51), medium=Judged(23, 88)),
    meaning=Verdicts(80, 66, strong=Judged(1, 1), medium=Judged(2, 21)),
    off_topic=Verdicts(20, 20, strong=Judged(0, 0), medium=Judged(0, 0)),
)
LINE_ON_SAMPLE = Line(
    natural=Verdicts(96, 1, strong=Judged(90, 97), medium=Judged(5, 26)),
    english=Verdicts(96, 42, strong=Judged(11, 11), medium=Judged(38, 50)),
    meaning=Verdicts(96, 94, strong=Judged(0, 0), medium=Judged(0, 2)),
    off_topic=Verdicts(48, 45, strong=Judged(0, 1), medium=Judged(0, 2)),
)
