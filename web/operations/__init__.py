"""What surrounds every request: tracing, log, metrics, compression, other origins, limits and keys, and readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from web.holdings import current_holdings
from web.operations import compression, cors, limits, logs, metrics, readiness, tracing
from web.operations.keys import FILE

if TYPE_CHECKING:
    from index import Index


def init_app(app: Flask, index: Index) -> None:
    """Surround an application's requests; to be called before anything else that hooks into them.

    Flask calls what was registered first first on a request's way in, and last on its way out: so a request is traced before
    anything can refuse it, and an answer is compressed when it is complete, and counted after that.

    Raises:
        ValueError: A setting is impossible; the message names it.
    """
    app.config.setdefault("LOG_QUERIES", False)
    tracing.init_app(app, (metrics.init_app(app, index, current_holdings), logs.log_request))
    compression.init_app(app)
    cors.init_app(app)
    limits.init_app(app, index.store.database.path.with_name(FILE))
    readiness.init_app(app, index)
