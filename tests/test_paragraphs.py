from __future__ import annotations

import json
from pathlib import Path

import pytest

from archive import Paragraph, Release, split

NEWS = Path(__file__).parents[2] / "shared/data/news/releases.jsonl"


def texts(body: str) -> list[str]:
    return [paragraph.text for paragraph in split(Release("Judul", body))]


def test_split_counts_positions_from_zero() -> None:
    assert split(Release("Judul", "Satu.\n\nDua.")) == [Paragraph(0, "Satu."), Paragraph(1, "Dua.")]


def test_split_ignores_surplus_blank_lines_and_margins() -> None:
    assert texts("\n\n Satu. \n \t\n\n\nDua.\n") == ["Satu.", "Dua."]


def test_split_keeps_identical_paragraphs_and_single_line_ends() -> None:
    assert texts("Sama.\n\nSama.\n\nSatu\ndua") == ["Sama.", "Sama.", "Satu\ndua"]


def test_split_drops_a_paragraph_that_only_signs() -> None:
    assert texts("Satu.\n\n(ney/agi/diskominfo)") == ["Satu."]
    assert texts("Satu.\n\n(foto: istimewa)") == ["Satu.", "(foto: istimewa)"]


def test_split_keeps_the_sign_off_inside_a_paragraph_as_published() -> None:
    assert texts("Satu,’’ pungkasnya. (ney/agi/diskominfo)") == ["Satu,’’ pungkasnya. (ney/agi/diskominfo)"]


@pytest.mark.skipif(not NEWS.exists(), reason=f"no {NEWS}")
def test_split_finds_every_paragraph_of_the_news() -> None:
    releases = [json.loads(line) for line in NEWS.read_text(encoding="utf-8").split("\n") if line]
    counts = [len(split(Release(release["title"], release["body"]))) for release in releases]
    assert (len(counts), sum(counts)) == (494, 6279)
