"""What happened, one JSON line each. What somebody searched for is nobody's business, and stays out unless the keeper says so.

A line about a request holds neither query string, form, referring page, cookie nor address; of an error it holds the traceback,
from which every value that the request brought along is struck out.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from flask import Response, current_app, g, has_request_context, request

from web.operations.tracing import Finished

_log = logging.getLogger(__name__)

_MAX_PATH_CHARS = 300
_MIN_STRUCK_CHARS = 3  # a shorter value says nothing, and would strike out half of every word
_STRUCK = "[…]"
_WORD = re.compile(rf"\w{{{_MIN_STRUCK_CHARS},}}")


def configure(stream: TextIO, requests: bool) -> None:
    """Write this process's log to a stream, as JSON lines.

    Args:
        stream: Where to.
        requests: Write a line for each request, not only what goes wrong.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _log.setLevel(logging.INFO if requests else logging.WARNING)
    # A queue is no error; /metrics tells its length.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if has_request_context():
            line.setdefault("id", g.get("request_id"))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        if record.levelno > logging.INFO and has_request_context() and not current_app.config.get("LOG_QUERIES"):
            line |= {name: _strike_out(line[name]) for name in ("event", "traceback") if name in line}
        return json.dumps(line, ensure_ascii=False, default=str)


def log_request(finished: Finished, response: Response) -> None:
    """Write a line about a request once its answer has been sent."""
    if not _log.isEnabledFor(logging.INFO):
        return
    rule = request.url_rule
    fields: dict[str, Any] = {
        "id": finished.id,
        "method": request.method,
        "path": request.path[:_MAX_PATH_CHARS],
        "route": rule.rule if rule else None,
        "status": response.status_code,
        "ms": round(finished.total_ms, 1),
        "generation": finished.generation,
    }
    if "key_name" in g:
        fields["key"] = g.key_name
    if current_app.config.get("LOG_QUERIES"):
        fields["query"] = request.query_string.decode("utf-8", "replace")
    if request.method == "HEAD":
        _write(fields, 0)
    elif response.direct_passthrough:  # a file, which is handed to the server as it is
        _write(fields, response.content_length)
    elif response.is_streamed:
        _write_when_sent(fields, response)
    else:
        _write(fields, response.calculate_content_length())


def _write(fields: dict[str, Any], sent_bytes: int | None) -> None:
    _log.info("request", extra={"fields": {**fields, "bytes": sent_bytes}})


def _write_when_sent(fields: dict[str, Any], response: Response) -> None:
    """Count a stream's bytes as they go; the line is written when the last one has gone, or its reader has."""
    chunks, original = response.iter_encoded(), response.response
    sent_bytes = 0

    def count() -> Iterator[bytes]:
        nonlocal sent_bytes
        for chunk in chunks:
            sent_bytes += len(chunk)
            yield chunk

    response.response = count()
    if close := getattr(original, "close", None):
        response.call_on_close(close)
    response.call_on_close(lambda: _write(fields, sent_bytes))


def _strike_out(text: str) -> str:
    """The text without what this request brought along.

    Whole values go wherever they stand. Their single words go from messages only: lines of code, which a traceback indents, are
    the same for every request and would become unreadable.
    """
    values = {value for value in _values() if len(value) >= _MIN_STRUCK_CHARS}
    forms = values | {repr(value)[1:-1] for value in values}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _STRUCK)
    words = {word for value in values for word in _WORD.findall(value)}
    if not words:
        return text
    any_word = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    lines = text.splitlines()
    return "\n".join(line if line.startswith("  ") else any_word.sub(_STRUCK, line) for line in lines)


def _values() -> Iterator[str]:
    yield request.query_string.decode("utf-8", "replace")
    for values in (request.args, request.form):
        yield from (value for _, value in values.items(multi=True))
    if request.is_json:
        yield from _strings(request.get_json(silent=True))


def _strings(found: object) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, list | dict):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _strings(one)
