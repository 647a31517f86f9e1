"""Cells at rest whose random numbers have a name: the same name, the same start and the same noise."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .cells import Beside, Chain, Noisy, NoisyState
from .ops import rest
from .types import Array, State


def begun(cell: Any, u: Array, keys: Array | Callable[[], Array]) -> State:
    """The cell at rest before inputs like u (*batch, inputs), its random numbers named by keys (*batch,) if it has any.

    Rows of the same key have the same start and the same noise. keys may be a function that gives them: it is called
    only for a cell that draws numbers.
    """
    if isinstance(cell, Chain):
        return tuple(begun(c, u if k == 0 else rest(u, c.inputs), keys) for k, c in enumerate(cell.cells))
    if isinstance(cell, Beside):
        return tuple(begun(c, u, keys) for c in cell.cells)
    if isinstance(cell, Noisy):
        return NoisyState(begun(cell.cell, u, keys), np.zeros((), np.int64))
    if "keys" not in inspect.signature(cell.init).parameters:
        return cell.init(u)
    return cell.init(u, keys=np.asarray(keys() if callable(keys) else keys))
