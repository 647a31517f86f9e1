"""Sequences through a cell: only what is pooled is ever held, never the outputs of all ticks."""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np

from .. import chance
from ..beginning import begun
from ..cells import Beside, Chain, sweep
from ..threads import each
from ..types import Array, Cell, State
from .pooling import Pooling, Segments, plan
from .shape import Front, heard, series_list, ticks_of

BLOCK = 256  # ticks whose outputs are held at once where a cell does not pool by itself
STRETCH = 4096  # ticks that a cell which does pools at once: so many that float32 sums keep their digits


def features(
    cell: Cell,
    sequences: Any,
    dt: Any = 1.0,
    pooling: Pooling = Segments(5),  # noqa: B008 - frozen
    *,
    front: Front | None = None,
    keys: Any = None,
) -> Array:
    """One row of features for each sequence, (n, pooling.rows * cell.outputs) float64: row by row of the pooling.

    Every sequence is driven from rest by itself, one on each core; so its features depend neither on the others, nor
    on their order, nor on the number of cores.

    sequences: a list of (time_i, inputs), (n, time, inputs), or (n, time) of one input; NaN is a missing value.
    dt [s]: one for all ticks, or a list with one for each sequence: a number or (time_i,).
    front: what turns a sequence as it is given into (time, inputs); called on the cores too.
    keys: whole numbers that name the random numbers of each sequence, where the cell draws any (a spiking liquid's
    start and noise); else they are drawn from what the sequence holds: the same sequence, the same features.
    Raises ValueError that names the sequence which is empty, infinite, or of the wrong width; for keys that are none.
    """
    listed = series_list(sequences)
    for name, given in (("dt", dt), ("keys", keys)):
        if isinstance(given, list | tuple | np.ndarray) and np.ndim(given) != 0 and len(given) != len(listed):
            raise ValueError(f"{name} has {len(given)} entries for {len(listed)} sequences, wanted one for each")

    named = None if keys is None else chance.named(keys)

    def row(i: int) -> Array:
        u = heard(listed, i, cell.inputs, front)
        return _row(cell, u, ticks_of(dt, i, len(u)), pooling, None if named is None else int(named[i]))

    width = pooling.rows * cell.outputs
    return np.stack(each(row, range(len(listed)))) if len(listed) else np.empty((0, width))


def pool(cell: Cell, state: State, u: Array, dt: Array, bins: Array, out: Array) -> State:
    """Drive one series and add the output of tick t to out[bins[t]] (-1: nowhere); the state after it.

    u (time, inputs), dt (time,), bins (time,) int64, out (bins, outputs) float64. By the cell's own compiled `pool`
    where it has one, in a chain too, else by its `run`, a block of ticks at a time.
    """
    size = STRETCH if hasattr(cell, "pool") else BLOCK
    for start in range(0, len(u), size):
        now = slice(start, start + size)
        state = _pool_block(cell, state, u[now], dt[now], bins[now], out)
    return state


def _pool_block(cell: Cell, state: State, u: Array, dt: Array, bins: Array, out: Array) -> State:
    quick = getattr(cell, "pool", None)
    if quick is not None:
        part = np.zeros(out.shape, u.dtype)
        state = quick(state, u, dt, bins, part)
        out += part
        return state
    if isinstance(cell, Chain):
        *before, last = zip(cell.cells, state, strict=True)
        after = []
        for inner, s in before:
            s, u = sweep(inner, s, u, dt)
            after.append(s)
        return (*after, _pool_block(*last, u, dt, bins, out))
    if isinstance(cell, Beside):
        return _pool_beside(cell, state, u, dt, bins, out)
    state, outputs = sweep(cell, state, u, dt)
    _add_runs(outputs, bins, out)
    return state


def _pool_beside(cell: Beside, state: State, u: Array, dt: Array, bins: Array, out: Array) -> State:
    after, first = [], 0
    for inner, s in zip(cell.cells, state, strict=True):
        columns = slice(first, first + inner.outputs)
        part = np.ascontiguousarray(out[:, columns])
        after.append(_pool_block(inner, s, u, dt, bins, part))
        out[:, columns] = part
        first = columns.stop
    return tuple(after)


def _add_runs(outputs: Array, bins: Array, out: Array) -> None:
    """out[bins[t]] += outputs[t]: a run of ticks of one bin at a time."""
    edges = np.flatnonzero(np.diff(bins, prepend=-2, append=-2))
    for a, b in pairwise(edges):
        if bins[a] >= 0:
            out[bins[a]] += outputs[a:b].sum(axis=0, dtype=np.float64)


def _row(cell: Cell, u: Array, dt: Array, pooling: Pooling, key: int | None) -> Array:
    bins, shares = plan(pooling, dt)
    used = np.flatnonzero(bins >= 0)
    end = used[-1] + 1 if len(used) else 0  # what comes after the last tick that is pooled changes nothing
    sums = np.zeros((shares.shape[1], cell.outputs))
    dts = dt.astype(u.dtype)
    pool(cell, begin(cell, u[0], key, u), u[:end], dts[:end], bins[:end], sums)
    return (shares @ sums).reshape(-1)


def begin(cell: Any, u: Array, key: int | None, content: Array) -> State:
    """The cell at rest before inputs like u (inputs,); its random numbers named by `key`, else by the content."""
    return begun(cell, u, lambda: np.asarray(_named_by(content) if key is None else key, np.int64))


def _named_by(content: Array) -> int:
    """A number below 2^32 that the values determine."""
    return int.from_bytes(blake2b(np.ascontiguousarray(content).tobytes(), digest_size=4).digest(), "little")
