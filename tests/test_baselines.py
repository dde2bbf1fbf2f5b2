from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import LITTLE_ARCHIVE, MODEL, AngleEncoder, build, directions, fill, make_release

from archive import Release, Store
from index import GenerationError, Index, questions
from index.baselines import NAMES, Baselines, QueryVectors
from index.build import data_paths
from index.encoder import Matrix
from scripts import evaluate


class Rankings:
    """The product and the baselines of one archive."""

    def __init__(self, data: Path, releases: tuple[Release, ...], encoder: AngleEncoder) -> None:
        fill(data, *releases)
        build(data, encoder)
        self.index = Index(data, load_encoder=lambda _name: encoder)
        vectors = QueryVectors(encoder.encode_queries, encoder.fingerprint)
        self._baselines = Baselines(data, self.index.store, MODEL, vectors)

    def releases(self, name: str, text: str) -> list[str]:
        return [id for (id,) in self.find(name, text).releases]

    def paragraphs(self, name: str, text: str) -> list[tuple[str, int]]:
        return [place for (place,) in self.find(name, text).paragraphs]

    def find(self, name: str, text: str) -> Any:
        return evaluate.find(self.index, text) if name == "telusur" else self._baselines.finder(name)(text)


Ranked = Callable[..., Rankings]


@pytest.fixture
def ranked(tmp_path: Path) -> Iterator[Ranked]:
    """Makes the rankings of an archive; once a test."""
    with ExitStack() as stack:

        def make(releases: tuple[Release, ...], encoder: AngleEncoder | None = None) -> Rankings:
            rankings = Rankings(tmp_path / "data", releases, encoder or AngleEncoder())
            stack.callback(rankings.index.close)
            return rankings

        yield make


@pytest.fixture
def little(ranked: Ranked) -> Rankings:
    return ranked(LITTLE_ARCHIVE)


def test_words_alone_find_only_what_shares_a_word(little: Rankings) -> None:
    assert little.paragraphs("words", "c5 dapur umum") == [("banjir", 1)]
    assert little.paragraphs("words", "c5") == []


def test_vectors_alone_rank_by_angle(little: Rankings) -> None:
    assert little.releases("alone", "c5 dapur umum") == ["asn", "pasar", "banjir"]  # 5, 95 and 115 degrees away
    assert little.paragraphs("alone", "c5") == [
        ("asn", 0),
        ("asn", 1),
        ("pasar", 1),
        ("banjir", 0),
        ("pasar", 0),
        ("banjir", 1),
    ]


def test_rank_fusion_adds_reciprocal_ranks(little: Rankings) -> None:
    # The last by angle, first and only one by words: 1/66 + 1/61. The first by angle: 1/61. The second: 1/62.
    assert little.paragraphs("rrf", "c5 dapur umum")[:3] == [("banjir", 1), ("asn", 0), ("asn", 1)]
    assert little.paragraphs("rrf", "c5") == little.paragraphs("alone", "c5")


def test_what_makes_no_difference_leaves_the_product_as_it_is(little: Rankings) -> None:
    for name in NAMES:
        if name.startswith("no-"):
            assert little.paragraphs(name, "c121") == little.paragraphs("telusur", "c121")
            assert little.releases(name, "c121") == ["banjir", "asn", "pasar"]


def test_without_context_a_paragraph_stands_where_it_does_alone(ranked: Ranked) -> None:
    shifted = {"ASN itu melayani a0": 80, "Kali meluap a120": 200, "‘’Pasar ramai,’’ katanya a240": 320}
    rankings = ranked(LITTLE_ARCHIVE, AngleEncoder(in_context=shifted))
    assert rankings.paragraphs("telusur", "c0")[0] == ("asn", 1)  # at 30 degrees, the other one between 0 and 80
    assert rankings.paragraphs("no-context", "c0")[0] == ("asn", 0)


def test_without_centring_what_all_have_in_common_counts(ranked: Ranked) -> None:
    rankings = ranked((make_release("nol", "Satu a0"), make_release("lebih", "Dua a20"), make_release("tegak", "Tiga a90")))
    # Seen from their middle, the three lie at -52, -20 and 139 degrees.
    assert rankings.releases("telusur", "c350") == ["lebih", "nol", "tegak"]
    assert rankings.releases("no-centring", "c350") == ["nol", "lebih", "tegak"]


def test_without_the_map_directions_of_form_count_in_full(ranked: Ranked) -> None:
    releases = (make_release("datar", "Satu a0", "Dua a180"), make_release("tegak", "Tiga a90", "Empat a270"))
    rankings = ranked(releases, AngleEncoder(in_context={"Satu a0": 40, "Dua a180": 220}))
    # The nearest lie at 90 and at 200 degrees; what differs in context shrinks, and with it the way to 200.
    assert rankings.releases("no-map", "c140") == ["tegak", "datar"]
    assert rankings.releases("telusur", "c140") == ["datar", "tegak"]


