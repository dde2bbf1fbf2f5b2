"""A passage as a page shows it: cut to size, and with what matched marked; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from markupsafe import Markup, escape

from index.answer import Marks
from index.sentences import Span

MAX_SHOWN_CHARS = 1_500
"""A passage on a page of results ends here; few paragraphs are longer."""

MAX_MORE_CHARS = 280
"""A further passage of the same release ends here: ten releases with five each shall not make a heavy page."""

WORD, SENTENCE = Markup("<b>{0}</b>"), Markup("<mark>{0}</mark>")

_NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Layer:
    """What is marked alike in a text.

    Attributes:
        spans: Character offsets, in order and apart.
        html: The element around each; `{0}` is what it holds, `{1}` its number.
        first: Number of the first.
    """

    spans: Sequence[Span]
    html: Markup
    first: int = 1


def excerpt(text: str, marks: Marks = _NO_MARKS, max_chars: int = MAX_SHOWN_CHARS) -> Markup:
    """Show a passage, or as much of it as fits around the sentence that is marked.

    Args:
        text: The passage; every character of it is escaped.
        marks: Where the sentence and the words stand that matched.
        max_chars: What fits.

    Returns:
        The text, with `<mark>` around the sentence and `<b>` around each word; a word that reaches beyond the sentence is
        marked in two pieces, so that the elements nest.
    """
    window = _window(text, marks.sentence, max_chars)
    sentence = () if marks.sentence is None else (marks.sentence,)
    html = overlay(text, (Layer(sentence, SENTENCE), Layer(marks.words, WORD)), window)
    return escape("… " if window[0] else "") + html + (" …" if window[1] < len(text) else "")


def overlay(text: str, layers: Sequence[Layer], window: Span | None = None) -> Markup:
    """Mark a text in several ways at once.

    Args:
        text: What is shown; every character of it is escaped.
        layers: The outermost first. What reaches beyond an element of an outer layer is marked in pieces, so that all nest.
        window: The part to show; all of it if None.
    """
    first, last = window or (0, len(text))
    places = (min(max(place, first), last) for layer in layers for span in layer.spans for place in span)
    return _nest(text, list(pairwise(sorted({first, last, *places}))), layers)


def _nest(text: str, pieces: Sequence[Span], layers: Sequence[Layer]) -> Markup:
    """Show adjoining pieces of a text, none of which an element of these layers cuts."""
    if not pieces:
        return Markup()
    if not layers:
        return escape(text[pieces[0][0] : pieces[-1][1]])
    layer, *inner = layers
    starts = [start for start, _ in layer.spans]

    def element(piece: Span) -> int | None:
        place = bisect_right(starts, piece[0]) - 1
        return place if place >= 0 and piece[1] <= layer.spans[place][1] else None

    shown = []
    for place, group in groupby(pieces, key=element):
        html = _nest(text, list(group), inner)
        shown.append(html if place is None else layer.html.format(html, layer.first + place))
    return Markup().join(shown)


def _window(text: str, sentence: Span | None, max_chars: int) -> Span:
    """The part of a text to show: its beginning, or what surrounds a sentence that stands further down."""
    if len(text) <= max_chars:
        return 0, len(text)
    first = 0
    if sentence and sentence[1] > max_chars:
        wanted = max(sentence[0] - max_chars // 4, 0)
        space = text.find(" ", wanted, sentence[0])
        first = space + 1 if space >= 0 else sentence[0]
    part = text[first : first + max_chars]
    if first + max_chars < len(text):
        part = part.rsplit(maxsplit=1)[0]
    return first, first + len(part)
