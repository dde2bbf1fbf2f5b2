"""/readyz: whether a search would be answered now. /healthz, which loads nothing, says that the process is alive."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify
from flask_babel import lazy_gettext

from index import NoGeneration
from web import links, problems

if TYPE_CHECKING:
    from index import Index

_PATIENCE_S = 0.5  # a probe wants to know now, and must not hold a worker while a model loads
_RETRY_S = 2


class _Trial:
    """One query at a time, sent through model and generation aside, so that whoever asks need not wait for it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._aside = ThreadPoolExecutor(1, "readiness")
        self._running: Future[None] | None = None
        self._starting = threading.Lock()

    def result(self, timeout_s: float) -> None:
        """Wait for the trial that runs, or another.

        Raises:
            NotYet: It takes longer.
            GenerationError, ModelError, ArchiveError: As `Index.warm`.
        """
        with self._starting:
            if self._running is None:
                self._running = self._aside.submit(self._index.warm)
            running = self._running
        try:
            running.result(timeout_s)
        finally:
            with self._starting:
                if self._running is running and running.done():
                    self._running = None


def init_app(app: Flask, index: Index) -> None:
    """Say whether an application is ready: 200, or 503 with the reason."""
    trial = _Trial(index)

    @app.get(links.READY_PATH, endpoint="readiness")
    def ready() -> Response:
        try:
            trial.result(_PATIENCE_S)
            generation = index.status().generation
        except NotYet:
            return problems.respond(_loading(), {"Retry-After": str(_RETRY_S)})
        except NoGeneration:
            return problems.respond(problems.not_indexed())
        except problems.UNUSABLE as error:
            return problems.respond(problems.unusable(str(error)))
        return jsonify({"status": "ready", "generation": generation})


def _loading() -> problems.Problem:
    return problems.Problem(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title=lazy_gettext("Server belum siap"),
        detail=lazy_gettext("Indeks atau modelnya masih dimuat."),
        remedy=lazy_gettext("Coba lagi beberapa detik lagi."),
        kind="loading",
    )
