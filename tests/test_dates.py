from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.dates import Dated, choose, event_date, parse_written, permalink_date, text_dates
from archive.readers import text as text_reader
from archive.readers.common import Document
from archive.records import Release

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://madiunkota.go.id/2023/03/21/asn-harus-melayani/", "2023-03-21"),
        ("https://madiunkota.go.id/2023/03/21", "2023-03-21"),
        ("https://madiunkota.go.id/2023/3/2/asn", "2023-03-02"),
        ("https://madiunkota.go.id/20230321-asn-harus-melayani", "2023-03-21"),
        ("https://madiunkota.go.id/baca/202303211015/asn", "2023-03-21"),
        ("https://madiunkota.go.id/berita/2023-03-21/asn", "2023-03-21"),
        ("https://madiunkota.go.id/berita/2023-03-21-asn.html", "2023-03-21"),
        ("/2024/02/29/kabisat", "2024-02-29"),
        ("https://madiunkota.go.id/2023/03/asn-harus-melayani/", None),
        ("https://madiunkota.go.id/2023/03/", None),
        ("https://madiunkota.go.id/2023/02/29/bukan-kabisat", None),
        ("https://madiunkota.go.id/2023/13/01/asn", None),
        ("https://madiunkota.go.id/1234/05/06/asn", None),
        ("https://madiunkota.go.id/berita/12345678", None),
        ("https://madiunkota.go.id/d-8169145/asn", None),
        ("https://madiunkota.go.id/?tanggal=2023/03/21", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_permalink_date(url: str, day: str | None) -> None:
    assert permalink_date(url) == day


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("Selasa, 21 Maret 2023 | 10:15 WIB", "2023-03-21T10:15+07:00"),
        ("Selasa, 21 Maret 2023 10.15 WITA", "2023-03-21T10:15+08:00"),
        ("21 Agt 2023, 07.00 WIT", "2023-08-21T07:00+09:00"),
        ("Diposting oleh admin pada 21 Maret 2023 pukul 9.05 WIB", "2023-03-21T09:05+07:00"),
        ("10:15 WIB, 21 Maret 2023", "2023-03-21T10:15+07:00"),
        ("21/03/2023", "2023-03-21"),
        ("1/2/2023", "2023-02-01"),
        ("21-03-2023 10.15", "2023-03-21T10:15"),
        ("21.03.2023 10.15", "2023-03-21T10:15"),
        ("21 Mar 2023", "2023-03-21"),
        ("21 Pebruari 2023", "2023-02-21"),
        ("21 Nopember 2023", "2023-11-21"),
        ("Jum'at, 24-Mar-2023", "2023-03-24"),
        ("March 21, 2023", "2023-03-21"),
        ("March 21st, 2023 at 10:15 pm", "2023-03-21T22:15"),
        ("12:05 am, Mar 21 2023", "2023-03-21T00:05"),
        ("2023-03-21", "2023-03-21"),
        ("2023/03/21", "2023-03-21"),
        ("20230321", "2023-03-21"),
        ("2023-03-21 10:15:00", "2023-03-21T10:15:00"),
        ("2023-03-21T10:15:00+0700", "2023-03-21T10:15:00+07:00"),
        ("2023-03-21T10:15:00.123Z", "2023-03-21T10:15:00+00:00"),
        ("Tue, 21 Mar 2023 10:15:00 +0700", "2023-03-21T10:15:00+07:00"),
        ("Tue, 21 Mar 2023 10:15:00 GMT", "2023-03-21T10:15:00+00:00"),
        ("21 Maret 2023 10:15 (GMT+7)", "2023-03-21T10:15+07:00"),
        ("21 Maret 2023 10:15 / Diperbarui 22 Maret 2023 11:00", "2023-03-21T10:15"),
        ("21 Maret 2023 | Dibaca 1.25 rb kali", "2023-03-21"),
        ("21 Maret 2023, 24:00", "2023-03-21"),
        ("\u00a021 Maret\u00a02023 ", "2023-03-21"),
        ("2023-03-21T10:15:00-05:00", "2023-03-21T10:15:00-05:00"),
        ("2023-03-21T10:15-05:00", "2023-03-21T10:15-05:00"),
        ("21 Maret 2023, 10:15-12:00", "2023-03-21T10:15"),
        ("21 Maret 2023, 10.15-12.00 WIB", "2023-03-21T10:15"),
        ("21 Maret 2023 10:15 - 12:00", "2023-03-21T10:15"),
        ("Selasa, 21/03/2023 | 10:15:23 WIB", "2023-03-21T10:15:23+07:00"),
        ("Mar 21, 2023 10:15am", "2023-03-21T10:15"),
        ("21 Maret 2023 / 29 Syaban 1444 H", "2023-03-21"),
        ("03/21/2023", None),
        ("31/02/2023", None),
        ("0000-00-00 00:00:00", None),
        ("21 Maret", None),
        ("Maret 2023", None),
        ("2 jam yang lalu", None),
        ("1679368500", None),
        ("Rapat 3/4 anggota 2023", None),
        ("Nomor 21.03.2023.10", None),
        ("21 Maret 2023" + " dan seterusnya" * 20, None),
        ("", None),
    ],
)
def test_parse_written(written: str, published: str | None) -> None:
    assert parse_written(written) == published


