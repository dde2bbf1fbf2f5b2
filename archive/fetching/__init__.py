"""Fetching politely: one host at a time, within limits, and never where the keeper did not mean."""

from archive.fetching.answers import Answer, FetchError, Forbidden, Refused, SiteUnavailable, TooLarge, Unavailable
from archive.fetching.client import Fetcher

__all__ = ["Answer", "FetchError", "Fetcher", "Forbidden", "Refused", "SiteUnavailable", "TooLarge", "Unavailable"]
