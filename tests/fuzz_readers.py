"""Damage documents of every kind at random and read them: no exception, no hang, no more than a gigabyte.

    python tests/fuzz_readers.py SECONDS [FORMAT ...]

Prints the documents read of each kind and the most memory used; ends with 1 at the first failure, which it describes.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import resource
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pdf_pages import PICTURE, make_pdf, set_lines

from archive.readers import Document, Problem, read
from archive.readers.formats import BY_NAME
from archive.readers.sitemap import parse as parse_sitemap
from archive.records import ArchiveError, Release

HANG_S = 10
MAX_RESIDENT_BYTES = 1_000_000_000
_EXAMPLES = 40  # a round, so that the kinds take turns
_BODY = "TIRTAPURA – Paragraf pertama, Selasa (21/3).\n\nParagraf kedua ‘’melayani’’ warga. (ney/agi/diskominfo)"
_HTML_BODY = "".join(f"<p>{text}</p>" for text in _BODY.split("\n\n"))
_LINK = "https://tirtapura.example/2023/03/21/judul/"


def _word() -> bytes:
    document = docx.Document()
    document.add_heading("Judul Siaran", 0)
    for text in _BODY.split("\n\n"):
        document.add_paragraph(text)
    document.add_table(2, 2).cell(0, 0).text = "sel"
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/satu.txt", f"Judul\n{_BODY}")
        archive.writestr("dua.html", f"<html><h1>Judul</h1><article>{_HTML_BODY}</article></html>")
    return stream.getvalue()


_POST = {
    "id": 7,
    "date": "2023-03-21T10:15:00",
    "date_gmt": "2023-03-21T03:15:00",
    "modified_gmt": "2023-03-22T00:00:00",
    "status": "publish",
    "link": _LINK,
    "title": {"rendered": "Judul &amp; Isi"},
    "content": {"rendered": _HTML_BODY, "protected": False},
    "_embedded": {"author": [{"name": "Ney"}], "wp:term": [[{"taxonomy": "category", "name": "Berita"}]]},
}
_WXR = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"><channel>
<wp:wxr_version>1.2</wp:wxr_version><item><title>Judul</title><link>{_LINK}</link><dc:creator>ney</dc:creator>
<content:encoded><![CDATA[{_BODY}]]></content:encoded><wp:post_id>7</wp:post_id><wp:post_date>2023-03-21 10:15:00</wp:post_date>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
<category domain="category" nicename="b"><![CDATA[Berita]]></category>
</item></channel></rss>"""
_RSS = f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Kota</title><item><title>Judul</title><link>{_LINK}</link><guid>7</guid>
<pubDate>Tue, 21 Mar 2023 03:15:00 +0000</pubDate>
<content:encoded><![CDATA[{_HTML_BODY}]]></content:encoded></item></channel></rss>"""
_SITEMAP = f"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{_LINK}</loc>
<lastmod>2023-03-21</lastmod></url></urlset>"""

_LD = json.dumps({"@type": "NewsArticle", "headline": "Judul", "datePublished": "2023-03-21"})
_PAGE = f"""<html><head><title>Judul</title><meta charset="utf-8"><link rel="canonical" href="{_LINK}">
<script type="application/ld+json">{_LD}</script></head><body><article><h1>Judul</h1><time>21/03/2023</time>{_HTML_BODY}
<table><tr><td>a</td></tr></table></article></body></html>"""

SEEDS: dict[str, list[bytes]] = {
    "text": [f"---\ndate: 2023-03-21\ntopic: Berita\n---\nJudul Siaran\n{_BODY}".encode()],
    "markdown": [
        f"---\ntitle: Judul\n---\n# Judul\n\n{_BODY}\n\n* satu\n* [dua]({_LINK})\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode()
    ],
    "html": [_PAGE.encode()],
    "jsonl": [
        json.dumps({"title": "Judul", "body": _BODY, "published": "2023-03-21"}, ensure_ascii=False).encode() + b"\n{}\n"
    ],
    "csv": [f'judul;isi;tanggal\n"Judul";"{_BODY}";21/03/2023\n'.encode(), f'title,body\nA,"{_BODY}"\n'.encode()],
    "wordpress": [json.dumps([_POST]).encode()],
    "wxr": [_WXR.encode()],
    "feed": [_RSS.encode()],
    "docx": [_word()],
    "pdf": [make_pdf([set_lines(["Judul Siaran", "", *_BODY.split("\n")]), PICTURE], title="Judul")],
    "zip": [_zip()],
    "sitemap": [_SITEMAP.encode()],
}
_PIECES = [
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"<", b"]]>", b"<![CDATA[", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b'"',
    b"\n\n", b"---\n", b"{" * 500, b"[" * 5000, b"<div>" * 3000, b"9" * 400, "‘’É\u202e\U0001f600".encode(), b"\r", b";",
    b"%PDF-1.4", b"PK\x03\x04", b"(" * 300,
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A seed with some of its bytes replaced, doubled or cut off; now and then no seed at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=2000))
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=12), st.just(data[start:end] * 50)))
        data = data[:start] + piece + (b"" if draw(st.integers(0, 12)) == 0 else data[end:])
    return data


def read_all(name: str, data: bytes) -> None:
    """Read a document; anything but releases and problems is a failure."""
    if name == "sitemap":
        with suppress(ArchiveError):
            parse_sitemap(data, "/a.xml")
        return
    suffix = ".zip" if name == "zip" else min(BY_NAME[name].suffixes)
    for found in read(Document.of_bytes(data, f"/a{suffix}", f"a{suffix}"), None if name == "zip" else name):
        assert isinstance(found, Release | Problem), found
        assert not isinstance(found, Problem) or "\n" not in str(found), found


def _give_up(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"still reading after {HANG_S} s")


def _rounds(name: str) -> Iterator[Callable[[], None]]:
    for number in itertools.count():

        @seed(number)
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(damaged(SEEDS[name]))
        def check(data: bytes) -> None:
            signal.alarm(HANG_S)
            try:
                read_all(name, data)
            except BaseException:
                Path(f"/tmp/telusur-fuzz-{name}").write_bytes(data)  # noqa: S108 - to look at afterwards
                raise
            finally:
                signal.alarm(0)

        yield check


def _most_resident_bytes() -> int:
    # Not getrusage, which also counts what the process that started this one held.
    found = re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def main(seconds: float, names: list[str]) -> None:
    """Let the kinds take turns until the time is up."""
    resource.setrlimit(resource.RLIMIT_AS, (3 * MAX_RESIDENT_BYTES, 3 * MAX_RESIDENT_BYTES))
    signal.signal(signal.SIGALRM, _give_up)
    counts = dict.fromkeys(names or SEEDS, 0)
    rounds = {name: _rounds(name) for name in counts}
    until = time.monotonic() + seconds
    for name in itertools.cycle(counts):
        next(rounds[name])()
        counts[name] += _EXAMPLES
        if time.monotonic() > until and all(counts.values()):
            break
    resident_bytes = _most_resident_bytes()
    sys.stdout.write(json.dumps({"documents": counts, "resident_mb": resident_bytes // 1_000_000}) + "\n")
    assert resident_bytes < MAX_RESIDENT_BYTES, resident_bytes


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
