"""The self-contained report of a backtest or a recogniser: one HTML file, readable offline, on a phone and on paper."""

from . import recognition
from .about import About, Outlook
from .page import html, write

__all__ = ["About", "Outlook", "html", "recognition", "write"]
