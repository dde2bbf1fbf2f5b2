"""telusur key: which programs may ask more of the endpoint than strangers."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import Any

from scripts.keeping import Actions, print_list, print_taken_off
from scripts.printing import print_json

_PER_MINUTE = 600


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command and what it does."""
    actions = Actions(
        subparsers,
        parent,
        "key",
        help="make, list or revoke keys for programs that ask the endpoint often",
        description="Keep the keys with which programs may ask the endpoint more often than strangers. A running server sees "
        "every change at once.",
    )
    create = actions.add(
        "create",
        _create,
        help="make a key and print it, this once",
        description="Make a key. It is printed now and never again; programs send it as Authorization: Bearer KEY.",
    )
    create.add_argument("name", metavar="NAME", help="whose it is")
    create.add_argument(
        "--limit", metavar="N", type=int, default=_PER_MINUTE, help="requests a minute; 0 for any number (default: %(default)s)"
    )
    actions.add("list", _list, help="show the keys")
    revoke = actions.add("revoke", _revoke, help="put keys out of force")
    revoke.add_argument("names", metavar="NAME", nargs="+", help="whose")


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
        print_json({"name": args.name, "per_minute": args.limit, "key": token})
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
    listed = [asdict(key) for key in found]
    print_list(args, "keys", listed, _describe, "there is no key yet; make one: telusur key create NAME")
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
    print_taken_off(args, "revoked", args.names)
    return 0


def _describe(key: dict[str, Any]) -> str:
    limit = f"{key['per_minute']:,} requests a minute" if key["per_minute"] else "any number of requests"
    end = f", revoked {key['revoked_at']}" if key["revoked_at"] else ""
    return f"{key['name']}: {limit}, made {key['created_at']}{end}"
