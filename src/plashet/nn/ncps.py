"""Trained modules of ncps, taken over: same weights, same numbers. ncps itself is not imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import liquids, wiring
from ..cells import Chain
from ..liquids.rules import Rule
from ..model import Model, Readout
from ..types import Array
from .drawn import with_motors
from .layer import LEAST
from .liquids import LTC, CfC
from .recurrent import Recurrent


def from_ncps(module: Any) -> Recurrent:
    """The same network as a module of plashet, with the weights of this one.

    Takes ncps.torch's LTC, CfC, and their cells LTCCell, CfCCell, WiredCfCCell: a cell becomes a module, and its
    forward is module.step(x, state, dt). Parameters of an LTC that must not be negative are taken as they act, in both
    ways of holding them to that. A wired CfC is taken as it is computed, which is not as it is wired: `wired_cell`.
    States of an LTC are in the order of ncps, [motor | command | inter]; those of a wired CfC too, where ncps has them
    the other way round: `state_from_ncps`, `state_to_ncps`. Raises TypeError for another module.
    """
    kind = type(module)
    take = _KINDS.get(kind.__name__) if kind.__module__.split(".")[0] == "ncps" else None
    if take is None:
        raise TypeError(f"from_ncps takes {', '.join(_KINDS)} of ncps.torch; got {kind.__module__}.{kind.__name__}")
    return take(module)


def _ltc(module: Any) -> LTC:
    whole = hasattr(module, "rnn_cell")
    inner = module.rnn_cell if whole else module
    cell: Any = ltc_cell(inner)
    net = cell.cells[0].connectome
    found = LTC(
        inner.sensory_size,
        net,
        mixed_memory=_mixed(module),
        return_sequences=module.return_sequences if whole else True,
        batch_first=module.batch_first if whole else True,
        input_mapping=_mapping(inner, "input"),
        output_mapping=_mapping(inner, "output"),
        ode_unfolds=inner._ode_unfolds,
        epsilon=inner._epsilon,
        device=inner.cm.device,
        dtype=inner.cm.dtype,
    )
    found.load_cell(_with_memory(cell, module, np.arange(net.units)))
    return found


def _mapping(inner: Any, end: str) -> str | None:
    """What is learnt of a map before or behind the neurons."""
    names = [name for name in (f"{end}_w", f"{end}_b") if hasattr(inner, name)]
    return (None, "linear", "affine")[len(names)]


def _mixed(module: Any) -> bool:
    return bool(getattr(module, "use_mixed", False))


def _with_memory(cell: Any, module: Any, order: Array) -> Any:
    """The cell with the mixed memory of the module, if that has one. order: the units as ncps' states have them."""
    if not _mixed(module):
        return cell
    if isinstance(cell, Chain):
        return Chain((_with_memory(cell.cells[0], module, order), *cell.cells[1:]))
    held, units = _arrays(module.lstm), len(order)
    w_in = _placed(held["input_map.weight"].reshape(4, units, -1).swapaxes(1, 2), order).swapaxes(1, 2)
    w = _placed(held["recurrent_map.weight"].reshape(4, units, units), order)
    w = _placed(w.swapaxes(1, 2), order).swapaxes(1, 2)
    return liquids.Mixed(cell, w_in, w, _placed(held["input_map.bias"].reshape(4, units), order))


def ltc_cell(inner: Any) -> Chain:
    """The frozen cell of an LTCCell of ncps."""
    net, held = wiring.from_ncps(inner._wiring), _arrays(inner)
    above = softplus if inner._implicit_param_constraints else (lambda a: np.maximum(a, 0.0))  # what the clip does

    def positive(a: Array) -> Array:
        return np.maximum(above(a), LEAST)

    def gates(prefix: str, synapses: Any) -> liquids.Gates:
        w, sigma, mu, erev = (
            held[f"{prefix}{name}"][synapses.pre, synapses.post] for name in ("w", "sigma", "mu", "erev")
        )
        return liquids.Gates(positive(w), sigma, mu, erev)

    membrane = liquids.Membrane(positive(held["gleak"]), held["vleak"], positive(held["cm"]))
    affine = liquids.Affine(held.get("input_w", np.ones(net.inputs)), held.get("input_b", np.zeros(net.inputs)))
    ends = held.get("output_w", np.ones(net.motor)), held.get("output_b", np.zeros(net.motor))
    liquid = liquids.LTC(
        net,
        gates("", net.recurrent),
        gates("sensory_", net.sensory),
        membrane,
        affine,
        liquids.Fused(inner._ode_unfolds),
    )
    return Chain((liquid, liquids.Motors(net.units, *ends)))


