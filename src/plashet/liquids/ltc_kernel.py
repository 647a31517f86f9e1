"""The compiled twin of LTC.step: its plan, and the calls of the kernel over time and rows."""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from .. import _kernels
from ..threads import threads_for
from ..types import Array
from .door import along
from .solvers import Exponential


class Plan:
    """The constants of an LTC laid out for the kernel, in one dtype; arrays in and out as the cell has them."""

    def __init__(self, compiled: Any, sizes: list[int], inputs: int, units: int, work: int) -> None:
        self.compiled = compiled
        self.places = [slice(*ends) for ends in pairwise(accumulate(sizes, initial=0))]  # of the parameters, in a row
        self.inputs = inputs
        self.units = units
        self.work = work  # gates of a row in a tick

    def tick(self, v: Array, u: Array, dt: Array | float) -> Array:
        """One tick: the states after it, shaped like v."""
        out = np.empty(v.shape, u.dtype)
        rows = v.size // self.units
        dts = np.asarray(dt, u.dtype)
        flat = u.reshape(1, rows, self.inputs), dts.reshape(1, -1), v.reshape(rows, self.units)
        written = out.reshape(1, rows, self.units)
        try:
            self.compiled.run(*flat, written, 1)
        except (TypeError, ValueError):  # not contiguous or of another dtype: rare, so it pays, not every tick
            self.compiled.run(*(np.ascontiguousarray(a, u.dtype) for a in flat), written, 1)
        return out

    def run(self, v: Array, u: Array, dt: Array, out: Array | None) -> tuple[Array, Array]:
        """The states after the last tick and after every tick."""
        shape = (*u.shape[:-1], self.units)
        written = np.empty(shape, u.dtype) if out is None else out
        if written.shape != shape or written.dtype != u.dtype or not written.flags.c_contiguous:
            raise ValueError(f"out is {written.dtype} {written.shape}, wanted contiguous {u.dtype} {shape}")
        given = self._given(v, u, dt)
        rows = given[0].shape[1]
        to = written.reshape(len(u), rows, self.units)
        self.compiled.run(*given, to, threads_for(rows, len(u) * self.work))
        return (written[-1] if len(u) else given[2].reshape(*u.shape[1:-1], self.units)).copy(), written

    def pull(
        self, v: Array, u: Array, dt: Array, outputs: Array, slope: Array, after: Array | None
    ) -> tuple[list[Array], Array, Array, Array]:
        """The slopes of the parameters one by one, of u, of dt and of v."""
        given = self._given(v, u, dt)
        ticks, rows = given[0].shape[:2]
        seen = np.ascontiguousarray(outputs, u.dtype).reshape(ticks, rows, self.units)
        slopes = along(slope, u.dtype).reshape(ticks, rows, self.units)
        end_slopes = None if after is None else np.ascontiguousarray(after, u.dtype).reshape(rows, self.units)
        flat, du = np.empty(self.compiled.size, u.dtype), np.empty(given[0].shape, u.dtype)
        ddt, dv = np.empty((ticks, rows), u.dtype), np.empty((rows, self.units), u.dtype)
        threads = threads_for(rows, 2 * ticks * self.work)
        self.compiled.pull(*given, seen, slopes, end_slopes, flat, du, ddt, dv, threads)
        parts, batch = [flat[place] for place in self.places], u.shape[1:-1]
        return parts, du.reshape(u.shape), ddt.reshape(ticks, *batch), dv.reshape(*batch, self.units)

    def _given(self, v: Array, u: Array, dt: Array) -> tuple[Array, Array, Array]:
        """u, dt and v as (ticks, rows, inputs), (ticks or 1, rows or 1) and (rows, units)."""
        batch = u.shape[1:-1]
        rows = prod(batch)
        v = v if np.shape(v)[:-1] == batch else np.broadcast_to(v, (*batch, self.units))
        dts = np.ascontiguousarray(dt, u.dtype).reshape(len(u), 1 if dt.ndim == 1 else rows)
        flat = along(u, u.dtype).reshape(len(u), rows, self.inputs)
        return flat, dts, np.ascontiguousarray(v, u.dtype).reshape(rows, self.units)


def planned(cell: Any, dtype: Any) -> Plan:
    """The plan of an LTC. Raises ValueError for another dtype than float32 and float64."""
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"u is {dtype}, wanted float32 or float64: u.astype(float)")
    net = cell.connectome
    held = [a for part in (cell.recurrent, cell.sensory, cell.membrane, cell.affine) for a in part]
    compiled = _kernels.ltc_plan(
        net.recurrent.by_target.start,
        np.ascontiguousarray(net.recurrent.pre, np.int64),
        net.sensory.by_target.start,
        np.ascontiguousarray(net.sensory.pre, np.int64),
        net.inputs,
        np.concatenate(held, dtype=dtype),
        cell.solver.unfolds,
        isinstance(cell.solver, Exponential),
    )
    work = cell.solver.unfolds * net.recurrent.edges + net.sensory.edges
    return Plan(compiled, [len(a) for a in held], net.inputs, net.units, work)
