"""Answers that need not be made twice: entity tags, and 304 where a caller has the answer already (RFC 9110, section 8.8.3).

All tags are weak: an answer says how long it took, which makes no other answer of it, and it may be compressed on its way.
A tag is taken before its answer is made. Should the archive change in between, the tag is the older one, and the caller asks
once more than necessary; a newer tag on an older answer would keep that answer alive.
"""

from __future__ import annotations

import hashlib
from datetime import date
from importlib.metadata import version

from flask import Response, request
from werkzeug.http import quote_etag

from web.holdings import current_holdings

_SOFTWARE = version("telusur")


def tag_of_list(superseded: bool = False, dated: date | None = None) -> str:
    """Tag of what this request asks the index for, after what it depends on: generation, archive and request.

    Args:
        superseded: It looks through superseded text.
        dated: The day, if the answer names it.

    Raises:
        NoGeneration: Nothing has been indexed yet.
        GenerationError: The generation is damaged.
        ModelError: The model cannot be loaded.
    """
    index = current_holdings().index
    parts = (_SOFTWARE, index.answering(superseded), index.store.state(), request.host_url, request.full_path, dated)
    return _digest(repr(parts).encode())


def is_known(tag: str) -> bool:
    """Whether the caller has the answer with this tag."""
    return request.if_none_match.contains_weak(tag)


def not_modified(tag: str) -> Response:
    """The answer to a caller who has it."""
    return tagged(Response(status=304), tag)


def tagged(response: Response, tag: str) -> Response:
    """An answer with its tag."""
    response.headers["ETag"] = quote_etag(tag, weak=True)
    return response


def by_content(response: Response) -> Response:
    """An answer with a tag after its own content, or 304: for what is made quickly and depends on more than the index."""
    tag = _digest(response.get_data())
    return not_modified(tag) if is_known(tag) else tagged(response, tag)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
