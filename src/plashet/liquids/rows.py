"""Rows of a batch, each with a clock of its own, for what moves them one by one in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..types import Array

Rows = Callable[[Any, Array, Any], tuple[Any, list[Array]]]  # (state, u, dt) to the new state and each row's events


def row_of(state: Any, row: int) -> Any:
    """One row of the state of a batch."""
    return tree.map_arrays(lambda _, a: a[row], state)


def stacked(rows: list[Any]) -> Any:
    """States of rows as the state of their batch."""
    arrays = [tree.arrays(row) for row in rows]
    return tree.map_arrays(lambda path, _: np.stack([np.asarray(a[path]) for a in arrays]), rows[0])


def recorded(move: Rows, state: Any, u: Array, dt: Array) -> tuple[Any, Array, Array]:
    """The fold of `move` over time with its spikes, (spikes, 3) of (row, step, unit), row by row."""
    outputs: list[Array] = []
    found: list[Array] = [np.empty((0, 3), np.int64)]
    for now, elapsed in zip(u, dt, strict=True):
        state, events = move(state, now, elapsed)
        outputs.append(state.trace)
        found += [np.insert(e, 0, row, axis=1) for row, e in enumerate(events)]
    spikes = np.concatenate(found)
    held = np.stack(outputs) if outputs else np.empty((0, *state.trace.shape), u.dtype)
    return state, held, spikes[np.argsort(spikes[:, 0], kind="stable")]
