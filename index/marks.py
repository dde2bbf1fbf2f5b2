"""Which words of a passage a query named; pure."""

from __future__ import annotations

from collections.abc import Collection

from index.sentences import Span
from index.terms import matching

_MARKED_CHARS = 20_000  # no reader follows marks further into one paragraph, and a paragraph of a megabyte takes a second


def word_spans(text: str, query_terms: Collection[str]) -> list[Span]:
    """Find the words of a passage that match a query's words exactly: as the same term, so *melayani* matches *pelayanan*.

    Args:
        text: The passage.
        query_terms: What `index.terms.terms` made of the query. Stop-words are no terms, so they never match.

    Returns:
        (start, end) offsets in the passage, in reading order and apart; of a very long passage, those in its beginning. A short
        form matches if the query has every word that it stands for: *Pemkot* for *pemerintah kota*, not for *kota*.
    """
    return matching(text[:_MARKED_CHARS], frozenset(query_terms))
