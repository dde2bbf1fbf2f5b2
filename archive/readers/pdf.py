"""PDF: the text layer of its pages, its lines joined to paragraphs again.

The title is the file's own, if that was meant for readers, else what stands in the largest letters on the first page, else the
first line. A page that is only a picture is never passed over in silence: the file is a problem that asks for OCR.
"""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archive.conventions import dateline_city
from archive.readers.common import Document, ParseError, Problem, build_release, read_one
from archive.readers.letterhead import count_letterhead
from archive.readers.lines import Line, Paragraph, drop_running, join_lines
from archive.records import Release

if TYPE_CHECKING:
    from pypdf import PdfReader

NAME = "pdf"
SUFFIXES = frozenset({".pdf"})
MAX_FILE_BYTES = 50_000_000
"""Longest file: photos make them large."""
MAX_PAGES = 300
MAX_CPU_S = 10.0
"""Processor time that one file may take."""

# Time is only looked at between what a page draws, so no stream may hold more than is taken apart within a second or two.
_LIMITS: Mapping[str, Any] = {
    "stream_parsing_work_maximum_count": 500_000,
    "zlib_maximum_output_length": 20_000_000,
    "lzw_maximum_output_length": 20_000_000,
    "run_length_maximum_output_length": 20_000_000,
    "array_based_stream_maximum_output_length": 20_000_000,
}
_MAX_TITLE_CHARS = 300
_LARGER = 1.15  # times the size of the text, from which letters are a title's
_SPACES = re.compile(r"\s+")
_MADE_UP = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel)|untitled|tanpa judul|document\d*|dokumen\d*|layout \d|slide \d|print|scan)|"
    r"\.(?:docx?|pdf|indd|cdr|pptx?|xlsx?|odt|rtf|txt|html?|psd|jpe?g|qxd|pub)$|^https?:|^about:|^[\w.-]*\d[\w.-]*$",
    re.IGNORECASE,
)

_SCANNER = re.compile(r"(?:(?:scanned|dipindai)\s+(?:by|with|oleh|dengan|menggunakan)\s+)?\w*scanner\W*", re.IGNORECASE)


class _TooSlow(Exception):
    """The file has used up its processor time."""


def recognises(head: bytes) -> bool:
    """Whether a document is a PDF, whose mark may stand anywhere in the first kilobyte."""
    return head.startswith(b"%PDF-") or (b"%PDF-1." in head[:1024] and b"\nobj" in head.replace(b" obj", b"\nobj"))


def read(document: Document) -> Iterator[Release | Problem]:
    """Read one document, which holds one release."""
    return read_one(document, lambda: parse(document.read(MAX_FILE_BYTES), document.source))


def parse(data: bytes, source: str) -> Release:
    """Make a release of the bytes of a file.

    Raises:
        ParseError: They do not hold one; the message says why.
    """
    if not data:
        raise ParseError("the file is empty")
    titled, pages = _extract(data)
    paragraphs = join_lines(drop_running(pages))
    if not paragraphs:
        raise ParseError("the PDF holds no text")
    title, paragraphs = _split_title(titled, paragraphs[count_letterhead([one.text for one in paragraphs]) :])
    return build_release(title=title, body="\n\n".join(one.text for one in paragraphs), source=source)


def _extract(data: bytes) -> tuple[str, list[list[Line]]]:
    """The title that the file says it has, or "", and the lines of each page.

    Raises:
        ParseError: It is encrypted, scanned, damaged or too long.
    """
    from pypdf import PdfReader, apply_configuration  # here, not above: an import of other files need not wait for it
    from pypdf.errors import LimitReachedError

    # What pypdf has to say of faults that it could mend goes to no one.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    deadline_s = time.process_time() + MAX_CPU_S
    try:
        with apply_configuration(**_LIMITS):
            return _read_pages(PdfReader(io.BytesIO(data)), deadline_s)
    except ParseError:
        raise
    except (_TooSlow, LimitReachedError) as error:
        raise ParseError(f"takes too long to read (limit {MAX_CPU_S:.0f} seconds); print it into a new, simpler PDF") from error
    except Exception as error:  # a broken PDF fails in as many ways as pypdf has lines
        why = f"{type(error).__name__}: {error}".split("\n")[0][:100]
        advice = "cryptography" in str(error) and "encrypted; open it with its password and print it into a new PDF"
        raise ParseError(advice or f"no PDF, or a damaged one ({why}); print it into a new PDF") from error


