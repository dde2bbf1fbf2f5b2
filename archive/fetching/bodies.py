"""The body of an answer: decompressed piece by piece, so that a few bytes never unfold into a memory full of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

_PIECE = 1 << 16
_PLAIN = frozenset(("", "identity", "none", "utf-8"))  # the last two are written by sites that mean nothing by them
ACCEPTED = "gzip, deflate"


class _Engine(Protocol):
    """What `zlib.decompressobj` returns."""

    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class BodyError(Exception):
    """The body is not what its headers say."""


class TooLong(Exception):
    """The body is longer than the limit."""


def read(pieces: Iterable[bytes], encoding: str, max_bytes: int, *, cut: bool = False) -> bytes:
    """All of a body.

    Args:
        pieces: As they arrive.
        encoding: The Content-Encoding: "gzip", "deflate", or several of them in the order in which they were applied.
        max_bytes: Limit of the decompressed body, and of the compressed one.
        cut: Whether to return the first `max_bytes` of a longer one.

    Raises:
        BodyError: It is not compressed as it says, breaks off, or in a way that was not asked for.
        TooLong: There is more, and `cut` is not set.
    """
    for coding in reversed(encoding.lower().split(",")):
        if (name := coding.strip()) in ("gzip", "x-gzip"):
            pieces = _inflate(_limit(pieces, max_bytes), zlib.MAX_WBITS | 16)
        elif name == "deflate":
            pieces = _inflate(_limit(pieces, max_bytes), None)
        elif name not in _PLAIN:
            raise BodyError(f"it is encoded as {name[:50]!r}, which was not asked for")
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > max_bytes:
            if cut:
                return bytes(content[:max_bytes])
            raise TooLong
    return bytes(content)


def _limit(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise TooLong
        yield piece


def _inflate(pieces: Iterable[bytes], window: int | None) -> Iterator[bytes]:
    """Decompress, at most `_PIECE` at a time. Without `window` it is zlib or, as some servers send it, the bare stream."""
    engine = None
    for piece in pieces:
        data = piece
        while data:
            if engine is None:
                engine = zlib.decompressobj(_deflate_window(data) if window is None else window)
            elif engine.eof:
                if window is None or not data.startswith(b"\x1f"):
                    return  # padding after the end, which browsers ignore
                engine = zlib.decompressobj(window)  # gzip may consist of several members
            yield from _drain(engine, data)
            data = engine.unused_data
    if engine is not None and not engine.eof:
        raise BodyError("its compressed body breaks off")


def _drain(engine: _Engine, data: bytes) -> Iterator[bytes]:
    """All that the engine makes of some data."""
    while True:
        try:
            unfolded = engine.decompress(data, _PIECE)
        except zlib.error as error:
            raise BodyError(f"it is not compressed as it says ({error})") from error
        if unfolded:
            yield unfolded
        data = engine.unconsumed_tail
        # A full piece may have left some behind in the engine, even when all of the data went in.
        if not data and len(unfolded) < _PIECE:
            return


def _deflate_window(data: bytes) -> int:
    # Both bytes of a zlib header are a multiple of 31; the low half of the first says "deflate" (RFC 1950).
    is_wrapped = data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2]) % 31 == 0)
    return zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS
