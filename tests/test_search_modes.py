"""Other ways to ask: by meaning or by words alone, by date, without a query, several queries at once, and with counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import AngleEncoder, build, fill, ids, make_release, open_index, places

from index import Band, Filters, Index, Mode, Query, Sort, scan
from index.answer import Marks
from index.scan import Scan
from index.survey import FacetValue


def test_a_search_by_meaning_alone_passes_over_words(tmp_path: Path) -> None:
    fill(tmp_path, *(make_release(f"r{number}", f"Kantor cabang {number} a50") for number in range(8)))
    fill(tmp_path, make_release("nama", "Kantor Purwalegi a50"))
    build(tmp_path)
    index = open_index(tmp_path)
    assert ids(index.search(Query("purwalegi c50", k=1))) == ["nama"]
    answer = index.search(Query("purwalegi c50", mode=Mode.MEANING))
    assert ids(answer)[-1] == "nama"
    assert answer.hits[-1].marks.words == ((7, 16),)
    index.close()


def test_a_search_by_words_alone_finds_what_holds_them_and_nothing_else(tmp_path: Path) -> None:
    fill(
        tmp_path,
        make_release("semua", "Lurah Purwalegi meresmikan pasar a150"),
        make_release("satu", "Pasar dibuka a50"),
        make_release("tidak", "Kantor ditutup a50"),
        make_release("lain", "Sekolah libur a50"),
    )
    build(tmp_path)
    encoder = AngleEncoder()
    index = Index(tmp_path, load_encoder=lambda _name: encoder)
    answer = index.search(Query("pasar purwalegi lurah", mode=Mode.WORDS))
    assert [(hit.passage.release.id, hit.band) for hit in answer.hits] == [("semua", Band.STRONG), ("satu", Band.WEAK)]
    assert (answer.total, answer.band, answer.has_more) == (1, Band.STRONG, False)
    assert answer.hits[0].marks == Marks(None, ((0, 5), (6, 15), (27, 32)))
    nothing = index.search(Query("stasiun", mode=Mode.WORDS))
    assert (nothing.hits, nothing.total, nothing.band) == ((), 0, Band.WEAK)
    assert encoder.queries == [], "words need no model"
    index.close()


@pytest.fixture
def dated(tmp_path: Path) -> Iterator[Index]:
    """Three releases that answer c0, the best of them of 2022, two that do not, and one without a date that does."""
    days = {"tua": ("2021-03-01", 5), "baru": ("2023-03-01", 8), "tengah": ("2022-03-01", 0), "tanpa": (None, 3)}
    releases = [make_release(id, f"Siaran {id} a{angle}", published=day, topic="Satu") for id, (day, angle) in days.items()]
    others = [make_release(f"lain{n}", f"Lain {n} a{120 + 120 * n}", published=f"202{n}-07-01", topic="Dua") for n in range(2)]
    fill(tmp_path, *releases, *others)
    build(tmp_path)
    index = open_index(tmp_path)
    yield index
    index.close()


def test_hits_above_the_line_come_in_the_order_asked_for(dated: Index) -> None:
    assert sorted(ids(dated.search(Query("c0", k=4)))) == ["baru", "tanpa", "tengah", "tua"]
    assert ids(dated.search(Query("c0", sort=Sort.NEWEST)))[:4] == ["baru", "tengah", "tua", "tanpa"]
    oldest = dated.search(Query("c0", sort=Sort.OLDEST))
    assert ids(oldest)[:4] == ["tua", "tengah", "baru", "tanpa"]
    assert oldest.total == 4
    assert [hit.band for hit in oldest.hits[4:]] == [Band.WEAK, Band.WEAK]


def test_pages_of_an_order_by_date_have_no_gaps(dated: Index) -> None:
    whole = ids(dated.search(Query("c0", sort=Sort.OLDEST)))
    pages = [dated.search(Query("c0", k=1, offset=offset, sort=Sort.OLDEST)) for offset in range(6)]
    assert [ids(page)[0] for page in pages] == whole


def test_filters_move_no_line(dated: Index) -> None:
    whole = dated.search(Query("c0"))
    lone = dated.search(Query("c0", filters=Filters(until=date(2021, 12, 31))))
    assert [(hit.passage.release.id, hit.score, hit.band) for hit in lone.hits if hit.band is not Band.WEAK] == [
        (hit.passage.release.id, hit.score, hit.band) for hit in whole.hits if hit.passage.release.id == "tua"
    ]
    assert (lone.total, lone.relevance) == (1, whole.relevance)
    nothing = dated.search(Query("c0", filters=Filters(topics=("Dua",))))
    assert (nothing.total, nothing.band, {hit.band for hit in nothing.hits}) == (0, Band.WEAK, {Band.WEAK})


def test_a_survey_counts_what_each_filter_would_find(dated: Index) -> None:
    spread = dated.search(Query("c0", filters=Filters(since=date(2022, 1, 1)), surveyed=True)).survey
    assert spread is not None
    for value in spread.topics:
        narrowed = Filters(since=date(2022, 1, 1), topics=(value.name,))
        assert dated.search(Query("c0", filters=narrowed)).total == value.count
    assert spread.topics == (FacetValue("Satu", 2),)
    for period in spread.timeline.periods:
        within = Filters(since=period.start, until=period.end)
        assert dated.search(Query("c0", filters=within)).total == period.matches
    assert dated.search(Query("c0")).survey is None


def test_releases_are_listed_without_a_query(data: Path, dated: Index) -> None:
    found = dated.browse(Filters(), k=4)
    assert [passage.release.id for passage in found.openings] == ["baru", "tengah", "lain1", "tua"]
    assert (found.total, found.generation) == (6, 1)
    assert found.survey.topics == (FacetValue("Satu", 4), FacetValue("Dua", 2))
    rest = dated.browse(Filters(), k=4, offset=4)
    assert [passage.release.id for passage in rest.openings] == ["lain0", "tanpa"]
    oldest = dated.browse(Filters(topics=("Dua",)), sort=Sort.OLDEST)
    assert [passage.release.id for passage in oldest.openings] == ["lain0", "lain1"]
    dated.store.remove("baru")
    assert dated.browse(Filters()).total == 5
    with pytest.raises(ValueError, match="sort by newest or oldest"):
        dated.browse(Filters(), sort=Sort.RELEVANCE)


def test_several_queries_pass_the_model_together(index: Index, encoder: AngleEncoder) -> None:
    answers = index.search_many([Query("c10"), Query("c140", k=1), Query("melayani", mode=Mode.WORDS)])
    assert [ids(answer) for answer in answers] == [["asn", "pasar", "banjir"], ["banjir"], ["asn"]]
    assert encoder.queries == ["c10", "c140"]


def test_queries_that_differ_in_their_filters_alone_are_looked_for_once(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    by_meaning = scan.by_meaning

    def counting(*arguments: Any) -> Scan:
        looked.append("c10")
        return by_meaning(*arguments)

    monkeypatch.setattr(scan, "by_meaning", counting)
    answers = index.search_many([Query("c10"), Query("c10", filters=Filters(until=date(2000, 1, 1))), Query("c10", k=1)])
    assert [len(answer.hits) for answer in answers] == [3, 0, 1]
    assert looked == ["c10"]


def test_the_passages_of_a_release_that_answer_come_in_reading_order(index: Index) -> None:
    hits = index.passages_of(Query("kali meluap c125"), "banjir")
    assert places(hits) == [("banjir", 0), ("banjir", 1)]
    assert [hit.rank for hit in hits] == [1, 2]
    assert hits[0].score > hits[1].score
    assert hits[0].marks.words == ((0, 4), (5, 11))
    assert index.passages_of(Query("kali meluap c125"), "asn") == ()
    assert index.passages_of(Query("kali meluap c125"), "tidak-ada") == ()
