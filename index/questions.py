"""Questions that the project wrote itself, in Indonesian and English, to learn where readers' questions lie in a space."""

from __future__ import annotations

from importlib.resources import files

ASKED = ("asked_id.txt", "asked_en.txt")
"""What people ask an archive of press releases: the queries' centre, and which passages lie near every question."""

ELSEWHERE = ("elsewhere_id.txt", "elsewhere_en.txt")
"""What people ask elsewhere, of cooking or code: how near the archive's best passage comes to a question it cannot answer."""


def read(names: tuple[str, ...]) -> list[str]:
    """The questions of some files, one a line."""
    folder = files("index") / "questions"
    lines = [line.strip() for name in names for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]
