"""What a model may be asked to make small: losses of the error, guess - y, or of shares of classes; their slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Array


@dataclass(frozen=True)
class Squared:
    """loss = error^2 / 2: the guess tends to the mean."""

    def value(self, error: Array) -> Array:
        return error * error / 2

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

    def value(self, error: Array) -> Array:
        near = np.minimum(np.abs(error), self.delta)
        return near * (np.abs(error) - near / 2)

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

    def value(self, error: Array) -> Array:
        return error * ((error > 0) - np.asarray(self.level))

    def slope(self, error: Array) -> Array:
        return np.where(error == 0, 0.0, (error > 0) - np.asarray(self.level))


Loss = Squared | Huber | Pinball


@dataclass(frozen=True)
class CrossEntropy:
    """loss = -sum over the classes of share log p,  p = exp(guess) / sum exp(guess): the guess tends to log odds.

    Targets are one column per class: its share, or +1 for the class and -1 for the others (what is negative counts as
    0). A row with a label that is not known is not known. For gradient learners, whose models are to answer `Softmax`.
    """

    def of(self, guess: Array, y: Array) -> tuple[Array, Array]:
        """Losses (*batch,) and their slopes (*batch, classes)."""
        shares = np.maximum(y, 0.0)
        above = guess - guess.max(axis=-1, keepdims=True)
        logs = above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
        total = shares.sum(axis=-1, keepdims=True)
        return -(shares * logs).sum(axis=-1), np.exp(logs) * total - shares


def judged(loss: Loss | CrossEntropy, guess: Array, y: Array) -> tuple[float, int, Array]:
    """The sum of the losses, of how many targets, and the slope of the sum by each guess: 0 where y is NaN.

    guess, y: (..., outputs). Cross-entropy counts rows, the others each number.
    """
    known = ~np.isnan(y)
    if isinstance(loss, CrossEntropy):
        whole = known.all(axis=-1)
        values, slopes = loss.of(guess, np.where(known, y, 0.0))
        return float(values[whole].sum()), int(whole.sum()), np.where(whole[..., None], slopes, 0.0)
    error = np.where(known, guess - y, 0.0)
    values, slopes = loss.value(error), loss.slope(error)
    return float(values[known].sum()), int(known.sum()), np.where(known, slopes, 0.0)
