"""Where a page keeps its text, and the paragraphs of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree, html

from archive.readers import noise

Element: TypeAlias = html.HtmlElement

_DROPPED_TAGS = frozenset({
    "script", "style", "noscript", "template", "iframe", "object", "embed", "form", "button", "input", "select", "textarea",
    "nav", "aside", "footer", "figcaption", "video", "audio", "canvas", "svg", "math", "map", "dialog", "menu", "head",
    "title", "link",
    "meta",
})  # fmt: skip
_BLOCK_TAGS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "li", "main", "nav", "ol", "p",
    "pre",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SMALL_TAGS = frozenset({"em", "i", "small", "figcaption"})
# Elements that hold one paragraph, not several.
_PARAGRAPH_TAGS = frozenset({"p", "li", "blockquote", "dd", "dt", "pre", *_HEADING_TAGS})
# Parts of class names and ids, as "-" and "_" part them, of what stands around a text …
_AROUND = re.compile(
    r"(?:^|[_-])(?:"
    r"shar(?:e|es|ing|edaddy|ethis|ebar|ebuttons?)|addtoany|addthis|a2a|heateor|sosmed|medsos|socials?|bagikan|sebarkan|"
    r"related|relations|terkait|yarpp|relatedposts|rekomendasi|recommended|bacajuga|baca-juga|baca_juga|read-?also|read-?more|"
    r"sidebars?|side-bar|breadcrumbs?|navigation|navbar|nav|menu|navmenu|pager|pagination|pagenav|"
    r"tags|tagcloud|tagar|hashtags?|comments?|commentlist|respond|komentar|disqus|"
    r"captions?|keterangan|ket-foto|ket_foto|post-?views?|viewed|hits|counter|dibaca|dilihat|"
    r"iklan|ads?|adverts?|advertisements?|adsense|adsbygoogle|adslot|sponsor(?:ed)?|promo|"
    r"cookies?|cookiebar|consent|gdpr|newsletter|subscribe|popup|lightbox|author-?(?:box|bio|info|description)|about-?author|"
    r"toolbar|rating|votes?|toc|skip-?link|footer|copyright|gallery|galeri|slider|carousel|running-?text|marquee|"
    r"terpopuler|populer|popular|terbaru|latest|latestnews|trending|polling"
    r")(?:$|[_-])",
    re.IGNORECASE,
)
# … and whole ones, whose parts occur in harmless names too: "overflow-hidden", "field--label-above", "print-area".
_AROUND_WHOLE = re.compile(
    r"tag|label|banner|embed|hidden|d-none|sr-only|visually-?hidden|screen-?reader-?text|print|btn-print|cetak|download|unduh|"
    r"tools|twitter-tweet|instagram-media|fb-post|tiktok-embed|modal|modal-dialog|social-?media|icons|actions|views|dropdown",
    re.IGNORECASE,
)
# Names that speak of a whole page or come from a page builder: "no-sidebar", "elementor-widget", "wp-block-group".
_IGNORED_CLASSES = re.compile(
    r"elementor|elementor-(?!share|post-nav|location-footer)\S*|(?:no|has|with|without|is|wp-block|col|row|tag|field)-\S*",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CENTRED = re.compile(r"text-align\s*:\s*center|font-size\s*:\s*(?:x-|xx-)?small|font-style\s*:\s*italic", re.IGNORECASE)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$|[”’]$|\)$")
_MARKER = re.compile(r"(?:\d{1,2}[.)]|[a-z][.)]|[-•*–▪●])\s")
_SENTENCE = re.compile(r"[.!?…][\"'”’)]*(?:\s|$)")
_PROSE_CHARS = 60
_LONGEST_CELL = 200
_LONGEST_LINE_CHARS = 60
_SHARE_OF_SCOPE = 0.9
_SHARE_OF_PAGE = 0.6
_MOST_CANDIDATES = 50
# A headline stands near the start of its text; looking for it in all of a long one takes time.
_BLOCKS_WITH_TITLE = 50

# What themes call the element that holds the text and nothing else, most telling first.
_BODIES = (
    "//*[@itemprop='articleBody']",
    "//*[contains(concat(' ',normalize-space(@class),' '),' entry-content ')]",
    "//*[contains(@class,'elementor-widget-theme-post-content')]",
    "//*[contains(@class,'node__content')]//*[contains(@class,'field--name-body')]",
    *(
        f"//*[contains(concat(' ',normalize-space(@class),' '),' {name} ')]"
        for name in (
            "post-content", "article-content", "article-body", "article__content", "article__body", "td-post-content",
            "post-body", "single-content", "news-content", "isi-berita", "berita-isi", "konten-berita", "detail-konten",
            "detail-text",
            "content-detail", "detail__body-text", "post-entry", "entry-body", "story-body", "artikel-isi", "isi-artikel",
        )
    ),
)  # fmt: skip
_SCOPES = ("//article", "//*[contains(concat(' ',normalize-space(@class),' '),' item-page ')]", "//main", "//*[@role='main']")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of a page.

    Attributes:
        text: One line.
        element: The block element that it stands in.
        linked_chars: How much of it is links.
        is_caption: It stands right below a picture, in small or slanted letters.
    """

    text: str
    element: Element
    linked_chars: int = 0
    is_caption: bool = False

    @property
    def is_heading(self) -> bool:
        """It is a heading of its page."""
        return self.element.tag in _HEADING_TAGS

    @property
    def is_link(self) -> bool:
        """It is nothing but links."""
        return self.linked_chars >= 0.9 * len(self.text)

    @property
    def is_plain(self) -> bool:
        """It stands as the sentences of a release do: a paragraph element with nothing but text in it."""
        return self.element.tag == "p" and not self.element.attrib and not len(self.element)

    @property
    def is_prose(self) -> bool:
        """It reads like text: long enough, with a sentence's end, and not made of links."""
        return len(self.text) >= _PROSE_CHARS and self.linked_chars < len(self.text) / 2 and bool(_SENTENCE.search(self.text))


