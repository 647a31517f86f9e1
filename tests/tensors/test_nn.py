"""Liquids as torch modules: the operator and the module of one liquid, on a small cell whose slopes are written out."""

import copy
import io

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from pools import pool  # noqa: E402

from plashet import nn, run, tree  # noqa: E402


def given(cell, time=5, batch=4, dtype=torch.float64, per_row=True, seed=1):
    """u, dt and state of a run."""
    make = torch.Generator().manual_seed(seed)
    u = torch.randn(time, batch, cell.inputs, generator=make, dtype=dtype)
    dt = torch.rand(*((time, batch) if per_row else (time,)), generator=make, dtype=dtype)
    layer = nn.Liquid(cell, dtype=dtype)
    return layer, u, dt, torch.randn(batch, layer.width, generator=make, dtype=dtype)


def slopes(layer, u, dt, state):
    """Slopes of an arbitrary loss by everything that went in."""
    leaves = [a.detach().clone().requires_grad_() for a in (u, dt, state)]
    out, after = layer(*leaves)
    loss = (out.sin() * torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)).sum()
    loss = loss + (after * torch.linspace(1, -1, after.numel(), dtype=out.dtype).reshape(after.shape)).sum()
    return [out, after, *torch.autograd.grad(loss, [*leaves, *layer.parameters()])]


def agree(ours, theirs, tolerance=1e-10):
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("per_row", [True, False])
def test_the_kernel_and_the_formula_give_the_same_numbers_and_slopes(per_row):
    layer, *data = given(pool(), per_row=per_row)
    compiled = slopes(layer, *data)
    with nn.formula(layer):
        agree(compiled, slopes(layer, *data))
    layer.formula = True
    agree(compiled, slopes(layer, *data))


def test_the_operator_keeps_the_promises_of_torch():
    """Schema, fake shapes, autograd and compiled use, as torch itself checks them."""
    layer, u, dt, state = given(pool())
    theta = layer.theta().detach().requires_grad_()
    args = (theta, u.requires_grad_(), dt.requires_grad_(), state.requires_grad_(), layer.structure, layer.outputs)
    torch.library.opcheck(torch.ops.plashet.run.default, args)


def test_finite_differences_agree():
    layer, u, dt, state = given(pool(), time=3, batch=2)
    theta = layer.theta().detach().requires_grad_()
    op = lambda *given: torch.ops.plashet.run.default(*given, layer.structure, layer.outputs)
    assert torch.autograd.gradcheck(op, (theta, u.requires_grad_(), dt.requires_grad_(), state.requires_grad_()))


def test_the_module_is_the_cell():
    cell = pool()
    layer, u, _, _ = given(cell)
    out, after = layer(u, torch.full((5,), 0.3, dtype=u.dtype), u.new_zeros(4, layer.width))
    ours, end = run(cell, u.numpy(), 0.3)
    np.testing.assert_allclose(out.detach(), ours, rtol=1e-12)
    np.testing.assert_allclose(after.detach(), np.concatenate(end, -1), rtol=1e-12)
    back = layer.cell()
    for path, array in tree.arrays(cell).items():
        np.testing.assert_allclose(tree.arrays(back)[path], array, rtol=1e-12)


def test_a_second_derivative_of_the_kernel_names_the_way_out():
    layer, u, dt, state = given(pool())
    u.requires_grad_()
    loss = layer(u, dt, state)[0].square().sum()
    (slope,) = torch.autograd.grad(loss, u, create_graph=True)
    with pytest.raises(RuntimeError, match=r"plashet\.nn\.formula"):
        slope.sum().backward()
    with nn.formula(layer):
        f = lambda u: layer(u, dt, state)[0].square().sum()
        assert torch.autograd.gradgradcheck(f, (u,))


def test_one_node_is_compiled_and_exported():
    layer, u, dt, state = given(pool())
    for program in (
        torch.export.export(layer, (u, dt, state)),
        torch.export.export(layer, (u, dt, state), strict=True),
    ):
        names = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
        assert sum("plashet" in name for name in names) == 1
        agree(program.module()(u, dt, state), layer(u, dt, state))
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    agree(slopes(compiled, u, dt, state), slopes(layer, u, dt, state))


def test_parameters_are_real_parameters():
    layer, *data = given(pool())
    other = nn.Liquid(pool(seed=5), dtype=torch.float64)
    names = {name: p.detach() for name, p in other.named_parameters()}
    agree(torch.func.functional_call(layer, names, tuple(data)), other(*data))
    twin = copy.deepcopy(layer)
    agree(slopes(twin, *data), slopes(layer, *data))
    twin.load_state_dict(other.state_dict())
    agree(slopes(twin, *data), slopes(other, *data))
    file = io.BytesIO()
    torch.save(other.state_dict(), file)
    file.seek(0)
    layer.load_state_dict(torch.load(file, weights_only=True))
    agree(slopes(layer, *data), slopes(other, *data))


