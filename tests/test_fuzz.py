"""Readers survive damaged documents: a short run here; TELUSUR_FUZZ_S sets a longer one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SECONDS = float(os.environ.get("TELUSUR_FUZZ_S", "20"))


def test_damaged_documents_end_in_releases_or_problems() -> None:
    script = Path(__file__).with_name("fuzz_readers.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(SECONDS)],
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert min(found["documents"].values()) >= 40
