"""What Lighthouse says of the pages that readers see most, as the real server sends them, and how much comes over the wire."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import every_page
import pytest
from conftest import ROOT, build
from playwright.sync_api import Browser
from test_serve import serving

from index import Index, Model, Query
from index.encoder import Encoder
from scripts.cli import main

pytestmark = pytest.mark.model

LIGHTHOUSE = ROOT / "tests/lighthouse/node_modules/.bin/lighthouse"
LEAST = 95
CATEGORIES = ("performance", "accessibility", "best-practices")
MAX_TRIES = 3
MAX_BYTES = 100_000
RESULTS = "/?q=ASN+harus+melayani"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, real_model: Model, real_encoder: Encoder) -> Path:
    """A data folder with the sample archive."""
    folder = tmp_path_factory.mktemp("data")
    assert main(["import", str(ROOT / "archive/sample/releases"), "--data", str(folder)]) == 0
    build(folder, real_encoder, real_model)
    return folder


@pytest.fixture(scope="module")
def release(data: Path, real_encoder: Encoder) -> str:
    """Path of the page of the passage that answers best."""
    index = Index(data, load_encoder=lambda _name: real_encoder)
    hit, *_ = index.search(Query("ASN harus melayani")).hits
    index.close()
    return f"/releases/{hit.passage.release.id}?p={hit.passage.position}&q=ASN+harus+melayani"


@pytest.fixture(scope="module")
def site(data: Path, cache_dir: Path) -> Iterator[str]:
    """Address of the real server once it has warmed up, without a slash at its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELUSUR_CACHE", str(cache_dir))
        with serving(data) as (_, url):
            wait_until_ready(url)
            yield url.rstrip("/")


def wait_until_ready(url: str) -> None:
    """Wait for at most a minute until the server's encoder is loaded: until then it has no core to spare for pages."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url + "readyz", timeout=10):  # noqa: S310 - http
                return
        except urllib.error.HTTPError as error:
            error.close()
        time.sleep(0.1)
    pytest.fail(f"{url} is still not ready")


def run_lighthouse(address: str, is_phone: bool) -> dict[str, Any]:
    """One report of Lighthouse, 0 to 100 for each category, with what it found wrong.

    Chromium loses a trace now and then. Such a run has judged nothing, and Lighthouse itself asks for another.
    """
    flags = ["--headless=new", "--no-first-run", "--disable-gpu", "--no-sandbox"]
    command = [
        str(LIGHTHOUSE),
        address,
        "--quiet",
        "--no-enable-error-reporting",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
    ]
    command += [f"--chrome-flags={' '.join(flags)}", *([] if is_phone else ["--preset=desktop"])]
    environment = os.environ | {"CHROME_PATH": every_page.find_chromium()}
    for _ in range(MAX_TRIES):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
        if "Please run Lighthouse again" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def scores(report: dict[str, Any]) -> dict[str, int]:
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}


def faults(report: dict[str, Any]) -> list[str]:
    """Audits that a report counts against a page."""
    weighed = {audit["id"] for name in CATEGORIES for audit in report["categories"][name]["auditRefs"] if audit["weight"]}
    audits = [report["audits"][id] for id in sorted(weighed)]
    return [
        f"{one['id']}: {one.get('displayValue', one['title'])}"
        for one in audits
        if one["score"] is not None and one["score"] < 0.9
    ]


@pytest.mark.lighthouse
@pytest.mark.parametrize("is_phone", [True, False], ids=["phone", "desktop"])
@pytest.mark.parametrize("page", ["results", "release"])
def test_lighthouse_gives_95_or_more(page: str, is_phone: bool, site: str, release: str) -> None:
    if not LIGHTHOUSE.exists():
        every_page.give_up("Lighthouse is not installed: npm install --prefix tests/lighthouse")
    address = site + (RESULTS if page == "results" else release)
    reports = [run_lighthouse(address, is_phone)]
    if min(scores(reports[0]).values()) < LEAST:  # a busy machine is slow: the median of three decides
        reports += [run_lighthouse(address, is_phone) for _ in range(2)]
    found = {name: statistics.median(scores(report)[name] for report in reports) for name in CATEGORIES}
    print(f"{page} {'phone' if is_phone else 'desktop'}: {found}")  # noqa: T201 - pytest -s shows it
    assert {name: score for name, score in found.items() if score < LEAST} == {}, faults(reports[0])


@pytest.mark.browser
@pytest.mark.parametrize("page", ["results", "release"])
def test_page_and_all_it_needs_weigh_less_than_100_kb(page: str, browser: Browser, site: str, release: str) -> None:
    context = browser.new_context(base_url=site, locale="id-ID")
    tab = context.new_page()
    session = context.new_cdp_session(tab)
    session.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.requestWillBeSent", lambda sent: addresses.update({sent["requestId"]: sent["request"]["url"]}))
    session.on("Network.loadingFinished", lambda ended: sizes.update({ended["requestId"]: int(ended["encodedDataLength"])}))
    tab.goto(RESULTS if page == "results" else release, wait_until="networkidle")
    context.close()
    weights = {addresses[id].removeprefix(site): size for id, size in sizes.items() if addresses[id].startswith(site)}
    print(f"{page}: {sum(weights.values())} bytes: {weights}")  # noqa: T201 - pytest -s shows it
    assert len(weights) > 1
    assert sum(weights.values()) < MAX_BYTES, weights
