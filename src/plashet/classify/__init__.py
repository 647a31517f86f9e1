"""Sequences told apart: a recogniser, what it is worth, and what the same readout is worth without a liquid."""

from .recogniser import Recogniser, fit_recogniser
from .validate import Majority, Validation, compare, confusion, cross_validate, splits

__all__ = ["Majority", "Recogniser", "Validation", "compare", "confusion", "cross_validate", "fit_recogniser", "splits"]
