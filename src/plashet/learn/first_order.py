"""What a tick of each liquid is to first order, by the kernels: the numbers of J and B of its stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _kernels
from ..liquids import LTC, Leaky
from ..liquids.gated import Gated
from ..liquids.solvers import Exponential
from ..types import Array
from .influence import Graph


@dataclass(frozen=True, eq=False)
class FirstOrder:
    """A liquid's graph, where its parameters lie in the kernel's vector, and the call that fills a tick's J and B."""

    graph: Graph
    stages: int
    move: Callable[..., None]  # (place, theta, state, u, dt, after, j, b): all of one row and one dtype
    flat: Callable[[Any], Array]  # a liquid of this kind -> all its parameters as the kernel takes them, float64


def first_order(cell: Any, learnt: dict[str, Array]) -> FirstOrder:
    """Of a liquid. learnt: by path within the cell, the indices in theta, shaped like the parameter.

    Raises TypeError for a liquid whose derivatives are not known here, ValueError where nothing is to be learnt.
    """
    made = _MADE.get(type(cell))
    if made is None:
        names = ", ".join(kind.__name__ for kind in _MADE)
        raise TypeError(f"exact online gradients are known of {names}; got a {type(cell).__name__}")
    if not learnt:
        raise ValueError(f"the {type(cell).__name__} has no parameters to learn: see plashet.trainable.trainable")
    return made(cell, learnt)


def _column(cell: Any, learnt: dict[str, Array], paths: tuple[str, ...], sizes: list[int]) -> list[Array]:
    """The place in theta of every number of the parameters at these paths, -1 where it is not learnt."""
    return [
        np.broadcast_to(np.ravel(learnt.get(path, np.int64(-1))), size).astype(np.int64)
        for path, size in zip(paths, sizes, strict=True)
    ]


def _ltc(cell: LTC, learnt: dict[str, Array]) -> FirstOrder:
    net = cell.connectome
    among, sensed, units = net.recurrent, net.sensory, net.units
    sizes = [among.edges] * 4 + [sensed.edges] * 4 + [units] * 3 + [net.inputs] * 2
    columns = _column(cell, learnt, LTC.parameters, sizes)
    columns[-2:] = [column[sensed.pre] for column in columns[-2:]]  # an input's affine touches all that hear it
    rows = [among.post] * 4 + [sensed.post] * 4 + [np.arange(units)] * 3 + [sensed.post] * 2
    graph = Graph(units, *_ends(among), np.zeros(among.edges, bool), np.arange(units), _joined(rows), _joined(columns))
    ends = among.by_target.start, _ends(among)[0], sensed.by_target.start, _ends(sensed)[0]
    exponential = isinstance(cell.solver, Exponential)

    def move(place: Array, *given: Any) -> None:
        _kernels.rtrl_ltc(*ends, place, exponential, *given)

    def flat(now: LTC) -> Array:
        return np.concatenate([np.asarray(a, np.float64) for a in _each(now)])

    return FirstOrder(graph, cell.solver.unfolds, move, flat)


def _each(cell: LTC) -> tuple[Array, ...]:
    return (*cell.recurrent, *cell.sensory, *cell.membrane, *cell.affine)


def _gated(cell: Gated, learnt: dict[str, Array]) -> FirstOrder:
    net = cell.connectome
    among, sensed, units = net.recurrent, net.sensory, net.units
    columns = _column(cell, learnt, Gated.parameters, [2 * sensed.edges, 2 * among.edges, 2 * units])
    rows = [sensed.post] * 2 + [among.post] * 2 + [np.arange(units)] * 2
    (pre, post), layer = _ends(among), np.asarray(net.layer)
    fresh, order = layer[pre] < layer[post], np.argsort(layer, kind="stable").astype(np.int64)
    graph = Graph(units, pre, post, fresh, order, _joined(rows), _joined(columns))
    ends = among.by_target.start, pre, sensed.by_target.start, _ends(sensed)[0], order, fresh.astype(np.int64)
    slowest = np.broadcast_to(1.0 / np.asarray(cell.tau_max, np.float64), units)

    def move(place: Array, theta: Array, *given: Any) -> None:
        _kernels.rtrl_gated(*ends, place, slowest.astype(theta.dtype), theta, *given)

    def flat(now: Gated) -> Array:
        return np.concatenate([np.ravel(np.asarray(a, np.float64)) for a in (now.sensory, now.recurrent, now.bias)])

    return FirstOrder(graph, 1, move, flat)


def _leaky(cell: Leaky, learnt: dict[str, Array]) -> FirstOrder:
    wiring, units, inputs = cell.wiring, cell.wiring.units, cell.wiring.inputs
    synapses = wiring.topology.synapses()
    order, start = synapses.by_target
    pre, post = (np.ascontiguousarray(ends[order], np.int64) for ends in (synapses.pre, synapses.post))
    paths = ("wiring.weights", "wiring.w_in", "wiring.bias", "tau")
    columns = _column(cell, learnt, paths, [synapses.edges, units * inputs, units, units])
    columns[0] = columns[0][order]
    rows = [post, np.repeat(np.arange(units), inputs), np.arange(units), np.arange(units)]
    nothing = np.zeros(len(pre), bool)
    graph = Graph(units, pre, post, nothing, np.arange(units), _joined(rows), _joined(columns))
    code = _kernels.activations[cell.activation]

    def move(place: Array, *given: Any) -> None:
        _kernels.rtrl_leaky(start, pre, place, code, *given)

    def flat(now: Leaky) -> Array:
        held = now.wiring
        tau = np.broadcast_to(np.asarray(now.tau, np.float64), units)
        parts = (np.ravel(held.weights)[order], np.ravel(held.w_in), held.bias, tau)
        return np.concatenate([np.asarray(a, np.float64) for a in parts])

    return FirstOrder(graph, 1, move, flat)


def _ends(synapses: Any) -> tuple[Array, Array]:
    return np.ascontiguousarray(synapses.pre, np.int64), np.ascontiguousarray(synapses.post, np.int64)


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts).astype(np.int64)


_MADE: dict[type, Callable[[Any, dict[str, Array]], FirstOrder]] = {LTC: _ltc, Gated: _gated, Leaky: _leaky}
