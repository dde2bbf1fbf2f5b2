"""What the repository holds: text and compiled translations, and little in one file."""

from __future__ import annotations

import subprocess

import pytest
from conftest import ROOT

MAX_BYTES = 200_000
COMPILED = "web/translations/en/LC_MESSAGES/messages.mo"


def test_repository_holds_small_files_of_text() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = {name: (ROOT / name).read_bytes() for name in listed.decode().split("\0") if name}
    assert "README.md" in files
    assert [name for name, content in files.items() if b"\0" in content] == [COMPILED]
    assert [name for name, content in files.items() if len(content) > MAX_BYTES] == []
