"""Any search as a feed (Atom, RFC 4287), and a page that shows beforehand how often it would have had something to say.

A feed holds the passages above the line that came into the archive last, the latest first. Nothing is remembered of who has
read what, and nothing needs to be: an entry is known by its release and its text, and dated by when that text came in, so that
a reader that asks now and then meets each passage under one id and keeps apart what it has seen. Another index, another model
or a new version that repeats the text changes neither. `index.watching` says what becomes of a passage when the line moves.

What a feed cannot do is to tell a reader of more than `MOST_ENTRIES` passages between two visits; a webhook can.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from lxml import etree
from markupsafe import Markup

from index.survey import Unit, whole
from index.watching import Found, Watched, watch
from web import facets, links
from web.api import caching
from web.holdings import current_holdings, has_sample
from web.language import current_language, in_words, page_fields
from web.marking import excerpt
from web.parameters import SEARCH, Fields, ParameterError, Search, Versions, parse_search, require_text
from web.periods import period_name
from web.plain_text import one_line, writable

blueprint = Blueprint("feeds", __name__)

MOST_ENTRIES = 50
MONTHS = 12
_LATEST = 5  # entries on the page
_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MAX_TITLE_CHARS = 120


@dataclass(frozen=True, slots=True)
class Month:
    """How much a feed would have announced in a month.

    Attributes:
        start: Its first day.
        name: "Maret 2023".
        releases: Releases published in it that the search finds.
        share: Of the fullest month, 0 to 100.
        search: The search narrowed to it.
    """

    start: date
    name: str
    releases: int
    share: float
    search: Search


@blueprint.app_context_processor
def _helpers() -> dict[str, object]:
    return {"feed_address": lambda search: _address("feeds.atom", _standing(search))}


@blueprint.get("/feed.atom")
def atom() -> Response:
    """A search as a feed."""
    search = _read(page_fields(*SEARCH))
    tag = caching.tag_of_list()
    index = current_holdings().index
    made_at = index.indexed_at().replace(microsecond=0)
    if _is_known(tag):
        return _validated(Response(status=304), tag)
    watched = watch(index, search.query(), MOST_ENTRIES)
    response = Response(_write(search, watched, made_at.isoformat()), content_type="application/atom+xml; charset=utf-8")
    return _validated(response, tag)


@blueprint.get("/feed")
def preview() -> Response:
    """What a feed holds, and how often it would have announced something in the last twelve months."""
    search = _read(page_fields(*SEARCH))
    index = current_holdings().index
    months = _months(search, date.today())
    html = render_template(
        "feed_preview.html",
        search=search,
        labels=[chip.label for chip in facets.chips(search)],
        address=links.absolute(_address("feeds.atom", search)),
        months=months,
        total=sum(month.releases for month in months),
        watched=watch(index, search.query(), _LATEST),
        has_sample=has_sample(),
    )
    return Response(html)


def _read(fields: Fields) -> Search:
    """The search that a feed is asked for, without what means nothing to a feed.

    Raises:
        ParameterError: A parameter cannot be used, there is no query, or it is about superseded text.
    """
    search = parse_search(fields)
    require_text(search, fields.text("q"))
    if search.superseded:
        raise ParameterError(
            "versions",
            Versions.SUPERSEDED.value,
            lazy_gettext("Umpan hanya memuat apa yang berlaku, bukan yang sudah diganti."),
            lazy_gettext("Hilangkan versions."),
        )
    return _standing(search)


def _standing(search: Search) -> Search:
    """The search without page, order and version, so that one feed has one address."""
    return Search(search.text, filters=search.filters, mode=search.mode)


def _is_known(tag: str) -> bool:
    """Whether the reader has this feed, by its tag or, where it sends none, by when it was made."""
    if request.if_none_match or request.if_modified_since is None:
        return caching.is_known(tag)
    # A release may have been removed since that time, though nothing was indexed.
    index = current_holdings().index
    return not index.status().stale and index.indexed_at().replace(microsecond=0) <= request.if_modified_since


def _validated(response: Response, tag: str) -> Response:
    """The answer with what a reader may ask with next time."""
    response.headers["Last-Modified"] = format_datetime(current_holdings().index.indexed_at(), usegmt=True)
    return caching.tagged(response, tag)


def _months(search: Search, today: date) -> list[Month]:
    """The last months, this one included, the latest first."""
    spans = [whole(Unit.MONTH, today)]
    while len(spans) < MONTHS:
        spans.append(whole(Unit.MONTH, spans[-1][0] - timedelta(days=1)))
    narrowed = {start: inside for start, end in spans if (inside := _during(search, start, end))}
    answers = current_holdings().index.search_many([replace(one, k=1).query() for one in narrowed.values()])
    totals = dict(zip(narrowed, (answer.total for answer in answers), strict=True))
    most = max(totals.values(), default=0) or 1
    return [
        Month(
            start,
            period_name(start, end),
            totals.get(start, 0),
            round(100 * totals.get(start, 0) / most, 1),
            narrowed.get(start, search),
        )
        for start, end in spans
    ]


def _during(search: Search, start: date, end: date) -> Search | None:
    """The search narrowed to a stretch of time; None where its own period lies elsewhere."""
    since, until = max(search.filters.since or start, start), min(search.filters.until or end, end)
    return search.during(since, until) if since <= until else None


def _address(endpoint: str, search: Search) -> str:
    values: dict[str, Any] = {**search.arguments()}
    if current_language() != "id":
        values["lang"] = current_language()  # a feed reader says nothing of its user's language
    return url_for(endpoint, **values)


def _write(search: Search, watched: Watched, made_at: str) -> bytes:
    """The feed as XML.

    Args:
        search: What it is of.
        watched: Its entries.
        made_at: When the index was made, ISO 8601: as old as a feed without entries.
    """
    feed = etree.Element(_name("feed"), {_LANG: current_language()}, nsmap={None: _ATOM})
    asked = urlencode(search.arguments(), doseq=True)
    _add(feed, "id", f"urn:telusur:feed:{hashlib.sha256(asked.encode()).hexdigest()[:32]}")
    _add(feed, "title", f"{one_line(search.text)[:_MAX_TITLE_CHARS]} – Telusur")
    _add(feed, "subtitle", _subtitle(search))
    _add(feed, "updated", max((one.arrived_at for one in watched.found), default=made_at))
    _add(_add(feed, "author"), "name", "Telusur")
    _add(feed, "link", rel="self", type="application/atom+xml", href=links.absolute(_address("feeds.atom", search)))
    _add(feed, "link", rel="alternate", type="text/html", href=links.absolute(links.search_link(search)))
    for one in watched.found:
        _write_entry(feed, one)
    return bytes(etree.tostring(feed, xml_declaration=True, encoding="utf-8"))


def _write_entry(feed: etree._Element, one: Found) -> None:
    passage, release = one.hit.passage, one.hit.passage.release
    entry = _add(feed, "entry")
    _add(entry, "id", f"urn:telusur:passage:{one.key}")
    _add(entry, "title", release.title).set(_LANG, "id")
    _add(entry, "updated", one.arrived_at)
    if release.agency:
        _add(_add(entry, "author"), "name", release.agency)
    _add(entry, "link", rel="alternate", type="text/html", href=links.absolute(links.passage_link(passage)))
    if source := links.web_address(release.url):
        _add(entry, "link", rel="via", href=source)
    if release.topic:
        _add(entry, "category", term=release.topic)
    day = in_words(release.published) if release.published else gettext("Tanpa tanggal")
    facts = " · ".join(filter(None, (release.agency, day, release.topic)))
    html = Markup('<blockquote lang="id">{}</blockquote><p>{}</p>').format(excerpt(passage.text, one.hit.marks), facts)
    _add(entry, "content", str(html), type="html")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    added = etree.SubElement(parent, _name(name), {key: writable(value) for key, value in attributes.items()})
    added.text = None if text is None else writable(text)
    return added


def _name(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _subtitle(search: Search) -> str:
    sentences = [gettext("Kutipan siaran pers yang menjawab; yang terakhir masuk ke arsip paling atas.")]
    if labels := [chip.label for chip in facets.chips(search)]:
        sentences.append(gettext("Saringan: %(filters)s.", filters=", ".join(labels)))
    return " ".join(sentences)
