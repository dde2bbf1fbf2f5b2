from index.marks import word_spans
from index.terms import terms


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text, terms(query))]


def test_words_of_the_same_stem_are_marked_and_stop_words_never() -> None:
    text = "‘’ASN itu melayani bukan dilayani,’’ kata wali kota tentang pelayanan."
    assert marked(text, "ASN itu melayani") == ["ASN", "melayani", "dilayani", "pelayanan"]
    assert word_spans(text, terms("ASN")) == [(2, 5)]
    assert word_spans(text, ["itu", "bukan", "kata"]) == []


def test_a_short_form_is_marked_once_and_only_for_all_that_it_stands_for() -> None:
    assert marked("Pemkot Madiun", "pemerintah kota") == ["Pemkot"]
    assert marked("Pemkot Madiun", "kota Madiun") == ["Madiun"]
    assert marked("pemerintah Kota Madiun", "Pemkot") == ["pemerintah", "Kota"]


def test_numbers_dates_and_doubled_words_are_marked_whole() -> None:
    assert marked("Rp1.250.000 untuk warga-warga, Selasa (21/3)", "1250000 warga 21 Maret") == [
        "1.250.000",
        "warga-warga",
        "21",
        "3",
    ]


def test_nothing_to_mark() -> None:
    assert word_spans("", ["kota"]) == []
    assert word_spans("wali kota", []) == []


def test_a_paragraph_of_a_megabyte_is_marked_in_its_beginning() -> None:
    text = "pasar " * 200_000
    spans = word_spans(text, terms("pasar"))
    assert spans[0] == (0, 5)
    assert spans[-1][1] <= 20_000 < len(text)
