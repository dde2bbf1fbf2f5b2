"""More like this: what page and endpoint show beside a release or one of its paragraphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import ArchivedRelease, UnknownRelease
from web import problems
from web.holdings import current_holdings

if TYPE_CHECKING:
    from index import Similar


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is like a release, or like one paragraph of it.

    Attributes:
        release: In its current version.
        passage: Text of the paragraph; None where the release as a whole is compared.
        similar: Best first, one a release.
    """

    release: ArchivedRelease
    passage: str | None
    similar: list[Similar]


def find(id: str, position: int | None, k: int) -> Likeness | problems.Problem:
    """Find what is like a release or, with a position, like that paragraph of its current version.

    Raises:
        UnknownRelease: The archive holds no such release.
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged.
        ModelError: The model cannot be loaded.
    """
    index = current_holdings().index
    release = index.store.release(id)
    if release.removed:
        return problems.removed()
    passage = next((paragraph.text for paragraph in release.paragraphs if paragraph.position == position), None)
    if position is not None and passage is None:
        return problems.no_paragraph(position, len(release.paragraphs))
    try:
        similar = index.similar_releases(id, k) if position is None else index.similar_passages(id, position, k)
    except UnknownRelease:  # it is in the archive, but not in the index
        return problems.not_indexed_yet()
    return Likeness(release, passage, similar)
