"""WordPress's own export ("Tools → Export", WXR): one XML file with all the posts of a site.

Only published posts that need no password are releases; pages, attachments, drafts and the trash are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from archive.readers import markup
from archive.readers.common import MAX_BYTES, Document, ParseError, Problem, build_release, unreadable
from archive.readers.wordpress import NO_CATEGORY, local_time
from archive.readers.xmlstream import Cleaned, elements, local_name, text_of
from archive.records import Release

NAME = "wxr"
SUFFIXES = frozenset({".wxr"})

_MARK = re.compile(rb"xmlns:wp=[\"']https?://wordpress\.org/export/")
_SHOWN_CHARS = 60


def recognises(head: bytes) -> bool:
    """Whether a file begins as an export does; its name ends in ".xml", like so many others."""
    return _MARK.search(head) is not None


def read(document: Document) -> Iterator[Release | Problem]:
    """Stream an export of any size.

    Yields:
        The release of each published post, then one problem for all that went wrong: the first, and how many follow.
    """
    source = document.source
    faults: list[str] = []
    authors: dict[str, str] = {}
    items = posts = 0
    try:
        with document.open() as stream:
            for element in elements(Cleaned(stream, "WordPress export"), {"item", "author"}, {"comment", "postmeta"}):
                if local_name(element) == "author":
                    _note_author(element, authors)
                    continue
                items += 1
                kind = text_of(element, "post_type")
                if kind is None:
                    raise ParseError("a feed, not an export of WordPress; export it under Tools → Export, or read it --as feed")
                if kind != "post" or text_of(element, "status") != "publish" or text_of(element, "post_password"):
                    continue
                posts += 1
                try:
                    yield _release(element, source, authors)
                except ParseError as error:
                    faults.append(f"post {_name(element)}: {error}" if not faults else "")
    except OSError as error:
        yield unreadable(source, error)
        return
    except ParseError as error:
        yield Problem(source, f"{error} (the {posts - len(faults):,} posts before it were read)" if posts else str(error))
    else:
        if not posts:
            yield Problem(source, f"holds no published posts among its {items:,} entries")
    if faults:
        yield Problem(source, faults[0] + (f" (and {len(faults) - 1:,} more such posts)" if len(faults) > 1 else ""))


def _release(item: etree._Element, source: str, authors: dict[str, str]) -> Release:
    content = text_of(item, "encoded", "/content/") or ""
    if len(content) > MAX_BYTES:
        raise ParseError(f"{len(content):,} characters are too many for one release (limit {MAX_BYTES:,})")
    number = text_of(item, "post_id")
    creator = text_of(item, "creator")
    published = local_time(text_of(item, "post_date"), text_of(item, "post_date_gmt"))
    return build_release(
        title=markup.line(text_of(item, "title") or ""),
        body=markup.paragraphs(content),
        source=f"{source}#{number}" if number else source,
        url=next((url for url in (text_of(item, "link"), text_of(item, "guid")) if url and url.startswith("http")), None),
        published=published,
        published_from="metadata" if published else None,
        topic=_topic(item),
        author=authors.get(creator, creator) if creator else None,
        modified=local_time(text_of(item, "post_modified"), text_of(item, "post_modified_gmt")),
    )


def _topic(item: etree._Element) -> str | None:
    for child in item:
        if local_name(child) == "category" and child.get("domain") == "category":
            name = markup.line(child.text or "")
            if name and name.casefold() not in NO_CATEGORY:
                return name
    return None


def _note_author(author: etree._Element, authors: dict[str, str]) -> None:
    login, shown = text_of(author, "author_login"), text_of(author, "author_display_name")
    if login and shown:
        authors[login] = markup.line(shown)


def _name(item: etree._Element) -> str:
    number, title = text_of(item, "post_id") or "without a number", " ".join((text_of(item, "title") or "").split())
    return f"{number} ({title[:_SHOWN_CHARS]!r})" if title else number
