from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archive import Release, Store
from archive.adding import now
from archive.harvesting.items import Item
from archive.harvesting.sources import Run, Source, SourceBusy, Sources, UnknownSource

SITE = "https://kota.example"


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = now()
    monkeypatch.setattr("archive.harvesting.sources.now", lambda: moment)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "archive.sqlite")
    yield store
    store.close()


@pytest.fixture
def sources(store: Store) -> Sources:
    return Sources(store.database)


@pytest.fixture
def site(sources: Sources) -> Source:
    return sources.add("kota", SITE, "wordpress")


def archive(store: Store, *numbers: int) -> list[int]:
    releases = [Release(f"Judul {n}", f"Isi {n}.", id=f"r{n}", url=f"{SITE}/{n}/", source=f"{SITE}/{n}/") for n in numbers]
    return [added.key for added in store.add(releases, fetched_at="2026-01-02T03:04:05+00:00")]


def item(number: int, release_key: int | None = None) -> Item:
    return Item(str(number), f"{SITE}/{number}/", modified=f"2026-01-0{number}", release_key=release_key)


def harvest(store: Store, sources: Sources, source: Source, *numbers: int, is_whole: bool = True) -> list[str]:
    """One harvest that reads all that the source lists; what is gone by it."""
    run = sources.begin(source)
    keys = archive(store, *numbers)
    sources.keep(run, [item(number, key) for number, key in zip(numbers, keys, strict=True)])
    return sources.finish(run, {"fetched": len(numbers)}, is_whole=is_whole)


def gone(store: Store, *numbers: int) -> list[bool]:
    return [store.release(f"r{number}").gone_at is not None for number in numbers]


# Sources


def test_a_source_comes_back_as_it_was_added(sources: Sources) -> None:
    added = sources.add("kota", SITE + "/", "feed", {"agency": "Diskominfo Kota Tirtapura – é"})
    assert (added.name, added.url, added.kind) == ("kota", SITE + "/", "feed")
    assert added.options == {"agency": "Diskominfo Kota Tirtapura – é"}
    assert added.added_at.endswith("+00:00")
    assert (added.last_run_at, added.last_success_at, added.last_report) == (None, None, None)
    other = sources.add("arsip", "https://arsip.example/")
    assert (other.kind, other.options) == ("auto", {})
    assert sources.all() == [other, added]
    assert sources.get("kota") == sources.get("http://www.kota.example") == added


def test_what_cannot_be_a_source_is_refused_by_name(sources: Sources, site: Source) -> None:
    with pytest.raises(ValueError, match=r"a source named 'kota' is there already, https://kota\.example; choose another name"):
        sources.add("kota", "https://other.example")
    with pytest.raises(ValueError, match=r"http://www\.kota\.example/ is there already, as the source 'kota'"):
        sources.add("lain", "http://www.kota.example/")
    with pytest.raises(ValueError, match="kind 'rss' must be one of auto, wordpress, feed, sitemap"):
        sources.add("lain", "https://other.example", "rss")
    with pytest.raises(ValueError, match="url 'file:///etc' must be an http or https address"):
        sources.add("lain", "file:///etc")
    for name in ("", " ", "a\nb"):
        with pytest.raises(ValueError, match="must be a word or a few"):
            sources.add(name, "https://other.example")
    assert sources.all() == [site]


def test_an_unknown_source_is_an_error_that_names_the_known_ones(sources: Sources) -> None:
    with pytest.raises(UnknownSource, match=r"no source 'desa' \(there are: none yet\); add it: telusur source add"):
        sources.get("desa")
    sources.add("kota", SITE)
    with pytest.raises(UnknownSource, match=r"no source 'desa' \(there are: 'kota'\)"):
        sources.remove("desa")


def test_a_source_removed_leaves_its_releases(store: Store, sources: Sources, site: Source) -> None:
    harvest(store, sources, site, 1, 2)
    assert sources.remove(SITE).name == "kota"
    assert sources.all() == []
    assert store.counts().releases == 2
    again = sources.add("kota", SITE)
    assert sources.items(again) == {}
    with pytest.raises(UnknownSource, match="the source 'kota' has been removed; add it: telusur source add https://kota"):
        sources.begin(replace(site, id=99))


def test_what_a_source_turns_out_to_be_is_kept(sources: Sources) -> None:
    source = sources.add("kota", SITE, options={"private": True})
    assert sources.settle(source, "sitemap").options == {"private": True}
    assert sources.settle(source, "feed", {"feed": SITE + "/feed/"}) == sources.get("kota")
    assert (sources.get("kota").kind, sources.get("kota").options) == ("feed", {"feed": SITE + "/feed/"})
    with pytest.raises(ValueError, match="kind 'x' must be one of"):
        sources.settle(source, "x")


