"""A release's body as paragraphs."""

from __future__ import annotations

import re

from archive.conventions import sign_off
from archive.records import Paragraph, Release

_BLANK_LINE = re.compile(r"\n\s*\n")
_NOTHING_BUT_A_PARENTHESIS = re.compile(r"\([^()]*\)\.?")


def split(release: Release) -> list[Paragraph]:
    """Split the body at blank lines; a paragraph that is nothing but a sign-off answers no question and is left out."""
    texts = (text.strip() for text in _BLANK_LINE.split(release.body))
    return [Paragraph(position, text) for position, text in enumerate(text for text in texts if text and not _only_signs(text))]


def _only_signs(text: str) -> bool:
    return _NOTHING_BUT_A_PARENTHESIS.fullmatch(text) is not None and sign_off(text) is not None
