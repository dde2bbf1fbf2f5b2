"""One release as its reader sees it: what a search found in it, what was looked for in it, and ways from one to the next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext
from markupsafe import Markup

from archive import ArchivedRelease
from index import Hit, Index, NoGeneration
from index.answer import Marks
from index.marks import word_spans
from index.terms import terms
from web import within
from web.marking import WORD, Layer, overlay
from web.parameters import MAX_PARAGRAPH, MAX_VERSION, SEARCH, Fields, ParameterError, Search, parse_search
from web.plain_text import one_line
from web.problems import UNUSABLE

FIELDS = ("p", "v", "within", "at", *SEARCH)
"""Parameters of the page."""

MAX_WITHIN_CHARS = 100
MAX_FOUND = 1_000
"""Finds within a release that are marked, so that a search for one letter does not make a page that no browser can show."""

_PASSAGE = Markup("<mark>{0}</mark>")
_NEAREST = Markup('<span class="nearest">{0}</span>')
_FOUND = Markup('<mark class="found" id="w{1}">{0}</mark>')
_NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for.

    Attributes:
        position: Paragraph that brought the reader here.
        version: Which text; None for the current one.
        within: Words to look for in the text; may be empty.
        at: Which find of these the reader has come to, counted from 1.
        came_from: The search that led here.
    """

    position: int | None
    version: int | None
    within: str
    at: int
    came_from: Search

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of a URL, leaving out what is at its default."""
        own = {"p": self.position, "v": self.version, "within": self.within or None, "at": self.at if self.at > 1 else None}
        return {name: value for name, value in own.items() if value is not None} | self.came_from.arguments()

    def link(self, id: str, anchor: str | None = None) -> str:
        """Where the page of a release stands that is asked for like this."""
        return url_for("pages.release", id=id, _anchor=anchor, **self.arguments())


@dataclass(frozen=True, slots=True)
class Steps:
    """Where a reader stands among what was found, and the way to the next.

    Attributes:
        number: Which one it is, counted from 1; None where the reader stands at none.
        total: How many there are.
        previous: Address of the one before, if any.
        following: Address of the one after, if any.
        is_cut: There are more, which are not counted.
    """

    number: int | None
    total: int
    previous: str | None = None
    following: str | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, marked.

    Attributes:
        position: Where it stands in its version.
        html: Its text.
        number: Which passage that the search found it is, counted from 1; None if it is none.
        is_marked: It brought the reader here.
    """

    position: int
    html: Markup
    number: int | None
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A release, marked.

    Attributes:
        paragraphs: In reading order.
        matches: Ways between the passages that the search found.
        found: Ways between the finds of what was looked for in the text.
    """

    paragraphs: tuple[Paragraph, ...]
    matches: Steps
    found: Steps


def parse(fields: Fields) -> Asked:
    """Read what the address asks for.

    Raises:
        ParameterError: A parameter cannot be used.
    """
    wanted = one_line(fields.text("within") or "")
    if len(wanted) > MAX_WITHIN_CHARS:
        raise ParameterError(
            "within",
            wanted,
            lazy_gettext("Yang dicari di teks ini terlalu panjang: %(chars)s karakter.", chars=len(wanted)),
            lazy_gettext("Pakai paling banyak %(limit)s karakter.", limit=MAX_WITHIN_CHARS),
        )
    return Asked(
        fields.integer("p", 0, MAX_PARAGRAPH),
        fields.integer("v", 1, MAX_VERSION),
        wanted,
        fields.integer("at", 1, MAX_FOUND) or 1,
        parse_search(fields),
    )


def find_matches(index: Index, release: ArchivedRelease, search: Search) -> dict[int, Marks]:
    """Find which paragraphs of a release a search finds above the line, and why, by position in reading order.

    What is indexed may be another version than is read: a passage counts where the text is the same. There are none where
    nothing can be searched, for the release can be read all the same.
    """
    if not search.text:
        return {}
    try:
        hits: tuple[Hit, ...] = index.passages_of(search.query(), release.id)
    except (ParameterError, NoGeneration, *UNUSABLE):
        return {}
    texts = {paragraph.position: paragraph.text for paragraph in release.paragraphs}
    return {hit.passage.position: hit.marks for hit in hits if texts.get(hit.passage.position) == hit.passage.text}


def read(release: ArchivedRelease, asked: Asked, matches: Mapping[int, Marks]) -> Reading:
    """Mark a release.

    Args:
        release: In the version that is read.
        asked: What the address asks for.
        matches: What `find_matches` found in it.
    """
    numbers = {position: number for number, position in enumerate(matches, 1)}
    paragraphs = []
    found = 0
    is_cut = False
    for paragraph in release.paragraphs:
        is_marked = paragraph.position == asked.position
        spans = within.find(paragraph.text, asked.within, MAX_FOUND - found + 1)
        is_cut = is_cut or len(spans) > MAX_FOUND - found
        spans = spans[: MAX_FOUND - found]
        layers = [Layer(spans, _FOUND, found + 1)]
        if is_marked:
            marks = matches.get(paragraph.position) or Marks(words=_words(paragraph.text, asked.came_from))
            sentence = () if marks.sentence is None else (marks.sentence,)
            whole = ((0, len(paragraph.text)),)
            layers = [Layer(whole, _PASSAGE), *layers, Layer(sentence, _NEAREST), Layer(marks.words, WORD)]
        html = overlay(paragraph.text, layers)
        paragraphs.append(Paragraph(paragraph.position, html, numbers.get(paragraph.position), is_marked))
        found += len(spans)
    return Reading(
        tuple(paragraphs), _between_matches(release, asked, list(matches)), _between_finds(release, asked, found, is_cut)
    )


def _words(text: str, search: Search) -> tuple[tuple[int, int], ...]:
    """Words of the search in a passage that it does not find above the line."""
    return tuple(word_spans(text, terms(search.text))) if search.text else ()


def _between_matches(release: ArchivedRelease, asked: Asked, positions: list[int]) -> Steps:
    def link(position: int) -> str:
        there = replace(asked, position=position, version=release.version, at=1)
        return there.link(release.id, f"p{position}")

    here = -1 if asked.position is None else asked.position
    before, after = bisect_left(positions, here), bisect_right(positions, here)
    return Steps(
        after if before < after else None,
        len(positions),
        link(positions[before - 1]) if before else None,
        link(positions[after]) if after < len(positions) else None,
    )


def _between_finds(release: ArchivedRelease, asked: Asked, total: int, is_cut: bool) -> Steps:
    """As in a browser, the first follows the last."""

    def link(number: int) -> str:
        return replace(asked, at=number).link(release.id, f"w{number}")

    if not total:
        return Steps(None, 0)
    number = min(asked.at, total)
    return Steps(number, total, link(number - 1 or total), link(number % total + 1), is_cut)
