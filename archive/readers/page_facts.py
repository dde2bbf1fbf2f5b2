"""What a page says about its release: title, day, address, byline, publisher, topic."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import islice
from urllib.parse import urljoin, urlsplit

from archive import dates
from archive.readers.page_text import Block, Element, clean, stands_around

_ARTICLE_TYPES = frozenset({"article", "newsarticle", "blogposting", "reportagenewsarticle", "report", "pressrelease"})
_TITLE_METAS = ("og:title", "twitter:title", "dc.title", "dcterms.title", "title")
_PUBLISHED_METAS = (
    "article:published_time", "datepublished", "og:published_time", "publishdate", "pubdate", "publish-date",
    "parsely-pub-date", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date", "dcterms.date",
    "content_publishdate", "date",
)  # fmt: skip
_MODIFIED_METAS = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified")
_SEPARATORS = re.compile(r"\s+[|\-–—»•·:]{1,3}\s+|\s+::\s+")
_TITLE_CLASS = re.compile(r"(?:^|[\s_-])(?:judul|title|headline|tajuk|heading|post-?title)(?:$|[\s_-])", re.IGNORECASE)
_DATE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:date|dates|tanggal|tgl|waktu|time|published|publish|posted|created|create|submitted|"
    r"meta|info|postmetadata|byline)(?:$|[\s_-])",
    re.IGNORECASE,
)
_MODIFIED = re.compile(r"diperbarui|diperbaharui|diubah|update|modified|modifi", re.IGNORECASE)
_DAYS = "Senin|Selasa|Rabu|Kamis|Jum['’]?at|Sabtu|Minggu|Ahad"
_BY = re.compile(r"^(?:(?:ditulis|diposting|diunggah|diterbitkan)\s+)?(?:oleh|by|penulis|author)\s*:?\s+", re.IGNORECASE)
_AUTHOR_PATH = (
    "//*[@rel='author' or @itemprop='author' or contains(@class,'author-name') or contains(@class,'author vcard') or "
    "contains(@class,'field--name-uid') or contains(@class,'byline')]"
)
_TOPIC_PATH = (
    "//a[contains(@rel,'category')] | //*[contains(@class,'cat-links') or contains(@class,'category-name') or "
    "contains(@class,'field--name-field-kategori') or contains(@class,'post-category') or "
    "contains(@class,'entry-category') or contains(@class,'kategori')]//a | "
    "//*[@itemprop='articleSection']"
)
_SITE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:site-?(?:title|name|description)|brand(?:ing)?|navbar|logo)(?:$|[\s_-])", re.IGNORECASE
)
_SITE_TITLE = re.compile(
    r"(?:website|situs|portal|laman) resmi|selamat datang|^(?:home|beranda|berita|detail berita)$|"
    r"^pemerintah\s+(?:kota|kabupaten|kab\.|provinsi|daerah|desa|kelurahan|kecamatan)\s+\S+$|"
    r"^(?:dinas|badan|kecamatan|kelurahan|desa|inspektorat|sekretariat|bagian)\b.{0,60}\b(?:kota|kabupaten|kab\.|provinsi)\s+\S+$",
    re.IGNORECASE,
)
_SITE_NAME = re.compile(
    r"\b(?:pemkot|pemkab|pemprov|pemerintah|diskominfo|dinas|kota|kabupaten|kecamatan|portal|website|situs|humas|prokopim|berita|"
    r"resmi)\b|\.(?:go\.)?id\b",
    re.IGNORECASE,
)
_LONGEST_TITLE = 300
_SHORTEST_TITLE = 12
_LONGEST_NAME = 80
_LONGEST_DATE = 40
_MARKS = " |-–—»•·:"
_BYLINE = re.compile(
    r"^\W*(?:(?:di(?:tulis|posting|poskan|unggah|terbitkan|publikasikan))\s+oleh|oleh|penulis|author|reporter|posted by|"
    r"written by|by)\s*[:\-]?\s+"
    r"(?P<name>[^|/•·,;()\d]{2,60}?)\s*(?:$|[|/•·,;(\d]|\s(?:pada|on|tanggal|-|–)\s|\s(?:" + _DAYS + r")\b)",
    re.IGNORECASE,
)
_TOPIC = re.compile(
    r"(?:^\W*|[|/•·–-]\s*)(?:kategori|rubrik|category|topik)\s*:?\s+(?P<topic>[^|/•·,;\d]{2,60}?)\s*(?:$|[|/•·,;\d]|\s[-–]\s)",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?:super\s?)?(?:admin\w*|user|operator|root|webmaster|editor|redaksi\d*)(?:\s?(?:web|website|\d+))?", re.IGNORECASE
)
_NO_TOPIC = frozenset(
    {"uncategorized", "uncategorised", "tak berkategori", "tanpa kategori", "lainnya", "home", "beranda", "blog"}
)
_LONGEST_META_LINE = 140
_BLOCKS_WITH_TITLE = 1000
_LONGEST_JSON = 1_000_000
_JAKARTA = timezone(timedelta(hours=7))
_UTC_END = re.compile(r"(?:Z|[+-]00:?00)$")


@dataclass(slots=True)
class Facts:
    """What the metadata of a page say; each in the page's own words.

    Attributes:
        titles: Candidates, the most trusted first.
        published: A date in any form.
        is_article: The page calls itself an article.
    """

    titles: list[str] = field(default_factory=list)
    published: str | None = None
    modified: str | None = None
    url: str | None = None
    author: str | None = None
    agency: str | None = None
    topic: str | None = None
    is_article: bool = False


def collect(root: Element, base: str | None) -> Facts:
    """Gather what the head of a page and its structured data say; a missing part is None."""
    metas = _metas(root)
    facts = Facts(is_article=metas.get("og:type", "").lower() in {"article", "news", "news.article"})
    for item in _linked_data(root):
        kind = {str(name).lower() for name in _as_list(item.get("@type"))}
        if kind & _ARTICLE_TYPES:
            facts.is_article = True
            facts.titles += filter(None, [_string(item.get("headline")), _string(item.get("name"))])
            facts.published = facts.published or _string(item.get("datePublished")) or _string(item.get("dateCreated"))
            facts.modified = facts.modified or _string(item.get("dateModified"))
            facts.author = facts.author or _name(item.get("author"))
            facts.agency = facts.agency or _name(item.get("publisher"))
            facts.topic = facts.topic or _string(item.get("articleSection"))
            facts.url = facts.url or _address(item.get("mainEntityOfPage")) or _string(item.get("url"))
        elif kind & {"webpage"}:
            facts.published = facts.published or _string(item.get("datePublished"))
            facts.modified = facts.modified or _string(item.get("dateModified"))
    facts.titles += [metas[name] for name in _TITLE_METAS if name in metas]
    facts.titles += [clean(title.text_content()) for title in root.xpath("//head/title | //title[not(ancestor::svg)]")[:1]]
    facts.titles = [title for title in map(clean, facts.titles) if title]
    facts.published = facts.published or next(
        (metas[name] for name in _PUBLISHED_METAS if dates.parse_written(metas.get(name, ""))), None
    )
    facts.modified = facts.modified or next((metas[name] for name in _MODIFIED_METAS if name in metas), None)
    facts.agency = facts.agency or metas.get("og:site_name") or metas.get("dc.publisher")
    facts.author = _person(facts.author) or _person(metas.get("author")) or _person(metas.get("article:author"))
    facts.topic = _topic(facts.topic) or _topic(metas.get("article:section"))
    facts.url = _canonical(root, metas, facts.url, base)
    return facts


def find_title(root: Element, facts: Facts, found: Sequence[Block]) -> str | None:
    """The headline: as the page shows it, if one of its headings is the title of its metadata; else what the metadata say.

    Args:
        root: The page.
        facts: Its metadata.
        found: Every block of the page.
    """
    site = _plain(facts.agency or "")
    candidates = [
        block
        for block in found[:_BLOCKS_WITH_TITLE]
        if len(block.text) <= _LONGEST_TITLE
        and not _names_site(block.element)
        and not _SITE_TITLE.search(block.text)
        and _plain(block.text) != site
        and not (len(block.text) <= _LONGEST_DATE and dates.parse_written(block.text))
    ]
    headings = [block for block in candidates if block.is_heading]
    called = [block for block in candidates if not block.is_heading and any(map(_TITLE_CLASS.search, _names(block.element)))]
    others = [
        block for block in candidates if not block.is_heading and not block.is_prose and len(block.text) >= _SHORTEST_TITLE
    ]
    for shown in (headings, called, others):
        for title in facts.titles:
            if same := [block for block in shown if is_same_title(block.text, title)]:
                # "Judul - Nama Situs" is both; the name is the shorter, and mostly a link.
                return max(same, key=lambda block: (not block.is_link, len(block.text))).text
    main = [block for block in headings if not block.is_link and not _is_beside(block.element)]
    for same in (
        [block for block in main if any(map(_TITLE_CLASS.search, _names(block.element)))],
        [block for block in main if block.element.tag == "h1"],
        [block for block in main if block.element.tag == "h2"],
    ):
        if len(same) == 1:
            return same[0].text
    if facts.titles and not _SITE_TITLE.search(facts.titles[0]):
        return _without_site(facts.titles[0], facts.agency)
    # Pages without a title of their own: the headline is the last heading above the text, or what is set large.
    first_prose = next((number for number, block in enumerate(found) if block.is_prose and not _is_beside(block.element)), 0)
    above = [
        block for block in found[:first_prose] if block.is_heading and block in candidates and not _is_beside(block.element)
    ]
    if above and len(above[-1].text) >= _SHORTEST_TITLE:
        return above[-1].text
    large = [clean(font.text_content()) for font in root.xpath("//font[@size>=4 or starts-with(@size,'+')] | //big")]
    shown_texts = [block.text for block in (*called, *headings) if not block.is_link and not _is_beside(block.element)]
    fitting = (
        text for text in (*large, *shown_texts) if _SHORTEST_TITLE <= len(text) <= _LONGEST_TITLE and _plain(text) != site
    )
    return next(fitting, facts.titles[0] if facts.titles else None)


def find_published(root: Element, facts: Facts, found: Sequence[Block], title: str) -> str | None:
    """The day of publication that a page shows or its metadata give, in the page's own words; None where neither does."""
    if facts.published and dates.parse_written(facts.published):
        return _local(facts.published)
    path = "//time[@datetime] | //*[@itemprop='datePublished'][@content or @datetime]"
    for time in _nearest(root, found, title, [time for time in root.xpath(path) if not _is_beside(time)]):
        written = time.get("datetime") or time.get("content") or ""
        names = f"{time.get('class') or ''} {time.get('itemprop') or ''}"
        # WordPress marks a time that is both "entry-date published updated".
        if dates.parse_written(written) and (
            not _MODIFIED.search(names) or "entry-date" in names or "published" in names.lower()
        ):
            shown = dates.parse_written(clean(time.text_content()))
            # "2023-03-21T03:15:00Z" beside "21 Maret 2023 10:15": the reader's clock counts.
            return shown if shown and _UTC_END.search(written) and "T" in shown else _local(written)
    lines = _lines_about(found, title)
    for text in (*(line for line in lines if not _MODIFIED.search(line)), *lines):
        if dates.parse_written(text):
            return text
    return next((text for text in _dated_elements(root) if dates.parse_written(text)), None)


