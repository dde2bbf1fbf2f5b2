"""Names that officials write and readers say in other words, written the same for the encoder; pure.

A model of many languages knows words, not the short forms of one country's offices: *ASN* lies nowhere near *pegawai negeri* or
*civil servants*. So it reads what people say, with the official name behind it, whichever of these was written. An entry
belongs here if the name has one meaning in both languages (*mayor* is a mayor and a major), and if writing it so measures no
worse; the lexical side has its own table in `index.terms`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

VERSION = 2
"""Raised whenever the entries change: what was embedded with the former ones is embedded anew."""

_CIVIL_SERVANTS = "pegawai negeri (aparatur sipil negara)"
_ENTRIES = {
    "ASN": _CIVIL_SERVANTS,
    "civil servant": _CIVIL_SERVANTS,
    "civil servants": _CIVIL_SERVANTS,
    "state civil apparatus": _CIVIL_SERVANTS,
    "village head": "kepala desa",
    "village heads": "kepala desa",
}
_NAME = re.compile(
    # Capitals tell a short form from a word; a name in words may begin a sentence.
    r"\b(?:" + "|".join(name if name.isupper() else f"(?i:{name})" for name in _ENTRIES) + r")\b"
)


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A text with its names written out.

    Attributes:
        text: What the encoder reads.
        starts: Where its stretches begin, ascending, the first at 0: by turns kept text and a written-out name.
        origins: Where each stretch begins in the text as given.
    """

    text: str
    starts: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)

    def origin(self, position: int) -> int:
        """Where a character stands in the text as given; one of a written-out name, where the name begins."""
        stretch = bisect_right(self.starts, position) - 1
        is_written_out = stretch % 2 == 1
        return self.origins[stretch] + (0 if is_written_out else position - self.starts[stretch])


def write_out(text: str) -> WrittenOut:
    """Write the names in a text out.

    >>> write_out("ASN harus melayani").text
    'pegawai negeri (aparatur sipil negara) harus melayani'
    """
    parts: list[str] = []
    starts, origins = [0], [0]
    length = end = 0
    for match in _NAME.finditer(text):
        for part, origin in ((text[end : match.start()], match.start()), (_written(match[0]), match.end())):
            parts.append(part)
            length += len(part)
            starts.append(length)
            origins.append(origin)
        end = match.end()
    return WrittenOut("".join([*parts, text[end:]]), tuple(starts), tuple(origins))


def _written(name: str) -> str:
    return _ENTRIES.get(name) or _ENTRIES[name.lower()]
