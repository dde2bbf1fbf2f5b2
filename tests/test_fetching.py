from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import Asked, Reply, Site, redirect, robots

from archive import ArchiveError
from archive.fetching import (
    Fetcher,
    FetchError,
    Forbidden,
    Refused,
    SiteUnavailable,
    TooLarge,
    Unavailable,
    connections,
    response_headers,
)
from archive.fetching.client import _answer, _Reply
from archive.fetching.robots import MAX_DELAY_S, parse

AGENT = f"Telusur/{version('telusur')}"
# What h11 lets through as the value of a header.
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60) | st.sampled_from(
    [
        "text/html; charset*=utf-8''x",
        "text/html; charset*0=a; charset*1=b",
        'text/html; charset="',
        "; charset=;",
        "text/html;charset=' '",
        "Tue, 21 Mar 2023 01:00:00 -9999",
        "Tue, 99 Mar 2023",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "1 Jan 1 00:00:00 +2359",
        "²",
    ]
)
Names = dict[str, list[list[str]]]
SPRING = "Tue, 21 Mar 2023 01:00:00 GMT"


@dataclass
class Clock:
    """Time that passes only while one sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fetcher(site: Site, clock: Clock) -> Iterator[Fetcher]:
    with open_fetcher(site, clock) as fetcher:
        yield fetcher


def open_fetcher(site: Site, clock: Clock, **settings: Any) -> Fetcher:
    settings = {"allow_private": True, "sleep": clock.sleep, "clock": clock} | settings
    return Fetcher(site.host, **settings)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What each name resolves to, time after time; the last answer stays."""
    known: dict[str, list[list[str]]] = {}

    def resolve(host: str, port: int) -> list[str]:
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return known[host].pop(0) if len(known[host]) > 1 else known[host][0]

    monkeypatch.setattr(connections, "resolve", resolve)
    return known


# What an answer holds


def test_a_page_comes_with_all_that_is_needed_to_ask_for_it_again(site: Site, fetcher: Fetcher) -> None:
    site.on(
        "/berita",
        Reply(
            body="<p>‘ASN’ melayani",
            headers={
                "Content-Type": 'Text/HTML; charset="UTF-8"',
                "Last-Modified": SPRING,
                "X-Wp-Total": "7",
            },
            etag='W/"1"',
        ),
    )
    answer = fetcher.get(site.url + "/berita#isi")
    assert (answer.url, answer.status, answer.content) == (site.url + "/berita", "ok", "<p>‘ASN’ melayani".encode())
    assert (answer.content_type, answer.charset, answer.headers["x-wp-total"]) == ("text/html", "utf-8", "7")
    assert (answer.etag, answer.last_modified) == ('W/"1"', SPRING)
    assert abs(time.time() - time.mktime(time.strptime(answer.fetched_at, "%Y-%m-%dT%H:%M:%S+00:00")) + time.timezone) < 5
    assert site.asked[-1].headers["user-agent"] == AGENT
    assert site.asked[-1].headers["host"] == site.host


def test_what_has_not_changed_is_not_sent_again(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(body="isi", etag='"1"'))
    answer = fetcher.get(site.url + "/a", etag='"1"', last_modified=SPRING)
    assert (answer.status, answer.content, answer.etag) == ("unchanged", b"", '"1"')
    assert answer.last_modified == SPRING
    assert site.asked[-1].headers["if-modified-since"] == SPRING
    assert fetcher.get(site.url + "/a", etag='"0"').content == b"isi"


@pytest.mark.parametrize("etag", ['"a\r\nX-Evil: 1"', "“1”", "", '"' + "x" * 2000])
def test_a_validator_that_no_header_can_hold_is_left_out(site: Site, fetcher: Fetcher, etag: str) -> None:
    site.on("/a", Reply(body="isi"))
    assert fetcher.get(site.url + "/a", etag=etag).status == "ok"
    assert not site.asked[-1].is_conditional


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_no_more_is_gone(site: Site, fetcher: Fetcher, status: int) -> None:
    site.on("/a", Reply(status, "tidak ada"))
    assert (fetcher.get(site.url + "/a").status, fetcher.get(site.url + "/a").content) == ("gone", b"")


