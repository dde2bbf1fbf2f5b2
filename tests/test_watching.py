"""Standing searches: which passages they announce, under which key, and when those came in."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import LITTLE_ARCHIVE, build, fill, make_release, open_index, remove

from archive import Release, Store
from archive.arrivals import Arrival, arrivals, latest_paragraph_id
from index import Filters, Mode, Query
from index.watching import Mark, Watched, order, watch

SERVICE = Query("melayani", mode=Mode.WORDS)  # whose line is plain: above it stands what holds the word
ASN = make_release("asn", "ASN itu melayani a0", "Apel pagi a30", "Loket melayani a60", title="Mental", published="2023-03-21")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    fill(tmp_path, ASN, *LITTLE_ARCHIVE[1:])
    build(tmp_path)
    return tmp_path


def look(data: Path, query: Query = SERVICE, most: int | None = None, after: Mark | None = None) -> Watched:
    with closing(open_index(data)) as index:
        return watch(index, query, most, after)


def places(watched: Watched) -> list[tuple[str, int]]:
    return [(one.hit.passage.release.id, one.hit.passage.position) for one in watched.found]


def arrive(monkeypatch: pytest.MonkeyPatch, data: Path, at: str, *releases: Release) -> None:
    """Import releases at some time."""
    monkeypatch.setattr("archive.adding.now", lambda: at)
    fill(data, *releases)


def arrival(
    first_id: int, at: str = "2024-01-01", release: int = 1, published: str | None = None, position: int = 0
) -> Arrival:
    return Arrival(first_id, at, release, published, position)


def test_only_what_is_above_the_line_is_found_and_the_latest_arrival_comes_first(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(monkeypatch, data, "2030-01-01T00:00:00+00:00", make_release("baru", "Jalan rusak a180", "Bidan melayani a5"))
    build(data)
    watched = look(data)
    assert places(watched) == [("baru", 1), ("asn", 0), ("asn", 2)]
    assert watched.found[0].arrived_at == "2030-01-01T00:00:00+00:00"
    assert (watched.total, watched.generation) == (3, 2)
    assert [one.hit.rank for one in watched.found] == [1, 2, 3]


def test_no_more_than_wanted_are_given_but_all_are_counted(data: Path) -> None:
    watched = look(data, most=1)
    assert (places(watched), watched.total) == ([("asn", 0)], 2)


def test_filters_hold(data: Path) -> None:
    assert places(look(data, replace(SERVICE, filters=Filters(since=date(2024, 1, 1))))) == []


def test_a_passage_keeps_key_and_time_in_another_index_and_in_a_version_that_repeats_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look(data).found[0]
    changed = make_release("asn", "Apel sore a180", "ASN itu melayani a0", title="Mental", published="2023-03-21")
    arrive(monkeypatch, data, "2030-01-01T00:00:00+00:00", changed)
    build(data)
    build(data, rebuild=True)
    watched = look(data)
    assert (watched.generation, watched.total) == (3, 1)
    after = watched.found[0]
    assert (after.hit.passage.release.version, after.hit.passage.position) == (2, 1)
    assert (after.key, after.arrived_at) == (before.key, before.arrived_at)
    assert before.key.startswith("asn:")


def test_a_changed_text_is_another_passage_that_arrives_with_its_version(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {one.key for one in look(data).found}
    changed = make_release(
        "asn", "ASN itu melayani warga a0", "Apel pagi a30", "Loket melayani a60", title="Mental", published="2023-03-21"
    )
    arrive(monkeypatch, data, "2030-01-01T00:00:00+00:00", changed)
    build(data)
    first, second = look(data).found
    assert second.key in before
    assert (first.hit.passage.text, first.arrived_at) == ("ASN itu melayani warga a0", "2030-01-01T00:00:00+00:00")
    assert first.key not in before


def test_what_arrived_before_a_mark_is_left_out(data: Path) -> None:
    with closing(Store(data / "archive.sqlite")) as store:
        mark = Mark(latest_paragraph_id(store.database), "2000-01-01T00:00:00+00:00")
        at = store.release("asn").imported_at
    assert look(data, after=Mark(mark.paragraph_id, at)).total == 0
    fill(data, make_release("baru", "Bidan melayani a5"))  # within the same second, more likely than not
    build(data)
    assert places(look(data, after=Mark(mark.paragraph_id, "9999"))) == [("baru", 0)]


def test_an_archive_restored_from_an_older_copy_is_told_by_the_time() -> None:
    mark = Mark(100, "2024-01-01T00:00:00+00:00")
    assert mark.is_before(arrival(50, "2024-01-02T00:00:00+00:00"))
    assert mark.is_before(arrival(101, "2023-01-01T00:00:00+00:00"))
    assert not mark.is_before(arrival(100, "2024-01-01T00:00:00+00:00"))


def test_a_repost_is_nothing_new(data: Path) -> None:
    before = [one.key for one in look(data).found]
    fill(data, replace(ASN, id="repost", source="/press/repost.txt"))
    build(data)
    assert len(before) == 2
    assert [one.key for one in look(data).found] == before


def test_a_removed_release_is_not_found(data: Path) -> None:
    remove(data, "asn")
    assert look(data).found == ()


def test_those_that_arrived_together_stand_by_day_then_by_release_and_place() -> None:
    listed = [
        arrival(1, release=1, published="2023-01-01", position=0),
        arrival(5, release=3, published="2023-05-01", position=1),
        arrival(4, release=3, published="2023-05-01", position=0),
        arrival(2, release=2, published=None),
        arrival(9, at="2024-02-01", release=9, published="2001-01-01"),
    ]
    assert order(listed, [1, 3, 3, 2, 9]) == [4, 2, 1, 0, 3]


def test_of_a_group_only_the_release_that_came_first_counts_and_of_a_text_said_twice_one() -> None:
    listed = [arrival(7, release=2), arrival(3, release=1, position=2), arrival(3, release=1, position=0)]
    assert order(listed, [5, 5, 5]) == [2]
    assert order([], []) == []


def test_arrivals_of_unknown_paragraphs_are_left_out(store: Store) -> None:
    assert arrivals(store.database, [1, 2]) == {}
    assert latest_paragraph_id(store.database) == 0


def test_two_releases_with_one_text_have_two_keys(data: Path) -> None:
    fill(data, make_release("lain", "Kabar lain melayani a90", "Loket melayani a60"))
    build(data)
    found = {one.key for one in look(data).found if one.hit.passage.text == "Loket melayani a60"}
    assert {key.partition(":")[0] for key in found} == {"asn", "lain"}
    assert len({key.partition(":")[2] for key in found}) == 1
