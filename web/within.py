"""Looking for words within one text as a browser does: plainly, whatever their case and accents; pure.

`static/reading.js` does the same while a reader types: what one of the two finds, the other must find.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from index.sentences import Span

# What a keyboard has for what a typesetter prints.
_TYPED = str.maketrans("‘’‚‛“”„‟‐‑‒–—−", "''''\"\"\"\"------")
_UNSEEN = {"Mn", "Me", "Cf"}  # accents that stand by themselves, soft hyphens, joiners


def find(text: str, wanted: str, most: int) -> list[Span]:
    """Find what is wanted in a text.

    Args:
        text: Where to look.
        wanted: What to look for, as it was typed.
        most: Finds wanted; those beyond are left out.

    Returns:
        Character offsets in the text, in order and apart. A letter stands for itself with any accent, a space for any space, a
        straight quotation mark or a hyphen for what is printed in its place; signs that cannot be seen are passed over.
    """
    needle = _fold(wanted)[0].strip()
    if not needle:
        return []
    folded, places = _fold(text)
    found: list[Span] = []
    at = folded.find(needle)
    while at >= 0 and len(found) < most:
        end = at + len(needle)
        while end < len(folded) and places[end] == places[end - 1]:  # in the middle of what is one sign in the text
            end += 1
        if not found or places[at] >= found[-1][1]:
            found.append((places[at], places[end]))
        at = folded.find(needle, end)
    return found


def _fold(text: str) -> tuple[str, list[int]]:
    """The text as it is compared, and for each of its characters, and its end, where that stood in the original."""
    folded: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for one in _fold_sign(sign):
            if one == " " and folded and folded[-1] == " ":
                continue
            folded.append(one)
            places.append(place)
    return "".join(folded), [*places, len(text)]


@lru_cache(maxsize=4_096)
def _fold_sign(sign: str) -> str:
    if sign.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", sign).lower().translate(_TYPED)
    return "".join(one for one in plain if unicodedata.category(one) not in _UNSEEN)