@pytest.mark.parametrize("status", [401, 403, 451])
def test_what_the_site_refuses_is_forbidden(site: Site, fetcher: Fetcher, status: int) -> None:
    site.on("/a", Reply(status))
    with pytest.raises(Forbidden, match=rf"/a: the site refuses it \(HTTP {status}\); ask the site's keeper") as caught:
        fetcher.get(site.url + "/a")
    assert caught.value.http_status == status
    assert site.count("/a") == 1


@pytest.mark.parametrize("status", [201, 202, 204, 206, 300, 304, 400, 405, 418])
def test_an_answer_that_is_no_page_is_refused_with_its_status(site: Site, fetcher: Fetcher, status: int) -> None:
    site.on("/a", Reply(status, headers={"Content-Length": None} if status == 204 else {}))
    with pytest.raises(Refused, match=rf"/a: the site answers with HTTP {status}, not with a page") as caught:
        fetcher.get(site.url + "/a")
    assert caught.value.http_status == status
    assert site.count("/a") == 1


def test_a_contact_is_named(site: Site, clock: Clock) -> None:
    with open_fetcher(site, clock, contact="arsip@kota.example") as fetcher:
        fetcher.get(site.url + "/")
    assert site.asked[-1].headers["user-agent"] == f"{AGENT} (+arsip@kota.example)"


