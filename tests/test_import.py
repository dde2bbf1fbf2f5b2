from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from archive import Counts, DatabaseError, Outcome, Release, Store
from scripts import import_releases, remove_release

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared/data"
TWICE = 2


def run(data: Path | str, *words: str | Path) -> int:
    """Run a command in this process."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument("--data", type=Path)
    parent.add_argument("--json", action="store_true")
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    import_releases.add_parser(subparsers, parent)
    remove_release.add_parser(subparsers, parent)
    args = parser.parse_args([*map(str, words), "--data", str(data)])
    return int(args.run(args))


def start(*words: str | Path, max_file_bytes: int | None = None) -> subprocess.Popen[str]:
    """Run a command in a process of its own; its files may be kept from growing, as on a disk that is full."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({max_file_bytes},) * 2); " if max_file_bytes else ""
    code = limit + "import sys; from tests.test_import import run; sys.exit(run(*sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def write_jsonl(path: Path, count: int) -> Path:
    lines = ({"id": f"r{number}", "title": f"Judul {number}", "body": f"Satu {number}.\n\nDua."} for number in range(count))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def counts(data: Path) -> Counts:
    store = Store(data / "archive.sqlite")
    found = store.counts()
    store.close()
    return found


def test_import_prints_one_summary_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, path = tmp_path / "data", tmp_path / "siaran/a.txt"
    path.parent.mkdir()
    path.write_text("Judul\nIsi.\n", encoding="utf-8")
    assert run(data, "import", path) == 0
    out, err = capsys.readouterr()
    assert out.startswith("1 new, 0 changed, 0 unchanged, 0 failed; ")
    assert (out.count("\n"), err) == (1, "")
    path.write_text("Judul\nIsi baru.\n", encoding="utf-8")
    (path.parent / "foto.jpg").touch()
    assert run(data, "import", path.parent) == 0
    assert capsys.readouterr().out.startswith("0 new, 1 changed, 0 unchanged, 1 skipped (other kinds of file), 0 failed; ")


def test_import_names_every_failure_and_imports_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_bytes(b"Judul\nIsi \xe9\n")
    (tmp_path / "b.txt").write_text("Judul\nIsi.\n", encoding="utf-8")
    (tmp_path / "c.jsonl").write_text('{"title": "Judul C", "body": "Isi."}\n[]\n[]\n', encoding="utf-8")
    assert run(tmp_path / "data", "import", tmp_path, tmp_path / "d.txt", "--json") == 1
    out, err = capsys.readouterr()
    summary = json.loads(out)
    failures = {Path(failure["source"]).name: failure["message"] for failure in summary.pop("failures")}
    assert 0 <= summary.pop("seconds") < 60
    assert summary == {"new": 2, "changed": 0, "unchanged": 0, "removed_earlier": 0, "failed": 3, "skipped": 0} | {
        "formats": {"text": 2, "jsonl": 1},
        "zip_members": {},
    }
    assert failures == {
        "d.txt": "cannot be read: No such file or directory",
        "a.txt": "not UTF-8: byte 0xE9 at offset 10; convert it, probably from Windows-1252: iconv -f WINDOWS-1252 -t UTF-8",
        "c.jsonl": "line 2: a release must be an object, {…}, not a list (and 1 more bad lines)",
    }
    assert err.splitlines() == [f"{tmp_path}/{name}: {message}" for name, message in failures.items()]


