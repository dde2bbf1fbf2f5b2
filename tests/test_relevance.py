from __future__ import annotations

import numpy as np
import pytest
from conftest import directions

from index import relevance
from index.relevance import Band, Relevance, Verdict, calibrate, evidence

NONE = np.empty(0, np.float32)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


@pytest.fixture
def known() -> Relevance:
    """Twenty questions from elsewhere in the east that find little, twenty in the west that find much."""
    questions = directions([*range(-10, 10), *range(170, 190)])
    return Relevance(questions, floats(*[0.25] * 20, *[0.75] * 20), query_line=0.125, hit_line=0.5)


# Evidence


def test_evidence_is_the_mean_of_the_ten_best() -> None:
    assert evidence(floats(*[0.5] * 8, 0.25, 0.75, -1, -1, -1), NONE) == pytest.approx(0.5)
    assert evidence(floats(0.5, 0.25), NONE) == pytest.approx(0.375)


def test_the_best_share_of_words_is_added() -> None:
    assert evidence(floats(0.5), floats(0.125, 0.25)) == pytest.approx(0.75)


def test_nothing_found_is_no_evidence() -> None:
    assert evidence(NONE, NONE) == -1


# Verdicts


def test_a_query_is_compared_with_the_questions_most_like_it(known: Relevance) -> None:
    """The same evidence is much in the east, where questions find little, and nothing in the west."""
    east = known.judge(directions([0]), floats(0.75), NONE, 0.9)
    west = known.judge(directions([180]), floats(0.75), NONE, 0.9)
    assert (east.band, east.excess) == (Band.STRONG, pytest.approx(0.5))
    assert (west.band, west.excess) == (Band.WEAK, pytest.approx(0))


@pytest.mark.parametrize(
    ("cosine", "band"), [(0.37, Band.WEAK), (0.38, Band.MEDIUM), (0.47, Band.MEDIUM), (0.48, Band.STRONG), (-1, Band.WEAK)]
)
def test_bands_of_a_query_begin_at_its_line(known: Relevance, cosine: float, band: Band) -> None:
    assert known.judge(directions([0]), floats(cosine), NONE, 0.9).band is band


def test_words_answer_where_nothing_is_similar(known: Relevance) -> None:
    assert known.judge(directions([0]), floats(0), floats(0.5), 1).band is Band.STRONG


def test_passages_stand_above_a_line_of_their_own(known: Relevance) -> None:
    verdict = known.judge(directions([0]), floats(0.75), NONE, best_score=1)
    assert verdict.line == pytest.approx(0.75)
    bands = [verdict.band_of(score).value for score in (1, 0.86, 0.84, 0.76, 0.74, -1)]
    assert bands == ["kuat", "kuat", "sedang", "sedang", "lemah", "lemah"]


def test_the_best_passage_of_an_answered_query_stands_above_the_line(known: Relevance) -> None:
    verdict = known.judge(directions([0]), floats(0.5), NONE, best_score=0.6)
    assert (verdict.band, verdict.line, verdict.band_of(0.6)) == (Band.STRONG, 0.6, Band.MEDIUM)


def test_nothing_stands_above_the_line_of_a_query_without_an_answer(known: Relevance) -> None:
    verdict = known.judge(directions([0]), floats(0.25), NONE, best_score=0.9)
    assert (verdict.line, verdict.band_of(0.9), verdict.band_of(5)) == (np.inf, Band.WEAK, Band.WEAK)


def test_nothing_found_is_weak(known: Relevance) -> None:
    assert known.judge(directions([0]), NONE, NONE, -1).band is Band.WEAK


def test_bands_never_rise_down_a_list() -> None:
    order = list(Band)
    for line in (-0.5, 0.0, 0.7, np.inf):
        verdict = Verdict(Band.MEDIUM, 0, line, line + 0.1)
        places = [order.index(verdict.band_of(score)) for score in np.linspace(2, -2, 81)]
        assert places == sorted(places)


# Calibration


def test_the_line_lets_one_question_in_ten_through() -> None:
    """A hundred questions that look the same way but find more or less."""
    found = np.linspace(0, 1, 101)
    calibrated = calibrate(directions([0] * 101), [floats(value) for value in found], [NONE] * 101, list(found + 0.25))
    assert calibrated.evidence == pytest.approx(found)
    verdicts = [calibrated.judge(directions([0]), floats(value), NONE, value + 0.25) for value in found]
    passing = sum(verdict.band is not Band.WEAK for verdict in verdicts)
    assert passing == pytest.approx(10, abs=1)
    assert calibrated.hit_line == pytest.approx(calibrated.query_line + 0.25)


def test_a_question_is_no_baseline_for_itself() -> None:
    """Of two questions one finds much: less the other's evidence it exceeds by 0.75, less its own by nothing."""
    calibrated = calibrate(directions([0, 1]), [floats(1), floats(0.25)], [NONE, NONE], [1, 0.25])
    assert calibrated.query_line == pytest.approx(np.quantile([0.75, -0.75], 0.9))
    assert calibrated.hit_line == pytest.approx(np.quantile([0.75, -0.75], 0.9))


def test_questions_are_compared_with_their_like() -> None:
    """In the west all find much, in the east all find little: no question exceeds its like, so the lines are low."""
    questions = directions([*range(-10, 10), *range(170, 190)])
    found = [0.1] * 20 + [0.9] * 20
    calibrated = calibrate(questions, [floats(value) for value in found], [NONE] * 40, found)
    assert (calibrated.query_line, calibrated.hit_line) == pytest.approx((0, 0), abs=1e-6)


def test_words_that_questions_from_elsewhere_share_raise_the_line() -> None:
    bare = calibrate(directions([0] * 20), [floats(0)] * 20, [NONE] * 20, [0.0] * 20)
    sharing = calibrate(directions([0] * 20), [floats(0)] * 20, [floats(0.5)] * 4 + [NONE] * 16, [0.0] * 20)
    assert bare.query_line == pytest.approx(0)
    assert sharing.query_line > 0.3


def test_bands_have_the_words_of_the_page() -> None:
    assert [band.value for band in Band] == ["kuat", "sedang", "lemah"]
    assert relevance.TOP == 10
