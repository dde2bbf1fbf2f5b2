from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import build, fill, ids, make_release, open_index, places

from index import Band, Hit, Index, Query

# Near-identical releases


def test_near_identical_releases_are_folded_and_listed(tmp_path: Path) -> None:
    contact = "Hubungi humas kota pada hari kerja untuk keterangan lebih lanjut a90"
    fill(tmp_path, *(make_release(f"r{number}", contact, f"Isi {number} a{250 + number}") for number in range(12)))
    fill(tmp_path, make_release("lain", "Lain sekali a90"), make_release("ulang", contact.replace("humas", "‘’Humas’’") + "."))
    build(tmp_path)
    index = open_index(tmp_path)
    answer = index.search(Query("hubungi humas c90", k=12))
    assert (len(answer.hits), answer.has_more) == (2, False)
    assert places(answer.hits) == [("r0", 0), ("lain", 0)]
    copies = [(passage.release.id, passage.position) for passage in answer.hits[0].identical]
    assert copies == [*((f"r{number}", 0) for number in range(1, 12)), ("ulang", 0)]
    assert answer.hits[1].identical == ()
    document = answer.hits[0].to_dict()["near_identical"]
    assert [one["release"]["id"] for one in document] == [id for id, _ in copies]
    index.close()


def test_what_repeats_but_does_not_answer_is_not_folded(tmp_path: Path) -> None:
    contact = "Hubungi humas kota pada hari kerja untuk keterangan lebih lanjut a90"
    fill(tmp_path, *(make_release(f"r{number}", contact, f"Isi {number} a{250 + 2 * number}") for number in range(12)))
    build(tmp_path)
    index = open_index(tmp_path)
    answer = index.search(Query("c270", k=12))
    index.close()
    assert sorted(ids(answer)) == sorted(f"r{number}" for number in range(12))
    assert {hit.identical for hit in answer.hits} == {()}
    assert {hit.more[0].passage.text for hit in answer.hits} == {contact}


# Marks


def marked(hit: Hit) -> tuple[str | None, list[str]]:
    """Sentence and words that are marked."""
    text, sentence = hit.passage.text, hit.marks.sentence
    return (text[slice(*sentence)] if sentence else None), [text[start:end] for start, end in hit.marks.words]


def test_marks_are_the_best_sentence_and_the_matching_words(tmp_path: Path) -> None:
    text = "Café a0 itu ramai. ‘’Pelayanan a120 buruk,’’ kata warga-warga. Pemkot a240 melayani."
    fill(tmp_path, make_release("a", text, "Hanya satu a120 kalimat."))
    build(tmp_path)
    index = open_index(tmp_path)
    (hit,) = index.search(Query("cafe c120 melayani warga")).hits
    found = {one.passage.position: marked(one) for one in (hit, *hit.more)}
    assert found[0] == ("‘’Pelayanan a120 buruk,’’ kata warga-warga.", ["Café", "Pelayanan", "warga-warga", "melayani"])
    assert found[1] == (None, [])
    (hit,) = index.search(Query("c240 pemerintah kota")).hits
    found = {one.passage.position: marked(one) for one in (hit, *hit.more)}
    assert found[0] == ("Pemkot a240 melayani.", ["Pemkot"])
    index.close()


# Phrases


