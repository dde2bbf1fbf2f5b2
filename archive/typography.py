"""Typed and typographic signs as one: a site shows “quotes” and – dashes – where its export has "quotes" and - hyphens.

Pure.
"""

from __future__ import annotations

import re

_TYPED = str.maketrans(
    dict.fromkeys("“”„‟″", '"') | dict.fromkeys("‘’‚‛′", "'") | dict.fromkeys("–—−", "-") | {"…": "...", "×": "x", "™": "(tm)"}
)
_DOUBLE_QUOTES = re.compile("''|``")
_DASHES = re.compile("-{2,}")


def fold(text: str) -> str:
    """A text as it would be typed.

    >>> fold("‘’Sudah – pukul 8 … selesai,’’ katanya") == fold('"Sudah -- pukul 8 ... selesai," katanya')
    True
    """
    return _DASHES.sub("-", _DOUBLE_QUOTES.sub('"', text.translate(_TYPED)))
