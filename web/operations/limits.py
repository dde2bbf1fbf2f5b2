"""How much one client may ask: a bucket of tokens for each, in memory.

Each server process counts for itself. Tells clients where they stand by the `RateLimit` and `RateLimit-Policy` fields of
draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, g, request
from flask_babel import lazy_gettext

from web import links
from web.operations import clients
from web.operations.clients import KeyRing
from web.problems import Problem, respond

API_LIMIT = 60
PAGE_LIMIT = 240

_MOST_CLIENTS = 10_000  # 2 MB; who is forgotten starts anew with a full bucket
_UNCOUNTED_PATHS = {links.HEALTH_PATH, links.READY_PATH, links.METRICS_PATH}  # asked by machines that must not be turned away


@dataclass(frozen=True, slots=True)
class Rate:
    """How much a client may ask.

    Attributes:
        name: Of the policy, as clients are told.
        per_minute: Requests that flow back, at least 1.
    """

    name: str
    per_minute: int

    @property
    def burst(self) -> int:
        """Requests that a client who has been quiet may send at once: half a minute's."""
        return math.ceil(self.per_minute / 2)

    @property
    def per_s(self) -> float:
        """Requests that flow back a second."""
        return self.per_minute / 60


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a client stands after a request.

    Attributes:
        is_allowed: The request may be answered.
        remaining: Requests that may follow at once.
        full_in_s: Until the bucket is full again.
        retry_in_s: Until the next request may be answered; 0 where it may be now.
    """

    is_allowed: bool
    remaining: int
    full_in_s: int
    retry_in_s: int


class Buckets:
    """The buckets of the clients seen last. Safe to share between threads."""

    def __init__(self, most: int = _MOST_CLIENTS, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without a client.

        Args:
            most: Clients to keep in mind.
            clock: Tells the time in seconds.
        """
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str, rate: Rate) -> Standing:
        """Take a token out of a client's bucket, if there is one."""
        with self._lock:
            bucket = self._filled(client, rate)
            is_allowed = bucket.tokens >= 1
            if is_allowed:
                bucket.tokens -= 1
            return _standing(bucket, rate, is_allowed)

    def charge(self, client: str, rate: Rate, tokens: int) -> Standing:
        """Take tokens without asking whether there are so many: what is missing has to flow back first."""
        with self._lock:
            bucket = self._filled(client, rate)
            bucket.tokens -= tokens
            return _standing(bucket, rate, is_allowed=True)

    def _filled(self, client: str, rate: Rate) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.pop((rate.name, client), None) or _Bucket(rate.burst, now)
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.filled_at) * rate.per_s)
        bucket.filled_at = now
        self._buckets[rate.name, client] = bucket  # now the one seen last
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket


@dataclass(slots=True)
class _Counted:
    """A request that counts: whose it is, by which rate, and how it went."""

    buckets: Buckets
    client: str
    rate: Rate
    standing: Standing


def init_app(app: Flask, keys: Path) -> None:
    """Limit what clients ask of an application, by its API_LIMIT and PAGE_LIMIT: requests a minute, 0 for any number.

    Args:
        app: The application.
        keys: File of the keys that have limits of their own at the endpoint.
    """
    app.config.setdefault("API_LIMIT", API_LIMIT)
    app.config.setdefault("PAGE_LIMIT", PAGE_LIMIT)
    buckets, ring = Buckets(), KeyRing(keys)

    @app.before_request
    def count() -> Response | None:
        if request.endpoint == "static" or request.path in _UNCOUNTED_PATHS:
            return None
        is_api = links.is_api(request.path)
        shown = clients.bearer(ring) if is_api else None
        if shown and shown.key:
            g.key_name = client = shown.key.name
            rate = Rate("key", shown.key.per_minute)
        else:
            client = clients.counted_as()
            rate = Rate("api", app.config["API_LIMIT"]) if is_api else Rate("pages", app.config["PAGE_LIMIT"])
            if clients.is_local():
                rate = Rate(rate.name, 0)
        if rate.per_minute:
            standing = buckets.take(client, rate)
            g.counted = _Counted(buckets, client, rate, standing)
            if not standing.is_allowed:
                return respond(_too_many(rate, standing), {"Retry-After": str(standing.retry_in_s)})
        if shown and not shown.key:
            return respond(_wrong_key(), {"WWW-Authenticate": 'Bearer realm="Telusur", error="invalid_token"'})
        return None

    @app.after_request
    def tell(response: Response) -> Response:
        counted: _Counted | None = g.get("counted")
        if counted:
            rate, standing = counted.rate, counted.standing
            window_s = math.ceil(rate.burst / rate.per_s)
            response.headers["RateLimit-Policy"] = f'"{rate.name}";q={rate.burst};w={window_s}'
            response.headers["RateLimit"] = f'"{rate.name}";r={standing.remaining};t={standing.full_in_s}'
        return response


def charge(requests: int) -> None:
    """Count this request as more than one, since it asks for as much.

    It is answered all the same, for it was let in; what it costs beyond the bucket has to flow back before the next one is.

    Args:
        requests: How many it stands for, at least 1.
    """
    counted: _Counted | None = g.get("counted")
    if counted and requests > 1:
        counted.standing = counted.buckets.charge(counted.client, counted.rate, requests - 1)


def _standing(bucket: _Bucket, rate: Rate, is_allowed: bool) -> Standing:
    missing = max(0.0, 1 - bucket.tokens)
    return Standing(
        is_allowed=is_allowed,
        remaining=max(0, math.floor(bucket.tokens)),
        full_in_s=math.ceil((rate.burst - bucket.tokens) / rate.per_s),
        retry_in_s=math.ceil(missing / rate.per_s),
    )


def _too_many(rate: Rate, standing: Standing) -> Problem:
    return Problem(
        status=HTTPStatus.TOO_MANY_REQUESTS,
        title=lazy_gettext("Terlalu banyak permintaan"),
        detail=lazy_gettext("Batasnya %(limit)s permintaan per menit.", limit=rate.per_minute),
        remedy=lazy_gettext("Coba lagi setelah %(seconds)s detik.", seconds=standing.retry_in_s),
        kind="too-many-requests",
    )


def _wrong_key() -> Problem:
    return Problem(
        status=HTTPStatus.UNAUTHORIZED,
        title=lazy_gettext("Kunci tidak berlaku"),
        detail=lazy_gettext("Kunci di header Authorization tidak dikenal atau sudah dicabut."),
        remedy=lazy_gettext("Periksa kuncinya, minta yang baru kepada pengelola arsip, atau hilangkan header itu."),
        kind="unknown-key",
    )
