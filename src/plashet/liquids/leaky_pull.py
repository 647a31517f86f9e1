"""Slopes of the leaky liquid: what its sums become is moved by the kernel of the gated liquids, which has a `pull`."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..trainable import Pulled
from ..tree import is_array
from ..types import Array
from ..wiring import Bands, Synapses
from .levels import Form, Level, Plan, Slots, heard, planned


class _Alike:
    """A leaky liquid as the kernel takes it: one level of units that have one head each."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell
        self.inputs: int = cell.inputs
        self.outputs: int = cell.outputs

    def form(self) -> Form:
        topology = self.cell.wiring.topology
        ends = (topology.shifts,) if isinstance(topology, Bands) else (topology.pre, topology.post)
        activation = self.cell.activation
        return Form(partial(_levels, topology, activation), ends, ("leaky", activation))

    def weights(self, dtype: Any) -> Array:
        wiring = self.cell.wiring
        return np.concatenate([np.asarray(a, dtype).ravel() for a in (wiring.weights, wiring.w_in, wiring.bias)])

    def constants(self, dtype: Any) -> Array:
        """(units, 2) of the kernel's nodes: 1/tau, and nothing."""
        rate = np.broadcast_to(1 / np.asarray(self.cell.tau, np.float64), (self.outputs,))
        rate = np.minimum(rate, np.finfo(dtype).max)
        return np.ascontiguousarray(np.stack((rate, np.zeros(self.outputs)), 1), dtype)


def able(cell: Any) -> tuple[str, ...]:
    """What a leaky liquid may learn: tau only where it is an array."""
    return (*(("tau",) if is_array(cell.tau) else ()), "wiring.weights", "wiring.w_in", "wiring.bias")


def plan_of(cell: Any, dtype: Any) -> Plan:
    return planned(_Alike(cell), dtype)


def pull_leaky(
    cell: Any, plan: Plan, run: tuple[Array, Array, Array, Array], slope: Array, after: Array | None
) -> tuple[Pulled, Array]:
    """run: x before, u, dt and outputs; after: slope of the last x. The slopes, without a state, and that of x."""
    x, u, dt, outputs = run
    s = plan.pull((u, dt, x, None, outputs), slope, (after, None))
    arrays = {"wiring.weights": cell.wiring.weights, "wiring.w_in": cell.wiring.w_in, "wiring.bias": cell.wiring.bias}
    cut = np.split(s.weights, np.cumsum([a.size for a in arrays.values()])[:-1])
    named = {path: part.reshape(tuple(a.shape)) for (path, a), part in zip(arrays.items(), cut, strict=True)}
    if is_array(cell.tau):
        by_tau = -s.constants[:, 0] / np.square(np.asarray(cell.tau, u.dtype))
        named["tau"] = by_tau if by_tau.shape == cell.tau.shape and np.ndim(cell.tau) else by_tau.sum().reshape(())
    return Pulled(named, s.u, s.dt, ()), s.h


def _levels(topology: Bands | Synapses, activation: str, slots: Slots, before: int) -> list[Level]:
    """Weights in the order [recurrent | input | bias], each as the wiring has them."""
    synapses, units = topology.synapses(), np.arange(slots.units)
    edges, inputs = synapses.edges, np.arange(slots.inputs)
    seen = 1 + np.tile(inputs, slots.units), np.repeat(units, slots.inputs)
    parts = [
        (*seen, edges + np.arange(slots.units * slots.inputs)[:, None]),
        (before + np.asarray(synapses.pre), np.asarray(synapses.post), np.arange(edges)[:, None]),
    ]
    bias = edges + slots.units * slots.inputs + units[:, None]
    return [Level("leaky", activation, before + units, slots.h_after + units, *heard(bias, parts, slots.units))]
