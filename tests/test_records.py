from __future__ import annotations

import pytest

from archive import Release
from archive.records import describe_forbidden


def test_release_keeps_text_as_published() -> None:
    release = Release(title="Judul", body="‘’Kutipan,’’ katanya.\n\nÉmas \x8d\ttab")
    assert release.body == "‘’Kutipan,’’ katanya.\n\nÉmas \x8d\ttab"


@pytest.mark.parametrize("published", ["2023-03-21", "2023-03-21T09:30", "2023-03-21 09:30:15", "2023-03-21T09:30:00+07:00"])
def test_release_accepts_iso_8601(published: str) -> None:
    assert Release("Judul", "Isi.", published=published).published == published


@pytest.mark.parametrize("published", ["21 Maret 2023", "2023-3-21", "20230321", "2023-02-30", "2023-03-21T25:00", ""])
def test_release_refuses_other_dates_and_names_them(published: str) -> None:
    with pytest.raises(ValueError, match=f"date '{published}' must be ISO 8601"):
        Release("Judul", "Isi.", published=published)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "a.example/a", "https://", "http://[::1", "https://a.example/a b"])
def test_release_refuses_what_is_no_web_address(url: str) -> None:
    with pytest.raises(ValueError, match="must be an http or https address"):
        Release("Judul", "Isi.", url=url)


@pytest.mark.parametrize("id", ["", "-a", "a b", "a/b", "á", "x" * 101, "a\n"])
def test_release_refuses_ids_that_do_not_fit_in_a_link(id: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 100 letters"):
        Release("Judul", "Isi.", id=id)


def test_release_needs_title_and_body() -> None:
    with pytest.raises(ValueError, match="the title is missing"):
        Release(" ", "Isi.")
    with pytest.raises(ValueError, match="no paragraphs below the title"):
        Release("Judul", " \n ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a\nb\x00", "contains the control character U+0000 in line 2; remove it"),
        ("\x1b[31m", "contains the control character U+001B in line 1; remove it"),
        ("a\ud800", "contains half a surrogate pair U+D800 in line 1; remove it"),
        ("tab\t, baris\r\n, emoji 😀, \x85", None),
    ],
)
def test_describe_forbidden_names_the_first_character_and_its_line(text: str, fault: str | None) -> None:
    assert describe_forbidden(text) == fault


def test_release_names_the_field_with_a_forbidden_character() -> None:
    with pytest.raises(ValueError, match=r"topic contains the control character U\+0000"):
        Release("Judul", "Isi.", topic="a\x00")
