"""Short forms that officials write and readers say in other words, written out for the encoder; pure.

A model of many languages knows words, not the short forms of one country's offices: *ASN* lies nowhere near *pegawai negeri* or
*civil servants*. So it reads what people say, with the official name behind it. An entry belongs here if the short form has
one meaning, and if writing it out measures no worse; the lexical side has its own table in `index.terms`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

VERSION = 1
"""Raised whenever the entries change: what was embedded with the former ones is embedded anew."""

_ENTRIES = {"ASN": "pegawai negeri (aparatur sipil negara)"}
_SHORT_FORM = re.compile(r"\b(?:" + "|".join(_ENTRIES) + r")\b")


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A text with its short forms written out.

    Attributes:
        text: What the encoder reads.
        starts: Where its stretches begin, ascending, the first at 0: by turns kept text and a written-out short form.
        origins: Where each stretch begins in the text as given.
    """

    text: str
    starts: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)

    def origin(self, position: int) -> int:
        """Where a character stands in the text as given; one of a written-out short form, where the short form begins."""
        stretch = bisect_right(self.starts, position) - 1
        is_written_out = stretch % 2 == 1
        return self.origins[stretch] + (0 if is_written_out else position - self.starts[stretch])


def write_out(text: str) -> WrittenOut:
    """Write the short forms of a text out.

    >>> write_out("ASN harus melayani").text
    'pegawai negeri (aparatur sipil negara) harus melayani'
    """
    parts: list[str] = []
    starts, origins = [0], [0]
    length = end = 0
    for match in _SHORT_FORM.finditer(text):
        for part, origin in ((text[end : match.start()], match.start()), (_ENTRIES[match[0]], match.end())):
            parts.append(part)
            length += len(part)
            starts.append(length)
            origins.append(origin)
        end = match.end()
    return WrittenOut("".join([*parts, text[end:]]), tuple(starts), tuple(origins))
