"""Word documents (.docx): a paragraph a paragraph, a table's row a paragraph, without headers, footers and notes.

The title is the one in its properties if that stands in the text, else the first heading, else the one in its properties, else
the first line. Who wrote the file and when is not who published the release and when: neither is taken from its properties.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from archive.conventions import dateline_city
from archive.readers.common import Document, ParseError, Problem, build_release, read_one
from archive.readers.letterhead import count_letterhead
from archive.records import Release

if TYPE_CHECKING:
    from lxml.etree import _Element

NAME = "docx"
SUFFIXES = frozenset({".docx"})
MAX_FILE_BYTES = 50_000_000
"""Longest file: photos make them large."""

_MAX_UNPACKED_BYTES = 50_000_000
_MAX_RATIO = 100
_NO_BOMB_BYTES = 1_000_000  # what is smaller unpacked may repeat itself as often as it likes
_MAX_TITLE_CHARS = 300
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TITLE_STYLES = ("Title", "Heading 1", "Heading 2", "Heading 3")
# Text inside these is not the paragraph's own: a second copy for old programs, a text box, a footnote's mark.
_ASIDE = frozenset({_FALLBACK, f"{_W}txbxContent", f"{_W}instrText", f"{_W}del", f"{_W}moveFrom", f"{_W}rPr", f"{_W}pPr"})
_HOLDERS = frozenset({f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins", f"{_W}moveTo"})


def recognises(head: bytes) -> bool:
    """Whether a document is a ZIP that opens as Word's do."""
    return head.startswith(b"PK\x03\x04") and b"word/" in head


def read(document: Document) -> Iterator[Release | Problem]:
    """Read one document, which holds one release."""
    return read_one(document, lambda: parse(document.read(MAX_FILE_BYTES), document.source))


def parse(data: bytes, source: str) -> Release:
    """Make a release of the bytes of a file.

    Raises:
        ParseError: They do not hold one; the message says why.
    """
    _check(data)
    import docx  # here, not above: an import of other files need not wait for it

    try:
        word = docx.Document(io.BytesIO(data))
        titled = " ".join((word.core_properties.title or "").split())
        styles = {style.style_id: style.name or "" for style in word.styles}
        blocks = list(_blocks(word.element.body, styles))
    except Exception as error:  # a broken document fails in as many ways as python-docx has lines
        raise ParseError(f"the Word document is damaged ({type(error).__name__}); open it in Word and save it again") from error
    blocks = [(style, text) for style, text in blocks if text]
    if not blocks:
        raise ParseError("the Word document holds no text; if it holds a picture of one, run OCR first, e.g. ocrmypdf")
    title, blocks = _split_title(titled, blocks[count_letterhead([text for _, text in blocks]) :])
    return build_release(title=title, body="\n\n".join(text for _, text in blocks), source=source)


def _check(data: bytes) -> None:
    """Refuse what is no Word document, or would not fit into memory.

    Raises:
        ParseError: The message says which.
    """
    if not data:
        raise ParseError("the file is empty")
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise ParseError("encrypted; open it in Word and save it without a password")
        raise ParseError("an old .doc document; open it in Word or LibreOffice and save it as .docx")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise ParseError("no Word document, or a damaged one; open it in Word and save it again") from error
    if "word/document.xml" not in {part.filename for part in parts}:
        raise ParseError("no Word document: it has no word/document.xml; save it as .docx")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > _MAX_UNPACKED_BYTES:
        raise ParseError(f"unpacks to {unpacked:,} bytes, which is too much for one release (limit {_MAX_UNPACKED_BYTES:,})")
    for part in parts:
        if part.file_size > max(_NO_BOMB_BYTES, _MAX_RATIO * part.compress_size):
            raise ParseError(
                f"its part {part.filename[:80]!r} unpacks to over {_MAX_RATIO} times its size; it may be a ZIP bomb"
            )


def _blocks(holder: _Element, styles: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Paragraphs and rows in order, each with the name of its style."""
    for element in holder:
        if element.tag == f"{_W}p":
            yield _style(element, styles), _text(element)
        elif element.tag == f"{_W}tbl":
            yield from (("", row) for row in _rows(element))
        elif element.tag in _HOLDERS:
            yield from _blocks(element, styles)


def _rows(table: _Element) -> Iterator[str]:
    for row in table.iterfind(f".//{_W}tr"):
        cells = (" ".join(_text(line) for line in cell.iter(f"{_W}p")).strip() for cell in row.iterfind(f".//{_W}tc"))
        yield " | ".join(cell for cell in cells if cell)


def _style(paragraph: _Element, styles: dict[str, str]) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return styles.get(style.get(f"{_W}val", ""), "") if style is not None else ""


def _text(paragraph: _Element) -> str:
    return " ".join("".join(_runs(paragraph)).split())


def _runs(element: _Element) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in {f"{_W}tab", f"{_W}br", f"{_W}cr"}:
            yield " "
        elif child.tag == f"{_W}noBreakHyphen":
            yield "-"
        elif child.tag not in _ASIDE:
            yield from _runs(child)


def _split_title(titled: str, blocks: list[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    """Take the title out of the text, or from the properties."""
    texts = [text for _, text in blocks]
    styled = [number for style in _TITLE_STYLES for number, (own, _) in enumerate(blocks) if own.lower() == style.lower()]
    if titled and titled.casefold() in map(str.casefold, texts[:5]):
        at = [text.casefold() for text in texts[:5]].index(titled.casefold())
    elif styled:
        at = styled[0]
    elif titled and not _is_placeholder(titled):
        return titled, blocks
    else:
        at = 0
        if len(texts[0]) > _MAX_TITLE_CHARS or dateline_city(texts[0]):
            raise ParseError(f"the title is missing: the first line opens the text ({texts[0][:40]!r}); put the title above it")
    return texts[at], blocks[:at] + blocks[at + 1 :]


def _is_placeholder(title: str) -> bool:
    """Whether a title is what Word makes up: a file name, or a word for "untitled"."""
    return title.casefold() in {"word document", "untitled", "tanpa judul", "document"} or title.lower().endswith(
        (".doc", ".docx")
    )