def test_parametrizations_act():
    from torch.nn.utils import parametrizations, parametrize

    layer, *data = given(pool())
    before = layer(*data)[0]
    parametrizations.weight_norm(layer, "weight")
    agree([layer(*data)[0]], [before])
    layer.parametrizations.weight.original0.data.mul_(2)
    assert (layer(*data)[0] - before).abs().max() > 0.1
    assert layer(*data)[0].requires_grad
    parametrize.remove_parametrizations(layer, "weight")


def test_the_dtype_decides_between_kernel_and_formula():
    layer, u, dt, state = given(pool())
    single = copy.deepcopy(layer).float()
    out, _ = single(u.float(), dt.float(), state.float())
    assert out.dtype == torch.float32
    agree([out.double()], [layer(u, dt, state)[0]], 1e-5)
    half = copy.deepcopy(layer).bfloat16()
    out, _ = half(u.bfloat16(), dt.bfloat16(), state.bfloat16())
    assert out.dtype == torch.bfloat16
    agree([out.double()], [layer(u, dt, state)[0]], 0.05)
    with pytest.raises(ValueError, match=r"input is torch\.float64 and the parameters are torch\.float32"):
        single(u, dt, state)


def test_another_device_is_computed_by_the_formula():
    """The meta device has no memory: whatever touched NumPy's would fail."""
    layer, u, dt, state = given(pool())
    out, after = layer.to("meta")(u.to("meta"), dt.to("meta"), state.to("meta"))
    assert out.shape == (5, 4, 3)
    assert out.device.type == after.device.type == "meta"


def test_a_damaged_structure_and_a_cell_without_slopes_are_told():
    layer, *data = given(pool())
    layer.structure[40] ^= 1  # known by its digest, it is never read again
    layer(*data)
    layer.structure[0] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        layer(*data)
    from plashet import Chain
    from plashet.encode import Hold

    with pytest.raises(TypeError, match="Chain has no compiled gradient"):
        nn.Liquid(Chain((Hold(2),)))


def test_a_cell_of_another_structure_is_not_taken_over():
    layer, *data = given(pool())
    layer.load_cell(pool(seed=5))
    agree(layer(*data), nn.Liquid(pool(seed=5), dtype=torch.float64)(*data))
    with pytest.raises(ValueError, match="another wiring"):
        layer.load_cell(pool(units=4))


def test_the_transforms_of_torch_func_go_through_the_formula():
    layer, u, dt, state = given(pool())
    named = {name: p.detach() for name, p in layer.named_parameters()}

    def loss(named, u, dt, state):
        return torch.func.functional_call(layer, named, (u, dt, state))[0].square().sum()

    ours = torch.func.grad(loss)(named, u, dt, state)
    out, _ = layer(u, dt, state)
    theirs = dict(zip(named, torch.autograd.grad(out.square().sum(), list(layer.parameters())), strict=True))
    agree([ours[name] for name in named], [theirs[name] for name in named])
    rows = (u.transpose(0, 1)[:, :, None], dt.T[:, :, None], state[:, None])  # each row a batch of one
    each = torch.func.vmap(torch.func.grad(loss), (None, 0, 0, 0))(named, *rows)
    agree([each[name].sum(0) for name in named], [theirs[name] for name in named])
    twice = torch.func.jacrev(torch.func.jacrev(lambda u: loss(named, u, dt, state)))(u)
    agree([twice], [twice.permute(3, 4, 5, 0, 1, 2)])
    assert twice.abs().max() > 0.01


def test_the_operator_is_taken_where_a_program_is_traced():
    """Subclasses of tensors and modes of dispatch see the operator, and the same numbers."""
    from torch.utils._python_dispatch import TorchDispatchMode

    seen = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    layer, *data = given(pool())
    plain = slopes(layer, *data)
    with Watch():
        agree(slopes(layer, *data), plain)
    assert {"plashet.run.default", "plashet.pull.default"} <= set(seen)


def test_a_second_derivative_of_the_operator_is_refused_too():
    layer, u, dt, state = given(pool())
    theta = layer.theta().detach().requires_grad_()
    out, _ = torch.ops.plashet.run.default(theta, u, dt, state, layer.structure, layer.units)
    (slope,) = torch.autograd.grad(out.square().sum(), theta, create_graph=True)
    with pytest.raises(RuntimeError, match=r"plashet\.nn\.formula"):
        slope.sum().backward()