def test_import_says_what_it_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "siaran"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(f"Judul {number}\nIsi.\n", encoding="utf-8")
    (folder / "a.md").write_text("# Judul a\n\nIsi.\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "b.zip", "w") as packed:
        for name in ("a.txt", "b.txt", "foto.jpg"):
            packed.writestr(name, f"Judul zip {name}\nIsi.\n")
    data = tmp_path / "data"
    assert run(data, "import", folder) == 0
    summary = (
        "6 new, 0 changed, 0 unchanged, 1 skipped (other kinds of file), 0 failed; read 3 text, 1 markdown, 1 zip (2 text); "
    )
    assert capsys.readouterr().out.startswith(summary)
    assert run(data, "import", folder, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["formats"], found["zip_members"]) == ({"text": 3, "markdown": 1, "zip": 1}, {"text": 2})
    assert (found["new"], found["unchanged"]) == (0, 6)


def test_import_reads_files_as_asked_and_refuses_a_name_that_no_reader_has(tmp_path: Path) -> None:
    path = tmp_path / "siaran.bak"
    path.write_text("Judul\nIsi.\n", encoding="utf-8")
    assert run(tmp_path / "data", "import", path) == 1
    assert run(tmp_path / "data", "import", path, "--as", "text") == 0
    with pytest.raises(ValueError, match="no reader is called 'word'; there are csv, docx, "):
        run(tmp_path / "data", "import", path, "--as", "word")
    assert counts(tmp_path / "data").releases == 1


def test_the_columns_of_a_table_are_remembered_for_its_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, first, second = tmp_path / "data", tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("Acara;Uraian\nPanen;Isi.\n", encoding="utf-8")
    second.write_text("Acara;Uraian\nTanam;Isi.\n", encoding="utf-8")
    assert run(data, "import", second) == 1
    problem = (
        "no column holds the title and the body; the header has 'Acara', 'Uraian'; name them: --columns title=NAME,body=NAME"
    )
    assert capsys.readouterr().err == f"{second}: {problem}\n"
    assert run(data, "import", first, "--columns", "title=Kegiatan,body=Uraian") == 1
    assert capsys.readouterr().err == f"{first}: the header has no column 'Kegiatan' for title; it has 'Acara', 'Uraian'\n"
    assert run(data, "import", first, "--columns", "title=Acara, body=Uraian") == 0
    assert run(data, "import", second) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 new, 0 changed, 0 unchanged, 0 failed; read 1 csv; ")
    assert counts(data).releases == 2


def test_import_of_ten_thousand_files_of_which_three_are_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "siaran"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number:05}.txt").write_bytes(b"Judul %d\nMADIUN - Satu.\nDua %d.\n" % (number, number))
    (folder / "00007.txt").write_bytes(b"")
    (folder / "05000.txt").write_bytes(b"\xff\xfeJ\x00")
    (folder / "09999.txt").write_bytes(b"Judul saja")
    assert run(tmp_path / "data", "import", folder) == 1
    out, err = capsys.readouterr()
    assert out.startswith("9,997 new, 0 changed, 0 unchanged, 3 failed; ")
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{folder}/{n}.txt" for n in ("00007", "05000", "09999")]
    assert counts(tmp_path / "data") == Counts(releases=9_997, paragraphs=2 * 9_997, versions=9_997, removed=0)


def test_two_files_that_claim_one_id_are_a_failure_not_two_versions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"---\nid: sama\n---\nJudul {name}\nIsi.\n", encoding="utf-8")
    for _ in range(TWICE):
        assert run(tmp_path / "data", "import", tmp_path) == 1
        assert capsys.readouterr().err == (
            f"{tmp_path}/b.txt: a release with another text is 'sama' already in this import; give each an id of its own\n"
        )
    assert counts(tmp_path / "data").versions == 1


def test_removed_releases_stay_out_until_restored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, path = tmp_path / "data", write_jsonl(tmp_path / "a.jsonl", 7)
    run(data, "import", path)
    assert run(data, "remove", *(f"r{number}" for number in range(6))) == 0
    assert capsys.readouterr().out.endswith("6 removed\n")
    assert run(data, "import", path) == 0
    out, err = capsys.readouterr()
    assert out.startswith("0 new, 0 changed, 1 unchanged, 6 removed earlier, 0 failed; ")
    assert err == "6 removed earlier and kept out (r0, r1, r2, r3, r4 …); to take one back: telusur restore ID\n"
    assert run(data, "restore", "r0", "r6", "tiada", "--json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {"restored": ["r0"], "unchanged": ["r6"], "unknown": ["tiada"]}
    assert err == "the archive holds no release 'tiada'\n"
    assert counts(data).releases == 2


def test_if_empty_fills_an_empty_archive_and_leaves_any_other_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, first, second = tmp_path / "data", write_jsonl(tmp_path / "a.jsonl", 2), write_jsonl(tmp_path / "b.jsonl", 5)
    assert run(data, "import", "--if-empty", first) == 0
    assert capsys.readouterr().out.startswith("2 new, 0 changed, 0 unchanged, 0 failed; ")
    assert run(data, "import", "--if-empty", second) == 0
    assert capsys.readouterr().out.startswith("0 new, 0 changed, 0 unchanged, 0 failed; ")
    assert counts(data).releases == 2
    assert run(data, "import", second) == 0
    assert counts(data).releases == 5


def test_if_empty_does_not_fill_an_archive_whose_releases_were_removed(tmp_path: Path) -> None:
    data, path = tmp_path / "data", write_jsonl(tmp_path / "a.jsonl", 2)
    run(data, "import", path)
    run(data, "remove", "r0", "r1")
    assert run(data, "import", "--if-empty", write_jsonl(tmp_path / "b.jsonl", 5)) == 0
    assert counts(data) == Counts(releases=0, paragraphs=0, versions=2, removed=2)


def test_if_empty_still_names_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "data", "import", "--if-empty", tmp_path / "none.txt") == 1
    assert "none.txt: cannot be read: No such file or directory" in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")
