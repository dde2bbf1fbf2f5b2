from __future__ import annotations

from index.memory import LookUps, Remembered


def test_what_was_used_last_is_kept_as_far_as_it_fits() -> None:
    remembered: Remembered[str, str] = Remembered(len, 6)
    for word in ("ab", "cde", "f"):
        remembered.keep(word, word)
    assert remembered.get("ab") == "ab"
    remembered.keep("gh", "gh")
    assert [remembered.get(word) for word in ("ab", "cde", "f", "gh")] == ["ab", None, "f", "gh"]


def test_a_value_larger_than_the_room_is_kept_alone() -> None:
    remembered: Remembered[str, str] = Remembered(len, 3)
    remembered.keep("a", "a")
    remembered.keep("b", "bbbbb")
    assert (remembered.get("a"), remembered.get("b")) == (None, "bbbbb")


def test_a_key_kept_again_holds_the_new_value_alone() -> None:
    remembered: Remembered[str, str] = Remembered(len, 4)
    remembered.keep("a", "aaa")
    remembered.keep("a", "b")
    remembered.keep("c", "ccc")
    assert (remembered.get("a"), remembered.get("c")) == ("b", "ccc")


def test_look_ups_are_counted_once_each() -> None:
    remembered: Remembered[str, str] = Remembered(len, 4)
    assert remembered.get("a") is None
    assert remembered.get_again("a") is None
    remembered.keep("a", "aa")
    assert remembered.get_again("a") == "aa"
    assert remembered.look_ups() == LookUps(hits=0, misses=1)
    assert remembered.get("a") == "aa"
    assert remembered.look_ups() == LookUps(hits=1, misses=1)


def test_looking_again_counts_as_use() -> None:
    remembered: Remembered[str, str] = Remembered(len, 2)
    remembered.keep("a", "a")
    remembered.keep("b", "b")
    assert remembered.get_again("a") == "a"
    remembered.keep("c", "c")
    assert [remembered.get(key) for key in "abc"] == ["a", None, "c"]
