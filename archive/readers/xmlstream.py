"""XML of any size, element by element: exports, feeds and sitemaps, as careless sites write them and as hostile ones might.

No entity is expanded, nothing is fetched, and nothing is held that was not asked for.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Collection, Iterator
from typing import BinaryIO

from lxml import etree

from archive.readers.common import ParseError

HEAD_BYTES = 4096

_CHUNK_BYTES = 1 << 16
_MOST_PARTS = 200_000
_UTF_8_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})")
_NO_ENTITIES = "declares entities of its own (<!DOCTYPE>), which may hide a bomb, so it is not read; take that line out"
# XML has no place for these, but Word and databases leave them in texts; tab and line ends stay.
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_SPACES = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
# A document type without a subset, as RSS 0.91 has one, declares nothing.
_ENTITIES = re.compile(rb"<!ENTITY|<!DOCTYPE[^>]*\[", re.IGNORECASE)
_DECLARATION = re.compile(rb"\A<\?xml\b[^>]{0,500}\?>")
_ROOT = re.compile(
    # Atomic and possessive: what was passed over is not tried in other ways, of which there may be millions.
    rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<![A-Za-z][^\[>]*(?:\[.*?\]\s*)?>)*+<([A-Za-z_][A-Za-z0-9_:.-]{0,60})",
    re.DOTALL,
)
_FOR_BAD_BYTES = "windows_1252_for_bad"


class Cleaned:
    """A stream of XML without what keeps a parser from reading it.

    Control characters become spaces. Where the text says that it is UTF-8, or says nothing, bytes that are not are read as
    Windows-1252, which is what they are on sites that were moved once.

    Attributes:
        head: Its first bytes.
        declared: The charset that it says it has, in small letters.
        is_over: All of it was read.
    """

    def __init__(self, stream: BinaryIO, kind: str) -> None:
        """Look at the beginning.

        Args:
            stream: Read to its end; closing it is the caller's.
            kind: What it should hold, for messages: "feed".

        Raises:
            OSError: It cannot be read.
            ParseError: The stream is empty, a web page, or UTF-16.
        """
        self._stream = stream
        self.is_over = False
        self.head = _read_head(stream)
        if not self.head.removeprefix(_UTF_8_BOM).strip():
            raise ParseError("the file is empty")
        if self.head.startswith(_UTF_16):
            raise ParseError("UTF-16, as its first two bytes say; convert it: iconv -f UTF-16 -t UTF-8")
        opening = self.head.removeprefix(_UTF_8_BOM).lstrip()
        if _WEB_PAGE.search(opening[:1024]):
            raise ParseError(f"looks like a web page, not a {kind}")
        if not opening.startswith(b"<"):
            raise ParseError(f"not XML, so it is no {kind}")
        declared = _DECLARED.match(opening)
        self.declared = declared[1].decode("ascii").lower() if declared else "utf-8"
        is_utf_8 = self.declared in {"utf-8", "utf8"}
        self._decoder = codecs.getincrementaldecoder("utf-8")(_FOR_BAD_BYTES) if is_utf_8 else None
        self._waiting = opening

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """At least one byte, unless all was read; `size` is a hint."""
        while not self.is_over:
            chunk = self._waiting or self._stream.read(max(size, 1))
            self._waiting = b""
            self.is_over = not chunk
            chunk = chunk.translate(_SPACES)
            if self._decoder:
                chunk = self._decoder.decode(chunk, final=self.is_over).encode()
            if chunk:
                return chunk
        return b""


def elements(stream: Cleaned, wanted: Collection[str], ignored: Collection[str] = ()) -> Iterator[etree._Element]:
    """Yield the elements of some local names as each is complete; it is emptied when the next is asked for.

    Args:
        stream: The document.
        wanted: Local names; within one of them, others are not looked for.
        ignored: Local names within them whose content is not needed.

    Raises:
        OSError: It cannot be read.
        ParseError: It is not well-formed, cut off, or declares entities; what stood before has been yielded.
    """
    inside = parts = 0
    is_first = True
    try:
        events = etree.iterparse(
            stream,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        for event, element in events:
            if is_first:
                is_first = False
                if element.getroottree().docinfo.internalDTD is not None:
                    raise ParseError(_NO_ENTITIES)
            name = local_name(element)
            if event == "start":
                inside += name in wanted
                continue
            parts += 1
            if name in wanted:
                inside -= 1
                if not inside:
                    yield element
            elif inside and name not in ignored:
                if parts > _MOST_PARTS:
                    raise ParseError(f"one <{name}> among more than {_MOST_PARTS:,} parts of one entry; split the file")
                continue
            if not inside:
                parts = 0
                _empty(element)
            elif name in ignored:
                element.clear(keep_tail=False)
    except etree.XMLSyntaxError as error:
        raise ParseError(_describe(error, stream)) from error


def local_name(element: etree._Element) -> str:
    """The name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_of(element: etree._Element, name: str, namespace: str = "") -> str | None:
    """The text of the first child of a local name whose namespace contains a word; None if there is none, or no text."""
    for child in element:
        if local_name(child) == name and namespace in str(child.tag):
            return "".join(child.itertext()).strip() or None
    return None


def whole(data: bytes, kind: str) -> bytes:
    """A document that fits in memory, as UTF-8 that declares nothing else.

    What the declaration says counts only where the bytes are no UTF-8: many a site says ISO-8859-1 and writes UTF-8.

    Raises:
        ParseError: It is empty, a web page, no XML, or declares entities.
    """
    if data.startswith(_UTF_16):
        data = data.decode("utf-16", errors="replace").encode()
    cleaned = Cleaned(io.BytesIO(data), kind)
    data = data.removeprefix(_UTF_8_BOM).lstrip()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        if cleaned.declared in {"utf-8", "utf8"}:
            text = data.decode(errors=_FOR_BAD_BYTES)
        else:
            try:
                text = data.decode(cleaned.declared, errors="replace")
            except LookupError:
                text = data.decode("windows-1252", errors="replace")
    data = _DECLARATION.sub(b'<?xml version="1.0"?>', text.encode().translate(_SPACES), count=1)
    opening = data[: data.find(f"<{root_name(data)}".encode())]
    if _ENTITIES.search(opening):
        raise ParseError(_NO_ENTITIES)
    return data


def root_name(data: bytes) -> str:
    """The outermost element with its prefix, "rdf:RDF"; empty if there is none."""
    found = _ROOT.match(data[: 1 << 20])
    return found[1].decode("ascii") if found else ""


def _read_head(stream: BinaryIO) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (chunk := stream.read(HEAD_BYTES - len(head))):
        head += chunk
    return head


def _empty(element: etree._Element) -> None:
    """Free what was read: the element's content, and all of its parent's before it."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    if parent is not None:
        while parent[0] is not element:
            del parent[0]


def _describe(error: etree.XMLSyntaxError, stream: Cleaned) -> str:
    line = error.lineno or 1
    if stream.is_over:
        return f"cut off in line {line:,}; fetch or export it again"
    text = re.sub(r",? ?line \d+, column \d+.*", "", str(error.msg), flags=re.DOTALL)
    return f"not well-formed XML in line {line:,} ({' '.join(text.split())[:100]}); repair it, or fetch it again"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("windows-1252", errors="replace"), error.end


codecs.register_error(_FOR_BAD_BYTES, _as_windows_1252)
