"""What a publisher changed between two versions of a release, as a page shows it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from archive import ArchivedRelease
from archive.differences import Change, Span, compare, compare_words

_FACTS = ("published", "topic", "agency", "author", "url")


@dataclass(frozen=True, slots=True)
class Fact:
    """What the publisher says otherwise of a release than before; None where nothing is said.

    Attributes:
        name: Which field of the release.
        old: In the older text.
        new: In the newer text.
    """

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Paragraphs that follow one another and all stayed as they were, or all did not."""

    is_kept: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of one release.

    Attributes:
        old: The version that is compared with.
        new: The version that is looked at.
        title: The title, old and new in one; empty if it is the same.
        facts: What else the publisher says of the release, where that changed.
        stretches: The text, in reading order.
    """

    old: ArchivedRelease
    new: ArchivedRelease
    title: tuple[Span, ...]
    facts: tuple[Fact, ...]
    stretches: tuple[Stretch, ...]

    @property
    def is_text_kept(self) -> bool:
        """Whether no paragraph changed."""
        return all(stretch.is_kept for stretch in self.stretches)


def find(old: ArchivedRelease, new: ArchivedRelease) -> Comparison:
    """Compare two versions."""
    changes = compare([one.text for one in old.paragraphs], [one.text for one in new.paragraphs])
    return Comparison(
        old,
        new,
        title=() if old.title == new.title else compare_words(old.title, new.title),
        facts=tuple(
            Fact(name, getattr(old, name), getattr(new, name)) for name in _FACTS if getattr(old, name) != getattr(new, name)
        ),
        stretches=tuple(Stretch(kept, tuple(group)) for kept, group in groupby(changes, key=lambda one: one.is_kept)),
    )
