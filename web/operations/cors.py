"""Which other sites' pages may ask the endpoint from a reader's browser: those that the keeper names, and by default none.

The pages themselves are for nobody else's scripts. Origins are compared whole, never as patterns, and no answer depends on a
cookie, so credentials are never let through.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus

from flask import Flask, Response, request

ANY = "*"

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")
_METHODS = "GET, HEAD, POST"
_REQUEST_HEADERS = "Authorization, Content-Type, If-None-Match, X-Request-Id"
_ANSWER_HEADERS = "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id"
_DAY_S = 24 * 3600


def check_origin(text: str) -> str:
    """An origin as a browser sends it, or `ANY`.

    Raises:
        ValueError: It is none.
    """
    if text == ANY or _ORIGIN.fullmatch(text):
        return text
    raise ValueError(f"{text!r} is no origin: write it as https://example.org, without a path, or * for every site")


def init_app(app: Flask) -> None:
    """Let the origins in CORS_ORIGINS ask the endpoint.

    Raises:
        ValueError: One of them is no origin.
    """
    app.config.setdefault("CORS_ORIGINS", ())
    origins: Sequence[str] = [check_origin(origin) for origin in app.config["CORS_ORIGINS"]]
    if not origins:
        return

    def is_for_others() -> bool:
        return request.path.startswith("/api/")

    def is_allowed() -> bool:
        return ANY in origins or request.headers.get("Origin") in origins

    @app.before_request
    def answer_preflight() -> Response | None:
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not (is_preflight and is_for_others()):
            return None
        response = Response(status=HTTPStatus.NO_CONTENT)
        if is_allowed():
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = str(_DAY_S)
        return response

    @app.after_request
    def allow(response: Response) -> Response:
        if not is_for_others():
            return response
        if ANY in origins:
            response.headers["Access-Control-Allow-Origin"] = ANY
        else:
            response.vary.add("Origin")
            if is_allowed():
                response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Expose-Headers"] = _ANSWER_HEADERS
        return response