def test_import_of_the_news_and_the_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = (SHARED / "news/releases.jsonl", SHARED / "seed")
    assert run(tmp_path, "import", *paths) == 0
    assert counts(tmp_path) == Counts(releases=495, paragraphs=6_287, versions=495, removed=0)
    assert run(tmp_path, "import", *paths) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("0 new, 0 changed, 495 unchanged, 0 failed; ")


@pytest.mark.parametrize("moment", range(2))
def test_an_import_that_is_killed_is_finished_by_the_next(tmp_path: Path, moment: int) -> None:
    data, path, total = tmp_path / "data", write_jsonl(tmp_path / "a.jsonl", 20_000), 20_000
    process = start(data, "import", path, "--json")
    wal = data / "archive.sqlite-wal"
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline and not (wal.exists() and wal.stat().st_size > 500_000):
        time.sleep(0.005)
    time.sleep(0.05 * moment)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    store = Store(data / "archive.sqlite")
    found = store.counts()
    assert 0 < found.releases < total
    assert found.releases % 256 == 0
    assert (found.paragraphs, found.versions) == (2 * found.releases, found.releases)
    assert store.database.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    store.close()
    assert run(data, "import", path) == 0
    assert counts(data) == Counts(releases=total, paragraphs=2 * total, versions=total, removed=0)


def test_two_imports_at_once_double_nothing(tmp_path: Path) -> None:
    data, path = tmp_path / "data", write_jsonl(tmp_path / "a.jsonl", 3_000)
    processes = [start(data, "import", path, "--json") for _ in range(TWICE)]
    summaries = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        summaries.append(json.loads(out))
    assert sum(summary["new"] for summary in summaries) == 3_000
    assert sum(summary["unchanged"] for summary in summaries) == 3_000
    assert counts(data) == Counts(releases=3_000, paragraphs=6_000, versions=3_000, removed=0)


def test_an_import_waits_for_another_writer(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = Store(data / "archive.sqlite")
    with store.database.transaction():
        process = start(data, "import", write_jsonl(tmp_path / "a.jsonl", 1))
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert store.counts().releases == 1
    store.close()


def test_a_data_folder_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", 1)
    with pytest.raises(DatabaseError, match=r"a\.jsonl: this data folder cannot be created: File exists; name another"):
        run(path, "import", path)


def test_a_disk_that_refuses_to_write_leaves_what_was_there(tmp_path: Path) -> None:
    data, path = tmp_path / "data", write_jsonl(tmp_path / "a.jsonl", 20_000)
    store = Store(data / "archive.sqlite")
    assert [added.outcome for added in store.add([Release("Judul", "Isi.", id="dulu")])] == [Outcome.NEW]
    store.close()
    process = start(data, "import", path, max_file_bytes=1_000_000)
    last = process.communicate(timeout=60)[1].splitlines()[-1]
    assert process.returncode == 1
    assert last.startswith("archive.database.DatabaseError: ")
    assert "run the same command again" in last
    assert counts(data).releases % 256 == 1
    assert run(data, "import", path) == 0
    assert counts(data).releases == 20_001


def test_import_is_fast_enough_for_a_whole_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "data", "import", write_jsonl(tmp_path / "a.jsonl", 4_000), "--json") == 0
    assert 4_000 / json.loads(capsys.readouterr().out)["seconds"] >= 2_000
