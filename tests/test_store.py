from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from archive import (
    Counts,
    DatabaseError,
    IndexRow,
    Outcome,
    Paragraph,
    Passage,
    Release,
    ReleaseSummary,
    Store,
    UnknownRelease,
)
from archive.database import connect

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


# What comes in goes out


def test_release_comes_back_as_it_went_in(archive: Store) -> None:
    assert add(archive, WITH_ID) == [Outcome.NEW]
    found = archive.release("r-1")
    assert (found.id, found.version, found.title, found.body, found.url) == ("r-1", 1, "Judul", PLAIN.body, WITH_ID.url)
    assert (found.published, found.date, found.topic) == ("2023-03-21T09:30", "2023-03-21", "Sosial")
    assert (found.city, found.initials, found.office, found.source) == ("MADIUN", ("ney", "agi"), "humas", "/a/1.txt")
    assert found.paragraphs == (Paragraph(0, "MADIUN – Satu."), Paragraph(1, "Dua."))
    assert not found.removed
    assert found.imported_at.endswith("+00:00")


def test_reopened_archive_holds_the_same(archive: Store, tmp_path: Path) -> None:
    add(archive, WITH_ID)
    before = archive.release("r-1")
    archive.close()
    reopened = Store(tmp_path / "data" / "archive.sqlite")
    assert reopened.release("r-1") == before
    reopened.close()


def test_unknown_releases_and_versions_are_named(archive: Store) -> None:
    add(archive, WITH_ID)
    with pytest.raises(UnknownRelease, match="the archive holds no release 'r-2'"):
        archive.release("r-2")
    with pytest.raises(UnknownRelease, match="the archive holds no version 2 of release 'r-1'"):
        archive.release("r-1", version=2)
    for method in (archive.versions, archive.remove, archive.restore):
        with pytest.raises(UnknownRelease, match="the archive holds no release 'r-2'"):
            method("r-2")


def test_numbers_of_an_empty_archive(archive: Store) -> None:
    assert archive.counts() == Counts(releases=0, paragraphs=0, versions=0, removed=0)
    assert (archive.topics(), archive.date_range(), archive.sample_loaded()) == ([], None, False)
    assert list(archive.live_paragraphs()) == []


def test_numbers_count_live_releases_in_their_current_version(archive: Store) -> None:
    sample = Release("S", "Isi.", url="https://tirtapura.example/s/", published="2019-01-02", topic="Hukum")
    add(archive, WITH_ID, sample, replace(sample, title="T", url="https://a.example/t"), replace(PLAIN, title="U", source="/u"))
    add(archive, replace(WITH_ID, body="Satu saja."))
    assert archive.counts() == Counts(releases=4, paragraphs=5, versions=5, removed=0)
    assert archive.topics() == [("Hukum", 2), ("Sosial", 1)]
    assert archive.date_range() == ("2019-01-02", "2023-03-21")
    assert archive.sample_loaded()
    archive.remove("r-1")
    archive.remove(add_one(archive, sample))
    assert archive.counts() == Counts(releases=2, paragraphs=3, versions=5, removed=2)
    assert archive.topics() == [("Hukum", 1)]
    assert not archive.sample_loaded()


def test_live_paragraphs_stand_in_order_of_release_and_position(archive: Store) -> None:
    add(archive, WITH_ID, Release("B", "Tiga."))
    add(archive, replace(WITH_ID, body="Satu baru.\n\nDua."))
    assert list(archive.live_paragraphs()) == [
        IndexRow(4, 1, 0, "Satu baru.", "Judul", "2023-03-21T09:30", "Sosial", None, "https://a.example/1", None),
        IndexRow(5, 1, 1, "Dua.", "Judul", "2023-03-21T09:30", "Sosial", None, "https://a.example/1", None),
        IndexRow(3, 2, 0, "Tiga.", "B", None, None),
    ]


