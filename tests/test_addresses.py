from __future__ import annotations

import pytest

from archive.addresses import canonical

PAGE = "//kota.example/2023/03/21/asn"


@pytest.mark.parametrize(
    "url",
    [
        "https://kota.example/2023/03/21/asn",
        "http://kota.example/2023/03/21/asn/",
        "HTTPS://WWW.Kota.Example:443/2023/03/21/asn//",
        "http://kota.example:80/2023/03/21/asn/#komentar",
        "https://kota.example./2023/03/21/asn/?utm_source=wa&utm_medium=social&fbclid=IwAR0",
        "https://kota.example/2023/03/21/asn/amp/",
        "https://kota.example/2023/03/21/asn/?m=1",
        "https://kota.example/2023/03/21/asn/?amp=1&",
        "https://kota.example/2023/03/21/as%6e/?amp",
    ],
)
def test_spellings_of_one_page_are_one(url: str) -> None:
    assert canonical(url) == PAGE


@pytest.mark.parametrize(
    ("url", "spelling"),
    [
        ("https://kota.example", "//kota.example"),
        ("https://kota.example/?p=12&utm_id=3", "//kota.example?p=12"),
        ("https://kota.example/?b=1&a=2", "//kota.example?b=1&a=2"),
        ("https://kota.example/?m=2", "//kota.example?m=2"),
        ("https://kota.example/#/berita/1", "//kota.example#/berita/1"),
        ("https://kota.example/#!berita", "//kota.example#!berita"),
        ("https://kota.example:8080/a", "//kota.example:8080/a"),
        ("https://kota.example/Berita/%c3%a9%2f", "//kota.example/Berita/%C3%A9%2F"),
        ("https://kota.example/lamp", "//kota.example/lamp"),
        ("https://www.example/", "//example"),
        ("http://[::1", "http://[::1"),
        ("http://kota.example:x/", "http://kota.example:x/"),
        ("kota", "kota"),
    ],
)
def test_what_may_be_another_page_stays_another(url: str, spelling: str) -> None:
    assert canonical(url) == spelling
