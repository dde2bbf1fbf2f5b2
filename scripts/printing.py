"""What every command does with --json: one JSON document on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def print_json(document: Mapping[str, Any], default: Callable[[Any], object] | None = None) -> None:
    """Print a document, with accents as they are.

    Args:
        document: What JSON can hold, or what `default` makes of it.
        default: Turns anything else into that.
    """
    sys.stdout.write(json.dumps(document, default=default, ensure_ascii=False, indent=2) + "\n")
