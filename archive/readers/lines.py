"""Lines as they stand on pages, joined to the paragraphs that they were set from; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from archive.conventions import dateline_city

_PAGE_NUMBER = re.compile(r"\W*(?:(?:halaman|hal|page|hlm)\b\.?\s*)?\d{1,4}(?:\s*(?:dari|of|/)\s*\d{1,4})?\W*", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_EDGE_LINES = 2  # how many lines at the top and at the bottom of a page may be a running head or foot
_INDENT = 8.0  # points to the right of the margin that begin a paragraph
_WIDER_GAP = 1.3  # times the usual distance of lines that part paragraphs
_WIDEST_LEADING = 1.9  # sizes of letters: lines further apart are paragraphs, even if no others stand closer
_SAME_SIZE = 1.08  # letters that differ by more than this factor are another paragraph's
_SENTENCE_ENDS = ".!?…:”’\"')"
_HYPHEN = re.compile(r"(\w+)[-\u00ad\u2010]$")
_FIRST_WORD = re.compile(r"\w+")
_SHORT_LINE = 0.75  # of the longest line: a line that ends a sentence before this ends its paragraph


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page: its left end and base line in points from the page's lower left corner, and its letters' size."""

    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together."""

    text: str
    size: float


def drop_running(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Leave out page numbers, heads that are drawn last, and what recurs at the edges of pages, whatever its digits."""
    edges = Counter(key for page in pages for key in {_key(line) for line in _edge(page)})
    needed = max(2, (len(pages) + 1) // 2)

    def runs(page: Sequence[Line], line: Line) -> bool:
        if not any(line is one for one in _edge(page)):
            return False
        is_drawn_late = line is not page[0] and line.y > page[0].y  # above the first line, though drawn with the last ones
        return is_drawn_late or edges[_key(line)] >= needed or _PAGE_NUMBER.fullmatch(line.text) is not None

    return [[line for line in page if not runs(page, line)] for page in pages]


def join_lines(pages: Sequence[Sequence[Line]]) -> list[Paragraph]:
    """The paragraphs of pages, of which one may go on over the turn of a page.

    A line begins a paragraph if it stands further below the line before than lines usually do, is indented, has letters of
    another size, or follows a short line that ended a sentence.
    """
    gaps = [
        (first.y - second.y) / second.size
        for page in pages
        for first, second in pairwise(page)
        if first.y > second.y and _alike(first, second)
    ]
    # The tightest distance that is common, since where each line is a paragraph the usual distance is that of paragraphs.
    leading = _tightest(gaps)
    longest = max((len(line.text) for page in pages for line in page), default=0)
    groups: list[list[Line]] = []
    for page in pages:
        margin = _margin(page)
        for number, line in enumerate(page):
            before = groups[-1][-1] if groups else None
            if before is None:
                begins = True
            elif number == 0:
                begins = not _goes_on(before, line, margin)
            else:
                begins = _begins(before, line, leading, margin, longest)
            if begins:
                groups.append([line])
            else:
                groups[-1].append(line)
    return [Paragraph(_join([line.text for line in group]), median(line.size for line in group)) for group in groups]


def _edge(page: Sequence[Line]) -> list[Line]:
    return [*page[:_EDGE_LINES], *page[-_EDGE_LINES:]]


def _key(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text), round(line.y / 4)


def _alike(first: Line, second: Line) -> bool:
    return max(first.size, second.size) <= _SAME_SIZE * min(first.size, second.size)


def _tightest(gaps: Sequence[float]) -> float:
    """The smallest distance of lines, in sizes of their letters, that is common."""
    counted = Counter(round(gap, 1) for gap in gaps)
    common = [gap for gap, count in counted.items() if count >= max(1, len(gaps) // 8)]
    return min(_WIDEST_LEADING, *common) if common else 0.0


def _margin(page: Sequence[Line]) -> float:
    """Where most lines begin, of which an indented first line is not one."""
    counted = Counter(round(line.x) for line in page)
    common = [x for x, count in counted.items() if count >= len(page) / 5]
    return float(min(common, default=0))


def _begins(before: Line, line: Line, leading: float, margin: float, longest: int) -> bool:
    if not _alike(before, line) or dateline_city(line.text):
        return True
    gap = before.y - line.y
    if leading and abs(gap) > leading * _WIDER_GAP * line.size:
        return True
    if line.x > margin + _INDENT and before.x <= line.x - _INDENT:
        return True
    return before.text[-1] in _SENTENCE_ENDS and len(before.text) < longest * _SHORT_LINE


def _goes_on(before: Line, line: Line, margin: float) -> bool:
    """Whether the first line of a page continues the last line of the page before."""
    if not _alike(before, line) or line.x > margin + _INDENT:
        return False
    return before.text[-1] not in _SENTENCE_ENDS or line.text[0].islower()


def _join(lines: Sequence[str]) -> str:
    text = lines[0]
    for line in lines[1:]:
        hyphen, first = _HYPHEN.search(text), _FIRST_WORD.match(line)
        if hyphen is None or first is None or not first[0][0].islower():
            text = f"{text}{'' if hyphen else ' '}{line}"
        elif _is_doubled(hyphen[1], first[0]):
            text = f"{text}{line}"
        else:
            text = f"{text[:-1]}{line}"
    return text


def _is_doubled(before: str, after: str) -> bool:
    """Whether two halves are a word said twice, as Indonesian does, and keep their hyphen: "anak-anak", "warna-warni"."""
    before, after = before.lower(), after.lower()
    if after[:3] == before[:3] or before[1:] == after[1:]:
        return True
    return any(before.endswith(after[:length]) for length in range(4, len(after) + 1))
