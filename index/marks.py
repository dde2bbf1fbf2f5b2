"""Which words of a passage a query named; pure."""

from __future__ import annotations

from collections.abc import Collection

from index.sentences import Span
from index.terms import matching


def word_spans(text: str, query_terms: Collection[str]) -> list[Span]:
    """Find the words of a passage that match a query's words exactly: as the same term, so *melayani* matches *pelayanan*.

    Args:
        text: The passage.
        query_terms: What `index.terms.terms` made of the query. Stop-words are no terms, so they never match.

    Returns:
        (start, end) offsets in the passage, in reading order and apart. A short form matches if the query has every word that
        it stands for: *Pemkot* for *pemerintah kota*, not for *kota*.
    """
    return matching(text, frozenset(query_terms))
