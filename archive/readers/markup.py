"""The text of a fragment of HTML, as a content management system keeps it: its paragraphs, or one line of it.

A fragment is the content alone, not a page: there is no menu or footer to tell apart. It may also be half HTML, as WordPress
exports it: paragraphs that only blank lines part, block comments, shortcodes that were never replaced.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree, html

from archive.readers import noise, shortcodes
from archive.readers.common import ParseError

_words = re.compile(r"\S+").findall
_BLOCKS = frozenset(
    _words("""address article aside blockquote caption center dd details dialog div dl dt fieldset figure footer h1 h2 h3 h4 h5
    h6 header hgroup hr legend li main menu ol p pre section summary table tbody tfoot thead tr ul""")
)
_DROPPED = frozenset(
    _words("""applet area audio base button canvas datalist embed figcaption form frame frameset head iframe img input link map
    math meta nav noscript object option picture rp rt script select source style svg template textarea title track video
    xml""")
)
_DROPPED_CLASSES = frozenset(
    _words("""addtoany_content addtoany_share_save_container crp_related ez-toc-container fb-post fb-video gallery
    gallery-caption heateor_sss_sharing_container instagram-media jp-relatedposts post-views screen-reader-text sharedaddy
    tiktok-embed twitter-tweet twitter-video wp-block-buttons wp-block-embed wp-block-file wp-block-gallery
    wp-block-latest-posts wp-block-social-links wp-block-video wp-caption wp-caption-text wp-element-caption
    wp-embedded-content yarpp""")
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_CONTROL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01]|127)|[xX]0*(?:[0-8BbCcEeFf]|1[0-9A-Fa-f]|7[Ff]))(?:;|(?![0-9A-Fa-f]))"
)
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
# While the text is gathered, two characters that cannot occur in it stand for <br> and for the end of a paragraph.
_BREAK, _END = "\x0b", "\x0c"
_ADDRESS_LINE = re.compile(rf"(?<![^{_BREAK}{_END}])[ \t\n\xa0]*https?://\S+[ \t\n\xa0]*(?![^{_BREAK}{_END}])")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_ENDS = re.compile(rf"{_END}|{_BREAK}[^\S{_BREAK}{_END}]*{_BREAK}")
# On a line of its own, WordPress replaces an address by what it embeds, or makes a link of it where that fails.
_ADDRESS_ALONE = re.compile(r"^[^\S\n]*https?://[^\s<>\"]+[^\S\n]*$", re.MULTILINE)


def paragraphs(content: str) -> str:
    """The paragraphs of a fragment, separated by a blank line, without pictures, captions, embedded media and editorial noise.

    A block element, two line breaks in a row or a blank line end a paragraph; a single line break is a space. A row of a table
    is one paragraph, its cells separated by " | ", unless the table only lays the text out.

    Raises:
        ParseError: The elements are nested so deep that the text cannot be told.
    """
    bare = _ADDRESS_ALONE.sub("\n\n", shortcodes.remove(content).replace("\r\n", "\n"))
    return "\n\n".join(noise.drop(_texts(bare, keeps_addresses=False)))


def line(content: str) -> str:
    """All the text of a fragment on one line: a title, a name.

    Raises:
        ParseError: As for `paragraphs`.
    """
    if "<" not in content and "&" not in content:
        return " ".join(_clean(content).split())
    return " ".join(_texts(content, keeps_addresses=True))


def _clean(text: str) -> str:
    """Take out what no release may contain: Word leaves control characters behind, and nobody can repair them at the source."""
    text = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _INVISIBLE.sub("", _HALF_PAIR.sub("\ufffd", text))


def _texts(content: str, *, keeps_addresses: bool) -> list[str]:
    content = _CONTROL_REFERENCE.sub(" ", _clean(content))
    if not content.strip():
        return []
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True)
    try:
        root = html.document_fromstring(f"<div>{content}</div>".encode(), parser=parser)
    except etree.ParserError:  # nothing but a comment
        return []
    if any(fault.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for fault in parser.error_log):
        raise ParseError("its elements are nested more than 2,000 deep, which no release needs; repair it at the source")
    gathered = _Gathered(keeps_addresses)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if _is_dropped(element):
                walk.skip_subtree()
            else:
                gathered.open(element.tag)
                gathered.add(element.text)
        else:
            if not _is_dropped(element):
                gathered.close(element.tag)
            gathered.add(element.tail)
    return gathered.finish()


def _is_dropped(element: html.HtmlElement) -> bool:
    tag = element.tag
    if tag in _DROPPED:
        return True
    if not element.attrib:
        return tag == "figure" and _is_picture(element)
    classes = (element.get("class") or "").split()
    if not _DROPPED_CLASSES.isdisjoint(classes) or _HIDDEN.search(element.get("style") or ""):
        return True
    return tag == "figure" and _is_picture(element)


def _is_picture(figure: html.HtmlElement) -> bool:
    """Tables and pulled quotes are figures too, and they are text."""
    return next(figure.iter("table", "blockquote"), None) is None


class _Gathered:
    """Paragraphs as they are met; within a cell of a table they wait until its row is whole."""

    def __init__(self, keeps_addresses: bool) -> None:
        self._keeps_addresses = keeps_addresses
        self._text: list[str] = []
        self._done: list[list[str]] = [[]]
        self._rows: list[list[list[str]]] = []

    def add(self, text: str | None) -> None:
        if text:
            self._text.append(_BLANK_LINES.sub(_END, _clean(text)))

    def open(self, tag: str) -> None:
        if tag == "br":
            self._text.append(_BREAK)
        elif tag in {"td", "th"}:
            self._flush()
            self._done.append([])
        elif tag in _BLOCKS:
            self._flush()
            if tag == "tr":
                self._rows.append([])

    def close(self, tag: str) -> None:
        if tag in {"td", "th"} and len(self._done) > 1:
            self._flush()
            cell = self._done.pop()
            if cell and self._rows:
                self._rows[-1].append(cell)
            else:
                self._done[-1] += cell
        elif tag in _BLOCKS:
            self._flush()
            if tag == "tr" and self._rows:
                self._done[-1] += _row(self._rows.pop())

    def finish(self) -> list[str]:
        self._flush()
        return self._done[0]

    def _flush(self) -> None:
        if self._text:
            text = "".join(self._text)
            self._text.clear()
            if "://" in text and not self._keeps_addresses:
                text = _ADDRESS_LINE.sub(_END, text)
            texts = (" ".join(part.replace(_BREAK, " ").split()) for part in _ENDS.split(text))
            self._done[-1] += filter(None, texts)


def _row(cells: Sequence[Sequence[str]]) -> Sequence[str]:
    # A row with one filled cell only lays the text out, as old sites did.
    return cells[0] if len(cells) == 1 else [" | ".join(" ".join(cell) for cell in cells)] if cells else []
