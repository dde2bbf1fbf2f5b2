"""Harvest a WordPress site through its own interface: the list of posts first, then the text of those that are new or changed.

See developer.wordpress.org/rest-api/reference/posts. The list is cheap (a hundred posts in 15 kB), so that it is read whole
each time: that is how a post that was withdrawn is found missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from archive.fetching.answers import Answer, FetchError, Forbidden, Refused, SiteUnavailable
from archive.fetching.client import Fetcher
from archive.harvesting.items import Item
from archive.harvesting.run import Work
from archive.readers import wordpress
from archive.readers.common import Listed, ParseError, Problem

ACCEPT = "application/json"

REGISTER_AGAIN = "if the site offers something else now, take it: telusur source remove NAME, then telusur source add URL"

_PAGE = 100  # the most that WordPress gives
_SMALL_PAGE = 10  # the most that some plugins let it give
_BATCH = 50  # posts whose text is fetched at once: some 500 kB, and what a killed harvest may have to fetch again
_LIST = {"_fields": "id,link,modified,modified_gmt,status", "orderby": "id", "order": "asc"}


@dataclass(frozen=True, slots=True)
class _Page:
    listed: list[Listed]
    is_last: bool
    total: int | None


def harvest(work: Work, fetcher: Fetcher, address: str) -> bool:
    """Read all posts.

    Args:
        work: The harvest.
        fetcher: Of the site.
        address: Of its posts: "https://kota.example/wp-json/wp/v2/posts".

    Returns:
        Whether the list was read from end to end.

    Raises:
        FetchError: The site cannot be harvested now, or not at all.
        ParseError: It does not answer as WordPress does.
    """
    posts = _Posts(fetcher, address)
    seen: set[str] = set()
    is_whole = True
    # The page that the last attempt finished is read once more: posts may have moved up from the next one to it.
    number = int(work.run.cursor) if work.run.cursor and work.run.cursor.isdecimal() else 1
    while True:
        page = posts.page(number)
        if page.total is not None:
            work.watch.expect(page.total)
        fresh = _new_ones(work, page.listed, seen)
        if len(seen) > work.max_items:
            work.note(f"lists more than {work.max_items:,} posts; only so many are read: give a higher --max-items")
            is_whole = False
            break
        _see(work, posts, fresh)
        work.keep_cursor(str(number))
        if page.is_last or not fresh:
            break
        number += 1
    if not is_whole:
        return False
    if not seen and work.count_releases():
        work.note("lists no post any more, which looks like a fault of the site; nothing is taken for gone")
        return False
    _look_for_missing(work, posts)
    return True


def join(address: str, parameters: Mapping[str, str]) -> str:
    """An address with parameters, which may have some already: "?rest_route=/wp/v2/posts"."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters, safe=',:')}"


class _Posts:
    """The posts of a site, in both forms: as a list, and whole."""

    def __init__(self, fetcher: Fetcher, address: str) -> None:
        self._fetcher = fetcher
        self._address = address
        self._per_page = _PAGE

    def page(self, number: int) -> _Page:
        """One page of the list; empty beyond the end."""
        try:
            answer = self._ask(_LIST | {"per_page": str(self._per_page), "page": str(number)})
        except Refused as error:
            if error.http_status != 400:
                raise
            if number > 1:
                return _Page([], True, None)  # WordPress says so: rest_post_invalid_page_number
            if self._per_page == _SMALL_PAGE:
                raise
            self._per_page = _SMALL_PAGE
            return self.page(number)
        listed = wordpress.parse_page(answer.content, answer.url)
        pages, total = _number(answer, "x-wp-totalpages"), _number(answer, "x-wp-total")
        return _Page(listed, number >= pages if pages is not None else not listed, total)

    def bare(self, keys: Sequence[str]) -> list[Listed]:
        """These posts, as far as they are still published, without their text."""
        answer = self._ask(_LIST | {"include": ",".join(keys), "per_page": str(min(len(keys), self._per_page))})
        return wordpress.parse_page(answer.content, answer.url)

    def whole(self, keys: Sequence[str]) -> tuple[list[Listed], str]:
        """These posts with their text, and when they were fetched."""
        parameters = {"include": ",".join(keys), "per_page": str(len(keys)), "orderby": "id", "order": "asc"}
        answer = self._ask(parameters | {"_embed": "author,wp:term"})
        return wordpress.parse_page(answer.content, answer.url), answer.fetched_at

    def source_of(self, key: str) -> str:
        """Where one post was read from, to be shown."""
        return f"{self._address}#{key}"

    @property
    def batch(self) -> int:
        """How many posts may be asked for at once."""
        return min(_BATCH, self._per_page)

    def _ask(self, parameters: Mapping[str, str]) -> Answer:
        answer = self._fetcher.get(join(self._address, parameters), accept=ACCEPT)
        if answer.status != "ok":
            raise ParseError(f"{self._address}: the site's list of posts is gone; {REGISTER_AGAIN}")
        return answer


