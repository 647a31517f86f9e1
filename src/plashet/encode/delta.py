"""Changes as events: a spike up or down for every step that a value has gone."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from .. import _kernels
from ..ops import into
from ..types import Array
from .door import check_inputs, columns, net, own, per_input, split

FAR = 2.0**53  # sizes from the start beyond which float64 has no whole numbers


class DeltaState(NamedTuple):
    start: Array  # (*batch, inputs) float64: where the levels are counted from
    seen: Array  # (*batch, inputs) bool: whether that is known
    level: Array  # (*batch, inputs) float64: ups minus downs sent so far


@dataclass(frozen=True, eq=False)
class Delta:
    """Send on delta: an event for every `size` that a value has gone from what was last told of it.

        n = trunc((u - start) / size - level), at most `limit` up or down      level' = level + n

    u (*batch, inputs) -> counts (*batch, 2 inputs): max(n, 0) for every input, then max(-n, 0) for every input, so the
    lines of going up come first, then the lines of going down. What the events tell, start + size level, is always
    within one `size` of the value (if no limit held it back). size: one number or one per input; start: where the
    levels are counted from, None: the first value seen, which sends nothing. A missing value (NaN) sends nothing.
    Levels are whole numbers, so rounding does not add up. Values further than 2^53 sizes from the start count as that
    far. NumPy only.
    Raises ValueError for a size that is not positive or a limit below 1.

    Miskowicz 2006, Send-on-delta concept, Sensors 6: 49-63; of a limit of one event, see StepForward.
    """

    inputs: int
    size: Array | float
    start: Array | float | None = None
    limit: float = inf  # events of one input in one tick

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        per_input("size", self.size, self.inputs, positive=True)
        if self.start is not None:
            per_input("start", self.start, self.inputs)
        if not (self.limit >= 1 and (self.limit == inf or self.limit == int(self.limit))):
            raise ValueError(f"limit is a whole number of events per tick, at least 1, or inf; got {self.limit}")

    @property
    def outputs(self) -> int:
        return 2 * self.inputs

    def decoder(self, start: Array | float = 0.0) -> Levels:
        """Values from the events. start: the first value seen, if the encoder began there; its own start else."""
        return Levels(self.inputs, self.size, start if self.start is None else self.start)

    def init(self, u: Array) -> DeltaState:
        shape = (*u.shape[:-1], self.inputs)
        start = np.zeros(shape) if self.start is None else np.array(np.broadcast_to(self.start, shape), np.float64)
        return DeltaState(start, np.full(shape, self.start is not None), np.zeros(shape))

    def step(self, state: DeltaState, u: Array, dt: Array | float) -> tuple[DeltaState, Array]:
        start, seen = _begun(state, u[None])
        n = np.trunc(self._place(u, start) - state.level)
        n = np.where(np.isnan(n), 0.0, np.clip(n, -self.limit, self.limit)) + 0.0  # no -0
        return DeltaState(start, seen, state.level + n), split(n).astype(u.dtype)

    def run(self, state: DeltaState, u: Array, dt: Array, out: Array | None = None) -> tuple[DeltaState, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs)."""
        start, seen = _begun(state, u)
        x = columns(self._place(u, start))
        level, sent = own(state.level, x.shape[1:]), np.empty_like(x)
        _kernels.levels(x, self.limit, level, sent)
        after = DeltaState(start, seen, level.reshape(state.level.shape))
        return after, into(out, split(sent.reshape(u.shape)).astype(u.dtype))

    def _place(self, u: Array, start: Array) -> Array:
        """Where values are, in sizes from the start."""
        size = np.asarray(self.size, np.float64)
        with np.errstate(over="ignore"):
            return np.clip((u.astype(np.float64) - start) / size, -FAR, FAR)


def _begun(state: DeltaState, u: Array) -> tuple[Array, Array]:
    """start and seen after the ticks of u (time, *batch, inputs): where no start was known, the first value is it."""
    if state.seen.all() or not len(u):
        return state.start, state.seen
    known = ~np.isnan(u)
    first = np.take_along_axis(u, known.argmax(axis=0)[None], axis=0)[0].astype(np.float64)
    seen = state.seen | known.any(axis=0)
    return np.where(seen & ~state.seen, first, state.start), seen


class LevelsState(NamedTuple):
    level: Array  # (*batch, inputs) float64: ups minus downs so far


@dataclass(frozen=True, eq=False)
class Levels:
    """Values from events: u = start + size (ups - downs so far).

    counts (*batch, 2 inputs) -> u (*batch, inputs), for Delta, StepForward and TBR. NumPy only.
    """

    values: int
    size: Array | float
    start: Array | float = 0.0

    def __post_init__(self) -> None:
        check_inputs(self.values)
        per_input("size", self.size, self.values, positive=True)
        per_input("start", self.start, self.values)

    @property
    def inputs(self) -> int:
        return 2 * self.values

    @property
    def outputs(self) -> int:
        return self.values

    def init(self, u: Array) -> LevelsState:
        return LevelsState(np.zeros((*u.shape[:-1], self.values)))

    def step(self, state: LevelsState, u: Array, dt: Array | float) -> tuple[LevelsState, Array]:
        level = state.level + net(u, self.values)
        return LevelsState(level), self._value(level, u.dtype)

    def run(self, state: LevelsState, u: Array, dt: Array, out: Array | None = None) -> tuple[LevelsState, Array]:
        """All of time at once; whole numbers add up alike however they are cut."""
        level = np.cumsum(np.concatenate((state.level[None], net(u, self.values))), axis=0)
        return LevelsState(level[-1].copy()), into(out, self._value(level[1:], u.dtype))

    def _value(self, level: Array, dtype: type) -> Array:
        return (np.asarray(self.start, np.float64) + np.asarray(self.size, np.float64) * level).astype(dtype)
