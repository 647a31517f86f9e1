"""The exported ONNX model of a step computes what the cell computes, in onnxruntime."""

import numpy as np
import onnx as package
import onnxruntime
import pytest

from exported import CELLS, series
from plashet import run, tree
from plashet.bridges import onnx
from plashet.cells import sweep
from zoo import SPIKING

QUIET = onnxruntime.SessionOptions()
QUIET.intra_op_num_threads = QUIET.inter_op_num_threads = 1


def session(cell):
    content = onnx.to_model(cell).SerializeToString()
    return onnxruntime.InferenceSession(content, QUIET, providers=["CPUExecutionProvider"])


def stepped(cell, u, dt):
    """The loop that is outside: u (time, batch, inputs), dt (time, batch). Outputs, and the last states by name."""
    net = session(cell)
    held = {p.name: np.zeros((u.shape[1], p.shape[1]), np.float32) for p in net.get_inputs()[2:]}
    names = [p.name for p in net.get_outputs()]
    outputs = []
    for now, elapsed in zip(u, dt, strict=True):
        y, *after = net.run(names, {"u": now, "dt": elapsed, **held})
        held = {n.replace("state_after", "state", 1): a for n, a in zip(names[1:], after, strict=True)}
        outputs.append(y)
    return np.stack(outputs), held


@pytest.mark.parametrize("name", CELLS)
def test_the_model_computes_what_the_cell_computes_in_a_batch_of_rows_each_with_its_own_clock(name):
    cell, rows = CELLS[name], 3
    u, dt = zip(*(series(cell.inputs, 40, seed) for seed in range(rows)), strict=True)
    u, dt = np.stack(u, 1), np.stack(dt, 1)
    expected, state = run(cell, u, dt)
    found, held = stepped(cell, u, dt)
    scale = max(1.0, np.nanmax(np.abs(expected)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale)
    known = tree.arrays(state)
    for path, array in held.items():  # the states go by the paths that they have in the cell's own
        np.testing.assert_allclose(array, known[path.removeprefix("state.")], rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("name", [n for n, cell in CELLS.items() if hasattr(cell, "form")])
def test_a_tick_that_is_not_there_changes_nothing(name):
    cell = CELLS[name]
    u, dt = series(cell.inputs, 12)
    dt[::3] = -1
    found, _ = stepped(cell, u[:, None], dt[:, None])
    np.testing.assert_array_equal(found[3::3], found[2:-1:3])
    np.testing.assert_allclose(found, sweep(cell, cell.init(u[:1]), u[:, None], dt[:, None])[1], rtol=1e-5, atol=1e-5)


def test_the_ports_are_named_and_the_batch_is_free():
    made = onnx.to_model(CELLS["policy"])
    package.checker.check_model(made, full_check=True)
    shapes = {
        p.name: [d.dim_param or d.dim_value for d in p.type.tensor_type.shape.dim]
        for p in (*made.graph.input, *made.graph.output)
    }
    assert shapes == {
        "u": ["batch", 4],
        "dt": ["batch"],
        "state.0.last": ["batch", 4],
        "state.2.v": ["batch", 20],
        "y": ["batch", 3],
        "state_after.0.last": ["batch", 4],
        "state_after.2.v": ["batch", 20],
    }
    assert made.opset_import[0].version == 17


def test_a_sparse_wiring_costs_its_synapses():
    """The rows of the tables are as long as the most heard unit's list, not as many as there are units."""
    cell = CELLS["policy"].cells[2]
    most = np.bincount(cell.connectome.recurrent.post).max()
    shapes = {tuple(a.dims) for a in onnx.to_model(cell).graph.initializer if a.name.startswith("recurrent.w")}
    assert shapes == {(20, most)}


def test_what_cannot_be_exported_is_refused_by_name():
    with pytest.raises(TypeError, match="Spiking cannot be exported to ONNX: spiking circuits go out as NIR"):
        onnx.to_model(SPIKING["LIF"])


def test_a_file_holds_the_model(tmp_path):
    onnx.write(tmp_path / "net.onnx", CELLS["LTC"])
    assert package.load(tmp_path / "net.onnx") == onnx.to_model(CELLS["LTC"])
