"""Whether a driven cell forgets where it came from, and how fast."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import tree
from ..beginning import begun
from ..run import run
from ..types import Array, Cell, State
from .driven import blocks, other_pasts

Floats = NDArray[np.float64]


class Fading(NamedTuple):
    """How the outputs of two runs with different pasts and the same present come together."""

    distances: Floats  # (time,) |difference of the outputs|, relative to where it began
    tolerance: float

    @property
    def forgot(self) -> bool:
        """Whether the distance ended below the tolerance."""
        return bool(self.distances[-1] <= self.tolerance)

    @property
    def ticks(self) -> int | None:
        """After how many ticks the distance was below the tolerance for good; None if it was not at the end."""
        above = np.flatnonzero(self.distances > self.tolerance)
        first = int(above[-1]) + 1 if above.size else 0  # row k is the distance after k + 1 ticks
        return first + 1 if self.forgot else None


def forgets(
    cell: Cell,
    u: Array,
    dt: float = 1.0,
    *,
    seed: int,
    pasts: int = 8,
    history: int = 200,
    tolerance: float = 1e-6,
) -> Fading:
    """The echo state property under the input `u` (time, inputs): do different pasts end in the same state?

    `pasts` runs start from rest under independent normal inputs of the mean and twice the standard deviation of u, for
    `history` ticks, and then all hear u; inputs that are counts of spikes are drawn from those of u. The rows of a
    spiking liquid have one key: the same beginning and noise, so that only their pasts differ.

    The distance at a tick is the largest, over the pasts, of |output - output of the first past|, divided by the
    largest before u began. With fading memory it falls to nothing; with several attractors, or chaos, it does not. A
    short u, or long time constants, need a looser tolerance, and so do spikes: one too many shows.

    Jaeger 2001, The "echo state" approach, GMD report 148; Yildiz, Jaeger and Kiebel 2012, Re-visiting the ESP.
    """
    u = np.asarray(u)
    if u.ndim != 2 or pasts < 2:
        raise ValueError(f"got u of shape {u.shape} and pasts={pasts}; give (time, inputs) and at least two pasts")
    past = other_pasts(u, (history, pasts), np.random.default_rng(seed))
    before, state = run(cell, past, dt, begun(cell, past[0], np.zeros(pasts, np.int64)))
    distance = [_spread(before[-1:])]
    for _, outputs in blocks(cell, np.repeat(u[:, None], pasts, axis=1), dt, state):
        distance.append(_spread(outputs))
    apart = np.concatenate(distance)
    return Fading(apart[1:] / apart[0] if apart[0] > 0 else apart[1:], tolerance)


def _spread(outputs: Array) -> Floats:
    """(ticks,) the largest distance of a row (ticks, rows, units) to the first."""
    return np.asarray(np.linalg.norm(outputs[:, 1:] - outputs[:, :1], axis=-1).max(axis=1), np.float64)


def lyapunov(cell: Cell, u: Array, dt: float = 1.0, *, seed: int, washout: int = 100, size: float = 1e-7) -> float:
    """The largest Lyapunov exponent of the cell driven by u (time, inputs), per second: below 0 it forgets.

    λ = mean over the ticks of log(|δ'| / |δ|) / dt, with δ the difference between the state and one that starts `size`
    beside it and is brought back to that distance, in its own direction, after every tick (Benettin's method).
    `washout` ticks let δ turn into the fastest direction and are not counted. -inf where a tick forgets all.

    u must be float64, for float32 drowns δ. Benettin, Galgani, Giorgilli and Strelcyn 1980, Meccanica 15, 9-30.
    """
    u = np.asarray(u)
    if u.ndim != 2 or len(u) <= washout or u.dtype != np.float64:
        raise ValueError(f"got u of shape {u.shape}, {u.dtype}; give float64 (time, inputs), longer than {washout}")
    rng = np.random.default_rng(seed)
    state = cell.init(u[0])
    delta = {path: rng.standard_normal(array.shape) for path, array in _floats(state).items()}
    growth = []
    for now in u:
        beside = _moved(state, delta, size)
        state, beside = cell.step(state, now, dt)[0], cell.step(beside, now, dt)[0]
        delta = {path: array - _floats(state)[path] for path, array in _floats(beside).items()}
        distance = _length(delta)
        if distance == 0:
            return -np.inf
        growth.append(np.log(distance / size))
    return float(np.mean(growth[washout:]) / dt)


def _floats(state: State) -> dict[str, Floats]:
    """The arrays of a state that can be moved a little; counters cannot."""
    return {path: array for path, array in tree.arrays(state).items() if np.issubdtype(array.dtype, np.floating)}


def _moved(state: State, delta: dict[str, Floats], size: float) -> State:
    arrays = _floats(state)
    scale = size / _length(delta)
    return tree.replace(state, {path: arrays[path] + scale * change for path, change in delta.items()})


def _length(delta: dict[str, Floats]) -> float:
    return float(np.sqrt(sum((change**2).sum() for change in delta.values())))
