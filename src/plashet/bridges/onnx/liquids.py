"""In ONNX: liquid time-constant networks, and the gated liquids as levels of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...liquids import LTC, Exponential
from ..slots import Heard, net_of
from .graph import Graph, padded
from .plain import At, blend

GATES = ("w", "sigma", "mu", "erev")
Sums = tuple[str, str] | None


def ltc(cell: LTC, graph: Graph, at: At) -> str:
    v = graph.keeps(at.kept("v"), cell.outputs)
    after = ltc_moved(cell, graph, at, v)
    graph.moved(v, after)
    return after


def ltc_moved(cell: LTC, graph: Graph, at: At, v: str) -> str:
    """v after the tick."""
    net, unfolds = cell.connectome, cell.solver.unfolds
    gleak, vleak, cm = (
        graph.floats(getattr(cell.membrane, name), at.path(f"membrane.{name}")) for name in cell.membrane._fields
    )
    weight, bias = (graph.floats(getattr(cell.affine, n), at.path(f"affine.{n}")) for n in cell.affine._fields)
    x = graph.op("Add", graph.op("Mul", at.u, weight), bias)
    sensed = _conductances(graph, net.sensory, cell.sensory, x, at.path("sensory"), closed=True)
    current, total = _more(graph, graph.op("Mul", gleak, vleak), gleak, sensed)
    step = graph.op("Div", at.dt, graph.floats(float(unfolds), "unfolds"))
    slow = graph.op("Div", cm, step)
    for _ in range(unfolds):
        heard = _conductances(graph, net.recurrent, cell.recurrent, v, at.path("recurrent"), closed=False)
        pulled, whole = _more(graph, current, total, heard)
        towards = graph.op("Sub", pulled, graph.op("Mul", whole, v))
        v = graph.op("Add", v, graph.op("Mul", _rate(graph, cell, slow, whole), towards))
    return v


def _conductances(graph: Graph, synapses: Any, gates: Any, x: str, path: str, closed: bool) -> Sums:
    """sum g erev and sum g of each unit; closed: by what is heard and is NaN. None where there are no synapses."""
    if not synapses.edges:
        return None
    start = synapses.by_target.start
    heard = graph.gather(x, padded(start, np.asarray(synapses.pre)))
    w, sigma, mu, erev = (graph.floats(padded(start, np.asarray(getattr(gates, n))), f"{path}.{n}") for n in GATES)
    open_ = graph.op("Sigmoid", graph.op("Mul", sigma, graph.op("Sub", heard, mu)))
    g = graph.op("Mul", w, open_)
    if closed:
        g = graph.op("Where", graph.op("IsNaN", heard), graph.floats(0.0, "zero"), g)
    return graph.sum_last(graph.op("Mul", g, erev)), graph.sum_last(g)


def _more(graph: Graph, current: str, total: str, sums: Sums) -> tuple[str, str]:
    return (current, total) if sums is None else (graph.op("Add", current, sums[0]), graph.op("Add", total, sums[1]))


def _rate(graph: Graph, cell: LTC, slow: str, total: str) -> str:
    """How far a step goes (see liquids/solvers.py); slow: cm/step, so that any dt will do."""
    if not isinstance(cell.solver, Exponential):
        return graph.op("Reciprocal", graph.op("Add", slow, total))
    one, small = graph.floats(1.0, "one"), graph.floats(1e-3, "small")
    z = graph.op("Div", total, slow)
    safe = graph.op("Max", z, small)  # below it, the series: the difference of exponentials has no digits left
    far = graph.op("Div", graph.op("Sub", one, graph.op("Exp", graph.op("Neg", safe))), total)
    bent = graph.op("Sub", graph.floats(0.5, "half"), graph.op("Div", z, graph.floats(6.0, "six")))
    near = graph.op("Div", graph.op("Sub", one, graph.op("Mul", z, bent)), slow)
    return graph.op("Where", graph.op("Less", z, small), near, far)


def levels(cell: Any, graph: Graph, at: At) -> str:
    net = net_of(cell)
    slots = net.slots
    h = graph.keeps(at.kept("h"), slots.units)
    c = graph.keeps(at.kept("c"), slots.cells) if slots.cells else ""
    one = graph.op("Cast", graph.op("Equal", at.dt, at.dt), to=1)  # (batch, 1)
    row = _Row(graph, graph.op("Concat", one, graph.seen(at.u), h, *([c] if c else []), axis=1), slots.h_after)
    for level in net.levels:
        heads = _heads(graph, level, row, at)
        if level.level.kind == "lstm":
            after = memory(graph, heads, c, at.dt)
            graph.moved(c, after)
            row.write(slots.h_after + slots.units + np.arange(slots.cells), after)
            heads = [*heads, after]
        own = "" if level.level.kind == "value" else row.read(level.level.own)
        row.write(level.level.to, NODES[level.level.kind](graph, level, heads, own, at.dt))
    after = row.read(slots.h_after + np.arange(slots.units))
    graph.moved(h, after)
    return after


class _Row:
    """The slots of a tick as one tensor that grows: where each slot is in it."""

    def __init__(self, graph: Graph, tensor: str, width: int) -> None:
        self.graph, self.tensor = graph, tensor
        self.column = {slot: slot for slot in range(width)}

    def read(self, slots: Any) -> str:
        return self.graph.gather(self.tensor, self.columns(slots))

    def columns(self, slots: Any) -> Any:
        slots = np.asarray(slots)
        return np.array([self.column[s] for s in slots.ravel().tolist()], np.int64).reshape(slots.shape)

    def write(self, slots: Any, values: str) -> None:
        first = len(self.column)
        self.column |= {int(slot): first + k for k, slot in enumerate(slots)}
        self.tensor = self.graph.op("Concat", self.tensor, values, axis=1)


def _heads(graph: Graph, level: Heard, row: _Row, at: At) -> list[str]:
    """The weighted sums of each node, one tensor (batch, nodes) for each head."""
    path, heads = at.path("weights"), range(level.weights.shape[1])
    if level.shared is not None:
        matrix = level.weights.reshape(level.nodes, len(level.shared), -1)
        x = row.read(level.shared)
        return [graph.op("MatMul", x, graph.floats(matrix[:, :, k].T, path)) for k in heads]
    x = row.graph.gather(row.tensor, row.columns(padded(level.start, np.asarray(level.level.pre))))
    rows = padded(level.start, level.weights)
    return [graph.sum_last(graph.op("Mul", x, graph.floats(rows[:, :, k], path))) for k in heads]


def _bent(graph: Graph, bend: str, a: str) -> str:
    """See liquids/bends.py."""
    if bend == "identity":
        return a
    if bend == "lecun_tanh":
        inner = graph.op("Tanh", graph.op("Mul", graph.floats(0.666, "slope"), a))
        return graph.op("Mul", graph.floats(1.7159, "height"), inner)
    if bend == "silu":
        return graph.op("Mul", a, graph.op("Sigmoid", a))
    if bend == "gelu":
        below = graph.op("Erf", graph.op("Mul", graph.floats(np.sqrt(0.5), "slope"), a))
        return graph.op("Mul", graph.op("Mul", graph.floats(0.5, "half"), a), _plus_one(graph, below))
    return graph.op({"tanh": "Tanh", "logistic": "Sigmoid", "relu": "Relu"}[bend], a)


def _plus_one(graph: Graph, a: str) -> str:
    return graph.op("Add", graph.floats(1.0, "one"), a)


def held(graph: Graph, dt: str, after: str, before: str) -> str:
    """What was before, where dt is negative."""
    return graph.op("Where", graph.op("Less", dt, graph.floats(0.0, "zero")), before, after)


def _constant(graph: Graph, level: Heard, k: int) -> str:
    return graph.floats(np.minimum(level.constants[:, k], np.finfo(np.float32).max), f"p{k}")


def _leak(graph: Graph, f: str, h: str, dt: str, rate: str) -> str:
    """f + (h - f) exp(-dt rate), no time where dt is negative."""
    elapsed = graph.op("Max", dt, graph.floats(0.0, "zero"))
    keep = graph.op("Exp", graph.op("Neg", graph.op("Mul", elapsed, rate)))
    return blend(graph, f, h, keep)


def _gated(graph: Graph, level: Heard, a: list[str], h: str, dt: str) -> str:
    rate = graph.op("Add", _constant(graph, level, 0), graph.op("Softplus", a[1]))
    return _leak(graph, graph.op("Tanh", a[0]), h, dt, rate)


def _leaky(graph: Graph, level: Heard, a: list[str], h: str, dt: str) -> str:
    return _leak(graph, _bent(graph, level.level.bend, a[0]), h, dt, _constant(graph, level, 0))


def _full(graph: Graph, level: Heard, a: list[str], h: str, dt: str) -> str:
    s = graph.op("Sigmoid", graph.op("Add", graph.op("Mul", a[2], dt), a[3]))
    low, high = graph.op("Tanh", a[0]), graph.op("Tanh", a[1])
    if level.level.kind == "full":
        low = graph.op("Mul", low, graph.op("Sub", graph.floats(1.0, "one"), s))
    return held(graph, dt, graph.op("Add", low, graph.op("Mul", high, s)), h)


def _pure(graph: Graph, level: Heard, a: list[str], h: str, dt: str) -> str:
    rate = graph.op("Add", graph.op("Abs", _constant(graph, level, 0)), graph.op("Abs", a[0]))
    left = graph.op("Exp", graph.op("Neg", graph.op("Mul", dt, rate)))
    top = _constant(graph, level, 1)
    return held(graph, dt, graph.op("Sub", top, graph.op("Mul", graph.op("Mul", top, left), a[0])), h)


def memory(graph: Graph, a: list[str], c: str, dt: str) -> str:
    """c of an LSTM after the tick."""
    forget = graph.op("Mul", c, graph.op("Sigmoid", _plus_one(graph, a[2])))
    added = graph.op("Mul", graph.op("Tanh", a[0]), graph.op("Sigmoid", a[1]))
    return held(graph, dt, graph.op("Add", forget, added), c)


def _lstm(graph: Graph, level: Heard, a: list[str], h: str, dt: str) -> str:
    return held(graph, dt, recalled(graph, a[4], a[3]), h)


def recalled(graph: Graph, c: str, gate: str) -> str:
    """What an LSTM gives of its memory c."""
    return graph.op("Mul", graph.op("Tanh", c), graph.op("Sigmoid", gate))


def _value(graph: Graph, level: Heard, a: list[str], h: str, dt: str) -> str:
    return _bent(graph, level.level.bend, a[0])


NODES = {
    "value": _value,
    "gated": _gated,
    "leaky": _leaky,
    "full": _full,
    "no_gate": _full,
    "pure": _pure,
    "lstm": _lstm,
}
