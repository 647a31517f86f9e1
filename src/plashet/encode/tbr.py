"""The threshold-based representation: a spike where a value jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..ops import into
from ..types import Array
from .delta import Levels
from .door import check_inputs, per_input, split
from .observe import held


class TBRState(NamedTuple):
    last: Array  # (*batch, inputs): the last value seen
    seen: Array  # (*batch, inputs) bool: whether there was one


@dataclass(frozen=True, eq=False)
class TBR:
    """A spike up where u - u_before > threshold, one down where it is < -threshold.

    u (*batch, inputs) -> counts 0 or 1 (*batch, 2 inputs): lines of going up, then lines of going down. Nothing follows
    the slow changes between: TBR tells where a value jumps, Delta where it is. The value before is the last one that
    was not missing (NaN). threshold: one number or one per input. NumPy only.
    Raises ValueError for a threshold that is not positive.

    Delbruck & Lichtsteiner 2007 (after the artificial retina); Petro, Kasabov & Kiss 2020, IEEE TNNLS 31: 358-370.
    """

    inputs: int
    threshold: Array | float

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        per_input("threshold", self.threshold, self.inputs, positive=True)

    @classmethod
    def fitted(cls, u: Array, gamma: float = 0.5) -> TBR:
        """threshold = mean + gamma SD of |u_t - u_(t-1)| per input of u (time, *batch, inputs).

        Raises ValueError for an input without two values in a row, or that never moves.
        """
        moves = np.abs(np.diff(np.asarray(u, np.float64), axis=0)).reshape(-1, np.shape(u)[-1])
        seen = ~np.isnan(moves)
        if not seen.any(axis=0).all():
            raise ValueError(
                f"input {int(np.argmin(seen.any(axis=0)))} has no two values in a row to take a change from"
            )
        threshold = np.nanmean(moves, axis=0) + gamma * np.nanstd(moves, axis=0)
        if not (threshold > 0).all():
            worst = int(np.argmin(threshold))
            raise ValueError(
                f"input {worst} has threshold {threshold[worst]}: it never moves, or gamma={gamma} is too low"
            )
        return cls(len(threshold), threshold)

    @property
    def outputs(self) -> int:
        return 2 * self.inputs

    def decoder(self, start: Array | float = 0.0) -> Levels:
        """One threshold for every spike, from `start`: the jumps alone, so the trend between them is lost."""
        return Levels(self.inputs, self.threshold, start)

    def init(self, u: Array) -> TBRState:
        shape = (*u.shape[:-1], self.inputs)
        return TBRState(np.zeros(shape, u.dtype), np.zeros(shape, bool))

    def step(self, state: TBRState, u: Array, dt: Array | float) -> tuple[TBRState, Array]:
        missing = np.isnan(u)
        now = np.where(missing, state.last, u)
        return TBRState(now, state.seen | ~missing), self._spikes(now, state.last, state.seen, u.dtype)

    def run(self, state: TBRState, u: Array, dt: Array, out: Array | None = None) -> tuple[TBRState, Array]:
        """All of time at once: u (time, *batch, inputs)."""
        values = np.concatenate((state.last[None], held(u, state.last)))
        seen = np.logical_or.accumulate(np.concatenate((state.seen[None], ~np.isnan(u))), axis=0)
        after = TBRState(values[-1].copy(), seen[-1].copy())
        return after, into(out, self._spikes(values[1:], values[:-1], seen[:-1], u.dtype))

    def _spikes(self, now: Array, before: Array, seen: Array, dtype: type) -> Array:
        with np.errstate(over="ignore"):
            move = np.where(seen, now.astype(np.float64) - before, 0.0)
        way = np.where(np.abs(move) > self.threshold, np.sign(move), 0.0)
        return split(way + 0.0).astype(dtype)
