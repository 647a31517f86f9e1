"""Sequences told apart: a recogniser, what it is worth, and what the same readout is worth without a liquid."""

from .listening import Cut, Event, listen
from .recogniser import Recogniser, fit_recogniser
from .validate import Majority, Validation, compare, confusion, cross_validate, splits

__all__ = [
    "Cut",
    "Event",
    "Majority",
    "Recogniser",
    "Validation",
    "compare",
    "confusion",
    "cross_validate",
    "fit_recogniser",
    "listen",
    "splits",
]