# Items


def test_an_item_is_listed_then_read_then_known(store: Store, sources: Sources, site: Source) -> None:
    run = sources.begin(site)
    assert sources.item(site, "1") is None
    listed = Item("1", f"{SITE}/1/", f"{SITE}/sitemap-1.xml", modified="2026-01-01")
    assert sources.see(run, [listed]) == []
    seen = sources.item(run, "1")
    assert seen is not None
    assert (seen.key, seen.url, seen.listing) == ("1", f"{SITE}/1/", f"{SITE}/sitemap-1.xml")
    # Not yet: a harvest killed here must read the item when it is taken up.
    assert (seen.modified, seen.release_key, seen.first_seen_at) == (None, None, run.started_at)
    (key,) = archive(store, 1)
    read = Item("1", f"{SITE}/1/", None, '"e"', "Thu, 01 Jan 2026 00:00:00 GMT", "2026-01-01", "ab" * 32, key)
    assert sources.keep(run, [read]) == []
    known = replace(read, listing=listed.listing, first_seen_at=seen.first_seen_at, last_seen_at=seen.last_seen_at)
    assert sources.items(site, ["1", "2"]) == {"1": known}
    sources.see(run, [item(1), item(2)])
    assert sources.items(site) == {"1": known, "2": replace(seen, key="2", url=f"{SITE}/2/", listing=None)}
    assert sources.count(site) == 1


def test_a_failure_is_counted_until_the_item_is_read(store: Store, sources: Sources, site: Source) -> None:
    run = sources.begin(site)
    for reason in ("500", "timed out"):
        sources.fail(run, [replace(item(1), failure=reason)])
    (failed,) = sources.failures(site)
    assert (failed.failure, failed.attempts, failed.failed_at, failed.modified) == ("timed out", 2, run.started_at, None)
    sources.keep(run, [item(1, *archive(store, 1))])
    assert sources.failures(site) == []
    known = sources.item(site, "1")
    assert known is not None
    assert (known.failure, known.attempts, known.failed_at) == (None, 0, None)


def test_a_failure_forgets_nothing_that_was_read(store: Store, sources: Sources, site: Source) -> None:
    harvest(store, sources, site, 1)
    before = sources.item(site, "1")
    assert before is not None
    run = sources.begin(site)
    sources.fail(run, [Item("1", f"{SITE}/1/", failure="500")])
    after = sources.item(site, "1")
    assert after is not None
    assert (after.modified, after.release_key) == (before.modified, before.release_key) == ("2026-01-01", 1)
    assert sources.finish(run, {}, is_whole=True) == []
    assert gone(store, 1) == [False]


# What is gone


def test_only_a_whole_listing_tells_what_is_gone(store: Store, sources: Sources, site: Source) -> None:
    assert harvest(store, sources, site, 1, 2, 3) == []
    assert harvest(store, sources, site, 1, is_whole=False) == []
    assert gone(store, 1, 2, 3) == [False, False, False]
    state = store.state()
    run = sources.begin(site)
    sources.see(run, [item(1)])
    assert [one.key for one in sources.items_not_seen_since(run)] == ["2", "3"]
    assert sources.finish(run, {}, is_whole=True) == ["r2", "r3"]
    assert gone(store, 1, 2, 3) == [False, True, True]
    assert (store.state(), store.counts().releases, store.counts().gone) == (state, 3, 2)
    assert [row.text for row in store.live_paragraphs()] == ["Isi 1.", "Isi 2.", "Isi 3."]
    assert harvest(store, sources, site, 1) == []


def test_what_is_listed_again_is_back(store: Store, sources: Sources, site: Source) -> None:
    harvest(store, sources, site, 1, 2)
    harvest(store, sources, site, 1)
    run = sources.begin(site)
    assert sources.see(run, [item(1), item(2)]) == ["r2"]
    assert sources.finish(run, {}, is_whole=True) == []
    assert gone(store, 1, 2) == [False, False]


def test_a_page_that_answers_that_it_is_gone_is_back_only_when_read(store: Store, sources: Sources, site: Source) -> None:
    harvest(store, sources, site, 1, 2)
    run = sources.begin(site)
    assert sources.lose(run, ["2", "unknown"]) == ["r2"]
    assert sources.lose(run, ["2"]) == []
    sources.finish(run, {}, is_whole=False)
    lost = sources.item(site, "2")
    assert lost is not None
    assert lost.is_lost
    run = sources.begin(site)
    # The sitemap still names it.
    assert sources.see(run, [item(1), item(2)]) == []
    assert gone(store, 1, 2) == [False, True]
    assert sources.keep(run, [item(2, 2)]) == ["r2"]
    assert sources.item(site, "2") == replace(lost, gone_at=None, is_lost=False)


