"""telusur mcp: the archive as a tool of assistants, by the Model Context Protocol."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.warming import start_warming

if TYPE_CHECKING:
    from mcp.server import Server

    from index import Index

_BASE_URL = "http://127.0.0.1:8000"
_HIGHEST_PORT = 65_535
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PATH = "/mcp"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "mcp",
        parents=[parent],
        help="serve the archive to assistants, by the Model Context Protocol",
        description="Serve the archive to assistants, by the Model Context Protocol: over stdin and stdout, for a program that "
        "starts this command itself, or over HTTP. What is indexed later is found without a restart.",
    )
    parser.add_argument(
        "--http", metavar="HOST:PORT", type=_address, help="serve over streamable HTTP, at /mcp; port 0 takes a free one"
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="answer requests for this host too, such as archive.example or archive.example:8765; may be repeated",
    )
    parser.add_argument(
        "--base-url",
        metavar="URL",
        default=_BASE_URL,
        help="where people read the archive, for permalinks: the address of telusur serve (default: %(default)s)",
    )
    parser.add_argument("--model", metavar="NAME", help="insist on this model (default: the one that made the index)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until the assistant closes stdin or, over HTTP, until told to stop.

    Raises:
        OSError: The address cannot be listened on.
        ArchiveError: The archive cannot be opened.
        ValueError: The base address is none.
    """
    # Here, not above, so that --help stays instant.
    import anyio

    from index import Index
    from web.desk import Desk
    from web.mcp import create_server

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with closing(Index(Path(args.data), args.model, args.cache)) as index:
        server = create_server(Desk(index, args.base_url))
        if args.http is None:
            # Reading stdin cannot be interrupted: Ctrl+C ends the process there and then. It keeps nothing that could be lost.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            start_warming(index)
            anyio.run(_serve_stdio, server)
        else:
            host, port = args.http
            with _listen(host, port) as listening, suppress(KeyboardInterrupt):  # which is how it is told to stop
                _serve_http(args, server, index, listening)
    return 0


async def _serve_stdio(server: Server[Any]) -> None:
    from mcp import stdio_server

    # What else is printed in this process goes to stderr meanwhile: stdout carries the protocol alone.
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


def _serve_http(args: argparse.Namespace, server: Server[Any], index: Index, listening: socket.socket) -> None:
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    host, port = args.http[0], listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    # A page of another site cannot reach the archive through a reader's browser, whatever name that site gives this machine.
    hosts = [*(f"{name}:*" for name in (*_LOOPBACK, shown)), *args.allow_host]
    origins = [f"{scheme}://{name}" for name in hosts for scheme in ("http", "https")]
    allowed = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)
    # Nothing is kept between calls, so none is lost when the server starts anew.
    app = server.streamable_http_app(
        streamable_http_path=_PATH, stateless_http=True, json_response=True, transport_security=allowed
    )
    url = f"http://{shown}:{port}{_PATH}"

    class _Announced(uvicorn.Server):
        """Says that it serves once it does, for only from then on does it hear Ctrl+C."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if args.json:
                sys.stdout.write(json.dumps({"url": url, "host": host, "port": port}) + "\n")
                sys.stdout.flush()
            sys.stderr.write(f"serving {args.data} to assistants at {url} (Ctrl+C stops)\n")
            start_warming(index)

    _Announced(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()  # whoever is told the address may come at once
    except OSError as error:
        listening.close()
        raise OSError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
    return listening


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if colon and host and port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT:
        return host.removeprefix("[").removesuffix("]"), int(port)
    raise argparse.ArgumentTypeError(f"{text!r} is no address: write it as 127.0.0.1:8765")
