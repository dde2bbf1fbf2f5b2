"""Readers: files in, releases out, one module a format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.readers import jsonl, text
from archive.readers.common import Document, ParseError, Problem, Reader, name_source
from archive.records import Release

__all__ = ["Found", "ParseError", "Problem", "count", "find", "read"]

_READERS: dict[str, Reader] = {
    **dict.fromkeys(text.SUFFIXES, text.read),
    **dict.fromkeys(jsonl.SUFFIXES, jsonl.read),
}
_KNOWN = ", ".join(sorted(_READERS))


@dataclass(frozen=True, slots=True)
class Found:
    """What stands below some paths.

    Attributes:
        files: Files that can be read, in order and each once.
        skipped: How many files of the folders have a name that no reader takes. Hidden ones are not counted.
        problems: Paths that do not exist, or hold nothing that can be read.
    """

    files: tuple[Path, ...]
    skipped: int
    problems: tuple[Problem, ...]


def find(paths: Iterable[Path]) -> Found:
    """Look for releases in files and, recursively, in folders; links to folders are not followed."""
    files: dict[Path, None] = {}
    skipped = 0
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir():
            here = list(_walk(path, problems))
            taken = [file for file in here if _reader(file) and file.is_file()]
            skipped += len(here) - len(taken)
            files.update(dict.fromkeys(file.resolve() for file in taken))
        elif fault := _describe_fault(path):
            problems.append(Problem(name_source(path), fault))
        else:
            files[path.resolve()] = None
    return Found(tuple(files), skipped, tuple(problems))


def read(path: Path) -> Iterator[Release | Problem]:
    """Read the releases of one file by the reader that its name asks for."""
    reader = _reader(path)
    if reader is None:
        return iter([Problem(name_source(path), f"no reader for this kind of file; known are {_KNOWN}")])
    try:
        return reader(Document.of_file(path))
    except OSError as error:
        return iter([Problem(name_source(path), f"cannot be read: {error.strerror}")])


def count(path: Path) -> int:
    """How many releases a file should hold, at a glance and for a progress bar: the lines of JSONL, one in any other file."""
    if path.suffix.lower() not in jsonl.SUFFIXES:
        return 1
    try:
        return jsonl.count_lines(Document.of_file(path))
    except OSError:
        return 0  # which `read` then reports


def _reader(path: Path) -> Reader | None:
    return _READERS.get(path.suffix.lower())


def _describe_fault(path: Path) -> str | None:
    try:
        path.stat()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not path.is_file():
        return "neither a file nor a folder"
    return None if _reader(path) else f"no reader for this kind of file; known are {_KNOWN}"


def _walk(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        problems.append(Problem(name_source(Path(error.filename)), f"cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))