def test_passages_resolve_in_superseded_versions_but_not_in_removed_releases(archive: Store) -> None:
    add(archive, WITH_ID, Release("B", "Tiga.", id="b"))
    add(archive, replace(WITH_ID, title="Judul baru"))
    summary = ReleaseSummary("r-1", "Judul", "https://a.example/1", "2023-03-21", "Sosial", 1)
    old = Passage(2, 1, "Dua.", summary)
    other = Passage(3, 0, "Tiga.", ReleaseSummary("b", "B", None, None, None, 1))
    new = Passage(5, 1, "Dua.", replace(summary, title="Judul baru", version=2))
    assert archive.fetch_passages([5, 2, 3, 99]) == {2: old, 3: other, 5: new}
    archive.remove("r-1")
    assert archive.fetch_passages([5, 2, 3]) == {3: other}
    assert archive.fetch_passages([]) == {}


def test_a_paragraph_is_found_by_release_and_position(archive: Store) -> None:
    add(archive, WITH_ID)
    first, second = (archive.paragraph_id("r-1", position) for position in (0, 1))
    passages = archive.fetch_passages([first, second])
    assert [(passages[id].position, passages[id].text) for id in (first, second)] == [(0, "MADIUN – Satu."), (1, "Dua.")]
    add(archive, replace(WITH_ID, body="Baru."))
    assert archive.paragraph_id("r-1", 0) not in {first, second}
    for id, position in (("r-1", 1), ("r-1", -1), ("r-2", 0)):
        with pytest.raises(UnknownRelease, match=f"holds no paragraph {position} of release '{id}'"):
            archive.paragraph_id(id, position)
    archive.remove("r-1")
    with pytest.raises(UnknownRelease, match="holds no paragraph 0 of release 'r-1'"):
        archive.paragraph_id("r-1", 0)


# State


def test_state_changes_with_each_batch_that_changes_something(archive: Store) -> None:
    states = [archive.state()]
    for number in range(4):
        add(archive, replace(PLAIN, title=f"Judul {number}", source=f"/a/{number}.txt"))
        states.append(archive.state())
    assert len(set(states)) == 5
    assert archive.state() == states[-1]


def test_archives_with_the_same_past_differ_in_state(tmp_path: Path) -> None:
    """An index made of one archive must not pass for an index of its restored copy that went another way."""
    one, other = Store(tmp_path / "one.sqlite"), Store(tmp_path / "other.sqlite")
    for store in (one, other):
        store.remove(add_one(store, PLAIN))
    assert one.state() != other.state()
    one.close()
    other.close()


# Gone at the source


def test_a_release_that_is_gone_stays_and_says_since_when(archive: Store) -> None:
    add(archive, WITH_ID, replace(WITH_ID, id="r-2", url="https://a.example/2"))
    state = archive.state()
    assert archive.mark_gone(["r-1", "unknown"], "2026-01-02T03:04:05+00:00") == ["r-1"]
    assert archive.mark_gone(["r-2", "r-1"], "2026-02-03T04:05:06+00:00") == ["r-2"]
    assert archive.release("r-1").gone_at == "2026-01-02T03:04:05+00:00"
    assert archive.counts() == Counts(releases=2, paragraphs=4, versions=2, removed=0, gone=2)
    assert archive.mark_back(["r-2", "r-2"]) == ["r-2"]
    assert archive.mark_back(["r-2"]) == []
    assert archive.release("r-2").gone_at is None
    assert archive.state() == state


# Tables and months


def test_columns_of_a_table_are_remembered_by_its_first_line(archive: Store) -> None:
    assert archive.csv_columns("Judul;Isi") is None
    archive.keep_csv_columns("Judul;Isi", {"title": "Judul"})
    archive.keep_csv_columns("Judul;Isi", {"title": "Judul", "body": "Isi é"})
    assert archive.csv_columns("Judul;Isi") == {"title": "Judul", "body": "Isi é"}


def test_months_count_live_releases(archive: Store) -> None:
    for number, published in enumerate(["2023-03-21T09:30", "2023-03-01", "2022-12-31", None, "2023-04-01"]):
        add(archive, Release(f"Judul {number}", "Isi.", id=f"r{number}", published=published))
    archive.remove("r4")
    assert archive.months() == [(None, 1), ("2022-12", 1), ("2023-03", 2)]


# Durability and sharing


def test_outcomes_are_reported_only_once_they_are_on_the_disk(archive: Store, tmp_path: Path) -> None:
    outcomes = archive.add(Release(f"Judul {number}", "Isi.") for number in range(600))
    next(outcomes)
    other = Store(tmp_path / "data" / "archive.sqlite")
    assert other.counts().releases == 256
    other.close()
    assert len(list(outcomes)) == 599


