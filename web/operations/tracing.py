"""Every request has an id and a stopwatch: `X-Request-Id` and `Server-Timing` tell its sender, `Finished` who counts."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from flask import Flask, Response, before_render_template, g, request, template_rendered

from index import trace

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True, slots=True)
class Finished:
    """A request whose answer is ready to be sent.

    Attributes:
        id: As given by the sender, if well-formed, else made here.
        total_ms: Until the answer was ready, in milliseconds.
        stages_ms: Parts of that: words, encode, scan, rank, archive, render, as far as there were any.
        generation: Number of the generation that answered; None where none was asked.
    """

    id: str
    total_ms: float
    stages_ms: dict[str, float]
    generation: int | None


Finish: TypeAlias = Callable[[Finished, Response], None]


def init_app(app: Flask, finish: tuple[Finish, ...]) -> None:
    """Trace each request of an application; to be called before anything else that hooks into requests.

    Args:
        app: The application.
        finish: What to call with each request whose answer is ready.
    """

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        g.started = time.perf_counter()
        g.trace = trace.begin()

    # Flask calls what was registered first last: by then the answer is complete.
    @app.after_request
    def end(response: Response) -> Response:
        found: trace.Trace = g.trace
        finished = Finished(g.request_id, (time.perf_counter() - g.started) * 1000, found.stages_ms, found.generation)
        response.headers["X-Request-Id"] = finished.id
        stages = {**finished.stages_ms, "total": finished.total_ms}
        response.headers["Server-Timing"] = ", ".join(f"{name};dur={ms:.1f}" for name, ms in stages.items())
        for call in finish:
            call(finished, response)
        return response

    def start_rendering(_app: Flask, **_details: object) -> None:
        g.render_started = time.perf_counter()

    def end_rendering(_app: Flask, **_details: object) -> None:
        with suppress(AttributeError):  # rendered outside of a request
            stages: dict[str, float] = g.trace.stages_ms
            stages["render"] = stages.get("render", 0.0) + (time.perf_counter() - g.render_started) * 1000

    # Signals keep weak references only, so the application has to keep the receivers.
    app.extensions["telusur_tracing"] = (start_rendering, end_rendering)
    before_render_template.connect(start_rendering, app)
    template_rendered.connect(end_rendering, app)
