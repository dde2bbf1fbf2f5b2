"""Questions in the words of officials, beside those that they were asked in.

A reader remembers what was said, not what it was called: *duit* for *uang*, *meja hijau* for *pengadilan*. A small model
knows such words less well than those that newspapers are full of. So a question is read twice, as typed and with its unusual
words put as a press release puts them, and what it asks for is the mean of both: where the thesaurus is right it leads the
model on, and where it is wrong it only dilutes. Several wordings of one need, put together, find more than any one of them
(Belkin et al., "Combining the Evidence of Multiple Query Representations for Information Retrieval", Information Processing &
Management, 1995).

The thesaurus is the project's own, and Indonesian; a question in English stays as it is. It is for meaning only: words are
searched for as they were typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files

from index.encoder import Matrix, unit
from index.stop_words import ENGLISH, INDONESIAN

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CLITIC = re.compile(r"(.{3,}?)(?:nya|lah|kah|pun)")


def encode(encode_queries: Callable[[Sequence[str]], Matrix], questions: Sequence[str]) -> Matrix:
    """Embed questions, each as the mean of how it was asked and how officials would put it.

    Args:
        encode_queries: A model's: takes texts and returns their vectors, unit rows.
        questions: What readers typed.

    Returns:
        float32, shape (len(questions), dim); every row has unit length.
    """
    others = {place: other for place, question in enumerate(questions) if (other := reworded(question)) != question}
    vectors = encode_queries([*questions, *others.values()])
    asked = vectors[: len(questions)].copy()
    asked[list(others)] += vectors[len(questions) :]
    return unit(asked)


def reworded(question: str) -> str:
    """Put a question's unusual words as officials put them; all else stays as it is.

    Of overlapping expressions the first counts, of those the longest. A word with a capital within a question may be a name.

    >>> reworded("duitnya kalah di meja hijau")
    'uang kalah di pengadilan'
    """
    words = list(_WORD.finditer(question))
    folded = [word[0].casefold() for word in words]
    if _is_english(folded):
        return question
    official, longest = _thesaurus()
    parts, end, place = [], 0, 0
    while place < len(words):
        for after in range(min(place + longest, len(words)), place, -1):
            known = next((known for known in _spellings(folded[place:after]) if known in official), None)
            if known is None or not _is_phrase(question, words[place:after]):
                continue
            if official[known] != known and not (place and _is_name(words[place][0])):
                parts += [question[end : words[place].start()], " ".join(official[known])]
                end = words[after - 1].end()
            place = after - 1
            break
        place += 1
    return "".join([*parts, question[end:]])


def _spellings(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Words as they are, and without what a clitic adds to the last of them, as to *duit* in *duitnya*."""
    *before, last = words
    yield (*before, last)
    if bare := _CLITIC.fullmatch(last):
        yield (*before, bare[1])


def _is_phrase(question: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether nothing but space stands between words."""
    return question[words[0].start() : words[-1].end()].split() == [word[0] for word in words]


def _is_name(word: str) -> bool:
    return word[0].isupper() and not word.isupper()


def _is_english(words: Sequence[str]) -> bool:
    return sum(word in ENGLISH for word in words) > sum(word in INDONESIAN for word in words)


@cache
def _thesaurus() -> tuple[dict[tuple[str, ...], tuple[str, ...]], int]:
    """The official expression for each one known, itself included, all cut into words; and how many words the longest has."""
    official: dict[tuple[str, ...], tuple[str, ...]] = {}
    for file in (files("index") / "thesaurus").iterdir():
        for line in file.read_text(encoding="utf-8").splitlines():
            head, variants = line.split(": ")
            official |= {tuple(known.split()): tuple(head.split()) for known in (head, *variants.split(", "))}
    return official, max(map(len, official))
