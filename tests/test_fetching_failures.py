"""A site that is busy, fails or is not there."""

from __future__ import annotations

import pytest
from fetchers import Clock, Names, clock, fetcher, names, open_fetcher, site
from sites import Reply, Site, robots

from archive import ArchiveError
from archive.fetching import Fetcher, Forbidden, SiteUnavailable, Unavailable

__all__ = ["clock", "fetcher", "names", "site"]  # fixtures that these tests share


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
