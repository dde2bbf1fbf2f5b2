from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import build, fill, ids, make_release, open_index

from archive import Release
from index import Band, Filters, Index, Query
from index.encoder import Matrix
from index.relevance import Relevance, Verdict


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """800 releases of one paragraph that look three ways, give or take 20 degrees; every 200th is of a topic of its own.

    Every third says a word that is asked for too, and every release has a day of its own. Nothing is near where the questions
    from elsewhere look.
    """
    data = tmp_path_factory.mktemp("large")
    fill(data, *map(large_release, range(800)))
    build(data)
    index = open_index(data)
    yield index
    index.close()


def large_release(number: int) -> Release:
    angle = (way(number) + number * 37 % 41 - 20) % 360
    word = "banjir" if number % 3 == 0 else "pasar"
    topic = "Jarang" if number % 200 == 199 else "Sering"
    day = date.fromordinal(date(2021, 1, 1).toordinal() + number).isoformat()
    return make_release(f"r{number}", f"{word} {number} a{angle}", published=day, topic=topic)


def way(number: int) -> int:
    return number // 3 % 3 * 120


ALL = [f"r{number}" for number in range(800)]
EAST = [id for number, id in enumerate(ALL) if way(number) == 0]


# Filters


def test_filters_come_before_similarity(large: Index) -> None:
    rare = large.search(Query("banjir c0", k=4, filters=Filters(topics=("Jarang",))))
    assert (sorted(ids(rare)), rare.has_more) == (["r199", "r399", "r599", "r799"], False)
    last = large.search(Query("banjir c0", k=100, filters=Filters(since=date(2023, 3, 1))))
    assert (sorted(ids(last)), last.has_more) == (sorted(ALL[789:]), False)


def test_phrases_and_filters_add_up(large: Index) -> None:
    answer = large.search(Query('"banjir" c0', k=100, filters=Filters(topics=("Jarang",))))
    assert sorted(ids(answer)) == ["r399"]


# Pages


@pytest.mark.parametrize("text", ["c10", "banjir c10", "pasar banjir", "purwalegi"])
@pytest.mark.parametrize("k", [100, 37])
def test_pages_have_no_gaps_and_no_repeats(large: Index, text: str, k: int) -> None:
    pages = [large.search(Query(text, k=k, offset=offset)) for offset in range(0, 800, k)]
    hits = [hit for page in pages for hit in page.hits]
    assert sorted(hit.passage.release.id for hit in hits) == sorted(ALL)
    assert [hit.rank for hit in hits] == list(range(1, 801))
    assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert {page.total for page in pages} == {sum(hit.band is not Band.WEAK for hit in hits)}
    assert len({(page.band, page.relevance) for page in pages}) == 1
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("text", ["c10", "banjir c10"])
def test_total_counts_what_is_above_the_line(large: Index, text: str) -> None:
    whole = [hit for offset in range(0, 800, 100) for hit in large.search(Query(text, k=100, offset=offset)).hits]
    above = [hit.passage.release.id for hit in whole if hit.band is not Band.WEAK]
    assert set(above) >= set(EAST)
    for offset in (0, 5, 250, 795):
        answer = large.search(Query(text, k=5, offset=offset))
        assert answer.total == len(above)
        assert ids(answer) == [hit.passage.release.id for hit in whole[offset : offset + 5]]


def test_total_counts_filtered_releases_only(large: Index) -> None:
    query = Query("c10", k=5, filters=Filters(until=date(2021, 12, 31), topics=("Sering",)))
    expected = [id for number, id in enumerate(ALL[:365]) if id in EAST and number % 200 != 199]
    assert large.search(query).total == len(expected)


def test_total_counts_what_is_exactly_on_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty releases to each side, all of those to one side equally good: the line cannot be drawn between them."""
    fill(tmp_path, *(make_release(f"r{n}", f"Siaran {n} a{30 if n % 2 else 210}") for n in range(80)))
    build(tmp_path)
    judge = Relevance.judge

    def judge_strictly(self: Relevance, query: Matrix, cosines: np.ndarray, shares: np.ndarray, best_score: float) -> Verdict:
        return judge(replace(self, hit_line=9.0), query, cosines, shares, best_score)

    monkeypatch.setattr(Relevance, "judge", judge_strictly)
    index = open_index(tmp_path)
    answers = [index.search(Query("c30", k=5, offset=offset)) for offset in (0, 5, 30, 60)]
    index.close()
    assert [answer.total for answer in answers] == [40] * 4


def test_small_pages_agree_with_large_ones(large: Index) -> None:
    whole = ids(large.search(Query("banjir c10", k=60)))
    pages = [large.search(Query("banjir c10", k=6, offset=offset)) for offset in range(0, 60, 6)]
    assert [one for page in pages for one in ids(page)] == whole


def test_filtered_pages_have_no_gaps_and_no_repeats(large: Index) -> None:
    filtered = Query("banjir c10", k=90, filters=Filters(since=date(2021, 4, 11), topics=("Sering",)))
    pages = [large.search(replace(filtered, offset=offset)) for offset in range(0, 700, 90)]
    expected = [f"r{number}" for number in range(100, 800) if number % 200 != 199]
    assert sorted(one for page in pages for one in ids(page)) == sorted(expected)
    assert len({page.total for page in pages}) == 1


def test_a_page_beyond_the_last_is_empty_and_still_says_how_many_there_are(large: Index, index: Index) -> None:
    first, beyond = (large.search(Query("c10", offset=offset)) for offset in (0, 800))
    assert (beyond.hits, beyond.total, beyond.has_more) == ((), first.total, False)
    answer = index.search(Query("c10", k=2, offset=2))
    assert ([hit.rank for hit in answer.hits], answer.has_more) == ([3], False)
