"""The texts that a generation's rows stand for: the archive may have moved on since they were indexed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Semaphore
from typing import TypeVar

import numpy as np

from archive import Passage, Store, UnknownRelease
from index import trace
from index.generation import Generation, GenerationError

Result = TypeVar("Result")


class Shelf:
    """An archive, as a generation sees it. Safe to share between threads."""

    def __init__(self, store: Store, turns: Semaphore) -> None:
        """Look at an archive; a turn is taken to look."""
        self._store = store
        self._turns = turns

    def consistently(self, live: Generation, look: Callable[[np.ndarray], Result | None]) -> Result:
        """Look until what was found is all there: a keeper may remove a release between two queries.

        Args:
            live: What is looked through.
            look: Takes which releases are present, bool, shape (r,); gives None if one of them was not after all.

        Raises:
            GenerationError: The archive beside the generation is another one.
        """
        trace.note_generation(live.meta.number)
        while True:
            state = self._store.state()
            with self._turns:
                found = look(self.present(live, state))
            if found is not None:
                return found
            if self._store.state() == state:
                raise GenerationError(
                    f"generation {live.meta.number} does not fit the archive beside it: run telusur index --rebuild"
                )

    def present(self, live: Generation, state: int) -> np.ndarray:
        """Releases that have not been removed since they were indexed, when the archive is in a state: bool, shape (r,)."""
        present = np.ones(len(live.layout.starts), dtype=bool)
        if state != live.meta.archive_state and (removed := self._store.removed_paragraph_ids()):
            rows = live.rows_of(np.array(removed, dtype=np.int64))
            present[live.releases[rows[rows >= 0]]] = False
        return present

    def passages(self, live: Generation, rows: Sequence[int]) -> dict[int, Passage] | None:
        """Passages by row; None if the archive does not hold each of them."""
        ids = {row: int(live.paragraph_ids[row]) for row in rows}
        with trace.stage("archive"):
            found = self._store.fetch_passages(ids.values())
        return {row: found[id] for row, id in ids.items()} if len(found) == len(ids) else None

    def row(self, live: Generation, release_id: str, position: int) -> int:
        """Where a paragraph of a release's current version stands.

        Raises:
            UnknownRelease: There is no such release or paragraph, or it has not been indexed yet.
        """
        paragraph_id = self._store.paragraph_id(release_id, position)
        row = int(live.rows_of(np.array([paragraph_id]))[0])
        if row < 0:
            raise UnknownRelease(f"release {release_id!r} has changed and is not indexed yet: run telusur index")
        return row
