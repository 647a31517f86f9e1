"""Cells made of cells, and cells without memory: chains, features for a readout, noise.

A cell's compiled twins are optional; `tick` and `sweep` here use them where they are and `step` where they are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .ops import into, join, namespace, observed, rest
from .types import Array, Cell, State
from .within import a_cell, spiking_path


def tick(cell: Any, state: State, u: Array, dt: float) -> tuple[State, Array]:
    """One step by the cell's compiled twin where it has one."""
    quick = getattr(cell, "tick", None)
    return (quick or cell.step)(state, u, dt)  # type: ignore[no-any-return]


def sweep(cell: Any, state: State, u: Array, dt: Array, out: Array | None = None) -> tuple[State, Array]:
    """All of time by the cell's compiled twin where it has one, else the fold of `step`.

    dt: (time,) or (time, *batch)
    """
    quick = getattr(cell, "run", None)
    if quick is not None and isinstance(u, np.ndarray):
        return quick(state, u, dt, out)  # type: ignore[no-any-return]
    return fold(cell, state, u, dt, out)


def fold(
    cell: Any, state: State, u: Array, dt: Array, out: Array | None = None, step: Any = None
) -> tuple[State, Array]:
    """`step` over time: what every `run` is held to. step: another way to do one, the cell's `tick` for instance."""
    outputs, move = [], step or cell.step
    for now, elapsed in zip(u, dt, strict=True):
        state, y = move(state, now, elapsed)
        outputs.append(y)
    if not outputs:
        return state, namespace(u).zeros((0, *u.shape[1:-1], cell.outputs), dtype=u.dtype)
    return state, into(out, namespace(u).stack(outputs))


@dataclass(frozen=True, eq=False)
class Chain:
    """Each cell fed by the one before."""

    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        for k, (a, b) in enumerate(pairwise(map(a_cell, self.cells))):
            if a.outputs != b.inputs:
                raise ValueError(f"cell {k} gives {a.outputs} outputs, but cell {k + 1} takes {b.inputs} inputs")

    @property
    def inputs(self) -> int:
        return self.cells[0].inputs

    @property
    def outputs(self) -> int:
        return self.cells[-1].outputs

    def init(self, u: Array) -> State:
        return tuple(cell.init(u if k == 0 else rest(u, cell.inputs)) for k, cell in enumerate(self.cells))

    def step(self, state: State, u: Array, dt: Array | float) -> tuple[State, Array]:
        after = []
        for cell, s in zip(self.cells, state, strict=True):
            s, u = cell.step(s, u, dt)
            after.append(s)
        return tuple(after), u

    def tick(self, state: State, u: Array, dt: float) -> tuple[State, Array]:
        after = []
        for cell, s in zip(self.cells, state, strict=True):
            s, u = tick(cell, s, u, dt)
            after.append(s)
        return tuple(after), u

    def run(self, state: State, u: Array, dt: Array, out: Array | None = None) -> tuple[State, Array]:
        after = []
        for k, (cell, s) in enumerate(zip(self.cells, state, strict=True)):
            s, u = sweep(cell, s, u, dt, out if k == len(self.cells) - 1 else None)
            after.append(s)
        return tuple(after), u

    def record(self, state: State, u: Array, dt: Array) -> tuple[State, Array, Array]:
        """As `run`, with the spikes of the one cell that spikes, as its own `record` gives them."""
        after, k = [], self._spiker
        for cell, s in zip(self.cells[:k], state[:k], strict=True):
            s, u = sweep(cell, s, u, dt)
            after.append(s)
        s, u, spikes = self.cells[k].record(state[k], u, dt)  # type: ignore[attr-defined]
        after.append(s)
        for cell, s in zip(self.cells[k + 1 :], state[k + 1 :], strict=True):
            s, u = sweep(cell, s, u, dt)
            after.append(s)
        return tuple(after), u, spikes

    @cached_property
    def _spiker(self) -> int:
        return spiking_path(self)[0]


@dataclass(frozen=True, eq=False)
class Beside:
    """Cells that hear the same input, their outputs joined on the last axis."""

    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        if len({a_cell(cell).inputs for cell in self.cells}) != 1:
            raise ValueError(f"cells beside each other hear one input, got sizes {[c.inputs for c in self.cells]}")

    @property
    def inputs(self) -> int:
        return self.cells[0].inputs

    @property
    def outputs(self) -> int:
        return sum(cell.outputs for cell in self.cells)

    def init(self, u: Array) -> State:
        return tuple(cell.init(u) for cell in self.cells)

    def step(self, state: State, u: Array, dt: Array | float) -> tuple[State, Array]:
        moved = [cell.step(s, u, dt) for cell, s in zip(self.cells, state, strict=True)]
        return tuple(s for s, _ in moved), join([y for _, y in moved])

    def tick(self, state: State, u: Array, dt: float) -> tuple[State, Array]:
        moved = [tick(cell, s, u, dt) for cell, s in zip(self.cells, state, strict=True)]
        return tuple(s for s, _ in moved), join([y for _, y in moved])

    @cached_property
    def read(self) -> Any:
        """One call for tick and readout, where the members are a cell that offers it and the input itself."""
        return self._beside_input("read")

    @cached_property
    def loop(self) -> Any:
        """One call for a closed loop, likewise."""
        return self._beside_input("loop")

    def _beside_input(self, name: str) -> Any:
        if len(self.cells) != 2 or not isinstance(self.cells[1], Pass) or isinstance(self.cells[0], Beside):
            return None  # the compiled call adds the input once
        inner = getattr(self.cells[0], name, None)
        return inner and partial(_first_of_two, inner)

    def run(self, state: State, u: Array, dt: Array, out: Array | None = None) -> tuple[State, Array]:
        moved = [sweep(cell, s, u, dt) for cell, s in zip(self.cells, state, strict=True)]
        return tuple(s for s, _ in moved), into(out, join([y for _, y in moved]))

    def record(self, state: State, u: Array, dt: Array) -> tuple[State, Array, Array]:
        """As `run`, with the spikes of the one cell that spikes, as its own `record` gives them."""
        k, moved = self._spiker, []
        for i, (cell, s) in enumerate(zip(self.cells, state, strict=True)):
            moved.append((*sweep(cell, s, u, dt), None) if i != k else cell.record(s, u, dt))  # type: ignore[attr-defined]
        return tuple(s for s, _, _ in moved), join([y for _, y, _ in moved]), moved[k][2]

    @cached_property
    def _spiker(self) -> int:
        return spiking_path(self)[0]