def parse(text: str) -> Element | None:
    """Parse a page however broken it is; None where there is nothing to parse."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        return html.document_fromstring(text.encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def clean(text: str) -> str:
    """One line without invisible characters."""
    return " ".join(text.translate(_INVISIBLE).split())


def blocks(root: Element, *, whole: bool = False) -> list[Block]:
    """The paragraphs below an element, in order, without what `stands_around`; with `whole`, with it."""
    collector = _Collector(whole=whole)
    collector.walk(root, root, linked=False, small=False)
    collector.flush(root)
    return collector.found


def stands_around(element: Element) -> bool:
    """Whether a class, an id or a style says that an element holds no text of a release."""
    get = element.get
    if get("hidden") is not None or get("aria-hidden") == "true" or _HIDDEN.search(get("style") or ""):
        return True
    if get("role") in {"navigation", "complementary", "contentinfo", "search", "banner", "dialog"}:
        return True
    names = [name for name in f"{get('class') or ''} {get('id') or ''}".split() if not _IGNORED_CLASSES.fullmatch(name)]
    if not any(_AROUND.search(name) or _AROUND_WHOLE.fullmatch(name) for name in names):
        return False
    # Whatever a wrapper is called, what holds the page's main heading holds its text.
    return element.find(".//h1") is None


def find_body(root: Element, headline: Element | None) -> Element:
    """The element that holds the text of a page: where its theme says so, else where the prose stands densest.

    Args:
        root: The page.
        headline: The element that shows its title, if one does.
    """
    everywhere = _prose(blocks(root))
    densest = _densest(root, everywhere)
    limit = 0.3 * _chars(_below(densest, everywhere))
    for path in _BODIES:
        best, prose = _fullest(root.xpath(path))
        if best is not None and _chars(prose) >= max(limit, 1):
            return best
    for path in _SCOPES:
        best, prose = _fullest(root.xpath(path))
        if best is not None and prose and _chars(prose) >= limit:
            inner = _densest(best, prose)
            return inner if _chars(_below(inner, prose)) >= _SHARE_OF_SCOPE * _chars(prose) else best
    return _widen(densest, headline, everywhere)


def _widen(densest: Element, headline: Element | None, prose: Sequence[Block]) -> Element:
    """A text in several columns or rows is what stands together with its headline."""
    if headline is None:
        return densest
    above = set(headline.iterancestors())
    common = next((element for element in (densest, *densest.iterancestors()) if element in above), densest)
    return densest if _chars(_below(densest, prose)) >= _SHARE_OF_PAGE * _chars(_below(common, prose)) else common


def _fullest(elements: Sequence[Element]) -> tuple[Element | None, list[Block]]:
    """Of some candidates, if they are few, the one with the most prose, and its prose."""
    if not 0 < len(elements) <= _MOST_CANDIDATES:
        return None, []
    return max(((element, _prose(blocks(element))) for element in elements), key=lambda pair: _chars(pair[1]))


def _chars(found: Iterable[Block]) -> int:
    return sum(len(block.text) for block in found)


def _prose(found: Iterable[Block]) -> list[Block]:
    return [block for block in found if block.is_prose and not block.is_caption]


def _below(element: Element, found: Iterable[Block]) -> Iterator[Block]:
    inside = set(element.iter())
    return (block for block in found if block.element in inside)


def _densest(root: Element, prose: Sequence[Block]) -> Element:
    """Readability's idea: a paragraph speaks for the element that holds it, and half as loud for the one around that."""
    scores: dict[Element, float] = defaultdict(float)
    for block in prose:
        element = block.element
        while element.tag in _PARAGRAPH_TAGS and element is not root and element.getparent() is not None:
            element = element.getparent()
        weight: float = len(block.text)
        for _ in range(3):
            scores[element] += weight
            parent = element.getparent()
            if element is root or parent is None:
                break
            element, weight = parent, weight / 2
    return max(scores, key=lambda element: scores[element], default=root)


