"""A harvest that is killed goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

from blogs import Blog, add, bodies, counts, kept, page, run, site, sitemap_index, urlset
from conftest import start_python
from sites import Asked, Reply, Site

from archive import Store

__all__ = ["site"]  # the fixture that these tests share

HARVEST = """
import os, signal, sys
from pathlib import Path
from archive import Store
from archive.harvesting import harvest, open_fetcher
from archive.harvesting.sources import Sources

path, url, moment, number, when = sys.argv[1:]
calls = 0

def die_in(owner, name):
    method = getattr(owner, name)
    def dying(*args, **kwargs):
        global calls
        calls += 1
        if calls == int(number) and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = method(*args, **kwargs)
        if name == "add":
            found = list(found)
        if calls == int(number):
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    setattr(owner, name, dying)

if moment == "add":
    die_in(Store, "add")
elif moment != "none":
    die_in(Sources, moment)
store = Store(Path(path))
with open_fetcher(url, {"allow_private": True}, pause_s=0) as fetcher:
    report = harvest(store, Sources(store.database).get("kota"), fetcher)
assert report.stopped is None, report.stopped
"""

MOMENTS = [
    ("add", 1, "before"),
    ("add", 1, "after"),
    ("keep", 1, "before"),
    ("keep", 2, "after"),
    ("see", 2, "before"),
    ("see", 1, "after"),
    ("keep_cursor", 1, "before"),
    ("keep_cursor", 1, "after"),
    ("add", 2, "after"),
    ("finish", 1, "before"),
]


def start(store: Store, site: Site, moment: str, number: int, when: str) -> subprocess.Popen[str]:
    return start_python(HARVEST, store.database.path, f"{site.url}/", moment, str(number), when)


def kill_at_ten_moments(store: Store, site: Site) -> None:
    for moment, number, when in MOMENTS:
        with start(store, site, moment, number, when) as process:
            _, err = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, f"{moment} {number} {when}: {err}"
    with start(store, site, "none", 0, "") as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_posts_survive_kills_at_ten_moments(store: Store, site: Site) -> None:
    blog = Blog(site, 700)
    add(store, site)
    kill_at_ten_moments(store, site)
    assert kept(store) == {f"/{number}/": (f"Isi nomor {number}.", 1, False) for number in blog.posts}
    assert store.counts().versions == 700
    assert len(bodies(site)) <= 14 + 7, "no batch but those under way is fetched again"
    assert counts(run(store, site)) == {"listed": 700, "unchanged": 700}


def test_pages_survive_kills_at_ten_moments(store: Store, site: Site) -> None:
    paths = [f"/{number}/" for number in range(160)]
    site.on("/sitemap.xml", sitemap_index(site, "/satu.xml", "/dua.xml"))
    site.on("/satu.xml", urlset(site, *paths[:80]))
    site.on("/dua.xml", urlset(site, *paths[80:]))
    for path in paths:
        site.on(path, Reply(body=page(f"Judul {path}", f"Isi siaran {path}")))
    add(store, site)
    kill_at_ten_moments(store, site)
    assert kept(store) == {path: (f"Isi siaran {path}", 1, False) for path in paths}
    assert store.counts().versions == 160
    assert sum(site.count(path) for path in paths) <= 160 + 2 * 20, "no chunk but that under way is fetched again"


def test_a_harvest_killed_while_it_waits_for_the_site_goes_on(store: Store, site: Site) -> None:
    blog = Blog(site, 120)
    add(store, site)
    running: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def kill(asked: Asked) -> None:
        if asked.query.get("page") == "2":
            started.wait(10)
            os.kill(running[0].pid, signal.SIGKILL)

    blog.before = kill
    with start(store, site, "none", 0, "") as process:
        running.append(process)
        started.set()
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    blog.before = lambda _asked: None
    assert counts(run(store, site)) == {"listed": 120, "fetched": 20, "new": 20, "unchanged": 100}