def find_byline(root: Element, found: Sequence[Block], title: str) -> tuple[str | None, str | None]:
    """Author and topic as the page shows them: in an element of that name, or in the lines about the title."""
    lines = _lines_about(found, title)
    shown = [clean(one.text_content()) for one in root.xpath(_AUTHOR_PATH) if not _is_beside(one)]
    names = [_person(_BY.sub("", text)) for text in shown if len(text) <= _LONGEST_NAME]
    author = next((name for name in (*names, *(_named(_BYLINE, text, _person) for text in lines)) if name), None)
    topics = [_topic(clean(one.text_content())) for one in root.xpath(_TOPIC_PATH) if not _is_beside(one)]
    topic = next((name for name in (*topics, *(_named(_TOPIC, text, _topic) for text in lines)) if name), None)
    return author, topic


def is_about(text: str, title: str) -> bool:
    """Whether a line says something about a release, rather than being part of it: its day, its byline, its title."""
    if is_same_title(text, title) or _NOBODY.fullmatch(text):
        return True
    if len(text) > _LONGEST_META_LINE or text.endswith((".", "’’", "”")):
        return False
    return (
        _BYLINE.match(text) is not None
        or _TOPIC.search(text) is not None
        or dates.parse_written(text) is not None
        or "»" in text
    )


