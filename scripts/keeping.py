"""What the commands that keep a list share: their actions, and how they print the list and what was taken off it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from scripts.printing import print_json


class Actions:
    """The actions of a command, such as add, list and remove; each takes the options of `parent`."""

    def __init__(
        self,
        subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
        parent: argparse.ArgumentParser,
        command: str,
        *,
        help: str,
        description: str,
    ) -> None:
        """Declare the command, with no action yet."""
        parser = subparsers.add_parser(command, help=help, description=description)
        self._actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        self._parent = parent

    def add(
        self, name: str, run: Callable[[argparse.Namespace], int], *, help: str, description: str | None = None
    ) -> argparse.ArgumentParser:
        """Declare an action and what it runs, and return its parser, to which arguments may be added."""
        action = self._actions.add_parser(name, parents=[self._parent], help=help, description=description)
        action.set_defaults(run=run)
        return action


def print_list(
    args: argparse.Namespace,
    name: str,
    items: Sequence[dict[str, Any]],
    describe: Callable[[dict[str, Any]], str],
    if_none: str,
) -> None:
    """Print what is on a list, a line each, or `if_none` on stderr; as JSON, under its name."""
    if args.json:
        print_json({name: items})
        return
    sys.stdout.writelines(describe(item) + "\n" for item in items)
    if not items:
        sys.stderr.write(f"{if_none}\n")


def print_taken_off(args: argparse.Namespace, done: str, names: Sequence[str], note: str = "") -> None:
    """Print what was done to the ones of these names, with a note behind them; as JSON, the names alone."""
    if args.json:
        print_json({done: names})
    else:
        sys.stdout.write(f"{done} {', '.join(names)}{note}\n")
