"""What the headers of an answer say. Sites write anything into them: what cannot be read counts as not being there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

_VALIDATOR = re.compile(r"[ -~]{1,1000}")
_FOR_EVER_S = 1e9


def media_type(headers: Mapping[str, str]) -> str | None:
    """The Content-Type without its parameters, in small letters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() or None


def charset(headers: Mapping[str, str]) -> str | None:
    """The charset of the Content-Type, in small letters."""
    message = Message()
    message["content-type"] = headers.get("content-type", "")
    found = message.get_param("charset")
    return found.strip().lower() or None if isinstance(found, str) else None


def validator(text: str | None) -> str | None:
    """An ETag or a Last-Modified, if it can be sent back."""
    return text if text is not None and _VALIDATOR.fullmatch(text) else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After asks for, given as such or as a date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), _FOR_EVER_S)
    if (until := _date(text)) is None:
        return None
    # By the site's own clock, where it tells the time: it may be wrong.
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
