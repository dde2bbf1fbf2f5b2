"""Which addresses belong to a site, and which machines are on the public internet."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import httpx2

PORTS = {"http": 80, "https": 443}

_LAST_PORT = 65535
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f.]*:[0-9a-f.:]*")  # a name, or a numeric address of either kind

# Not for the public, though `is_global` says otherwise in one Python or another: protocol assignments, relays of 6to4;
# documentation, segment routing, site-local addresses.
_NOT_PUBLIC_4 = tuple(IPv4Network(one) for one in ("192.0.0.0/24", "192.88.99.0/24"))
_NOT_PUBLIC_6 = tuple(IPv6Network(one) for one in ("3fff::/20", "5f00::/16", "fec0::/10"))
# These carry an IPv4 address, and lead to it. Networks without IPv4 of their own reach every site through the first
# (RFC 6052); tunnels (6to4, Teredo) serve no site any more, and would only be a way around the check.
_NAT64 = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))


@dataclass(frozen=True, slots=True)
class Site:
    """Where a source's pages may lie.

    Attributes:
        host: In ASCII and small letters, without "www.".
        port: The port that the source names, if it is not its scheme's own.
    """

    host: str
    port: int | None = None

    @classmethod
    def of(cls, text: str) -> Site:
        """The site of a host ("kota.example", "kota.example:8080", "[::1]:80") or of an address ("https://kota.example/berita").

        Raises:
            ValueError: It names no host.
        """
        try:
            url = httpx2.URL(text if "://" in text else f"http://{text}/")
            host = host_of(url)
        except (httpx2.InvalidURL, ValueError) as error:
            raise ValueError(f"{text[:200]!r} names no host ({error}); write it like kota.example") from error
        is_host = bool(_HOST.fullmatch(host)) and (url.port is None or 0 < url.port <= _LAST_PORT)
        if not is_host or url.userinfo or url.scheme not in PORTS:
            raise ValueError(f"{text[:200]!r} names no host; write it like kota.example")
        return cls(_bare(host), url.port)

    def holds(self, url: httpx2.URL) -> bool:
        """Whether an address is the site's: its host, with or without "www.", at a port of the web or the one it names."""
        return _bare(host_of(url)) == self.host and port_of(url) in {80, 443, self.port}

    def __str__(self) -> str:
        """As it was named: "kota.example:8080"."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def host_of(url: httpx2.URL) -> str:
    """The host in ASCII and small letters, without the dot that may end it."""
    return url.raw_host.decode("ascii").lower().removesuffix(".")


def port_of(url: httpx2.URL) -> int | None:
    """The port, be it written or its scheme's own."""
    return PORTS.get(url.scheme) if url.port is None else url.port


def is_public(address: str) -> bool:
    """Whether a numeric address (IPv4 or IPv6) is on the public internet, and not private, loopback or reserved."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, IPv4Address):
        return _is_public_4(ip)
    if ip.ipv4_mapped is not None:
        return _is_public_4(ip.ipv4_mapped)
    if ip in _NAT64:
        return _is_public_4(IPv4Address(int(ip) & 0xFFFFFFFF))
    return _is_ordinary(ip) and not any(ip in network for network in (*_TUNNELS, *_NOT_PUBLIC_6))


def _is_public_4(ip: IPv4Address) -> bool:
    return _is_ordinary(ip) and not any(ip in network for network in _NOT_PUBLIC_4)


def _is_ordinary(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not (ip.is_private or ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local)


def _bare(host: str) -> str:
    rest = host.removeprefix("www.")
    return rest if "." in rest else host