@pytest.mark.parametrize(
    ("text", "published", "day"),
    [
        ("MADIUN – Wali kota membuka rapat, Selasa (21/3).", "2023-03-21", "2023-03-21"),
        ("Selasa (21/3/23)", None, "2023-03-21"),
        ("Selasa (21/03/2023) siang", None, "2023-03-21"),
        ("Selasa malam, 21 Maret 2023", None, "2023-03-21"),
        ("Selasa Kliwon, tanggal 21 Maret", "2023-03-25", "2023-03-21"),
        ("Dina Slasa (21/3)", "2023-03-22", "2023-03-21"),
        ("Rebo (22/3)", "2023-03-22", "2023-03-22"),
        ("on Tuesday (21/3)", "2023-03-22", "2023-03-21"),
        ("on Tuesday, March 21, 2023", None, "2023-03-21"),
        ("hari ini, Rabu 22 Maret", "2023-03-22T08:00+07:00", "2023-03-22"),
        ("Jum’at (30/12)", "2023-01-02", "2022-12-30"),
        ("dibuka Sabtu (25/3)", "2023-03-21", "2023-03-25"),
        ("Minggu (1/1)", "2022-12-28", "2023-01-01"),
        ("Senin-Selasa (20-21/3)", "2023-03-21", "2023-03-20"),
        ("Kamis-Sabtu (30/3-1/4)", "2023-04-01", "2023-03-30"),
        ("Kamis (29/2)", "2024-03-01", "2024-02-29"),
        ("kemarin (20/3)", "2023-03-21", "2023-03-20"),
        ("minggu lalu (19/3)", "2023-03-21", "2023-03-19"),
        ("hari ini (21/3)", "2023-03-21", "2023-03-21"),
        ("MADIUN, 21 Maret 2023 – Wali kota", None, "2023-03-21"),
        ("Sejak 1 Januari 2020 berlaku. Wali kota, Selasa (21/3), menegur.", "2023-03-21", "2023-03-21"),
        ("Rapat digelar 20 Maret 2023 di balai kota.", "2023-03-21", "2023-03-20"),
        # "Never", as some systems write it: as if nothing were known.
        ("Jumat (31/12)", "9999-12-31", "2021-12-31"),
        # An office reopened its archive in 2024 and dated all of it anew.
        ("Selasa (21/3)", "2024-05-01", "2023-03-21"),
    ],
)
def test_event_date_is_the_day_that_the_text_speaks_of(text: str, published: str | None, day: str) -> None:
    assert event_date(text, published, TODAY) == day


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("Sejak 1 Januari 2020 berlaku.", "2023-03-21"),
        ("Sejak 1 Januari 2020 berlaku.", None),
        ("Berlaku surut.\n\nRapat digelar 20 Maret 2023.", "2023-03-21"),
        # The 22nd was a Wednesday: the weekday is wrong, or the number is.
        ("Selasa (22/3)", "2023-03-22"),
        ("Selasa (22/3/2023)", "2023-03-22"),
        # Without a year this may be 2017 or 2023.
        ("Selasa (21/3)", None),
        ("(21/3)", None),
        ("sebanyak 21/3 orang", "2023-03-21"),
        ("minggu 2/3", "2023-03-21"),
        ("Selasa (31/2)", "2023-03-21"),
        # The 7th of May was last a Monday in 2018, seven years before.
        ("Senin (7/5)", "2025-07-07"),
        ("", "2023-03-21"),
    ],
)
def test_event_date_leaves_open_what_the_text_leaves_open(text: str, published: str | None) -> None:
    assert event_date(text, published, TODAY) is None


def test_without_a_publication_a_weekday_must_fit_a_single_year() -> None:
    # The 29th of February was a Thursday in 2024 alone.
    assert event_date("Kamis (29/2)", None, TODAY) == "2024-02-29"
    assert event_date("Kamis (29/2)", None, date(2023, 1, 1)) is None


