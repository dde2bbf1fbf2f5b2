"""One harvest under way: what it does to the archive and to what is known of the source, batch by batch.

A batch is written in two steps: releases first, then the items that say that they have been read. A harvest that is killed
between the two reads the batch again, and the archive finds each release to be there already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archive.addresses import canonical
from archive.harvesting.items import Item
from archive.harvesting.sources import Run, Source, Sources
from archive.readers.common import Problem
from archive.records import Added, Outcome, Release
from archive.store import Store


@dataclass(slots=True)
class Report:
    """What became of one harvest of one source.

    Attributes:
        source: Its name.
        kind: What kind of source it is.
        listed: Posts, entries or pages that it lists.
        fetched: Of these, how many were read this time.
        new: Releases that the archive did not know.
        changed: Releases that got another version.
        unchanged: Releases that are as they were, read again or not.
        gone: Releases that no source lists any more.
        back: Releases that were gone and are listed again.
        skipped: Pages that hold no release, such as a list of links.
        removed_earlier: Releases that the keeper took out, and that stay out.
        failures: What could not be read.
        notes: What the keeper should know besides.
        stopped: Why the harvest did not come to its end; None if it did.
        retry_after_s: How long the site asks to be left alone, where it says.
        requests: Requests sent, robots.txt and retries among them.
        seconds: How long it took.
    """

    source: str
    kind: str
    listed: int = 0
    fetched: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    back: int = 0
    skipped: int = 0
    removed_earlier: int = 0
    failures: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stopped: str | None = None
    retry_after_s: float | None = None
    requests: int = 0
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """How many could not be read."""
        return len(self.failures)

    def to_json(self, max_failures: int | None = None) -> dict[str, Any]:
        """All of it as JSON values, or no more than the first failures."""
        counts = ("listed", "fetched", "new", "changed", "unchanged", "gone", "back", "skipped", "removed_earlier", "failed")
        return {
            "source": self.source,
            "kind": self.kind,
            **{name: getattr(self, name) for name in counts},
            "failures": [{"source": one.source, "message": one.message} for one in self.failures[:max_failures]],
            "notes": self.notes,
            "stopped": self.stopped,
            "retry_after_s": self.retry_after_s,
            "requests": self.requests,
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how a harvest goes.

    Attributes:
        fail: Each problem, when it is met.
        expect: How many items there are, once that is known.
        advance: How many more have been dealt with.
    """

    fail: Callable[[Problem], None] = lambda _problem: None
    expect: Callable[[int], None] = lambda _total: None
    advance: Callable[[int], None] = lambda _count: None


