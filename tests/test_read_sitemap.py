from __future__ import annotations

import gzip
import time
import tracemalloc

import pytest
from damage import damaged

from archive.readers.common import Listed, ParseError, Problem
from archive.readers.sitemap import MAX_ADDRESSES, MAX_BYTES, News, Sitemap, parse

SOURCE = "https://tirtapura.example/sitemap.xml"
A, B, C = (f"https://tirtapura.example/{name}/" for name in "abc")


def urlset(*entries: str, opening: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    spaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    )
    return f"{opening}\n<urlset {spaces}>{''.join(entries)}</urlset>\n".encode()


def entry(address: str, lastmod: str = "", more: str = "") -> str:
    return f"<url><loc>{address}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}{more}</url>\n"


def test_pages_with_their_last_change() -> None:
    image = "<image:image><image:loc>https://tirtapura.example/a.jpg</image:loc></image:image>"
    data = urlset(
        entry(A, "2023-03-21T05:30:00+07:00", image), entry(f"\n {B} "), entry(A, "2024-01-01"), entry(C, "2023-03-21")
    )
    assert parse(data, SOURCE) == Sitemap(
        [Listed(A, modified="2023-03-21T05:30:00+07:00"), Listed(B), Listed(C, modified="2023-03-21")], []
    )


def test_an_index_of_further_sitemaps() -> None:
    data = b"""<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
    <sitemap><loc>https://tirtapura.example/post-1.xml</loc><lastmod>2023-03-21</lastmod></sitemap>
    <sitemap><loc><![CDATA[/post-2.xml?a=1&b=2]]></loc></sitemap></sitemapindex>"""
    children = [("https://tirtapura.example/post-1.xml", "2023-03-21"), ("https://tirtapura.example/post-2.xml?a=1&b=2", None)]
    assert parse(data, SOURCE) == Sitemap([], children)


def test_a_news_sitemap() -> None:
    told = (
        "<news:news><news:publication><news:name>Kota</news:name><news:language>id</news:language></news:publication>"
        "<news:publication_date>2023-03-21T05:30:00+07:00</news:publication_date>"
        "<news:title>ASN &amp;amp; Warga</news:title></news:news>"
    )
    found = parse(urlset(entry(A, more=told)), SOURCE)
    assert found.news == {A: News("ASN & Warga", "2023-03-21T05:30:00+07:00")}
    assert found.pages == [Listed(A, modified="2023-03-21T05:30:00+07:00")]


def test_plain_text() -> None:
    assert parse(f"\ufeff{A}\r\n\r\n{B}\nbukan alamat\n{A}\n".encode(), SOURCE) == Sitemap([Listed(A), Listed(B)], [])


def test_compressed() -> None:
    data = urlset(entry(A), entry(B))
    assert parse(gzip.compress(data), SOURCE).pages == [Listed(A), Listed(B)]
    assert parse(gzip.compress(data[:100]) + gzip.compress(data[100:]) + b"\0\0", SOURCE).pages == [Listed(A), Listed(B)]
    assert parse(gzip.compress(f"{A}\n{B}".encode()), SOURCE).pages == [Listed(A), Listed(B)]


def test_what_is_no_address_or_no_time_is_passed_over() -> None:
    odd = [
        "javascript:alert(1)",
        "ftp://a.example/",
        "http://[",
        "https://a.example/" + "x" * 3000,
        "https://a.example/a\u200bb",
        "",
    ]
    data = urlset(*map(entry, odd), entry(A, "kemarin"), entry(B, "2023"), "<url></url>")
    assert parse(data, SOURCE) == Sitemap([Listed(A), Listed(B)], [])


def test_an_ampersand_that_should_be_escaped() -> None:
    assert parse(urlset(entry(f"{A}?id=1&page=2&amp;x=3&#38;y")), SOURCE).pages == [Listed(f"{A}?id=1&page=2&x=3&y")]


