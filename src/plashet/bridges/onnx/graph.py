"""An ONNX graph in the making: its nodes, its constants, and the states that go in and come out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...types import Array
from ..door import single

OPSET, IR = 17, 8  # onnxruntime 1.12 and later run them


def onnx() -> Any:
    """The package."""
    try:
        import onnx as module
    except ImportError as error:
        raise ImportError("ONNX is an extra: pip install 'plashet[bridges]'") from error
    return module


class Graph:
    """What has been built so far. Every tensor goes by its name; the batch is the first axis."""

    def __init__(self) -> None:
        self.helper = onnx().helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs = [self._port("u"), self._port("dt")]
        self.outputs: list[Any] = []

    def op(self, kind: str, *given: str, **attributes: Any) -> str:
        """A node with one output; the output's name."""
        name = f"{kind.lower()}_{len(self.nodes) + 1}"
        self.nodes.append(self.helper.make_node(kind, list(given), [name], name=name, **attributes))
        return name

    def floats(self, values: Any, path: str) -> str:
        """A constant in float32."""
        return self._constant(single(values, path), path)

    def integers(self, values: Any) -> str:
        return self._constant(np.asarray(values, np.int64), "index")

    def _constant(self, array: Array, path: str) -> str:
        name = f"{path}#{len(self.constants) + 1}"
        self.constants.append(onnx().numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def keeps(self, path: str, size: int) -> str:
        """A state that goes in, by its path in the cell's state; `moved` says what comes out."""
        name = f"state.{path}" if path else "state"
        self.inputs.append(self._port(name, size))
        return name

    def moved(self, state: str, after: str) -> None:
        """The state after the tick is the tensor `after`."""
        name = state.replace("state", "state_after", 1)
        size = next(p for p in self.inputs if p.name == state).type.tensor_type.shape.dim[1].dim_value
        self.nodes.append(self.helper.make_node("Identity", [after], [name], name=f"keep_{name}"))
        self.outputs.append(self._port(name, size))

    def model(self, cell: Any, y: str) -> Any:
        """The whole, checked, with its output y."""
        from ... import __version__

        module = onnx()
        self.nodes.append(self.helper.make_node("Identity", [y], ["y"], name="give_y"))
        self.inputs[0] = self._port("u", cell.inputs)
        ports = [self._port("y", cell.outputs), *self.outputs]
        graph = self.helper.make_graph(self.nodes, "plashet_step", self.inputs, ports, self.constants)
        about = {"producer_name": "plashet", "producer_version": __version__, "ir_version": IR}
        made = self.helper.make_model(graph, opset_imports=[self.helper.make_opsetid("", OPSET)], **about)
        made.doc_string = f"One step of a {type(cell).__name__}: u held for dt seconds; the loop over time is outside."
        module.checker.check_model(made, full_check=True)
        return made

    def _port(self, name: str, size: int | None = None) -> Any:
        shape = ["batch"] if size is None else ["batch", size]
        return self.helper.make_tensor_value_info(name, onnx().TensorProto.FLOAT, shape)

    # ------------------------------------------------------------------------------------------------- small phrases

    def seen(self, u: str) -> str:
        """u with what is missing (NaN) put to zero."""
        return self.op("Where", self.op("IsNaN", u), self.floats(0.0, "zero"), u)

    def gather(self, x: str, slots: Any) -> str:
        """x (batch, sources) at slots, (n,) or (n, m): (batch, n) or (batch, n, m)."""
        return self.op("Gather", x, self.integers(slots), axis=1)

    def sum_last(self, x: str) -> str:
        return self.op("ReduceSum", x, self.integers([-1]), keepdims=0)

    def columns(self, x: str, first: int, end: int) -> str:
        return self.op("Slice", x, self.integers([first]), self.integers([end]), self.integers([1]))


def padded(start: Array, values: Array) -> Array:
    """Values along edges that are sorted by target, (edges, ...), as a row for each target, zeros behind the last."""
    many = np.diff(start)
    rows = np.zeros((len(many), int(many.max(initial=0)), *values.shape[1:]), values.dtype)
    rows[np.arange(rows.shape[1]) < many[:, None]] = values
    return rows
