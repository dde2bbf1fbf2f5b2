from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archive import Counts, Outcome, Release, ReleaseSummary, Store, conventions

PLAIN = Release("Judul", "MADIUN – Satu.\n\nDua.", city="MADIUN", initials=("ney", "agi"), office="humas", source="/a/1.txt")
WITH_ID = replace(PLAIN, id="r-1", url="https://a.example/1", published="2023-03-21T09:30", topic="Sosial")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "data" / "archive.sqlite")
    yield store
    store.close()


def add(store: Store, *releases: Release) -> list[Outcome]:
    return [added.outcome for added in store.add(releases)]


def add_one(store: Store, release: Release) -> str:
    (added,) = store.add([release])
    return added.id


def live_texts(store: Store) -> list[str]:
    return [row.text for row in store.live_paragraphs()]


# Which release is which


def test_importing_twice_changes_nothing(archive: Store) -> None:
    releases = [WITH_ID, replace(PLAIN, title="B", source="/a/2.txt"), replace(PLAIN, title="C", source="/a/3.jsonl#1")]
    assert add(archive, *releases) == [Outcome.NEW] * 3
    state = archive.state()
    assert add(archive, *releases) == [Outcome.UNCHANGED] * 3
    assert (archive.state(), archive.counts().versions) == (state, 3)


@pytest.mark.parametrize(
    "change",
    [{"title": "Baru"}, {"body": "Baru."}, {"url": "https://a.example/2"}, {"published": "2023-03-22"}, {"topic": None}],
)
def test_any_change_makes_a_version_and_keeps_the_old_one(archive: Store, change: dict[str, Any]) -> None:
    add(archive, WITH_ID)
    state = archive.state()
    assert add(archive, replace(WITH_ID, **change)) == [Outcome.CHANGED]
    assert archive.state() != state
    old, new = archive.versions("r-1")
    assert (old.version, new.version) == (1, 2)
    assert archive.release("r-1", version=1) == old
    assert archive.release("r-1") == new
    assert (old.title, old.body, old.url, old.published, old.topic) == tuple(
        getattr(WITH_ID, name) for name in ("title", "body", "url", "published", "topic")
    )
    assert all(getattr(new, name) == value for name, value in change.items())


def test_a_release_that_changes_back_gets_a_third_version(archive: Store) -> None:
    add(archive, WITH_ID)
    add(archive, replace(WITH_ID, body="Baru."))
    assert add(archive, WITH_ID) == [Outcome.CHANGED]
    assert [version.body for version in archive.versions("r-1")] == [WITH_ID.body, "Baru.", WITH_ID.body]


def test_the_own_id_decides_over_address_and_text(archive: Store) -> None:
    assert add(archive, WITH_ID, replace(WITH_ID, id="r-2")) == [Outcome.NEW, Outcome.NEW]
    assert add(archive, replace(WITH_ID, id="r-2", url="https://a.example/2", body="Lain.")) == [Outcome.CHANGED]
    assert live_texts(archive) == ["MADIUN – Satu.", "Dua.", "Lain."]


def test_the_address_decides_where_there_is_no_id(archive: Store) -> None:
    first = replace(PLAIN, url="https://a.example/1")
    assert add(archive, first, replace(first, url="https://a.example/2", source="/a/2.txt")) == [Outcome.NEW, Outcome.NEW]
    assert add(archive, replace(first, body="Baru.", source="/elsewhere.jsonl#9")) == [Outcome.CHANGED]
    assert live_texts(archive) == ["Baru.", "MADIUN – Satu.", "Dua."]


def test_an_address_corrected_in_a_file_makes_no_second_release(archive: Store) -> None:
    add(archive, replace(PLAIN, url="https://a.example/typo"))
    assert add(archive, replace(PLAIN, url="https://a.example/1")) == [Outcome.CHANGED]
    assert archive.counts().releases == 1


def test_the_file_decides_where_there_is_neither(archive: Store) -> None:
    id = add_one(archive, PLAIN)
    assert add(archive, replace(PLAIN, title="Judul baru", body="Baru.")) == [Outcome.CHANGED]
    assert [version.title for version in archive.versions(id)] == ["Judul", "Judul baru"]


def test_a_moved_folder_adds_nothing_and_later_edits_are_recognised(archive: Store) -> None:
    id = add_one(archive, PLAIN)
    state = archive.state()
    moved = replace(PLAIN, source="/b/1.txt")
    assert add(archive, moved) == [Outcome.UNCHANGED]
    assert archive.state() == state
    assert add(archive, replace(moved, body="Baru.")) == [Outcome.CHANGED]
    assert archive.release(id).source == "/b/1.txt"
    assert archive.counts().releases == 1


