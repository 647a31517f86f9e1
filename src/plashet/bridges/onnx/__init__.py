"""One step of a net as an ONNX model; the loop over time is outside, where the stream is.

    from plashet.bridges import onnx
    onnx.write("policy.onnx", live.model)

Inputs: `u` (batch, inputs), `dt` (batch,) in seconds, and each state by its path in the cell's own, `state.v` for
instance; outputs: `y` (batch, outputs) and the states after the step, `state_after.v`. At rest every state is zero. All
float32, any batch; a missing input is NaN. Operators of opset 17, built from the cell itself: no torch is needed.
Needs the extra `bridges`.
"""

from __future__ import annotations

import os
from typing import Any

from ...liquids import LTC, Mixed
from ..door import Emitter, check
from ..slots import LIQUIDS
from .graph import Graph
from .graph import onnx as _package
from .liquids import levels, ltc
from .mixed import mixed
from .plain import At, emitter

__all__ = ["to_model", "write"]

_LIQUIDS: dict[type, Emitter] = {LTC: ltc, **dict.fromkeys(LIQUIDS, levels), Mixed: mixed}
_EMIT = emitter(_LIQUIDS)


def to_model(cell: Any) -> Any:
    """The step of a frozen cell or model as an onnx.ModelProto, checked by onnx's own checker.

    Raises TypeError for a cell that ONNX cannot be written for, naming it, where it sits, and the way out; ValueError
    for numbers that float32 does not hold; ImportError without the extra.
    """
    check(cell)
    graph = Graph()
    dt = graph.op("Unsqueeze", "dt", graph.integers([1]))
    return graph.model(cell, _EMIT(cell, graph, At("u", dt)))


def write(path: str | os.PathLike[str], cell: Any) -> None:
    """Write the step of a frozen cell or model to a file; raises as `to_model` does."""
    _package().save(to_model(cell), os.fspath(path))
