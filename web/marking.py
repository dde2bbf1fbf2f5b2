"""A passage as a page shows it: cut to size, and with what matched marked; pure."""

from __future__ import annotations

from itertools import groupby, pairwise

from markupsafe import Markup, escape

from index.answer import Marks
from index.sentences import Span

MAX_SHOWN_CHARS = 1_500
"""A passage on a page of results ends here; few paragraphs are longer."""

MAX_MORE_CHARS = 280
"""A further passage of the same release ends here: ten releases with five each shall not make a heavy page."""


_NO_MARKS = Marks()
_PLAIN, _WORD, _SENTENCE = Markup("{}"), Markup("<b>{}</b>"), Markup("<mark>{}</mark>")


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
    first, last = _window(text, marks.sentence, max_chars)
    spans = marks.words if marks.sentence is None else (marks.sentence, *marks.words)
    cuts = sorted({first, last, *(min(max(place, first), last) for span in spans for place in span)})
    html = escape("… " if first else "")
    for in_sentence, pieces in groupby(pairwise(cuts), key=lambda piece: _within(piece, marks.sentence)):
        inner = escape("")
        for piece in pieces:
            is_matched = any(_within(piece, word) for word in marks.words)
            inner += (_WORD if is_matched else _PLAIN).format(text[slice(*piece)])
        html += (_SENTENCE if in_sentence else _PLAIN).format(inner)
    return html + (" …" if last < len(text) else "")


def _within(piece: Span, span: Span | None) -> bool:
    return span is not None and span[0] <= piece[0] and piece[1] <= span[1]


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