def test_files_that_swapped_their_names_are_unchanged(archive: Store) -> None:
    other = replace(PLAIN, title="B", source="/a/2.txt")
    add(archive, PLAIN, other)
    assert add(archive, replace(PLAIN, source="/a/2.txt"), replace(other, source="/a/1.txt")) == [Outcome.UNCHANGED] * 2


def test_lines_that_moved_are_unchanged_and_an_edited_line_overwrites_nothing(archive: Store) -> None:
    add(archive, replace(PLAIN, source="/a.jsonl#1"))
    above = Release("Baru", "Isi.", source="/a.jsonl#1")
    assert add(archive, above, replace(PLAIN, source="/a.jsonl#2")) == [Outcome.NEW, Outcome.UNCHANGED]
    assert live_texts(archive) == ["MADIUN – Satu.", "Dua.", "Isi."]


def test_a_bare_copy_wipes_out_no_metadata_and_a_richer_one_adds_its_own(archive: Store) -> None:
    dated = replace(PLAIN, published="2023-03-21")
    copy = replace(PLAIN, source="/copy.txt")
    add(archive, dated)
    assert add(archive, copy, dated, copy) == [Outcome.UNCHANGED] * 3
    richer = replace(copy, published="2023-03-21", topic="Sosial")
    assert add(archive, richer) == [Outcome.CHANGED]
    assert add(archive, richer, PLAIN, dated) == [Outcome.UNCHANGED] * 3
    assert (archive.topics(), archive.date_range()) == ([("Sosial", 1)], ("2023-03-21", "2023-03-21"))


def test_an_id_or_address_given_later_belongs_to_the_release(archive: Store) -> None:
    id = add_one(archive, PLAIN)
    with_url = replace(PLAIN, url="https://a.example/1")
    assert add(archive, with_url) == [Outcome.CHANGED]
    assert add(archive, replace(with_url, id="r-1")) == [Outcome.UNCHANGED]
    assert add(archive, replace(with_url, id="r-1", body="Baru.")) == [Outcome.CHANGED]
    assert archive.release(id).version == 3
    assert archive.counts().releases == 1


def test_public_ids_are_stable_short_and_never_shared(archive: Store, tmp_path: Path) -> None:
    with_url = replace(PLAIN, url="https://a.example/1")
    other = Store(tmp_path / "other.sqlite")
    id = add_one(other, with_url)
    other.close()
    assert len(id) == 12
    assert int(id, 16) >= 0
    assert add_one(archive, Release("Penghuni", "Isi.", id=id)) == id
    longer = add_one(archive, with_url)
    assert longer.startswith(id)
    assert len(longer) == 13


def test_two_releases_of_one_import_cannot_replace_each_other(archive: Store) -> None:
    twin = replace(WITH_ID, body="Lain.")
    assert add(archive, WITH_ID, twin) == [Outcome.NEW, Outcome.CLASH]
    assert add(archive, WITH_ID, twin, WITH_ID) == [Outcome.UNCHANGED, Outcome.CLASH, Outcome.UNCHANGED]
    assert live_texts(archive) == ["MADIUN – Satu.", "Dua."]


def test_a_removed_release_stays_out_until_restored(archive: Store) -> None:
    id = add_one(archive, PLAIN)
    state = archive.state()
    assert archive.remove(id)
    assert not archive.remove(id)
    removed = archive.state()
    assert removed != state
    assert live_texts(archive) == []
    assert archive.release(id).removed
    moved, edited = replace(PLAIN, source="/b.txt"), replace(PLAIN, body="Baru.")
    assert add(archive, PLAIN, moved, edited) == [Outcome.REMOVED_EARLIER] * 3
    assert archive.counts() == Counts(releases=0, paragraphs=0, versions=1, removed=1)
    assert archive.state() == removed
    assert archive.restore(id)
    assert not archive.restore(id)
    assert archive.state() not in {state, removed}
    assert live_texts(archive) == ["MADIUN – Satu.", "Dua."]
    assert add(archive, edited) == [Outcome.CHANGED]


# Addresses


