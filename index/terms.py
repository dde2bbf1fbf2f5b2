"""Text to the terms that the lexical side counts; pure."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")

VERSION = 1
"""Raised whenever `terms` cuts differently: an index of other terms is built anew."""


def terms(text: str) -> list[str]:
    """Cut a text into terms: words and numbers, without regard to case or accents.

    >>> terms("‘’ASN itu melayani,’’ katanya (21/3)")
    ['asn', 'itu', 'melayani', 'katanya', '21', '3']
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(char for char in decomposed if not unicodedata.combining(char)))
