"""Which addresses are one and the same: the many spellings under which one page is linked, in one spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

_DEFAULT_PORTS = {80, 443, None}
# Where a reader came from, which form of the page he wants: nothing that makes it another page.
_TRACKING = re.compile(r"utm_\w*|fbclid|gclid|dclid|msclkid|yclid|igshid|igsh|mc_[ce]id|_ga|_gl")
_PRESENTATIONS = {("m", "1"), ("amp", ""), ("amp", "1"), ("outputType", "amp")}
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@lru_cache(maxsize=1024)
def canonical(url: str) -> str:
    """One spelling of a web address for all that lead to one page, to compare with; it is not meant to be followed.

    http and https are one, as are an address with and without "www.", a final slash, a fragment, parameters that tell where a
    reader came from, and the forms for phones ("?m=1", "/amp"). A fragment that is a path ("#/berita/1") names the page.

    >>> canonical("http://www.Kota.example:80/2023/03/21/asn/amp/?utm_source=wa#p2")
    '//kota.example/2023/03/21/asn'
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        return url
    if not host:
        return url
    host = host.removeprefix("www.") + ("" if port in _DEFAULT_PORTS else f":{port}")
    path = _unescape(parts.path).rstrip("/").removesuffix("/amp").rstrip("/")
    query = "&".join(pair for pair in parts.query.split("&") if not _is_noise(pair))
    fragment = parts.fragment if parts.fragment.startswith(("/", "!")) else ""
    return f"//{host}{path}" + (f"?{_unescape(query)}" if query else "") + (f"#{fragment}" if fragment else "")


def site(url: str) -> str:
    """The host of a web address, as people say it: "kota.example"."""
    try:
        return (urlsplit(url).hostname or url).removeprefix("www.")
    except ValueError:
        return url


def _is_noise(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return not name or bool(_TRACKING.fullmatch(name)) or (name, value) in _PRESENTATIONS


def _unescape(text: str) -> str:
    """Escape what must be in capitals, and nothing else (RFC 3986, section 6.2.2)."""
    return _ESCAPE.sub(_unescape_one, text)


def _unescape_one(found: re.Match[str]) -> str:
    char = chr(int(found[0][1:], 16))
    return char if _UNRESERVED.fullmatch(char) else found[0].upper()
