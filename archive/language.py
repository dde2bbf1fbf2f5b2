"""Which language a release is in: Indonesian, one of the regional languages that offices write in, or English. Pure.

A model (py3langid) tells the languages apart that it knows. It knows no Sundanese, and takes it for Javanese: the small words
that every sentence needs tell these two apart.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_READ_CHARS = 300
# Headlines are mostly names: below eight words, one in twenty Indonesian lines came out as something else.
_FEWEST_WORDS = 8
_LEAST_PROBABILITY = 0.6
# Of 590 Indonesian texts, five came out as Malay, and nobody here publishes in Malay. The last three occur in annexes.
_MODEL_LANGUAGES = {"id": "id", "ms": "id", "jv": "jv", "en": "en", "nl": "nl", "ar": "ar", "zh": "zh"}

_WORD = re.compile(r"[^\W\d_]+(?:['’`][^\W\d_]+)*")
# Only words that the other two do not have: "dina", "kudu" and "sareng" are Sundanese, and Javanese too.
_SMALL_WORDS = {
    "su": "nu anu aya jeung pikeun teh téh mah ieu éta tina ku ti teu henteu oge ogé nyaeta nyaéta ngeunaan kénéh saur ceuk"
    " cenah anjeunna anjeun dieu barudak urang nepi sangkan geus parantos",
    "jv": "ing kang sing lan iki iku kuwi ora saka karo marang wong dene déné uga yaiku ana wis menyang supaya dening"
    " déning wonten ingkang punika saking dhateng mboten kanthi kanggo awit amarga",
    "id": "yang dan di untuk dengan ini itu pada dari dalam oleh juga akan tidak adalah sebagai telah kepada karena bisa ada",
}
_COUNTED = {code: frozenset(words.split()) for code, words in _SMALL_WORDS.items()}


def language(text: str) -> str | None:
    """ISO 639-1 code of the language that a text opens in: "id", "jv", "su", "en"; rarely "nl", "ar" or "zh".

    Only its first 300 characters are read. None for less than eight words, and where no language is clearly the likeliest.
    """
    opening = text.strip()[:_READ_CHARS]
    words = _WORD.findall(opening.lower())
    code, probability = _detect(opening) if _is_enough(opening, words) else (None, 0.0)
    if code in {"id", "jv"} and _is_sundanese(words, code, probability):
        return "su"
    return code if probability >= _LEAST_PROBABILITY else None


def _is_enough(opening: str, words: list[str]) -> bool:
    # Chinese puts no spaces between its words.
    return len(words) >= _FEWEST_WORDS or sum("\u4e00" <= char <= "\u9fff" for char in opening) >= _FEWEST_WORDS


def _detect(opening: str) -> tuple[str, float]:
    likely: dict[str, float] = {}
    for code, probability in _load().rank(opening):
        known = _MODEL_LANGUAGES[code]
        likely[known] = likely.get(known, 0.0) + probability
    best = max(likely, key=lambda code: likely[code])
    return best, likely[best]


def _is_sundanese(words: list[str], taken_for: str, probability: float) -> bool:
    found, others = (sum(word in _COUNTED[code] for word in words) for code in ("su", taken_for))
    # One such word among Indonesian ones is a name or a quotation.
    is_regional = taken_for == "jv" and probability >= _LEAST_PROBABILITY
    return found > others and found >= (1 if is_regional else 2)


@cache
def _load() -> LanguageIdentifier:
    # Reading the model takes most of a second, which only those wait for who read releases.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_MODEL_LANGUAGES))
    return identifier
