"""A liquid within a larger cell: find it, drive what stands before it, name its rows, give it other inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..cells import Chain
from ..liquids import Spiking
from ..run import run
from ..tree import parts
from ..types import Array, State
from ..within import member, spiking_path

BLOCK = 1 << 21  # numbers that are held at once while a cell is watched


def find(value: Any, kind: type) -> list[Any]:
    """Every part of that type, in order."""
    if isinstance(value, kind):
        return [value]
    return [found for _, child in parts(value) or [] for found in find(child, kind)]


def heard(cell: Any, u: Array, dt: Array | float) -> tuple[Spiking, Array]:
    """The one Spiking within a cell, and the inputs it gets when the cell is driven with u (time, *batch, inputs).

    The noise of a Noisy around it is left out. Raises TypeError unless there is exactly one.
    """
    for place in spiking_path(cell):
        for front in cell.cells[:place] if isinstance(cell, Chain) else ():
            u = run(front, u, dt)[0]
        cell = member(cell, (place,))
    return cell, u


def blocks(cell: Any, u: Array, dt: float, state: State = None) -> Iterator[tuple[slice, Array]]:
    """(ticks, their outputs), a block at a time, so that the outputs of all ticks are never held at once."""
    size = max(BLOCK // max(int(np.prod(u.shape[1:-1])) * cell.outputs, 1), 16)
    for first in range(0, len(u), size):
        ticks = slice(first, first + size)
        outputs, state = run(cell, u[ticks], dt, state)
        yield ticks, outputs


def last_outputs(cell: Any, u: Array, dt: float) -> Array:
    """(*batch, outputs) after the last tick; ValueError if there is none."""
    if not len(u):
        raise ValueError(f"the inputs are {u.shape}: (time, ...) of at least one tick")
    for _, outputs in blocks(cell, u, dt):
        last = outputs[-1]
    return last


def whole(u: Array) -> Array:
    """(inputs,) whether an input holds different whole numbers of at least 0 only, so is a count of spikes."""
    known = np.nan_to_num(np.asarray(u)).reshape(-1, np.shape(u)[-1])
    counts: Array = (known >= 0).all(axis=0) & (known == np.rint(known)).all(axis=0) & (np.ptp(known, axis=0) > 0)
    return counts


def other_pasts(u: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Inputs (*shape, inputs) unlike u (time, inputs): normal, of its mean and twice its standard deviation.

    Counts of spikes are drawn from those of u, so that they stay counts.
    """
    mean, sd = np.nanmean(u, axis=0), np.nanstd(u, axis=0)
    drawn = rng.normal(mean, np.where(sd > 0, 2 * sd, 1.0), (*shape, u.shape[1]))
    counts = np.flatnonzero(whole(u))
    if len(counts):
        drawn[..., counts] = np.nan_to_num(u[:, counts])[rng.integers(len(u), size=shape)]
    return drawn.astype(u.dtype)


def jittered(u: Array, dt: float, sd: float, copies: int, rng: np.random.Generator) -> Array:
    """(time, copies, inputs): u (time, inputs) with every spike moved by a normal time of deviation sd [s].

    Inputs that are not counts get normal noise instead, a tenth of their standard deviation. What would leave the
    window is turned back at its end.
    """
    u = np.asarray(u, np.float64)
    noisy = u[:, None] + 0.1 * np.nanstd(u, axis=0) * rng.normal(size=(len(u), copies, u.shape[1]))
    last = len(u) - 1
    for line in np.flatnonzero(whole(u)):
        times = np.repeat(np.arange(len(u)), np.nan_to_num(u[:, line]).astype(np.int64))
        moved = np.abs(times[:, None] + np.rint(rng.normal(0, sd / dt, (len(times), copies))).astype(np.int64))
        moved = np.clip(last - np.abs(last - moved), 0, last)
        noisy[:, :, line] = 0.0
        np.add.at(noisy[:, :, line], (moved, np.arange(copies)), 1.0)
    return noisy