def test_a_batch_is_written_wholly_or_not_at_all(archive: Store) -> None:
    def releases() -> Iterator[Release]:
        for number in range(300):
            yield Release(f"Judul {number}", "Isi.")
        raise RuntimeError("reader broke")

    with pytest.raises(RuntimeError, match="reader broke"):
        list(archive.add(releases()))
    assert archive.counts().releases == 256


def test_threads_share_one_store(archive: Store) -> None:
    def work(thread: int) -> None:
        list(archive.add(Release(f"Judul {number}", "Sama.", id=f"r{number}") for number in range(50)))
        list(archive.add(Release(f"Judul {thread}-{number}", "Isi.") for number in range(50)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert archive.counts() == Counts(releases=250, paragraphs=250, versions=250, removed=0)


def test_readers_see_a_whole_state_while_another_thread_writes(archive: Store) -> None:
    add(archive, *(Release(f"Judul {number}", "Isi.") for number in range(10)))
    rows = archive.live_paragraphs()
    next(rows)
    writer = threading.Thread(target=add, args=(archive, Release("Judul baru", "Isi.")))
    writer.start()
    writer.join()
    assert len(list(rows)) == 9
    assert len(list(archive.live_paragraphs())) == 11


def test_a_locked_archive_is_one_clear_error(archive: Store, tmp_path: Path) -> None:
    path = tmp_path / "data" / "archive.sqlite"
    impatient = Store(path, timeout_s=0.05)
    with (
        archive.database.transaction(),
        pytest.raises(DatabaseError, match=r"archive\.sqlite: another process is writing to it; wait for that to finish"),
    ):
        add(impatient, PLAIN)
    assert add(impatient, PLAIN) == [Outcome.NEW]
    impatient.close()


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_half_written(archive: Store) -> None:
    add(archive, PLAIN)
    pages = archive.database.connection.execute("PRAGMA page_count").fetchone()[0]
    archive.database.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DatabaseError, match=r"archive\.sqlite: the disk is full; make room, then run the same command again"):
        add(archive, Release("Besar", "Panjang. " * 10_000))
    assert archive.counts() == Counts(releases=1, paragraphs=2, versions=1, removed=0)
    archive.database.connection.execute("PRAGMA max_page_count = 100000")
    assert add(archive, Release("Besar", "Panjang. " * 10_000)) == [Outcome.NEW]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    path.write_bytes(b"bukan basis data\n" * 100)
    with pytest.raises(DatabaseError, match=r"archive\.sqlite: the file is no SQLite database; move it away"):
        Store(path)
    assert path.read_bytes() == b"bukan basis data\n" * 100


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match=r"file/data: this data folder cannot be created: Not a directory; name another"):
        Store(tmp_path / "file" / "data" / "archive.sqlite")
    (tmp_path / "archive.sqlite").mkdir()
    with pytest.raises(DatabaseError, match=r"archive\.sqlite: it cannot be opened"):
        Store(tmp_path / "archive.sqlite")


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be nobody for a while, since root may write to whatever is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_a_read_only_archive_is_one_clear_error(shared_folder: Path, folder_mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # The project itself may lie in a folder that nobody else may enter.
    shutil.copytree(str(files("archive") / "migrations"), shared_folder / "package/migrations")
    monkeypatch.setattr("archive.store.files", lambda _package: shared_folder / "package")
    path = shared_folder / "archive.sqlite"
    Store(path).close()
    path.chmod(0o444)
    shared_folder.chmod(folder_mode)
    with (
        without_privileges(),
        pytest.raises(DatabaseError, match=r"archive\.sqlite: the file or its folder is read-only; allow"),
    ):
        add(Store(path), PLAIN)


# Migrations


def scripts(folder: Path, *texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts, start=1):
        (folder / f"{number:04}_step.sql").write_text(text, encoding="utf-8")
    return folder


def test_an_older_schema_is_migrated_and_keeps_its_rows(tmp_path: Path) -> None:
    path, folder = tmp_path / "a.sqlite", tmp_path / "migrations"
    first = "CREATE TABLE note (text TEXT); -- satu; dua\nINSERT INTO note VALUES ('a;b');\n"
    connect(path, scripts(folder, first)).close()
    database = connect(path, scripts(folder, first, "ALTER TABLE note ADD COLUMN lang TEXT DEFAULT 'id';\n"))
    assert [tuple(row) for row in database.rows("SELECT * FROM note")] == [("a;b", "id")]
    database.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path, folder = tmp_path / "a.sqlite", tmp_path / "migrations"
    connect(path, scripts(folder, "CREATE TABLE note (text TEXT);\n")).close()
    scripts(folder, "CREATE TABLE note (text TEXT);\n", "DROP TABLE note;\nINSERT INTO missing VALUES (1);\n")
    with pytest.raises(sqlite3.OperationalError, match="no such table: missing"):
        connect(path, folder)
    database = connect(path, scripts(folder, "CREATE TABLE note (text TEXT);\n", "CREATE TABLE b (c TEXT);\n"))
    assert list(database.rows("SELECT * FROM note")) == []
    database.close()


def test_a_newer_schema_is_refused(archive: Store, tmp_path: Path) -> None:
    archive.database.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DatabaseError, match=r"comes from a newer Telusur \(schema 99, known 2\); update"):
        Store(tmp_path / "data" / "archive.sqlite")


