"""JSON Lines: one object a line with title and body (paragraphs separated by a blank line); optional id, url, published, topic.

A line without id and url is known by its text alone, since line numbers move: edited, it comes in as another release.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from archive.readers.common import MAX_BYTES, Document, ParseError, Problem, build_release, decode, unreadable
from archive.records import Release

NAME = "jsonl"
SUFFIXES = frozenset({".jsonl", ".ndjson"})


def read(document: Document) -> Iterator[Release | Problem]:
    """Stream a document of any size.

    Yields:
        The release of each good line, then one problem for all the bad ones: the first of them, and how many follow.
    """
    source = document.source
    faults, first_fault, filled = 0, "the file is empty", False
    try:
        with document.open() as file:
            for number, line in _lines(file):
                filled = True
                try:
                    if line is None:
                        raise ParseError(f"longer than {MAX_BYTES:,} bytes, which is too much for one release")
                    yield parse(line, f"{source}#{number}")
                except ParseError as error:
                    faults += 1
                    if faults == 1:
                        first_fault = f"line {number}: {error}"
    except OSError as error:
        yield unreadable(source, error)
        return
    if faults or not filled:
        yield Problem(source, first_fault + (f" (and {faults - 1:,} more bad lines)" if faults > 1 else ""))


def count_lines(document: Document) -> int:
    """How many lines a document has; 0 if it cannot be read, which `read` then reports."""
    try:
        with document.open() as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0


def parse(line: bytes, source: str) -> Release:
    """Make a release of one line.

    Raises:
        ParseError: The line does not hold one; the message says why.
    """
    try:
        found = json.loads(decode(line))
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep, or a number too long"
        raise ParseError(f"not valid JSON: {reason}") from error
    if not isinstance(found, dict):
        raise ParseError(f"a release must be an object, {{…}}, not {_KINDS[type(found)]}")
    return build_release(
        title=_text(found, "title") or "",
        body=_text(found, "body") or "",
        source=source,
        id=_identifier(found),
        url=_text(found, "url"),
        published=_text(found, "published"),
        topic=_text(found, "topic"),
    )


_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Number the lines that hold something, from 1. One longer than the limit is never held in memory, and comes as None."""
    number = 0
    while line := file.readline(MAX_BYTES + 1):
        number += 1
        if len(line) <= MAX_BYTES:
            if line.strip():
                yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_BYTES)
        yield number, None


def _text(found: dict[str, object], name: str) -> str | None:
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ParseError(f"{name} must be a text, not {_KINDS.get(type(value), 'an object')}")
    return value.replace("\r\n", "\n").replace("\r", "\n").strip() or None


def _identifier(found: dict[str, object]) -> str | None:
    value = found.get("id")
    return str(value) if type(value) is int else _text(found, "id")
