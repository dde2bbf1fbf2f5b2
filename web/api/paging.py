"""How a list goes on: `next` and `cursor` in its document, and a Link header (RFC 8288) for clients that look there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response

from web.api import cursors
from web.parameters import Search


def onward(path: str, asked: Search, has_more: bool, generation: int) -> dict[str, str | None]:
    """The members `next` and `cursor` of a page; null where nothing follows, or nothing that may be asked for.

    Args:
        path: Of the list.
        asked: The search whose page this is.
        has_more: More follows.
        generation: That the page comes from.
    """
    if not has_more or not cursors.has_room(asked):
        return {"next": None, "cursor": None}
    cursor = cursors.write(asked, generation)
    arguments: dict[str, Any] = {**asked.at(0).arguments(), cursors.PARAMETER: cursor}
    return {"next": f"{path}?{urlencode(arguments, doseq=True)}", "cursor": cursor}


def linked(response: Response, following: str | None) -> Response:
    """A page whose header says, too, where its list goes on."""
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response