def _new_ones(work: Work, listed: Sequence[Listed], seen: set[str]) -> list[Listed]:
    """Those of a page that no earlier page named: posts move from page to page while others come and go."""
    fresh = []
    for one in listed:
        if one.key is None or one.problem:
            work.complain(one.problem or Problem(one.url, "a post without a number"))
        elif one.key not in seen:
            seen.add(one.key)
            fresh.append(one)
    return fresh


def _see(work: Work, posts: _Posts, listed: Sequence[Listed]) -> None:
    """Note that posts are listed, and read those that are new or changed."""
    if not listed:
        return
    known = work.known(_key(one) for one in listed)
    work.see([Item(_key(one), one.url) for one in listed])
    wanted = [one for one in listed if _is_wanted(one, known.get(_key(one)))]
    read_now = {_key(one) for one in wanted}
    work.leave([item for key, item in known.items() if key not in read_now])
    for start in range(0, len(wanted), posts.batch):
        _read(work, posts, wanted[start : start + posts.batch])


def _is_wanted(listed: Listed, known: Item | None) -> bool:
    if known is None or known.is_lost or known.failed_at is not None:
        return True
    # A post that is seen but never read has no time either: its harvest was stopped.
    return known.modified is None or known.modified != listed.modified or known.url != listed.url


def _read(work: Work, posts: _Posts, wanted: Sequence[Listed]) -> None:
    """Read posts; where they cannot be had together, one that spoils the answer for all is found by halving."""
    try:
        found, fetched_at = posts.whole([_key(one) for one in wanted])
    except (SiteUnavailable, Forbidden):
        raise
    except (FetchError, ParseError) as error:
        if len(wanted) == 1:
            work.fail(Item(_key(wanted[0]), wanted[0].url), str(error))
            return
        middle = len(wanted) // 2
        _read(work, posts, wanted[:middle])
        _read(work, posts, wanted[middle:])
        return
    by_key = {one.key: one for one in found}
    taken = []
    for asked in wanted:
        one = by_key.get(asked.key)
        item = Item(_key(asked), one.url if one else asked.url, modified=one.modified if one else None)
        if one is None:
            work.fail(item, "listed, but its text does not come; it may have been withdrawn just now")
        elif one.release is None:
            work.refuse(item, one.problem or Problem(one.url, "comes without its text"))
        else:
            # Where it was read from is not its page: what a copy from there leaves out is then no change.
            taken.append((item, replace(one.release, source=posts.source_of(item.key))))
    work.take(taken, fetched_at)


def _look_for_missing(work: Work, posts: _Posts) -> None:
    """Ask for the posts that no page named: one that moved to an earlier page while the list was read is not gone."""
    missing = [item for item in work.missing() if item.key.isdecimal()]
    for start in range(0, len(missing), posts.batch):
        found = posts.bare([item.key for item in missing[start : start + posts.batch]])
        _see(work, posts, [one for one in found if one.key is not None and not one.problem])


def _key(listed: Listed) -> str:
    assert listed.key is not None  # noqa: S101 - `_new_ones` lets no other pass
    return listed.key


def _number(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
