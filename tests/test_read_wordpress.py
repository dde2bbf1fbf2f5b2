from __future__ import annotations

import json
from typing import Any

import pytest
from damage import damaged

from archive import Release
from archive.readers import markup
from archive.readers.common import Listed, ParseError, Problem
from archive.readers.wordpress import RestError, local_time, parse_page, utc_time

PAGE = "https://tirtapura.example/wp-json/wp/v2/posts?_embed=1"
LINK = "https://tirtapura.example/2023/03/21/asn-melayani/"


def post(**changes: Any) -> dict[str, Any]:
    return {
        "id": 1207,
        "date": "2023-03-21T05:30:00",
        "date_gmt": "2023-03-20T22:30:00",
        "modified": "2023-03-22T09:00:00",
        "modified_gmt": "2023-03-22T02:00:00",
        "status": "publish",
        "link": LINK,
        "title": {"rendered": "Wali Kota: &#8220;ASN Melayani&#8221; &amp; <em>Santun</em>"},
        "content": {
            "rendered": "<p>TIRTAPURA &#8211; Paragraf satu.</p>\n<p>‘’Paragraf dua,’’ katanya. (ney/agi/diskominfo)</p>\n",
            "protected": False,
        },
        "excerpt": {"rendered": "<p>Ringkasan</p>"},
        "_embedded": {
            "author": [{"id": 3, "name": "Neni &amp; Agi"}],
            "wp:term": [
                [
                    {"id": 1, "name": "Uncategorized", "taxonomy": "category"},
                    {"id": 9, "name": "Hukum &amp; Kepegawaian", "taxonomy": "category"},
                ],
                [{"id": 4, "name": "ASN", "taxonomy": "post_tag"}],
            ],
        },
    } | changes


def parse(*posts: object) -> list[Listed]:
    return parse_page(json.dumps(posts).encode(), PAGE)


def problem_of(**changes: Any) -> str:
    (listed,) = parse(post(**changes))
    assert listed.release is None
    assert isinstance(listed.problem, Problem)
    assert "\n" not in str(listed.problem)
    return str(listed.problem)


def release_of(**changes: Any) -> Release:
    (listed,) = parse(post(**changes))
    assert listed.problem is None
    assert listed.release is not None
    return listed.release


# Posts


def test_a_post_becomes_a_release() -> None:
    (listed,) = parse(post())
    assert (listed.url, listed.key, listed.modified, listed.problem) == (LINK, "1207", "2023-03-22T02:00:00Z", None)
    release = listed.release
    assert release is not None
    assert release.title == "Wali Kota: “ASN Melayani” & Santun"
    assert release.body == "TIRTAPURA – Paragraf satu.\n\n‘’Paragraf dua,’’ katanya. (ney/agi/diskominfo)"
    assert (release.id, release.url, release.source) == (None, LINK, LINK)
    assert (release.published, release.published_from) == ("2023-03-21T05:30:00+07:00", "metadata")
    assert release.modified == "2023-03-22T09:00:00+07:00"
    assert (release.topic, release.author) == ("Hukum & Kepegawaian", "Neni & Agi")
    assert (release.city, release.initials, release.office) == ("TIRTAPURA", ("ney", "agi"), "diskominfo")


def test_a_listing_without_content_has_no_releases() -> None:
    fields = ("id", "link", "modified_gmt", "status")
    page = [{name: post()[name] for name in fields}, {name: post(id=8, status="draft")[name] for name in fields}]
    assert parse_page(json.dumps(page).encode(), PAGE) == [
        Listed(LINK, "1207", "2023-03-22T02:00:00Z"),
        Listed(LINK, "8", "2023-03-22T02:00:00Z", None, Problem(LINK, "not published: its status is draft")),
    ]


def test_a_single_post_and_an_empty_page() -> None:
    assert [listed.key for listed in parse_page(json.dumps(post()).encode(), PAGE)] == ["1207"]
    assert parse() == []


def test_what_a_post_may_lack() -> None:
    bare = {name: post(link="https://tirtapura.example/?p=1207")[name] for name in ("id", "link", "title", "content")}
    (listed,) = parse(bare)
    assert listed.modified is None
    release = listed.release
    assert release is not None
    assert (release.published, release.published_from, release.modified) == (None, None, None)
    assert (release.topic, release.author) == (None, None)


def test_an_author_whose_account_was_closed_is_no_byline() -> None:
    embedded = {"author": [{"code": "rest_user_invalid_id", "message": "Invalid user ID."}]}
    assert release_of(_embedded=embedded).author is None


@pytest.mark.parametrize("name", ["Uncategorized", "Uncategorised", "Tak Berkategori", "Tidak Berkategori", "Tanpa Kategori"])
def test_no_category_is_no_topic(name: str) -> None:
    assert release_of(_embedded={"wp:term": [[{"name": name, "taxonomy": "category"}]]}).topic is None


