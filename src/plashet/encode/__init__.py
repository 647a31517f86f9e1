"""Cells that turn values into drive."""

from .observe import Hold, Mask, Scale

__all__ = ["Hold", "Mask", "Scale"]
