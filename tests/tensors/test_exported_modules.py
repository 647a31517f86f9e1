"""A module of torch leaves as a header by its frozen cell; tensors themselves are refused with that way out."""

import pytest

torch = pytest.importorskip("torch")

import plashet as pl  # noqa: E402
from plashet.bridges import c, onnx  # noqa: E402

pytestmark = pytest.mark.torch


def test_a_module_is_exported_by_its_cell():
    net = pl.nn.LTC(3, pl.wiring.auto_ncp(12, 2, 3, seed=0), batch_first=True)
    assert "ltc" in c.header(net.cell(), "policy")
    assert onnx.to_model(net.cell()).graph.input[0].name == "u"


def test_a_cell_that_holds_tensors_is_refused():
    cell = pl.liquids.gated(pl.wiring.dense(4, 2, seed=0), seed=0)
    held = pl.tree.map_arrays(lambda path, a: torch.as_tensor(a) if path == "bias" else a, cell)
    for export in (c.header, onnx.to_model):
        with pytest.raises(TypeError, match=r"bias is a tensor; export the frozen cell: `module\.cell\(\)`"):
            export(held)


def test_a_module_itself_is_no_cell():
    with pytest.raises(TypeError, match=r"this is a LTC, wanted a frozen cell or model: `module\.cell\(\)` gives it"):
        c.header(pl.nn.LTC(3, 4))
