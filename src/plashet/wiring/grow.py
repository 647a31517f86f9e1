"""Units added to a wiring, and taken from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..types import Array
from .draw import stream
from .topology import Synapses
from .wiring import Wiring


def grown(wiring: Wiring, count: int, *, seed: int, degree: int = 10) -> Wiring:
    """The same wiring with `count` units more, each listening to `degree` of the old ones; nobody listens to them yet.

    Their weights, inputs and bias are drawn with the standard deviations that the wiring has. Bands become a list of
    synapses: cyclic shifts do not survive a change of size.
    """
    if count < 1:
        raise ValueError(f"count is how many units to add, at least 1; got {count}")
    old, units = wiring.topology.synapses(), wiring.units + count
    degree = min(degree, wiring.units)
    pick = stream(seed, "topology")
    pre = np.concatenate([pick.choice(wiring.units, degree, replace=False) for _ in range(count)])
    post = np.repeat(np.arange(wiring.units, units), degree)
    topology = Synapses(np.concatenate((old.pre, pre)), np.concatenate((old.post, post)), units, units)
    weights = stream(seed, "weights").standard_normal(count * degree) * np.std(wiring.weights)
    w_in = stream(seed, "inputs").standard_normal((wiring.inputs, count)).T * wiring.w_in.std(axis=0)
    bias = stream(seed, "bias").standard_normal(count) * np.std(wiring.bias)
    return Wiring(
        topology,
        np.concatenate((np.ravel(wiring.weights), weights)),
        np.concatenate((wiring.w_in, w_in)),
        np.concatenate((wiring.bias, bias)),
    )


def pruned(wiring: Wiring, keep: Array, held: Array) -> Wiring:
    """The wiring of the units `keep` (ascending indices). What they heard of the others stays, held at those units'
    values `held` (units,), as part of their bias: the next drive is the same as if nothing had been taken away."""
    keep = np.asarray(keep)
    place = np.full(wiring.units, -1)
    place[keep] = np.arange(len(keep))
    edges, weights = wiring.topology.synapses(), np.ravel(wiring.weights)
    listens, speaks = place[edges.post] >= 0, place[edges.pre] >= 0
    bias = np.array(wiring.bias, dtype=np.float64)
    np.add.at(bias, edges.post[~speaks], weights[~speaks] * held[edges.pre[~speaks]])
    stays = listens & speaks
    topology = Synapses(place[edges.pre[stays]], place[edges.post[stays]], len(keep), len(keep))
    return replace(wiring, topology=topology, weights=weights[stays], w_in=wiring.w_in[keep], bias=bias[keep])