def _metas(root: Element) -> dict[str, str]:
    metas: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        content = clean(meta.get("content") or "")
        if name and content:
            metas.setdefault(name, content)
    return metas


def _linked_data(root: Element) -> Iterator[dict[str, object]]:
    for script in root.xpath("//script[contains(@type,'ld+json')]"):
        text = script.text or ""
        if len(text) > _LONGEST_JSON:
            continue
        try:
            pending = [json.loads(text, strict=False)]
        except (ValueError, RecursionError):
            continue
        while pending:
            item = pending.pop(0)
            if isinstance(item, list):
                pending += item
            elif isinstance(item, dict):
                yield item
                pending += _as_list(item.get("@graph"))


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _string(value: object) -> str | None:
    value = next(iter(_as_list(value)), None)
    return clean(html.unescape(value)) or None if isinstance(value, str) else None


def _name(value: object) -> str | None:
    value = next(iter(_as_list(value)), None)
    return _string(value.get("name")) if isinstance(value, dict) else _string(value)


def _address(value: object) -> str | None:
    return _string(value.get("@id")) or _string(value.get("url")) if isinstance(value, dict) else _string(value)


def _canonical(root: Element, metas: dict[str, str], linked: str | None, base: str | None) -> str | None:
    declared = next((one.get("href") for one in root.iter("base") if one.get("href")), None)
    base = _absolute(declared, base) or base
    hrefs = [link.get("href") for link in root.xpath("//link[@href]") if (link.get("rel") or "").lower() == "canonical"]
    for href in (*hrefs, metas.get("og:url"), linked):
        address = _absolute(href, base)
        # A theme that names its front page as every page's address is not believed.
        if address and (
            urlsplit(address).path.strip("/") or urlsplit(address).query or not (base and urlsplit(base).path.strip("/"))
        ):
            return address
    return _absolute(base, None)


