"""The archive as a web page and an endpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from index import Index
from web import api, assets, coverage, feeds, holdings, language, operations, pages, problems, security, taking, timeline
from web import map as archive_map


class _Json(DefaultJSONProvider):
    """Members in the order documented, and Indonesian text readable."""

    sort_keys = False
    ensure_ascii = False


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the application that serves one archive.

    Args:
        config: DATA_DIR, the archive's folder (default: the environment's TELUSUR_DATA, else ./data); MODEL, a model name or
            folder instead of the one the index was made with; CACHE_DIR, where the embedded model is unpacked to (default:
            TELUSUR_CACHE); INDEX, an `Index` already open, instead of all three; and any setting of Flask.
    """
    app = Flask(__name__)
    app.config.update(DATA_DIR=os.environ.get("TELUSUR_DATA") or "data", MODEL=None, INDEX=None)
    app.config["CACHE_DIR"] = os.environ.get("TELUSUR_CACHE")
    app.config.update(config or {})
    app.json = _Json(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    index = app.config["INDEX"]
    if index is None:
        cache_dir = app.config["CACHE_DIR"]
        index = Index(Path(app.config["DATA_DIR"]), app.config["MODEL"], Path(cache_dir) if cache_dir else None)
    holdings.init_app(app, index)
    operations.init_app(app, index)
    language.init_app(app)
    assets.init_app(app)
    security.init_app(app)
    problems.init_app(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(archive_map.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(api.reference)
    app.register_blueprint(taking.blueprint)
    app.register_blueprint(timeline.blueprint)
    app.register_blueprint(coverage.blueprint)
    app.register_blueprint(feeds.blueprint)
    return app
