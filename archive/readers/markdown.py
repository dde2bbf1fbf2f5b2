"""Markdown: an optional front matter as in plain text, the title as its first `# heading`, then the text.

Only the words stay: a link leaves its text, an image nothing; each item of a list and each row of a table is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from archive.conventions import dateline_city
from archive.readers import markup
from archive.readers.common import Document, ParseError, Problem, build_release, decode, read_one
from archive.readers.text import split_front_matter as split_front_matter
from archive.records import Release

NAME = "markdown"
SUFFIXES = frozenset({".md", ".markdown"})

_MAX_TITLE_CHARS = 300
_HEADING_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:---[^\S\n]*\n(?:(?!---)[^\n]*\n)*---[^\S\n]*\n\s*)?# \S")
_BLANK_LINES = re.compile(r"\n\s*\n")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def recognises(head: bytes) -> bool:
    """Whether a document opens with a `# heading`, after a front matter or without one."""
    return _HEADING_FIRST.match(head.replace(b"\r\n", b"\n")) is not None


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
    blocks = _blocks(_PARSER.parse(content))
    title = fields.get("title")
    if title is None:
        title, blocks = _split_title(blocks)
    elif blocks and blocks[0] == ("h1", title):  # many write the title twice, for the site and for the eye
        blocks = blocks[1:]
    return build_release(
        title=title,
        body="\n\n".join(words for _, words in blocks),
        source=source,
        id=fields.get("id"),
        url=fields.get("url"),
        published=fields.get("date"),
        topic=fields.get("topic"),
    )


def _blocks(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """The paragraphs in order, each with the element that holds it, such as "p", "h1" or "tr"."""
    blocks: list[tuple[str, str]] = []
    cells: list[str] | None = None
    holder = "p"
    for token in tokens:
        if token.type == "heading_open":
            holder = token.tag
        elif token.type == "paragraph_open":
            holder = "p"
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            blocks.append(("tr", " | ".join(cell for cell in cells or () if cell)))
            cells = None
        elif token.type == "inline":
            words = _words(token.children or ())
            if cells is None:
                blocks.append((holder, words))
            else:
                cells.append(words)
        elif token.type in {"fence", "code_block"}:
            blocks.append(("pre", _BLANK_LINES.sub("\n", token.content).strip("\n")))
        elif token.type == "html_block":
            blocks += [("p", words) for words in _BLANK_LINES.split(markup.paragraphs(token.content))]
    return [(element, words) for element, words in blocks if words.strip()]


def _words(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"} or (token.type == "html_inline" and _LINE_BREAK.fullmatch(token.content)):
            parts.append(" ")
    return " ".join("".join(parts).split())


def _split_title(blocks: list[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    """Take the title out: the first `# heading`; where there is none, the first block, if a title may be so long."""
    if not blocks:
        raise ParseError("no text: nothing but images, links without words or a front matter")
    at = next((number for number, (element, _) in enumerate(blocks) if element == "h1"), 0)
    element, title = blocks[at]
    if element not in {"h1", "h2", "h3", "h4", "h5", "h6"} and (len(title) > _MAX_TITLE_CHARS or dateline_city(title)):
        raise ParseError("the title is missing: begin the file with a line '# Title', or write title: in the front matter")
    return title, blocks[:at] + blocks[at + 1 :]
