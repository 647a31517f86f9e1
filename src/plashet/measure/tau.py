"""How fast each unit of a net is, from tick to tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..liquids import LTC, CfC, Diagonal, Gated, Leaky, Mixed, Pure, WiredCfC
from ..liquids.bends import BENDS
from ..liquids.mixed import lstm
from ..ops import observed, softplus, sums_at
from ..types import Array, State
from .nets import Within, given, liquids_in


def time_constants(cell: Any, u: Array, dt: Any, state: State | None = None) -> Array:
    """tau [s] of every unit at every tick of a run, (time, *batch, units): within it a unit forgets the state before.

        LTC      cm / G at the state after the tick and the input in it         (what makes it liquid)
        Gated    1 / (1/tau_max + softplus(a_tau)), of the tick; Diagonal likewise
        Leaky    tau: it does not move
        CfC      Pure: 1 / (|w_tau| + |ff1|);  Full and NoGate: 1 / |time_a|, in which the gate passes from one of its
                 targets to the other: these forget nothing, for the state before is one more thing that is heard
        Mixed    that of its liquid; what its memory cells keep has no time

    u: (time, *batch, inputs)   dt [s]: a number, (time,) or (time, *batch)   state: where to begin, else at rest.
    The units of several liquids in a cell stand side by side, in the order of the cell. Cells without time constants
    (Scale, Hold, Motors, ...) add none. Raises TypeError for a cell that has none at all, ValueError for shapes.

    LTC: Hasani et al. 2021, section 2. CfC: Hasani et al. 2022.
    """
    cell, u, dt, state = given(cell, u, dt, state)
    found = [_TAU[type(h.liquid)](h) for h in liquids_in(cell, u, dt, state) if type(h.liquid) in _TAU]
    if not found:
        names = ", ".join(kind.__name__ for kind in _TAU)
        raise TypeError(f"this {type(cell).__name__} holds nothing that has time constants: {names}")
    return np.concatenate(found, axis=-1)


def before(heard: Within) -> Array:
    """The liquid's state before every tick, (time, *batch, units)."""
    first = np.broadcast_to(heard.state[0], heard.outputs.shape[1:])
    return np.concatenate((first[None].astype(heard.outputs.dtype), heard.outputs[:-1]))


def _ltc(heard: Within) -> Array:
    tau: Array = heard.liquid.time_constants(heard.outputs, heard.u)
    return tau


def _leaky(heard: Within) -> Array:
    return np.broadcast_to(np.asarray(heard.liquid.tau, heard.outputs.dtype), heard.outputs.shape)


def _gated(heard: Within, held: Array | None = None) -> Array:
    a_tau = _along(heard, before(heard) if held is None else held)[1]
    return np.asarray(1 / (1 / np.asarray(heard.liquid.tau_max) + softplus(a_tau)), heard.outputs.dtype)


def _diagonal(heard: Within, held: Array | None = None) -> Array:
    cell = heard.liquid
    a_tau = observed(heard.u) @ np.asarray(cell.w_in[1], heard.u.dtype).T + np.asarray(cell.bias[1], heard.u.dtype)
    return np.asarray(1 / (1 / np.asarray(cell.tau_max) + softplus(a_tau)), heard.outputs.dtype)


def _wired(heard: Within, held: Array | None = None) -> Array:
    return _ruled(heard.liquid.rule, _along(heard, before(heard) if held is None else held))


def _dense(heard: Within, held: Array | None = None) -> Array:
    cell = heard.liquid
    z = np.concatenate((observed(heard.u), before(heard) if held is None else held), axis=-1)
    for layer in cell.backbone:
        z = BENDS[cell.activation](z @ np.asarray(layer.weight, z.dtype).T + np.asarray(layer.bias, z.dtype))
    weight, bias = (np.asarray(a, z.dtype) for a in cell.heads)
    return _ruled(cell.rule, [z @ w.T + b for w, b in zip(weight, bias, strict=True)])


def _ruled(rule: Any, heads: list[Array]) -> Array:
    with np.errstate(divide="ignore"):  # a gate that does not move takes for ever
        if isinstance(rule, Pure):
            return 1 / (np.abs(np.asarray(rule.w_tau, heads[0].dtype)) + np.abs(heads[0]))
        return 1 / np.abs(heads[2])


def _along(heard: Within, held: Array) -> list[Array]:
    """The heads of each unit along a connectome: it hears later states of the layers before its own."""
    cell, net = heard.liquid, heard.liquid.connectome
    layer, pre, post = np.asarray(net.layer), net.recurrent.pre, net.recurrent.post
    among = np.where(layer[pre] < layer[post], heard.outputs[..., pre], held[..., pre])
    seen = observed(heard.u)[..., net.sensory.pre]
    arrays = (np.asarray(a, held.dtype) for a in (cell.sensory, cell.recurrent, cell.bias))
    return [
        sums_at(seen * w, net.sensory.post, net.units) + sums_at(among * r, post, net.units) + b
        for w, r, b in zip(*arrays, strict=True)
    ]


def _mixed(heard: Within) -> Array:
    cell, (h, c) = heard.liquid, heard.state
    inner = heard._replace(liquid=cell.liquid)
    if type(cell.liquid) not in _AFTER:
        return _TAU[type(cell.liquid)](inner)
    held = []  # what the LSTM puts in the place of the liquid's state
    for now, after in zip(heard.u, heard.outputs, strict=True):
        k, c = lstm(cell, h, c, now)
        held.append(k)
        h = after
    return _AFTER[type(cell.liquid)](inner, np.stack(held))


_AFTER: dict[type, Callable[..., Array]] = {Gated: _gated, Diagonal: _diagonal, WiredCfC: _wired, CfC: _dense}
_TAU: dict[type, Callable[..., Array]] = {LTC: _ltc, Leaky: _leaky, Mixed: _mixed, **_AFTER}
