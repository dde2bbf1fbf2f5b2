"""Text of releases made fit for other programs: nothing in it breaks a file, or reorders what stands around it; pure."""

from __future__ import annotations

import re

# What neither XML 1.0 (section 2.2) nor UTF-8 can hold, and what terminals obey. The archive refuses most of it already.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Embeddings, overrides and isolates (Unicode Standard Annex 9, section 2): one that is not closed turns what follows around.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def writable(text: str) -> str:
    """The text without what turns the direction of writing, and U+FFFD for each character that no file can hold."""
    return _UNWRITABLE.sub("\ufffd", _TURNING.sub("", text))


def one_line(text: str) -> str:
    """The same on one line, one space between words."""
    return " ".join(writable(text).split())
