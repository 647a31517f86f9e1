"""What an experiment finds: curves over repetitions, and the orderings that the paper states of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

Array = Any


@dataclass(frozen=True)
class Figure:
    """One figure of the paper, measured again."""

    number: int
    title: str
    x: tuple[str, Array]  # what is along the axis, and its points
    y: str  # what the curves are, with their unit
    curves: dict[str, Array]  # each (seeds, points); seed k is row k
    claims: tuple[Claim, ...]
    protocol: str  # what was run

    @property
    def orderings(self) -> list[Ordering]:
        return [_ordered(claim, self) for claim in self.claims]


class Claim(NamedTuple):
    """That one curve is above another, on average over some points."""

    says: str
    higher: str  # a name of a curve
    lower: str
    points: Any  # which, of the higher curve
    lower_points: Any = None  # of the lower one, if others


class Ordering(NamedTuple):
    """Whether a claim held. By how much, in units of y: mean over seeds, its standard error, least, most."""

    says: str
    difference: Array  # (seeds,)
    verdict: str  # "holds", "fails", "undecided"

    @property
    def mean(self) -> float:
        return float(self.difference.mean())

    @property
    def error(self) -> float:
        return standard_error(self.difference)

    @property
    def seeds(self) -> int:
        """In how many it held by itself."""
        return int((self.difference > 0).sum())


def _ordered(claim: Claim, figure: Figure) -> Ordering:
    """It holds, or fails, if all of the 95 % interval of the mean difference (Student's t) is above, or below, zero."""
    others = claim.points if claim.lower_points is None else claim.lower_points
    high = figure.curves[claim.higher][:, claim.points].mean(axis=1)
    difference = high - figure.curves[claim.lower][:, others].mean(axis=1)
    clear = abs(difference.mean()) > stats.t.ppf(0.975, max(len(difference) - 1, 1)) * standard_error(difference)
    return Ordering(claim.says, difference, ("holds" if difference.mean() > 0 else "fails") if clear else "undecided")


def standard_error(values: Array) -> float:
    """Of the mean over seeds; infinite for one seed, of which nothing follows."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("inf")


def spread(values: Array) -> Array:
    """The standard deviation over seeds, (points,) of (seeds, points); of one seed 0."""
    return np.std(values, axis=0, ddof=min(1, len(values) - 1))
