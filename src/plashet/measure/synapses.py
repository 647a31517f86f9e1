"""Which synapses carry a decision of a net: what each contributes to it, three ways, and a ranking."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..cells import sweep
from ..pull import pull
from ..types import Array, State
from ..wiring import kinds
from .nets import BySynapse, Question, net_in, question, strengths


class Ranked(NamedTuple):
    """A synapse and what it contributes."""

    pre: str  # a unit's name, or what it is and its number; "input 3" of a sensory one
    post: str
    sensory: bool
    edge: int  # its number in the connectome
    value: float


def gradient_times_strength(cell: Any, u: Array, dt: Any, asked: Any, state: State | None = None) -> BySynapse:
    """w dD/dw for each synapse: how much of the decision D it carries, to first order. One run and one pull.

    u: (time, *batch, inputs)   dt [s]: a number, (time,) or (time, *batch)   state: where to begin, else at rest.
    asked: the decision, D = sum of asked * outputs: (time, *batch, outputs), or the number of an output, which is
    asked for after the last tick. w is the conductance of an LTC's synapse; of a Gated or a WiredCfC the weights of
    all heads together, whose products are added. At w = 0 the synapse is not there, so D - w dD/dw is what a straight
    line says of the net without it. The cell may be a Chain, Beside or Model around one such net.

    Raises TypeError for a cell that holds no such net, or several; ValueError for shapes that do not fit.
    """
    asked_of = question(cell, u, dt, asked, state)
    paths = strengths(asked_of.cell)
    return BySynapse(*(_summed(a * g) for a, g in zip(*_slopes(asked_of, paths, 1.0), strict=True)))


def integrated_gradients(
    cell: Any, u: Array, dt: Any, asked: Any, state: State | None = None, *, steps: int = 32
) -> BySynapse:
    """w times the mean of dD/dw while all synapses grow together from nothing to what they are.

    The contributions add up to D - D0 exactly, D0 the decision of the net without any synapse (completeness), but for
    the quadrature: Gauss and Legendre's, of so many `steps`, runs and pulls. Arguments and raises as
    `gradient_times_strength`.

    Sundararajan, Taly & Yan 2017, Axiomatic attribution for deep networks; here of synapses instead of inputs.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}, wanted at least one")
    asked_of = question(cell, u, dt, asked, state)
    paths, total = strengths(asked_of.cell), [np.zeros(()), np.zeros(())]
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    for size, share in zip((nodes + 1) / 2, weights / 2, strict=True):
        full, slopes = _slopes(asked_of, paths, float(size))
        total = [sum_ + share * _summed(a * g) for sum_, a, g in zip(total, full, slopes, strict=True)]
    return BySynapse(*total)


def ablation(cell: Any, u: Array, dt: Any, asked: Any, state: State | None = None) -> BySynapse:
    """D - D without the synapse, for each: the whole change that its removal makes. A run for each synapse.

    Two synapses that stand in for each other have small ones both. Arguments and raises as `gradient_times_strength`.
    """
    asked_of = question(cell, u, dt, asked, state)
    whole, found = _decision(asked_of), []
    for path in strengths(asked_of.cell):
        full = np.asarray(tree.arrays(asked_of.cell)[path])
        change = np.empty(full.shape[-1])
        for edge in range(full.shape[-1]):
            less = np.array(full)
            less[..., edge] = 0.0
            change[edge] = whole - _decision(asked_of._replace(cell=tree.replace(asked_of.cell, {path: less})))
        found.append(change)
    return BySynapse(*found)


def decision(cell: Any, u: Array, dt: Any, asked: Any, state: State | None = None) -> float:
    """D = sum of asked * outputs: what the others explain. Arguments as `gradient_times_strength`."""
    return _decision(question(cell, u, dt, asked, state))


def strongest(cell: Any, found: BySynapse, count: int = 10) -> list[Ranked]:
    """The synapses that contribute most, in size, of either sign: the strongest first."""
    net = net_in(cell)[1].connectome
    names = net.names or tuple(f"{kind} {k}" for k, kind in enumerate(kinds(net)))
    listed = []
    for values, synapses, sensory in ((found.recurrent, net.recurrent, False), (found.sensory, net.sensory, True)):
        if np.shape(values) != (synapses.edges,):
            kind = "sensory" if sensory else "recurrent"
            raise ValueError(f"the {kind} contributions are {np.shape(values)}, wanted ({synapses.edges},)")
        for edge, (pre, post, value) in enumerate(zip(synapses.pre, synapses.post, values, strict=True)):
            heard = f"input {pre}" if sensory else names[pre]
            listed.append(Ranked(heard, names[post], sensory, edge, float(value)))
    return sorted(listed, key=lambda one: -abs(one.value))[:count]


def _slopes(asked: Question, paths: tuple[str, str], size: float) -> tuple[list[Array], list[Array]]:
    """The strengths in full, and the decision's slopes by them where they are `size` of that."""
    full = [np.asarray(tree.arrays(asked.cell)[path], np.float64) for path in paths]
    cell = tree.replace(asked.cell, {path: size * a for path, a in zip(paths, full, strict=True)})
    pulled = pull(cell, asked.state, asked.u, asked.dt, None, asked.asked)
    return full, [np.asarray(pulled.parameters[path], np.float64) for path in paths]


def _summed(products: Array) -> Array:
    """Over the heads, where there are some: (edges,)."""
    return products if products.ndim == 1 else products.sum(axis=0)


def _decision(asked: Question) -> float:
    return float((sweep(asked.cell, asked.state, asked.u, asked.dt)[1] * asked.asked).sum())
