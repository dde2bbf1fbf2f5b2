"""What a site's robots.txt asks of us (RFC 9309, and the two delays that it leaves to custom)."""

from __future__ import annotations

from dataclasses import dataclass

import protego

AGENT = "Telusur"
MAX_BYTES = 512 * 1024
"""What is read of a robots.txt; the RFC asks for at least 500 KiB."""
MAX_DELAY_S = 60
"""Longest pause that is kept. Some sites ask for a day, to be left alone by robots that would come for everything."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one robots.txt.

    Attributes:
        delay_s: Pause that it asks for between requests, at most `MAX_DELAY_S`.
        sitemaps: Addresses of the sitemaps that it names, as written.
    """

    delay_s: float = 0.0
    sitemaps: tuple[str, ...] = ()
    _parsed: protego.Protego | None = None

    def allow(self, url: str) -> bool:
        """Whether it lets us fetch an address of its site."""
        return self._parsed is None or bool(self._parsed.can_fetch(url, AGENT))


ALLOW_ALL = Rules()


def parse(content: bytes) -> Rules:
    """Read a robots.txt; what is not one allows everything."""
    parsed = protego.Protego.parse(content.decode("utf-8-sig", errors="replace"))
    delay_s = float(parsed.crawl_delay(AGENT) or 0)
    if rate := parsed.request_rate(AGENT):
        # Whole numbers of any length: a division of them may be too large for a float.
        delay_s = max(delay_s, min(rate.seconds, MAX_DELAY_S * rate.requests) / rate.requests)
    return Rules(min(delay_s, MAX_DELAY_S), tuple(parsed.sitemaps), parsed)
