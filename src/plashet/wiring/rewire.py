"""A connectome as a reservoir, and its degrees dealt anew."""

from __future__ import annotations

import numpy as np

from ..types import Array
from .connectome import Connectome, connectome
from .draw import rescaled, stream
from .topology import Ints
from .wiring import Wiring


def reservoir(
    net: Connectome,
    strength: Array | float = 1.0,
    *,
    seed: int,
    spectral_radius: float = 0.9,
    input_scaling: float = 1.0,
    bias_scaling: float = 0.2,
) -> Wiring:
    """A wiring for Leaky with the synapses of a connectome: weights are their signs times a strength.

    strength: one, or one for each recurrent edge, at least 0, scaled together to the spectral radius. Input weights
    are uniform in +-input_scaling where there are sensory synapses and zero elsewhere, the bias in +-bias_scaling.
    Raises ValueError for strengths below zero, and for a connectome without a loop, which no scale gives a radius.
    """
    edges = net.recurrent.edges
    given = np.broadcast_to(np.asarray(strength, np.float64), (edges,)) if np.ndim(strength) == 0 else strength
    given = np.asarray(given, np.float64)
    if given.shape != (edges,) or not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError(f"strength is {given.shape}, wanted one or ({edges},) finite numbers of at least 0")
    w_in = np.zeros((net.units, net.inputs))
    drawn = stream(seed, "inputs").uniform(-1, 1, (net.inputs, net.units)).T
    w_in[net.sensory.post, net.sensory.pre] = input_scaling * drawn[net.sensory.post, net.sensory.pre]
    bias = bias_scaling * stream(seed, "bias").uniform(-1, 1, net.units)
    return rescaled(Wiring(net.recurrent, net.sign * given, w_in, bias), spectral_radius)


def rewired(net: Connectome, *, seed: int, swaps: int = 10) -> tuple[Connectome, Ints]:
    """The same connectome with its recurrent synapses dealt anew: every unit keeps its in-degree and its out-degree.

    Two synapses a -> b and c -> d become a -> d and c -> b, unless there is one already; a unit's synapse to itself
    stays, and none is made. Signs stay with the unit they come from. swaps: how often each synapse is tried, on average
    (Maslov & Sneppen 2002). Sensory synapses stay as they are.

    Returns the connectome and (edges,) which of the old edges each of the new ones was: `strength[edges]` go with them.
    """
    pre, post = (np.asarray(a).tolist() for a in (net.recurrent.pre, net.recurrent.post))
    apart = [e for e in range(len(pre)) if pre[e] != post[e]]
    there = set(zip(pre, post, strict=True))
    rng = np.random.default_rng(seed)
    for one, other in rng.choice(apart, (swaps * len(apart) // 2, 2)).tolist() if apart else ():
        a, b, c, d = pre[one], post[one], pre[other], post[other]
        if a == d or c == b or (a, d) in there or (c, b) in there:
            continue
        there.difference_update(((a, b), (c, d)))
        there.update(((a, d), (c, b)))
        post[one], post[other] = d, b
    order = np.lexsort((pre, post))
    sensory = (net.sensory.pre, net.sensory.post, net.sensory_sign)
    mixed = connectome(
        sensory,
        (np.array(pre, np.int64), np.array(post, np.int64), net.sign),
        inputs=net.inputs,
        units=net.units,
        motor=net.motor,
        layer=net.layer,
        names=net.names,
    )
    return mixed, order
