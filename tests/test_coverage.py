"""What the archive covers: months, sites and sources, counted in the archive and shown on a page of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import web_archive
from flask.testing import FlaskClient
from page_text import inside, page
from web_archive import FLOOD, HOSTILE, SERVE

from archive import Release, Store, coverage
from archive.coverage import Gap, SiteCoverage, gaps
from archive.harvesting.items import Item
from archive.harvesting.sources import Sources
from index import Index
from index.build import data_paths
from scripts.cli import main
from web import coverage as shown
from web import create_app


def released(id: str, url: str | None, published: str | None) -> Release:
    return Release(f"Judul {id}", f"Isi {id}.", id=id, url=url, published=published, source=f"/press/{id}.txt")


def add(store: Store, *releases: Release) -> None:
    assert len(list(store.add(releases))) == len(releases)


# Counting


def test_sites_are_told_apart_as_filters_tell_them(store: Store) -> None:
    add(
        store,
        released("a", "https://www.kota.example/a", "2023-03-21T09:30"),
        released("b", "http://kota.example/b?c=https://lain.example/", "2023-03-01"),
        released("c", "https://kota.example:8443", "2023-05-01"),
        released("d", "https://Dinas.Kota.example/d", None),
        released("e", None, "2020-02-29"),
    )
    assert coverage.sites(store.database) == [
        SiteCoverage("kota.example", {"2023-03": 2, "2023-05": 1}),
        SiteCoverage("dinas.kota.example", {}, undated=1),
        SiteCoverage(None, {"2020-02": 1}),
    ]


def test_removed_releases_do_not_count_and_gone_ones_do(store: Store) -> None:
    add(store, *(released(id, f"https://kota.example/{id}", "2023-03-01") for id in "abc"))
    store.remove("a")
    store.mark_gone(["b"], "2024-01-01T00:00:00+00:00")
    (found,) = coverage.sites(store.database)
    assert (found.releases, found.gone, found.months) == (2, 1, {"2023-03": 2})


def test_only_the_current_version_counts(store: Store) -> None:
    add(store, released("a", "https://kota.example/a", "2023-03-01"))
    add(store, replace(released("a", "https://kota.example/a", "2023-04-01"), body="Isi lain."))
    assert coverage.sites(store.database) == [SiteCoverage("kota.example", {"2023-04": 1})]


def test_an_empty_archive_covers_nothing(store: Store) -> None:
    assert coverage.sites(store.database) == []
    assert coverage.sources(store.database) == []


def test_sources_are_counted_without_what_was_removed(store: Store) -> None:
    add(store, *(released(id, f"https://kota.example/{id}", "2023-03-01") for id in "abc"))
    keys = {id: store.release(id).key for id in "abc"}
    sources = Sources(store.database)
    sources.add("Kota", "https://kota.example/", "wordpress")
    sources.add("Sepi", "https://sepi.example/")
    run = sources.begin(sources.get("Kota"))
    sources.keep(run, [Item(id, f"https://kota.example/{id}", release_key=key) for id, key in keys.items()])
    sources.fail(run, [Item("x", "https://kota.example/x", failure="rusak")])
    sources.lose(run, ["b"])
    sources.stop(run, {"stopped": "the site does not answer"})
    store.remove("c")
    kota, quiet = coverage.sources(store.database)
    assert (kota.source.name, kota.releases, kota.gone, kota.failing) == ("Kota", 1, 1, 1)
    assert (kota.stopped, kota.source.last_success_at) == ("the site does not answer", None)
    assert (quiet.releases, quiet.gone, quiet.failing, quiet.stopped) == (0, 0, 0, None)


def test_gaps_are_months_between() -> None:
    assert gaps(["2024-01", "2022-12", "2023-01", "2023-03"]) == [Gap("2023-02", "2023-02"), Gap("2023-04", "2023-12")]
    assert gaps(["2023-01"]) == []
    assert gaps([]) == []


def test_status_counts_sources_as_the_page_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(data_paths(tmp_path)[0])
    add(store, released("a", "https://kota.example/a", "2023-03-01"), released("b", "https://kota.example/b", "2023-05-01"))
    sources = Sources(store.database)
    sources.add("Kota", "https://kota.example/", "wordpress")
    run = sources.begin(sources.get("Kota"))
    sources.keep(run, [Item("a", "https://kota.example/a", release_key=store.release("a").key)])
    store.close()
    assert main(["status", "--json", "--data", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["sources"][0]["releases"], told["sources"][0]["failing"], told["sources"][0]["stopped"]) == (1, 0, None)
    assert told["gaps"] == [{"from": "2023-04", "to": "2023-04"}]


# Shades and lines


def test_shades_grow_by_squares() -> None:
    scale = shown.make_scale([3, 100])
    assert scale.bounds == (4, 16, 36, 64, 100)
    assert [scale.step(count) for count in (0, 1, 4, 5, 36, 37, 100)] == [0, 1, 1, 2, 3, 4, 5]
    assert scale.legend == [(1, 1, 4), (2, 5, 16), (3, 17, 36), (4, 37, 64), (5, 65, 100)]


def test_small_numbers_need_fewer_shades() -> None:
    assert shown.make_scale([2]).legend == [(1, 1, 1), (4, 2, 2)]
    assert shown.make_scale([]).step(0) == 0


def test_years_without_a_release_share_a_line() -> None:
    months = {"0203-01": 1, "2020-05": 1, "2022-12": 2}
    lines = shown.year_lines(months, shown.make_scale(months.values()))
    assert [(line.name, line.total, len(line.cells)) for line in lines] == [
        ("2022", 2, 12),
        ("2021", 0, 0),
        ("2020", 1, 12),
        ("204–2019", 0, 0),
        ("203", 1, 12),
    ]


def test_a_cell_leads_to_its_month() -> None:
    (year,) = shown.site_years([SiteCoverage("kota.example", {"2024-02": 3})], shown.make_scale([3]))
    (line,) = year.lines
    search = line.cells[1].search
    assert search
    assert search.arguments() == {"since": "2024-02-01", "until": "2024-02-29", "source": ["kota.example"]}
    assert (line.cells[0].search, line.cells[1].count, line.cells[1].step) == (None, 3, 5)


def test_small_sites_share_a_line(app_words: None) -> None:
    sites = [SiteCoverage(f"s{number}.example", {"2023-01": 1}) for number in range(shown.MAX_SITES + 3)]
    (year,) = shown.site_years(sites, shown.make_scale([1]))
    assert len(year.lines) == shown.MAX_SITES + 1
    last = year.lines[-1]
    assert (last.name, last.total, last.search, last.cells[0].search, last.cells[0].step) == ("situs lainnya", 3, None, None, 1)
    assert year.total == shown.MAX_SITES + 3


# The page


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE, *web_archive.many(40)) as index:
        yield index


@pytest.fixture
def app_words(index: Index) -> Iterator[None]:
    with create_app({"INDEX": index}).test_request_context("/"):
        yield


def test_page_shows_totals_months_and_gaps(client: FlaskClient) -> None:
    html = page(client, "/coverage")
    assert re.findall(r"<dd>([^<]*)</dd>", html)[:5] == ["43", "47", "43", "1", "0"]
    gaps = "Bulan tanpa satu pun siaran pers: Februari–Desember 2021; Maret 2022–Februari 2023"
    assert gaps in " ".join(html.split())
    table = inside(html, "table", class_="heat")
    assert table.endswith("2023 0 0 1 0 0 0 0 0 0 0 0 0 1 2022 28 12 0 0 0 0 0 0 0 0 0 0 40 2021 1 0 0 0 0 0 0 0 0 0 0 0 1")


def test_page_links_months_of_a_site(client: FlaskClient) -> None:
    html = page(client, "/coverage")
    link = "/?since=2023-03-01&amp;until=2023-03-31&amp;source=kota.example"
    assert f'<a href="{link}">1</a>' in html
    found = page(client, link.replace("&amp;", "&"))
    assert "Wali Kota Tekankan ASN" in found


def test_page_without_releases_says_so(tmp_path: Path) -> None:
    Store(data_paths(tmp_path)[0]).close()
    index = web_archive.open_index(tmp_path)
    html = page(create_app({"INDEX": index}).test_client(), "/coverage")
    assert "Arsip ini masih kosong." in html
    assert "Tidak ada: semua siaran pers diimpor dari berkas." in html
    index.close()


def test_page_tells_how_sources_fare(index: Index, client: FlaskClient) -> None:
    sources = Sources(index.store.database)
    sources.add("Kota <b>", "https://kota.example/", "feed")
    run = sources.begin(sources.get("Kota <b>"))
    sources.stop(run, {"stopped": "the site <i>does not</i> answer"})
    html = page(client, "/coverage")
    assert "Kota &lt;b&gt;" in html
    assert "umpan RSS atau Atom" in html
    assert "Belum pernah diambil sampai tuntas." in html
    assert '<q lang="en">the site &lt;i&gt;does not&lt;/i&gt; answer</q>' in html


def test_page_speaks_english(client: FlaskClient) -> None:
    html = page(client, "/coverage?lang=en")
    assert "What the archive covers" in html
    assert "February–December 2021" in html