@pytest.mark.parametrize(
    "spelling", ["http://www.a.example/1/", "https://a.example/1?utm_source=wa#p2", "https://a.example/1/amp/"]
)
def test_an_address_spelled_otherwise_is_the_same_and_no_change(archive: Store, spelling: str) -> None:
    first = replace(PLAIN, url="https://a.example/1")
    add(archive, first)
    state = archive.state()
    assert add(archive, replace(first, url=spelling)) == [Outcome.UNCHANGED]
    assert (archive.state(), archive.counts().releases) == (state, 1)
    assert add(archive, replace(first, url=spelling, body="Baru.")) == [Outcome.CHANGED]
    assert add(archive, replace(first, body="Baru.")) == [Outcome.UNCHANGED]


def test_two_spellings_in_one_import_cannot_replace_each_other(archive: Store) -> None:
    one = replace(PLAIN, url="https://a.example/1")
    assert add(archive, one, replace(one, url="http://a.example/1/", body="Lain.")) == [Outcome.NEW, Outcome.CLASH]


def test_a_release_that_moved_is_known_by_its_id(archive: Store) -> None:
    add(archive, WITH_ID, replace(WITH_ID, id="r-2", url="https://a.example/2"))
    assert archive.id_at_other_address(1, "https://a.example/moved") == "r-1"
    for url in ("http://www.a.example/1/", "https://a.example/2"):
        assert archive.id_at_other_address(1, url) is None
    assert archive.id_at_other_address(9, "https://a.example/moved") is None
    moved = replace(WITH_ID, id=None, url="https://a.example/moved", source="/elsewhere")
    assert add(archive, replace(moved, id="r-1")) == [Outcome.CHANGED]
    assert add(archive, moved) == [Outcome.UNCHANGED]


# Reposts


def test_the_same_text_elsewhere_is_a_release_of_its_own_that_knows_the_first(archive: Store) -> None:
    urls = ("https://a.example/1", "https://b.example/1", "https://c.example/1")
    first, second, third = (add_one(archive, replace(PLAIN, url=url, source=url)) for url in urls)
    assert [archive.release(id).same_as for id in (first, second, third)] == [None, 1, 1]
    assert [one.url for one in archive.reposts(first)] == ["https://b.example/1", "https://c.example/1"]
    assert [one.url for one in archive.reposts(third)] == ["https://a.example/1", "https://b.example/1"]
    archive.remove(second)
    assert archive.reposts(third) == [ReleaseSummary(first, "Judul", "https://a.example/1", None, None, 1)]
    assert archive.reposts("unknown") == []


def test_a_repost_that_is_edited_is_one_no_more_and_a_correction_may_make_one(archive: Store) -> None:
    first, other = replace(PLAIN, url="https://a.example/1"), replace(PLAIN, url="https://b.example/1", source="/b")
    id, other_id = add_one(archive, first), add_one(archive, other)
    add(archive, replace(other, body="Baru."))
    assert (archive.release(other_id).same_as, archive.reposts(id)) == (None, [])
    add(archive, other)
    assert [one.id for one in archive.reposts(id)] == [other_id]
    # The first may be corrected: its text did stand there first.
    add(archive, replace(first, body="Koreksi."))
    assert [one.id for one in archive.reposts(other_id)] == [id]


# What is known of a release


def test_what_only_follows_from_the_text_is_filled_in_without_a_version(archive: Store) -> None:
    add(archive, WITH_ID)
    state = archive.state()
    known = replace(
        WITH_ID,
        language="id",
        event_date="2023-03-20",
        published_from="metadata",
        modified="2023-03-22",
        agency="Dinas",
        author="A",
    )
    assert add(archive, known) == [Outcome.UNCHANGED]
    found = archive.release("r-1")
    assert (found.version, found.language, found.event_date, found.published_from) == (1, "id", "2023-03-20", "metadata")
    assert (found.modified, found.agency, found.author) == ("2023-03-22", "Dinas", "A")
    filled = archive.state()
    assert filled != state
    # Rules improve; and a reader that finds less than another wipes out nothing.
    assert add(archive, replace(known, event_date="2023-03-21", initials=("ney",)), WITH_ID) == [Outcome.UNCHANGED] * 2
    assert archive.release("r-1").event_date == "2023-03-21"
    assert archive.state() != filled
    filled = archive.state()
    assert add(archive, replace(known, event_date="2023-03-21")) == [Outcome.UNCHANGED]
    assert archive.state() == filled


@pytest.mark.parametrize("change", [{"author": "B"}, {"agency": "Humas"}])
def test_another_author_or_agency_makes_a_version(archive: Store, change: dict[str, Any]) -> None:
    known = replace(WITH_ID, author="A", agency="Dinas")
    add(archive, known)
    assert add(archive, replace(known, **change)) == [Outcome.CHANGED]
    assert next((one.author, one.agency) for one in archive.versions("r-1")) == ("A", "Dinas")


