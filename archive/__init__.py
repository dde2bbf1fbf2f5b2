"""What was published: releases read, split into paragraphs, and kept in every version."""

from archive.database import DatabaseError
from archive.paragraphs import split
from archive.records import (
    Added,
    ArchivedRelease,
    ArchiveError,
    Counts,
    IndexRow,
    Outcome,
    Paragraph,
    Passage,
    Release,
    ReleaseSummary,
)
from archive.store import Store, UnknownRelease

__all__ = [
    "Added",
    "ArchiveError",
    "ArchivedRelease",
    "Counts",
    "DatabaseError",
    "IndexRow",
    "Outcome",
    "Paragraph",
    "Passage",
    "Release",
    "ReleaseSummary",
    "Store",
    "UnknownRelease",
    "split",
]
