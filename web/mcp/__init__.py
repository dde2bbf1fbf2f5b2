"""The archive as a tool of assistants: a server of the Model Context Protocol."""

from __future__ import annotations

from web.mcp.desk import Desk
from web.mcp.server import create_server

__all__ = ["Desk", "create_server"]
