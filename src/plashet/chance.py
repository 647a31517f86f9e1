"""Random numbers that depend on where they are used: on (seed, key of the row, grid step), never on what came before.

So a row alone draws what it draws within a batch, and a run can be cut, resumed and replayed. Philox4x32-10, after
Salmon, Moraes, Dror & Shaw 2011, Parallel Random Numbers: As Easy as 1, 2, 3.
"""

from __future__ import annotations

import numpy as np

from . import _kernels
from .types import Array

START = -1  # the step of what is drawn before the first grid step


def uniforms(seed: int, keys: Array, steps: Array | int, n: int) -> Array:
    """(*batch, n) numbers uniform in [0, 1), by keys (*batch,) in 0..2^32-1 and steps (*batch,) or one for all."""
    return _drawn(_kernels.uniforms, seed, keys, steps, n)


def normals(seed: int, keys: Array, steps: Array | int, n: int) -> Array:
    """(*batch, n) standard normal numbers, likewise."""
    return _drawn(_kernels.normals, seed, keys, steps, n)


def seeded(seed: int) -> int:
    """The seed as 64 bits; ValueError if it is not a whole number in 0..2^64-1."""
    if not (isinstance(seed, int | np.integer) and 0 <= seed < 1 << 64):
        raise ValueError(f"seed is a whole number in 0..2^64-1, got {seed!r}")
    return int(seed)


def named(keys: Array) -> Array:
    """The keys as int64; ValueError if one is not a whole number in 0..2^32-1."""
    keys = np.asarray(keys)
    if keys.dtype.kind not in "iu" or (keys.size and (keys.min() < 0 or keys.max() >= 1 << 32)):
        raise ValueError(f"keys are whole numbers in 0..2^32-1, got {keys.dtype} {keys.tolist()}")
    return keys.astype(np.int64)


def _drawn(draw: object, seed: int, keys: Array, steps: Array | int, n: int) -> Array:
    keys = np.asarray(keys, np.int64)
    out = np.empty((keys.size, n))
    flat = np.ascontiguousarray(np.broadcast_to(np.asarray(steps, np.int64), keys.shape)).ravel()
    draw(seed, np.ascontiguousarray(keys).ravel(), flat, out)  # type: ignore[operator]
    return out.reshape(*keys.shape, n)
