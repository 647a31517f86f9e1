"""What a readout may be asked to make small: losses of the error, guess - y, and their slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Array


@dataclass(frozen=True)
class Squared:
    """loss = error^2 / 2: the guess tends to the mean."""

    def slope(self, error: Array) -> Array:
        return error


@dataclass(frozen=True)
class Huber:
    """loss = error^2 / 2 up to |error| = delta, then straight on: outliers pull with force delta at most.

    delta: in the target's units, a little above the usual error. Source: Huber 1964, Robust Estimation of a Location
    Parameter.
    """

    delta: float

    def __post_init__(self) -> None:
        if not 0 < self.delta < np.inf:
            raise ValueError(f"delta is {self.delta!r}, wanted a number above 0, in the target's units")

    def slope(self, error: Array) -> Array:
        return np.clip(error, -self.delta, self.delta)


@dataclass(frozen=True)
class Pinball:
    """loss = (1 - level) error above the target, -level error below it: the guess tends to the quantile.

    level: in (0, 1), a number or one per output. Source: Koenker and Bassett 1978, Regression Quantiles.
    """

    level: float | tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(0 < level < 1 for level in np.ravel(self.level)):
            raise ValueError(f"level is {self.level!r}, wanted shares between 0 and 1")

    def slope(self, error: Array) -> Array:
        return np.where(error == 0, 0.0, (error > 0) - np.asarray(self.level))


Loss = Squared | Huber | Pinball
