"""Static files: their URL names their content, so that a browser may keep them for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

_FOR_GOOD = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Put a version into the URL of each static file."""
    folder = Path(app.static_folder or "")

    @cache
    def version(filename: str) -> str:
        return hashlib.sha256((folder / filename).read_bytes()).hexdigest()[:10]

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values.setdefault("v", version(values["filename"]))

    @app.after_request
    def set_lifetime(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code < 400:
            filename = (request.view_args or {}).get("filename", "")
            is_current = request.args.get("v") == version(filename)
            response.headers["Cache-Control"] = _FOR_GOOD if is_current else "no-cache"
        return response
