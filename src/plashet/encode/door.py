"""Checks at the door of the encoders, and the shapes that their kernels take."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..types import Array

LARGEST = 1e300  # of what the ends of a range may be: their distance is still a number


def check_inputs(inputs: int) -> None:
    """ValueError unless `inputs` is a number of lines."""
    if not (isinstance(inputs, int | np.integer) and inputs >= 1):
        raise ValueError(f"inputs is how many values come in, a whole number of at least 1; got {inputs!r}")


def per_input(name: str, value: Any, inputs: int, positive: bool = False) -> Array:
    """The setting in float64; ValueError unless it is finite (and positive), one number or one per input."""
    held = np.asarray(value, dtype=np.float64)
    if held.shape not in ((), (inputs,)):
        raise ValueError(f"{name} is one number or one per input ({inputs}), got shape {held.shape}")
    if not np.isfinite(held).all() or (positive and not (held > 0).all()):
        raise ValueError(f"{name} must be finite{' and positive' if positive else ''}, got {value}")
    return held


def check_range(low: Any, high: Any, inputs: int) -> None:
    """ValueError unless low < high, each one number or one per input."""
    bottom, top = per_input("low", low, inputs), per_input("high", high, inputs)
    if not ((bottom < top) & (np.abs(bottom) < LARGEST) & (np.abs(top) < LARGEST)).all():
        raise ValueError(f"the values are to lie between low < high, below {LARGEST:g}; got low={low}, high={high}")


def columns(u: Array) -> Array:
    """(time, *batch, inputs) as contiguous float64 (time, rows x inputs)."""
    return np.ascontiguousarray(u.reshape(len(u), int(np.prod(u.shape[1:]))), np.float64)


def clocks(dt: Array, u: Array) -> Array:
    """dt (time,) or (time, *batch) as contiguous float64 (time, 1) or (time, rows)."""
    return np.ascontiguousarray(dt.reshape(len(u), 1 if dt.ndim == 1 else int(np.prod(u.shape[1:-1]))), np.float64)


def own(value: Array, shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
    """A contiguous copy for a kernel to move."""
    return np.array(value, dtype, order="C").reshape(shape)


def split(net: Array) -> Array:
    """Signed counts (..., inputs) as two lines per input (..., 2 inputs): all that goes up, then all that goes down."""
    return np.concatenate((np.maximum(net, 0.0), np.maximum(-net, 0.0)), axis=-1)


def net(events: Array, inputs: int) -> Array:
    """Ups minus downs, (..., inputs); a missing count (NaN) is none."""
    seen = np.where(np.isnan(events), 0.0, events).astype(np.float64)
    return seen[..., :inputs] - seen[..., inputs:]
