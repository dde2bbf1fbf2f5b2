"""telusur source: which sites are harvested."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scripts.keeping import Actions, print_list, print_taken_off
from scripts.printing import print_json

if TYPE_CHECKING:
    from archive.harvesting.sources import Source

_KINDS = ("auto", "wordpress", "feed", "sitemap")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command and what it does."""
    actions = Actions(
        subparsers,
        parent,
        "source",
        help="add, list or remove the sites that are harvested",
        description="Keep the list of sites that `telusur harvest` reads.",
    )
    add = actions.add(
        "add",
        _add,
        help="find out how a site can be harvested, and keep it",
        description="Look at a site for WordPress's own interface, else a feed, else a sitemap, and keep what was found.",
    )
    add.add_argument("url", metavar="URL", help="the site's address, or that of its feed, sitemap or list of posts")
    add.add_argument("--name", metavar="NAME", help="what to call it (default: its host)")
    add.add_argument("--kind", choices=_KINDS, default="auto", help="what to look for (default: the first of the three)")
    add.add_argument("--allow-private", action="store_true", help="the site may lie in a private network, or on this machine")
    add.add_argument("--agency", metavar="NAME", help="who publishes there, for releases that do not say so themselves")
    actions.add("list", _list, help="show the sources and when each was last harvested")
    remove = actions.add("remove", _remove, help="forget sources; their releases stay in the archive")
    remove.add_argument("names", metavar="NAME", nargs="+", help="name or address of a source")


def _add(args: argparse.Namespace) -> int:
    """Keep the site args.url.

    Raises:
        ArchiveError: It offers nothing to harvest, or cannot be asked.
        ValueError: The name or address is taken, or is none.
    """
    from archive import Store  # here, not above, so that --help stays instant
    from archive.harvesting import open_fetcher, register

    url = args.url if "://" in args.url else f"https://{args.url}"
    options: dict[str, Any] = {"allow_private": True} if args.allow_private else {}
    if args.agency:
        options["agency"] = args.agency
    name = args.name or urlsplit(url).netloc.removeprefix("www.")
    with closing(Store(args.data / "archive.sqlite")) as store, open_fetcher(url, options) as fetcher:
        source = register(store, url, fetcher, name=name, kind=args.kind, options=options)
    if args.json:
        print_json(_to_json(source))
    else:
        sys.stdout.write(f"{source.name}: {source.kind}, {', '.join(source.options['addresses'])}\n")
    if source.kind == "feed" and args.kind == "auto":
        sys.stderr.write("a feed holds only the latest releases; for all that the site has, try --kind sitemap\n")
    return 0


def _list(args: argparse.Namespace) -> int:
    from archive import Store
    from archive.harvesting.sources import Sources

    with closing(Store(args.data / "archive.sqlite")) as store:
        sources = Sources(store.database)
        listed = [{**_to_json(source), "releases": sources.count(source)} for source in sources.all()]
    if_none = "there is no source yet; add one: telusur source add URL --name NAME"
    print_list(args, "sources", listed, _describe, if_none)
    return 0


def _remove(args: argparse.Namespace) -> int:
    """Forget the sources args.names.

    Raises:
        UnknownSource: There is none of such a name; those named before it are forgotten.
    """
    from archive import Store
    from archive.harvesting.sources import Sources

    with closing(Store(args.data / "archive.sqlite")) as store:
        sources = Sources(store.database)
        removed = [sources.remove(name).name for name in args.names]
    print_taken_off(args, "removed", removed, "; the releases stay in the archive")
    return 0


def _describe(source: dict[str, Any]) -> str:
    last = source["last_success_at"] or "never harvested"
    return f"{source['name']}: {source['url']} ({source['kind']}), {source['releases']:,} releases, {last}"


def _to_json(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "url": source.url,
        "kind": source.kind,
        "options": dict(source.options),
        "added_at": source.added_at,
        "last_run_at": source.last_run_at,
        "last_success_at": source.last_success_at,
    }