def _cfc(module: Any) -> CfC:
    whole = hasattr(module, "rnn_cell")
    inner = module.rnn_cell if whole else module
    wired = hasattr(inner, "_wiring")
    cell: Any = wired_cell(inner) if wired else cfc_cell(inner)
    first = next(inner.parameters())
    depth = {} if wired else dict(backbone_layers=inner.backbone_layers)
    if not wired and inner.backbone_layers:
        depth["backbone_units"] = inner.backbone[0].out_features
    net = getattr(cell, "cells", (cell,))[0].connectome if wired else None
    order = np.arange(inner.hidden_size) if net is None else np.argsort(net.layer, kind="stable")
    cell = _with_memory(cell, module, order)
    found = CfC(
        cell.inputs,
        inner.hidden_size if net is None else net,
        mixed_memory=_mixed(module),
        proj_size=module.proj_size if whole else None,
        return_sequences=module.return_sequences if whole else True,
        batch_first=module.batch_first if whole else True,
        mode=_cells(inner)[0].mode,
        activation="lecun_tanh" if wired else _activation(inner),
        device=first.device,
        dtype=first.dtype,
        **depth,
    )
    found.load_cell(cell if found.proj is None else _projected(cell, module.fc))
    return found


def _projected(cell: Any, linear: Any) -> Model:
    held = _arrays(linear)
    return Model(cell, Readout(held["weight"].T.copy(), held["bias"]))


def _cells(inner: Any) -> list[Any]:
    return list(inner._layers) if hasattr(inner, "_layers") else [inner]


def _activation(inner: Any) -> str:
    """The name of a backbone's function: that of its module, LeCun for its own."""
    names = {"LeCun": "lecun_tanh", "SiLU": "silu", "ReLU": "relu", "Tanh": "tanh", "GELU": "gelu"}
    return names[type(inner.backbone[1]).__name__] if inner.backbone_layers else "lecun_tanh"


def cfc_cell(inner: Any) -> liquids.CfC:
    """The frozen cell of a CfCCell of ncps. Dropout in its backbone, which acts in training only, is left out."""
    backbone = tuple(
        liquids.Dense(*_arrays(layer).values()) for layer in (inner.backbone or ()) if hasattr(layer, "in_features")
    )
    heads, rule = _heads(inner)
    dense = liquids.Dense(np.stack([weight for weight, _ in heads]), np.stack([bias for _, bias in heads]))
    return liquids.CfC(inner.input_size, backbone, dense, rule, _activation(inner))


def _heads(inner: Any) -> tuple[list[tuple[Array, Array]], Rule]:
    """Weights as they act, under the mask if there is one, and biases of the heads; the rule."""
    names = ("ff1",) if inner.mode == "pure" else ("ff1", "ff2", "time_a", "time_b")
    held, mask = _arrays(inner), 1.0
    if inner.sparsity_mask is not None:
        mask = held["sparsity_mask"]
    heads = [(held[f"{n}.weight"] * (mask if n.startswith("ff") else 1.0), held[f"{n}.bias"]) for n in names]
    if inner.mode == "pure":
        return heads, liquids.Pure(held["w_tau"][0], held["A"][0])
    return heads, liquids.NoGate() if inner.mode == "no_gate" else liquids.Full()


