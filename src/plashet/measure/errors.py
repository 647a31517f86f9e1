"""Errors of a forecast, and how long one holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def mae(y: ArrayLike, guess: ArrayLike, axis: int | None = None) -> Any:
    """Mean of |y - guess| in units of y: one number, or one per output with axis=0. A missing y (NaN) is skipped."""
    y, guess = _pair(y, guess)
    return _mean(np.abs(y - guess), y, axis)


def rmse(y: ArrayLike, guess: ArrayLike, axis: int | None = None) -> Any:
    """Root of the mean of (y - guess)², in the units of y; axis and missing values as in `mae`."""
    y, guess = _pair(y, guess)
    return np.sqrt(_mean((y - guess) ** 2, y, axis))


def nmse(y: ArrayLike, guess: ArrayLike, axis: int | None = None) -> Any:
    """Σ (y - guess)² / Σ (y - mean y)²: 0 is perfect, 1 is what the mean of y scores, at any scale.

    Means are taken over time (the first axis), output by output; then all outputs are pooled, or with axis=0 each
    stands for itself (do that where outputs have different units). A missing y (NaN) is skipped. ValueError where y
    does not vary, for then nothing is explained or left unexplained.
    """
    y, guess = _pair(y, guess)
    known = ~np.isnan(y)
    spread = np.where(known, (y - _mean(y, y, 0)) ** 2, 0.0).sum(axis=axis)
    if not (spread > 0).all():
        raise ValueError("y does not vary, so an error relative to its spread means nothing; use mae or rmse")
    return np.where(known, (y - guess) ** 2, 0.0).sum(axis=axis) / spread


def nrmse(y: ArrayLike, guess: ArrayLike, axis: int | None = None) -> Any:
    """The root of `nmse`: for one output RMSE / std(y), by the standard deviation and not the variance or the range."""
    return np.sqrt(nmse(y, guess, axis))


def valid_time(
    y: ArrayLike,
    guess: ArrayLike,
    dt: float,
    lyapunov: float,
    threshold: float = 0.4,
    scale: ArrayLike | None = None,
) -> Any:
    """How long a free forecast holds, in Lyapunov times: dt · lyapunov · (rows before the first with e_t > threshold).

    e_t = sqrt(mean over the outputs of ((y - guess) / scale)²). A guess that is not finite counts as a miss. A
    forecast that never misses gets the whole length of the segment: then give it a longer one.

    y, guess: (time, *batch, outputs), the first row one step after the last that the model was shown; dt [s] between
    rows; lyapunov: the largest Lyapunov exponent [1/s]; scale: (outputs,), without it the standard deviation of each
    output of y over time. Returns one number, or one per series of the batch.
    """
    y, guess = _pair(y, guess)
    if y.ndim < 2 or not len(y):
        raise ValueError(f"y has shape {y.shape}; give (time, *batch, outputs), so a single column as y[:, None]")
    sizes = y.reshape(-1, y.shape[-1]).std(axis=0) if scale is None else np.asarray(scale, dtype=np.float64)
    if not (sizes > 0).all():
        raise ValueError(f"the scale of every output must be positive, got {sizes}")
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.sqrt((((y - guess) / sizes) ** 2).mean(axis=-1))
    missed = ~(errors <= threshold)  # NaN is a miss
    rows = np.where(missed.any(axis=0), missed.argmax(axis=0), len(y))
    times = rows * dt * lyapunov
    return times if times.ndim else float(times)


def _pair(y: ArrayLike, guess: ArrayLike) -> tuple[Floats, Floats]:
    y, guess = np.asarray(y, dtype=np.float64), np.asarray(guess, dtype=np.float64)
    if y.shape != guess.shape:
        raise ValueError(f"y has shape {y.shape} and the guess {guess.shape}; they must agree, so none is broadcast")
    return y, guess


def _mean(values: Floats, y: Floats, axis: int | None) -> Any:
    """The mean over the known y; a guess that is NaN stays one, for that is an error and not a gap."""
    known = ~np.isnan(y)
    count = known.sum(axis=axis)
    if not np.all(count):
        raise ValueError("there is no known y to compare with")
    return np.where(known, values, 0.0).sum(axis=axis) / count