def _absolute(href: str | None, base: str | None) -> str | None:
    if not href:
        return None
    try:
        address = urljoin(base or "", href.strip())
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(map(str.isspace, address)):
        return None
    return address.split("#", 1)[0]


def _person(name: str | None) -> str | None:
    name = clean(name or "")
    if not name or _NOBODY.fullmatch(name) or name.startswith(("http:", "https:")) or "@" in name or dates.parse_written(name):
        return None
    return name if len(name) <= 80 else None


def _topic(name: str | None) -> str | None:
    name = clean(name or "").strip(" :,|»›/")
    return name if 0 < len(name) <= 60 and name.lower() not in _NO_TOPIC else None


def _named(pattern: re.Pattern[str], text: str, keep: Callable[[str], str | None]) -> str | None:
    found = pattern.search(text)
    return keep(found[1]) if found else None


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def is_same_title(text: str, title: str) -> bool:
    """The same words, or the one cut short ("… Bermental Mel…"), or with the site's name behind or before it."""
    one, other = _plain(text), _plain(title)
    if not one or not other:
        return False
    if one == other:
        return True
    cut = title.rstrip().endswith(("…", "...")) or len(title) >= 100
    if cut and len(other) >= 30 and len(one) < 2 * len(other) and one.startswith(other):
        return True
    if len(one) >= 15 and len(one) >= 0.4 * len(other) and (other.startswith(one) or other.endswith(one)):
        return True
    return len(one) >= 8 and one in (_plain(part) for part in _SEPARATORS.split(title))


