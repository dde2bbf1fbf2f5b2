"""Many questions at once: read from a pasted text, answered in one pass, and shown as a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask_babel import LazyString, gettext, lazy_gettext

from archive import ArchivedRelease
from index import Answer, Band, Hit, Index
from web.exports import Permalink, passage_columns, passage_values
from web.parameters import Fields, ParameterError, Search, parse_search
from web.spreadsheets import Column, Table, Value

MAX_QUESTIONS = 100

_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a pasted text cannot be answered.

    Attributes:
        line: Number of the line at fault, from 1; None where the text as a whole is.
        detail: What is wrong.
        remedy: What to write instead.
    """

    line: int | None
    detail: str | LazyString
    remedy: str | LazyString


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and what the archive says to it.

    Attributes:
        answer: As a search gives it, its best hit alone.
        release: Of that hit, in the version in which it was found; None where nothing was found.
    """

    answer: Answer
    release: ArchivedRelease | None

    @property
    def hit(self) -> Hit | None:
        """The best hit, be it below the line."""
        return self.answer.hits[0] if self.answer.hits else None

    @property
    def is_answered(self) -> bool:
        """Whether something above the line answers."""
        return self.answer.band is not Band.WEAK


def read(text: str) -> tuple[list[Search], list[Fault]]:
    """Read questions, one a line; empty lines are passed over. Where there are faults, none is to be answered."""
    searches: list[Search] = []
    faults: list[Fault] = []
    for number, line in enumerate(_LINE_END.split(text), 1):
        question = line.strip()
        if not question:
            continue
        try:
            search = parse_search(Fields(urlencode({"q": question}).encode(), ("q",), from_form=False))
            search.query()
        except ParameterError as error:
            faults.append(Fault(number, error.detail, error.remedy))
        else:
            searches.append(search)
    count = len(searches) + len(faults)
    if count > MAX_QUESTIONS:
        detail = lazy_gettext("Ada %(count)s pertanyaan.", count=count)
        faults.insert(0, Fault(None, detail, lazy_gettext("Kirim paling banyak %(limit)s sekaligus.", limit=MAX_QUESTIONS)))
    if not count:
        detail = lazy_gettext("Belum ada pertanyaan.")
        faults.append(Fault(None, detail, lazy_gettext("Tulis atau tempel pertanyaan, satu per baris.")))
    return searches, faults


def answer(index: Index, searches: list[Search]) -> list[Answered]:
    """Answer questions, in order, all from one generation.

    Raises:
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged, or another model made it.
        ModelError: The model cannot be loaded.
    """
    answers = index.search_many([Search(search.text, k=1).query() for search in searches])
    return [Answered(one, _release(index, one)) for one in answers]


def to_table(answered: list[Answered], permalink: Permalink, today: date) -> Table:
    """The answers as a table."""
    columns = (
        Column("number", gettext("Nomor")),
        Column("question", gettext("Pertanyaan"), 40),
        Column("band", gettext("Kekuatan")),
        Column("total", gettext("Siaran pers yang menjawab")),
        *passage_columns(),
    )
    nothing: tuple[Value, ...] = (None,) * len(passage_columns())
    rows = tuple(
        (
            number,
            one.answer.query.text,
            one.answer.band.value,
            one.answer.total,
            *(passage_values(one.hit.passage, one.release, permalink) if one.hit and one.release else nothing),
        )
        for number, one in enumerate(answered, 1)
    )
    notes = (
        (gettext("Pertanyaan"), len(answered)),
        (gettext("Terjawab"), sum(one.is_answered for one in answered)),
        (
            gettext("Kekuatan"),
            gettext("lemah: tidak ada yang benar-benar menjawab; kutipannya yang paling dekat di antara yang ada."),
        ),
        (gettext("Tanggal unduh"), today),
        (gettext("Generasi indeks"), answered[0].answer.generation if answered else None),
    )
    return Table(columns, rows, notes)


def _release(index: Index, answer: Answer) -> ArchivedRelease | None:
    if not answer.hits:
        return None
    found = answer.hits[0].passage.release
    return index.store.release(found.id, found.version)
