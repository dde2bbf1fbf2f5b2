"""Undo what copying did to a text, and nothing else. Pure.

Text that was decoded wrongly on its way ("CafÃ©") is restored; spaces, line ends and invisible characters become plain ones.
What a publisher chose stays: quotation marks, dashes, ligatures, wide letters, spelling.

Control characters such as U+0000 stay too. No release may contain them, and only a reader knows what its format means by them.
"""

from __future__ import annotations

import re

from ftfy import TextFixerConfig, fix_encoding

_MOJIBAKE = TextFixerConfig(replace_lossy_sequences=False)
# Damage shows in letters and signs. Most releases have nothing beyond ASCII but typographic marks, and are done at once.
_MAY_BE_DAMAGED = re.compile("[^\x00-\x0c\x0e-\x7f–—‘’“”…•]")
_LINE_ENDS = re.compile("\r\n?|\u2028")
_PARAGRAPH_ENDS = re.compile("\u2029")
_ODD_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Hyphens that only show where a line breaks, and what has no width: it splits words for a search, or hides text in them.
# So do marks that turn the direction of writing, and tags; the fillers look like spaces but are letters.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# Joiners shape Arabic, Javanese script and emoji. Beside Latin letters they are as stray as the rest.
_STRAY_JOINERS = re.compile("(?<![^\u0000-\u024f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\u0000-\u024f\u200c\u200d])")
_MOST_PASSES = 4


def repair(text: str) -> str:
    r"""Restore a text that was decoded wrongly, and make its spaces, line ends and invisible characters plain.

    Returns:
        The same text where nothing is wrong with it. Line ends are "\n"; lines are neither joined nor trimmed.
    """
    if not _MAY_BE_DAMAGED.search(text):
        return text
    # An invisible character within a damaged sequence hides the damage from the first pass.
    for _ in range(_MOST_PASSES):
        repaired = _make_plain(_restore(text))
        if repaired == text:
            break
        text = repaired
    return text


def _restore(text: str) -> str:
    # Line by line: a page may mix a damaged quotation with text of its own.
    return "\n".join(fix_encoding(line, _MOJIBAKE) if _MAY_BE_DAMAGED.search(line) else line for line in text.split("\n"))


def _make_plain(text: str) -> str:
    text = _PARAGRAPH_ENDS.sub("\n\n", _LINE_ENDS.sub("\n", text))
    return _STRAY_JOINERS.sub("", _INVISIBLE.sub("", _ODD_SPACES.sub(" ", text)))
