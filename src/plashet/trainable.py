"""What learning may change in a value made of cells, and what a gradient is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import tree
from .types import Array, Cell, State


class Pulled(NamedTuple):
    """Slopes of a loss, pulled back through a run: its sums over time and batch for the parameters."""

    parameters: dict[str, Array]  # by tree path, shaped like the parameters
    u: Array  # (time, *batch, inputs)
    dt: Array  # (time, *batch)
    state: State  # of the state before the first tick


@dataclass(frozen=True, eq=False)
class Trainable:
    """A cell of which other fields than usual may be learnt: `trainable` makes it. In all else it is the cell."""

    cell: Any
    parameters: tuple[str, ...]  # tree paths, beginning with "cell."

    @property
    def positive(self) -> tuple[str, ...]:
        return tuple(f"cell.{path}" for path in self.cell.positive)

    @property
    def inputs(self) -> int:
        return int(self.cell.inputs)

    @property
    def outputs(self) -> int:
        return int(self.cell.outputs)

    def init(self, u: Array) -> State:
        return self.cell.init(u)

    def step(self, state: State, u: Array, dt: Array | float) -> tuple[State, Array]:
        return self.cell.step(state, u, dt)  # type: ignore[no-any-return]

    @property
    def tick(self) -> Any:
        """The cell's compiled twin; no attribute where it has none."""
        return self.cell.tick

    @property
    def run(self) -> Any:
        """Likewise."""
        return self.cell.run

    def pull(
        self, state: State, u: Array, dt: Array, outputs: Array, slope: Array, slope_after: State | None = None
    ) -> Pulled:
        pulled: Pulled = self.cell.pull(state, u, dt, outputs, slope, slope_after)
        named = {f"cell.{path}": a for path, a in pulled.parameters.items() if f"cell.{path}" in self.parameters}
        return pulled._replace(parameters=named)


def trainable(cell: Cell, *paths: str) -> Trainable:
    """The cell with exactly these fields to be learnt: `trainable(leaky, "tau", "wiring.w_in")`.

    For a cell that learns less than its class says (signs kept: every path but "recurrent.erev"), or more: a Leaky
    learns nothing unless asked. Raises ValueError for a path at which the cell has no gradient.
    """
    able = getattr(cell, "differentiable", getattr(cell, "parameters", ()))
    unknown = [path for path in paths if path not in able]
    if unknown or not paths:
        raise ValueError(f"{type(cell).__name__} can learn {', '.join(able) or 'nothing'}; got {unknown or 'no path'}")
    return Trainable(cell, tuple(f"cell.{path}" for path in paths))


def parameters(value: Any) -> dict[str, Array]:
    """Every array that learning may change, by tree path: those that cells and readouts within it name."""
    arrays = tree.arrays(value)
    return {path: arrays[path] for path in _named(value, "parameters")}


def positive(value: Any) -> set[str]:
    """The paths of those that must stay above zero."""
    return set(_named(value, "positive"))


def _named(value: Any, which: str, path: str = "") -> Iterator[str]:
    names = getattr(value, which, None)
    if isinstance(names, tuple):
        yield from (f"{path}{name}" for name in names)
        return
    for name, child in tree.parts(value) or ():
        yield from _named(child, which, f"{path}{name}.")
