"""Fetching from other people's sites politely: one request at a time, with pauses, as robots.txt allows.

A `Fetcher` serves one run over one site. What it cannot fetch it says by exceptions (`archive.fetching.answers`):

- `Forbidden`, `Refused`, `TooLarge`: asking again would not help; go on with the next address.
- `Unavailable`: this address failed even after retries; go on, and ask again in the next run.
- `SiteUnavailable`: stop; every further `get` raises it again at once. `retry_after_s` says when to come back, if the site did.

It connects by itself, to the addresses that it checked; a proxy named in the environment is not used.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Literal, Self

import httpx2

from archive.fetching import bodies, response_headers, robots
from archive.fetching.answers import Answer, FetchError, Forbidden, Refused, SiteUnavailable, TooLarge, Unavailable
from archive.fetching.connections import Deadline, ExchangeError, NotPublic, Transport
from archive.fetching.hosts import PORTS, Site, host_of, port_of

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,application/json;q=0.9,*/*;q=0.8"
RETRIES = 4
MAX_REDIRECTS = 10
MAX_FAILURES = 10
"""So many addresses in a row that fail mean that the site does."""

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PASSING = frozenset((408, 425))  # client errors that say "again, please"
_LONGEST_BACKOFF_S = 60.0
_BUSY_S = 30.0  # first wait after a 429 that names none
_SHORT_BYTES = 1 << 16
_LENGTH = re.compile(r"[0-9]{1,15}")
_CONTACT = re.compile(r"[!-'*-~]([ !-'*-~]{0,198}[!-'*-~])?")  # printable ASCII without parentheses

_BY_HAND = "save the page and import the file: telusur import FILE"


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: httpx2.Headers
    content: bytes


class Fetcher:
    """Fetches from one host. A context manager, for one thread.

    Args:
        host: The host, with its port where that is not 80 or 443: "kota.example". An address of the site does as well.
            "www." before it makes no difference.
        allow_private: Whether the host may be a machine of a private network.
        contact: What the site's keeper can reach us by, for the User-Agent: an e-mail or web address.
        pause_s: Least pause between two requests; robots.txt may ask for a longer one.
        timeout_s: Longest silence of the site.
        max_bytes: Longest body, decompressed.
        patience_s: How long this run waits, all in all, where the site says that it is too busy.
        answer_s: Longest time for a whole answer.
        sleep: Waits some seconds.
        clock: Seconds that only ever grow.

    Raises:
        ValueError: `host` is no host, or `contact` cannot stand in a header.
    """

    def __init__(
        self,
        host: str,
        *,
        allow_private: bool = False,
        contact: str | None = None,
        pause_s: float = 0.5,
        timeout_s: float = 20,
        max_bytes: int = 20_000_000,
        patience_s: float = 900,
        answer_s: float = 120,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if contact is not None and not _CONTACT.fullmatch(contact):
            raise ValueError(f"contact {contact[:200]!r} cannot stand in a header; give an e-mail or web address")
        self.site = Site.of(host)
        self.requests = 0
        """Requests sent so far, robots.txt and retries among them."""
        self._pause_s = pause_s
        self._max_bytes = max_bytes
        self._patience_s = patience_s
        self._answer_s = answer_s
        self._sleep = sleep
        self._clock = clock
        self._random = random.SystemRandom()
        self._deadline = Deadline(clock)
        self._rules: dict[tuple[str, str, int | None], robots.Rules] = {}
        self._ended_at: float | None = None
        self._failures = 0
        self._stopped: SiteUnavailable | None = None
        agent = f"{robots.AGENT}/{version('telusur')}"
        self._client = httpx2.Client(
            transport=Transport(self._deadline, allow_private=allow_private),
            headers={"User-Agent": agent if contact is None else f"{agent} (+{contact})", "Accept-Encoding": bodies.ACCEPTED},
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(self, url: str, *, etag: str | None = None, last_modified: str | None = None, accept: str = ACCEPT) -> Answer:
        """Fetch an address, following redirects within the site.

        Args:
            url: The address, http or https.
            etag: Of the answer that we have; "unchanged" if it is still the same.
            last_modified: Of the answer that we have.
            accept: Media types that are wanted.

        Raises:
            FetchError: As the module says.
        """
        headers = {"Accept": accept}
        # A validator that does not fit into a header is not worth an error: without it the answer comes whole.
        if kept := response_headers.validator(etag):
            headers["If-None-Match"] = kept
        if kept := response_headers.validator(last_modified):
            headers["If-Modified-Since"] = kept
        target = _parse(url)
        with self._counting_failures():
            final, reply = self._follow(target, headers, self._max_bytes)
        status = reply.status
        if status in (200, 203):
            return _answer(final, "ok", reply)
        if status == 304 and len(headers) > 1:
            return _answer(final, "unchanged", reply, etag, last_modified)
        if status in (404, 410):
            return _answer(final, "gone", reply)
        if status in (401, 403, 451):
            raise Forbidden(
                f"{final}: the site refuses it (HTTP {status}); ask the site's keeper to let {robots.AGENT} in, or {_BY_HAND}",
                http_status=status,
            )
        raise Refused(f"{final}: the site answers with HTTP {status}, not with a page; check the address", http_status=status)

    def sitemaps(self, url: str) -> tuple[str, ...]:
        """The sitemaps that the robots.txt of an address names, as written there.

        Raises:
            FetchError: As `get` does.
        """
        target = _parse(url)
        self._check(target)
        with self._counting_failures():
            return self._rules_of(target).sitemaps

    @contextmanager
    def _counting_failures(self) -> Iterator[None]:
        """Take the site for unavailable once it says so, or once too many of its addresses fail one after the other."""
        if self._stopped is not None:
            raise SiteUnavailable(
                str(self._stopped), http_status=self._stopped.http_status, retry_after_s=self._stopped.retry_after_s
            )
        try:
            yield
        except NotPublic as error:
            raise Forbidden(f"{error}; add the source with --allow-private if it is your own network") from error
        except SiteUnavailable as error:
            self._stopped = error
            raise
        except Unavailable as error:
            self._failures += 1
            if self._failures < MAX_FAILURES:
                raise
            self._stopped = SiteUnavailable(
                f"{error}; it is the {MAX_FAILURES}th address in a row that fails", http_status=error.http_status
            )
            raise self._stopped from error
        else:
            self._failures = 0

    def _check(self, url: httpx2.URL, before: httpx2.URL | None = None) -> None:
        """Refuse what is not on the site."""
        plain = url.copy_with(userinfo=b"") if url.userinfo else url  # a password is nothing to print
        shown = plain if before is None else f"{before} leads to {plain}"
        if url.scheme not in PORTS:
            raise Forbidden(f"{shown}: only http and https are fetched; give the address of a web page")
        if url.userinfo:
            raise Forbidden(f"{shown}: the address holds a user name; leave it out, only what is public is fetched")
        if self.site.holds(url):
            return
        if before is None:
            raise Forbidden(f"{shown}: this is not on {self.site}; register its host as a source of its own")
        raise Forbidden(f"{shown}: that is not on {self.site}; if it should be read, register {host_of(url)} as a source")

    def _follow(
        self, url: httpx2.URL, headers: dict[str, str], max_bytes: int, *, is_robots: bool = False
    ) -> tuple[httpx2.URL, _Reply]:
        """Ask, and ask again where a redirect leads to: each step is checked like the first."""
        first, before = url, None
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url, before)
            if not is_robots and not self._rules_of(url).allow(str(url)):
                raise Forbidden(
                    f"{url}: robots.txt keeps robots out of it; ask the site's keeper to allow {robots.AGENT}, or {_BY_HAND}"
                )
            reply = self._persist(url, headers, max_bytes, is_robots)
            if reply.status not in _REDIRECTS or not (location := reply.headers.get("location")):
                return url, reply
            before, url = url, _join(url, location)
        raise Refused(f"{first}: more than {MAX_REDIRECTS} redirects, the last to {url}; check the address in a browser")

    def _rules_of(self, url: httpx2.URL) -> robots.Rules:
        key = _origin(url)
        if key not in self._rules:
            target = url.copy_with(raw_path=b"/robots.txt")
            try:
                final, reply = self._follow(target, {"Accept": "text/plain,*/*;q=0.5"}, robots.MAX_BYTES, is_robots=True)
            except SiteUnavailable:
                raise
            except Unavailable as error:
                # What it forbids is unknown, so that everything is (RFC 9309, 2.3.1.4).
                raise SiteUnavailable(f"{error}; without it nothing is read", http_status=error.http_status) from error
            except FetchError:
                self._rules[key] = robots.ALLOW_ALL  # it leads away, or nowhere: there is none
            else:
                rules = robots.parse(reply.content) if reply.status == 200 else robots.ALLOW_ALL
                self._rules[key] = rules
                if final.path == "/robots.txt":
                    self._rules.setdefault(_origin(final), rules)
        return self._rules[key]

    def _persist(self, url: httpx2.URL, headers: dict[str, str], max_bytes: int, is_robots: bool) -> _Reply:
        """Ask until there is an answer, or no hope of one."""
        faults = waits = 0
        while True:
            self._pause(url)
            status: int | None = None
            cause: Exception | None = None
            try:
                reply = self._ask(url, headers, max_bytes, is_robots)
            except bodies.TooLong as error:
                raise TooLarge(f"{url}: more than {max_bytes:,} bytes; {_BY_HAND}") from error
            except (ExchangeError, httpx2.HTTPError, bodies.BodyError) as error:
                fault, cause = f"{error}", error
                if isinstance(error, ExchangeError) and error.is_untrusted:
                    raise SiteUnavailable(
                        f"{url}: its certificate is not valid ({error}); ask the site's keeper to renew it"
                    ) from error
                if self._deadline.is_over:
                    raise Unavailable(f"{url}: no whole answer within {self._answer_s:g} s; try again later") from error
            else:
                status = reply.status
                wait_s = response_headers.retry_after(reply.headers)
                if status == 429 or (status == 503 and wait_s is not None):
                    self._wait_until_free(url, status, wait_s, waits)
                    waits += 1
                    continue
                if status < 500 and status not in _PASSING:
                    return reply
                fault = f"the site answers with HTTP {status}"
            if faults == RETRIES:
                is_unreachable = isinstance(cause, ExchangeError) and cause.is_unreachable
                kind = SiteUnavailable if is_unreachable else Unavailable
                message = f"{url}: {fault}, even at the {RETRIES + 1}th attempt; try again later"
                raise kind(message, http_status=status) from cause
            self._sleep(self._backoff(faults))
            faults += 1

    def _ask(self, url: httpx2.URL, headers: dict[str, str], max_bytes: int, is_robots: bool) -> _Reply:
        """One request and its answer; the body only of a page."""
        self.requests += 1
        self._deadline.set(self._answer_s)
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                status, content = response.status_code, b""
                written = response.headers.get("content-length", "")
                length = int(written) if _LENGTH.fullmatch(written) else None
                if status in (200, 203):
                    if not is_robots and length is not None and length > max_bytes:
                        raise bodies.TooLong
                    encoding = response.headers.get("content-encoding", "")
                    content = bodies.read(response.iter_raw(), encoding, max_bytes, cut=is_robots)
                elif status == 304 or (length is not None and length <= _SHORT_BYTES):
                    # Only when nothing is left to read can the connection serve again.
                    with suppress(ExchangeError):
                        list(response.iter_raw())
                return _Reply(status, response.headers, content)
        finally:
            self._ended_at = self._clock()

    def _wait_until_free(self, url: httpx2.URL, status: int, wait_s: float | None, waits: int) -> None:
        """Wait as long as a busy site asks for, or give up: within one run there is only so much patience."""
        # A site that says "0 seconds" again and again means something longer.
        seconds = max(wait_s if wait_s is not None else _BUSY_S * 2**waits, min(2.0**waits, _LONGEST_BACKOFF_S))
        if seconds > self._patience_s:
            when = f"asks to come back in {seconds:.0f} s" if wait_s is not None else "does not say until when"
            raise SiteUnavailable(
                f"{url}: the site is too busy (HTTP {status}) and {when}; harvest it again then",
                http_status=status,
                retry_after_s=seconds if wait_s is not None else None,
            )
        self._patience_s -= seconds
        self._sleep(seconds)

    def _backoff(self, faults: int) -> float:
        """1, 2, 4, 8 … s, up to a half less, so that many readers do not come back at the same moment."""
        return float(min(2.0**faults, _LONGEST_BACKOFF_S) * self._random.uniform(0.5, 1))

    def _pause(self, url: httpx2.URL) -> None:
        """Keep the distance from the end of the last request."""
        if self._ended_at is None:
            return
        pause_s = max(self._pause_s, self._rules.get(_origin(url), robots.ALLOW_ALL).delay_s)
        if (left_s := self._ended_at + pause_s - self._clock()) > 0:
            self._sleep(left_s)


def _parse(text: str) -> httpx2.URL:
    """An address, without fragment."""
    try:
        return httpx2.URL(text).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError) as error:  # half a surrogate pair is a UnicodeError
        raise Forbidden(f"{text[:200]!r}: this is no web address ({error}); check it") from error


def _join(url: httpx2.URL, location: str) -> httpx2.URL:
    try:
        return url.join(location).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError) as error:
        raise Refused(
            f"{url} leads to {location[:200]!r}, which is no web address ({error}); tell the site's keeper"
        ) from error


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, host_of(url), port_of(url)


def _answer(
    url: httpx2.URL,
    status: Literal["ok", "unchanged", "gone"],
    reply: _Reply,
    etag: str | None = None,
    last_modified: str | None = None,
) -> Answer:
    """What the caller gets: validators as the site sent them, else those that it has just confirmed."""
    return Answer(
        url=str(url),
        status=status,
        content=reply.content,
        charset=response_headers.charset(reply.headers),
        content_type=response_headers.media_type(reply.headers),
        etag=response_headers.validator(reply.headers.get("etag")) or etag,
        last_modified=response_headers.validator(reply.headers.get("last-modified")) or last_modified,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        headers={name.lower(): value for name, value in reply.headers.items()},
    )
