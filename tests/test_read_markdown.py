from __future__ import annotations

from pathlib import Path

import pytest

from archive import Release
from archive.readers import Problem, markdown, read

FULL = """---
id: siaran-7
date: 2023-03-21
url: https://tirtapura.example/2023/03/21/judul/
topic: Kepegawaian
---

# Wali Kota: *ASN* Harus **Melayani**

TIRTAPURA – Aparatur sipil negara
melayani, [bukan dilayani](https://a.example/ "judul").

![Foto bersama](foto.jpg)

## Tiga Pesan

- Satu, `kode` tetap.
- Dua ~~salah~~ benar.
    - Anak dari dua.

1. Pertama
2. Kedua, ![gambar](x.png)dengan gambar

> ‘’Kalau tidak melayani, apa bisa?’’ tanyanya \\*tegas\\*.

| Tahun | Jumlah |
| ----- | ------ |
| 2022  | 1.204  |

```
kode = 1

lagi = 2
```

<!-- catatan --><div>Isi <b>HTML</b></div>

Penutup &amp; salam.<br>Hormat kami. (ney/diskominfo)
"""


def test_markdown_becomes_plain_paragraphs() -> None:
    release = markdown.parse(FULL.encode(), "/a.md")
    assert (release.id, release.published, release.topic) == ("siaran-7", "2023-03-21", "Kepegawaian")
    assert (release.title, release.url) == ("Wali Kota: ASN Harus Melayani", "https://tirtapura.example/2023/03/21/judul/")
    assert (release.city, release.initials, release.office) == ("TIRTAPURA", ("ney",), "diskominfo")
    assert release.body.split("\n\n") == [
        "TIRTAPURA – Aparatur sipil negara melayani, bukan dilayani.",
        "Tiga Pesan",
        "Satu, kode tetap.",
        "Dua salah benar.",
        "Anak dari dua.",
        "Pertama",
        "Kedua, dengan gambar",
        "‘’Kalau tidak melayani, apa bisa?’’ tanyanya *tegas*.",
        "Tahun | Jumlah",
        "2022 | 1.204",
        "kode = 1\nlagi = 2",
        "Isi HTML",
        "Penutup & salam. Hormat kami. (ney/diskominfo)",
    ]


@pytest.mark.parametrize(
    ("content", "title", "body"),
    [
        ("Pengantar.\n\n# Judul\n\nIsi.", "Judul", "Pengantar.\n\nIsi."),
        ("## Judul\n\nIsi.", "Judul", "Isi."),
        ("Judul tanpa tanda\n\nIsi.", "Judul tanpa tanda", "Isi."),
        ("Judul\n=====\nIsi.", "Judul", "Isi."),
        ("---\ntitle: Judul\n---\nIsi satu.\n\nIsi dua.", "Judul", "Isi satu.\n\nIsi dua."),
        ("---\ntitle: Judul\n---\n# Judul\n\nIsi.", "Judul", "Isi."),
        ("\ufeff# Judul\r\n\r\nIsi “ñ”.\r\n", "Judul", "Isi “ñ”."),
    ],
)
def test_where_the_title_of_markdown_stands(content: str, title: str, body: str) -> None:
    release = markdown.parse(content.encode(), "/a.md")
    assert (release.title, release.body) == (title, body)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"![foto](a.jpg)\n", "no text: nothing but images"),
        (b"# Judul\n", "no paragraphs below the title"),
        ("TIRTAPURA – Satu.\n\nDua.".encode(), "the title is missing: begin the file with a line '# Title'"),
        (b"---\nid: a\n# Judul", "the front matter that --- opens has no closing ---"),
        (b"# Judul\n\nIsi \xe9", "not UTF-8: byte 0xE9 at offset 13; convert it"),
        (b">" * 100_000, "no text"),
    ],
)
def test_bad_markdown_is_one_clear_problem(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "siaran.md"
    path.write_bytes(content)
    (problem,) = read(path)
    assert isinstance(problem, Problem)
    assert problem.source == str(path)
    assert problem.message.startswith(message)


def test_markdown_nested_without_end_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "siaran.md"
    path.write_text("# Judul\n\n" + "[" * 20_000 + "\n\n" + "*a **b " * 5_000 + "\n", encoding="utf-8")
    assert [type(found) for found in read(path)] == [Release]