@dataclass(slots=True)
class _Piece:
    """Some text of a line that is being collected; None is a line break, "" a picture."""

    text: str | None
    linked: bool = False
    small: bool = False


@dataclass(slots=True)
class _Collector:
    whole: bool
    found: list[Block] = field(default_factory=list)
    run: list[_Piece] = field(default_factory=list)
    below_picture: bool = False

    def walk(self, element: Element, holder: Element, *, linked: bool, small: bool) -> None:
        """Collect an element's text. libxml2 nests no deeper than 256 elements, so neither does this."""
        self._take(element.text, linked=linked, small=small)
        for child in element:
            tag = child.tag
            if not isinstance(tag, str):
                pass
            elif tag == "br":
                self.run.append(_Piece(None))
            elif tag == "img" or (tag == "figure" and not self.whole):
                self.run.append(_Piece(""))
            elif tag in _DROPPED_TAGS and not (self.whole and tag in {"nav", "aside", "footer", "form"}):
                pass
            elif not self.whole and stands_around(child):
                if tag in _BLOCK_TAGS:
                    self.flush(holder)
            elif tag in _BLOCK_TAGS:
                self.flush(holder)
                if tag == "table" and (rows := _rows(child)) is not None:
                    self.found.extend(Block(row, child, linked_chars) for row, linked_chars in rows)
                elif not _is_list_of_links(child):
                    is_small = small or bool(_CENTRED.search(child.get("style") or "")) or child.get("align") == "center"
                    self.walk(child, child, linked=linked, small=is_small)
                self.flush(child)
            else:
                is_small = small or tag in _SMALL_TAGS or bool(_CENTRED.search(child.get("style") or ""))
                is_small = is_small or (tag == "font" and child.get("size") in {"1", "2", "-1", "-2"})
                self.walk(child, holder, linked=linked or tag == "a", small=is_small)
            self._take(child.tail, linked=linked, small=small)

    def flush(self, element: Element) -> None:
        """Make paragraphs of what was collected since the last block began or ended."""
        if self.run:
            run, self.run = self.run, []
            for line in _lines(run):
                self._add(line, element)

    def _take(self, text: str | None, *, linked: bool, small: bool) -> None:
        if text:
            self.run.append(_Piece(text, linked, small))

    def _add(self, line: Sequence[_Piece], element: Element) -> None:
        # A picture's caption comes after it.
        last_picture = max((number for number, piece in enumerate(line) if piece.text == ""), default=None)
        if last_picture is not None:
            self.below_picture = True
        text = clean("".join(piece.text or "" for piece in line))
        if not text:
            return
        filled = [piece for piece in line if piece.text and piece.text.strip()]
        is_caption = self.below_picture and all(piece.small for piece in filled)
        linked_chars = sum(len(clean(piece.text or "")) for piece in filled if piece.linked)
        self.found.append(Block(text, element, linked_chars, is_caption))
        self.below_picture = False


