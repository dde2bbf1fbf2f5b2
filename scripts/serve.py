"""telusur serve: the web page and the endpoint, by a production server."""

from __future__ import annotations

import argparse
import errno
import json
import signal
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scripts.warming import start_warming

if TYPE_CHECKING:
    from web.server import Server

_THREADS = 16  # see web/server.py
_MOST_THREADS = 64
_MOST = 1_000_000
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
    parser.add_argument("--threads", type=_threads, default=_THREADS, help="requests answered at once (default: %(default)s)")
    parser.add_argument(
        "--proxy", metavar="ADDRESS", type=_address, help="believe this proxy's X-Forwarded-For, -Host and -Proto"
    )
    limits = parser.add_argument_group("limits", "for each address, but for requests of this machine's own; 0 for any number")
    limits.add_argument(
        "--api-limit", metavar="N", type=_count, default=60, help="requests to the endpoint a minute (default: %(default)s)"
    )
    limits.add_argument("--page-limit", metavar="N", type=_count, default=240, help="pages a minute (default: %(default)s)")
    others = parser.add_argument_group("who else may ask")
    others.add_argument(
        "--cors-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="let pages of this site, such as https://example.org, ask the endpoint; * for every site; may be repeated",
    )
    others.add_argument(
        "--metrics-for",
        metavar="NETWORK",
        type=_network,
        action="append",
        default=[],
        help="show /metrics to this network too, such as 10.0.0.0/8; may be repeated",
    )
    log = parser.add_argument_group(
        "log", "one JSON line a request on stderr, which never says what was searched for or by whom"
    )
    log.add_argument("--log-queries", action="store_true", help="log what is searched for, too")
    log.add_argument("--quiet", action="store_true", help="log only what goes wrong")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; a second signal stops at once, without the answers under way.

    Raises:
        OSError: The address cannot be listened on.
        ArchiveError: The archive cannot be opened.
        ValueError: An option is impossible; the message names it.
    """
    # Here, not above, so that --help stays instant.
    from index import Index
    from web import create_app
    from web.operations import logs
    from web.server import Server

    logs.configure(sys.stderr, requests=not args.quiet)
    index = Index(Path(args.data), args.model, args.cache)
    try:
        app = create_app(
            {
                "INDEX": index,
                "API_LIMIT": args.api_limit,
                "PAGE_LIMIT": args.page_limit,
                "CORS_ORIGINS": args.cors_origin,
                "METRICS_FOR": args.metrics_for,
                "LOG_QUERIES": args.log_queries,
            }
        )
        try:
            server = Server(app, args.host, args.port, args.threads, args.proxy)
        except (OSError, ValueError) as error:
            raise OSError(_why_not(error, args.host, args.port)) from error
        try:
            _stop_when_told(server)
            _announce(args, server.port)
            start_warming(index)
            server.run()
        finally:
            server.close()
    finally:
        index.close()
    sys.stderr.write("stopped\n")
    return 0


def _stop_when_told(server: Server) -> None:
    def stop(signum: int, _frame: object) -> None:
        server.stop()
        signal.signal(signum, _stop_now)

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)


def _stop_now(_signum: int, _frame: object) -> NoReturn:
    raise SystemExit(1)


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= _MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {_MOST}")


def _threads(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_THREADS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {_MOST_THREADS}")


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address") from error


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no network: write it as 10.0.0.0/8") from error


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


def _announce(args: argparse.Namespace, port: int) -> None:
    host = f"[{args.host}]" if ":" in args.host else args.host
    url = f"http://{host}:{port}/"
    if args.json:
        sys.stdout.write(json.dumps({"url": url, "host": args.host, "port": port}) + "\n")
        sys.stdout.flush()
    sys.stderr.write(f"serving {args.data} at {url} (Ctrl+C stops)\n")
    sys.stderr.flush()
