"""How long and how large an answer may be, and how strange."""

from __future__ import annotations

import gzip
import time
import tracemalloc

import httpx2
import pytest
from fetchers import Clock, clock, fetcher, open_fetcher, site
from hypothesis import given
from hypothesis import strategies as st
from sites import Reply, Site

from archive.fetching import Fetcher, TooLarge, Unavailable, response_headers
from archive.fetching.client import _answer, _Reply

__all__ = ["clock", "fetcher", "site"]  # fixtures that these tests share

# What h11 lets through as the value of a header.
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60) | st.sampled_from(
    [
        "text/html; charset*=utf-8''x",
        "text/html; charset*0=a; charset*1=b",
        'text/html; charset="',
        "; charset=;",
        "text/html;charset=' '",
        "Tue, 21 Mar 2023 01:00:00 -9999",
        "Tue, 99 Mar 2023",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "1 Jan 1 00:00:00 +2359",
        "²",
    ]
)


def test_silence_is_not_waited_for(site: Site, clock: Clock) -> None:
    site.on("/a", Reply(delay_s=30), Reply(body="isi"))
    with open_fetcher(site, clock, timeout_s=0.2) as fetcher:
        started = time.monotonic()
        assert fetcher.get(site.url + "/a").content == b"isi"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "reply", [Reply(body="x" * 1000, drip_s=0.05), Reply(body="x", drip_s=0.05, drip_headers=True), Reply(delay_s=30)]
)
def test_a_drip_ends_at_the_deadline(site: Site, reply: Reply) -> None:
    site.on("/a", reply)
    with Fetcher(site.host, allow_private=True, pause_s=0, answer_s=0.5) as fetcher:
        started = time.monotonic()
        with pytest.raises(Unavailable, match=r"/a: no whole answer within 0\.5 s"):
            fetcher.get(site.url + "/a")
        assert 0.4 < time.monotonic() - started < 2
        assert fetcher.get(site.url + "/b").status == "gone"
    assert site.count("/a") == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"x" * 1001),
        Reply(body=b"x" * 1001, chunked=True),
        Reply(body=b"x" * 1001, headers={"Content-Length": None}),
        Reply(body=b"x" * 1001, gzip=True),
        Reply(body=b"x", headers={"Content-Length": "999999999"}),
    ],
)
def test_what_is_too_large_is_not_read(site: Site, clock: Clock, reply: Reply) -> None:
    site.on("/a", reply)
    site.on("/b", Reply(body=b"x" * 1000, gzip=True))
    with open_fetcher(site, clock, max_bytes=1000) as fetcher:
        with pytest.raises(TooLarge, match=r"/a: more than 1,000 bytes; save the page and import the file"):
            fetcher.get(site.url + "/a")
        assert fetcher.get(site.url + "/b").content == b"x" * 1000
    assert site.count("/a") == 1


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_does_not_unfold(site: Site, fetcher: Fetcher, layers: int) -> None:
    bomb = b"\0" * 100_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    site.on("/a", Reply(body=bomb, headers={"Content-Encoding": ", ".join(["gzip"] * layers)}))
    fetcher.get(site.url + "/warm")
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            fetcher.get(site.url + "/a")
        assert tracemalloc.get_traced_memory()[1] < 45_000_000
    finally:
        tracemalloc.stop()


def test_an_empty_compressed_body_is_empty(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(headers={"Content-Encoding": "gzip"}))
    assert fetcher.get(site.url + "/a").content == b""


@given(headers=st.dictionaries(st.sampled_from(["Content-Type", "ETag", "Last-Modified", "Retry-After", "Date"]), HEADER))
def test_no_header_is_too_strange(headers: dict[str, str]) -> None:
    kept = httpx2.Headers([(name.encode(), value.encode("latin-1")) for name, value in headers.items()])
    assert (response_headers.retry_after(kept) or 0) >= 0
    answer = _answer(httpx2.URL("https://kota.example/"), "ok", _Reply(200, kept, b""))
    assert all(one is None or one == one.strip().lower() != "" for one in (answer.charset, answer.content_type))
    assert all(one is None or (one.isascii() and one.isprintable()) for one in (answer.etag, answer.last_modified))