def _first_of_two(call: Any, state: State, *given: Any) -> tuple[State, Array, Array]:
    """A compiled call of the first cell, which takes care of the input beside it."""
    inner, features, guess = call(state[0], *given)
    return (inner, state[1]), features, guess


class Nothing(NamedTuple):
    """The state of a cell without memory."""


@dataclass(frozen=True, eq=False)
class Pass:
    """The input as it is; what was not observed (NaN) is zero."""

    inputs: int

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> Nothing:
        return Nothing()

    def step(self, state: Nothing, u: Array, dt: Array | float) -> tuple[Nothing, Array]:
        return state, observed(u)

    def run(self, state: Nothing, u: Array, dt: Array, out: Array | None = None) -> tuple[Nothing, Array]:
        return state, into(out, self.step(state, u, dt)[1])  # no memory: all of time at once


@dataclass(frozen=True, eq=False)
class Squares:
    """[x, x^2]: lets a linear readout bend."""

    inputs: int

    @property
    def outputs(self) -> int:
        return 2 * self.inputs

    def init(self, u: Array) -> Nothing:
        return Nothing()

    def step(self, state: Nothing, u: Array, dt: Array | float) -> tuple[Nothing, Array]:
        return state, join([u, u * u])

    def run(self, state: Nothing, u: Array, dt: Array, out: Array | None = None) -> tuple[Nothing, Array]:
        return state, into(out, self.step(state, u, dt)[1])


@dataclass(frozen=True, eq=False)
class Products:
    """[x, x_i x_j for i <= j]: all products of two, inputs (inputs + 3) / 2 features; for few inputs."""

    inputs: int

    @property
    def outputs(self) -> int:
        return self.inputs * (self.inputs + 3) // 2

    def init(self, u: Array) -> Nothing:
        return Nothing()

    def step(self, state: Nothing, u: Array, dt: Array | float) -> tuple[Nothing, Array]:
        i, j = np.triu_indices(self.inputs)
        return state, join([u, u[..., i] * u[..., j]])

    def run(self, state: Nothing, u: Array, dt: Array, out: Array | None = None) -> tuple[Nothing, Array]:
        return state, into(out, self.step(state, u, dt)[1])


class NoisyState(NamedTuple):
    inner: State
    tick: Array  # () int64: ticks so far; each has random numbers of its own


@dataclass(frozen=True, eq=False)
class Noisy:
    """Any cell with Gaussian noise of standard deviation `sd` on its input; NumPy only.

    The numbers of a tick depend on (seed, tick) alone, so a run can be cut, resumed and replayed; the rows of a batch
    have different numbers.
    """

    cell: Cell
    sd: float
    seed: int

    @property
    def inputs(self) -> int:
        return self.cell.inputs

    @property
    def outputs(self) -> int:
        return self.cell.outputs

    def init(self, u: Array) -> NoisyState:
        return NoisyState(self.cell.init(u), np.zeros((), np.int64))

    def step(self, state: NoisyState, u: Array, dt: Array | float) -> tuple[NoisyState, Array]:
        inner, y = self.cell.step(state.inner, u + self._noise(int(state.tick), u), dt)
        return NoisyState(inner, state.tick + 1), y

    def tick(self, state: NoisyState, u: Array, dt: float) -> tuple[NoisyState, Array]:
        inner, y = tick(self.cell, state.inner, u + self._noise(int(state.tick), u), dt)
        return NoisyState(inner, state.tick + 1), y

    def run(self, state: NoisyState, u: Array, dt: Array, out: Array | None = None) -> tuple[NoisyState, Array]:
        inner, y = sweep(self.cell, state.inner, self._noised(state, u), dt, out)
        return NoisyState(inner, state.tick + len(u)), y

    def record(self, state: NoisyState, u: Array, dt: Array) -> tuple[NoisyState, Array, Array]:
        """As `run`, with the spikes of the cell, as its own `record` gives them."""
        spiking: Any = self.cell
        inner, y, spikes = spiking.record(state.inner, self._noised(state, u), dt)
        return NoisyState(inner, state.tick + len(u)), y, spikes

    def _noised(self, state: NoisyState, u: Array) -> Array:
        """u (time, *batch, inputs) with the noise of its ticks."""
        first = int(state.tick)
        return u + np.stack([self._noise(first + t, now) for t, now in enumerate(u)]) if len(u) else u

    def _noise(self, tick: int, u: Array) -> Array:
        return np.random.default_rng((self.seed, tick)).normal(0.0, self.sd, np.shape(u)).astype(u.dtype)


def WithInput(cell: Cell) -> Beside:
    """The cell's output and its input side by side: a readout that also sees the input itself."""
    return Beside((cell, Pass(cell.inputs)))