def test_a_release_is_gone_when_no_source_lists_it(store: Store, sources: Sources, site: Source) -> None:
    mirror = sources.add("cermin", "https://mirror.example", "sitemap")
    for source in (site, mirror):
        harvest(store, sources, source, 1, 2)
    assert harvest(store, sources, site, 1) == []
    assert gone(store, 1, 2) == [False, False]
    assert harvest(store, sources, mirror, 1) == ["r2"]
    run = sources.begin(site)
    assert sources.see(run, [item(2)]) == ["r2"]


def test_a_feed_vouches_only_for_what_it_lists_now(store: Store, sources: Sources, site: Source) -> None:
    feed = sources.add("umpan", f"{SITE}/feed/", "feed")
    harvest(store, sources, site, 1, 2)
    harvest(store, sources, feed, 1, 2, is_whole=False)
    assert harvest(store, sources, site, 1) == []
    harvest(store, sources, feed, 1, is_whole=False)
    assert gone(store, 1, 2) == [False, False]
    run = sources.begin(site)
    sources.see(run, [item(1), item(2)])
    sources.finish(run, {}, is_whole=True)
    assert harvest(store, sources, site, 1) == ["r2"]


def test_an_unchanged_listing_vouches_for_all_that_it_named(store: Store, sources: Sources, site: Source) -> None:
    run = sources.begin(site)
    keys = archive(store, 1, 2)
    sources.keep(run, [replace(item(n, key), listing=f"{SITE}/map-{n}.xml") for n, key in enumerate(keys, start=1)])
    sources.finish(run, {}, is_whole=True)
    run = sources.begin(site)
    assert sources.see_listing(run, f"{SITE}/map-1.xml") == []
    assert sources.count(run, f"{SITE}/map-1.xml") == sources.count(run, f"{SITE}/map-2.xml") == 1
    assert [one.key for one in sources.items_not_seen_since(run)] == ["2"]
    assert sources.finish(run, {}, is_whole=True) == ["r2"]
    assert (sources.count(site), sources.count(site, f"{SITE}/map-2.xml")) == (1, 0)


# Runs


def test_a_harvest_that_was_killed_is_taken_up(store: Store, sources: Sources, site: Source) -> None:
    harvest(store, sources, site, 1, 2, 3)
    run = sources.begin(site)
    assert (run.number, run.cursor, run.is_resumed) == (2, None, False)
    sources.see(run, [item(1)])
    sources.keep_cursor(run, "page 2")
    again = sources.begin(site)
    assert again == Run(site.id, 2, run.started_at, "page 2", is_resumed=True)
    sources.see(again, [item(2)])
    assert sources.finish(again, {}, is_whole=True) == ["r3"]
    assert sources.begin(site) == Run(site.id, 3, run.started_at, None, is_resumed=False)


def test_a_harvest_stopped_long_ago_begins_anew(sources: Sources, site: Source) -> None:
    run = sources.begin(site)
    sources.keep_cursor(run, "page 2")
    assert sources.begin(site, resumed_within_s=-1).number == 2
    assert sources.begin(site).cursor is None


def test_reports_and_times_tell_success_from_failure(sources: Sources, site: Source) -> None:
    run = sources.begin(site)
    sources.stop(run, {"stopped": "429, come again at 12.00"})
    stopped = sources.get("kota")
    assert (stopped.last_report, stopped.last_success_at) == ({"stopped": "429, come again at 12.00"}, None)
    assert stopped.last_run_at is not None
    sources.finish(run, {"new": 3}, is_whole=True)
    done = sources.get("kota")
    assert done.last_report == {"new": 3}
    assert done.last_run_at == done.last_success_at is not None
    sources.finish(sources.begin(site), {"new": 0}, is_whole=False, is_success=False)
    assert sources.get("kota").last_success_at == done.last_success_at


HOLD = """
import sys, time
from pathlib import Path
from archive import Store
from archive.harvesting.sources import Sources
sources = Sources(Store(Path(sys.argv[1])).database)
with sources.lock(sources.get("kota")):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_process_harvests_a_source_and_a_killed_one_lets_go(store: Store, sources: Sources, site: Source) -> None:
    other = sources.add("lain", "https://other.example")
    command = [sys.executable, "-c", HOLD, str(store.database.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            with (
                pytest.raises(SourceBusy, match="another process is harvesting the source 'kota'; wait for it to end"),
                sources.lock(site),
            ):
                pass
            with sources.lock(other), sources.lock():
                pass
        finally:
            os.kill(process.pid, signal.SIGKILL)
    with sources.lock(site, wait_s=10):
        pass
