"""A liquid that the user brings, trained on the training part if that is asked for: one expert more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..cells import sweep, tick
from ..liquids import gated
from ..model import unread
from ..ops import rest
from ..trainable import parameters
from ..training import Training, train, windows
from ..types import Array, Cell, State
from ..wiring import dense
from ..within import a_cell
from .experts import Draft

UNITS = 32
DRAFT = Draft("own_liquid", 0.0, wide=True, near=True, forgets=True)
LONGEST = 168  # steps of a stretch that is trained on
LEAST = 200  # rows below which nothing is trained


class ShownState(NamedTuple):
    inner: State
    x: Array  # (*batch, outputs): what the cell gave last


@dataclass(frozen=True, eq=False)
class Shown:
    """Any cell, with what it gave last in its state, where the other liquids have their x."""

    cell: Any

    @property
    def inputs(self) -> int:
        return int(self.cell.inputs)

    @property
    def outputs(self) -> int:
        return int(self.cell.outputs)

    def init(self, u: Array) -> ShownState:
        return ShownState(self.cell.init(u), rest(u, self.outputs))

    def step(self, state: ShownState, u: Array, dt: Array | float) -> tuple[ShownState, Array]:
        inner, x = self.cell.step(state.inner, u, dt)
        return ShownState(inner, x), x

    def tick(self, state: ShownState, u: Array, dt: float) -> tuple[ShownState, Array]:
        inner, x = tick(self.cell, state.inner, u, dt)
        return ShownState(inner, x), x

    def run(self, state: ShownState, u: Array, dt: Array, out: Array | None = None) -> tuple[ShownState, Array]:
        inner, x = sweep(self.cell, state.inner, u, dt, out)
        return ShownState(inner, x[-1] if len(x) else state.x), x


def drawn(liquid: Any, inputs: int, seed: int, period: int) -> Cell:
    """The user's liquid for this many inputs; None: 32 gated units, time constants from a step to the longest season.

    Raises TypeError for what is no liquid, ValueError for one of another number of inputs.
    """
    if liquid is None:
        return gated(dense(UNITS, inputs, seed=seed), seed=seed, tau=(0.7, float(max(period, 2))))
    cell = liquid if hasattr(liquid, "step") and not isinstance(liquid, type) else liquid(inputs)
    if a_cell(cell).inputs != inputs:
        raise ValueError(
            f"the liquid takes {cell.inputs} inputs, the series drives it by {inputs}: "
            "give a rule from the number of inputs to a liquid"
        )
    return cell  # type: ignore[no-any-return]


def trained(cell: Cell, training: Training, drive: Array, wanted: Array) -> tuple[Cell, str]:
    """The cell, trained to say what the learnt experts are to say, through a readout that is dropped; what to tell.

    drive (rows, inputs)   wanted (rows, steps): what corrects the base, NaN where not known
    """
    if not parameters(cell):
        raise ValueError(
            "training came, but the liquid names nothing to learn: give one that does, such as "
            'plashet.liquids.gated(...) or plashet.trainable.trainable(leaky, "tau"), or training=None'
        )
    if len(drive) < LEAST:
        return cell, f"not trained: {len(drive)} rows, wanted {LEAST}"
    length = min(LONGEST, len(drive) // 8)
    some = np.isfinite(wanted).any(axis=0)
    spread = np.nanstd(np.where(some, wanted, 0.0), axis=0)
    steps = wanted / np.where(spread > 0, spread, 1.0)
    lessons = windows((drive, steps), length=length, stride=max(length // 4, 1), washout=length // 4)
    found = train(unread(cell, wanted.shape[1]), lessons, training)
    told = f"trained for {found.epochs} epochs"
    if training.validation:
        least = found.losses[found.best_epoch - 1, 1] if found.best_epoch else found.start
        told += f", best in epoch {found.best_epoch}: validation loss {least:.4g} from {found.start:.4g}"
    return found.model.liquid, told
