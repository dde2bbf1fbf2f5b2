"""Damage done to documents, which readers must survive: a test wrapped in `damaged` is given a hundred damaged copies."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

_TELLING = [
    b"<![CDATA[",
    b"]]>",
    b"<",
    b"&",
    b"&nbsp;",
    b"<!--",
    b"<!ENTITY",
    b"</item>",
    b"</category>",
    b"http://[",
    b"\\ud800",
    b"\0",
]


def damaged(whole: bytes) -> Callable[[Callable[[bytes], None]], Callable[[], None]]:
    """Give a test copies of a document in each of which a stretch has given way to other bytes, or to none."""

    def damage(place: int, length: int, by: bytes) -> bytes:
        return whole[:place] + by + whole[place + length :]

    copies = st.builds(damage, st.integers(0, 3000), st.integers(0, 300), st.binary(max_size=20) | st.sampled_from(_TELLING))

    def wrap(test: Callable[[bytes], None]) -> Callable[[], None]:
        return settings(deadline=None, max_examples=100, derandomize=True)(given(copies)(test))

    return wrap
