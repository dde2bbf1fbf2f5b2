"""Harvesting: sites that are read again and again, and what is known of them."""

from archive.harvesting.engine import MAX_ITEMS, harvest, open_fetcher, read_address, register
from archive.harvesting.run import Report, Watch

__all__ = ["MAX_ITEMS", "Report", "Watch", "harvest", "open_fetcher", "read_address", "register"]
