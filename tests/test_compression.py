"""What goes out gzipped, and how caches can tell."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import web_archive
from flask import Flask, Response
from flask.testing import FlaskClient
from web_archive import FLOOD, SERVE

from web import create_app
from web.operations import compression

GZIP = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    with web_archive.opened(tmp_path, SERVE, FLOOD) as index:
        yield create_app({"INDEX": index}).test_client()


@pytest.mark.parametrize("path", ["/", "/?q=melayani", "/nothing-here"])
def test_a_page_is_the_same_but_shorter(client: FlaskClient, path: str) -> None:
    plain, packed = client.get(path), client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    assert packed.status_code == plain.status_code
    if "q=" not in path:  # a search says how long it took
        assert gzip.decompress(packed.data) == plain.data
    for response in (plain, packed):
        assert response.vary.as_set() >= {"accept-encoding", "accept-language", "cookie"}


def test_json_is_packed_from_one_kilobyte_on(client: FlaskClient) -> None:
    short = client.get("/healthz", headers=GZIP)
    assert "Content-Encoding" not in short.headers
    long = client.get("/api/v1/search?q=melayani", headers=GZIP)
    assert long.headers["Content-Encoding"] == "gzip"
    assert b'"melayani"' in gzip.decompress(long.data)
    assert "accept-encoding" in long.vary.as_set()


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "gzip;q=0, *"])
def test_who_does_not_take_gzip_gets_none(client: FlaskClient, accepted: str) -> None:
    response = client.get("/", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert response.data.startswith(b"<!doctype html>")


def test_head_has_the_headers_of_get(client: FlaskClient) -> None:
    names = ("Content-Encoding", "Content-Length", "Vary")
    head, get = client.head("/", headers=GZIP), client.get("/", headers=GZIP)
    assert head.data == b""
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]


def test_a_static_file_is_packed_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = client.get("/static/style.css")
    packed = client.get("/static/style.css", headers=GZIP)
    assert gzip.decompress(packed.data) == plain.data

    def refuse(*_arguments: object) -> bytes:
        raise AssertionError("it was packed again")

    monkeypatch.setattr(zlib, "compress", refuse)
    again = client.get("/static/style.css", headers=GZIP)
    assert again.data == packed.data
    assert again.headers["Content-Encoding"] == "gzip"
    for response in (plain, packed, again):
        response.close()


def test_tags_of_both_encodings_differ_and_both_are_recognised(client: FlaskClient) -> None:
    plain = client.get("/static/style.css")
    packed = client.get("/static/style.css", headers=GZIP)
    assert plain.headers["ETag"].startswith('"')
    assert packed.headers["ETag"] == "W/" + plain.headers["ETag"]
    assert "Accept-Ranges" not in packed.headers
    for tag in (plain.headers["ETag"], packed.headers["ETag"]):
        for encoding in ({}, GZIP):
            with client.get("/static/style.css", headers={"If-None-Match": tag, **encoding}) as response:
                assert (response.status_code, response.data) == (304, b"")
                assert "accept-encoding" in response.vary.as_set()
    plain.close()
    packed.close()


def test_a_part_of_a_file_goes_out_as_it_is(client: FlaskClient) -> None:
    response = client.get("/static/style.css", headers={**GZIP, "Range": "bytes=0-1999"})
    assert response.status_code == 206
    assert "Content-Encoding" not in response.headers
    assert len(response.data) == 2000
    response.close()


class _Rows:
    """A stream that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[str]:
        return (f"baris {number} dari tabel yang panjang\n" for number in range(1000))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("mimetype", "packed"), [("text/csv", True), ("application/zip", False)])
def test_a_stream_of_text_is_packed_as_it_goes(mimetype: str, packed: bool) -> None:
    app, rows = Flask(__name__), _Rows()
    compression.init_app(app)
    app.add_url_rule("/rows", view_func=lambda: Response(rows, mimetype=mimetype))  # type: ignore[arg-type, return-value]
    response = app.test_client().get("/rows", headers=GZIP)
    data = response.data
    response.close()
    assert (gzip.decompress(data) if packed else data).decode() == "".join(rows)
    assert ("Content-Encoding" in response.headers) is packed
    assert rows.closed
