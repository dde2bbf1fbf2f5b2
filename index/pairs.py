"""Questions with their passages, drawn from an archive's own text: what a model learns from and is judged by; pure.

Nobody labels an archive, but its text answers questions of its own: a headline asks for its release's paragraphs, a sentence
for those beside its own (inverse cloze, Lee, Chang & Toutanova, arXiv 1906.00300). Each word that the passage shares is taken
out of the question, so that nothing but meaning leads from one to the other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.sentences import spans
from index.terms import terms

_LEAST_SENTENCE_CHARS = 30
_LEAST_WORDS = 4
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A release to draw from.

    Attributes:
        title: Its headline.
        paragraphs: Its paragraphs, at least one.
        row: Row of the first of them in the index; the others follow.
    """

    title: str
    paragraphs: tuple[str, ...]
    row: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the passage that it asks for.

    Attributes:
        question: A headline or a sentence.
        row: Row of the passage in the index.
    """

    question: str
    row: int


class Drawer:
    """Draws pairs from releases; the same seed draws the same pairs."""

    def __init__(self, sources: Sequence[Source], seed: int = 0, keep_shared: bool = False) -> None:
        """Prepare the releases.

        Args:
            sources: What to draw from.
            seed: Of the drawing.
            keep_shared: Leave the questions as they are, as one asked in the passage's own words.

        Raises:
            ValueError: There are no sources, or one without paragraphs.
        """
        if not sources or not all(source.paragraphs for source in sources):
            raise ValueError("need sources, each with a paragraph")
        self._sources = sources
        self._random = random.Random(seed)  # noqa: S311 - a draw, not a secret
        self._keep_shared = keep_shared

    def draw(self, count: int) -> list[Pair]:
        """Draw `count` pairs, from every source before any is drawn from again.

        Raises:
            ValueError: No source holds two texts that differ enough.
        """
        pairs: list[Pair] = []
        while len(pairs) < count:
            drawn = list(self._round())
            if not drawn:
                raise ValueError(f"none of {len(self._sources)} releases says anything in two ways: no question can be drawn")
            pairs += drawn
        return pairs[:count]

    def _round(self) -> Iterator[Pair]:
        for source in self._random.sample(self._sources, len(self._sources)):
            for _ in range(_TRIES):
                place = self._random.randrange(len(source.paragraphs))
                question = self._question(source, place)
                if len(question.split()) >= _LEAST_WORDS:
                    yield Pair(question, source.row + place)
                    break

    def _question(self, source: Source, place: int) -> str:
        """A question for one of a release's paragraphs, from its headline, its lead or a paragraph beside it."""
        beside = min(max(place + self._random.choice((-1, 1)), 0), len(source.paragraphs) - 1)
        kind = self._random.choice(("title", "lead", "neighbour"))
        if kind == "title":
            question = source.title
        else:
            question = self._random.choice(_sentences(source.paragraphs[0 if kind == "lead" else beside]))
        if self._keep_shared:
            return question
        shared = set(terms(source.paragraphs[place]))
        return " ".join(word for word in question.split() if shared.isdisjoint(terms(word)))


def _sentences(paragraph: str) -> list[str]:
    """Sentences long enough to mean something by themselves; the paragraph where none is."""
    found = [paragraph[start:end] for start, end in spans(paragraph)]
    return [sentence for sentence in found if len(sentence) >= _LEAST_SENTENCE_CHARS] or [paragraph]
