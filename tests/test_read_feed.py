from __future__ import annotations

import gzip
from typing import BinaryIO

import pytest
from damage import damaged

from archive import Release
from archive.readers import feed
from archive.readers.common import Document, Listed, ParseError, Problem

SOURCE = "/arsip/umpan.xml"
FEED = "https://tirtapura.example/feed/"
LINK = "https://tirtapura.example/2023/03/21/asn-melayani/"
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)
WHOLE = "<p>TIRTAPURA &#8211; Satu.</p>\n<p>‘’Dua,’’ katanya. (ney/agi/diskominfo)</p>"
APPENDED = '\n<p>The post <a href="x">Wali Kota</a> appeared first on <a href="y">Kota Tirtapura</a>.</p>'


def item(
    title: str = "Wali Kota: &#8220;ASN&#8221; &#038; Santun",
    content: str | None = WHOLE + APPENDED,
    link: str = LINK,
    when: str = "Mon, 20 Mar 2023 22:30:00 +0000",
) -> str:
    encoded = f"<content:encoded><![CDATA[{content}]]></content:encoded>" if content is not None else ""
    return (
        f"<item><title>{title}</title><link>{link}</link><dc:creator><![CDATA[Neni & Agi]]></dc:creator>"
        f"<pubDate>{when}</pubDate><category><![CDATA[Uncategorized]]></category>"
        "<category><![CDATA[Hukum &amp; Kepegawaian]]></category>"
        "<category><![CDATA[ASN]]></category><guid isPermaLink='false'>https://tirtapura.example/?p=1207</guid>"
        f"<description><![CDATA[Ringkasan [&#8230;]]]></description>{encoded}</item>"
    )


