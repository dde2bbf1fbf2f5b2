from __future__ import annotations

import random
import time

from archive.differences import Change, Mark, Span, compare, compare_words

KEPT, ADDED, REMOVED = Mark.KEPT, Mark.ADDED, Mark.REMOVED


def sides(changes: list[Change]) -> tuple[list[str], list[str]]:
    """Both texts again, from what is said of their difference."""
    old = ["".join(s.text for s in one.spans if s.mark is not ADDED) for one in changes if one.old is not None]
    new = ["".join(s.text for s in one.spans if s.mark is not REMOVED) for one in changes if one.new is not None]
    return old, new


def test_an_edited_paragraph_shows_its_words() -> None:
    changes = compare(
        ["Satu.", "Wali Kota hadir pada Selasa (21/3) di balai kota.", "Tiga."],
        ["Satu.", "Wali Kota hadir pada Rabu (22/3) di balai kota.", "Tiga."],
    )
    assert changes == [
        Change(0, 0, (Span(KEPT, "Satu."),)),
        Change(
            1,
            1,
            (
                Span(KEPT, "Wali Kota hadir pada "),
                Span(REMOVED, "Selasa (21"),
                Span(ADDED, "Rabu (22"),
                Span(KEPT, "/3) di balai kota."),
            ),
        ),
        Change(2, 2, (Span(KEPT, "Tiga."),)),
    ]
    assert [change.is_kept for change in changes] == [True, False, True]


def test_paragraphs_come_and_go() -> None:
    assert compare(["A.", "B.", "D."], ["A.", "C.", "D.", "E."]) == [
        Change(0, 0, (Span(KEPT, "A."),)),
        Change(1, None, (Span(REMOVED, "B."),)),
        Change(None, 1, (Span(ADDED, "C."),)),
        Change(2, 2, (Span(KEPT, "D."),)),
        Change(None, 3, (Span(ADDED, "E."),)),
    ]


def test_an_edited_paragraph_is_recognised_among_new_ones() -> None:
    old = ["Pasar dibuka pukul enam pagi oleh wali kota.", "Warga senang."]
    new = ["Pembukaan pasar meriah.", "Pasar dibuka pukul tujuh pagi oleh wali kota.", "Pedagang juga."]
    assert [(change.old, change.new) for change in compare(old, new)] == [(None, 0), (0, 1), (1, None), (None, 2)]


def test_nothing_and_everything() -> None:
    assert compare([], []) == []
    assert compare([], ["A"]) == [Change(None, 0, (Span(ADDED, "A"),))]
    assert compare(["A"], []) == [Change(0, None, (Span(REMOVED, "A"),))]
    assert compare(["é", "é"], ["é"]) == [Change(0, 0, (Span(KEPT, "é"),)), Change(1, None, (Span(REMOVED, "é"),))]


def test_words_next_to_each_other_are_one_edit() -> None:
    assert compare_words("di balai kota lama", "di gedung baru lama") == (
        Span(KEPT, "di "),
        Span(REMOVED, "balai kota"),
        Span(ADDED, "gedung baru"),
        Span(KEPT, " lama"),
    )
    assert compare_words("Sama.", "Sama.") == (Span(KEPT, "Sama."),)
    assert compare_words("a b", "a  b") == (Span(KEPT, "a"), Span(REMOVED, " "), Span(ADDED, "  "), Span(KEPT, "b"))
    assert compare_words("‘’Ya,’’ katanya", "“Ya,” katanya") == (
        Span(REMOVED, "‘’"),
        Span(ADDED, "“"),
        Span(KEPT, "Ya,"),
        Span(REMOVED, "’’"),
        Span(ADDED, "”"),
        Span(KEPT, " katanya"),
    )


def test_both_texts_can_be_put_together_again() -> None:
    pick = random.Random(7)  # noqa: S311 - texts, not secrets
    words = ["a", "b", "c", "é", "‘’", ",", " ", "  ", "\n", "kota"]
    for _ in range(500):
        old, new = (["".join(pick.choices(words, k=pick.randint(1, 12))) for _ in range(pick.randint(0, 6))] for _ in range(2))
        changes = compare(old, new)
        assert sides(changes) == (old, new)
        assert [one.old for one in changes if one.old is not None] == list(range(len(old)))
        assert [one.new for one in changes if one.new is not None] == list(range(len(new)))
        for one in changes:
            assert not any(a.mark is b.mark is not KEPT for a, b in zip(one.spans, one.spans[1:], strict=False))


def test_texts_without_end_are_compared_in_time() -> None:
    old = [" ".join(f"kata{number}" for number in range(30_000))]
    pick = random.Random(7)  # noqa: S311 - texts, not secrets
    few = ["".join(pick.choices(["yang ", "di ", "dan ", "itu, "], k=490)) for _ in range(2)]
    many, others = ([f"{sign} {number} kata" for number in range(1_000)] for sign in "xy")
    start = time.perf_counter()
    assert sides(compare(old, [old[0] + " lagi"])) == (old, [old[0] + " lagi"])
    assert sides(compare(few[:1], few[1:])) == (few[:1], few[1:])
    assert sides(compare(many, others)) == (many, others)
    assert time.perf_counter() - start < 10
