"""The self-contained report of a backtest: one HTML file, readable offline, on a phone and on paper."""

from .about import About, Outlook
from .page import html, write

__all__ = ["About", "Outlook", "html", "write"]