def _read_pages(reader: PdfReader, deadline_s: float) -> tuple[str, list[list[Line]]]:
    if reader.is_encrypted and not reader.decrypt(""):
        raise ParseError("encrypted; open it with its password and print it into a new PDF")
    count = len(reader.pages)
    if count > MAX_PAGES:
        raise ParseError(f"{count:,} pages are too many for one release (limit {MAX_PAGES}); split the file")
    pages: list[list[Line]] = []
    scanned: list[int] = []
    for number, page in enumerate(reader.pages, 1):
        lines = [line for line in _lines(page, deadline_s) if not _SCANNER.fullmatch(line.text)]
        pages.append(lines)
        if not lines and _has_picture(page.get("/Resources")):
            scanned.append(number)
    if scanned:
        raise ParseError(_describe_scans(scanned, count))
    titled = str((reader.metadata.title if reader.metadata else None) or "")
    return " ".join(titled.split()), pages


def _describe_scans(scanned: list[int], count: int) -> str:
    if len(scanned) == 1:
        which = f"page {scanned[0]} of {count} is a picture"
    else:
        some = ", ".join(map(str, scanned[:5])) + (" …" if len(scanned) > 5 else "")
        which = f"pages {some} of {count} are pictures"
    return f"{which} (scanned): run OCR, e.g. ocrmypdf, then import the result"


def _lines(page: Any, deadline_s: float) -> list[Line]:  # noqa: ANN401 - pypdf's page, whose types its own methods outgrow
    """The lines of a page in the order in which they are drawn, with where they stand."""
    pieces: list[tuple[float, float, float, str]] = []

    def check(*_: object) -> None:
        if time.process_time() > deadline_s:
            raise _TooSlow

    def note(text: str, cm: list[float], tm: list[float], _font: object, size: float) -> None:
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        scale = abs(tm[3] * cm[3]) or abs(tm[1] * cm[1]) or 1.0
        pieces.append((x, y, (size or 1.0) * scale, text))

    check()
    page.extract_text(visitor_text=note, visitor_operand_before=check)
    lines: list[Line] = []
    words, x, y, size = "", 0.0, 0.0, 0.0

    def end() -> None:
        nonlocal words, size
        if text := _SPACES.sub(" ", words.replace("\x00", "")).strip():
            lines.append(Line(text, x, y, size))
        words, size = "", 0.0

    for piece_x, piece_y, piece_size, text in pieces:
        for number, part in enumerate(text.split("\n")):
            if number:
                end()
            if part.strip() and not words.strip():
                x, y = piece_x, piece_y
            words += part
            size = max(size, piece_size) if part.strip() else size
    end()
    return lines


def _has_picture(resources: Any, depth: int = 0) -> bool:  # noqa: ANN401 - any object of a PDF
    """Whether a page, or a form within it, draws an image."""
    found = resources.get_object() if resources is not None else None
    drawn = found.get("/XObject") if found else None
    for one in (drawn.get_object() if drawn is not None else {}).values():
        object_ = one.get_object()
        kind = object_.get("/Subtype")
        if kind == "/Image" or (kind == "/Form" and depth < 5 and _has_picture(object_.get("/Resources"), depth + 1)):
            return True
    return False


def _split_title(titled: str, paragraphs: list[Paragraph]) -> tuple[str, list[Paragraph]]:
    """Take the title out of the text, or from what the file says of itself."""
    letters = sorted(size for one in paragraphs for size in [one.size] * len(one.text))
    usual = letters[len(letters) // 2]
    if titled and not _MADE_UP.search(titled):
        at = next((number for number, one in enumerate(paragraphs[:5]) if _same(one.text, titled)), None)
        return titled, [one for number, one in enumerate(paragraphs) if number != at]
    largest = max(one.size for one in paragraphs[:8])
    at = next(number for number, one in enumerate(paragraphs[:8]) if one.size == largest)
    if largest < usual * _LARGER or len(paragraphs[at].text) > _MAX_TITLE_CHARS:
        at = 0
    title = paragraphs[at].text
    if len(title) > _MAX_TITLE_CHARS or (largest < usual * _LARGER and dateline_city(title)):
        raise ParseError(f"the title is missing: the first line opens the text ({title[:40]!r}); put the title above it")
    return title, paragraphs[:at] + paragraphs[at + 1 :]


def _same(first: str, second: str) -> bool:
    return "".join(first.casefold().split()) == "".join(second.casefold().split())
