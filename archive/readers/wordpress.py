"""Posts as WordPress's own interface lists them: `/wp-json/wp/v2/posts?_embed=1`, see developer.wordpress.org/rest-api."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from archive.readers import markup
from archive.readers.common import Listed, ParseError, Problem, build_release
from archive.records import Release

NO_CATEGORY = frozenset(
    {"ora ana kategori", "tak berkategori", "tanpa kategori", "tidak berkategori", "uncategorised", "uncategorized"}
)
"""What WordPress files a post under when its author chose nothing, in the languages that sites here use."""

_MAX_OFFSET = timedelta(hours=14)
_QUARTER = timedelta(minutes=15)
_SHOWN_CHARS = 80
# Warnings of PHP that a careless site prints above its answer.
_ABOVE_THE_ANSWER = re.compile(
    rb"\s*(?:<br\s*/?>|<b>|<div|Warning:|Notice:|Deprecated:)[^\x00]{0,20000}?(?=\[\{\"id\"|\[\]\s*$)"
)


class RestError(ParseError):
    """The site answered with an error instead of posts.

    Attributes:
        code: Its name for the error, such as "rest_no_route" or "rest_post_invalid_page_number".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"the site answered {code}{f' ({message})' if message else ''}; try its feed or its sitemap")
        self.code = code


def parse_page(data: bytes, source: str) -> list[Listed]:
    """Read one page of posts, or a single one; `source` is the address that answered.

    An item has its release if the answer holds the content; with `_fields=id,link,modified_gmt,status` it has none. A post that
    is protected by a password, not published, or empty has a problem instead.

    Raises:
        RestError: The site answered with an error object.
        ParseError: The answer is no list of posts.
    """
    found = _parse_json(data)
    if isinstance(found, dict):
        if "code" in found and "link" not in found:
            raise RestError(_show(found["code"]), markup.line(_text(found, "message") or "")[:_SHOWN_CHARS])
        found = [found]
    if not isinstance(found, list):
        raise ParseError("not a list of posts; is this the address of WordPress's posts, /wp-json/wp/v2/posts?")
    return [_listed(post, source) for post in found]


def local_time(local: str | None, utc: str | None) -> str | None:
    """A time as the site shows it, with the site's offset where the same time in UTC tells it.

    Both are ISO 8601 or "2023-03-21 10:15:00". The day is the site's day. None if `local` is no time.
    """
    here, there = _time(local), _time(utc)
    if here is None:
        return None
    if there is not None:
        offset = here - there
        if abs(offset) <= _MAX_OFFSET and not offset % _QUARTER:
            sign, minutes = "-" if offset < timedelta() else "+", abs(offset) // timedelta(minutes=1)
            return f"{here.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
    return here.isoformat()


def utc_time(utc: str | None, local: str | None) -> str | None:
    """When a post last changed, to compare: UTC with a "Z", else the site's own time; None if neither is a time."""
    there = _time(utc)
    if there is not None:
        return f"{there.isoformat()}Z"
    here = _time(local)
    return here.isoformat() if here else None


def _parse_json(data: bytes) -> object:
    if not data.strip():
        raise ParseError("the answer is empty")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if above := _ABOVE_THE_ANSWER.match(data):
        data = data[above.end() :]
    try:
        return json.loads(data)
    except UnicodeDecodeError as error:
        raise ParseError(f"not valid JSON: byte 0x{data[error.start]:02X} at offset {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        if data.lstrip().startswith(b"<"):
            raise ParseError("looks like a web page, not WordPress's list of posts; try the site's feed or sitemap") from error
        is_cut = error.pos >= len(error.doc.rstrip()) - 1 or error.msg.startswith("Unterminated")
        where = "cut off" if is_cut else f"at offset {error.pos}"
        raise ParseError(f"not valid JSON: {error.msg}, {where}; fetch it again") from error
    except (ValueError, RecursionError) as error:
        raise ParseError("not valid JSON: nested too deep, or a number too long") from error


def _listed(post: object, source: str) -> Listed:
    if not isinstance(post, dict):
        return Listed(source, problem=Problem(source, f"holds {_show(post)} where a post should be"))
    number = post.get("id")
    key = str(number) if type(number) in {int, str} and number != "" else None
    modified = utc_time(_text(post, "modified_gmt"), _text(post, "modified"))
    url = _text(post, "link")
    if url is None or not _is_web_address(url):
        return Listed(source, key, modified, problem=Problem(source, f"post {key or _show(number)} has no web address"))
    if fault := _withheld(post):
        return Listed(url, key, modified, problem=Problem(url, fault))
    if "content" not in post:
        return Listed(url, key, modified)
    try:
        return Listed(url, key, modified, _release(post, url))
    except ParseError as error:
        return Listed(url, key, modified, problem=Problem(url, str(error)))


def _withheld(post: dict[str, object]) -> str | None:
    status = post.get("status", "publish")
    if status != "publish":
        return f"not published: its status is {_show(status)}"
    content = post.get("content")
    if isinstance(content, dict) and content.get("protected") is True:
        return "protected by a password; the publisher must lift it"
    return None


def _release(post: dict[str, object], url: str) -> Release:
    published = local_time(_text(post, "date"), _text(post, "date_gmt"))
    return build_release(
        title=markup.line(_rendered(post, "title")),
        body=markup.paragraphs(_rendered(post, "content")),
        source=url,
        url=url,
        published=published,
        published_from="metadata" if published else None,
        topic=_topic(post),
        author=_author(post),
        modified=local_time(_text(post, "modified"), _text(post, "modified_gmt")),
    )


def _rendered(post: dict[str, object], name: str) -> str:
    value = post.get(name)
    if isinstance(value, dict):
        value = value.get("rendered")
    return value if isinstance(value, str) else ""


def _topic(post: dict[str, object]) -> str | None:
    for terms in _embedded(post, "wp:term"):
        for term in terms if isinstance(terms, list) else [terms]:
            if isinstance(term, dict) and term.get("taxonomy") == "category":
                name = markup.line(_text(term, "name") or "")
                if name and name.casefold() not in NO_CATEGORY:
                    return name
    return None


def _author(post: dict[str, object]) -> str | None:
    for author in _embedded(post, "author"):
        # One whose account was closed comes as an error object, without a name.
        if isinstance(author, dict) and (name := markup.line(_text(author, "name") or "")):
            return name
    return None


def _embedded(post: dict[str, object], name: str) -> list[object]:
    embedded = post.get("_embedded")
    found = embedded.get(name) if isinstance(embedded, dict) else None
    return found if isinstance(found, list) else []


def _text(found: dict[str, object], name: str) -> str | None:
    value = found.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip()) if text else None
    except ValueError:  # such as "0000-00-00 00:00:00", which stands for none
        return None
    return found.replace(microsecond=0, tzinfo=None) if found else None


def _show(value: object) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, default=str)
    shown = "".join(char if char.isprintable() else " " for char in shown)
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