def wired_cell(inner: Any) -> liquids.WiredCfC | Chain:
    """The frozen cell of a WiredCfCCell of ncps as it is: a synapse for every pair of neurons that ncps computes.

    These are more than its wiring has: its time heads hear all of the layer before, every layer hears all of itself.
    """
    plan, cells = inner._wiring, _cells(inner)
    neurons = [np.asarray(plan.get_neurons_of_layer(k)) for k in range(plan.num_layers)]
    layer = np.zeros(plan.units, np.int64)
    edges: tuple[list[Array], list[Array]] = [], []  # sensory, recurrent: rows of (pre, post, *weights)
    found, bias, rules = [_heads(cell) for cell in cells], [], []
    for k, (heads, rule) in enumerate(found):
        layer[neurons[k]] = k
        before = np.arange(plan.input_dim) if k == 0 else neurons[k - 1]
        sources = np.concatenate((before, neurons[k]))
        weights = np.stack([weight for weight, _ in heads])  # (heads, units, sources)
        to, of = np.nonzero((weights != 0).any(0) | _computed(cells[k]))
        rows = np.vstack((sources[of], neurons[k][to], weights[:, to, of]))
        outer = of < len(before)
        edges[0 if k == 0 else 1].append(rows[:, outer])
        edges[1].append(rows[:, ~outer])
        bias.append(np.stack([b for _, b in heads]))
        rules.append(rule)
    order = np.concatenate(neurons)
    net, (sensory, recurrent) = _sorted_net(edges, plan, layer, len(neurons[-1]))
    liquid = liquids.WiredCfC(net, sensory, recurrent, _placed(np.concatenate(bias, 1), order), _rule(rules, order))
    return with_motors(liquid, net)


def _computed(cell: Any) -> Array:
    """(units, sources) what a layer of ncps hears in some head: in its time heads everything."""
    mask = cell.sparsity_mask.detach().cpu().numpy() != 0
    return mask if cell.mode == "pure" else np.ones_like(mask)


def _sorted_net(edges: Any, plan: Any, layer: Array, motor: int) -> tuple[wiring.Connectome, list[Array]]:
    """The connectome of rows (pre, post, *weights), and the weights in its order."""
    sorted_rows = []
    for kind in edges:
        rows = np.hstack(kind)
        sorted_rows.append(rows[:, np.lexsort((rows[0], rows[1]))])
    ends = [(r[0].astype(np.int64), r[1].astype(np.int64), np.ones(r.shape[1], np.int64)) for r in sorted_rows]
    net = wiring.connectome(*ends, inputs=plan.input_dim, units=plan.units, motor=motor, layer=layer)
    return net, [rows[2:] for rows in sorted_rows]


def _placed(values: Array, order: Array) -> Array:
    """Values (..., units) in the order of ncps' states, in that of the units."""
    placed = np.empty_like(values)
    placed[..., order] = values
    return placed


def _rule(rules: list[Any], order: Array) -> Rule:
    if not isinstance(rules[0], liquids.Pure):
        return rules[0]
    both = (np.concatenate([getattr(rule, name) for rule in rules]) for name in ("w_tau", "A"))
    return liquids.Pure(*(_placed(a, order) for a in both))


def state_from_ncps(module: Any, state: Any) -> Any:
    """A state (batch, units) of a wired CfC of ncps, [inter | command | motor], in the order of plashet's module.

    With mixed memory, both parts of it.
    """
    return _in_order(state, _order(module).argsort())


def state_to_ncps(module: Any, state: Any) -> Any:
    """The inverse of `state_from_ncps`."""
    return _in_order(state, _order(module))


def _in_order(state: Any, order: Any) -> Any:
    if isinstance(state, tuple):
        return tuple(_in_order(part, order) for part in state)
    return state.index_select(-1, order.to(state.device))


def _order(module: Any) -> Any:
    """The units in the order of ncps' states: by layer."""
    return torch.from_numpy(np.argsort(module.connectomes[0].layer, kind="stable"))


def softplus(a: Array) -> Array:
    return np.logaddexp(0.0, a)


def _arrays(module: Any) -> dict[str, Array]:
    """Its own parameters by name, in float64."""
    return {name: p.detach().cpu().double().numpy() for name, p in module.named_parameters()}


_KINDS: dict[str, Callable[[Any], Recurrent]] = {
    "LTC": _ltc,
    "LTCCell": _ltc,
    "CfC": _cfc,
    "CfCCell": _cfc,
    "WiredCfCCell": _cfc,
}
