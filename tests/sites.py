"""A site on 127.0.0.1 that answers as it is told to: well, late, in pieces, not at all.

    with Site() as site:
        site.on("/berita", Reply(503), Reply(body="<p>ASN harus melayani"))   # each reply once, the last one ever after
        site.on("/wp-json/wp/v2/posts", lambda asked: Reply(body=posts(asked.query)))
        fetcher.get(site.url + "/berita")
        assert site.paths == ["/robots.txt", "/berita", "/berita"]

What no route names is answered with 404, robots.txt too.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Reply:
    """How to answer.

    Attributes:
        status: HTTP status.
        body: Text is sent as UTF-8.
        headers: Beside Content-Length; a name with None is left out: {"Content-Length": None} ends the body by closing.
        etag: Sent as ETag; a request that has it already gets 304.
        gzip: Compress the body.
        chunked: Send the body in chunks.
        delay_s: Wait before the answer.
        drip_s: Send the body byte by byte, with such a pause after each; `drip_headers` does so with the headers.
        cut: Close after so many bytes of the body, whatever was announced.
        reset: Reset the connection instead of an answer.
        raw: Send these bytes and nothing else.
    """

    status: int = 200
    body: str | bytes = b""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    etag: str | None = None
    gzip: bool = False
    chunked: bool = False
    delay_s: float = 0.0
    drip_s: float = 0.0
    drip_headers: bool = False
    cut: int | None = None
    reset: bool = False
    raw: bytes | None = None


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        path: With the query: "/posts?page=2".
        headers: Names in small letters.
        at: `time.monotonic()` when it arrived.
        connection: Number of the connection, from 0.
        body: What was sent along.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    at: float
    connection: int
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """The parameters, the last of each name."""
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    @property
    def is_conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


Route = Reply | Callable[[Asked], Reply]


def redirect(to: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": to})


def robots(*lines: str) -> Reply:
    return Reply(body="\n".join(("User-agent: *", *lines)), headers={"Content-Type": "text/plain"})


class Site:
    """A context manager; all of its threads and connections end with it.

    Args:
        tls: A context with a certificate, to speak https.
        family: socket.AF_INET6 for ::1.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.asked: list[Asked] = []
        self.otherwise: Route = Reply(404, "tidak ditemukan", {"Content-Type": "text/html"})
        self._routes: dict[str, list[Route]] = {}
        self._errors: list[Exception] = []
        self._lock = threading.Lock()
        self._server = _Server(self, tls, family)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
        self.port: int = self._server.server_address[1]
        self.host = f"[::1]:{self.port}" if family == socket.AF_INET6 else f"127.0.0.1:{self.port}"
        self.url = f"{'http' if tls is None else 'https'}://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stop()
        self._thread.join()
        if kind is None and self._errors:
            raise self._errors[0]

    def on(self, path: str, *routes: Route) -> None:
        """Answer a path (with its query, or whatever its query) by each of these in turn, and by the last from then on."""
        assert routes, "name at least one reply"
        with self._lock:
            self._routes[path] = list(routes)

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [one.path for one in self.asked]

    def count(self, path: str) -> int:
        """How often a path was asked for: with its query, or whatever its query if it is given without."""
        return sum(one.path == path or one.path.partition("?")[0] == path for one in self.asked)

    def forget(self) -> None:
        """Start counting afresh."""
        with self._lock:
            self.asked.clear()

    def answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            routes = self._routes.get(asked.path) or self._routes.get(asked.path.partition("?")[0]) or [self.otherwise]
            route = routes.pop(0) if len(routes) > 1 else routes[0]
        if isinstance(route, Reply):
            return route
        try:
            return route(asked)
        except Exception as error:  # of the test itself: it is raised where the test can see it, when the site closes
            self._errors.append(error)
            return Reply(500, repr(error))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, site: Site, tls: ssl.SSLContext | None, family: socket.AddressFamily) -> None:
        self.address_family = family
        self.site = site
        self.stopping = threading.Event()
        self._tls = tls
        self._open: dict[socket.socket, int] = {}
        self._handling: list[threading.Thread] = []
        self._count = 0
        super().__init__(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open[request] = self._count
        self._count += 1
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._handling.append(thread)
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        number = self._open[request]
        if self._tls is not None:
            del self._open[request]
            request = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            self._open[request] = number
            try:
                request.do_handshake()
            except OSError:  # the client did not like the certificate
                self.close_request(request)
                return
        super().process_request_thread(request, client_address)

    def number(self, connection: socket.socket) -> int:
        return self._open[connection]

    def close_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: clients that go away are what these tests are about."""

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._handling:
            thread.join(5)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets: the second must not wait for the first to be confirmed
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        asked = Asked(self.command, self.path, headers, time.monotonic(), self.server.number(self.connection), body)
        reply = self.server.site.answer(asked)
        self.server.stopping.wait(reply.delay_s)
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        status, body = reply.status, reply.body.encode() if isinstance(reply.body, str) else reply.body
        if reply.etag is not None and headers.get("if-none-match") == reply.etag:
            status, body = 304, b""
        self._send(status, gzip.compress(body) if reply.gzip and body else body, reply)

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, status: int, body: bytes, reply: Reply) -> None:
        head: dict[str, str | None] = {"Content-Type": "text/html; charset=utf-8"}
        if status != 304:
            head |= {"Transfer-Encoding": "chunked"} if reply.chunked else {"Content-Length": str(len(body))}
        if reply.gzip:
            head["Content-Encoding"] = "gzip"
        if reply.etag is not None:
            head["ETag"] = reply.etag
        head |= reply.headers
        self.send_response(status)
        for name, value in head.items():
            if value is not None:
                self.send_header(name, value)
        if reply.drip_headers:
            lines, self._headers_buffer = self._headers_buffer, []
            self._write(b"".join(lines), reply.drip_s)
        self.end_headers()
        if self.command == "HEAD":
            return
        if reply.chunked:
            middle = len(body) // 2
            pieces: Sequence[bytes] = [b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:middle], body[middle:]) if part]
            body = b"".join((*pieces, b"0\r\n\r\n"))
        self._write(body[: reply.cut], reply.drip_s)
        if reply.cut is not None or ("Content-Length" in reply.headers and not reply.chunked):
            self.close_connection = True

    def _write(self, data: bytes, pause_s: float) -> None:
        if not pause_s:
            self.wfile.write(data)
            return
        for at in range(len(data)):
            self.wfile.write(data[at : at + 1])
            if self.server.stopping.wait(pause_s):
                return
