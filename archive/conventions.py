"""How Indonesian press offices write: the dateline that opens a release and the sign-off that closes it."""

from __future__ import annotations

import re

# "MADIUN – Aparatur …", "BANDAR LAMPUNG, (21/3) — …", "MADIUN (DISKOMINFO) - …"
_DATELINE = re.compile(r"\s*(?P<city>[A-Z][A-Z.'’ ]{1,38}[A-Z])(?:\s?[,(][^–—\n-]{0,40})?(?:\s*[–—]|\s+--?)\s+\S")
_SIGN_OFF = re.compile(r"(?P<before>^|\S)\s*\((?P<names>[A-Za-z]{2,20}(?:\s?/\s?[A-Za-z]{2,20}){0,5})\)\.?\s*$")
_SENTENCE_ENDS = frozenset(".!?…’”\"'")
_LONGEST_INITIALS = 4
_SIGNS_ALONE = ("dinas", "dinkes", "disdik", "diskominfo", "humas", "kominfo", "prokopim")
# Offices whose short names could be mistaken for someone's initials.
_SHORT_OFFICES = frozenset({"bkd", "bpbd", "dlh", "dkk", "dkpp", "dprd", "kpu", "pkk", "pmi", "pupr", "rsud", "setda", "tapem"})


def dateline_city(text: str) -> str | None:
    """City that a release's first paragraph opens with, as published ("MADIUN" of "MADIUN – Aparatur …")."""
    found = _DATELINE.match(text)
    return found["city"] if found else None


def sign_off(text: str) -> tuple[tuple[str, ...], str | None] | None:
    """Initials and office that end a release's last paragraph.

    Returns:
        (("ney", "agi"), "diskominfo") for a text that ends in "… (ney/agi/diskominfo)"; the office is None where only
        people signed. None for a text that nobody signed.
    """
    found = _SIGN_OFF.search(text, max(0, len(text) - 150))
    if found is None:
        return None
    names = tuple(name.strip() for name in found["names"].split("/"))
    has_office = _is_office(names[-1])
    # A parenthesis that continues a sentence, "… 80 (km/jam)", is no signature.
    ends_sentence = not found["before"] or found["before"] in _SENTENCE_ENDS
    if len(names) == 1:
        # Nor is one word that comments, "… (tertawa)".
        may_sign = len(names[0]) <= _LONGEST_INITIALS or names[0].startswith(_SIGNS_ALONE)
        signed = ends_sentence and names[0].islower() and may_sign
    else:
        signed = (ends_sentence or has_office) and all(len(name) <= _LONGEST_INITIALS for name in names[:-1])
    if not signed:
        return None
    return (names[:-1], names[-1]) if has_office else (names, None)


def _is_office(name: str) -> bool:
    return len(name) > _LONGEST_INITIALS or name.lower() in _SHORT_OFFICES