def test_an_agency_that_follows_from_the_text_makes_no_version(archive: Store) -> None:
    signed = replace(WITH_ID, office="diskominfo", agency="Diskominfo Madiun")
    assert conventions.agency("diskominfo", "MADIUN") == signed.agency
    add(archive, signed)
    given = replace(signed, agency="Diskominfo Kota Madiun")
    assert add(archive, given) == [Outcome.UNCHANGED]
    assert archive.release("r-1").agency == "Diskominfo Kota Madiun"
    assert add(archive, signed) == [Outcome.UNCHANGED]
    assert archive.release("r-1").agency == "Diskominfo Kota Madiun"
    assert add(archive, replace(given, agency="Humas Kota Madiun")) == [Outcome.CHANGED]


@pytest.mark.parametrize(
    ("known", "offered", "outcome"),
    [
        ("2023-03-21T09:30:27+07:00", "2023-03-21T02:30:27+00:00", Outcome.UNCHANGED),
        ("2023-03-21T09:30:27", "2023-03-21T09:30", Outcome.UNCHANGED),
        ("2023-03-21T09:30", "2023-03-21T09:30+07:00", Outcome.UNCHANGED),
        ("2023-03-21T09:30", "2023-03-21T02:30+00:00", Outcome.UNCHANGED),
        ("2023-03-21T09:30", "2023-03-21", Outcome.UNCHANGED),
        ("2023-03-21", "2023-03-21T09:30", Outcome.CHANGED),
        ("2023-03-21T09:30", "2023-03-21T09:31", Outcome.CHANGED),
        ("2023-03-21T09:30", "2023-03-21T05:30+00:00", Outcome.CHANGED),
        ("2023-03-21T09:30", "2023-03-22", Outcome.CHANGED),
    ],
)
def test_one_moment_written_otherwise_is_no_change(archive: Store, known: str, offered: str, outcome: Outcome) -> None:
    add(archive, replace(WITH_ID, published=known))
    assert add(archive, replace(WITH_ID, published=offered, published_from="text")) == [outcome]
    assert archive.release("r-1").published_from == (None if outcome is Outcome.UNCHANGED else "text")


def test_a_copy_that_says_less_wipes_out_nothing(archive: Store) -> None:
    """A feed may not name the topic that the site itself names."""
    add(archive, WITH_ID)
    assert add(archive, replace(WITH_ID, topic=None, source="https://a.example/feed/")) == [Outcome.UNCHANGED]
    assert archive.release("r-1").topic == "Sosial"


def test_versions_tell_their_text_apart_and_when_they_were_fetched(archive: Store) -> None:
    add(archive, WITH_ID)
    list(archive.add([replace(WITH_ID, body="Baru.")], fetched_at="2026-01-02T03:04:05+00:00"))
    old, new = archive.versions("r-1")
    assert old.digest == hashlib.sha256(f"Judul\n\n{PLAIN.body}".encode()).hexdigest()
    assert new.digest == hashlib.sha256(b"Judul\n\nBaru.").hexdigest()
    assert (old.fetched_at, new.fetched_at) == (None, "2026-01-02T03:04:05+00:00")


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("“Satu,” katanya – pukul 8 … selesai.", '"Satu," katanya -- pukul 8 ... selesai.'),
        ("‘’Sudah,’’ katanya.", "''Sudah,'' katanya."),
        ("Jum’at, lapangan 3×4 — buka", "Jum'at, lapangan 3x4 --- buka"),
    ],
)
def test_an_export_that_was_typed_as_the_site_shows_it_is_no_change(archive: Store, shown: str, typed: str) -> None:
    add(archive, replace(WITH_ID, body=shown))
    assert add(archive, replace(WITH_ID, body=typed, source="/ekspor.xml#7")) == [Outcome.UNCHANGED]
    assert archive.release("r-1").body == shown
    assert add(archive, replace(WITH_ID, body=typed + " Lagi.", source="/ekspor.xml#7")) == [Outcome.CHANGED]


def test_signs_that_the_source_itself_changes_are_a_change(archive: Store) -> None:
    add(archive, replace(WITH_ID, body='"Satu," katanya.'))
    assert add(archive, replace(WITH_ID, body="“Satu,” katanya.")) == [Outcome.CHANGED]
