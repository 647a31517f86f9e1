"""Where in a model the one liquid is that learns online, what feeds it, and which features are its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from ..cells import Beside, Chain, tick
from ..liquids import Motors
from ..model import Model, Readout
from ..trainable import Trainable, parameters
from ..types import Array, State


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The way from a model's outside to its liquid: one step for each Chain, Beside or Trainable on it."""

    steps: tuple[int, ...]  # the number of the member, -1 through a Trainable
    path: str  # of the liquid, as tree paths begin: "liquid.cells.0."
    motors: str | None  # of the Motors behind it, if there are some
    first: int  # where its features begin, among all that the readout sees

    def members(self, model: Any) -> tuple[Any, Any]:
        """The liquid and the Motors behind it (or None), of a model of this anatomy."""
        cell: Any = model.liquid
        motors = None
        for step in self.steps:
            if step >= 0 and type(cell) is Chain and step + 1 < len(cell.cells):
                motors = cell.cells[step + 1]
            cell = cell.cell if step < 0 else cell.cells[step]
        return cell, motors

    def heard(self, model: Any, state: State, u: Array, dt: Any) -> tuple[State, Array]:
        """The liquid's own state before a tick, and what it hears in it: the cells in front move once more."""
        cell: Any = model.liquid
        for step in self.steps:
            if step < 0:
                cell = cell.cell
                continue
            if type(cell) is Chain:
                for inner, s in zip(cell.cells[:step], state, strict=False):
                    u = tick(inner, s, u, dt)[1]
            cell, state = cell.cells[step], state[step]
        return state, u


def anatomy(model: Any) -> Anatomy:
    """Of a Model around one liquid that learns: in front of it and beside it cells that do not, behind it Motors.

    Raises TypeError for what is no Model with a Readout, ValueError naming the cell that cannot be where it is.
    """
    if type(model) is not Model or type(model.readout) is not Readout:
        what = type(model).__name__ if type(model) is not Model else f"Model with a {type(model.readout).__name__}"
        raise TypeError(f"exact online gradients are of a Model with a Readout, unread(cell, outputs); got a {what}")
    steps: list[int] = []
    path, first, cell = "liquid.", 0, cast(Any, model.liquid)
    motors: str | None = None
    while type(cell) in (Chain, Beside, Trainable):
        if type(cell) is Trainable:
            steps, path, cell = [*steps, -1], f"{path}cell.", cell.cell
            continue
        k = _learner(cell, path)
        if type(cell) is Chain and k + 1 < len(cell.cells):
            _only_motors(cell, k, path, motors)
            motors = f"{path}cells.{k + 1}."
        elif type(cell) is Beside and motors is not None:
            raise ValueError(f"{motors[:-1]} is behind a Beside: put Motors right behind the liquid, within it")
        elif type(cell) is Beside:
            first += sum(inner.outputs for inner in cell.cells[:k])
        steps, path, cell = [*steps, k], f"{path}cells.{k}.", cell.cells[k]
    return Anatomy(tuple(steps), path, motors, first)


def _learner(cell: Any, path: str) -> int:
    """Which member has parameters to learn, Motors behind a liquid aside."""
    able = [k for k, inner in enumerate(cell.cells) if parameters(inner) and type(inner) is not Motors]
    if len(able) > 1:
        names = " and ".join(f"{path}cells.{k} ({type(cell.cells[k]).__name__})" for k in able)
        raise ValueError(f"one liquid learns online, here {names} would: free one of them only, or use Gradient")
    if not able:
        kinds = ", ".join(type(inner).__name__ for inner in cell.cells)
        raise ValueError(f"nothing in {path[:-1]} ({kinds}) has parameters to learn: see plashet.trainable.trainable")
    return able[0]


def _only_motors(chain: Chain, k: int, path: str, motors: str | None) -> None:
    """Behind the liquid there may be Motors, once."""
    for at, cell in enumerate(chain.cells[k + 1 :], k + 1):
        if type(cell) is not Motors or at > k + 1 or motors is not None:
            raise ValueError(
                f"{path}cells.{at} is a {type(cell).__name__} behind the liquid; only Motors can be, once: put it in "
                "front, beside, or use Gradient"
            )
