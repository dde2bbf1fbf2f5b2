"""The server itself: slow senders, proxies in front, and its end."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from flask import Flask, Response, request

from web import server as serving
from web.server import Server

Run = Callable[..., AbstractContextManager[Server]]


@contextmanager
def running(app: Flask, **options: object) -> Iterator[Server]:
    """A server that answers in a thread of its own."""
    server = Server(app, "127.0.0.1", 0, **options)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        server.close()
    assert not thread.is_alive()


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def fetch(server: Server, path: str = "/", **headers: str) -> str:
    asked = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
    with urllib.request.urlopen(asked, timeout=10) as response:  # noqa: S310 - http
        return str(response.read().decode())


def receive(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)

    @app.get("/")
    def who() -> str:
        return f"{request.remote_addr} {request.scheme} {request.host}"

    return app


@pytest.fixture
def turns(app: Flask) -> tuple[threading.Event, threading.Event]:
    """A route /slow that says when it began, and ends when told."""
    began, may_end = threading.Event(), threading.Event()

    @app.get("/slow")
    def slow() -> Response:
        began.set()
        assert may_end.wait(20)
        return Response(b"x" * 8_000_000)

    return began, may_end


def test_slow_senders_hold_no_worker_and_are_cut_off(app: Flask) -> None:
    with running(app, threads=1, receive_s=0.8) as server:
        senders = [connect(server) for _ in range(5)]
        started = time.monotonic()
        for sender in senders:
            sender.sendall(b"GET / HTTP/1.1\r\n")
        assert fetch(server).startswith("127.0.0.1 ")  # the only worker is free
        cut_off_s = None
        while cut_off_s is None and time.monotonic() - started < 10:
            time.sleep(0.05)
            try:
                for sender in senders:
                    sender.sendall(b"X")  # never silent for long, so that waitress alone would wait for ever
            except OSError:
                cut_off_s = time.monotonic() - started
        assert cut_off_s is not None
        assert cut_off_s >= 0.8
        for sender in senders:
            sender.close()
        assert fetch(server).startswith("127.0.0.1 ")


def test_a_connection_may_carry_many_requests_for_longer_than_one_may_take(app: Flask) -> None:
    with running(app, receive_s=0.6) as server, connect(server) as connection:
        for _ in range(4):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: arsip.example\r\n\r\n")
            received = b""
            while not received.endswith(b"127.0.0.1 http arsip.example"):
                part = connection.recv(4096)
                assert part, received
                received += part
            time.sleep(0.4)


@pytest.mark.parametrize("proxy", [None, "192.0.2.1"])
def test_nobodys_word_is_taken_for_another_address(app: Flask, proxy: str | None) -> None:
    claims = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    with running(app, proxy=proxy) as server:
        assert fetch(server, **claims) == f"127.0.0.1 http 127.0.0.1:{server.port}"


def test_the_proxy_in_front_is_believed_about_the_last_sender_only(app: Flask) -> None:
    claims = {"X-Forwarded-For": "10.9.9.9, 198.51.100.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "arsip.example"}
    with running(app, proxy="127.0.0.1") as server:
        assert fetch(server, **claims) == "198.51.100.1 https arsip.example"


def test_a_request_under_way_is_answered_whole_before_the_end(
    app: Flask, turns: tuple[threading.Event, threading.Event], caplog: pytest.LogCaptureFixture
) -> None:
    began, may_end = turns
    with running(app) as server, connect(server) as connection, connect(server) as idle:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert began.wait(10)
        server.stop()
        assert receive(idle) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(server)
        may_end.set()
        time.sleep(0.3)  # most of the answer has to wait until somebody reads it
        head, _, body = receive(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body == b"x" * 8_000_000
    assert caplog.messages == []


def test_the_end_does_not_wait_for_ever(
    app: Flask, turns: tuple[threading.Event, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end = turns
    monkeypatch.setattr(serving, "_DRAIN_S", 0.2)
    with running(app) as server, connect(server) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert began.wait(10)
        started = time.monotonic()
        server.stop()
    assert time.monotonic() - started < 5
    may_end.set()
