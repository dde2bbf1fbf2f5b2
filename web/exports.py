"""A list of results to take away: every hit above the line, or every release that passes the filters, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from flask_babel import gettext

from archive import ArchivedRelease, Passage
from index import Band, GenerationError, Index, Sort
from index.answer import MAX_K
from web.parameters import Search
from web.spreadsheets import Column, Table, Value

MAX_EXPORT = 1_000
"""Releases in one file; whoever wants more narrows the search, by period for instance."""

_ATTEMPTS = 3  # at a list that the archive leaves alone while it is read

Permalink = Callable[[Passage], str]
"""Gives the absolute address of a passage, pinned to its version."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A release in the list.

    Attributes:
        rank: Counts from 1.
        band: How well it answers; None where nothing was asked.
        score: As in `Hit`; None where nothing was asked.
        passage: The best passage or, where nothing was asked, the first.
        release: In the version in which that was found.
        near_identical: Ids of releases that say the same but for small edits, folded into this one.
    """

    rank: int
    band: Band | None
    score: float | None
    passage: Passage
    release: ArchivedRelease
    near_identical: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a search finds, or as much of it as one file takes.

    Attributes:
        search: What was asked.
        total: Hits above the line; without a query, releases that pass the filters.
        generation: Number of the generation that all of it comes from.
        entries: The first `MAX_EXPORT` of them, in the order asked for.
    """

    search: Search
    total: int
    generation: int
    entries: tuple[Entry, ...]

    @property
    def is_cut(self) -> bool:
        """Whether there are more than the file holds."""
        return self.total > len(self.entries)


def collect(index: Index, search: Search) -> Collected:
    """Find all that a search finds, whatever page of it is asked for. All of it comes from one state of the index.

    Raises:
        ParameterError: The query only says what to leave out.
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged, another model made it, or the archive keeps changing.
        ModelError: The model cannot be loaded.
    """
    for _ in range(_ATTEMPTS):
        collected = _collect(index, search)
        if collected is not None:
            return collected
    raise GenerationError(f"the archive changed {_ATTEMPTS} times while a list was read: ask again")


def to_table(collected: Collected, permalink: Permalink, today: date) -> Table:
    """The list as a table."""
    columns = (
        Column("rank", gettext("Peringkat")),
        Column("band", gettext("Kekuatan")),
        Column("score", gettext("Skor")),
        *passage_columns(),
        Column("near_identical", gettext("ID yang hampir sama"), 24),
    )
    rows = tuple(
        (
            entry.rank,
            entry.band.value if entry.band else None,
            None if entry.score is None else round(entry.score, 6),
            *passage_values(entry.passage, entry.release, permalink),
            " ".join(entry.near_identical) or None,
        )
        for entry in collected.entries
    )
    return Table(columns, rows, tuple(_notes(collected, today)))


def passage_columns() -> tuple[Column, ...]:
    """Columns for a passage and its release, which every table here has."""
    return (
        Column("passage", gettext("Kutipan"), 80),
        Column("paragraph_number", gettext("Paragraf ke-")),
        Column("title", gettext("Judul"), 40),
        Column("agency", gettext("Instansi"), 24),
        Column("published", gettext("Terbit")),
        Column("topic", gettext("Topik"), 16),
        Column("language", gettext("Bahasa")),
        Column("source_url", gettext("Sumber asli"), 40),
        Column("permalink", gettext("Tautan tetap"), 40, is_link=True),
        Column("version", gettext("Versi")),
        Column("sha256", "SHA-256", 24),
        Column("release_id", gettext("ID arsip"), 24),
    )


def passage_values(passage: Passage, release: ArchivedRelease, permalink: Permalink) -> tuple[Value, ...]:
    """What stands in those columns; paragraphs count from 1, as in citations."""
    return (
        passage.text,
        passage.position + 1,
        release.title,
        release.agency,
        date.fromisoformat(release.date) if release.date else None,
        release.topic,
        release.language,
        release.url,
        permalink(passage),
        release.version,
        release.digest,
        release.id,
    )


def _collect(index: Index, search: Search) -> Collected | None:
    """Read the list page by page; None if index or archive changed on the way."""
    first: tuple[int, int] | None = None
    entries: list[Entry] = []
    while True:
        page, state = _page(index, search, len(entries))
        first = first or state
        if state != first or any(entry.release.removed for entry in page):
            return None
        entries += page
        generation, total = state
        if len(entries) >= min(total, MAX_EXPORT):
            return Collected(search, total, generation, tuple(entries[:MAX_EXPORT]))
        if not page:
            return None


def _page(index: Index, search: Search, offset: int) -> tuple[list[Entry], tuple[int, int]]:
    """Some of the list, and what it is part of: generation and total."""
    asked = replace(search, k=MAX_K, offset=offset)
    if not search.text:
        sort = Sort.NEWEST if search.sort is Sort.RELEVANCE else search.sort
        listed = index.browse(search.filters, MAX_K, offset, sort)
        openings = enumerate(listed.openings, offset + 1)
        page = [Entry(rank, None, None, passage, _release(index, passage), ()) for rank, passage in openings]
        return page, (listed.generation, listed.total)
    answer = index.search(asked.query())
    page = [
        Entry(
            hit.rank,
            hit.band,
            hit.score,
            hit.passage,
            _release(index, hit.passage),
            tuple(dict.fromkeys(other.release.id for other in hit.identical)),
        )
        for hit in answer.hits
        if hit.rank <= answer.total  # what stands below the line answers nothing
    ]
    return page, (answer.generation, answer.total)


def _release(index: Index, passage: Passage) -> ArchivedRelease:
    return index.store.release(passage.release.id, passage.release.version)


def _notes(collected: Collected, today: date) -> Iterator[tuple[str, Value]]:
    search, filters = collected.search, collected.search.filters
    yield gettext("Pertanyaan"), search.text or gettext("(tanpa pertanyaan)")
    yield gettext("Dari"), filters.since
    yield gettext("Sampai"), filters.until
    yield gettext("Topik"), ", ".join(filters.topics)
    yield gettext("Instansi"), ", ".join(filters.agencies)
    yield gettext("Sumber"), ", ".join(filters.sources)
    yield gettext("Bahasa"), ", ".join(filters.languages)
    yield gettext("Cara mencari"), search.mode.value
    yield gettext("Urutan"), search.sort.value
    yield gettext("Versi"), gettext("yang sudah diganti") if search.superseded else gettext("yang berlaku")
    yield gettext("Siaran pers yang ditemukan"), collected.total
    yield gettext("Siaran pers di berkas ini"), len(collected.entries)
    if collected.is_cut:
        yield gettext("Batas"), gettext("Berkas ini memuat %(limit)s yang pertama saja.", limit=MAX_EXPORT)
    yield gettext("Tanggal unduh"), today
    yield gettext("Generasi indeks"), collected.generation
