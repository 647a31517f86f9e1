"""In ONNX: mixed memory, in levels with its liquid where that has them, else an LSTM before the liquid's own step."""

from __future__ import annotations

import numpy as np

from ...liquids import LTC, Leaky, Mixed
from ..door import Emitter, chosen
from .graph import Graph
from .liquids import held, levels, ltc_moved, memory, recalled
from .plain import At, leaky_moved

MOVED: dict[type, Emitter] = {LTC: ltc_moved, Leaky: leaky_moved}


def mixed(cell: Mixed, graph: Graph, at: At) -> str:
    if hasattr(cell.liquid, "form"):
        return levels(cell, graph, at)
    move = chosen(MOVED, cell.liquid, at.path("liquid"), "ONNX")
    h, c = (graph.keeps(at.kept(name), cell.outputs) for name in ("h", "c"))
    x = graph.op("Concat", graph.seen(at.u), h, axis=1)
    rows = np.concatenate((cell.w_in, cell.w), axis=2)
    heads = [
        graph.op("Gemm", x, graph.floats(w.T, at.path("w")), graph.floats(b, at.path("bias")))
        for w, b in zip(rows, np.asarray(cell.bias), strict=True)
    ]
    after_c = memory(graph, heads, c, at.dt)
    elapsed = graph.op("Max", at.dt, graph.floats(0.0, "zero"))
    inner = at.within("liquid", "")._replace(dt=elapsed)
    after = held(graph, at.dt, move(cell.liquid, graph, inner, recalled(graph, after_c, heads[3])), h)
    graph.moved(h, after)
    graph.moved(c, after_c)
    return after
