"""What is written down of a request, and above all what is not."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import web_archive
from flask import Flask, Response, abort, request
from web_archive import FLOOD, SERVE

from index import Index
from web import create_app
from web.operations import logs
from web.operations.keys import FILE, Keys

ASKED = "selundup rahasia"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD) as index:
        yield index


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, own = logging.getLogger(), logging.getLogger("web.operations.logs")
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream, requests=True)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    own.setLevel(logging.NOTSET)
    logging.getLogger("waitress.queue").setLevel(logging.NOTSET)


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def get(app: Flask, path: str, **headers: str) -> None:
    with app.test_client().get(path, headers=headers):
        pass


def test_a_request_is_one_line(index: Index, stream: io.StringIO) -> None:
    app = create_app({"INDEX": index})
    with app.test_client().get("/api/v1/search?q=melayani", headers={"X-Request-Id": "from-a-proxy"}) as response:
        size = len(response.data)
    (line,) = written(stream)
    assert line.pop("time").endswith("+00:00")
    assert line.pop("ms") > 0
    assert line == {
        "level": "info",
        "event": "request",
        "id": "from-a-proxy",
        "method": "GET",
        "path": "/api/v1/search",
        "route": "/api/v1/search",
        "status": 200,
        "generation": 1,
        "bytes": size,
    }


@pytest.mark.parametrize("path", ["/", "/api/v1/search", f"/releases/{SERVE.id}", "/nothing", "/static/style.css"])
def test_neither_query_nor_referring_page_nor_cookie_nor_address_is_in_it(index: Index, stream: io.StringIO, path: str) -> None:
    app = create_app({"INDEX": index})
    client = app.test_client()
    client.set_cookie("rahasia", "rahasia")
    headers = {"Referer": f"http://localhost/?q={ASKED}", "User-Agent": "rahasia", "X-Request-Id": ASKED}
    query = {"q": ASKED, "topic": ASKED, "k": ASKED}
    for values in (query, {"q": ASKED}, {ASKED: ASKED}):
        with client.get(path, query_string=values, headers=headers, environ_base={"REMOTE_ADDR": "203.0.113.77"}):
            pass
    with client.post(path, data=query, headers=headers):
        pass
    assert len(written(stream)) == 4
    for word in ("rahasia", "selundup", "203.0.113.77"):
        assert word not in stream.getvalue()


def test_the_keeper_may_turn_queries_on(index: Index, stream: io.StringIO) -> None:
    get(create_app({"INDEX": index, "LOG_QUERIES": True}), "/api/v1/search?q=melayani&k=3")
    assert [line["query"] for line in written(stream)] == ["q=melayani&k=3"]


def test_whose_key_it_was_is_told(index: Index, stream: io.StringIO, tmp_path: Path) -> None:
    keys = Keys(tmp_path / FILE)
    token = keys.create("Redaksi")
    keys.close()
    get(create_app({"INDEX": index}), "/api/v1/search?q=melayani", Authorization=f"Bearer {token}")
    assert [line["key"] for line in written(stream)] == ["Redaksi"]
    assert token not in stream.getvalue()


def test_an_error_has_its_traceback_but_not_what_was_asked(index: Index, stream: io.StringIO) -> None:
    app = create_app({"INDEX": index})

    @app.route("/fails", methods=["GET", "POST"])
    def fail() -> str:
        asked = request.args.get("q") or request.form.get("q") or request.get_json()["deep"][0]["q"]
        raise RuntimeError(f"cannot read {asked!r}, that is {asked.upper()} or {asked.split()[0]}")

    client = app.test_client()
    for response in (
        client.get("/fails", query_string={"q": ASKED}),
        client.post("/fails", data={"q": ASKED}),
        client.post("/fails", json={"deep": [{"q": ASKED}]}),
    ):
        assert response.status_code == 500
        response.close()
    lines = written(stream)
    assert [line["level"] for line in lines] == 3 * ["error", "info"]
    for error, info in zip(lines[::2], lines[1::2], strict=True):
        assert error["id"] == info["id"]
        assert info["status"] == 500
        assert "in fail\n" in error["traceback"]
        assert error["traceback"].endswith("RuntimeError: cannot read '[…]', that is […] […] or […]")
    assert "rahasia" not in stream.getvalue().lower()


def test_an_error_shows_what_was_asked_where_the_keeper_wants_queries(index: Index, stream: io.StringIO) -> None:
    app = create_app({"INDEX": index, "LOG_QUERIES": True})

    @app.get("/fails")
    def fail() -> str:
        raise RuntimeError(request.args["q"])

    get(app, "/fails?q=melayani")
    assert written(stream)[0]["traceback"].endswith("RuntimeError: melayani")


def test_a_stream_is_written_down_when_it_has_gone(index: Index, stream: io.StringIO) -> None:
    app = create_app({"INDEX": index})
    app.add_url_rule("/rows", view_func=lambda: Response((f"{n}\n" for n in range(10)), mimetype="application/x-rows"))
    response = app.test_client().get("/rows")
    assert written(stream) == []
    assert response.data == b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"
    response.close()
    assert [line["bytes"] for line in written(stream)] == [20]


def test_compressed_bytes_are_those_counted(index: Index, stream: io.StringIO) -> None:
    app = create_app({"INDEX": index})
    for path in ("/", "/static/style.css"):
        with app.test_client().get(path, headers={"Accept-Encoding": "gzip"}) as response:
            size = len(response.data)
        assert written(stream)[-1]["bytes"] == size
    get(app, "/static/icon.svg")
    assert written(stream)[-1]["bytes"] == (Path(str(app.static_folder)) / "icon.svg").stat().st_size
    app.test_client().head("/").close()
    assert written(stream)[-1]["bytes"] == 0


def test_a_path_stays_on_its_line_and_is_cut(index: Index, stream: io.StringIO) -> None:
    get(create_app({"INDEX": index}), "/a%0A%7B%22level%22:%22error%22%7D" + "b" * 1000)
    (line,) = written(stream)
    assert line["path"].startswith('/a\n{"level":"error"}b')
    assert len(line["path"]) == 300
    assert line["route"] is None


def test_quiet_means_errors_only(index: Index, stream: io.StringIO) -> None:
    logs.configure(stream, requests=False)
    app = create_app({"INDEX": index})
    app.add_url_rule("/fails", view_func=lambda: abort(500))
    get(app, "/")
    assert stream.getvalue() == ""
    app.logger.error("broken")
    assert [line["event"] for line in written(stream)] == ["broken"]
