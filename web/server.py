"""A production server for the application: waitress, with a time limit on slow senders and an end that waits for answers.

One thread receives requests and sends answers, for all connections at once; a worker sees a request only when it is whole. So a
slow client costs a connection, not a worker, and connections are cut off here where waitress itself would wait for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

if TYPE_CHECKING:
    from flask import Flask

THREADS = 16
"""Requests answered at once: only queries that are under way together can be encoded and compared together."""

_BACKLOG = 1024
_CONNECTIONS = 1000
_IDLE_S = 60  # kept alive without a request, or without taking any of its answer
_RECEIVE_S = 20  # for a request to arrive whole, however it dribbles in
_DRAIN_S = 20  # for answers under way once the server was told to stop
_LOOK_S = 0.5  # how often to look around at least
_MAX_BODY_BYTES = 16 * 2**20  # below this the application refuses a body itself, and says so in its own form
_MAX_HEADER_BYTES = 64 * 2**10
_PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}


class Server:
    """Listens from the start, answers while `run` runs."""

    def __init__(
        self, app: Flask, host: str, port: int, threads: int = THREADS, proxy: str | None = None, receive_s: float = _RECEIVE_S
    ) -> None:
        """Listen.

        Args:
            app: What answers.
            host: Address to listen on.
            port: Port to listen on; 0 takes a free one.
            threads: Requests answered at once.
            proxy: Address of a proxy in front, whose `X-Forwarded-For`, `-Host` and `-Proto` are believed; nobody else's are.
            receive_s: Time for a request to arrive whole, in seconds.

        Raises:
            OSError: The address cannot be listened on.
            ValueError: It is none.
        """
        self._channels: dict[int, wasyncore.dispatcher] = {}
        self._receive_s = receive_s
        self._incomplete: dict[HTTPChannel, tuple[object, float]] = {}
        self._next_look = 0.0
        self._stopping = threading.Event()
        trust: dict[str, Any] = {"trusted_proxy": proxy, "trusted_proxy_headers": _PROXY_HEADERS} if proxy else {}
        self._server = create_server(
            app,
            self._channels,
            host=host,
            port=port,
            threads=threads,
            backlog=_BACKLOG,
            connection_limit=_CONNECTIONS,
            channel_timeout=_IDLE_S,
            cleanup_interval=5,
            max_request_body_size=_MAX_BODY_BYTES,
            max_request_header_size=_MAX_HEADER_BYTES,
            ident="Telusur",
            # Nobody reads what an unknown sender claims, but that it claims something tells that it is not this machine's own.
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,  # that readers go away is no error
            **trust,
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        listening = getattr(self._server, "effective_listen", None) or [(None, self._server.effective_port)]
        return int(listening[0][1])

    def run(self) -> None:
        """Answer until told to stop; then take no more requests, finish those that are whole, and return."""
        while not self._stopping.is_set():
            self._turn()
            if (now := time.monotonic()) >= self._next_look:
                self._cut_off_slow_senders(now)
                self._next_look = now + _LOOK_S
        for channel in list(self._channels.values()):
            if channel.accepting:
                wasyncore.dispatcher.close(channel)  # a server's own `close` would take away what wakes this thread, too
        deadline = time.monotonic() + _DRAIN_S
        while self._close_idle() and time.monotonic() < deadline:
            self._turn(0.05)

    def stop(self) -> None:
        """Have `run` end. A signal handler may call this."""
        self._stopping.set()

    def close(self) -> None:
        """End the workers and close every connection."""
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._channels)

    def _turn(self, most_s: float = _LOOK_S) -> None:
        # poll, since select knows no file number from 1024 on.
        wasyncore.loop(timeout=most_s, use_poll=True, map=self._channels, count=1)

    def _open(self) -> Iterator[HTTPChannel]:
        return (channel for channel in list(self._channels.values()) if isinstance(channel, HTTPChannel))

    def _cut_off_slow_senders(self, now: float) -> None:
        """Close connections whose request has been incomplete for too long; waitress only closes those that are silent."""
        since = self._incomplete
        self._incomplete = {}
        for channel in self._open():
            request = channel.request
            if request is None or channel.requests:
                continue
            known, started = since.get(channel, (request, now))
            if known is not request:
                started = now
            if now - started > self._receive_s:
                channel.will_close = True
            self._incomplete[channel] = (request, started)

    def _close_idle(self) -> bool:
        """Close connections that wait for no answer; whether others are left."""
        is_busy = False
        for channel in self._open():
            if channel.requests or channel.total_outbufs_len:
                is_busy = True
            else:
                channel.handle_close()
        return is_busy
