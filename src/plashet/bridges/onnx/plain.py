"""In ONNX: cells made of cells, cells without weights, readouts, and the leaky units of reservoirs.

An emitter takes a cell, the graph, the names of u (batch, inputs) and of dt (batch, 1), its place in the model and its
state's place in the model's state; it gives the name of its output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...cells import Beside, Chain, Pass, Products, Squares
from ...encode import Hold, Mask, Scale
from ...liquids import Leaky, Motors
from ...model import Looped, Model, Readout
from ..door import Emitter, chosen, stripped
from .graph import Graph, padded


class At(NamedTuple):
    """Where a cell sits: it hears u, and dt; place is its path in the model, state that of its state."""

    u: str
    dt: str
    place: str = ""
    state: str = ""

    def within(self, part: str, state: str, u: str | None = None) -> At:
        return At(self.u if u is None else u, self.dt, _joined(self.place, part), _joined(self.state, state))

    def path(self, name: str) -> str:
        return _joined(self.place, name)

    def kept(self, name: str) -> str:
        return _joined(self.state, name)


def _joined(path: str, part: str) -> str:
    return f"{path}.{part}" if path and part else path or part


Emit = Callable[[Any, Graph, At], str]


def chain(emit: Emit, cell: Chain, graph: Graph, at: At) -> str:
    y = at.u
    for k, inner in enumerate(cell.cells):
        y = emit(inner, graph, at.within(f"cells.{k}", str(k), y))
    return y


def beside(emit: Emit, cell: Beside, graph: Graph, at: At) -> str:
    parts = [emit(inner, graph, at.within(f"cells.{k}", str(k))) for k, inner in enumerate(cell.cells)]
    return graph.op("Concat", *parts, axis=1)


def model(emit: Emit, cell: Model, graph: Graph, at: At) -> str:
    return readout(
        cell.readout, graph, at.within("readout", "", emit(cell.liquid, graph, at.within("liquid", "inner")))
    )


def looped(emit: Emit, cell: Looped, graph: Graph, at: At) -> str:
    last = graph.keeps(at.kept("last"), cell.outputs)
    heard = graph.op("Concat", at.u, last, axis=1)
    features = emit(cell.liquid, graph, at.within("liquid", "inner", heard))
    y = readout(cell.readout, graph, at.within("readout", "", features))
    graph.moved(last, y)
    return y


def readout(cell: Any, graph: Graph, at: At) -> str:
    chosen({Readout: readout}, cell, at.place, "ONNX")
    weights, bias = (graph.floats(getattr(cell, name), at.path(name)) for name in ("weights", "bias"))
    return graph.op("Gemm", at.u, weights, bias)


def motors(cell: Motors, graph: Graph, at: At) -> str:
    weight, bias = (graph.floats(getattr(cell, name), at.path(name)) for name in ("weight", "bias"))
    return graph.op("Add", graph.op("Mul", graph.columns(at.u, 0, cell.outputs), weight), bias)


def pass_(cell: Pass, graph: Graph, at: At) -> str:
    return graph.seen(at.u)


def mask(cell: Mask, graph: Graph, at: At) -> str:
    return graph.op("Cast", graph.op("Not", graph.op("IsNaN", at.u)), to=1)


def squares(cell: Squares, graph: Graph, at: At) -> str:
    return graph.op("Concat", at.u, graph.op("Mul", at.u, at.u), axis=1)


def products(cell: Products, graph: Graph, at: At) -> str:
    i, j = np.triu_indices(cell.inputs)
    return graph.op("Concat", at.u, graph.op("Mul", graph.gather(at.u, i), graph.gather(at.u, j)), axis=1)


def hold(cell: Hold, graph: Graph, at: At) -> str:
    last = graph.keeps(at.kept("last"), cell.inputs)
    y = graph.op("Where", graph.op("IsNaN", at.u), last, at.u)
    graph.moved(last, y)
    return y


def scale(cell: Scale, graph: Graph, at: At) -> str:
    center, spread = (graph.floats(getattr(cell, name), at.path(name)) for name in ("center", "spread"))
    x = graph.op("Div", graph.op("Sub", at.u, center), spread)
    if not np.isfinite(cell.limit).any():
        return x
    most, least = (graph.floats(sign * np.asarray(cell.limit), at.path("limit")) for sign in (1, -1))
    within = graph.op("Max", graph.op("Min", x, most), least)
    return graph.op("Where", graph.op("IsNaN", x), x, within)  # whatever Min and Max make of NaN


ACTIVATIONS = {"tanh": "Tanh", "logistic": "Sigmoid", "relu": "Relu", "identity": "Identity"}


def leaky(cell: Leaky, graph: Graph, at: At) -> str:
    x = graph.keeps(at.kept("x"), cell.outputs)
    after = leaky_moved(cell, graph, at, x)
    graph.moved(x, after)
    return after


def leaky_moved(cell: Leaky, graph: Graph, at: At, x: str) -> str:
    """x after the tick."""
    wiring, topology = cell.wiring, cell.wiring.topology.synapses()
    f = graph.floats(wiring.bias, at.path("wiring.bias"))
    if cell.inputs:
        w_in = graph.floats(np.asarray(wiring.w_in).T, at.path("wiring.w_in"))
        f = graph.op("Gemm", graph.seen(at.u), w_in, f)
    if topology.edges:
        order, start = topology.by_target
        rows = padded(start, np.asarray(topology.pre)[order])
        weights = padded(start, np.asarray(wiring.weights).ravel()[order])
        heard = graph.op("Mul", graph.gather(x, rows), graph.floats(weights, at.path("wiring.weights")))
        f = graph.op("Add", graph.sum_last(heard), f)
    f = graph.op(ACTIVATIONS[cell.activation], f)
    tau = graph.floats(np.atleast_1d(cell.tau), at.path("tau"))
    keep = graph.op("Exp", graph.op("Div", graph.op("Neg", at.dt), tau))
    return blend(graph, f, x, keep)


def blend(graph: Graph, f: str, x: str, keep: str) -> str:
    """(1 - keep) f + keep x: x itself where all is kept."""
    new = graph.op("Sub", graph.floats(1.0, "one"), keep)
    return graph.op("Add", graph.op("Mul", new, f), graph.op("Mul", keep, x))


MADE_OF: dict[type, Callable[..., str]] = {Chain: chain, Beside: beside, Model: model, Looped: looped}
PLAIN: dict[type, Emitter] = {
    Pass: pass_,
    Mask: mask,
    Squares: squares,
    Products: products,
    Hold: hold,
    Scale: scale,
    Motors: motors,
    Leaky: leaky,
}


def emitter(liquids: dict[type, Emitter]) -> Emit:
    """Who writes a cell and all that it is made of."""
    known: dict[type, Emitter] = {**PLAIN, **liquids, **MADE_OF}

    def emit(cell: Any, graph: Graph, at: At) -> str:
        cell = stripped(cell)
        write = chosen(known, cell, at.place, "ONNX")
        return str(write(emit, cell, graph, at) if type(cell) in MADE_OF else write(cell, graph, at))

    return emit