def test_a_year_is_inferred_from_either_side_of_new_year() -> None:
    near = date(2023, 1, 2)
    assert [spoken.day for spoken in text_dates("Jumat (30/12), Senin (2/1), dan Minggu (8/1)", near, TODAY)] == [
        date(2022, 12, 30),
        date(2023, 1, 2),
        date(2023, 1, 8),
    ]


def test_text_dates_say_what_was_named() -> None:
    found = text_dates("Rapat 20 Maret 2023, lalu Selasa (21/3), lalu (22/3).", date(2023, 3, 25), TODAY)
    assert [(one.start, one.day.isoformat(), one.has_weekday, one.has_year, one.is_apart) for one in found] == [
        (6, "2023-03-20", False, True, False),
        (34, "2023-03-21", True, False, True),
        (47, "2023-03-22", False, False, True),
    ]


@pytest.mark.parametrize(
    ("metadata", "url", "text", "dated"),
    [
        (
            "2023-03-22T09:00:00+07:00",
            "https://madiunkota.go.id/2023/03/21/asn/",
            "MADIUN – Selasa (21/3)",
            Dated("2023-03-22T09:00:00+07:00", "metadata", "2023-03-21"),
        ),
        (None, "https://madiunkota.go.id/2023/03/21/asn/", "Senin (20/3)", Dated("2023-03-21", "permalink", "2023-03-20")),
        (None, "https://madiunkota.go.id/asn/", "Selasa (21/3/2023)", Dated("2023-03-21", "text", "2023-03-21")),
        ("1970-01-01T00:00:00Z", None, "Selasa (21/3/2023)", Dated("2023-03-21", "text", "2023-03-21")),
        ("2026-11-27", "https://madiunkota.go.id/2026/11/24/asn/", "Rilis.", Dated("2026-11-24", "permalink", None)),
        ("2026-11-26", None, "Rilis.", Dated("2026-11-26", "metadata", None)),
        ("kemarin", "https://madiunkota.go.id/2062/11/24/asn/", "Rilis.", Dated(None, None, None)),
        ("Selasa, 21 Maret 2023", None, "Rilis.", Dated("2023-03-21", "metadata", None)),
        # Only the opening of a text dates it; a day below may be any.
        (None, None, "Pembuka.\n\nKata Maidi, Selasa (21/3/2023).", Dated(None, None, "2023-03-21")),
        # What is announced was not published on its day.
        (None, None, "Dibuka Sabtu (28/11/2026).", Dated(None, None, "2026-11-28")),
    ],
)
def test_choose_believes_metadata_then_the_address_then_the_text(
    metadata: str | None, url: str | None, text: str, dated: Dated
) -> None:
    assert choose(metadata, url, text, TODAY) == dated


@given(st.dates(date(1995, 1, 1), date(2026, 11, 24)), st.integers(0, 60))
@settings(deadline=None)
def test_a_weekday_with_day_and_month_is_found_again(published: date, days_before: int) -> None:
    day = date.fromordinal(published.toordinal() - days_before)
    weekday = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")[day.weekday()]
    assert event_date(f"MADIUN – Rapat, {weekday} ({day.day}/{day.month}).", published.isoformat(), TODAY) == (
        day.isoformat() if day.year >= 1995 else None
    )


_PIECES = st.sampled_from(
    [
        "Selasa",
        " (",
        "21/3",
        "/",
        "2023",
        "-",
        ".",
        "21",
        "Maret",
        " ",
        ")",
        "hari ini",
        "Mar",
        ",",
        "10:15",
        "WIB",
        "+07",
        "99",
        "\n\n",
        "²",
    ]
)


@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)), st.one_of(st.none(), st.dates()))
@settings(deadline=None)
def test_no_text_is_too_strange(text: str, published: date | None) -> None:
    event = event_date(text, published.isoformat() if published else None, TODAY)
    assert event is None or date.fromisoformat(event)
    written = parse_written(text)
    assert written is None or datetime.fromisoformat(written)
    assert permalink_date(text) is None or date.fromisoformat(permalink_date(text) or "")
    assert choose(text, text, text, TODAY).published_from in {None, "metadata", "permalink", "text"}


def test_the_sample_is_dated_right_by_its_addresses_and_texts() -> None:
    root = Path(__file__).parents[1] / "archive" / "sample" / "releases"
    releases = [release for path in sorted(root.glob("*.txt")) for release in text_reader.read(Document.of_file(path))]
    assert releases
    for release in releases:
        assert isinstance(release, Release)
        assert release.url
        assert permalink_date(release.url) == release.published
        event = event_date(release.body, release.published, TODAY)
        assert event is not None
        assert release.published is not None
        assert 0 <= (date.fromisoformat(release.published) - date.fromisoformat(event)).days <= 1
