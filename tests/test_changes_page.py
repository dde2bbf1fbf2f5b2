"""What changed between the versions of a release, as its page and that of the changes show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import web_archive
from flask.testing import FlaskClient
from page_text import inside, links, page
from web_archive import FLOOD, HOSTILE, QUOTE, SERVE

from index import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, HOSTILE) as index:
        yield index


@pytest.fixture
def changed(client: FlaskClient, index: Index) -> FlaskClient:
    body = SERVE.body.replace("Sosialisasi dilakukan, Selasa (21/3).", "Sosialisasi dilakukan, Rabu (22/3).")
    second = replace(
        SERVE, source="/press/asn-melayani.txt", title="ASN Harus Bermental Melayani", body=body, topic="<b>ASN</b>"
    )
    third = replace(second, body=f"{second.body}\n\nTambahan.")
    list(index.store.add([second], fetched_at="2026-01-02T03:04:05+00:00"))
    list(index.store.add([third]))
    return client


def test_versions_are_listed_with_time_and_fingerprint(changed: FlaskClient, index: Index) -> None:
    html = page(changed, "/releases/asn-melayani?q=asn")
    listed = inside(html, "ol", class_="versions")
    assert "Versi 2, diambil 2 Januari 2026, 03.04 UTC" in listed
    for version in index.store.versions("asn-melayani"):
        first, rest = version.digest[:12], version.digest[12:]
        assert f'<code class="digest" title="SHA-256 {version.digest}">{first}<span>{rest}</span></code>' in html
    assert [link for link in links(html) if "/changes" in link] == [
        "/releases/asn-melayani/changes?from=2&to=3&q=asn",
        "/releases/asn-melayani/changes?from=1&to=2&q=asn",
    ]
    assert "/releases/asn-melayani/changes?from=1&to=3" in links(page(changed, "/releases/asn-melayani?v=1"))


def test_changes_show_what_was_removed_and_added(changed: FlaskClient) -> None:
    html = page(changed, "/releases/asn-melayani/changes?from=1&to=2&q=asn")
    text = re.sub(r' data-(?:begin|end)="[^"]*"', "", html)
    assert "<del>Wali Kota Tekankan </del>ASN Harus Bermental Melayani" in text
    assert re.search(r'<del>Kepegawaian</del> <span aria-hidden="true">→</span>\s+<ins>&lt;b&gt;ASN&lt;/b&gt;</ins>', text)
    assert '<p class="is-edited">MADIUN – Sosialisasi dilakukan, <del>Selasa (21</del><ins>Rabu (22</ins>/3).</p>' in text
    assert f"<p>{QUOTE}</p>" in text
    # Not by colour alone, nor for the eye alone.
    assert '<ins data-begin="[ditambahkan: " data-end="]">' in html
    assert '<del data-begin="[dihapus: " data-end="]">' in html
    assert "/?q=asn#asn-melayani" in links(html)
    assert "/releases/asn-melayani?v=1&q=asn" in links(html)


def test_changes_are_those_of_the_last_version_unless_others_are_named(changed: FlaskClient) -> None:
    html = page(changed, "/releases/asn-melayani/changes?lang=en")
    assert re.search(r'<p class="is-added"><ins data-begin="\[added: " data-end="]">Tambahan.</ins></p>', html)
    assert "3 paragraphs unchanged" in html
    assert re.findall(r'<option value="(\d)" selected>', html) == ["2", "3"]
    back = page(changed, "/releases/asn-melayani/changes?from=3&to=2")
    assert re.search(r'<p class="is-removed"><del [^>]*>Tambahan.</del></p>', back)


def test_changes_of_metadata_alone_say_that_the_text_is_the_same(client: FlaskClient, index: Index) -> None:
    list(index.store.add([replace(SERVE, source="/press/asn-melayani.txt", topic=None)]))
    html = page(client, "/releases/asn-melayani/changes")
    assert "Isinya tidak berubah." in html
    assert inside(html, "dl", class_="record") == "Topik Kepegawaian → tidak disebut"
    assert f"<p>{QUOTE}</p>" in html


def test_changes_of_one_version_are_none(client: FlaskClient) -> None:
    html = page(client, "/releases/asn-melayani/changes")
    assert "Arsip ini baru memuat satu versi siaran pers ini." in html
    assert "<ins" not in html


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/releases/unknown/changes", 404),
        ("/releases/asn-melayani/changes?from=1&to=9", 404),
        ("/releases/asn-melayani/changes?from=9", 404),
        ("/releases/asn-melayani/changes?from=0", 400),
        ("/releases/asn-melayani/changes?to=x", 400),
    ],
)
def test_changes_between_what_is_not_there_are_refused(client: FlaskClient, path: str, status: int) -> None:
    page(client, path, status)


def test_changes_of_a_removed_release_are_gone_with_it(client: FlaskClient, index: Index) -> None:
    index.store.remove("asn-melayani")
    assert "ditarik dari arsip" in inside(page(client, "/releases/asn-melayani/changes", 410), "h1")
