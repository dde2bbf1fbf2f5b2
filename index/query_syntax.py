"""What a reader typed, as what to look for, what must be there and what must not; pure.

- A phrase in quotation marks must be contained: its terms one behind the other, as `index.terms` makes them of texts. Double
  marks of any shape quote, also ‘’two single ones’’ as Indonesian newsrooms type them; a single mark quotes only where it
  cannot be an apostrophe. A mark without its partner is text.
- A minus right before a word or a phrase excludes what contains it. A minus within a word (*warga-warga*), before a space or
  before a number (*2019 -2021*, *-5 derajat*) does not; a number is excluded in quotation marks: *-"2021"*.

Stop-words are no terms: a phrase of nothing else asks for nothing beyond its meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.terms import terms

Phrase = tuple[str, ...]

_OPERATOR = re.compile(
    r"""
    (?P<minus>(?<!\S)[-−](?=[^\W\d_]|["“”„«‘’'`]))?
    (?:
        (?<!\w)["“”„«](?P<double>[^"“”„«»]+)["“”»](?!\w)
      | (?<!\w)[‘’'`]{2}(?P<doubled>.{1,1000}?)[‘’'`]{2}(?!\w)
      | (?<![^\s(−-])[‘'](?P<single>\w(?:[^‘’'"“”]|(?<=\w)['’](?=\w))+)(?<=\S)[’'](?=[\s).,;:?!]|$)
      | (?(minus)(?P<word>[^\W\d_][^\s"“”„«»]*)|(?!))
    )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query asks for.

    Attributes:
        meaning: Text for the encoder and for `index.terms`: without quotation marks and without what is excluded.
        required: Phrases that a passage must contain, each as its terms in order.
        excluded: Phrases that a passage must not contain; a single word is a phrase of one.
    """

    meaning: str
    required: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()


def parse(text: str) -> Wanted:
    """Read what a reader typed.

    >>> parse('"wali kota" harus melayani -parkir')
    Wanted(meaning='wali kota harus melayani', required=(('wali', 'kota'),), excluded=(('parkir',),))

    Raises:
        ValueError: The query excludes, but asks for nothing.
    """
    required: dict[Phrase, None] = {}
    excluded: dict[Phrase, None] = {}

    def read(match: re.Match[str]) -> str:
        phrase = next(match[name] for name in ("double", "doubled", "single", "word") if match[name] is not None)
        if not any(map(str.isalnum, phrase)):
            return match[0]
        (excluded if match["minus"] else required)[tuple(terms(phrase))] = None
        return " " if match["minus"] else f" {phrase} "

    meaning = _tidy(_OPERATOR.sub(read, text))
    if excluded and not any(map(str.isalnum, meaning)):
        raise ValueError(f"the query {text.strip()!r} only says what to leave out: add what to look for, or drop the minus")
    required.pop((), None)
    excluded.pop((), None)
    return Wanted(meaning, tuple(required), tuple(excluded))


def _tidy(text: str) -> str:
    """One space between words, and none left where a quotation mark went before punctuation."""
    return re.sub(r"\s+(?=[,.;:?!)]+(?:\s|$))", "", " ".join(text.split())).replace("( ", "(")
