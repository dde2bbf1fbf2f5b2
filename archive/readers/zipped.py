"""ZIP files: each member is read by the reader of its kind, in memory and never onto the disk.

What a ZIP says of itself is checked before anything is unpacked, and no more of a member is ever unpacked than it may hold,
whatever its header claims.
"""

from __future__ import annotations

import errno
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from archive.readers import formats
from archive.readers.common import Document, ParseError, Problem, unreadable
from archive.readers.formats import Format, Tally
from archive.records import Release

NAME = "zip"
SUFFIXES = frozenset({".zip"})
MAX_MEMBERS = 100_000
MAX_UNPACKED_BYTES = 2_000_000_000
MAX_RATIO = 200

_NO_BOMB_BYTES = 100_000  # what is smaller unpacked may repeat itself as often as it likes
_SHOWN_CHARS = 100
_MAX_DIRECTORY_BYTES = 16_000_000
_ENCRYPTED = 0x1
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _COMMENT_BYTES, _LOCATOR_64_BYTES, _ENDS_64_BYTES = 22, 65_535, 20, 76
# Other things come as ZIPs: Word, Excel, OpenDocument, EPUB, Java.
_OTHERS = (b"mimetype", b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/", b"META-INF/")
_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)


def recognises(head: bytes) -> bool:
    """Whether a document is a ZIP, and no file of an office program."""
    return head.startswith((b"PK\x03\x04", _END)) and not head[30:].startswith(_OTHERS)


def read(document: Document, as_: Format | None = None, tally: Tally | None = None) -> Iterator[Release | Problem]:
    """Read the members of a ZIP in order; hidden ones, and those of a kind that no reader takes, are passed over.

    Args:
        document: The ZIP.
        as_: Reads every member, whatever its name and content say.
        tally: Is told of each member.
    """
    try:
        with document.open() as stream:
            _check_directory(stream)
            with zipfile.ZipFile(stream) as packed:
                _check(packed.infolist())
                for member in packed.infolist():
                    if not member.is_dir() and not _is_hidden(member.filename):
                        yield from _read_member(document, packed, member, as_, tally or Tally())
    except OSError as error:
        yield Problem(document.source, f"cannot be read: {error.strerror or error}")
    except ParseError as error:
        yield Problem(document.source, str(error))
    except _DAMAGE as error:
        yield Problem(document.source, f"no ZIP file, or a damaged one ({_explain(error)}); pack it again")


def count_members(document: Document) -> int:
    """How many members a ZIP has; 0 if that cannot be told, which `read` then reports."""
    try:
        with document.open() as stream:
            return _check_directory(stream)
    except (OSError, ParseError):
        return 0


def _read_member(
    document: Document, packed: zipfile.ZipFile, member: zipfile.ZipInfo, as_: Format | None, tally: Tally
) -> Iterator[Release | Problem]:
    inner = Document(
        f"{document.source}!{_show(member.filename)}",
        PurePosixPath(member.filename).name,
        member.file_size,
        lambda: _open(packed, member),
        columns=document.columns,
    )
    try:
        head = formats.read_head(inner)
    except OSError as error:
        yield unreadable(inner.source, error)
        return
    if inner.suffix in SUFFIXES or recognises(head):
        yield Problem(inner.source, "a ZIP within a ZIP is not read; unpack it and import what it holds")
        return
    chosen = as_ or formats.choose(head, inner.suffix)
    if chosen is None:
        tally.skipped += 1
        return
    tally.members[chosen.name] += 1
    if chosen.max_bytes is not None and member.file_size > chosen.max_bytes:
        size = f"unpacks to {member.file_size:,} bytes, too many for one release (limit {chosen.max_bytes:,})"
        yield Problem(inner.source, f"{size}; split the file")
        return
    yield from chosen.read(inner)


def _check_directory(stream: BinaryIO) -> int:
    """Read from the end of a ZIP how many members it says it has, before its directory is taken into memory.

    Raises:
        OSError: It cannot be read.
        ParseError: It is no ZIP, or its directory is larger than that of the most members.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _END_BYTES - _COMMENT_BYTES - _ENDS_64_BYTES))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(_END, 0, len(tail) - _END_BYTES + len(_END))
    if size == 0:
        raise ParseError("the file is empty")
    if at < 0:
        raise ParseError(f"no ZIP file, or one that is cut off after {size:,} bytes; download or pack it again")
    members, directory_bytes = struct.unpack_from("<HL", tail, at + 10)
    at_64 = tail.rfind(_END_64, 0, at)
    if at_64 >= 0 and tail.startswith(_LOCATOR_64, at - _LOCATOR_64_BYTES):
        members, directory_bytes = struct.unpack_from("<QQ", tail, at_64 + 32)
    if members > MAX_MEMBERS:
        raise ParseError(f"{members:,} members are too many for one ZIP (limit {MAX_MEMBERS:,}); pack them in several")
    if directory_bytes > _MAX_DIRECTORY_BYTES:
        limit = f"limit {_MAX_DIRECTORY_BYTES:,}"
        raise ParseError(f"its directory of {directory_bytes:,} bytes is too large ({limit}); pack its members in several")
    return int(members)


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Refuse a ZIP that is hostile or cannot be opened, as a whole.

    Raises:
        ParseError: The message names the member.
    """
    if len(members) > MAX_MEMBERS:
        raise ParseError(f"{len(members):,} members are too many for one ZIP (limit {MAX_MEMBERS:,}); pack them in several")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES:
        raise ParseError(f"unpacks to {unpacked:,} bytes, which is too much (limit {MAX_UNPACKED_BYTES:,}); pack it in several")
    for member in members:
        # Windows parts folders by backslashes, and so may the program that wrote the ZIP.
        name = member.orig_filename.replace("\\", "/")
        if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
            raise ParseError(
                f"its member {_show(name)[:_SHOWN_CHARS]!r} points outside the ZIP; do not trust it, or pack it again"
            )
        if member.file_size > max(_NO_BOMB_BYTES, MAX_RATIO * member.compress_size):
            raise ParseError(
                f"its member {_show(name)[:_SHOWN_CHARS]!r} unpacks to over {MAX_RATIO} times its size; it may be a ZIP bomb"
            )
    if locked := [member for member in members if member.flag_bits & _ENCRYPTED]:
        more = f" and {len(locked) - 1:,} more members are" if len(locked) > 1 else " is"
        raise ParseError(
            f"{_show(locked[0].filename)[:_SHOWN_CHARS]!r}{more} encrypted; unpack it with its password, then import the folder"
        )


class _Member(io.RawIOBase):
    """A member's bytes. What is wrong with the packing is an OSError, as with any other file that cannot be read."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class takes any buffer
        try:
            data = self._stream.read(len(buffer))
        except _DAMAGE as error:
            raise _damaged(error) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _open(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    try:
        stream = packed.open(member)
    except _DAMAGE as error:
        raise _damaged(error) from error
    return cast("BinaryIO", io.BufferedReader(_Member(cast("BinaryIO", stream)), 1 << 16))


def _damaged(error: Exception) -> OSError:
    return OSError(errno.EIO, f"its ZIP is damaged ({_explain(error)}); pack it again")


def _explain(error: Exception) -> str:
    return _show(str(error))[:_SHOWN_CHARS]


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _show(name: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)