def _lines(run: Sequence[_Piece]) -> list[list[_Piece]]:
    """Split at line breaks, if they part paragraphs.

    Two of them do. A single one does where it always follows a whole sentence and no two stand together, and before the number
    of a list; anywhere else it only wraps a line.
    """
    lines: list[list[_Piece]] = [[]]
    breaks = [0]
    for piece in run:
        if piece.text is not None:
            lines[-1].append(piece)
        elif clean("".join(part.text or "" for part in lines[-1])) or any(part.text == "" for part in lines[-1]):
            lines.append([])
            breaks.append(1)
        else:
            breaks[-1] += 1
    texts = [clean("".join(part.text or "" for part in line)) for line in lines]
    filled = [text for text in texts if text]
    whole = (
        max(breaks) < 2
        and len(filled) > 2
        and all(_SENTENCE_END.search(text) for text in filled[:-1])
        and sum(map(len, filled)) >= _LONGEST_LINE_CHARS * len(filled)
    )
    merged: list[list[_Piece]] = []
    for line, text, count, before in zip(lines, texts, breaks, ["", *texts], strict=False):
        pictured = any(part.text == "" for part in line) or not before
        if not merged or count > 1 or whole or pictured or _MARKER.match(text):
            merged.append(list(line))
        else:
            merged[-1] += [_Piece(" "), *line]
    return merged


def _rows(table: Element) -> list[tuple[str, int]] | None:
    """The rows of a table of figures, cells parted by " | ", and how much of each is links.

    None: it only lays out the page; []: it frames a picture.
    """
    if table.find(".//table") is not None or table.find(".//div") is not None:
        return None
    rows = [[cell for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")]
    texts = {cell: clean(cell.text_content()) for row in rows for cell in row}
    if table.find(".//img") is not None:
        return [] if sum(map(len, texts.values())) < 2 * _LONGEST_CELL else None
    several = sum(1 for row in rows if len(row) > 1)
    if several < 2 or several < len(rows) / 2 or any(len(text) > _LONGEST_CELL for text in texts.values()):
        return None
    joined = [(" | ".join(text for cell in row if (text := texts[cell])), row) for row in rows]
    return [(text, sum(map(_linked_chars, row))) for text, row in joined if text]


def _linked_chars(element: Element) -> int:
    return sum(len(clean(link.text_content())) for link in element.iter("a"))


def _is_list_of_links(element: Element) -> bool:
    """Headlines of other releases; a list of the text has items that are no links, or sentences."""
    if element.tag not in {"ul", "ol"}:
        return False
    items = [item for item in element if item.tag == "li"]
    if not items:
        return False
    for item in items:
        text = clean(item.text_content())
        if _linked_chars(item) < 0.8 * len(text) or text.endswith("."):
            return False
    return True


def paragraphs(found: Sequence[Block], is_title: Callable[[str], bool]) -> list[str]:
    """The paragraphs of a release among the blocks of its body: what stands below the title, without noise."""
    titles = [number for number, block in enumerate(found[:_BLOCKS_WITH_TITLE]) if is_title(block.text)]
    start = max((number for number in titles if not _prose(found[:number])), default=-1)
    kept = [
        block
        for number, block in enumerate(found)
        if number > start and number not in titles and not block.is_caption and not (block.is_link and _is_headline(block.text))
    ]
    return noise.drop([block.text for block in kept], [block.is_plain for block in kept])


def _is_headline(text: str) -> bool:
    return not _SENTENCE_END.search(text)
