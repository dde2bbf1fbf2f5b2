"""telusur key: which programs may ask more of the endpoint than strangers."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from typing import Any

_PER_MINUTE = 600


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command and what it does."""
    parser = subparsers.add_parser(
        "key",
        help="make, list or revoke keys for programs that ask the endpoint often",
        description="Keep the keys with which programs may ask the endpoint more often than strangers. A running server sees "
        "every change at once.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser(
        "create",
        parents=[parent],
        help="make a key and print it, this once",
        description="Make a key. It is printed now and never again; programs send it as Authorization: Bearer KEY.",
    )
    create.add_argument("name", metavar="NAME", help="whose it is")
    create.add_argument(
        "--limit", metavar="N", type=int, default=_PER_MINUTE, help="requests a minute; 0 for any number (default: %(default)s)"
    )
    create.set_defaults(run=_create)
    show = actions.add_parser("list", parents=[parent], help="show the keys")
    show.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", parents=[parent], help="put keys out of force")
    revoke.add_argument("names", metavar="NAME", nargs="+", help="whose")
    revoke.set_defaults(run=_revoke)


def _create(args: argparse.Namespace) -> int:
    """Make the key args.name.

    Raises:
        DatabaseError: The file of keys cannot be written.
        ValueError: The name is none or taken, or the limit out of range.
    """
    from web.operations.keys import FILE, Keys  # here, not above, so that --help stays instant

    with closing(Keys(args.data / FILE)) as keys:
        token = keys.create(args.name, args.limit)
    if args.json:
        _print_json({"name": args.name, "per_minute": args.limit, "key": token})
    else:
        sys.stdout.write(f"{token}\n")
        sys.stderr.write(f"this is the key of {args.name}; it is kept nowhere and cannot be shown again\n")
    return 0


def _list(args: argparse.Namespace) -> int:
    """Show every key of args.data.

    Raises:
        DatabaseError: The file of keys cannot be read.
    """
    from dataclasses import asdict

    from web.operations.keys import FILE, Keys

    path = args.data / FILE
    found = []
    if path.exists():  # looking makes no file
        with closing(Keys(path)) as keys:
            found = keys.all()
    if args.json:
        _print_json({"keys": [asdict(key) for key in found]})
        return 0
    for key in found:
        limit = f"{key.per_minute:,} requests a minute" if key.per_minute else "any number of requests"
        end = f", revoked {key.revoked_at}" if key.revoked_at else ""
        sys.stdout.write(f"{key.name}: {limit}, made {key.created_at}{end}\n")
    if not found:
        sys.stderr.write("there is no key yet; make one: telusur key create NAME\n")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    """Put the keys args.names out of force.

    Raises:
        DatabaseError: The file of keys cannot be written.
        UnknownKey: There is none of such a name in force; then none is revoked.
    """
    from web.operations.keys import FILE, Keys

    with closing(Keys(args.data / FILE)) as keys:
        keys.revoke(args.names)
    if args.json:
        _print_json({"revoked": args.names})
    else:
        sys.stdout.write(f"revoked {', '.join(args.names)}\n")
    return 0


def _print_json(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
