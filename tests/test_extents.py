from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from conftest import LITTLE_ARCHIVE, build, fill, make_release, open_index, remove

from index.extents import Extent, Extents, measure
from index.filters import Catalog


def catalog(days: list[str | None], topics: list[int], names: tuple[str, ...]) -> Catalog:
    ordinals = np.array([date.fromisoformat(day).toordinal() if day else 0 for day in days], np.int32)
    return Catalog(ordinals, {"topics": np.array(topics, np.int32)}, {"topics": names})


def test_a_value_reaches_from_its_first_release_to_its_last() -> None:
    known = catalog(["2023-05-02", "2021-01-19", None, "2022-01-01", "1999-01-01"], [1, 1, 1, 0, -1], ("A", "B", "C"))
    assert measure(known, "topics", np.ones(5, bool)) == (
        Extent("B", 3, date(2021, 1, 19), date(2023, 5, 2)),
        Extent("A", 1, date(2022, 1, 1), date(2022, 1, 1)),
    )


def test_releases_that_do_not_count_move_no_end_and_undated_ones_have_none() -> None:
    known = catalog(["2023-05-02", "2021-01-19", None], [0, 0, 1], ("A", "B"))
    assert measure(known, "topics", np.array([True, False, True])) == (
        Extent("A", 1, date(2023, 5, 2), date(2023, 5, 2)),
        Extent("B", 1, None, None),
    )


def test_index_measures_what_is_live_and_counts_what_it_does_not_know_yet(tmp_path: Path) -> None:
    fill(tmp_path, *LITTLE_ARCHIVE)
    build(tmp_path)
    index = open_index(tmp_path)
    flood, service = (Extent("Kebencanaan", 1, *[date(2021, 1, 19)] * 2), Extent("Kepegawaian", 1, *[date(2023, 3, 21)] * 2))
    assert index.extents("topics") == Extents(1, (flood, service))
    assert (index.answering(), index.answering(superseded=True), index.unindexed()) == (1, 0, 0)
    fill(tmp_path, make_release("baru", "satu a10", "dua a20"), replace(LITTLE_ARCHIVE[0], body="ASN itu melayani a0"))
    remove(tmp_path, "banjir")
    assert index.extents("topics") == Extents(1, (service,))
    assert index.unindexed() == 3
    build(tmp_path)
    assert (index.answering(), index.answering(superseded=True), index.unindexed()) == (2, 1, 0)
    index.close()
