"""Values as times: the larger, the earlier its spike; and values read from the times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import _kernels
from ..ops import into
from ..types import Array
from .door import check_inputs, check_range, clocks, own, per_input

NEARLY = 1 - 1e-6  # a window is over when this share of it is: its ticks are rounded, in float32 too


class LatencyState(NamedTuple):
    elapsed: Array  # (*batch,) float64 [s] since the window began; 0: one begins with the next tick
    due: Array  # (*batch, inputs) float64 [s] after the window began; infinite: no spike to come


@dataclass(frozen=True, eq=False)
class Latency:
    """One spike per input and window, the earlier the larger the value at the window's first tick.

        t = window (1 - x)      x = (u - low) / (high - low), clipped to [0, 1]

    u (*batch, inputs) -> counts 0 or 1 (*batch, inputs): 1 in the tick that contains t; what is due at the end of the
    window comes in its last tick. window [s]; low, high: one number or one per input. A window lasts until the first
    tick at whose end `window` seconds have passed, and the next begins with the tick after; of ticks of no length, the
    last one counts. An input that is missing (NaN) when a window begins is silent for that window. NumPy only.
    Raises ValueError for a window that is not positive or a range that is empty.

    Hopfield 1995, Nature 376: 33-36; Thorpe & Gautrais 1998, Rank order coding.
    """

    inputs: int
    window: float = 0.1  # [s]
    low: Array | float = 0.0
    high: Array | float = 1.0

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        per_input("window", self.window, 1, positive=True)
        check_range(self.low, self.high, self.inputs)

    @property
    def outputs(self) -> int:
        return self.inputs

    def decoder(self) -> FirstSpikes:
        """Values from the times of the spikes, right to half a tick of the window."""
        return FirstSpikes(self.inputs, self.window, self.low, self.high)

    def init(self, u: Array) -> LatencyState:
        return LatencyState(np.zeros(u.shape[:-1]), np.full((*u.shape[:-1], self.inputs), np.inf))

    def step(self, state: LatencyState, u: Array, dt: Array | float) -> tuple[LatencyState, Array]:
        end = state.elapsed + np.asarray(dt, np.float64)
        begins, closes = state.elapsed == 0, end >= self.window * NEARLY
        due = np.where(begins[..., None], self._when(u), state.due)
        fires = (due < end[..., None]) | (closes[..., None] & np.isfinite(due))
        return LatencyState(np.where(closes, 0.0, end), np.where(fires, np.inf, due)), fires.astype(u.dtype)

    def run(self, state: LatencyState, u: Array, dt: Array, out: Array | None = None) -> tuple[LatencyState, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs), dt (time,) or (time, *batch)."""
        batch = u.shape[1:-1]
        rows = int(np.prod(batch))
        when = np.ascontiguousarray(self._when(u).reshape(len(u), rows, self.inputs))
        elapsed, due = own(state.elapsed, (rows,)), own(state.due, (rows, self.inputs))
        fired = np.empty_like(when)
        _kernels.first_spikes(when, clocks(dt, u), self.window * NEARLY, elapsed, due, fired)
        after = LatencyState(elapsed.reshape(batch), due.reshape(*batch, self.inputs))
        return after, into(out, fired.reshape(u.shape).astype(u.dtype))

    def _when(self, u: Array) -> Array:
        """The time of each value's spike after the window's beginning."""
        low, high = np.asarray(self.low, np.float64), np.asarray(self.high, np.float64)
        late = (high - np.clip(u.astype(np.float64), low, high)) / (high - low)
        return np.where(np.isnan(late), np.inf, late * self.window)


class FirstSpikesState(NamedTuple):
    elapsed: Array  # (*batch,) float64 [s] since the window began
    value: Array  # (*batch, inputs): the last value told


@dataclass(frozen=True, eq=False)
class FirstSpikes:
    """Values from the times of spikes in windows: u = high - (high - low) t / window, t the middle of the spike's tick.

    counts (*batch, inputs) -> u (*batch, inputs), held until the next spike; before the first, the middle of the range.
    Windows begin and end as those of `Latency` do. Right to (high - low) dt / (2 window). NumPy only.
    """

    inputs: int
    window: float = 0.1  # [s]
    low: Array | float = 0.0
    high: Array | float = 1.0

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        per_input("window", self.window, 1, positive=True)
        check_range(self.low, self.high, self.inputs)

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> FirstSpikesState:
        middle = 0.5 * np.asarray(self.low, np.float64) + 0.5 * np.asarray(self.high, np.float64)
        value = np.broadcast_to(middle, (*u.shape[:-1], self.inputs))
        return FirstSpikesState(np.zeros(u.shape[:-1]), value.astype(u.dtype))

    def step(self, state: FirstSpikesState, u: Array, dt: Array | float) -> tuple[FirstSpikesState, Array]:
        end = state.elapsed + np.asarray(dt, np.float64)
        middle = np.minimum(0.5 * (state.elapsed + end) / self.window, 1.0)[..., None]
        low, high = np.asarray(self.low, np.float64), np.asarray(self.high, np.float64)
        value = np.where(u > 0, (high - (high - low) * middle).astype(u.dtype), state.value)
        return FirstSpikesState(np.where(end >= self.window * NEARLY, 0.0, end), value), value
