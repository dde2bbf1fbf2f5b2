"""What changed between two versions of a text: which paragraphs, and which words within them; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.5  # share of words that two paragraphs have in common when one is taken for the other, edited
_MAX_PAIRS = 10_000  # paragraphs compared with each other in one stretch
_MAX_CELLS = 1_000_000  # tokens compared with each other in one paragraph


class Mark(Enum):
    """What became of a stretch of text."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a paragraph; what was removed stands before what was added in its place."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A paragraph of the one version, the other, or both.

    Attributes:
        old: Its position in the old version; None if it is new.
        new: Its position in the new version; None if it was removed.
        spans: Its text, old and new in one.
    """

    old: int | None
    new: int | None
    spans: tuple[Span, ...]

    @property
    def is_kept(self) -> bool:
        """Whether not a character changed."""
        return all(span.mark is Mark.KEPT for span in self.spans)


def compare(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Compare two texts paragraph by paragraph, and what was edited word by word.

    Paragraphs are matched in order, first those that are the same, then between them those that have most words in common; one
    that moved is removed here and added there. The old text is what is kept and removed, in order; the new, kept and added.

    Args:
        old: Paragraphs.
        new: Paragraphs.

    Returns:
        Every paragraph of both, in reading order.
    """
    changes: list[Change] = []
    for name, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if name == "equal":
            pairs = zip(range(first, last), range(new_first, new_last), strict=True)
            changes += [Change(before, after, (Span(Mark.KEPT, old[before]),)) for before, after in pairs]
            continue
        for place, new_place in _align(old[first:last], new[new_first:new_last]):
            before = None if place is None else first + place
            after = None if new_place is None else new_first + new_place
            if before is None and after is not None:
                spans: tuple[Span, ...] = (Span(Mark.ADDED, new[after]),)
            elif before is not None and after is None:
                spans = (Span(Mark.REMOVED, old[before]),)
            elif before is not None and after is not None:
                spans = compare_words(old[before], new[after])
            changes.append(Change(before, after, spans))
    return changes


def compare_words(old: str, new: str) -> tuple[Span, ...]:
    """What was kept, removed and added between two texts. A space between two edits is part of them: "satu dua" is one edit."""
    tokens, new_tokens = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(tokens) * len(new_tokens) > _MAX_CELLS:
        return tuple(_joined([(tokens, new_tokens)]))
    edits: list[tuple[list[str], list[str]]] = []
    # Spaces match only beside words that do: they are everywhere, and comparing each with each takes for ever.
    matcher = SequenceMatcher(str.isspace, tokens, new_tokens, autojunk=False)
    for name, first, last, new_first, new_last in matcher.get_opcodes():
        removed, added = tokens[first:last], new_tokens[new_first:new_last]
        is_inner = last < len(tokens) and new_last < len(new_tokens)
        joins = name != "equal" or (is_inner and not any(map(str.isalnum, "".join(removed))))
        if joins and edits and edits[-1][0] != edits[-1][1]:
            edits[-1][0].extend(removed)
            edits[-1][1].extend(added)
        else:
            edits.append((removed, added))
    return tuple(_joined(edits))


def _joined(edits: Sequence[tuple[list[str], list[str]]]) -> Iterator[Span]:
    for removed, added in edits:
        if removed == added:
            yield Span(Mark.KEPT, "".join(removed))
            continue
        # What both sides share at their ends, such as the space after two words that were replaced, did not change.
        head = _shared(removed, added)
        tail = _shared(removed[head:][::-1], added[head:][::-1])
        for mark, tokens in (
            (Mark.KEPT, removed[:head]),
            (Mark.REMOVED, removed[head : len(removed) - tail]),
            (Mark.ADDED, added[head : len(added) - tail]),
            (Mark.KEPT, removed[len(removed) - tail :]),
        ):
            if tokens:
                yield Span(mark, "".join(tokens))


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _align(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Pair paragraphs that were edited, in order, so that the pairs have as many words in common as can be."""
    pairs = _pairs(old, new) if len(old) * len(new) <= _MAX_PAIRS else []
    place, new_place = 0, 0
    for paired, new_paired in [*pairs, (len(old), len(new))]:
        yield from ((one, None) for one in range(place, paired))
        yield from ((None, one) for one in range(new_place, new_paired))
        if paired < len(old):
            yield paired, new_paired
        place, new_place = paired + 1, new_paired + 1


def _pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    words, new_words = ([Counter(re.findall(r"\w+", text.lower())) for text in texts] for texts in (old, new))
    alike = [[_likeness(one, other) for other in new_words] for one in words]
    # best[i][j]: the most that the paragraphs from i and j on can have in common.
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], alike[i][j] + best[i + 1][j + 1] if alike[i][j] else 0.0)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Share of words in common, 0 where it is too small to tell."""
    count = one.total() + other.total()
    share = 2 * (one & other).total() / count if count else 0.0
    return share if share >= _ALIKE else 0.0
