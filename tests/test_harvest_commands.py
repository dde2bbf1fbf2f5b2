"""The commands that keep sources, harvest them and tell how they stand."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from blogs import POSTS, Blog, add, site
from sites import Asked, Reply, Site, redirect

from archive import Store
from archive.harvesting.sources import Sources
from scripts.cli import main

__all__ = ["site"]  # the fixture that these tests share


def busy(asked: Asked) -> Reply:
    return Reply(429, headers={"Retry-After": "3600"})


def test_a_busy_site_stops_its_own_harvest_and_no_other(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path)]
    with Site() as other:
        Blog(other, 2)
        blog = Blog(site, 150)
        for one, name in ((site, "a"), (other, "b")):
            assert main(["source", "add", f"{one.url}/", "--name", name, "--allow-private", *data]) == 0
        blog.before = lambda asked: busy(asked) if asked.query.get("page") == "2" else None
        capsys.readouterr()
        assert main(["harvest", "--all", "--pause", "0", *data]) == 1
        out, err = capsys.readouterr()
        assert [line.partition(";")[0] for line in out.splitlines()] == [
            "a: 100 listed, 100 fetched, 100 new, 0 changed, 0 unchanged, 0 gone, 0 failed",
            "b: 2 listed, 2 fetched, 2 new, 0 changed, 0 unchanged, 0 gone, 0 failed",
        ]
        assert err.startswith("a: stopped: ")
        assert "asks to come back in 3600 s" in err
        assert err.rstrip().endswith(" on)")
        assert main(["status", "--json", *data]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [(one["name"], one["releases"], bool(one["stopped"])) for one in told["sources"]] == [
            ("a", 100, True),
            ("b", 2, False),
        ]
        blog.before = lambda _asked: None
        site.forget()
        assert main(["harvest", "a", "--pause", "0", "--json", *data]) == 0
        (report,) = json.loads(capsys.readouterr().out)["sources"]
        assert (report["new"], report["unchanged"], report["gone"], report["stopped"]) == (50, 100, 0, None)
        assert [one.query.get("page") for one in site.asked if "_fields" in one.query and "orderby" in one.query] == ["1", "2"]


def test_a_second_harvest_at_the_same_time_leaves_it_to_the_first(
    store: Store, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    Blog(site, 1)
    add(store, site)
    data = store.database.path.parent
    with Sources(store.database).lock():
        assert main(["harvest", "--all", "--data", str(data)]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"telusur harvest: another harvest of {data} is running; nothing done\n")
    assert site.asked == []


def test_an_address_that_is_no_source_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harvest", "https://kota.example/", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "telusur harvest: no source 'https://kota.example/' (there are: none yet); add it: telusur source add URL --name NAME\n"
    )
    assert main(["harvest", "--all", "--data", str(tmp_path)]) == 1
    assert "there is no source yet; add one: telusur source add URL" in capsys.readouterr().err


def test_sources_are_listed_and_removed(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    Blog(site, 3)
    data = ["--data", str(tmp_path)]
    assert main(["source", "add", f"{site.url}/", "--allow-private", "--agency", "Humas", *data]) == 0
    assert capsys.readouterr().out == f"{site.host}: wordpress, {site.url}{POSTS}\n"
    assert main(["source", "add", f"{site.url}/", "--name", "lagi", "--allow-private", *data]) == 1
    assert "is there already" in capsys.readouterr().err
    main(["harvest", site.host, "--pause", "0", *data])
    capsys.readouterr()
    assert main(["source", "list", "--json", *data]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["sources"]
    assert (listed["name"], listed["kind"], listed["releases"], listed["options"]["agency"]) == (
        site.host,
        "wordpress",
        3,
        "Humas",
    )
    assert main(["source", "remove", site.host, *data]) == 0
    assert main(["source", "list", *data]) == 0
    out, err = capsys.readouterr()
    assert out == f"removed {site.host}; the releases stay in the archive\n"
    assert err == "there is no source yet; add one: telusur source add URL --name NAME\n"
    with closing(Store(tmp_path / "archive.sqlite")) as store:
        assert store.counts().releases == 3


def test_a_site_on_this_machine_needs_leave(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    Blog(site, 1)
    assert main(["source", "add", f"{site.url}/", "--data", str(tmp_path)]) == 1
    assert "add the source with --allow-private if it is your own network" in capsys.readouterr().err
    assert site.asked == []


def test_a_site_that_lives_elsewhere_is_named(tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.on("/", redirect("https://kota-baru.example/"))
    assert main(["source", "add", f"{site.url}/", "--allow-private", "--data", str(tmp_path)]) == 1
    assert "register kota-baru.example as a source" in capsys.readouterr().err
    assert main(["source", "list", "--json", "--data", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"sources": []}


def test_status_tells_of_gaps_and_of_a_stale_index(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--data", str(data)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no sources; add one: telusur source add URL",
        "archive: 3 releases, 6 paragraphs, 3 versions",
        "years: 2021 1, 2023 1, undated 1",
        "months without a release: 2021-02 to 2023-02",
        "index: generation 1, 3 releases, up to date",
    ]
    with closing(Store(data / "archive.sqlite")) as store:
        store.remove("pasar")
    assert main(["status", "--json", "--data", str(data)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["index"]["stale"], told["removed"], told["gaps"]) == (True, 1, [{"from": "2021-02", "to": "2023-02"}])
