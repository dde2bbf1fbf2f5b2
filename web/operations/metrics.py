"""What a Prometheus server reads at /metrics. Nothing of any query is in it: labels are names of routes and stages.

By the official client library, in a registry of each application's own; one process with many threads needs no more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_network
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, request
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from archive import ArchiveError
from index import GenerationError, ModelError, NoGeneration
from web import links
from web.holdings import Holdings
from web.operations import clients
from web.operations.tracing import Finish, Finished

if TYPE_CHECKING:
    from index import Index

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_COUNTS_FOR_S = 15
_NO_ROUTE = "none"


@dataclass(frozen=True, slots=True)
class _Counts:
    """What changes only with the archive or its index; None where it cannot be told."""

    releases: int | None = None
    paragraphs: int | None = None
    unindexed: int | None = None
    generation: int | None = None
    created_at: float | None = None


class _Holds(Collector):
    """The archive and its index as they stand when somebody looks."""

    def __init__(self, index: Index, holdings: Callable[[], Holdings], clock: Callable[[], float]) -> None:
        self._index = index
        self._holdings = holdings
        self._clock = clock
        self._counts = _Counts()
        self._counted_at: float | None = None
        self._counting = threading.Lock()

    def describe(self) -> Iterator[Metric]:
        """Nothing, so that registering it does not count the archive."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The gauges whose value is known, and how often what was worked out before was there."""
        counts = self._recent_counts()
        for name, text, value in (
            ("telusur_releases", "Releases in the archive.", counts.releases),
            ("telusur_paragraphs", "Paragraphs in the archive.", counts.paragraphs),
            ("telusur_unindexed_paragraphs", "Paragraphs that no search finds before telusur index has run.", counts.unindexed),
            ("telusur_generation", "Number of the live generation.", counts.generation),
            ("telusur_generation_created_timestamp_seconds", "When it was made, in Unix time.", counts.created_at),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)
        look_ups = CounterMetricFamily(
            "telusur_cache_look_ups", "How often what was worked out before was looked for.", labels=("cache", "result")
        )
        for cache, found in self._index.look_ups().items():
            look_ups.add_metric((cache, "hit"), found.hits)
            look_ups.add_metric((cache, "miss"), found.misses)
        yield look_ups

    def _recent_counts(self) -> _Counts:
        with self._counting:
            now = self._clock()
            if self._counted_at is None or now - self._counted_at >= _COUNTS_FOR_S:
                self._counts, self._counted_at = self._count(), now
            return self._counts

    def _count(self) -> _Counts:
        try:
            overview = self._holdings().overview()
        except ArchiveError:
            return _Counts()
        try:
            status = self._index.status()
            created_at = self._index.indexed_at().timestamp()
            unindexed = self._index.unindexed() if status.stale else 0
        except NoGeneration:
            return _Counts(overview.releases, overview.paragraphs, overview.paragraphs)
        except (ArchiveError, GenerationError, ModelError):
            return _Counts(overview.releases, overview.paragraphs)
        return _Counts(overview.releases, overview.paragraphs, unindexed, status.generation, created_at)


def init_app(app: Flask, index: Index, holdings: Callable[[], Holdings], clock: Callable[[], float] = time.monotonic) -> Finish:
    """Count what an application does, and show it to this machine and the networks in METRICS_FOR; others meet no such page.

    Args:
        app: The application.
        index: Its index.
        holdings: Gives what the archive holds.
        clock: Tells the time in seconds.

    Returns:
        What is to be told of each request whose answer is ready.

    Raises:
        ValueError: METRICS_FOR holds something that is no network.
    """
    app.config.setdefault("METRICS_FOR", ())
    networks = [ip_network(network) for network in app.config["METRICS_FOR"]]
    registry = CollectorRegistry()
    requests = Counter("telusur_requests", "Requests answered.", ("endpoint", "status"), registry=registry)
    seconds = Histogram(
        "telusur_request_seconds", "Until an answer was ready.", ("endpoint",), registry=registry, buckets=_BUCKETS_S
    )
    stages = Histogram(
        "telusur_stage_seconds", "What part of it took.", ("endpoint", "stage"), registry=registry, buckets=_BUCKETS_S
    )
    ProcessCollector(registry=registry)
    registry.register(_Holds(index, holdings, clock))

    @app.get(links.METRICS_PATH, endpoint="metrics")
    def show() -> Response:
        if not (clients.is_local() or clients.is_within(networks)):
            abort(HTTPStatus.NOT_FOUND)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    def count(finished: Finished, response: Response) -> None:
        endpoint = request.endpoint or _NO_ROUTE
        requests.labels(endpoint, str(response.status_code)).inc()
        seconds.labels(endpoint).observe(finished.total_ms / 1000)
        for stage, ms in finished.stages_ms.items():
            stages.labels(endpoint, stage).observe(ms / 1000)

    return count
