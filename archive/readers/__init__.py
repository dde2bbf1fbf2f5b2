"""Readers: files in, releases out, one module a format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.readers import csv_table, formats, jsonl, zipped
from archive.readers.common import Document, ParseError, Problem, name_source, unreadable
from archive.readers.formats import Tally
from archive.records import Release

__all__ = ["NAMES", "Document", "Found", "ParseError", "Problem", "Tally", "count", "find", "is_table", "read"]

NAMES = (*sorted(formats.BY_NAME), zipped.NAME)
"""What `read` takes as the name of a format."""

_SUFFIXES = formats.SUFFIXES | zipped.SUFFIXES
_UNKNOWN = f"no reader for this kind of file; known are {', '.join(sorted(_SUFFIXES))}; to read it as one of them: --as NAME"


@dataclass(frozen=True, slots=True)
class Found:
    """What stands below some paths.

    Attributes:
        files: Files that can be read, in order and each once.
        skipped: How many files of the folders no reader takes. Hidden ones are not counted.
        problems: Paths that do not exist, or hold nothing that can be read.
    """

    files: tuple[Path, ...]
    skipped: int
    problems: tuple[Problem, ...]


def find(paths: Iterable[Path], as_: str | None = None) -> Found:
    """Look for releases in files and, recursively, in folders; links to folders are not followed.

    Args:
        paths: Files and folders.
        as_: Takes every file, as `read` will do with the same name.

    Raises:
        ValueError: No format is called `as_`.
    """
    _check_name(as_)
    files: dict[Path, None] = {}
    skipped = 0
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir():
            here = list(_walk(path, problems))
            taken = [file for file in here if file.is_file() and (as_ or _is_known(file))]
            skipped += len(here) - len(taken)
            files.update(dict.fromkeys(file.resolve() for file in taken))
        elif fault := _describe_fault(path, as_):
            problems.append(Problem(name_source(path), fault))
        else:
            files[path.resolve()] = None
    return Found(tuple(files), skipped, tuple(problems))


def read(source: Path | Document, as_: str | None = None, tally: Tally | None = None) -> Iterator[Release | Problem]:
    """Read the releases of one file.

    Args:
        source: The file, or its bytes wherever they lie.
        as_: Name of the format it has, or, for a ZIP, that its members have; else told by its content and its name.
        tally: Is told what was read.

    Raises:
        ValueError: No format is called `as_`.
    """
    _check_name(as_)
    try:
        document = Document.of_file(source) if isinstance(source, Path) else source
        head = formats.read_head(document)
    except OSError as error:
        name = name_source(source) if isinstance(source, Path) else source.source
        return iter([unreadable(name, error)])
    tally = tally or Tally()
    asked = formats.BY_NAME.get(as_ or "")
    # A ZIP of pages that is to be read as pages is still a ZIP. What is only called one is one too, and says what is wrong.
    is_called_zip = as_ == zipped.NAME or (document.suffix in zipped.SUFFIXES and not asked and _is_no_other(head))
    if is_called_zip or zipped.recognises(head):
        tally.files[zipped.NAME] += 1
        return zipped.read(document, asked, tally)
    chosen = asked or formats.choose(head, document.suffix)
    if chosen is None:
        return iter([Problem(document.source, _UNKNOWN)])
    tally.files[chosen.name] += 1
    return chosen.read(document)


def is_table(document: Document, as_: str | None = None) -> bool:
    """Whether `read` would take a document as a table, whose columns have names."""
    if as_ is not None:
        return as_ == csv_table.NAME
    try:
        chosen = formats.choose(formats.read_head(document), document.suffix)
    except OSError:
        return False  # which `read` then reports
    return chosen is not None and chosen.name == csv_table.NAME


def count(path: Path) -> int:
    """How many releases a file should hold, at a glance and for a progress bar: JSONL's lines, a ZIP's members, else one."""
    try:
        if path.suffix.lower() in jsonl.SUFFIXES:
            return jsonl.count_lines(Document.of_file(path))
        if path.suffix.lower() in zipped.SUFFIXES:
            return zipped.count_members(Document.of_file(path))
    except OSError:
        return 0  # which `read` then reports
    return 1


def _check_name(as_: str | None) -> None:
    if as_ is not None and as_ not in NAMES:
        raise ValueError(f"no reader is called {as_!r}; there are {', '.join(NAMES)}")


def _is_no_other(head: bytes) -> bool:
    return formats.choose(head, "") is None


def _is_known(path: Path) -> bool:
    """Whether a reader takes a file: by its suffix, else by its first bytes."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        head = formats.read_head(Document.of_file(path))
    except OSError:
        return False
    return zipped.recognises(head) or formats.choose(head, "") is not None


def _describe_fault(path: Path, as_: str | None) -> str | None:
    try:
        path.stat()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not path.is_file():
        return "neither a file nor a folder"
    return None if as_ or _is_known(path) else _UNKNOWN


def _walk(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        problems.append(Problem(name_source(Path(error.filename)), f"cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))
