"""Plain text: an optional front matter, the title on a line of its own, then the paragraphs.

    ---
    date: 2023-03-21
    topic: Kepegawaian
    ---
    Judul Siaran Pers
    MADIUN – Paragraf pertama …
    Paragraf kedua … (ney/agi/diskominfo)

The front matter may hold id, title, date, url and topic; other keys are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from archive.conventions import dateline_city
from archive.readers.common import Document, ParseError, Problem, build_release, decode, read_one
from archive.records import Release

NAME = "text"
SUFFIXES = frozenset({".txt"})

_MAX_TITLE_CHARS = 300
_MAX_WRAPPED_CHARS = 100
_FENCE = "---"
_BLANK_LINES = re.compile(r"\n\s*\n")
# Every value stays the text that was written: no dates, numbers or booleans are made of it.
_YAML_LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader


def read(document: Document) -> Iterator[Release | Problem]:
    """Read one document, which holds one release."""
    return read_one(document, lambda: parse(document.read(), document.source))


def parse(data: bytes, source: str) -> Release:
    """Make a release of the bytes of a file.

    Raises:
        ParseError: They do not hold one; the message says why.
    """
    text = decode(data)
    if not text.strip():
        raise ParseError("the file is empty")
    fields, content = split_front_matter(text)
    title, lines = fields.get("title"), content.strip("\n").split("\n")
    if title is None:
        title, lines = _split_title(lines)
    return build_release(
        title=title,
        body=_join_paragraphs("\n".join(lines)),
        source=source,
        id=fields.get("id"),
        url=fields.get("url"),
        published=fields.get("date"),
        topic=fields.get("topic"),
    )


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields that a text opens with, and what follows them.

    Raises:
        ParseError: It opens a front matter that does not close, or is no YAML.
    """
    lines = text.lstrip("\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        return {}, text
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == _FENCE), None)
    if end is None:
        raise ParseError(f"the front matter that {_FENCE} opens has no closing {_FENCE}")
    try:
        found = yaml.load("\n".join(lines[1:end]), Loader=_YAML_LOADER)  # noqa: S506 - builds only str, list and dict
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 2}" if mark else ""
        reason = getattr(error, "problem", None) or "nested too deep"
        raise ParseError(f"the front matter is not valid YAML{where}: {reason}") from error
    if not isinstance(found or {}, dict):
        raise ParseError("the front matter must be lines of the form key: value")
    return _text_fields(found or {}), "\n".join(lines[end + 1 :])


def _text_fields(found: dict[object, object]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name in ("id", "title", "date", "url", "topic"):
        value = found.get(name) or ""
        if not isinstance(value, str):
            raise ParseError(f"{name} in the front matter must be one value, not a list or a group")
        if value.strip():
            fields[name] = value.strip()
    return fields


def _split_title(lines: list[str]) -> tuple[str, list[str]]:
    filled = [number for number, line in enumerate(lines) if line.strip()]
    if not filled:
        raise ParseError("nothing follows the front matter")
    title, rest = lines[filled[0]].strip(), lines[filled[0] + 1 :]
    if len(title) > _MAX_TITLE_CHARS:
        raise ParseError(f"the title is missing: the first line has {len(title):,} characters (limit {_MAX_TITLE_CHARS})")
    # A headline may look like a dateline, "BMKG – Waspada Hujan Lebat"; then the real dateline follows it.
    if dateline_city(title) and not (len(filled) > 1 and dateline_city(lines[filled[1]])):
        raise ParseError(f"the title is missing: the first line opens the text ({title[:40]!r}); put the title above it")
    return title, rest


def _join_paragraphs(body: str) -> str:
    """Separate the paragraphs by blank lines, whichever way the file did it.

    Without a blank line, each line is a paragraph. With blank lines, a block of short lines is one paragraph, wrapped at a
    margin; a block with a long line was never wrapped, so its lines are paragraphs.
    """
    blocks = [[line.strip() for line in block.split("\n")] for block in _BLANK_LINES.split(body.strip())]
    if len(blocks) == 1:
        return "\n\n".join(blocks[0])
    return "\n\n".join((" " if max(map(len, block)) <= _MAX_WRAPPED_CHARS else "\n\n").join(block) for block in blocks)
