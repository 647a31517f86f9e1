"""What the exporters know of gated liquids: their levels of nodes over a row of slots, as the kernel has them.

    [1 | inputs | h | c | h after | c after | hidden],   a level after the other fills the last three

See liquids/levels.py, and src/cpp/gated.hpp for what a node of each kind makes of its heads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import liquids
from ..liquids.levels import Level, Slots
from ..types import Array

FLOAT64 = np.dtype(np.float64)


class Heard(NamedTuple):
    """A level with the numbers of its own nodes."""

    level: Level
    weights: Array  # (edges, heads), in the order of the level's edges, which are sorted by node
    constants: Array  # (nodes, 2)

    @property
    def nodes(self) -> int:
        return len(self.level.to)

    @property
    def start(self) -> Array:
        """(nodes + 1,) where the edges of each node begin."""
        many = np.bincount(self.level.post, minlength=self.nodes)
        return np.concatenate(([0], np.cumsum(many)))

    @property
    def shared(self) -> Array | None:
        """The slots that every node hears, if all hear the same in the same order."""
        many = len(self.level.pre) // self.nodes
        if len(self.level.pre) != many * self.nodes or not (np.diff(self.start) == many).all():
            return None
        table = np.asarray(self.level.pre).reshape(self.nodes, many)
        return table[0] if self.nodes > 1 and (table == table[0]).all() else None


class Net(NamedTuple):
    slots: Slots
    levels: tuple[Heard, ...]


def net_of(cell: Any) -> Net:
    """The levels of a liquid that has a form (see liquids/levels.py)."""
    form = cell.form()
    slots = Slots(cell.inputs, cell.outputs, form.cells, form.hidden)
    weights, constants = cell.weights(FLOAT64), cell.constants(FLOAT64)
    found, first = [], 0
    for level in form.levels(slots, slots.h):
        index = np.asarray(level.index)
        own = np.where(index >= 0, weights[np.maximum(index, 0)], 0.0)
        found.append(Heard(level, own, constants[first : first + len(level.to)]))
        first += len(level.to)
    return Net(slots, tuple(found))


LIQUIDS = tuple(kind for kind in vars(liquids).values() if isinstance(kind, type) and hasattr(kind, "form"))
