"""Which machines a fetcher speaks to, and how they prove who they are."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fetchers import Clock, Names, clock, fetcher, names, open_fetcher, site
from sites import Reply, Site

from archive.fetching import Fetcher, Forbidden, SiteUnavailable, connections

__all__ = ["clock", "fetcher", "names", "site"]  # fixtures that these tests share


def test_a_private_network_is_entered_only_when_asked(site: Site, clock: Clock) -> None:
    with open_fetcher(site, clock, allow_private=False) as fetcher:
        message = (
            r"127\.0\.0\.1 leads to 127\.0\.0\.1, which is not on the public internet; add the source with --allow-private"
        )
        with pytest.raises(Forbidden, match=message):
            fetcher.get(site.url + "/a")
    assert site.asked == []
    assert clock.slept == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_private_too(site: Site, clock: Clock, host: str) -> None:
    with (
        Fetcher(f"{host}:{site.port}", sleep=clock.sleep, clock=clock) as fetcher,
        pytest.raises(Forbidden, match=r"leads to .*, which is not on the public internet"),
    ):
        fetcher.get(f"http://{host}:{site.port}/a")
    assert site.asked == []


def test_a_name_that_turns_private_is_left_alone(
    site: Site, clock: Clock, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first answer lets it in, a later one leads inside: every connection checks the address that it goes to.
    names["kota.example"] = [["8.8.8.8"], ["127.0.0.1"]]
    tried = []
    plain = connections.httpcore2.SyncBackend.connect_tcp

    def connect(self: Any, host: str, port: int, *rest: Any) -> Any:
        tried.append(host)
        if host == "8.8.8.8":
            raise connections.httpcore2.ConnectError("unreachable")
        return plain(self, host, port, *rest)

    monkeypatch.setattr(connections.httpcore2.SyncBackend, "connect_tcp", connect)
    with (
        Fetcher(f"kota.example:{site.port}", sleep=clock.sleep, clock=clock) as fetcher,
        pytest.raises(Forbidden, match=r"kota\.example leads to 127\.0\.0\.1"),
    ):
        fetcher.get(f"http://kota.example:{site.port}/a")
    assert tried == ["8.8.8.8"]
    assert site.asked == []


def test_of_several_addresses_the_first_that_answers_is_used(
    site: Site, clock: Clock, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    names["kota.example"] = [["127.0.0.2", "127.0.0.1"]]  # nothing listens on the first
    site.on("/a", Reply(body="isi", headers={"Connection": "close"}))
    tried = []
    plain = connections.httpcore2.SyncBackend.connect_tcp

    def connect(self: Any, host: str, port: int, *rest: Any) -> Any:
        tried.append(host)
        return plain(self, host, port, *rest)

    monkeypatch.setattr(connections.httpcore2.SyncBackend, "connect_tcp", connect)
    with Fetcher(f"kota.example:{site.port}", allow_private=True, sleep=clock.sleep, clock=clock) as fetcher:
        assert fetcher.get(f"http://kota.example:{site.port}/a").content == b"isi"
        assert fetcher.get(f"http://kota.example:{site.port}/a").content == b"isi"
    assert tried == ["127.0.0.2", "127.0.0.1", "127.0.0.1"]


def test_a_machine_that_moves_is_found_again(site: Site, clock: Clock, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    names["kota.example"] = [["127.0.0.2"], ["127.0.0.1"]]
    site.on("/a", Reply(body="isi", headers={"Connection": "close"}))
    tried = []
    plain = connections.httpcore2.SyncBackend.connect_tcp

    def connect(self: Any, host: str, port: int, *rest: Any) -> Any:
        tried.append(host)
        if tried == ["127.0.0.2"]:
            host = "127.0.0.1"  # until it moves
        return plain(self, host, port, *rest)

    monkeypatch.setattr(connections.httpcore2.SyncBackend, "connect_tcp", connect)
    site.on("/robots.txt", Reply(404, headers={"Connection": "close"}))
    with Fetcher(f"kota.example:{site.port}", allow_private=True, sleep=clock.sleep, clock=clock) as fetcher:
        assert fetcher.get(f"http://kota.example:{site.port}/a").content == b"isi"
    assert tried == ["127.0.0.2", "127.0.0.2", "127.0.0.1"]


def test_of_several_addresses_private_ones_are_skipped(
    site: Site, clock: Clock, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    names["kota.example"] = [["127.0.0.1", "8.8.8.8", "::1"]]
    tried = []

    def connect(self: Any, host: str, port: int, *rest: Any) -> Any:
        tried.append(host)
        raise connections.httpcore2.ConnectError("unreachable")

    monkeypatch.setattr(connections.httpcore2.SyncBackend, "connect_tcp", connect)
    with (
        Fetcher("kota.example", sleep=clock.sleep, clock=clock) as fetcher,
        pytest.raises(SiteUnavailable, match="unreachable"),
    ):
        fetcher.get("http://kota.example/a")
    assert set(tried) == {"8.8.8.8"}


def test_the_environment_names_no_proxy(site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    site.on("/a", Reply(body="isi"))
    assert fetcher.get(site.url + "/a").content == b"isi"


def test_ipv6_is_spoken(clock: Clock) -> None:
    try:
        site = Site(family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with site, open_fetcher(site, clock) as fetcher:
        site.on("/a", Reply(body="isi"))
        assert fetcher.get(site.url + "/a").content == b"isi"
        assert site.asked[-1].headers["host"] == site.host


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for kota.example, and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("the program openssl is missing: it makes the certificate")
    path = tmp_path_factory.mktemp("tls") / "kota.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=kota.example"
    names = ["-addext", "subjectAltName=DNS:kota.example", "-keyout", f"{path}.key", "-out", path]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.key").read_bytes())
    return path


@pytest.fixture
def secure(certificate: Path, names: Names) -> Iterator[Site]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    names |= {"kota.example": [["127.0.0.1"]], "www.kota.example": [["127.0.0.1"]]}
    with Site(tls) as site:
        yield site


def test_the_name_and_not_the_address_is_proved(
    secure: Site, certificate: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secure.on("/a", Reply(body="isi"))
    with Fetcher(f"kota.example:{secure.port}", allow_private=True, sleep=clock.sleep, clock=clock) as fetcher:
        assert fetcher.get(f"https://kota.example:{secure.port}/a").content == b"isi"
        # The same machine, over the same connection even, would answer for a name that its certificate does not hold.
        with pytest.raises(SiteUnavailable, match=r"www\.kota\.example:\d+/robots\.txt: its certificate is not valid"):
            fetcher.get(f"https://www.kota.example:{secure.port}/a")
    assert secure.asked[-1].headers["host"] == f"kota.example:{secure.port}"


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(secure: Site, clock: Clock) -> None:
    with (
        Fetcher(f"kota.example:{secure.port}", allow_private=True, sleep=clock.sleep, clock=clock) as fetcher,
        pytest.raises(SiteUnavailable, match=r"certificate is not valid \(.*self-signed.*\); ask the site's keeper"),
    ):
        fetcher.get(f"https://kota.example:{secure.port}/a")
    assert secure.asked == []
    assert clock.slept == []


def test_a_missing_file_of_certificates_is_named(
    secure: Site, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with (
        Fetcher(f"kota.example:{secure.port}", allow_private=True, sleep=clock.sleep, clock=clock) as fetcher,
        pytest.raises(SiteUnavailable, match="No such file or directory"),
    ):
        fetcher.get(f"https://kota.example:{secure.port}/a")
