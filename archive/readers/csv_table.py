"""A table as CSV or TSV, a release a row, its columns named in the first row in Indonesian or English.

Commas, semicolons, tabs and bars may part the columns. A column with another name is mapped by hand: `Document.columns`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from archive import dates
from archive.readers import markup
from archive.readers.common import MAX_BYTES, Document, ParseError, Problem, build_release, decode, unreadable
from archive.records import Release

NAME = "csv"
SUFFIXES = frozenset({".csv", ".tsv"})
NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "judul", "headline", "judul berita", "judul rilis", "post_title", "post title"),
    "body": (
        "body",
        "isi",
        "content",
        "text",
        "teks",
        "konten",
        "isi berita",
        "isi rilis",
        "naskah",
        "post_content",
        "post content",
    ),
    "id": ("id", "kode", "post_id", "post id"),
    "url": ("url", "tautan", "link", "alamat", "permalink"),
    "published": (
        "published",
        "date",
        "tanggal",
        "tgl",
        "tanggal terbit",
        "tanggal publikasi",
        "publish_date",
        "post_date",
        "waktu",
    ),
    "topic": ("topic", "topik", "kategori", "category", "categories", "rubrik"),
    "agency": ("agency", "instansi", "opd", "dinas", "lembaga", "skpd"),
    "author": ("author", "penulis", "wartawan", "reporter", "oleh"),
}
"""The usual names of each field's column, in small letters; where a table has several of them, the earlier counts."""

_REQUIRED = ("title", "body")
_SHOWN_NAMES, _SHOWN_CHARS = 30, 60
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)")  # what Excel reads to know the delimiter
_BLANK_LINES = re.compile(r"\n\s*\n")
_MARKUP = re.compile(r"</p>|<br\s*/?>|</div>", re.IGNORECASE)
_HOW = "name them: --columns title=NAME,body=NAME"


def recognises(head: bytes) -> bool:
    """Whether a document opens with a row that names a title and a body."""
    try:
        first = decode(head[: head.rfind(b"\n") + 1]).split("\n")[0]
    except ParseError:
        return False
    names = _split_header(first, _delimiter(first)) if first else ()
    return all(field in _match(names) for field in _REQUIRED)


def read(document: Document) -> Iterator[Release | Problem]:
    """Stream a table of any size.

    Yields:
        The release of each good row, then one problem for all the bad ones: the first of them, and how many follow.
    """
    csv.field_size_limit(MAX_BYTES)
    faults, first_fault, filled = 0, "no rows below the header", False
    try:
        with document.open() as stream:
            lines = _Lines(stream)
            names, delimiter = _read_header(lines, document.suffix)
            columns = _place(names, document.columns)
            for number, cells in _rows(lines, delimiter):
                filled = True
                try:
                    if isinstance(cells, csv.Error):
                        raise ParseError(f"not valid CSV: {_explain(cells)}")
                    yield _make_release(cells, columns, f"{document.source}#{number}")
                except ParseError as error:
                    faults += 1
                    if faults == 1:
                        first_fault = f"line {number}: {error}"
    except OSError as error:
        yield unreadable(document.source, error)
        return
    except ParseError as error:
        more = f" (and {faults:,} bad rows before it)" if faults else ""
        yield Problem(document.source, f"{error}{more}")
        return
    if faults or not filled:
        yield Problem(document.source, first_fault + (f" (and {faults - 1:,} more bad rows)" if faults > 1 else ""))


def header_key(document: Document) -> str:
    """The header as one text, by which the archive remembers a mapping of its columns.

    Raises:
        OSError: The document cannot be read.
        ParseError: It has no header.
    """
    with document.open() as stream:
        names, _ = _read_header(_Lines(stream), document.suffix)
    return json.dumps(names, ensure_ascii=False)


def check_columns(header: str, asked: Mapping[str, str]) -> None:
    """Check that a header, as `header_key` gives it, has the columns that were asked for, and those that are needed.

    Raises:
        ParseError: It lacks one.
    """
    _place(json.loads(header), asked)


