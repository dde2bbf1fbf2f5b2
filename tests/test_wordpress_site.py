"""A real WordPress, harvested again and again: nothing lost, nothing twice, nothing fetched for nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from real_wordpress import WordPress, what_is_missing

from archive import ArchivedRelease, Release, Store, paragraphs
from archive.harvesting import harvest, open_fetcher, read_address, register
from archive.harvesting.discovery import Discovered, discover
from archive.harvesting.run import Report
from archive.harvesting.sources import Sources
from archive.readers import read
from archive.readers.common import Document, Problem
from scripts.cli import main

pytestmark = pytest.mark.wordpress

_MISSING = what_is_missing()
PRIVATE = {"allow_private": True}
CHANGED = "<p>TIRTAPURA – Teks ini diperbaiki oleh penyunting.</p>"


def write(title: str, content: str, date: str, category: str | None = None, **more: str) -> dict[str, Any]:
    post = {"post_title": title, "post_content": content, "post_date": date, **more}
    return {"do": "write", "post": post, "categories": [category] if category else []}


def as_blocks(texts: list[str]) -> str:
    """As the block editor keeps it."""
    return "\n\n".join(f"<!-- wp:paragraph -->\n<p>{text}</p>\n<!-- /wp:paragraph -->" for text in texts)


def as_classic(texts: list[str]) -> str:
    """As the classic editor keeps it: no element but blank lines."""
    return "\r\n\r\n".join(texts)


def as_pasted(texts: list[str]) -> str:
    """As it comes from a word processor."""
    return "".join(f'<p style="text-align: justify"><span lang="IN">{text}</span>&nbsp;</p>\n<p>&nbsp;</p>\n' for text in texts)


MANNERS = (as_blocks, as_classic, as_pasted)

# What WordPress makes of them is written out here by hand. A value of None: it must not come.
EDGES: list[tuple[dict[str, Any], tuple[str, list[str], str | None] | None]] = [
    (
        write(
            'Wali Kota & Warga: "Kota Bersih" <em>2023</em>',
            "Harga <b>Rp5.000</b> &amp; turun -- kata 'warga'...",
            "2023-01-02 08:00:00",
            "Berita/Ekonomi",
        ),
        ("Wali Kota & Warga: “Kota Bersih” 2023", ["Harga Rp5.000 & turun — kata ‘warga’…"], "Ekonomi"),
    ),
    (
        write(
            "Kutipan Bersarang",
            "<p>‘’ASN itu melayani,’’ tegas ’Bu Wali’, “bukan dilayani.”</p>",
            "2023-01-03 08:00:00",
            "Berita/Pemerintahan/Kepegawaian",
        ),
        ("Kutipan Bersarang", ["‘’ASN itu melayani,’’ tegas ’Bu Wali’, “bukan dilayani.”"], "Kepegawaian"),
    ),
    (
        write(
            "Galeri Foto",
            '[gallery ids="1,2"]\n\nWarga antre sejak pagi.\n\n[caption id="x" width="300"]<img src="/a.jpg"/> '
            "Foto: warga antre[/caption]\n\nAntrean selesai siang.",
            "2023-01-04 08:00:00",
            "Berita",
        ),
        ("Galeri Foto", ["Warga antre sejak pagi.", "Antrean selesai siang."], "Berita"),
    ),
    (
        write(
            "Daftar",
            "<!-- wp:list --><ul><li>KTP asli</li><li>Kartu keluarga</li></ul><!-- /wp:list -->"
            "<!-- wp:heading --><h2>Jam layanan</h2><!-- /wp:heading --><p>Pukul 08.00<br>sampai 14.00</p>",
            "2023-01-05 08:00:00",
        ),
        ("Daftar", ["KTP asli", "Kartu keluarga", "Jam layanan", "Pukul 08.00 sampai 14.00"], None),
    ),
    (
        write(
            "Panjang Sekali", as_blocks([f"Pasal {number} berbunyi demikian." for number in range(400)]), "2023-01-06 08:00:00"
        ),
        ("Panjang Sekali", [f"Pasal {number} berbunyi demikian." for number in range(400)], None),
    ),
    (write("Apel Pagi", "Apel pertama.", "2023-01-09 07:00:00"), ("Apel Pagi", ["Apel pertama."], None)),
    (write("Apel Pagi", "Apel kedua.", "2023-01-16 07:00:00"), ("Apel Pagi", ["Apel kedua."], None)),
    (write("Sahur", "Imsak pukul 04.10.", "2023-03-23 02:30:00"), ("Sahur", ["Imsak pukul 04.10."], None)),
    (
        write("Disunting", "Isi pertama yang akan disunting.", "2023-01-17 07:00:00"),
        ("Disunting", ["Isi pertama yang akan disunting."], None),
    ),
    (write("Dibuang", "Isi yang akan ditarik.", "2023-01-18 07:00:00"), ("Dibuang", ["Isi yang akan ditarik."], None)),
    (write("Konsep", "Belum jadi.", "2023-01-19 07:00:00", post_status="draft"), None),
    (write("Pribadi", "Hanya untuk kami.", "2023-01-20 07:00:00", post_status="private"), None),
    (write("Terjadwal", "Besok lusa.", "2035-01-01 07:00:00", post_status="future"), None),
    (write("Halaman", "Tentang kami.", "2023-01-21 07:00:00", post_type="page"), None),
    (write("Terkunci", "Hanya dengan sandi.", "2023-01-22 07:00:00", post_password="rahasia"), None),
    (write("Kosong", "", "2023-01-23 07:00:00"), None),
]
UNREADABLE = {"Terkunci": "protected by a password; the publisher must lift it", "Kosong": "no paragraphs below the title"}


def sample() -> list[Release]:
    found = []
    for path in sorted((ROOT / "archive" / "sample" / "releases").glob("*.txt")):
        found += [one for one in read(path) if isinstance(one, Release)]
    return found


def posts() -> tuple[list[dict[str, Any]], dict[str, tuple[str, list[str], str | None, str]]]:
    """Some 300 posts, and what is expected of those that are published: by slug, title, paragraphs, topic and day."""
    steps, expected = [], {}
    for number, release in enumerate(sample() * 3):
        texts = [one.text for one in paragraphs.split(release)]
        title, day = release.title, str(release.published)[:10]
        if number >= 96:
            title = f"{title} ({number // 96 + 1})"
            texts = [f"TIRTAPURA – Kabar susulan nomor {number}.", *texts[1:]]
        hour = f"{number % 24:02}:{number % 60:02}:00"
        slug = f"siaran-{number}"
        steps.append(write(title, MANNERS[number % 3](texts), f"{day} {hour}", f"Berita/{release.topic}", post_name=slug))
        expected[slug] = (title, texts, release.topic, day)
    for number, (step, wanted) in enumerate(EDGES):
        steps.append({**step, "post": {**step["post"], "post_name": f"tepi-{number}"}})
        if wanted:
            expected[f"tepi-{number}"] = (*wanted, step["post"]["post_date"][:10])
    return steps, expected


@pytest.fixture(scope="module")
def site() -> Iterator[WordPress]:
    if _MISSING and os.environ.get("CI"):
        pytest.fail(_MISSING)
    if _MISSING:
        pytest.skip(_MISSING)
    # Not in tmp_path, whose name may be too long for the database's socket.
    folder = Path(tempfile.mkdtemp(prefix="wp-"))
    try:
        with WordPress(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def numbers(site: WordPress) -> list[int]:
    return site.edit(*posts()[0])


@pytest.fixture(scope="module")
def store(numbers: list[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(Store(tmp_path_factory.mktemp("data") / "archive.sqlite")) as opened:
        yield opened


def run(store: Store, site: WordPress) -> tuple[Report, list[str]]:
    """Harvest the site, and what it was asked for besides robots.txt."""
    sources = Sources(store.database)
    with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
        if not sources.all():
            register(store, f"{site.url}/", fetcher, name="tirtapura", options=PRIVATE)
        site.requests()
        report = harvest(store, sources.get("tirtapura"), fetcher)
    return report, [path for path in site.requests() if path != "/robots.txt"]


def counts(report: Report) -> dict[str, int]:
    names = ("listed", "fetched", "new", "changed", "unchanged", "gone", "back", "failed")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def bodies(paths: list[str]) -> list[str]:
    return [path for path in paths if "_embed" in path]


def archived(store: Store) -> dict[str, ArchivedRelease]:
    """All releases by the last part of their addresses."""
    ids = [row[0] for row in store.database.fetch("SELECT id FROM release")]
    found = [store.release(id) for id in ids]
    return {str(one.url).rstrip("/").rpartition("/")[2]: one for one in found}


@pytest.fixture(scope="module")
def first(store: Store, site: WordPress) -> tuple[Report, list[str], dict[str, ArchivedRelease]]:
    return *run(store, site), archived(store)


@pytest.fixture(scope="module")
def second(first: Any, store: Store, site: WordPress) -> tuple[Report, list[str]]:
    return run(store, site)


@pytest.fixture(scope="module")
def third(
    second: Any, store: Store, site: WordPress, numbers: list[int]
) -> tuple[Report, list[str], dict[str, ArchivedRelease]]:
    edges = dict(zip((step["post"]["post_title"] for step, _ in EDGES), numbers[288:], strict=True))
    site.edit(
        {"do": "change", "id": edges["Disunting"], "post": {"post_content": CHANGED}},
        {"do": "trash", "id": edges["Dibuang"]},
        write("Baru Satu", "Isi satu.", "2023-02-01 09:00:00", post_name="baru-1"),
        write("Baru Dua", "Isi dua.", "2023-02-02 09:00:00", post_name="baru-2"),
    )
    return *run(store, site), archived(store)


def test_the_first_harvest_gets_all_that_is_published(first: tuple[Report, list[str], dict[str, ArchivedRelease]]) -> None:
    report, paths, found = first
    _, expected = posts()
    assert counts(report) == {"listed": 300, "fetched": 300, "new": 298, "failed": 2}
    told = {slug: (one.title, [each.text for each in one.paragraphs], one.topic, one.date) for slug, one in found.items()}
    assert told == expected
    assert {one.author for one in found.values()} == {"Humas Tirtapura"}
    assert found["siaran-4"].published == "2019-06-20T04:04:00+07:00"
    assert found["tepi-7"].published == "2023-03-23T02:30:00+07:00", "the day before, in UTC"
    assert found["tepi-0"].url == str(found["siaran-0"].url).replace("2019/03/12/siaran-0", "2023/01/02/tepi-0")
    messages = {problem.source.rstrip("/").rpartition("/")[2]: problem.message for problem in report.failures}
    assert messages == {"tepi-14": UNREADABLE["Terkunci"], "tepi-15": UNREADABLE["Kosong"]}
    assert (len(paths), len(bodies(paths))) == (9, 6)


def test_a_second_harvest_fetches_no_text_again(second: tuple[Report, list[str]]) -> None:
    report, paths = second
    assert counts(report) == {"listed": 300, "unchanged": 298}
    assert bodies(paths) == []
    assert len(paths) == 3, "the list of posts, by the hundred"


def test_one_edited_one_trashed_two_new(third: tuple[Report, list[str], dict[str, ArchivedRelease]]) -> None:
    report, paths, found = third
    assert counts(report) == {"listed": 301, "fetched": 3, "new": 2, "changed": 1, "unchanged": 296, "gone": 1}
    assert len(bodies(paths)) == 2
    assert [one.text for one in found["tepi-8"].paragraphs] == ["TIRTAPURA – Teks ini diperbaiki oleh penyunting."]
    assert [slug for slug, one in found.items() if one.version == 2] == ["tepi-8"]
    assert [slug for slug, one in found.items() if one.gone_at] == ["tepi-9"]
    assert [found[slug].title for slug in ("baru-1", "baru-2")] == ["Baru Satu", "Baru Dua"]


def test_export_and_feed_of_the_same_site_add_nothing(third: Any, store: Store, site: WordPress) -> None:
    before = archived(store)
    exported = list(read(Document.of_bytes(site.export(), "/ekspor.xml", "ekspor.xml")))
    releases = [one for one in exported if isinstance(one, Release)]
    assert len(releases) == 299
    assert Counter(added.outcome.value for added in store.add(releases)) == {"unchanged": 299}
    with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
        fed = list(read_address(f"{site.url}/feed/", fetcher))
    assert [one for one in fed if isinstance(one, Problem)] == []
    entries = [one for one in fed if isinstance(one, Release)]
    assert len(entries) == 10
    assert Counter(added.outcome.value for added in store.add(entries)) == {"unchanged": 10}
    assert archived(store).keys() == before.keys()
    assert {slug: one.version for slug, one in archived(store).items()} == {slug: one.version for slug, one in before.items()}


def test_what_was_withdrawn_comes_back(third: Any, store: Store, site: WordPress, numbers: list[int]) -> None:
    titles = [step["post"]["post_title"] for step, _ in EDGES]
    site.edit({"do": "change", "id": numbers[288 + titles.index("Dibuang")], "post": {"post_status": "publish"}})
    report, _ = run(store, site)
    assert counts(report) == {"listed": 302, "fetched": 1, "unchanged": 300, "back": 1}
    assert [slug for slug, one in archived(store).items() if one.gone_at] == []


def test_a_changed_address_is_a_new_version_of_the_same_release(
    third: Any, store: Store, site: WordPress, numbers: list[int]
) -> None:
    before = archived(store)["siaran-7"]
    site.edit({"do": "change", "id": numbers[7], "post": {"post_name": "alamat-baru"}})
    report, _ = run(store, site)
    assert (report.new, report.changed, report.gone) == (0, 1, 0)
    after = archived(store)["alamat-baru"]
    assert (after.id, after.version, after.paragraphs) == (before.id, 2, after.paragraphs)


def test_the_pages_that_its_sitemap_names_say_the_same(third: Any, store: Store, site: WordPress, tmp_path: Path) -> None:
    with (
        closing(Store(tmp_path / "archive.sqlite")) as other,
        open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher,
    ):
        source = register(other, f"{site.url}/", fetcher, name="peta", kind="sitemap", options=PRIVATE)
        assert source.options["addresses"] == [f"{site.url}/wp-sitemap.xml"]
        assert counts(harvest(other, source, fetcher, max_items=40)) == {"listed": 40, "fetched": 40, "new": 40}
        pages = {one.url: (one.title, one.date, one.paragraphs) for one in archived(other).values()}
    by_posts = {one.url: (one.title, one.date, one.paragraphs) for one in archived(store).values()}
    assert pages == {url: by_posts[url] for url in pages}


def test_the_commands_harvest_the_site(
    site: WordPress, numbers: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    assert main(["source", "add", f"{site.url}/", "--name", "kota", "--allow-private", *data]) == 0
    assert capsys.readouterr().out == f"kota: wordpress, {site.url}/wp-json/wp/v2/posts\n"
    site.requests()
    assert main(["harvest", "kota", "--pause", "0", "--json", *data]) == 0, "a post that cannot be read stops nothing"
    out, err = capsys.readouterr()
    (report,) = json.loads(out)["sources"]
    assert (report["new"], report["failed"], report["stopped"]) == (len(archived_in(tmp_path)), 2, None)
    assert [line.rpartition(": ")[2] for line in err.splitlines()] == list(UNREADABLE.values())
    assert main(["harvest", "--all", "--pause", "0", *data]) == 0
    told = re.sub(r"[\d.]+ s$", "", capsys.readouterr().out.strip())
    listed, kept = report["listed"], report["new"]
    assert told == f"kota: {listed} listed, 0 fetched, 0 new, 0 changed, {kept} unchanged, 0 gone, 0 failed; 5 requests, "


def archived_in(data: Path) -> dict[str, ArchivedRelease]:
    with closing(Store(data / "archive.sqlite")) as store:
        return archived(store)


def test_plain_permalinks_are_found_too(site: WordPress, numbers: list[int]) -> None:
    site.edit({"do": "option", "name": "permalink_structure", "value": ""})
    try:
        with open_fetcher(site.url, PRIVATE, pause_s=0) as fetcher:
            found = discover(f"{site.url}/", fetcher)
    finally:
        site.edit({"do": "option", "name": "permalink_structure", "value": "/%year%/%monthnum%/%day%/%postname%/"})
    assert found == Discovered("wordpress", (f"{site.url}/index.php?rest_route=/wp/v2/posts",))
