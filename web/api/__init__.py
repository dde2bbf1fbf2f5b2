"""The endpoint: JSON for programs, under /api/v1, its reference for people, and whether the server is well."""

from __future__ import annotations

from web.api import collections, exporting, releases, searching  # noqa: F401 - each adds its routes to the blueprint
from web.api.reference import page as reference
from web.api.routes import blueprint

__all__ = ["blueprint", "reference"]