@pytest.mark.parametrize("contact", ["", "a\r\nX: 1", "Wali Kota ‘Tirta’", "a)b", "a" * 300])
def test_a_contact_that_no_header_can_hold_is_a_mistake(contact: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a header"):
        Fetcher("kota.example", contact=contact)


def test_one_connection_serves_all(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(body="isi", etag='"1"'))
    site.on("/b", redirect("/a"))
    for path, etag in [("/a", None), ("/a", '"1"'), ("/b", None), ("/none", None), ("/a", None)]:
        fetcher.get(site.url + path, etag=etag)
    assert {one.connection for one in site.asked} == {0}
    assert fetcher.requests == len(site.asked) == 7


# Where it goes


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://127.0.0.1/a", "only http and https are fetched"),
        ("file:///etc/passwd", "only http and https"),
        ("/berita", "only http and https"),
        ("", "only http and https"),
        ("http://", "this is not on 127.0.0.1"),
        ("http://[", "this is not on"),
        ("http://127.0.0.1:99999/", "this is not on"),
        ("http://127.0.0.1:x/", "this is no web address"),
        ("http://a\ud800/", "this is no web address"),
        ("http://kota.example/a", "this is not on 127.0.0.1:.* register its host as a source of its own"),
        ("http://127.0.0.1@kota.example/a", "holds a user name"),
        ("http://user:secret@127.0.0.1/a", "holds a user name"),
        ("http://127.0.0.1:22/", "this is not on"),
    ],
)
def test_only_web_pages_of_the_site_are_fetched(site: Site, fetcher: Fetcher, url: str, message: str) -> None:
    with pytest.raises(Forbidden, match=message) as caught:
        fetcher.get(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert site.asked == []


def test_redirects_are_followed(site: Site, fetcher: Fetcher) -> None:
    for number, status in enumerate((301, 302, 303, 307, 308)):
        site.on(f"/{number}", redirect(f"/{number + 1}#x", status))
    site.on("/5", Reply(body="sampai"))
    answer = fetcher.get(site.url + "/0")
    assert (answer.url, answer.content) == (site.url + "/5", b"sampai")
    assert site.paths == ["/robots.txt", "/0", "/1", "/2", "/3", "/4", "/5"]


def test_a_circle_of_redirects_ends(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", redirect("/a"))
    with pytest.raises(Refused, match=r"/a: more than 10 redirects"):
        fetcher.get(site.url + "/a")
    assert site.count("/a") == 11


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (
            "https://kota.example/a",
            "/a leads to https://kota.example/a: that is not on 127.0.0.1:.*register kota.example as a source",
        ),
        ("//kota.example/a", "register kota.example as a source"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("http://169.254.169.254/latest/meta-data", "that is not on"),
        ("http://[::ffff:127.0.0.1]/", "that is not on"),
        ("http://x@127.0.0.1/", "holds a user name"),
    ],
)
def test_a_redirect_elsewhere_is_not_followed(site: Site, fetcher: Fetcher, to: str, message: str) -> None:
    site.on("/a", redirect(to))
    with pytest.raises(Forbidden, match=message):
        fetcher.get(site.url + "/a")


def test_a_redirect_without_a_goal_is_refused(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(302))
    with pytest.raises(Refused, match="HTTP 302"):
        fetcher.get(site.url + "/a")


def test_a_redirect_to_nonsense_fails_in_one_line(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", redirect("http://[nonsense"))
    with pytest.raises(FetchError) as caught:
        fetcher.get(site.url + "/a")
    assert "\n" not in str(caught.value)


def test_www_makes_no_difference(site: Site, clock: Clock, names: Names) -> None:
    names |= {"kota.example": [["127.0.0.1"]], "www.kota.example": [["127.0.0.1"]]}
    site.on("/a", lambda asked: redirect(f"http://www.kota.example:{site.port}/b"))
    site.on("/b", Reply(body="isi"))
    for host in (f"kota.example:{site.port}", f"WWW.Kota.Example.:{site.port}", f"http://kota.example:{site.port}/berita"):
        with Fetcher(host, allow_private=True, sleep=clock.sleep, clock=clock) as fetcher:
            assert fetcher.get(f"http://KOTA.example:{site.port}/a").url == f"http://www.kota.example:{site.port}/b"
    assert [one.headers["host"] for one in site.asked[:4]] == [
        f"kota.example:{site.port}",
        f"kota.example:{site.port}",
        f"www.kota.example:{site.port}",
        f"www.kota.example:{site.port}",
    ]


# Private networks


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


# TLS


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


# robots.txt


def test_robots_txt_is_read_once_and_kept(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", robots("Disallow: /wp-admin/", "Allow: /wp-admin/admin-ajax.php"))
    site.on("/a", Reply(body="isi"))
    with pytest.raises(
        Forbidden, match=r"/wp-admin/x: robots\.txt keeps robots out of it; ask the site's keeper to allow Telusur"
    ):
        fetcher.get(site.url + "/wp-admin/x")
    assert fetcher.get(site.url + "/a").status == "ok"
    assert fetcher.get(site.url + "/wp-admin/admin-ajax.php").status == "gone"
    assert site.paths == ["/robots.txt", "/a", "/wp-admin/admin-ajax.php"]


def test_a_group_of_our_own_goes_before_that_of_all(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", Reply(body="User-agent: telusur\nAllow: /\n\nUser-agent: *\nDisallow: /"))
    assert fetcher.get(site.url + "/a").status == "gone"


def test_a_redirect_into_what_robots_txt_forbids_is_not_followed(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", robots("Disallow: /rahasia"))
    site.on("/a", redirect("/rahasia"))
    with pytest.raises(Forbidden, match=r"robots\.txt"):
        fetcher.get(site.url + "/a")
    assert site.count("/rahasia") == 0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401), Reply(403), Reply(404), Reply(410), Reply(204, headers={"Content-Length": None}), redirect("/robots.txt"),
        redirect("https://kota.example/robots.txt"), Reply(body="<!DOCTYPE html><p>Selamat datang"),
        Reply(body=b"\x00\xff\xfe" * 999), Reply(body=b"User-agent: *\nCrawl-delay: nan\nRequest-rate: 1/0\nDisallow"),
    ],
)  # fmt: skip
def test_without_a_robots_txt_all_is_allowed(site: Site, fetcher: Fetcher, reply: Reply) -> None:
    site.on("/robots.txt", reply)
    assert fetcher.get(site.url + "/a").status == "gone"


def test_a_robots_txt_elsewhere_on_the_site_counts(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", redirect("/en/robots.txt"))
    site.on("/en/robots.txt", robots("Disallow: /a"))
    with pytest.raises(Forbidden, match=r"robots\.txt"):
        fetcher.get(site.url + "/a")


def test_a_robots_txt_under_the_other_name_is_read_once(site: Site, clock: Clock, names: Names) -> None:
    names |= {"kota.example": [["127.0.0.1"]], "www.kota.example": [["127.0.0.1"]]}
    www = f"www.kota.example:{site.port}"

    def move(asked: Asked) -> Reply:
        return Reply(body="isi") if asked.headers["host"] == www else redirect(f"http://{www}{asked.path}")

    site.otherwise = move
    with Fetcher(www, allow_private=True, sleep=clock.sleep, clock=clock) as fetcher:
        assert fetcher.get(f"http://kota.example:{site.port}/a").content == b"isi"
    assert site.paths == ["/robots.txt", "/robots.txt", "/a", "/a"]


def test_of_an_endless_robots_txt_the_start_counts(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", Reply(body="User-agent: *\nDisallow: /a\n" + "# \n" * 400_000, gzip=True))
    with pytest.raises(Forbidden, match=r"robots\.txt"):
        fetcher.get(site.url + "/a")


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), Reply(reset=True), Reply(body="User-agent", cut=4)])
def test_while_robots_txt_fails_nothing_is_read(site: Site, fetcher: Fetcher, reply: Reply) -> None:
    site.on("/robots.txt", reply)
    for _ in range(2):
        with pytest.raises(
            SiteUnavailable, match=r"/robots\.txt: .*even at the 5th attempt; try again later; without it nothing"
        ):
            fetcher.get(site.url + "/a")
    assert site.paths == ["/robots.txt"] * 5


@pytest.mark.parametrize(
    ("lines", "pause_s"),
    [
        (("Crawl-delay: 2.5",), 2.5),
        (("Crawl-delay: 0.1",), 0.5),
        (("Crawl-delay: 86400",), 60),
        (("Request-rate: 1/10",), 10),
        (("Request-rate: 2/1m",), 30),
        (("Crawl-delay: 3", "Request-rate: 1/1s 0100-0200"), 3),
        ((), 0.5),
    ],
)
def test_the_pauses_that_robots_txt_asks_for_are_kept(
    site: Site, fetcher: Fetcher, clock: Clock, lines: tuple[str, ...], pause_s: float
) -> None:
    site.on("/robots.txt", robots(*lines, "Disallow: /x"))
    for _ in range(3):
        fetcher.get(site.url + "/a")
    assert clock.slept == [pause_s] * 3


def test_a_pause_that_has_passed_anyway_is_not_made(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    fetcher.get(site.url + "/a")
    clock.now += 0.4
    fetcher.get(site.url + "/a")
    clock.now += 3
    fetcher.get(site.url + "/a")
    assert clock.slept == [0.5, 0.1]


def test_the_pause_is_measured_from_the_end_of_the_last_answer(site: Site) -> None:
    site.on("/a", Reply(delay_s=0.2))
    with Fetcher(site.host, allow_private=True, pause_s=0.15) as fetcher:
        fetcher.get(site.url + "/a")
        fetcher.get(site.url + "/a")
    first, second, third = (one.at for one in site.asked)
    assert second - first >= 0.15
    assert third - second >= 0.35


def test_sitemaps_are_named(site: Site, fetcher: Fetcher) -> None:
    site.on("/robots.txt", robots("Sitemap: https://kota.example/a.xml", "sitemap: /b.xml"))
    assert fetcher.sitemaps(site.url + "/x") == ("https://kota.example/a.xml", "/b.xml")
    assert fetcher.sitemaps(site.url) == ("https://kota.example/a.xml", "/b.xml")
    assert site.paths == ["/robots.txt"]
    with pytest.raises(Forbidden, match="not on"):
        fetcher.sitemaps("https://kota.example")


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: ("User-agent: *\n" + text).encode()))
def test_no_robots_txt_is_too_strange(content: bytes) -> None:
    rules = parse(content)
    assert 0 <= rules.delay_s <= MAX_DELAY_S
    assert rules.allow("https://kota.example/berita?x=%zz") in (True, False)


