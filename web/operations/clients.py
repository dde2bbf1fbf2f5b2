"""Who asks: from which address, whether it is the machine itself, and with which key."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TypeAlias

from flask import request

from web.operations.keys import Key, Keys

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
_IPV6_PREFIX = 64  # what one household or office is given: it may answer from any address in it


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a request's `Authorization: Bearer` says.

    Attributes:
        key: The key in force with that token; None where the token is wrong.
    """

    key: Key | None


class KeyRing:
    """Keys as a server reads them: the file need not exist, and what changes in it counts at once."""

    def __init__(self, path: Path) -> None:
        """Name the file, which is opened once somebody shows a token."""
        self._path = path
        self._keys: Keys | None = None
        self._opening = threading.Lock()

    def find(self, token: str) -> Key | None:
        """The key in force that has this token; None if none has.

        Raises:
            DatabaseError: The file of keys cannot be read.
        """
        with self._opening:
            if self._keys is None:
                if not self._path.exists():
                    return None
                self._keys = Keys(self._path)
        return self._keys.find(token)


def address() -> Address | None:
    """Where this request comes from, as the server understands it; None where that is no address, as over a Unix socket."""
    try:
        found = ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def counted_as() -> str:
    """Under which name this request's sender is counted: its address or, of IPv6, its network's."""
    found = address()
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)


def is_local() -> bool:
    """Whether this machine itself asks, and for nobody else: what a proxy on it passes on says so in a header."""
    found = address()
    return found is not None and found.is_loopback and not any(name in request.headers for name in _FORWARDING_HEADERS)


def is_within(networks: Iterable[Network]) -> bool:
    """Whether this request comes from one of some networks."""
    found = address()
    return found is not None and any(found in network for network in networks)


def bearer(ring: KeyRing) -> Bearer | None:
    """What this request shows as its key; None where it shows none, be it that a proxy asked for another kind of password.

    Raises:
        DatabaseError: The file of keys cannot be read.
    """
    shown = request.authorization
    if shown is None or shown.type != "bearer":
        return None
    return Bearer(ring.find(shown.token or ""))
