"""telusur webhook: which programs are told about new passages."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

from scripts.keeping import Actions, print_list, print_taken_off
from scripts.printing import print_json

if TYPE_CHECKING:
    from pathlib import Path

    from index import Query
    from index.hooks import Hook, Hooks
    from scripts.delivering import Report

_BASE_URL = "http://127.0.0.1:8000"
_MODES = ("gabungan", "makna", "kata")
_FIELDS = {"topic": "topics", "agency": "agencies", "source": "sources", "language": "languages"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command and what it does."""
    actions = Actions(
        subparsers,
        parent,
        "webhook",
        help="tell other programs about new passages that a search finds",
        description="Keep the addresses to which the new passages of a search are sent as JSON, signed, whenever "
        "`telusur index` brings some in.",
    )
    add = actions.add(
        "add",
        _add,
        help="watch a search for an address, and print the secret that signs what is sent, this once",
        description="Watch a search. What is in the archive now is not sent, and each later passage once. The secret is "
        "printed now and never again.",
    )
    add.add_argument("name", metavar="NAME", help="what to call it")
    add.add_argument("url", metavar="URL", help="where to send; https, or http on this machine")
    add.add_argument("--query", metavar="TEXT", required=True, help="what to watch, in plain language")
    add.add_argument(
        "--mode", choices=_MODES, default=_MODES[0], help="what to compare (default: %(default)s, meaning and words)"
    )
    add.add_argument("--since", metavar="DATE", type=_day, help="only releases published on this day or later, YYYY-MM-DD")
    add.add_argument("--until", metavar="DATE", type=_day, help="only releases published on this day or earlier")
    for option in _FIELDS:
        add.add_argument(
            f"--{option}", metavar="NAME", action="append", default=[], help=f"only this {option}; may be repeated"
        )
    add.add_argument(
        "--base-url", metavar="URL", default=_BASE_URL, help="where people reach the archive, for links (default: %(default)s)"
    )
    add.add_argument("--allow-private", action="store_true", help="the address may lie in a private network")
    actions.add("list", _list, help="show the webhooks and how their deliveries go")
    remove = actions.add("remove", _remove, help="forget webhooks, with what waits to be sent to them")
    remove.add_argument("names", metavar="NAME", nargs="+", help="which")
    actions.add(
        "deliver",
        _deliver,
        help="send what is new, and what failed before and is due again",
        description="Send what is new, and what failed before and is due again. `telusur index` does so at its end; run this "
        "every few minutes too, so that what failed is tried again. Exits with 1 where a delivery failed. Where another one is "
        "delivering, says so and exits with 0.",
    )


def hooks_of(data: Path) -> list[dict[str, Any]]:
    """The webhooks of a data folder and how their deliveries go, without their secrets; looking makes no file.

    Raises:
        DatabaseError: The file of webhooks cannot be read.
    """
    from index.hooks import FILE, Hooks

    if not (data / FILE).exists():
        return []
    with closing(Hooks(data / FILE)) as hooks:
        return [_to_json(hooks, hook) for hook in hooks.all()]


def describe_hook(found: dict[str, Any]) -> str:
    """One line that says how the deliveries of a webhook go."""
    line = (
        f"{found['name']}: {found['url']}, {found['query']!r}, {found['passages']:,} passages, {found['delivered']:,} delivered"
    )
    line += f", {found['waiting']:,} waiting" if found["waiting"] else ""
    line += f", {found['given_up']:,} given up" if found["given_up"] else ""
    return line + (f"; {found['failure']}" if found["failure"] else "")


def deliver_all(data: Path, cache: Path | None) -> list[Report]:
    """Look for new passages and send what is due, if there is any webhook; nothing where another process is at it.

    Raises:
        GenerationError: The generation is damaged, or another model made it.
        ModelError: The model cannot be loaded.
        DatabaseError: The archive cannot be read, or the file of webhooks not written.
    """
    from index import Index
    from index.hooks import FILE, Hooks, HooksBusy
    from scripts.delivering import deliver

    if not (data / FILE).exists():
        return []
    with closing(Hooks(data / FILE)) as hooks:
        if not hooks.all():
            return []
        try:
            with hooks.lock(), closing(Index(data, cache_dir=cache)) as index:
                return deliver(hooks, index)
        except HooksBusy:
            # It does what this one was to do: under cron, that is as it should be.
            sys.stderr.write(f"webhooks: another process is delivering from {data}; nothing done\n")
            return []


def _add(args: argparse.Namespace) -> int:
    """Make the webhook args.name.

    Raises:
        ValueError: The name, the address or the search is none.
        ArchiveError: There is no archive, or a file cannot be written.
    """
    from archive import Store  # here, not above, so that --help stays instant
    from archive.adding import now
    from archive.arrivals import latest_paragraph_id
    from archive.fetching.posting import check_address
    from index.hooks import FILE, Hooks
    from index.watching import Mark
    from web.links import web_address

    check_address(args.url, allow_private=args.allow_private)
    if web_address(args.base_url) is None:
        raise ValueError(f"--base-url {args.base_url!r} is no address of a site: write it as https://arsip.example")
    query = _query(args)
    with closing(Store(args.data / "archive.sqlite")) as store, closing(Hooks(args.data / FILE)) as hooks:
        made = Mark(latest_paragraph_id(store.database), now())
        hook = hooks.add(args.name, args.url, query, args.base_url, made, args.allow_private)
    if args.json:
        print_json({"name": hook.name, "url": hook.url, "secret": hook.secret})
    else:
        sys.stdout.write(f"{hook.secret}\n")
        sys.stderr.write(f"this secret signs what is sent to {hook.name}; it cannot be shown again\n")
    return 0


def _list(args: argparse.Namespace) -> int:
    if_none = "there is no webhook yet; make one: telusur webhook add NAME URL --query TEXT"
    print_list(args, "webhooks", hooks_of(args.data), describe_hook, if_none)
    return 0


def _remove(args: argparse.Namespace) -> int:
    """Forget the webhooks args.names.

    Raises:
        UnknownHook: There is none of such a name; then none is forgotten.
    """
    from index.hooks import FILE, Hooks

    with closing(Hooks(args.data / FILE)) as hooks:
        hooks.remove(args.names)
    print_taken_off(args, "removed", args.names)
    return 0


def _deliver(args: argparse.Namespace) -> int:
    """Send what is new and what is due; 1 if an attempt failed."""
    from dataclasses import asdict

    from scripts.delivering import describe

    reports = deliver_all(args.data, args.cache)
    if args.json:
        print_json({"webhooks": [asdict(report) for report in reports]})
    else:
        sys.stdout.writelines(describe(report) + "\n" for report in reports)
    return 1 if any(report.failure for report in reports) else 0


def _query(args: argparse.Namespace) -> Query:
    """What is to be watched.

    Raises:
        ValueError: It only says what to leave out, is too long, or its period ends before it begins.
    """
    from index import Filters, Mode, Query, query_syntax

    query_syntax.parse(args.query)
    fields = {field: tuple(dict.fromkeys(getattr(args, option))) for option, field in _FIELDS.items()}
    return Query(args.query.strip(), filters=Filters(args.since, args.until, **fields), mode=Mode(args.mode))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write it as 2023-03-21") from error


def _to_json(hooks: Hooks, hook: Hook) -> dict[str, Any]:
    from dataclasses import asdict

    from index.hooks import describe_search

    return {
        "name": hook.name,
        "url": hook.url,
        **describe_search(hook.query),
        "made_at": hook.made.at,
        **asdict(hooks.progress(hook)),
    }
