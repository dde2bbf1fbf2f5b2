"""What the archive covers: which sites, which months, and how the sources it is fed from fare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from archive.addresses import site
from archive.database import Database
from archive.harvesting.sources import Source, Sources

# A site is what `archive.addresses.site` takes it for; all that SQL has to know is where an address's path begins.
_BY_ORIGIN = """
    SELECT substr(version.url, 1, instr(substr(version.url, 9) || '/', '/') + 8) AS origin,
           substr(version.published, 1, 7) AS month, count(*), sum(release.gone_at IS NOT NULL)
    FROM release JOIN version ON version.release = release.key AND version.number = release.version
    WHERE release.removed_at IS NULL
    GROUP BY origin, month
"""

_BY_SOURCE = """
    SELECT item.source,
           count(DISTINCT iif(item.gone_at IS NULL, release.key, NULL)),
           count(DISTINCT iif(item.gone_at IS NOT NULL, release.key, NULL)),
           sum(item.failed_at IS NOT NULL AND item.gone_at IS NULL)
    FROM source_item AS item LEFT JOIN release ON release.key = item.release AND release.removed_at IS NULL
    GROUP BY item.source
"""


class Gap(NamedTuple):
    """Months without a release, YYYY-MM."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class SiteCoverage:
    """What the archive holds of one site, without what the keeper took out.

    Attributes:
        site: Its host, as `archive.addresses.site` names it; None for releases without an address.
        months: Releases by month of publication, YYYY-MM.
        undated: Releases without a date.
        gone: Releases that no source lists any more.
    """

    site: str | None
    months: Mapping[str, int] = field(default_factory=Counter)
    undated: int = 0
    gone: int = 0

    @property
    def releases(self) -> int:
        """All of them."""
        return sum(self.months.values()) + self.undated

    @property
    def gaps(self) -> list[Gap]:
        """Months without a release between the first and the last that have one."""
        return gaps(self.months)


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """How a registered source fares.

    Attributes:
        source: What it is, and how its last harvest ended.
        releases: Releases that it lists.
        gone: Releases that it lists no more.
        failing: What it lists that could not be read when last tried.
    """

    source: Source
    releases: int
    gone: int
    failing: int

    @property
    def stopped(self) -> str | None:
        """Why the last harvest did not come to its end; None if it did, or there was none."""
        return (self.source.last_report or {}).get("stopped")


def sites(database: Database) -> list[SiteCoverage]:
    """The sites of all releases that are not removed, most releases first, those without an address last.

    Raises:
        DatabaseError: The archive cannot be read.
    """
    months: dict[str | None, Counter[str]] = {}
    undated: Counter[str | None] = Counter()
    gone: Counter[str | None] = Counter()
    for origin, month, count, gone_count in database.rows(_BY_ORIGIN):
        name = site(origin) if origin else None
        of_site = months.setdefault(name, Counter())
        if month is None:
            undated[name] += count
        else:
            of_site[month] += count
        gone[name] += gone_count
    found = [SiteCoverage(name, of_site, undated[name], gone[name]) for name, of_site in months.items()]
    return sorted(found, key=lambda one: (one.site is None, -one.releases, one.site or ""))


def sources(database: Database) -> list[SourceCoverage]:
    """The registered sources by name.

    Raises:
        DatabaseError: The archive cannot be read.
    """
    counts = {row[0]: (row[1], row[2], row[3]) for row in database.rows(_BY_SOURCE)}
    return [SourceCoverage(source, *counts.get(source.id, (0, 0, 0))) for source in Sources(database).all()]


def gaps(months: Iterable[str]) -> list[Gap]:
    """Runs of months without a release between the first and the last month that has one.

    Args:
        months: Those that have one, YYYY-MM, in any order.
    """
    found: list[Gap] = []
    before: int | None = None
    for month in sorted(months):
        number = int(month[:4]) * 12 + int(month[5:7]) - 1
        if before is not None and number > before + 1:
            found.append(Gap(_month(before + 1), _month(number - 1)))
        before = number
    return found


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
