"""Connections that go only where they may and end when they should: the one place that opens sockets to a site."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore2
import httpx2

from archive.fetching.hosts import is_public

# Apache closes a connection that is idle for five seconds; one that is reused just then breaks.
_KEEP_ALIVE_S = 4.0
_MAX_DETAIL = 200


class NotPublic(Exception):
    """A name leads to machines that are not on the public internet."""

    def __init__(self, host: str, addresses: Iterable[str]) -> None:
        super().__init__(f"{host} leads to {', '.join(addresses)}, which is not on the public internet")


class ExchangeError(Exception):
    """A request got no whole answer.

    Attributes:
        is_unreachable: There was no connection at all.
        is_untrusted: The certificate does not prove that this is the site.
    """

    def __init__(self, message: str, *, is_unreachable: bool = False, is_untrusted: bool = False) -> None:
        super().__init__(message)
        self.is_unreachable = is_unreachable
        self.is_untrusted = is_untrusted


class Deadline:
    """When the exchange under way has to be over.

    A time-out starts afresh with every byte that arrives, so that a site which sends one a second would hold a reader for days.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = float("inf")

    def set(self, seconds: float) -> None:
        """Start again: so many seconds from now."""
        self._at = self._clock() + seconds

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return self._clock() >= self._at

    def limit(self, timeout_s: float | None) -> float:
        """No more than what is left.

        Raises:
            httpcore2.ReadTimeout: Nothing is.
        """
        if self.is_over:
            raise httpcore2.ReadTimeout("the time for the whole answer is over")
        left = self._at - self._clock()
        return left if timeout_s is None else min(timeout_s, left)


class Transport(httpx2.BaseTransport):
    """Sends requests over one connection at a time, whose machine is checked at the moment of connecting."""

    def __init__(self, deadline: Deadline, *, allow_private: bool) -> None:
        self._backend = _Backend(deadline, allow_private)
        self._pools: dict[str, httpcore2.ConnectionPool] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request.

        Raises:
            ExchangeError: No answer came; while its body is read, too.
            NotPublic: The host is not on the public internet.
        """
        url = request.url
        with _plain_errors():
            answer = self._pool(url.scheme).handle_request(
                httpcore2.Request(
                    request.method,
                    httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=cast("Iterable[bytes]", request.stream),
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close the connection."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, scheme: str) -> httpcore2.ConnectionPool:
        """Made when it is needed: to read the certificates of this machine takes longer than many an answer."""
        if scheme not in self._pools:
            self._pools[scheme] = httpcore2.ConnectionPool(
                ssl_context=httpx2.create_ssl_context() if scheme == "https" else None,
                max_connections=1,
                keepalive_expiry=_KEEP_ALIVE_S,
                network_backend=self._backend,
            )
        return self._pools[scheme]


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _plain_errors():
            yield from cast("Iterable[bytes]", self._answer.stream)

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore2.NetworkBackend):
    """Resolves a name itself and connects to one of the addresses that it checked: a second look-up might differ."""

    def __init__(self, deadline: Deadline, allow_private: bool) -> None:
        self._deadline = deadline
        self._allow_private = allow_private
        self._plain = httpcore2.SyncBackend()
        self._working: dict[tuple[str, int], str] = {}

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        last: httpcore2.NetworkError | httpcore2.TimeoutException | None = None
        for address in self._addresses(host, port):
            try:
                stream = self._plain.connect_tcp(address, port, self._deadline.limit(timeout), local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                # A machine may have addresses that cannot be reached from here, IPv6 most of all.
                self._working.pop((host, port), None)
                last = error
            else:
                self._working[host, port] = address
                return _Stream(stream, self._deadline)
        raise last or httpcore2.ConnectError("the name has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        if (host, port) in self._working:
            return [self._working[host, port]]
        try:
            # A name with an empty or overlong label is a UnicodeError.
            found = list(dict.fromkeys(resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name {host} is not known ({error})") from error
        allowed = [one for one in found if self._allow_private or is_public(one)]
        if found and not allowed:
            raise NotPublic(host, found)
        return allowed


class _Stream(httpcore2.NetworkStream):
    """A stream that never waits past the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.limit(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.limit(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            timeout = self._deadline.limit(timeout)
        except httpcore2.ReadTimeout:
            self.close()  # as it does itself when the handshake fails
            raise
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as its base says
        return self._stream.get_extra_info(info)


def resolve(host: str, port: int) -> list[str]:
    """The numeric addresses of a name, in the order in which the system would try them.

    Raises:
        OSError: It has none.
        UnicodeError: It is no name.
    """
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise ExchangeError(
            "it does not answer in time", is_unreachable=isinstance(error, httpcore2.ConnectTimeout | httpcore2.PoolTimeout)
        ) from error
    except httpcore2.ConnectError as error:
        raise ExchangeError(_one_line(error), is_unreachable=True, is_untrusted=_is_about_certificate(error)) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise ExchangeError(_one_line(error)) from error
    except OSError as error:  # the certificates of this machine, if SSL_CERT_FILE names no file
        raise ExchangeError(_one_line(error), is_unreachable=True) from error


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(char for char in text if char.isprintable())[:_MAX_DETAIL]