class _Lines:
    """The lines of a stream as text, bytes that are not UTF-8 kept as half surrogate pairs so that their row can be named.

    Attributes:
        number: Lines given so far.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._read = self._give()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self._read

    def _give(self) -> Iterator[str]:
        while line := self._stream.readline(MAX_BYTES + 1):
            self.number += 1
            if len(line) > MAX_BYTES:
                raise ParseError(f"line {self.number}: longer than {MAX_BYTES:,} bytes, which is too much for one release")
            if self.number == 1:
                if line[:1] in {b"\xff", b"\xfe"}:
                    decode(line)  # which names UTF-16, as spreadsheets like to write
                line = line.removeprefix(b"\xef\xbb\xbf")
            text = line.decode(errors="surrogateescape").replace("\r\n", "\n")
            yield from re.findall(r"[^\r]*\r|[^\r]+", text) if "\r" in text else (text,)


def _read_header(lines: _Lines, suffix: str) -> tuple[list[str], str]:
    given = ""
    for line in lines:
        if found := _SEPARATOR_LINE.fullmatch(line.strip("\r\n")):
            given = found[1]
        elif line.strip(" \r\n,;|"):
            text = decode(line.encode(errors="surrogateescape")).strip("\n")
            delimiter = given or _delimiter(text, "\t" if suffix == ".tsv" else ",")
            return _split_header(text, delimiter), delimiter
    raise ParseError("the file is empty")


def _delimiter(header: str, usual: str = ",") -> str:
    """What parts the columns of a header: what gives the most known names, else the most columns."""

    def rate(delimiter: str) -> tuple[int, int, bool]:
        names = _split_header(header, delimiter)
        return len(_match(names)), len(names), delimiter == usual

    return max(_DELIMITERS, key=rate)


def _split_header(header: str, delimiter: str) -> list[str]:
    try:
        return [" ".join(name.split()) for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _match(names: Sequence[str]) -> dict[str, int]:
    places = {name.lower(): place for place, name in reversed(list(enumerate(names)))}
    found = ((field, next((places[name] for name in usual if name in places), None)) for field, usual in NAMES.items())
    return {field: place for field, place in found if place is not None}


def _place(names: Sequence[str], asked: Mapping[str, str]) -> dict[str, int]:
    """Which column holds which field.

    Raises:
        ParseError: The header lacks a column that is needed or was asked for.
    """
    shown = ", ".join(repr(name[:_SHOWN_CHARS]) for name in names[:_SHOWN_NAMES]) + (" …" if len(names) > _SHOWN_NAMES else "")
    columns = _match(names)
    lowered = [name.lower() for name in names]
    for field, name in asked.items():
        if field not in NAMES:
            raise ParseError(f"--columns knows no field {field!r}; it knows {', '.join(NAMES)}")
        if name.strip().lower() not in lowered:
            raise ParseError(f"the header has no column {name!r} for {field}; it has {shown}")
        columns[field] = lowered.index(name.strip().lower())
    if missing := [field for field in _REQUIRED if field not in columns]:
        raise ParseError(f"no column holds the {' and the '.join(missing)}; the header has {shown}; {_HOW}")
    return columns


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Number the rows that hold something by the line they begin in. A row that is no CSV comes as the error."""
    # Strict, since otherwise a quote that never closes would take the rest of the table into one cell and say nothing.
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = lines.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield first, error
            continue
        if any(map(str.strip, cells)):
            yield first, cells


def _explain(error: csv.Error) -> str:
    message = str(error)
    if "unexpected end" in message or "field limit" in message:
        return "a quoted cell that begins here never ends; close its quote"
    return f"{message}; quote the cell, and double the quotes inside it"


def _make_release(cells: Sequence[str], columns: Mapping[str, int], source: str) -> Release:
    def cell(field: str) -> str | None:
        place = columns.get(field, len(cells))
        text = cells[place] if place < len(cells) else ""
        if not text.isascii():
            text = decode(text.encode(errors="surrogateescape"))
        return text.replace("\r\n", "\n").replace("\r", "\n").strip() or None

    written = cell("published")
    published = dates.parse_written(written) if written else None
    if written and not published:
        raise ParseError(f"date {written[:_SHOWN_CHARS]!r} must be such as 2023-03-21 or 21/03/2023")
    return build_release(
        title=cell("title") or "",
        body=_body(cell("body") or ""),
        source=source,
        id=cell("id"),
        url=cell("url"),
        published=published,
        topic=cell("topic"),
        agency=cell("agency"),
        author=cell("author"),
    )


def _body(cell: str) -> str:
    if _MARKUP.search(cell):
        return markup.paragraphs(cell)
    return cell if _BLANK_LINES.search(cell) else cell.replace("\n", "\n\n")


def parse_columns(asked: Iterable[str]) -> dict[str, str]:
    """Read "title=Judul,body=Isi" as a mapping of fields to columns.

    Raises:
        ValueError: It is written otherwise, or names a field that no release has.
    """
    columns: dict[str, str] = {}
    for pair in asked:
        field, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not name or field not in NAMES:
            raise ValueError(f"{pair.strip()!r} must be FIELD=COLUMN, where FIELD is one of {', '.join(NAMES)}")
        columns[field] = name
    return columns