def test_posts_that_are_no_releases() -> None:
    assert problem_of(status="private") == f"{LINK}: not published: its status is private"
    protected = {"rendered": "", "protected": True}
    assert problem_of(content=protected) == f"{LINK}: protected by a password; the publisher must lift it"
    assert problem_of(content={"rendered": "\n"}) == f"{LINK}: no paragraphs below the title"
    assert problem_of(content={"rendered": '<figure><img src="a.jpg"></figure>'}) == f"{LINK}: no paragraphs below the title"
    assert problem_of(title={"rendered": ""}) == f"{LINK}: the title is missing"
    assert problem_of(link="javascript:alert(1)") == f"{PAGE}: post 1207 has no web address"
    assert problem_of(link=None, id=None) == f"{PAGE}: post null has no web address"
    assert "nested more than 2,000 deep" in problem_of(content={"rendered": "<div>" * 3000 + "teks"})


def test_one_bad_post_spoils_no_other() -> None:
    good, bad, none = parse(post(), post(content={"rendered": 5}), "x\ny")
    assert good.release is not None
    assert bad.problem == Problem(LINK, "no paragraphs below the title")
    assert none == Listed(PAGE, problem=Problem(PAGE, "holds x y where a post should be"))


def test_control_characters_that_word_left_behind_are_taken_out() -> None:
    release = release_of(
        title={"rendered": "Judul\u000bDua\u0000"}, content={"rendered": "<p>Satu\u000bdua&#11;tiga\ud800.</p>"}
    )
    assert (release.title, release.body) == ("Judul Dua", "Satu dua tiga\ufffd.")


# Times


@pytest.mark.parametrize(
    ("local", "utc", "expected"),
    [
        ("2023-03-21T05:30:00", "2023-03-20T22:30:00", "2023-03-21T05:30:00+07:00"),
        ("2023-03-21 05:30:00", "2023-03-20 20:30:00", "2023-03-21T05:30:00+09:00"),
        ("2023-03-20T22:30:00", "2023-03-21T02:00:00", "2023-03-20T22:30:00-03:30"),
        ("2023-03-21T05:30:00", "2023-03-21T05:30:00", "2023-03-21T05:30:00+00:00"),
        ("2023-03-21T05:30:00", None, "2023-03-21T05:30:00"),
        ("2023-03-21T05:30:00", "0000-00-00T00:00:00", "2023-03-21T05:30:00"),
        ("2023-03-21T05:30:00", "2022-01-01T00:00:00", "2023-03-21T05:30:00"),
        ("0000-00-00 00:00:00", "2023-03-21T05:30:00", None),
        (None, None, None),
        ("kemarin", None, None),
    ],
)
def test_local_time(local: str | None, utc: str | None, expected: str | None) -> None:
    assert local_time(local, utc) == expected


def test_utc_time() -> None:
    assert utc_time("2023-03-22 02:00:00", "2023-03-22 09:00:00") == "2023-03-22T02:00:00Z"
    assert utc_time("0000-00-00 00:00:00", "2023-03-22 09:00:00") == "2023-03-22T09:00:00"
    assert utc_time(None, None) is None


# Answers that are no posts


