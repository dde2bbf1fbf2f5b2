"""What a site answers, and the ways in which it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from archive.records import ArchiveError


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address holds.

    Attributes:
        url: The address that answered, after all redirects, without fragment.
        status: "ok"; "unchanged" since the `etag` or `last_modified` that was asked with; "gone" when there is no such page.
        content: The body, decompressed; empty unless the status is "ok".
        charset: What the Content-Type says, in small letters: "utf-8".
        content_type: The media type alone, in small letters: "text/html".
        etag: To ask with next time.
        last_modified: To ask with next time.
        fetched_at: ISO 8601, in UTC, to the second.
        headers: All of them, their names in small letters: "x-wp-totalpages".
    """

    url: str
    status: Literal["ok", "unchanged", "gone"]
    content: bytes
    charset: str | None
    content_type: str | None
    etag: str | None
    last_modified: str | None
    fetched_at: str
    headers: Mapping[str, str] = field(default_factory=dict)


class FetchError(ArchiveError):
    """An address could not be fetched; the message is one line that names it and the next step.

    Attributes:
        http_status: The status that the site answered with, when that is the reason.
    """

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class Forbidden(FetchError):
    """It must not be fetched: robots.txt or the site says so, or it lies outside of the site. Asking again is no use."""


class Refused(FetchError):
    """The site answers, but not with a page: another 4xx (`http_status`: 400, 405 …), or a status that makes no sense."""


class TooLarge(FetchError):
    """Longer than the limit; no more than that was read."""


class Unavailable(FetchError):
    """Nothing came even after retries. Another address of the site may still answer; this one may, next time.

    Attributes:
        retry_after_s: How long the site asks to be left alone, where it says.
    """

    def __init__(self, message: str, *, http_status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, http_status=http_status)
        self.retry_after_s = retry_after_s


class SiteUnavailable(Unavailable):
    """The site as a whole: it is too busy, cannot be reached, or its robots.txt cannot be read. Nothing more in this run."""
