from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.fetching import bodies


def _raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


TEXT = "‘ASN’ melayani, bukan dilayani. ".encode() * 200
ENCODED = {
    "gzip": gzip.compress(TEXT),
    "X-GZip": gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:]) + b"\0\0padding",
    "deflate": zlib.compress(TEXT),
    " deflate ": _raw_deflate(TEXT),
    "deflate, gzip": gzip.compress(zlib.compress(TEXT)),
    "identity": TEXT,
    "": TEXT,
    "none": TEXT,
}


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_bodies_are_decompressed_however_they_arrive(encoding: str, size: int) -> None:
    data = ENCODED[encoding]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert bodies.read(pieces, encoding, len(TEXT)) == TEXT
    assert bodies.read(pieces, encoding, len(TEXT) - 1, cut=True) == TEXT[:-1]
    with pytest.raises(bodies.TooLong):
        bodies.read(pieces, encoding, len(TEXT) - 1)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "deflate, gzip"])
def test_a_compressed_body_that_breaks_off_is_no_body(encoding: str) -> None:
    with pytest.raises(bodies.BodyError, match="breaks off"):
        bodies.read([ENCODED[encoding][:-9]], encoding, 10**6)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@given(data=st.binary(max_size=200))
def test_no_body_is_too_strange(encoding: str, data: bytes) -> None:
    with contextlib.suppress(bodies.BodyError):
        assert len(bodies.read([data], encoding, 10**6)) < 10**6


@pytest.mark.parametrize("size", [65535, 65536, 65537, 131072, 1_000_000])
@pytest.mark.parametrize("filling", [b"\0", b"melayani "])
def test_nothing_stays_behind_in_the_decompressor(size: int, filling: bytes) -> None:
    text = (filling * size)[:size]
    data = gzip.compress(text)
    for step in (1, 16, len(data)):
        assert bodies.read([data[at : at + step] for at in range(0, len(data), step)], "gzip", size) == text


def test_nothing_stays_behind_at_the_end() -> None:
    # Of some of these, the last bytes are still in the decompressor when all of the data has gone in.
    for size in range(65536, 66136):
        assert len(bodies.read([_raw_deflate(bytes(size))], "deflate", size)) == size


def test_an_endless_row_of_empty_members_is_too_long() -> None:
    with pytest.raises(bodies.TooLong):
        bodies.read([gzip.compress(b"")] * 100, "gzip", 1000)
