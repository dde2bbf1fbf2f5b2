"""Sending to an address that the archive's keeper named: one request, no redirect, and an end to it."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from importlib.metadata import version

import httpx2

from archive.fetching import connections, response_headers
from archive.fetching.connections import Deadline, ExchangeError, NotPublic, Transport
from archive.fetching.hosts import host_of, is_public
from archive.records import ArchiveError

TIMEOUT_S = 10.0
"""Longest silence of the receiver."""

WHOLE_S = 20.0
"""Longest time for an exchange as a whole."""


class NotReceived(ArchiveError):
    """An address did not take what was sent to it.

    Attributes:
        retry_after_s: How long it asks to be left alone, where it says.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def check_address(url: str, *, allow_private: bool) -> None:
    """Refuse an address that nothing shall be sent to: https is needed, but for this machine itself.

    Args:
        url: The address.
        allow_private: It may lie in a private network.

    Raises:
        ValueError: It is none, is not safe, or leads to a private network.
    """
    parsed = _parse(url)
    host = host_of(parsed)
    if parsed.scheme != "https" and not (parsed.scheme == "http" and _is_this_machine(host)):
        raise ValueError(
            f"{url[:200]!r} must begin with https:// (http:// only for this machine, such as http://127.0.0.1:9000)"
        )
    if allow_private or _is_this_machine(host):
        return
    try:
        found = connections.resolve(host, parsed.port or 443)
    except (OSError, UnicodeError):
        return  # it may be known later, and is checked again whenever something is sent
    if found and not any(map(is_public, found)):
        raise ValueError(f"{NotPublic(host, found)}; give --allow-private if it is your own network")


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool = False) -> None:
    """Send a body; returns once the receiver has answered with a status of 200 to 299. What it answers is not read.

    Args:
        url: The address, as `check_address` let it pass. The machine that it leads to is checked again.
        body: What to send.
        headers: Beside the usual ones.
        allow_private: It may lie in a private network.

    Raises:
        NotReceived: Anything else happened.
    """
    deadline = Deadline(time.monotonic)
    deadline.set(WHOLE_S)
    parsed = _parse(url)
    transport = Transport(deadline, allow_private=allow_private or _is_this_machine(host_of(parsed)))
    sent = {"User-Agent": f"Telusur/{version('telusur')}", **headers}
    try:
        with (
            httpx2.Client(transport=transport, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", parsed, content=body, headers=sent) as response,
        ):
            status, wait_s = response.status_code, response_headers.retry_after(response.headers)
    except NotPublic as error:
        raise NotReceived(f"{error}; add the webhook with --allow-private if it is your own network") from error
    except (ExchangeError, httpx2.HTTPError) as error:
        raise NotReceived(str(error)) from error
    if 300 <= status < 400:
        raise NotReceived(f"it answers with HTTP {status}, and redirects are not followed: add it with the address it has now")
    if not 200 <= status < 300:
        raise NotReceived(f"it answers with HTTP {status}", retry_after_s=wait_s)


def _parse(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise ValueError(f"{url[:200]!r} is no web address ({error}); write it like https://redaksi.example/telusur") from error
    if not parsed.host or parsed.userinfo or parsed.fragment:
        raise ValueError(
            f"{url[:200]!r} must name a host, and hold no user name and no #; write it like https://redaksi.example"
        )
    return parsed


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
