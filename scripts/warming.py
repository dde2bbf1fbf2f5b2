"""Loading generation and model while a server is starting."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index import Index


def start_warming(index: Index) -> None:
    """Load generation and model, in a thread of its own, before the first reader waits for them; stderr says how it went."""
    threading.Thread(target=_warm, args=(index,), name="warm", daemon=True).start()


def _warm(index: Index) -> None:
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
