"""Where the sentences of a passage begin and end; pure.

Rules for the prose of Indonesian press releases, no model: a stop ends a sentence if what follows can begin one. After
Grefenstette & Tapanainen, "What is a word, what is a sentence?" (1994): a stop behind a known abbreviation does not, and a
small letter behind a stop means that the sentence goes on. So ‘’Benarkah?’’ tanya wali kota. is one sentence, as is quoted
speech that ends in a comma before its speaker.
"""

from __future__ import annotations

import re

from index.stop_words import STOP_WORDS

Span = tuple[int, int]
"""Where something begins and ends in a text, in characters."""

VERSION = 1
"""Raised whenever `spans` cuts differently: sentences are then embedded anew."""

_QUOTES = "’‘'\"“”„«»"
_END = re.compile(rf"[.!?…]+[{_QUOTES})\]]*|(?<=\S)[^\S\n]*\n(?=\s*(?:[-•*▪–—]|\d{{1,2}}[.)]|[a-z][.)])\s)")
_LATE_CLOSER = re.compile(rf"\s?[{_QUOTES}]+(?=\s|$)")  # *… selesai. ’’* with a space too many
_SPACE = re.compile(r"\s*")
_BEFORE = re.compile(rf"[^\s{_QUOTES}(\[,;:–—]+$")
_AFTER = re.compile(rf"[{_QUOTES}(\[–—-]*\s?(\w*)")
_GLUED = re.compile(r"[A-Z][a-z]+[\s,]|[‘“][‘“]?[A-Z]")  # *… selesai.Wali kota*: the space was forgotten
_LISTED = re.compile(r"[(\[]?(?:\d{1,3}|[a-z]|[IVX]+)")
_BEGINNERS = STOP_WORDS - {"pd", "si"}  # but for *S. Pd.* and *M. Si.*
_INITIALS = re.compile(r"(?:[A-Z]\.)*[A-Z]")
_LOOK_BACK = 24  # characters; no abbreviation is longer

# A name, a number or an address follows these, so the sentence goes on whatever stands next.
_TITLE_WORDS = """
a.n akbp akp alm almh ap bpk brigjen brigpol bripda bripka capt d.a dr dra drg drh drs dt gg gus h hj ipda iptu ir irjen
jend jl jln jo k.h kab kapt kec kel kh kol kolonel kombes komjen kompol kp letda letjen letkol lettu marsda marsdya
mayjen mr mrs ms ny nyi pj pjs plh plt prof prov ps r.a r.m ra rp rr s.d sdr sdri serda serka sertu st telp tgk tgl tlp
tn u.p vs
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_BEFORE_NUMBER = frozenset({"art", "fig", "gbr", "hal", "hlm", "no", "nr", "pkl", "tel"})


def spans(text: str) -> list[Span]:
    """Find the sentences of a passage.

    Returns:
        (start, end) offsets in reading order; they do not overlap, no span begins or ends with white space, and what is between
        them is white space. A text without a stop is one span; one of nothing but white space has none. A sign-off in
        parentheses is a span of its own.
    """
    found: list[Span] = []
    start = _SPACE.match(text).end()  # type: ignore[union-attr]  # matches the empty string too
    for match in _END.finditer(text):
        end = match.end()
        if end <= start or not _ends(text, start, match):
            continue
        if match[0].isspace():
            end = match.start()
        elif late := _LATE_CLOSER.match(text, end):
            end = late.end()
        found.append((start, end))
        start = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    if rest := text[start:].rstrip():
        found.append((start, start + len(rest)))
    return found


def _ends(text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether a sentence that began at `start` ends with this stop."""
    if stop[0].isspace():
        return True  # a new item of a list
    end = stop.end()
    if end == len(text):
        return True
    before = _BEFORE.search(text, max(start, stop.start() - _LOOK_BACK), stop.start())
    word = before[0] if before else ""
    if not text[end].isspace():
        return len(word) > 2 and word.isalpha() and word.islower() and _GLUED.match(text, end) is not None
    if late := _LATE_CLOSER.match(text, end):
        end = late.end()
    follows = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    after = _AFTER.match(text, follows)
    next_word = after[1] if after else ""
    if next_word[:1].islower() and text[follows] != "(":
        return False
    return stop[0] != "." or _full_stop_ends(text, start, stop.start(), word, next_word)


def _full_stop_ends(text: str, start: int, at: int, word: str, next_word: str) -> bool:
    known = word.casefold()
    if known in _TITLES or _LISTED.fullmatch(text, start, at):
        return False
    if known in _BEFORE_NUMBER:
        return not next_word[:1].isdigit()
    # Initials, unless what follows is a word that begins sentences and no names: *Vitamin C. Ia …*; behind a comma, a degree.
    if _INITIALS.fullmatch(word) and (len(word) == 1 or not text.endswith(", ", start, at - len(word))):
        return next_word.casefold() in _BEGINNERS
    return True