class Work:
    """The archive's side of one harvest.

    Args:
        store: The archive.
        source: What is harvested.
        run: As `Sources.begin` gave it.
        report: Is filled in.
        watch: Is told.
        max_items: So many items are looked at, and no more: a calendar has a page for every day there will ever be.
    """

    def __init__(self, store: Store, source: Source, run: Run, report: Report, watch: Watch, max_items: int) -> None:
        self.run = run
        self.report = report
        self.watch = watch
        self.max_items = max_items
        self._store = store
        self._sources = Sources(store.database)
        self._listed: defaultdict[str, list[Item]] | None = None  # what each listing named before this run
        self._agency: str | None = source.options.get("agency")

    # What is known

    def known(self, keys: Iterable[str]) -> Mapping[str, Item]:
        """What is known of these items, by key."""
        return self._sources.items(self.run, keys)

    def known_one(self, key: str) -> Item | None:
        """What is known of an item."""
        return self._sources.item(self.run, key)

    def failed_before(self) -> list[Item]:
        """Items that could not be read when last tried."""
        return self._sources.failures(self.run)

    def missing(self) -> list[Item]:
        """Items that this run has not seen so far and that are not known to be gone."""
        return self._sources.items_not_seen_since(self.run)

    def count_releases(self) -> int:
        """How many releases the source listed before."""
        return self._sources.count(self.run)

    def keep_cursor(self, cursor: str) -> None:
        """Remember how far this run came."""
        self._sources.keep_cursor(self.run, cursor)

    # What happens

    def see(self, items: Sequence[Item]) -> None:
        """Note that these are listed."""
        self.report.listed += len(items)
        self.report.back += len(self._sources.see(self.run, items))

    def see_listing(self, listing: str) -> list[Item]:
        """Note that a listing still names what it did.

        Returns:
            What it names, by key; also what the site answers to be gone, though it is listed.
        """
        if self._listed is None:
            self._listed = defaultdict(list)
            for item in self._sources.items(self.run).values():
                if item.listing is not None and (item.gone_at is None or item.is_lost):
                    self._listed[item.listing].append(item)
        kept = sorted(self._listed[listing], key=lambda item: item.key)
        self.report.back += len(self._sources.see_listing(self.run, listing))
        self.report.listed += len(kept)
        return kept

    def leave(self, items: Sequence[Item]) -> None:
        """Count items that have not changed and are not read again."""
        self.report.unchanged += sum(item.release_key is not None for item in items)
        self.watch.advance(len(items))

    def take(self, read: Sequence[tuple[Item, Release]], fetched_at: str) -> None:
        """Put releases into the archive, and note their items as read."""
        if not read:
            return
        known = self.known(item.key for item, _ in read)
        releases = [self._complete(release, known.get(item.key)) for item, release in read]
        done: list[Item] = []
        for (item, _), added in zip(read, self._store.add(releases, fetched_at), strict=True):
            if self._count(added):
                done.append(replace(item, release_key=added.key))
            else:
                message = (
                    f"its address or text is that of {added.id!r} in the same listing, which stands; tell the site's keeper"
                )
                self.fail(item, message)
        self.report.back += len(self._sources.keep(self.run, done))
        self.report.fetched += len(read)
        self.watch.advance(len(done))

    def confirm(self, item: Item) -> None:
        """Note that an item that was asked for is as it was, and as what it is known."""
        self._sources.keep(self.run, [item])
        self.leave([item])

    def skip(self, item: Item) -> None:
        """Note that an item has been read and holds no release; it is not read again until the site says that it changed."""
        self._sources.keep(self.run, [replace(item, release_key=None)])
        self.report.skipped += 1
        self.report.fetched += 1
        self.watch.advance(1)

    def refuse(self, item: Item, problem: Problem) -> None:
        """Note that an item has been read and cannot be kept; it is not read again until the site says that it changed."""
        self._sources.keep(self.run, [replace(item, release_key=None)])
        self.report.fetched += 1
        self._tell(problem)

    def note_listing(self, item: Item) -> None:
        """Note that a listing has been read to its end."""
        self._sources.keep(self.run, [item])

    def lose(self, item: Item) -> None:
        """Note that the site answers that an item is gone."""
        self.report.gone += len(self._sources.lose(self.run, [item.key]))
        self.watch.advance(1)

    def fail(self, item: Item, message: str) -> None:
        """Note that an item could not be read; it will be tried again."""
        self._sources.fail(self.run, [replace(item, failure=message)])
        self._tell(Problem(item.url, message.removeprefix(f"{item.url}: ")))

    def complain(self, problem: Problem) -> None:
        """Report what is wrong with something that has no item."""
        self.report.failures.append(problem)
        self.watch.fail(problem)

    def note(self, message: str) -> None:
        """Tell the keeper something once."""
        if message not in self.report.notes:
            self.report.notes.append(message)

    def _tell(self, problem: Problem) -> None:
        self.complain(problem)
        self.watch.advance(1)

    def _count(self, added: Added) -> bool:
        match added.outcome:
            case Outcome.NEW:
                self.report.new += 1
            case Outcome.CHANGED:
                self.report.changed += 1
            case Outcome.UNCHANGED:
                self.report.unchanged += 1
            case Outcome.REMOVED_EARLIER:
                self.report.removed_earlier += 1
            case Outcome.CLASH:
                return False
        return True

    def may_be_at(self, release: Release, address: str, item: Item) -> bool:
        """Whether a release may have an address that is not the one it was read from: not where that is another page's."""
        spellings = {address, address.rstrip("/"), f"{address.rstrip('/')}/"}
        row = self._store.database.row(
            """
            SELECT release.key, version.title, version.body
            FROM release JOIN version ON version.release = release.key AND version.number = release.version
            WHERE release.address = ?
            """,
            (canonical(address),),
        )
        if row is None:
            return not any(key != item.key for key in self.known(spellings))
        known = self.known_one(item.key)
        is_own = known is not None and known.release_key == row["key"]
        return is_own or (row["title"], row["body"]) == (release.title, release.body)

    def _complete(self, release: Release, known: Item | None) -> Release:
        """Add what the keeper said of the source, and tell which release it is where its address changed."""
        if self._agency and release.agency is None:
            release = replace(release, agency=self._agency)
        if known is None or known.release_key is None or release.id is not None or release.url is None:
            return release
        # The site knows it by the same key as before, so that it is the same release, even where its address changed.
        address = canonical(release.url)
        row = self._store.database.row(
            """
            SELECT id FROM release
            WHERE key = ? AND address IS NOT ?2 AND NOT EXISTS (SELECT 1 FROM release WHERE address = ?2)
            """,
            (known.release_key, address),
        )
        return release if row is None else replace(release, id=row["id"])