def rss(*items: str, opening: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    channel = "<title>Kota &amp; Tirtapura</title><link>https://tirtapura.example</link><description></description>"
    return f'{opening}<rss version="2.0" {NAMESPACES}><channel>{channel}{"".join(items)}</channel></rss>'.encode()


def parse_one(data: bytes) -> Listed:
    (listed,) = feed.parse(data, SOURCE, FEED).entries
    return listed


def release_of(data: bytes) -> Release:
    listed = parse_one(data)
    assert listed.problem is None
    assert listed.release is not None
    return listed.release


def read(data: bytes) -> list[Release | Problem]:
    return list(feed.read(Document.of_bytes(data, SOURCE, "umpan.xml")))


def test_an_entry_with_its_whole_text_becomes_a_release() -> None:
    found = feed.parse(rss(item()), SOURCE, FEED)
    assert (found.title, found.problem) == ("Kota & Tirtapura", None)
    (listed,) = found.entries
    assert (listed.url, listed.key, listed.modified) == (LINK, "https://tirtapura.example/?p=1207", None)
    release = listed.release
    assert release is not None
    assert release.title == "Wali Kota: “ASN” & Santun"
    assert release.body == "TIRTAPURA – Satu.\n\n‘’Dua,’’ katanya. (ney/agi/diskominfo)"
    assert (release.url, release.source, release.id) == (LINK, LINK, None)
    assert (release.published, release.published_from) == ("2023-03-21T05:30:00+07:00", "metadata")
    assert (release.topic, release.author, release.modified) == ("Hukum & Kepegawaian", "Neni & Agi", None)


def test_an_entry_with_only_a_summary_is_listed_without_release() -> None:
    assert parse_one(rss(item(content=None))) == Listed(LINK, "https://tirtapura.example/?p=1207")
    assert parse_one(rss(item(content="<p>Satu.</p><p>Dua […]</p>"))).release is None
    assert parse_one(rss(item(content="<p>Satu… Baca selengkapnya »</p>"))).release is None
    assert parse_one(rss(item(content=None, link=""))).problem == Problem(
        f"{SOURCE}#1", "has neither its whole text nor a web address"
    )


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Kota</title>
<entry><title type="html">Satu &amp;amp; dua</title><id>tag:tirtapura.example,2023:7</id><link rel="alternate" href="/b"/>
<published>2023-03-21T05:30:00+08:00</published><updated>2023-03-22T09:00:00+08:00</updated><author><name>Agi</name></author>
<category term="hukum" label="Hukum"/>%s</entry></feed>"""


@pytest.mark.parametrize(
    "content",
    [
        '<content type="html">&lt;p&gt;Satu&lt;/p&gt;&lt;p&gt;Dua &amp;amp; tiga&lt;/p&gt;</content>',
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Satu</p><p>Dua &amp; tiga</p></div></content>',
        '<content type="text">Satu\n\nDua &amp; tiga</content>',
    ],
    ids=["html", "xhtml", "text"],
)
def test_atom(content: str) -> None:
    listed = parse_one((ATOM % content).encode())
    assert (listed.url, listed.key) == ("https://tirtapura.example/b", "tag:tirtapura.example,2023:7")
    assert listed.modified == "2023-03-22T01:00:00Z"
    release = listed.release
    assert release is not None
    assert (release.title, release.body) == ("Satu & dua", "Satu\n\nDua & tiga")
    assert (release.published, release.modified) == ("2023-03-21T05:30:00+08:00", "2023-03-22T09:00:00+08:00")
    assert (release.topic, release.author) == ("Hukum", "Agi")
    assert parse_one((ATOM % '<summary type="html">Ringkas</summary>').encode()).release is None


def test_rss_1_0() -> None:
    data = (
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {NAMESPACES}>'
        f'<channel rdf:about="x"><title>Kota</title></channel><item rdf:about="{LINK}"><title>Satu</title><link>{LINK}</link>'
        f"<dc:date>2023-03-21T05:30:00+07:00</dc:date><content:encoded>&lt;p&gt;Isi&lt;/p&gt;</content:encoded></item></rdf:RDF>"
    )
    release = release_of(data.encode())
    assert (release.title, release.body, release.url) == ("Satu", "Isi", LINK)


def test_rss_0_91_with_its_document_type() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">'
    assert parse_one(rss(item(content=None), opening=doctype)).url == LINK


@pytest.mark.parametrize(
    ("when", "link", "expected"),
    [
        ("Tue, 21 Mar 2023 05:30:00 +0700", LINK, "2023-03-21T05:30:00+07:00"),
        ("Mon, 20 Mar 2023 22:30:00 GMT", "https://a.example/x", "2023-03-21T05:30:00+07:00"),
        ("Mon, 20 Mar 2023 15:30:00 +0000", LINK, "2023-03-21T00:30:00+09:00"),
        ("Tue, 21 Mar 2023 23:30:00 +0000", LINK, "2023-03-21T23:30:00+00:00"),
        ("2023-03-20T22:30:00Z", LINK, "2023-03-21T05:30:00+07:00"),
        ("kemarin", "https://a.example/x", None),
    ],
)
def test_the_day_is_the_sites_day(when: str, link: str, expected: str | None) -> None:
    assert release_of(rss(item(when=when, link=link))).published == expected


def test_the_time_zone_is_told_by_all_permalinks_together() -> None:
    late = item(when="Mon, 20 Mar 2023 16:30:00 +0000")
    noon = item(when="Tue, 21 Mar 2023 05:00:00 +0000")
    found = feed.parse(rss(noon, late), SOURCE, FEED).entries
    assert [one.release.published for one in found if one.release] == ["2023-03-21T13:00:00+08:00", "2023-03-21T00:30:00+08:00"]


# Saved feeds


def test_a_saved_feed() -> None:
    release, summaries = read(rss(item(), item(content=None), item(content=None)))
    assert isinstance(release, Release)
    assert (release.source, release.url) == (f"{SOURCE}#1", LINK)
    assert summaries == Problem(SOURCE, "2 entries hold only a summary; harvest the site instead")
    assert read(rss(item(content=None))) == [Problem(SOURCE, "1 entry holds only a summary; harvest the site instead")]
    assert read(rss()) == [Problem(SOURCE, "holds no entries")]


def test_bad_entries_are_one_problem() -> None:
    *releases, problem = read(rss(item(title=""), item(), item(content="<img src='a'>")))
    assert [one.source for one in releases] == [f"{SOURCE}#2"]
    assert problem == Problem(SOURCE, "entry 1: the title is missing (and 1 more such entries)")


def test_a_truncated_feed_gives_what_is_whole() -> None:
    data = rss(item(), item(title="Dua"), item(title="Tiga"))
    first, second, problem = read(data[: data.index(b"Tiga") + 400])
    assert isinstance(first, Release)
    assert isinstance(second, Release)
    assert (first.topic, second.title) == ("Hukum & Kepegawaian", "Dua")
    assert problem == Problem(SOURCE, "cut off after 2 whole entries; fetch it again")
    assert read(data[:300]) == [Problem(SOURCE, "cut off after 0 whole entries; fetch it again")]


def test_wrong_charsets() -> None:
    utf_8 = rss(item(title="Kafé", content="<p>“Isi”</p>"))
    declared = utf_8.replace(b"UTF-8", b"ISO-8859-1")
    assert (release_of(declared).title, release_of(declared).body) == ("Kafé", "“Isi”")
    windows = utf_8.decode().encode("windows-1252")
    assert (release_of(windows).title, release_of(windows).body) == ("Kafé", "“Isi”")
    truly = windows.replace(b"UTF-8", b"windows-1252")
    assert release_of(truly).title == "Kafé"
    assert release_of(utf_8.decode().encode("utf-16")).title == "Kafé"
    assert release_of(windows.replace(b"UTF-8", b"x-unknown")).title == "Kafé"


def test_control_characters_and_undeclared_entities_do_not_end_the_feed() -> None:
    release = release_of(rss(item(title="Satu&nbsp;dua\x0btiga", content="<p>Isi\x0blain</p>")))
    assert (release.title, release.body) == ("Satu dua tiga", "Isi lain")


BOMB = (
    '<?xml version="1.0"?><!-- <a> --><!DOCTYPE rss [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]><rss><channel><item><title>&m;</title></item></channel></rss>"
).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n", "the file is empty"),
        (b"<!doctype html><title>Situs</title>", "looks like a web page, not a feed"),
        (b'{"a": 1}', "not XML, so it is no feed"),
        (gzip.compress(b"<rss/>"), "not XML, so it is no feed"),
        (b"<urlset></urlset>", "no feed: its outermost element is <urlset>"),
        (b"<?xml version='1.0'?><!-- rss -->", "no feed: its outermost element is <>"),
        (BOMB, "declares entities of its own"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>', "declares entities of its own"),
        (b"<rss>" + b" " * feed.MAX_BYTES, "longer than 10,000,000 bytes"),
    ],
)
def test_what_is_no_feed(data: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        feed.parse(data, SOURCE)
    (problem,) = read(data)
    assert isinstance(problem, Problem)
    assert message in problem.message
    assert "\n" not in problem.message


@pytest.mark.parametrize(
    "data",
    [b"<rss>" + b"<a>" * 50_000, b"<rss><item>" + b"<b>" * 50_000 + b"</b>" * 50_000 + b"</item></rss>", b"<rss><" * 10_000],
)
def test_deep_nesting_ends_in_a_line(data: bytes) -> None:
    (*_, problem) = read(data)
    assert isinstance(problem, Problem)
    assert "\n" not in problem.message


def test_what_breaks_feedparser_is_one_line() -> None:
    data = b"<rss><channel><item><category>Hukum</item></category></channel></rss>"
    assert read(data) == [Problem(SOURCE, "cannot be read as a feed: its elements are damaged, or nested too deep")]


def test_a_file_that_is_gone() -> None:
    def vanish() -> BinaryIO:
        raise FileNotFoundError(2, "No such file or directory")

    assert list(feed.read(Document(SOURCE, "a", 1, vanish))) == [Problem(SOURCE, "cannot be read: No such file or directory")]


def test_recognises() -> None:
    assert feed.recognises(rss(item())[:4096])
    assert feed.recognises((ATOM % "").encode())
    assert feed.recognises(b"<rdf:RDF xmlns='x'>")
    assert not feed.recognises(b'<rss xmlns:wp="http://wordpress.org/export/1.2/">')
    assert not feed.recognises(b"<urlset>")
    assert not feed.recognises(b"\x00\xff")


@damaged(rss(item(), item(content=None)))
def test_damage_ends_in_a_release_or_one_line(data: bytes) -> None:
    for found in read(data):
        assert "\n" not in (found.message if isinstance(found, Problem) else found.title)
