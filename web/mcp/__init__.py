"""The archive as a tool of assistants: a server of the Model Context Protocol."""

from __future__ import annotations

from web.mcp.server import create_server

__all__ = ["create_server"]
