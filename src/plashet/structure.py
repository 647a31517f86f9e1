"""Units added to a liquid and taken from it, wherever in a model it sits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .cells import Beside
from .model import Readout
from .types import Array, Cell, State


class Changed(NamedTuple):
    """A cell of another size, its state, and where its outputs went."""

    cell: Any
    state: State
    kept: Array  # for each output of the new cell the output of the old one that it was; -1: new


def grow(cell: Cell, state: State, count: int, seed: int) -> Changed:
    """The cell with `count` units more, which nobody hears yet.

    Raises TypeError if the cell is neither a liquid that can grow nor one beside cells that cannot.
    """
    if hasattr(cell, "grow"):
        bigger, after = cell.grow(state, count, seed=seed)
        return Changed(bigger, after, np.append(np.arange(cell.outputs), np.full(count, -1)))
    return _within(cell, state, lambda inner, s: grow(inner, s, count, seed))


def prune(cell: Cell, state: State, keep: Array) -> Changed:
    """The cell with only the units `keep` of its liquid."""
    if hasattr(cell, "prune"):
        smaller, after = cell.prune(state, keep)
        return Changed(smaller, after, np.asarray(keep))
    return _within(cell, state, lambda inner, s: prune(inner, s, keep))


def refit(readout: Readout, kept: Array) -> Readout:
    """The readout of the changed features: weights follow their features, new ones begin at zero."""
    weights = np.where(kept[:, None] >= 0, readout.weights[kept], 0.0)
    return replace(readout, weights=weights)


def refeature(features: Array, kept: Array) -> Array:
    """Features as the changed cell would have given them: new ones were zero."""
    return np.where(kept >= 0, features[..., kept], np.zeros((), features.dtype))


def _within(cell: Cell, state: State, change: Any) -> Changed:
    """Change the one member of a Beside that can change."""
    able = [k for k, c in enumerate(getattr(cell, "cells", ())) if hasattr(c, "grow")]
    if not isinstance(cell, Beside) or len(able) != 1:
        raise TypeError(f"{type(cell).__name__} holds no liquid whose units can be added or removed on their own")
    (k,) = able
    inner = change(cell.cells[k], state[k])
    offsets = np.cumsum([0, *(c.outputs for c in cell.cells)])
    maps = [np.arange(a, b) for a, b in pairwise(offsets)]
    maps[k] = np.where(inner.kept >= 0, inner.kept + offsets[k], -1)
    cells = (*cell.cells[:k], inner.cell, *cell.cells[k + 1 :])
    return Changed(Beside(cells), (*state[:k], inner.state, *state[k + 1 :]), np.concatenate(maps))
