from __future__ import annotations

import pytest

from archive.readers.letterhead import count_letterhead

KOP = ["PEMERINTAH KOTA TIRTAPURA", "DINAS KOMUNIKASI DAN INFORMATIKA", "Jl. Perintis Kemerdekaan No. 32, Telp. (0351) 467327"]


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        ([*KOP, "SIARAN PERS", "Nomor: 12/III/2023", "Judul", "Isi."], 5),
        (["PEMERINTAH KOTA TIRTAPURA DINAS KOMUNIKASI DAN INFORMATIKA", "Judul", "Isi."], 1),
        (["SIARAN PERS NOMOR 12", "Judul", "Isi."], 1),
        ([*KOP, "Judul"], 2),
        (["Judul", "Isi.", "Akhir."], 0),
        (["DINAS KESEHATAN GELAR VAKSINASI MASSAL", "Isi.", "Akhir."], 0),
        (["PEMERINTAH KOTA TIRTAPURA GELAR VAKSINASI MASSAL DI ALUN-ALUN", "Isi.", "Akhir."], 0),
        (["Pemerintah Kota Tirtapura", "Isi.", "Akhir."], 0),
        (["Siaran pers itu dibantah", "Isi.", "Akhir."], 0),
        ([], 0),
    ],
)
def test_the_letterhead_ends_where_the_title_begins(texts: list[str], count: int) -> None:
    assert count_letterhead(texts) == count