class CrowdedEncoder(AngleEncoder):
    """The project's questions crowd at 100 and at 140 degrees; from their middle, they look to 30 and to 210."""

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        crowd = {text: 140 - 40 * (number % 2) for number, text in enumerate(questions.read(questions.ASKED))}
        return np.where(
            np.array([[text in crowd] for text in texts]),
            directions(crowd.get(text, 0) for text in texts),
            super().encode_queries(texts),
        )


def test_without_hub_offsets_what_lies_near_every_question_comes_first(ranked: Ranked) -> None:
    rankings = ranked(LITTLE_ARCHIVE, CrowdedEncoder())
    assert rankings.releases("no-hubs", "c340") == ["asn", "pasar", "banjir"]
    assert rankings.releases("telusur", "c340") == ["pasar", "asn", "banjir"]


class WordyEncoder(AngleEncoder):
    """Knows two words for money, each at another angle."""

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        return super().encode_queries([{"duit": "c0", "uang": "c230"}.get(text, text) for text in texts])


def test_without_rewording_a_question_is_where_its_own_words_are(ranked: Ranked) -> None:
    rankings = ranked(LITTLE_ARCHIVE, WordyEncoder())
    assert rankings.releases("no-rewording", "duit") == rankings.releases("telusur", "c0") == ["asn", "pasar", "banjir"]
    assert rankings.releases("telusur", "duit") == rankings.releases("telusur", "c295") == ["pasar", "asn", "banjir"]
    assert rankings.releases("alone", "duit") == rankings.releases("alone", "c0")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("ramai", {"telusur": 0, "no-coverage": 0, "no-words": 1}),
        ("ramai xx", {"telusur": 1, "no-coverage": 0, "no-words": 1}),
    ],
)
def test_words_count_as_far_as_they_cover_the_query(ranked: Ranked, query: str, first: dict[str, int]) -> None:
    rankings = ranked(
        (
            make_release("asn", "Satu a20", "Dua a40"),
            make_release("banjir", "Tiga a140", "Empat a160"),
            make_release("pasar", "Ramai a260", "Enam a280"),
        ),
    )
    # A query without an angle points to 300 degrees.
    assert {name: rankings.paragraphs(name, query)[0] for name in first} == {
        name: ("pasar", place) for name, place in first.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_quotation_marks_and_a_minus_are_honoured(little: Rankings, name: str) -> None:
    assert little.paragraphs(name, 'c5 "dapur"') == [("banjir", 1)]
    assert ("banjir", 1) not in little.paragraphs(name, "c5 apel -dapur")


def test_near_identical_releases_share_a_place(ranked: Ranked) -> None:
    text = "Wali kota meresmikan jembatan baru di atas kali pada hari ini a0"
    others = make_release("lain", "Lain a120"), make_release("jauh", "Jauh a240")
    rankings = ranked((make_release("satu", text), make_release("dua", f"{text}."), *others))
    found = rankings.find("alone", "c0")
    assert found.releases == [["satu", "dua"], ["lain"], ["jauh"]]
    assert found.paragraphs == [[("satu", 0), ("dua", 0)], [("lain", 0)], [("jauh", 0)]]
    assert found.told is None


def test_queries_go_through_the_model_once(encoder: AngleEncoder) -> None:
    vectors = QueryVectors(encoder.encode_queries, encoder.fingerprint)
    assert vectors.encode_queries(["c0", "c90", "c0"]) == pytest.approx(directions([0, 90, 0]))
    assert vectors.encode_queries(["c90", "c180"]) == pytest.approx(directions([90, 180]))
    assert encoder.queries == ["c0", "c90", "c180"]
    assert vectors.fingerprint == encoder.fingerprint


def test_an_archive_that_has_changed_since_is_refused(data: Path, store: Store, encoder: AngleEncoder) -> None:
    store.remove("asn")
    with pytest.raises(GenerationError, match="the archive has changed since generation 1: run telusur index"):
        Baselines(data, store, MODEL, QueryVectors(encoder.encode_queries, encoder.fingerprint))


def test_vectors_that_are_gone_are_not_made_again(data: Path, store: Store, encoder: AngleEncoder) -> None:
    cache = data_paths(data)[1]
    cache.unlink()
    with pytest.raises(GenerationError, match=r"vectors\.sqlite lacks vectors of this archive: run telusur index --rebuild"):
        Baselines(data, store, MODEL, QueryVectors(encoder.encode_queries, encoder.fingerprint))
    assert encoder.paragraphs == []
