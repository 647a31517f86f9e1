"""Values that are scaled, held while missing, or marked as seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..cells import Nothing
from ..ops import asarray, into, namespace, rest
from ..types import Array


class HoldState(NamedTuple):
    last: Array  # (*batch, inputs): the last value seen; zero before the first


@dataclass(frozen=True)
class Hold:
    """The last value observed: a missing one (NaN) is replaced by the one before it."""

    inputs: int

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> HoldState:
        return HoldState(rest(u, self.inputs))

    def step(self, state: HoldState, u: Array, dt: Array | float) -> tuple[HoldState, Array]:
        xp = namespace(u)
        held = xp.where(xp.isnan(u), state.last, u)
        return HoldState(held), held


def held(u: Array, last: Array) -> Array:
    """u (time, *batch, inputs) with every missing value replaced by the one before it; `last` before the first."""
    missing = np.isnan(u)
    if not missing.any():
        return u
    line = np.concatenate((last[None].astype(u.dtype), u))
    ticks = np.arange(1, len(line)).reshape(-1, *(1 for _ in u.shape[1:]))
    source = np.maximum.accumulate(np.where(missing, 0, ticks), axis=0)
    return np.take_along_axis(line, source, axis=0)


@dataclass(frozen=True)
class Mask:
    """1 where an input was observed, 0 where it was missing (NaN): beside a liquid's input, it knows what it misses."""

    inputs: int

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> Nothing:
        return Nothing()

    def step(self, state: Nothing, u: Array, dt: Array | float) -> tuple[Nothing, Array]:
        return state, asarray(~namespace(u).isnan(u), u)

    def run(self, state: Nothing, u: Array, dt: Array, out: Array | None = None) -> tuple[Nothing, Array]:
        return state, into(out, self.step(state, u, dt)[1])  # no memory: all of time at once


@dataclass(frozen=True, eq=False)
class Scale:
    """(u - center) / spread, clipped to +-limit: what one outlier may do to a liquid is bounded."""

    center: Array  # (inputs,)
    spread: Array  # (inputs,), positive
    limit: Array | float = 5.0  # one, or one for each input: inf lets everything pass

    @classmethod
    def fitted(cls, u: Array, limit: float = 5.0) -> Scale:
        """Mean and standard deviation of the observed values of u (time, inputs); a constant input keeps spread 1."""
        values = np.asarray(u, dtype=np.float64)
        spread = np.nanstd(values, axis=0)
        return cls(np.nanmean(values, axis=0), np.where(spread > 0, spread, 1.0), limit)

    @property
    def inputs(self) -> int:
        return int(self.center.shape[0])

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> Nothing:
        return Nothing()

    def step(self, state: Nothing, u: Array, dt: Array | float) -> tuple[Nothing, Array]:
        scaled = (u - asarray(self.center, u)) / asarray(self.spread, u)
        limit = self.limit if np.ndim(self.limit) == 0 else asarray(self.limit, u)
        return state, namespace(u).clip(scaled, -limit, limit)

    def run(self, state: Nothing, u: Array, dt: Array, out: Array | None = None) -> tuple[Nothing, Array]:
        return state, into(out, self.step(state, u, dt)[1])  # no memory: all of time at once