@pytest.fixture(scope="module")
def phrases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    data = tmp_path_factory.mktemp("phrases")
    texts = {
        "wali": "Wali kota meninjau parkir a0",
        "walikota": "Walikota memuji pasar a120",
        "terpisah": "Kota dan wali murid a240",
        "parkir": "Tarif parkir naik a60",
        "pasar": "Pasar sepi a180",
        "hujan": "Hujan a300",
    }
    fill(data, *(make_release(id, text) for id, text in texts.items()), make_release("judul", "Isi a10", title="Wali Kota"))
    build(data)
    index = open_index(data)
    yield index
    index.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"wali kota" c240', {"wali", "walikota", "judul"}),
        ("‘’wali kota’’ c240", {"wali", "walikota", "judul"}),
        ('"wali kota" "parkir"', {"wali"}),
        ('"wali kota" -parkir', {"walikota", "judul"}),
        ('c0 -"wali kota"', {"terpisah", "parkir", "pasar", "hujan"}),
        ("kota -parkir -pasar", {"terpisah", "hujan", "judul"}),
        ('"kota wali"', {"terpisah"}),  # *dan* is no term, so nothing stands between the two
        ('"meninjau wali"', set()),
        ('"tidak ada di sini"', set()),
        ("wali kota", {"wali", "walikota", "terpisah", "parkir", "pasar", "hujan", "judul"}),
    ],
)
def test_quoted_phrases_are_contained_and_a_minus_excludes(phrases: Index, text: str, expected: set[str]) -> None:
    answer = phrases.search(Query(text))
    assert set(ids(answer)) == expected
    assert answer.to_dict()["query"] == text


def test_a_query_that_only_excludes_is_refused(phrases: Index) -> None:
    with pytest.raises(ValueError, match="only says what to leave out: add what to look for, or drop the minus"):
        phrases.search(Query('-parkir -"wali kota"'))


def test_what_is_excluded_is_not_what_is_meant(phrases: Index) -> None:
    assert ids(phrases.search(Query("c180 -c0")))[0] == "pasar"
    (hit,) = phrases.search(Query('"wali kota" parkir -pasar', k=1)).hits
    assert marked(hit)[1] == ["Wali", "kota", "parkir"]


# Relevance

AXIS = [
    (id, angle)
    for place, angle in (("barat", 210), ("timur", 30))
    for id, angle in ((f"{place}{n}", angle + n - 6) for n in range(13))
]


@pytest.fixture
def axis(tmp_path: Path) -> Iterator[Index]:
    """Thirteen releases to each end of an axis; questions from elsewhere look across it."""
    fill(tmp_path, *(make_release(id, f"Siaran {id[-2:]} a{angle}") for id, angle in AXIS))
    build(tmp_path)
    index = open_index(tmp_path)
    yield index
    index.close()


def test_what_the_archive_speaks_of_is_answered(axis: Index) -> None:
    answer = axis.search(Query("c30", k=26))
    assert (answer.band, answer.total, answer.has_more) == (Band.STRONG, 13, False)
    assert answer.relevance > 0.5
    assert {hit.band for hit in answer.hits[13:]} == {Band.WEAK}
    assert {id.rstrip("0123456789") for id in ids(answer)[:13]} == {"timur"}


def test_where_nothing_answers_the_total_is_zero(axis: Index) -> None:
    answer = axis.search(Query("c300", k=26))
    assert (answer.band, answer.total, len(answer.hits)) == (Band.WEAK, 0, 26)
    assert {hit.band for hit in answer.hits} == {Band.WEAK}
    assert answer.relevance < 0.1


def test_words_answer_what_nothing_is_similar_to(axis: Index) -> None:
    fill(axis.store.database.path.parent, make_release("nama", "Purwalegi a210"))
    build(axis.store.database.path.parent)
    answer = axis.search(Query("purwalegi"))  # looks where the questions from elsewhere do
    assert (ids(answer)[0], answer.band, answer.total) == ("nama", Band.STRONG, 1)


@pytest.mark.parametrize("text", ["c30", "c300", "c10 siaran 5", "c60", "siaran", "purwalegi"])
def test_bands_never_rise_down_the_list(axis: Index, text: str) -> None:
    answer = axis.search(Query(text, k=26))
    order = [Band.STRONG, Band.MEDIUM, Band.WEAK]
    bands = [order.index(hit.band) for hit in answer.hits]
    assert bands == sorted(bands)
    assert answer.total == sum(hit.band is not Band.WEAK for hit in answer.hits)
    assert (answer.band is Band.WEAK) == (answer.total == 0)