def test_an_error_names_its_code() -> None:
    answer = b'{"code":"rest_no_route","message":"No route was <b>found</b>","data":{"status":404}}'
    with pytest.raises(RestError, match=r"the site answered rest_no_route \(No route was found\); try its feed") as caught:
        parse_page(answer, PAGE)
    assert caught.value.code == "rest_no_route"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "the answer is empty"),
        (b"<!doctype html><title>Situs</title>", "looks like a web page, not WordPress's list of posts"),
        (b'[{"id":1,"link":"https://a.exa', "not valid JSON: .*, cut off; fetch it again"),
        (b"[1,,2]", "not valid JSON: .*at offset 3; fetch it again"),
        (b"[" * 200_000, "nested too deep"),
        (b"5", "not a list of posts"),
        (b'["\xe9"]', "byte 0xE9 at offset 2 is not UTF-8"),
    ],
)
def test_what_is_no_list_of_posts(answer: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse_page(answer, PAGE)


def test_warnings_above_the_answer_and_a_byte_order_mark_are_passed_over() -> None:
    page = json.dumps([post()], separators=(",", ":")).encode()
    warning = b"<br />\n<b>Warning</b>:  Undefined array key in <b>/var/www/a.php</b> on line <b>3</b><br />\n"
    assert [listed.key for listed in parse_page(warning + page, PAGE)] == ["1207"]
    assert [listed.key for listed in parse_page(b"\xef\xbb\xbf" + page, PAGE)] == ["1207"]


# The content

TABLE = (
    "<figure class='wp-block-table'><table><tr><th>Desa</th><th>Warga</th></tr><tr><td><p>A</p><p>1</p></td><td>20</td></tr>"
    "<tr><td></td><td></td></tr></table><figcaption>Tabel</figcaption></figure>"
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("<!-- wp:more --><!-- /wp:more -->", []),
        ("<!-- wp:paragraph -->\n<p>Satu</p>\n<!-- /wp:paragraph -->\n\n<!-- wp:paragraph -->\n<p>Dua</p>", ["Satu", "Dua"]),
        ("Satu\nmasih satu\n\nDua\r\n\r\nTiga\n \nEmpat", ["Satu masih satu", "Dua", "Tiga", "Empat"]),
        ("<p>Satu<br />\nmasih satu<br/><br>Dua<br>&nbsp;<br>Tiga</p>", ["Satu masih satu", "Dua", "Tiga"]),
        ("<p>Su<b>da</b>h, <a href='#'>tau</a>tan.</p>", ["Sudah, tautan."]),
        ("<p>a&nbsp;b&shy;c&#8203;d \u00ad e</p><p>&nbsp;</p>", ["a bcd e"]),
        ("<p>&#147;Kutip&#148; &amp; &lt;tanda&gt; 5 < 6 &copy; ‘’x’’ é</p>", ["“Kutip” & <tanda> 5 < 6 © ‘’x’’ é"]),
        (
            "<h2>Judul</h2>teks<ul><li>satu<ul><li>anak</li></ul></li><li>dua</li></ul>",
            ["Judul", "teks", "satu", "anak", "dua"],
        ),
        ("<blockquote><p>Kutipan</p><cite>Wali Kota</cite></blockquote>lalu", ["Kutipan", "Wali Kota", "lalu"]),
        ("<figure class='wp-block-pullquote'><blockquote><p>Tarik</p></blockquote></figure>", ["Tarik"]),
        (TABLE, ["Desa | Warga", "A 1 | 20"]),
        ("<table><tr><td><p>Satu</p><p>Dua</p></td></tr></table>", ["Satu", "Dua"]),
        ("<td>sel</td> lepas<tr>", ["sel", "lepas"]),
        ("a<script>x()</script><style>y{}</style><iframe src=z>w</iframe><!-- k -->b", ["ab"]),
        ("<figure><img><figcaption>Pemotretan</figcaption></figure>teks", ["teks"]),
        ("<div class='wp-caption alignnone'><img><p class='wp-caption-text'>Keterangan</p></div>teks", ["teks"]),
        ("<blockquote class='twitter-tweet'><p>Kicau</p></blockquote>teks", ["teks"]),
        ("<p style='display:none'>rahasia</p>teks", ["teks"]),
        ("Satu\nhttps://www.youtube.com/watch?v=a\nDua", ["Satu", "Dua"]),
        ("<p>Satu<br />\n<a href='u'>https://youtu.be/a</a><br />\nDua</p>", ["Satu", "Dua"]),
        (
            "<p>Satu<br />\n<iframe src='u'></iframe><br />\nDua, lihat https://youtu.be/a lalu</p>",
            ["Satu", "Dua, lihat https://youtu.be/a lalu"],
        ),
        ("<p>https://youtu.be/a</p><p>Info: https://tirtapura.example/</p>", ["Info: https://tirtapura.example/"]),
        ('Satu [caption id="a" width="3"]<img src=b> Keterangan[/caption] dua', ["Satu", "dua"]),
        ("[caption id=&#8221;a&#8221;]<img> Keterangan[/caption]teks", ["teks"]),
        ("[embed]https://youtu.be/a[/embed]teks[gallery ids='1,2']", ["teks"]),
        ("[caption]tak ditutup", ["tak ditutup"]),
        ("[vc_row][vc_column width='1/2']Satu[/vc_column][vc_column]Dua[/vc_column][/vc_row]", ["Satu", "Dua"]),
        ('ini [su_highlight color="#fff"]tebal[/su_highlight] dan [kuning a="b"]lain[/kuning]', ["ini tebal dan lain"]),
        (
            "Ia berkata [sic] begitu. [ney/agi] [21/3] [Video] [a] = b",
            ["Ia berkata [sic] begitu. [ney/agi] [21/3] [Video] [a] = b"],
        ),
        ("<p>Baca juga: Berita lain</p><p>Teks</p>", ["Teks"]),
    ],
)
def test_paragraphs_of_a_fragment(content: str, expected: list[str]) -> None:
    assert markup.paragraphs(content) == "\n\n".join(expected)


@pytest.mark.parametrize(
    "content",
    [
        "[caption]" * 200_000,
        "[caption x" * 200_000,
        "\n " * 1_000_000,
        "<figure>" * 100_000,
        "&#12;<br>\n" * 200_000,
        "[a b=" * 200_000,
    ],
    ids=["open", "cut", "blank", "nested", "controls", "attributes"],
)
def test_hostile_content_costs_no_more_than_its_length(content: str) -> None:
    try:
        assert len(markup.paragraphs(content)) <= len(content)
    except ParseError as error:
        assert "nested" in str(error)  # noqa: PT017


def test_a_line_of_markup() -> None:
    assert markup.line("Satu\n dua &#8211; <b>ti</b>ga<br>empat &amp; 5 < 6") == "Satu dua – tiga empat & 5 < 6"
    assert markup.line("Polos\u00a0saja") == "Polos saja"
    assert markup.line("<b>https://a.example/</b>") == "https://a.example/"
    assert markup.line("") == ""


@damaged(json.dumps([post()]).encode())
def test_damage_ends_in_a_release_or_one_line(data: bytes) -> None:
    try:
        for listed in parse_page(data, PAGE):
            assert "\n" not in str(listed.problem)
    except ParseError as error:
        assert "\n" not in str(error)  # noqa: PT017
