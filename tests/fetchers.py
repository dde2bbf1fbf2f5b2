"""A fetcher of a site on this machine, with time that passes only while one sleeps."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sites import Site

from archive.fetching import Fetcher, connections

Names = dict[str, list[list[str]]]


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
