"""telusur status: what the archive holds, how whole it is, and whether the index knows all of it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.printing import print_json

if TYPE_CHECKING:
    from archive import Store

_ONLY_IF_ANY = {"gone": "gone from their sources", "removed": "removed"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "status",
        parents=[parent],
        help="show the sources, what the archive holds, and whether the index is up to date",
        description="Show when each source was last harvested, how many releases each year has, the months without any, and "
        "whether the index knows all of the archive.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Describe the archive and the index of args.data.

    Raises:
        ArchiveError: There is no archive, or it cannot be read.
    """
    from archive import ArchiveError, Store  # here, not above, so that --help stays instant

    path = args.data / "archive.sqlite"
    if not path.exists():
        raise ArchiveError(f"{path}: there is no archive yet; import releases, or add a source: telusur source add URL")
    with closing(Store(path)) as store:
        found = _collect(store, args.data)
    if args.json:
        print_json(found)
    else:
        sys.stdout.write("\n".join(_describe(found)) + "\n")
    return 0


def _collect(store: Store, data: Path) -> dict[str, Any]:
    from archive import coverage
    from scripts.webhook import hooks_of

    counts = store.counts()
    months = store.months()
    years: Counter[str] = Counter()
    for month, releases in months:
        years[month[:4] if month else "undated"] += releases
    return {
        "sources": [
            {
                "name": one.source.name,
                "url": one.source.url,
                "kind": one.source.kind,
                "releases": one.releases,
                "failing": one.failing,
                "last_run_at": one.source.last_run_at,
                "last_success_at": one.source.last_success_at,
                "stopped": one.stopped,
            }
            for one in coverage.sources(store.database)
        ],
        "releases": counts.releases,
        "paragraphs": counts.paragraphs,
        "versions": counts.versions,
        "removed": counts.removed,
        "gone": counts.gone,
        "years": dict(sorted(years.items())),
        "gaps": [{"from": gap.first, "to": gap.last} for gap in coverage.gaps(month for month, _ in months if month)],
        "index": _index(store, data),
        "webhooks": hooks_of(data),
    }


def _index(store: Store, data: Path) -> dict[str, Any]:
    from index.build import data_paths
    from index.generation import read_meta

    meta = read_meta(data_paths(data)[2])
    if meta is None:
        return {"generation": None, "stale": store.counts().releases > 0}
    return {
        "generation": meta.number,
        "model": meta.recipe.model,
        "releases": meta.releases,
        "paragraphs": meta.paragraphs,
        "created_at": meta.created_at,
        "stale": meta.archive_state != store.state(),
    }


def _describe(found: dict[str, Any]) -> list[str]:
    from scripts.webhook import describe_hook

    lines = [_describe_source(source) for source in found["sources"]] or ["no sources; add one: telusur source add URL"]
    archive = f"archive: {found['releases']:,} releases, {found['paragraphs']:,} paragraphs, {found['versions']:,} versions"
    archive += "".join(f", {found[name]:,} {words}" for name, words in _ONLY_IF_ANY.items() if found[name])
    lines.append(archive)
    if found["years"]:
        lines.append("years: " + ", ".join(f"{year} {releases:,}" for year, releases in found["years"].items()))
    if found["gaps"]:
        runs = [one["from"] if one["from"] == one["to"] else f"{one['from']} to {one['to']}" for one in found["gaps"]]
        lines.append(f"months without a release: {', '.join(runs)}")
    lines.append(_describe_index(found["index"]))
    lines += [f"webhook {describe_hook(hook)}" for hook in found["webhooks"]]
    return lines


def _describe_source(source: dict[str, Any]) -> str:
    line = f"{source['name']}: {source['kind']}, {source['releases']:,} releases, "
    line += f"last harvested {source['last_success_at']}" if source["last_success_at"] else "never harvested to its end"
    if source["failing"]:
        line += f", {source['failing']:,} could not be read"
    return line + (f"; stopped: {source['stopped']}" if source["stopped"] else "")


def _describe_index(found: dict[str, Any]) -> str:
    if found["generation"] is None:
        return "index: none yet; make one: telusur index" if found["stale"] else "index: none yet"
    state = "does not know the latest changes; update it: telusur index" if found["stale"] else "up to date"
    return f"index: generation {found['generation']}, {found['releases']:,} releases, {state}"
