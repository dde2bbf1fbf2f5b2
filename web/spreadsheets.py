"""Tables as files: CSV for programs, XLSX for people. A cell holds text, never a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from typing import TypeAlias

import xlsxwriter
from flask_babel import gettext

from web.plain_text import writable

Value: TypeAlias = str | int | float | date | None

MAX_CELL_CHARS = 32_767
"""What a cell of a workbook holds, in UTF-16 code units, as Excel counts them."""

MAX_ADDRESS_CHARS = 2_000  # Excel follows no longer one
_FIRST_DAY = date(1900, 3, 1)  # Excel takes 1900 for a leap year, and knows no day before it
_MAX_WIDTH = 80

# Where a spreadsheet may take a cell to begin: at its start and, in countries that write 0,5 and so separate cells by a
# semicolon, also after one within the text; then a tab or a line end separates too. Blanks are no obstacle to it.
_FORMULA = re.compile(r"((?:\A|(?<=[;\t\r\n]))(?:[^\S\t\r\n]|[\u200b-\u200f\u2060\ufeff])*)(?=[=+\-@＝＋－＠'])")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        key: Name of the column for programs: ASCII, the same in each language.
        label: Its name for people.
        width: In a workbook, in characters.
        is_link: Its cells are addresses of this server, to be followed by a click.
    """

    key: str
    label: str
    width: int = 12
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be written.

    Attributes:
        columns: In order.
        rows: Each with one value a column.
        notes: What a reader must know about the table, as name and content; a workbook has them on a sheet of their own.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[tuple[str, Value], ...] = ()


def to_csv(table: Table) -> bytes:
    """Write a table as CSV (RFC 4180), UTF-8 with a byte order mark, without which Excel takes another encoding.

    A spreadsheet program runs what looks like a formula (https://owasp.org/www-community/attacks/CSV_Injection), so an
    apostrophe goes before each `= + - @` (also full-width) and each apostrophe at the start of a cell or, blanks apart, after a
    semicolon, tab or line end in it; and before a tab or line end that starts the cell. Whoever needs the text as it was takes
    one apostrophe away from each of these places.
    """
    file = StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(column.key for column in table.columns)
    writer.writerows([_csv_cell(value) for value in row] for row in table.rows)
    return file.getvalue().encode("utf-8-sig")


def to_xlsx(table: Table) -> bytes:
    """Write a table as a workbook: one sheet with it, and one with the notes and what could not be written in full."""
    file = BytesIO()
    # Strings stay strings, and so do addresses: only links to this server are made clickable, one by one.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        writer = _SheetWriter(workbook)
        sheet = workbook.add_worksheet(gettext("Hasil"))
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, min(column.width, _MAX_WIDTH))
            sheet.write_string(0, place, column.label, writer.head)
        for number, row in enumerate(table.rows, 1):
            for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                writer.write(sheet, number, place, value, column.is_link)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
        about = workbook.add_worksheet(gettext("Keterangan"))
        about.set_column(0, 0, 28)
        about.set_column(1, 1, _MAX_WIDTH)
        notes = [*table.notes, *_cut_note(writer.cut)]
        for number, (name, content) in enumerate(notes):
            about.write_string(number, 0, name, writer.head)
            writer.write(about, number, 1, content)
    return file.getvalue()


def to_objects(table: Table) -> list[dict[str, str | int | float | None]]:
    """The rows as JSON objects by column key, text as it is: JSON can hold all of it."""
    keys = [column.key for column in table.columns]
    return [
        {key: value.isoformat() if isinstance(value, date) else value for key, value in zip(keys, row, strict=True)}
        for row in table.rows
    ]


class _SheetWriter:
    """Writes values into cells, and counts those that were cut.

    Attributes:
        head: Format of names.
        cut: Texts too long for a cell so far.
    """

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        self.head = workbook.add_format({"bold": True, "valign": "top", "text_wrap": True})
        self.cut = 0
        self._plain = workbook.add_format({"valign": "top", "text_wrap": True})
        self._day = workbook.add_format({"valign": "top", "align": "left", "num_format": "yyyy-mm-dd"})
        self._link = workbook.add_format({"valign": "top", "text_wrap": True, "underline": True, "font_color": "#0563C1"})

    def write(self, sheet: xlsxwriter.workbook.Worksheet, row: int, place: int, value: Value, is_link: bool = False) -> None:
        """Write one value; nothing stays an empty cell."""
        if isinstance(value, date) and value >= _FIRST_DAY:
            sheet.write_datetime(row, place, value, self._day)
        elif isinstance(value, int | float):
            sheet.write_number(row, place, value, self._plain)
        elif is_link and isinstance(value, str) and len(value) <= MAX_ADDRESS_CHARS:
            sheet.write_url(row, place, value, self._link)
        elif value is not None:
            sheet.write_string(row, place, self._fit(str(value)), self._plain)

    def _fit(self, text: str) -> str:
        """As much of a text as a cell holds, saying so where that is not all. XML would make a line feed of a lone CR."""
        kept = writable(re.sub("\r\n?", "\n", text))
        if _units(kept) <= MAX_CELL_CHARS:
            return kept
        self.cut += 1
        ending: str = " … " + gettext("[dipotong: sel ini hanya memuat %(limit)s karakter]", limit=MAX_CELL_CHARS)
        room = 2 * (MAX_CELL_CHARS - _units(ending))
        # A character beyond the first 65,536 takes two units; half of one is dropped.
        return kept.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + ending


def _csv_cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return value
    text = writable(value)
    return ("'" if text.startswith(("\t", "\r", "\n")) else "") + _FORMULA.sub(r"\1'", text)


def _cut_note(cut: int) -> Iterable[tuple[str, Value]]:
    if cut:
        yield (
            gettext("Teks yang dipotong"),
            gettext("%(count)s sel; teks lengkapnya ada di CSV dan di tautan tetapnya.", count=cut),
        )


def _units(text: str) -> int:
    return len(text) + sum(1 for char in text if char > "\uffff")
