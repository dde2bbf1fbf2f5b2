from __future__ import annotations

import httpx2
import pytest

from archive.fetching.hosts import Site, is_public


@pytest.mark.parametrize(
    ("text", "host", "port", "shown"),
    [
        ("kota.example", "kota.example", None, "kota.example"),
        ("www.kota.example", "kota.example", None, "kota.example"),
        ("https://www.kota.example:8443/berita", "kota.example", 8443, "kota.example:8443"),
        ("www.example", "www.example", None, "www.example"),
        ("[::1]:80", "::1", None, "[::1]"),
        ("[::1]:8080", "::1", 8080, "[::1]:8080"),
        ("kóta.example", "xn--kta-gna.example", None, "xn--kta-gna.example"),
    ],
)
def test_a_site_is_known_by_its_host(text: str, host: str, port: int | None, shown: str) -> None:
    site = Site.of(text)
    assert (site.host, site.port, str(site)) == (host, port, shown)


@pytest.mark.parametrize(
    "text", ["", "http://", "ftp://kota.example", "a@b", "[", "kota .example", "a:b", "a:99999", "a:0", "a..b", ".", "a%b"]
)
def test_what_names_no_host_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match="names no host"):
        Site.of(text)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "192.88.99.1", "::", "::1", "::127.0.0.1", "::8.8.8.8", "fe80::1", "fe80::1%eth0", "fec0::1",
        "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::", "2002:808:808::", "2001:0:808:808::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "103.10.1.1", "172.32.0.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "is_held"),
    [
        ("http://kota.example/", True),
        ("https://www.kota.example/", True),
        ("https://KOTA.example.:443/", True),
        ("https://kota.example:8080/", True),
        ("https://kota.example:8081/", False),
        ("https://dinkes.kota.example/", False),
        ("https://www.www.kota.example/", False),
        ("https://kota.example.evil.example/", False),
        ("https://kotaXexample/", False),
        ("https://example/", False),
    ],
)
def test_what_lies_on_a_site(url: str, is_held: bool) -> None:
    assert Site.of("www.kota.example:8080").holds(httpx2.URL(url)) is is_held
