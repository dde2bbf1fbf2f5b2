"""Questions with their passages, drawn from an archive's own text: what a model learns from and is judged by; pure.

Nobody labels an archive, but its text answers questions of its own: a headline asks for its paragraphs, a sentence for the rest
of its paragraph and for its neighbours (inverse cloze, Lee, Chang & Toutanova, arXiv 1906.00300). Words are dropped from the
question, the rare ones first, so that a model must find by meaning what it could find by names.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from index.sentences import spans
from index.terms import terms

_LEAST_SENTENCE_CHARS = 30
_LEAST_WORDS = 3
_DROPPED_SHARE = 0.4  # of the words of a question, on average over rare and common ones
_WHOLE_SHARE = 0.2  # of the questions keep all their words
_CLOZE_SHARE = 0.9  # of the sentences are taken out of the paragraph that they ask for


@dataclass(frozen=True, slots=True)
class Source:
    """A release to draw from."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the passage that answers it.

    Attributes:
        question: A headline or a sentence, without some of its words.
        passage: A paragraph, without the sentence where the question is one of its own.
        source: Which of the sources it was drawn from.
        position: Which of its paragraphs the passage is.
    """

    question: str
    passage: str
    source: int
    position: int


class Drawer:
    """Draws pairs from releases; the same seed draws the same pairs."""

    def __init__(self, sources: Sequence[Source], seed: int = 0) -> None:
        """Count how rare words are.

        Raises:
            ValueError: There are no sources, or one without paragraphs.
        """
        if not sources or not all(source.paragraphs for source in sources):
            raise ValueError("need sources, each with a paragraph")
        self._sources = sources
        self._random = random.Random(seed)  # noqa: S311 - a draw, not a secret
        paragraphs = [paragraph for source in sources for paragraph in source.paragraphs]
        seen = Counter(term for paragraph in paragraphs for term in set(terms(paragraph)))
        self._rarest = math.log(len(paragraphs) + 1)
        self._rarity = {term: math.log((len(paragraphs) + 1) / count) for term, count in seen.items()}

    def rounds(self, count: int) -> list[Pair]:
        """Draw `count` pairs, from every source once before any is drawn from again."""
        pairs: list[Pair] = []
        while len(pairs) < count:
            order = self._random.sample(range(len(self._sources)), len(self._sources))
            pairs += [self._draw(number) for number in order[: count - len(pairs)]]
        return pairs

    def _draw(self, number: int) -> Pair:
        source = self._sources[number]
        position = self._random.randrange(len(source.paragraphs))
        passage = source.paragraphs[position]
        kind = self._random.choice(("title", "lead", "neighbour", "own"))
        if kind == "title":
            question = source.title
        elif kind == "lead":
            question = self._random.choice(_sentences(source.paragraphs[0]))
        elif kind == "neighbour":
            beside = min(max(position + self._random.choice((-1, 1)), 0), len(source.paragraphs) - 1)
            question = self._random.choice(_sentences(source.paragraphs[beside]))
        else:
            sentences = _sentences(passage)
            question = self._random.choice(sentences)
            if len(sentences) > 1 and self._random.random() < _CLOZE_SHARE:
                passage = " ".join(sentence for sentence in sentences if sentence is not question)
        if self._random.random() >= _WHOLE_SHARE:
            question = self._without_words(question)
        return Pair(question, passage, number, position)

    def _without_words(self, question: str) -> str:
        words = question.split()
        kept = [word for word in words if self._random.random() > 2 * _DROPPED_SHARE * self._rarity_of(word) / self._rarest]
        if len(kept) < _LEAST_WORDS:
            kept = [words[place] for place in sorted(self._random.sample(range(len(words)), min(_LEAST_WORDS, len(words))))]
        return " ".join(kept)

    def _rarity_of(self, word: str) -> float:
        return max((self._rarity.get(term, self._rarest) for term in terms(word)), default=0.0)


def _sentences(paragraph: str) -> list[str]:
    """Sentences long enough to mean something by themselves; the paragraph where none is."""
    found = [paragraph[start:end] for start, end in spans(paragraph)]
    return [sentence for sentence in found if len(sentence) >= _LEAST_SENTENCE_CHARS] or [paragraph]
