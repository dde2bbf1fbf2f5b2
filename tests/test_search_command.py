"""telusur search, and telusur remove and restore, which change what it finds."""

from __future__ import annotations

import pytest
from conftest import fill, make_release
from console import Console, console, encoder, filled, releases

__all__ = ["console", "encoder", "filled", "releases"]  # fixtures that these tests share


def test_search_prints_the_documented_document(filled: Console) -> None:
    document = filled.json("search", "itu melayani c0", "-k", "1")
    assert document.pop("took_ms") >= 0
    assert document.pop("relevance") > 0
    (hit,) = document.pop("hits")
    assert document == {"query": "itu melayani c0", "band": "kuat", "total": 1, "has_more": True, "generation": 1}
    assert hit["release"] == {
        "id": "asn",
        "title": "Mental",
        "url": None,
        "published": "2023-03-21",
        "topic": "Kepegawaian",
        "version": 1,
        "agency": None,
        "language": None,
    }
    assert (hit["rank"], hit["passage"], hit["paragraph"]) == (1, "ASN itu melayani a0", 0)
    assert hit["marks"] == {"sentence": None, "words": [[8, 16]]}
    assert [(more["rank"], more["passage"], more["paragraph"]) for more in hit["more"]] == [(2, "Apel pagi a30", 1)]


def test_search_prints_text_as_published(filled: Console) -> None:
    code, out, err = filled.run("search", "pasar café tutup", "-k", "1")
    assert (code, err) == (0, "")
    assert "  1. Pasar\n     https://kota.example/pasar\n     ‘’Café’’ <b>tutup</b> a240\n" in out
    assert "\n1 release answers, " in out
    _, out, _ = filled.run("search", "pasar café tutup", "-k", "1", "--json")
    assert "‘’Café’’ <b>tutup</b> a240" in out


def test_search_draws_the_line_where_answers_end(filled: Console) -> None:
    _, out, _ = filled.run("search", "itu melayani c0")
    line = "\n     ── near, but hardly an answer ──\n"
    assert out.index("  1. Mental") < out.index(line) < out.index("  2. ")
    assert "\n1 release answers, " in out
    _, out, _ = filled.run("search", "itu melayani c0", "--offset", "1")
    assert out.startswith(line[1:])
    _, out, _ = filled.run("search", "itu melayani c0", "--offset", "3")
    assert out.startswith("no further releases, ")


def test_search_says_when_nothing_answers(filled: Console) -> None:
    _, out, _ = filled.run("search", "c240", "-k", "1")
    assert out.startswith("     ── near, but hardly an answer ──\n")
    assert "\nnothing here answers this, " in out
    document = filled.json("search", "c240", "-k", "1")
    assert (document["band"], document["total"], document["hits"][0]["band"]) == ("lemah", 0, "lemah")


def test_search_names_near_identical_releases(filled: Console) -> None:
    fill(filled.data, make_release("salinan", "Kali meluap A120."))
    filled.run("index")
    _, out, _ = filled.run("search", "kali meluap c120", "-k", "1")
    assert "     (1 near-identical: salinan)\n" in out


def test_search_names_the_further_paragraphs(filled: Console) -> None:
    _, out, _ = filled.run("search", "c29", "-k", "1")
    assert "  1. Mental\n     2023-03-21 · Kepegawaian · asn\n     Apel pagi a30\n     (paragraph 1; also 0)\n" in out


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("-k", "2"), ["asn", "banjir"]),
        (("--offset", "1"), ["banjir", "pasar"]),
        (("--since", "2022-01-01"), ["asn"]),
        (("--until", "2022-01-01"), ["banjir"]),
        (("--topic", "Kebencanaan"), ["banjir"]),
        (("--topic", "Kebencanaan", "--topic", "Kepegawaian"), ["asn", "banjir"]),
        (("--topic", "Olahraga"), []),
        (("--model", "angles"), ["asn", "banjir", "pasar"]),
    ],
)
def test_search_takes_filters_and_pages(filled: Console, words: tuple[str, ...], ids: list[str]) -> None:
    hits = filled.json("search", "c59", *words)["hits"]
    assert [hit["release"]["id"] for hit in hits] == ids


def test_search_that_finds_nothing_says_so(filled: Console) -> None:
    _, out, _ = filled.run("search", "c59", "--topic", "Olahraga")
    assert out.startswith("no release passes these filters, ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((" ",), "the query is empty: type a question or a statement"),
        (("a" * 2_001,), "the query has 2001 characters: shorten it to 2000"),
        (("a", "-k", "0"), "k must be 1 to 100: 0"),
        (("a", "--offset", "-1"), "offset must be 0 to 10000: -1"),
        (
            ("a", "--since", "2023-01-02", "--until", "2023-01-01"),
            "since (2023-01-02) is later than until (2023-01-01): swap them",
        ),
        (("a", "--model", "missing"), "the model 'missing' cannot be fetched"),
        (
            ("a", "--model", "other"),
            (
                "generation 1 was made by angles (a-compass), not by other (other): "
                "run telusur index --model other, or search without --model"
            ),
        ),
    ],
)
def test_search_that_cannot_be_answered_is_an_error(filled: Console, words: tuple[str, ...], message: str) -> None:
    assert filled.error("search", *words) == message


def test_search_of_an_index_that_is_damaged_is_an_error(filled: Console) -> None:
    (filled.data / "index/000001/words.npz").write_bytes(b"damaged")
    assert "words.npz is damaged (its checksum differs): run telusur index --rebuild" in filled.error("search", "a")


def test_search_of_nothing_is_an_error(console: Console) -> None:
    assert console.error("search", "a").endswith("index holds no index yet: run telusur index")


@pytest.mark.parametrize("words", [("a", "--since", "kemarin"), ("a", "-k", "x"), (), ("a", "b")])
def test_search_with_words_that_make_no_sense_is_a_usage_error(
    console: Console, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        console.run("search", *words)
    out, err = capsys.readouterr()
    assert out == ""
    assert ": error: " in err


def test_removed_releases_leave_the_search_at_once_and_come_back(filled: Console) -> None:
    assert filled.json("remove", "asn") == {"removed": ["asn"], "unchanged": [], "unknown": []}
    document = filled.json("search", "c0")
    assert sorted(hit["release"]["id"] for hit in document["hits"]) == ["banjir", "pasar"]
    assert document["has_more"] is False
    assert filled.json("restore", "asn")["restored"] == ["asn"]
    assert filled.json("search", "c0", "-k", "1")["hits"][0]["release"]["id"] == "asn"