def test_an_archive_of_the_first_schema_is_taken_over_whole(tmp_path: Path) -> None:
    path, first = tmp_path / "archive.sqlite", tmp_path / "migrations"
    first.mkdir()
    script = next(file for file in (files("archive") / "migrations").iterdir() if file.name.startswith("0001_"))
    (first / script.name).write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    old = connect(path, first)
    digest, other = (hashlib.sha256(text.encode()).digest() for text in ("Judul\n\nIsi.", "Lain\n\nIsi."))
    with old.transaction() as connection:
        connection.executemany(
            "INSERT INTO release VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (1, "a", "a", "http://www.a.example/1/", "/a.txt", 2, None),
                (2, "b", None, "https://b.example/1?utm_source=x", "/b.txt", 1, None),
                (3, "c", None, None, "/c.txt", 1, "2026-01-01T00:00:00+00:00"),
            ],
        )
        connection.executemany(
            "INSERT INTO version VALUES (?, ?, ?, ?, ?, 'Isi.', ?, '2023-03-21', 'Sosial', NULL, 'ney/agi', NULL, ?)",
            [
                (1, 1, 1, other, "Lain", "http://a.example/1/", "2026-01-01T00:00:00+00:00"),
                (2, 1, 2, digest, "Judul", "http://www.a.example/1/", "2026-01-02T00:00:00+00:00"),
                (3, 2, 1, digest, "Judul", "https://b.example/1?utm_source=x", "2026-01-03T00:00:00+00:00"),
                (4, 3, 1, other, "Lain", None, "2026-01-03T00:00:00+00:00"),
            ],
        )
        connection.executemany("INSERT INTO paragraph VALUES (?, ?, 0, 'Isi.')", [(10, 1), (11, 2), (12, 3), (13, 4)])
    state = old.row("SELECT changes FROM state")
    old.close()

    store = Store(path)
    assert store.state() == (state[0] if state else None)
    assert store.counts() == Counts(releases=2, paragraphs=2, versions=4, removed=1)
    assert [(one.paragraph_id, one.text) for one in store.live_paragraphs()] == [(11, "Isi."), (12, "Isi.")]
    before, after = store.versions("a")
    assert (before.title, after.title, after.initials, after.published) == ("Lain", "Judul", ("ney", "agi"), "2023-03-21")
    assert (after.language, after.fetched_at, after.gone_at) == (None, None, None)
    assert [store.release(id).same_as for id in ("a", "b", "c")] == [None, 1, 1]
    # The addresses are known by their one spelling from now on.
    again = Release("Judul", "Isi.", url="https://b.example/1/", published="2023-03-21", topic="Sosial", source="/elsewhere")
    assert add(store, again, replace(again, url="https://a.example/1")) == [Outcome.UNCHANGED] * 2
    assert store.database.row("PRAGMA integrity_check")[0] == "ok"  # type: ignore[index]
    store.close()


def test_migrations_are_numbered_without_gaps() -> None:
    names = sorted(file.name for file in (files("archive") / "migrations").iterdir())
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_the_archive_is_durable(archive: Store) -> None:
    pragmas = {name: archive.database.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
    assert pragmas == PRAGMAS


PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
