"""Cursors: where a list goes on, as a word that callers pass back and need not understand.

Pages of one list have to fit each other, so a cursor names the generation that its list comes from. It names the list as well,
for a cursor of another query would lead to an arbitrary place, which looks like an answer.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from index.answer import MAX_OFFSET
from web.parameters import DEFAULT_K, ParameterError, Search

PARAMETER = "cursor"
PATTERN = "^[A-Za-z0-9_-]{20}$"

_VERSION = 1
_LAYOUT = struct.Struct(">BIH8s")  # version, generation, offset, digest of the list: 15 bytes, so no padding follows in base 64


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on.

    Attributes:
        generation: Number of the generation that the list comes from.
        offset: Entries that have been seen.
    """

    generation: int
    offset: int


def write(search: Search, generation: int) -> str:
    """The cursor of what follows the page that a search asks for."""
    packed = _LAYOUT.pack(_VERSION, generation, search.offset + search.k, _digest(search))
    return urlsafe_b64encode(packed).decode("ascii")


def has_room(search: Search) -> bool:
    """Whether what follows the page that a search asks for can be asked for, too."""
    return search.offset + search.k <= MAX_OFFSET


def read(text: str, search: Search) -> Cursor:
    """Read the cursor that came with a search.

    Raises:
        ParameterError: It is no cursor, one of another list, or the search says itself where to begin.
    """
    try:
        version, generation, offset, digest = _LAYOUT.unpack(urlsafe_b64decode(text.encode("ascii")))
        is_whole = version == _VERSION and offset <= MAX_OFFSET and generation > 0
    except (struct.error, Base64Error, UnicodeEncodeError):
        is_whole = False
    if not is_whole:
        raise _refuse(text, "The cursor was not made by this endpoint.")
    if digest != _digest(search):
        raise _refuse(text, "The cursor belongs to another query, or to other filters.")
    if search.offset:
        raise _refuse(text, "A cursor says itself where to begin, so it cannot stand beside offset.")
    return Cursor(generation, offset)


def _digest(search: Search) -> bytes:
    """What tells one list from another; how many entries a page has does not."""
    arguments = replace(search, k=DEFAULT_K, offset=0).arguments()
    return hashlib.sha256(urlencode(arguments, doseq=True).encode()).digest()[:8]


def _refuse(text: str, detail: str) -> ParameterError:
    remedy = "Follow `next` of the page before as it is, or leave cursor out to begin from the start."
    return ParameterError(PARAMETER, text, detail, remedy)
