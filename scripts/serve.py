"""telusur serve: the web page and the endpoint, by a production server."""

from __future__ import annotations

import argparse
import errno
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from index import Index

_THREADS = 8
_MAX_BODY_BYTES = 16 * 1024 * 1024  # below this the application refuses a body itself, and says so in its own form
_HIGHEST_PORT = 65_535


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "serve",
        parents=[parent],
        help="serve the web page and the endpoint",
        description="Serve the web page and the endpoint. What is indexed later appears without a restart.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)")
    parser.add_argument("--port", type=_port, default=8000, help="port to listen on (default: %(default)s; 0 takes a free one)")
    parser.add_argument("--model", metavar="NAME", help="insist on this model (default: the one that made the index)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop.

    Raises:
        OSError: The address cannot be listened on.
        ArchiveError: The archive cannot be opened.
    """
    # Here, not above, so that --help stays instant.
    from waitress.server import create_server

    from index import Index
    from web import create_app

    signal.signal(signal.SIGTERM, _stop)
    index = Index(Path(args.data), args.model, args.cache)
    try:
        app = create_app({"INDEX": index})
        try:
            server = create_server(
                app,
                host=args.host,
                port=args.port,
                threads=_THREADS,
                max_request_body_size=_MAX_BODY_BYTES,
                ident="Telusur",
            )
        except (OSError, ValueError) as error:
            raise OSError(_why_not(error, args.host, args.port)) from error
        _announce(args, server)
        threading.Thread(target=_warm, args=(index,), name="warm", daemon=True).start()
        try:
            server.run()
        finally:
            server.close()
    finally:
        index.close()
    sys.stderr.write("stopped\n")
    return 0


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= _HIGHEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to {_HIGHEST_PORT}")


def _why_not(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken: stop what listens there, or give another --port"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} on {host} needs more rights: give a --port from 1024 on"
    return f"cannot listen on {host}, port {port}: {error}"


def _announce(args: argparse.Namespace, server: object) -> None:
    listening = getattr(server, "effective_listen", None) or [(args.host, getattr(server, "effective_port", args.port))]
    port = int(listening[0][1])
    host = f"[{args.host}]" if ":" in args.host else args.host
    url = f"http://{host}:{port}/"
    if args.json:
        sys.stdout.write(json.dumps({"url": url, "host": args.host, "port": port}) + "\n")
        sys.stdout.flush()
    sys.stderr.write(f"serving {args.data} at {url} (Ctrl+C stops)\n")
    sys.stderr.flush()


def _warm(index: Index) -> None:
    """Load generation and model before the first reader waits for them."""
    from archive import ArchiveError
    from index import GenerationError, ModelError, NoGeneration

    started = time.monotonic()
    try:
        index.warm()
    except NoGeneration:
        sys.stderr.write("nothing is indexed yet: run telusur import and telusur index, while this keeps running\n")
    except (GenerationError, ModelError, ArchiveError) as error:
        sys.stderr.write(f"searches will fail: {error}\n")
    else:
        sys.stderr.write(f"ready for searches after {time.monotonic() - started:.1f} seconds\n")


def _stop(_signum: int, _frame: object) -> NoReturn:
    raise SystemExit(0)