def test_numbers_of_any_length_are_delays() -> None:
    nines = "9" * 4000
    assert parse(f"User-agent: *\nRequest-rate: 1/{nines}\nCrawl-delay: {nines}".encode()).delay_s == 60
    assert parse(f"User-agent: *\nRequest-rate: {nines}/1".encode()).delay_s == 0


# A site that is busy, or fails


def test_a_busy_site_is_waited_for(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    busy = {"Retry-After": "120"}
    site.on("/a", Reply(429, headers=busy), Reply(503, headers=busy), Reply(body="isi"))
    assert fetcher.get(site.url + "/a").content == b"isi"
    assert clock.slept == [0.5, 120, 120]


def test_a_date_is_read_by_the_clock_of_the_site(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    raw = b"HTTP/1.1 503 Busy\r\nDate: Tue, 21 Mar 2023 01:00:00 GMT\r\nRetry-After: Tue, 21 Mar 2023 01:01:30 GMT\r\n"
    site.on("/a", Reply(raw=raw + b"Content-Length: 0\r\nConnection: close\r\n\r\n"), Reply(body="isi"))
    assert fetcher.get(site.url + "/a").content == b"isi"
    assert clock.slept == [0.5, 90]


def test_a_busy_site_that_names_no_time_is_given_more_each_time(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    nonsense = {"Retry-After": "segera"}
    site.on("/a", Reply(429), Reply(429, headers=nonsense), Reply(429, headers={"Retry-After": "-5"}), Reply(body="isi"))
    assert fetcher.get(site.url + "/a").content == b"isi"
    assert clock.slept == [0.5, 30, 60, 120]


def test_patience_ends_and_the_run_with_it(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    site.on("/a", Reply(429, headers={"Retry-After": "400"}))
    message = r"/a: the site is too busy \(HTTP 429\) and asks to come back in 400 s; harvest it again then"
    with pytest.raises(SiteUnavailable, match=message) as caught:
        fetcher.get(site.url + "/a")
    assert (caught.value.retry_after_s, caught.value.http_status) == (400, 429)
    assert clock.slept == [0.5, 400, 400]
    with pytest.raises(SiteUnavailable, match=message) as caught:
        fetcher.get(site.url + "/b")
    assert caught.value.retry_after_s == 400
    assert site.count("/b") == 0


@pytest.mark.parametrize("seconds", ["3600", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_hour_is_not_waited_for(site: Site, fetcher: Fetcher, clock: Clock, seconds: str) -> None:
    site.on("/a", Reply(503, headers={"Retry-After": seconds}))
    with pytest.raises(SiteUnavailable) as caught:
        fetcher.get(site.url + "/a")
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s >= 3600
    assert clock.slept == [0.5]


def test_a_site_that_says_zero_seconds_for_ever_is_given_up(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    site.on("/a", Reply(429, headers={"Retry-After": "0"}))
    with pytest.raises(SiteUnavailable):
        fetcher.get(site.url + "/a")
    assert clock.slept[:9] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert site.count("/a") == 20


def test_a_busy_robots_txt_is_waited_for_too(site: Site, fetcher: Fetcher, clock: Clock) -> None:
    site.on("/robots.txt", Reply(429, headers={"Retry-After": "7"}), robots("Disallow: /a"))
    with pytest.raises(Forbidden, match=r"robots\.txt"):
        fetcher.get(site.url + "/a")
    assert clock.slept == [7]


FAULTS = {
    "500": Reply(500),
    "503 without a time": Reply(503),
    "520": Reply(520),
    "408": Reply(408),
    "reset": Reply(reset=True),
    "nothing": Reply(raw=b""),
    "no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "cut": Reply(body="isi yang panjang", cut=5),
    "cut chunks": Reply(body="isi yang panjang", chunked=True, cut=20),
    "longer than said": Reply(body="isi", headers={"Content-Length": "10"}),
    "cut gzip": Reply(body="isi yang panjang" * 99, gzip=True, cut=30, headers={"Content-Length": None}),
    "no gzip": Reply(body="isi yang panjang", headers={"Content-Encoding": "gzip"}),
    "unasked encoding": Reply(body="isi yang panjang", headers={"Content-Encoding": "br"}),
    "two lengths": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nisi"),
    "endless header": Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_passing_fault_is_outlasted(site: Site, fetcher: Fetcher, clock: Clock, fault: Reply) -> None:
    site.on("/a", fault, fault, fault, fault, Reply(body="isi"))
    assert fetcher.get(site.url + "/a").content == b"isi"
    pauses = clock.slept[1:]
    assert len(pauses) == 4
    assert pauses != [1, 2, 4, 8]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, (1, 2, 4, 8), strict=True))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_lasting_fault_is_reported_in_one_line(site: Site, fetcher: Fetcher, fault: Reply) -> None:
    site.on("/a", fault)
    with pytest.raises(Unavailable, match=r"/a: .+, even at the 5th attempt; try again later$") as caught:
        fetcher.get(site.url + "/a")
    assert not isinstance(caught.value, SiteUnavailable)
    assert isinstance(caught.value, ArchiveError)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 350
    assert site.count("/a") == 5
    assert fetcher.get(site.url + "/b").status == "gone"


def test_a_site_that_is_not_there_ends_the_run(clock: Clock) -> None:
    with Site() as site:
        pass
    with open_fetcher(site, clock) as fetcher:
        with pytest.raises(SiteUnavailable, match=r"/robots\.txt: .*[Cc]onnection refused.*, even at the 5th attempt"):
            fetcher.get(site.url + "/a")
        waited = len(clock.slept)
        with pytest.raises(SiteUnavailable):
            fetcher.get(site.url + "/b")
    assert len(clock.slept) == waited


def test_a_name_that_nobody_knows_ends_the_run(clock: Clock, names: Names) -> None:
    with (
        Fetcher("kota.example", sleep=clock.sleep, clock=clock) as fetcher,
        pytest.raises(SiteUnavailable, match=r"the name kota\.example is not known"),
    ):
        fetcher.get("https://kota.example/a")


def test_ten_failures_in_a_row_end_the_run(site: Site, fetcher: Fetcher) -> None:
    site.otherwise = Reply(500)
    site.on("/robots.txt", Reply(404))
    site.on("/good", Reply(body="isi"))
    for number in range(9):
        with pytest.raises(Unavailable) as caught:
            fetcher.get(f"{site.url}/{number}")
        assert type(caught.value) is Unavailable
    fetcher.get(site.url + "/good")
    for number in range(9):
        with pytest.raises(Unavailable):
            fetcher.get(f"{site.url}/{number}")
    with pytest.raises(SiteUnavailable, match=r"/9: .*; it is the 10th address in a row that fails"):
        fetcher.get(site.url + "/9")
    site.forget()
    with pytest.raises(SiteUnavailable, match=r"/9: .*10th address"):
        fetcher.get(site.url + "/good")
    assert site.asked == []


# Time and size


def test_silence_is_not_waited_for(site: Site, clock: Clock) -> None:
    site.on("/a", Reply(delay_s=30), Reply(body="isi"))
    with open_fetcher(site, clock, timeout_s=0.2) as fetcher:
        started = time.monotonic()
        assert fetcher.get(site.url + "/a").content == b"isi"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "reply", [Reply(body="x" * 1000, drip_s=0.05), Reply(body="x", drip_s=0.05, drip_headers=True), Reply(delay_s=30)]
)
def test_a_drip_ends_at_the_deadline(site: Site, reply: Reply) -> None:
    site.on("/a", reply)
    with Fetcher(site.host, allow_private=True, pause_s=0, answer_s=0.5) as fetcher:
        started = time.monotonic()
        with pytest.raises(Unavailable, match=r"/a: no whole answer within 0\.5 s"):
            fetcher.get(site.url + "/a")
        assert 0.4 < time.monotonic() - started < 2
        assert fetcher.get(site.url + "/b").status == "gone"
    assert site.count("/a") == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"x" * 1001),
        Reply(body=b"x" * 1001, chunked=True),
        Reply(body=b"x" * 1001, headers={"Content-Length": None}),
        Reply(body=b"x" * 1001, gzip=True),
        Reply(body=b"x", headers={"Content-Length": "999999999"}),
    ],
)
def test_what_is_too_large_is_not_read(site: Site, clock: Clock, reply: Reply) -> None:
    site.on("/a", reply)
    site.on("/b", Reply(body=b"x" * 1000, gzip=True))
    with open_fetcher(site, clock, max_bytes=1000) as fetcher:
        with pytest.raises(TooLarge, match=r"/a: more than 1,000 bytes; save the page and import the file"):
            fetcher.get(site.url + "/a")
        assert fetcher.get(site.url + "/b").content == b"x" * 1000
    assert site.count("/a") == 1


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_does_not_unfold(site: Site, fetcher: Fetcher, layers: int) -> None:
    bomb = b"\0" * 100_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    site.on("/a", Reply(body=bomb, headers={"Content-Encoding": ", ".join(["gzip"] * layers)}))
    fetcher.get(site.url + "/warm")
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            fetcher.get(site.url + "/a")
        assert tracemalloc.get_traced_memory()[1] < 45_000_000
    finally:
        tracemalloc.stop()


def test_an_empty_compressed_body_is_empty(site: Site, fetcher: Fetcher) -> None:
    site.on("/a", Reply(headers={"Content-Encoding": "gzip"}))
    assert fetcher.get(site.url + "/a").content == b""


@given(headers=st.dictionaries(st.sampled_from(["Content-Type", "ETag", "Last-Modified", "Retry-After", "Date"]), HEADER))
def test_no_header_is_too_strange(headers: dict[str, str]) -> None:
    kept = httpx2.Headers([(name.encode(), value.encode("latin-1")) for name, value in headers.items()])
    assert (response_headers.retry_after(kept) or 0) >= 0
    answer = _answer(httpx2.URL("https://kota.example/"), "ok", _Reply(200, kept, b""))
    assert all(one is None or one == one.strip().lower() != "" for one in (answer.charset, answer.content_type))
    assert all(one is None or (one.isascii() and one.isprintable()) for one in (answer.etag, answer.last_modified))


def test_a_missing_file_of_certificates_is_named(
    secure: Site, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with (
        Fetcher(f"kota.example:{secure.port}", allow_private=True, sleep=clock.sleep, clock=clock) as fetcher,
        pytest.raises(SiteUnavailable, match="No such file or directory"),
    ):
        fetcher.get(f"https://kota.example:{secure.port}/a")


# The site itself


def test_a_mistake_in_a_route_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), Site() as site, open_fetcher(site, clock := Clock()) as fetcher:  # noqa: PT012
        site.on("/a", lambda asked: Reply(1 // 0))
        with pytest.raises(Unavailable):
            fetcher.get(site.url + "/a")
    assert len(clock.slept) == 5


def test_the_site_tells_what_it_was_asked(site: Site, fetcher: Fetcher) -> None:
    def page(asked: Asked) -> Reply:
        return Reply(body=asked.query.get("page", "1"))

    site.on("/posts", page)
    site.on("/posts?page=9", Reply(400))
    assert [fetcher.get(f"{site.url}/posts{query}").content for query in ("", "?page=2")] == [b"1", b"2"]
    with pytest.raises(Refused):
        fetcher.get(site.url + "/posts?page=9")
    assert (site.count("/posts"), site.count("/posts?page=2")) == (3, 1)
