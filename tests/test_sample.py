from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from archive import Release, split
from archive.readers import read

FOLDER = Path(__file__).parents[1] / "archive/sample/releases"
FILES = sorted(FOLDER.glob("*.txt"))
DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
TOPICS = {
    "Anggaran",
    "Ekonomi",
    "Hukum",
    "Infrastruktur",
    "Kebencanaan",
    "Kebudayaan",
    "Kependudukan",
    "Kepegawaian",
    "Kesehatan",
    "Ketertiban",
    "Layanan Digital",
    "Lingkungan",
    "Olahraga",
    "Pariwisata",
    "Pendidikan",
    "Perhubungan",
    "Pertanian",
    "Sosial",
}


def load(path: Path) -> Release:
    (release,) = read(path)
    assert isinstance(release, Release), str(release)
    return release


def test_sample_is_as_large_and_varied_as_promised() -> None:
    releases = [load(path) for path in FILES]
    assert len(releases) >= 80
    assert {release.topic for release in releases} == TOPICS
    assert {(release.published or "")[:4] for release in releases} == {str(year) for year in range(2019, 2027)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sample_release_is_in_order(path: Path) -> None:
    release = load(path)
    assert release.id == path.stem
    assert release.published == path.stem[:10]
    assert release.url == f"https://tirtapura.example/{path.stem[:10].replace('-', '/')}/{path.stem[11:]}/"
    assert release.topic in TOPICS
    assert release.city == "TIRTAPURA"
    assert release.initials
    assert release.office
    assert 5 <= len(split(release)) <= 10
    assert '"' not in release.body + release.title
    # Every speech opens with U+2018 U+2019 and closes with U+2019 U+2019.
    for paragraph in split(release):
        marks = re.findall("‘’|’’", paragraph.text)
        assert marks == ["‘’", "’’"] * (len(marks) // 2)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sample_names_the_right_day_of_the_week(path: Path) -> None:
    release = load(path)
    published = date.fromisoformat(path.stem[:10])
    lead = split(release)[0].text
    named = re.findall(rf"({'|'.join(DAYS)}) \((\d+)/(\d+)(?:/(\d+))?\)", release.body)
    assert re.search(rf"({'|'.join(DAYS)}) \(\d+/\d+(/\d+)?\)", lead)
    for day, number, month, year in named:
        # Without a year, the date nearest to the release's own is meant.
        years = [int(year)] if year else [published.year - 1, published.year, published.year + 1]
        meant = min((date(y, int(month), int(number)) for y in years), key=lambda other: abs(other - published))
        assert DAYS[meant.weekday()] == day, f"{meant} is no {day}"
        assert abs(meant - published) <= timedelta(days=366)


def test_sample_releases_share_no_sentence() -> None:
    where: defaultdict[str, set[str]] = defaultdict(set)
    for path in FILES:
        for sentence in re.split(r"(?<=[.!?’])\s+", load(path).body):
            if len(sentence) >= 40:
                where[sentence].add(path.stem)
    assert {sentence: sorted(stems) for sentence, stems in where.items() if len(stems) > 1} == {}


def test_sample_titles_are_all_different() -> None:
    assert [title for title, count in Counter(load(path).title for path in FILES).items() if count > 1] == []