def test_sitemap_without_namespace_or_with_a_prefix() -> None:
    assert parse(f"<urlset>{entry(A)}</urlset>".encode(), SOURCE).pages == [Listed(A)]
    data = f'<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9"><s:url><s:loc>{A}</s:loc></s:url></s:urlset>'
    assert parse(data.encode(), SOURCE).pages == [Listed(A)]
    assert parse(b"<urlset/>", SOURCE) == Sitemap([], [])


def test_wrong_charsets() -> None:
    data = urlset(entry("https://tirtapura.example/kafé"))
    expected = [Listed("https://tirtapura.example/kafé")]
    assert parse(data.replace(b"UTF-8", b"ISO-8859-1"), SOURCE).pages == expected
    assert parse(data.decode().encode("latin-1"), SOURCE).pages == expected
    assert parse(data.decode().encode("utf-16"), SOURCE).pages == expected


def test_a_truncated_sitemap_gives_what_is_whole() -> None:
    data = urlset(entry(A), entry(B), entry(C))
    cut = data[: data.index(C.encode())]
    assert parse(cut, SOURCE) == Sitemap(
        [Listed(A), Listed(B)], [], problem=Problem(SOURCE, "cut off in line 4; fetch or export it again")
    )
    packed = gzip.compress(urlset(*(entry(f"{A}{number}") for number in range(5000))))
    found = parse(packed[: len(packed) // 2], SOURCE)
    assert found.pages[0] == Listed(f"{A}0")
    assert 1000 < len(found.pages) < 5000
    assert found.problem == Problem(SOURCE, "cut off; fetch it again")


def test_too_many_addresses() -> None:
    problem = Problem(SOURCE, "lists more than the 50,000 addresses that a sitemap may have; the first 50,000 were read")
    lines = [f"{A}{number}" for number in range(MAX_ADDRESSES + 1)]
    for data in (urlset(*map(entry, lines)), "\n".join(lines).encode()):
        found = parse(data, SOURCE)
        assert [found.pages[0], found.pages[-1]] == [Listed(f"{A}0"), Listed(f"{A}49999")]
        assert len(found.pages) == MAX_ADDRESSES
        assert found.problem == problem


def test_a_compressed_bomb_is_never_unpacked() -> None:
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=1)
    tracemalloc.start()
    with pytest.raises(ParseError, match="longer than the 50,000,000 bytes"):
        parse(bomb, SOURCE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MAX_BYTES


BOMB = (
    '<!DOCTYPE urlset [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]><urlset><url><loc>&m;</loc></url></urlset>"
).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Tidak ditemukan</body></html>", "looks like a web page, not a sitemap"),
        (b"Not found", "not XML, so it is no sitemap"),
        (b"<rss><channel></channel></rss>", "no sitemap: its outermost element is <rss>"),
        (BOMB, "declares entities of its own"),
        (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><urlset/>', "declares entities of its own"),
        (b"<urlset>" + b"<a>" * 50_000, "not well-formed XML in line 1|cut off in line 1"),
        (b"<urlset", "cut off in line 1"),
        (gzip.compress(b"x")[:8] + b"damaged", "compressed, but damaged"),
        (b"<urlset>" + b" " * MAX_BYTES, "longer than the 50,000,000 bytes"),
    ],
)
def test_what_is_no_sitemap(data: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message) as caught:
        parse(data, SOURCE)
    assert "\n" not in str(caught.value)


@damaged(urlset(entry(A, "2023-03-21"), entry(B)))
def test_damage_ends_in_a_release_or_one_line(data: bytes) -> None:
    try:
        parse(data, SOURCE)
    except ParseError as error:
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "data", [b'<?xml version="1.0"?><?xml versi' * 80, b"<!a []" * 5000, b"<!--" * 5000, b"<!a" + b"]" * 5000]
)
def test_a_document_without_an_element_is_refused_at_once(data: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(ParseError):
        parse(data, "/peta.xml")
    assert time.monotonic() - started < 2