def _names_site(element: Element) -> bool:
    near = [element, *islice(element.iterancestors(), 2)]
    return any(
        _SITE_CLASS.search(f"{one.get('class') or ''} {one.get('id') or ''}") for one in near if one.tag not in {"html", "body"}
    )


def _nearest(root: Element, found: Sequence[Block], title: str, elements: Sequence[Element]) -> list[Element]:
    """Those nearest to the headline first: the others may be of other releases."""
    places = {element: number for number, element in enumerate(root.iter())}
    headline = next(
        (
            places[block.element]
            for block in found[:_BLOCKS_WITH_TITLE]
            if block.is_heading and is_same_title(block.text, title)
        ),
        0,
    )
    return sorted(elements, key=lambda element: (element.get("itemprop") != "datePublished", abs(places[element] - headline)))


def _without_site(title: str, site: str | None) -> str:
    """A <title> without the site's name behind or before it."""
    parts = _SEPARATORS.split(title)
    if len(parts) < 2:
        return title

    def names_site(part: str) -> bool:
        return _plain(part) == _plain(site or "") or _SITE_NAME.search(part) is not None

    if names_site(parts[-1]):
        return title[: title.rindex(parts[-1])].rstrip(_MARKS)
    if names_site(parts[0]) and len(parts[0]) < len(title) / 2:
        return title[len(parts[0]) :].lstrip(_MARKS)
    return title


def _names(element: Element) -> list[str]:
    """Class names and id of an element, and of one that holds little else."""
    parent = element.getparent()
    holds_little = (
        parent is not None
        and element.getprevious() is None
        and (element.getnext() is None or element.getnext().getnext() is None)
    )
    near = [element, parent] if holds_little else [element]
    return [name for one in near for name in f"{one.get('class') or ''} {one.get('id') or ''}".split()]


def _is_beside(element: Element) -> bool:
    """It belongs to another release or to the site: it stands in a sidebar, a list of related ones, a foot."""
    for one in (element, *element.iterancestors()):
        if one.tag == "article":
            return False
        if one.tag in {"nav", "aside", "footer"} and next(one.iterancestors("article"), None) is None:
            return True
        if one.tag not in {"html", "body"} and stands_around(one):
            return True
    return False


def _lines_about(found: Sequence[Block], title: str) -> list[str]:
    """The short lines above and below the headline."""
    places = [number for number, block in enumerate(found[:_BLOCKS_WITH_TITLE]) if is_same_title(block.text, title)]
    # The last place with text below it: the first may be a menu's or a breadcrumb's.
    headings = [number for number in places if found[number].is_heading] or places
    if not headings:
        return [block.text for block in found[:40] if len(block.text) <= _LONGEST_META_LINE and not block.is_prose]
    place = headings[0]
    below: list[str] = []
    for block in found[place + 1 : place + 12]:
        if block.is_prose:
            break
        below.append(block.text)
    above = [block.text for block in reversed(found[max(0, place - 4) : place])]
    return [text for text in (*below, *above) if len(text) <= _LONGEST_META_LINE]


def _dated_elements(root: Element) -> Iterator[str]:
    for element in root.iter("div", "span", "p", "td", "small", "li", "dd", "em", "i", "font", "time"):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _DATE_CLASS.search(names) and not _is_beside(element):
            text = clean(element.text_content())
            if 0 < len(text) <= _LONGEST_META_LINE:
                yield text


def _local(written: str) -> str:
    """A time of UTC as Jakarta's: WordPress writes the one, and the day that readers saw is the other's."""
    if not _UTC_END.search(written) or "T" not in written:
        return written
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return moment.astimezone(_JAKARTA).isoformat(timespec="minutes" if moment.second == 0 else "seconds")
