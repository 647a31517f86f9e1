"""Every liquid as a module: the kernel is the formula, rows have their own clocks, and torch does its own with it."""

import copy
import pickle

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

import plashet as pl  # noqa: E402
from plashet import RLS, Live, liquids, nn, run, tree, unread, wiring  # noqa: E402

INPUTS, UNITS = 3, 8


def net():
    return wiring.auto_ncp(UNITS, 2, INPUTS, seed=3)


MAKE = {
    "LTC": lambda **k: nn.LTC(INPUTS, UNITS, **k),
    "LTC, wired": lambda **k: nn.LTC(INPUTS, net(), **k),
    "LTC, exponential": lambda **k: nn.LTC(INPUTS, net(), ode_unfolds=liquids.Exponential(3), **k),
    "CfC": lambda **k: nn.CfC(INPUTS, UNITS, backbone_units=6, **k),
    "CfC, pure": lambda **k: nn.CfC(INPUTS, UNITS, mode="pure", backbone_layers=0, **k),
    "CfC, no gate": lambda **k: nn.CfC(INPUTS, UNITS, mode="no_gate", backbone_units=5, backbone_layers=2, **k),
    "CfC, wired": lambda **k: nn.CfC(INPUTS, net(), **k),
    "Gated": lambda **k: nn.Gated(INPUTS, UNITS, **k),
    "Gated, wired": lambda **k: nn.Gated(INPUTS, net(), tau_max=50.0, **k),
    "Diagonal": lambda **k: nn.Diagonal(INPUTS, UNITS, **k),
    "Leaky": lambda **k: nn.Leaky(INPUTS, UNITS, **k),
    "Leaky, wired": lambda **k: nn.Leaky(INPUTS, wiring.bands(UNITS, INPUTS, seed=0, degree=3), **k),
    "LTC, mixed": lambda **k: nn.LTC(INPUTS, net(), mixed_memory=True, **k),
    "CfC, mixed": lambda **k: nn.CfC(INPUTS, UNITS, mixed_memory=True, backbone_units=6, **k),
    "Gated, mixed": lambda **k: nn.Gated(INPUTS, net(), mixed_memory=True, **k),
    "Leaky, mixed": lambda **k: nn.Leaky(INPUTS, UNITS, mixed_memory=True, **k),
}
TIMELY = [name for name in MAKE if "CfC" not in name and "mixed" not in name]
every = pytest.mark.parametrize("kind", MAKE)
DOUBLE = torch.float64


def made(kind, seed=0, dtype=DOUBLE):
    torch.manual_seed(seed)
    return MAKE[kind](dtype=dtype)


def signal(batch=4, time=6, dtype=DOUBLE):
    make = torch.Generator().manual_seed(1)
    return torch.randn(batch, time, INPUTS, generator=make, dtype=dtype), torch.rand(
        batch, time, generator=make, dtype=dtype
    )


def close(ours, theirs, tolerance=1e-9):
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def slopes(model, u, dt, **more):
    """Output, state, and the slopes of an arbitrary loss by input, elapsed time and every parameter."""
    u, dt = u.clone().requires_grad_(), dt.clone().requires_grad_()
    out, hx = model(u, timespans=dt, **more)
    parts = hx if isinstance(hx, tuple) else (hx,)
    loss = sum(
        (a.sin() * torch.linspace(-1, 2, a.numel(), dtype=a.dtype).reshape(a.shape)).sum() for a in (out, *parts)
    )
    return [out, *parts, *torch.autograd.grad(loss, [u, dt, *model.parameters()])]


@every
def test_the_kernel_is_the_formula(kind):
    model, (u, dt) = made(kind), signal()
    u[1, 2, 0] = torch.nan  # not observed
    compiled = slopes(model, u, dt)
    with nn.formula(model):
        for a, b in zip(compiled, slopes(model, u, dt), strict=True):
            close(a, b)
    assert all(slope.isfinite().all() for slope in compiled)


@every
@pytest.mark.parametrize("batch", [4, UNITS])
def test_rows_have_clocks_of_their_own(kind, batch):
    model, (u, dt) = made(kind), signal(batch)
    out, _ = model(u, timespans=dt)
    close(model(u, timespans=dt[..., None])[0], out)
    for row in range(batch):
        close(model(u[row], timespans=dt[row])[0], out[row])


@every
def test_lengths_are_cuts_and_their_slopes_too(kind):
    model, (u, dt) = made(kind), signal()
    lengths = [3, 6, 1, 4]
    ours = slopes(model, u, dt, lengths=lengths)
    out = ours[0]
    for row, n in enumerate(lengths):
        close(out[row, :n], model(u[row, :n], timespans=dt[row, :n])[0])
        close(out[row, n:], out[row, n - 1].expand(6 - n, -1))
    cut = [a for row, n in enumerate(lengths) for a in [model(u[row, :n], timespans=dt[row, :n])[0]]]
    longer = torch.stack([torch.cat((a, a[-1:].expand(6 - len(a), -1))) for a in cut])
    weights = torch.randn(longer.shape, generator=torch.Generator().manual_seed(2), dtype=DOUBLE)
    theirs = torch.autograd.grad((longer * weights).sum(), list(model.parameters()), allow_unused=True)
    again = torch.autograd.grad((model(u, timespans=dt, lengths=lengths)[0] * weights).sum(), list(model.parameters()))
    for a, b in zip(again, theirs, strict=True):
        close(a, torch.zeros_like(a) if b is None else b)


@pytest.mark.parametrize("kind", TIMELY)
def test_no_time_is_no_change(kind):
    model, (u, dt) = made(kind), signal()
    hx = model(u, timespans=dt)[1]
    close(model(u, hx, timespans=0.0)[1], hx, 0.0)


@every
def test_the_cell_is_the_module_and_comes_back(kind):
    model, other, (u, dt) = made(kind), made(kind, seed=5), signal()
    cell, out = model.cell(), model(u, timespans=dt)[0].detach()
    ours, _ = run(cell, u.transpose(0, 1).numpy(), dt.T.numpy())
    np.testing.assert_allclose(ours.swapaxes(0, 1), out, rtol=1e-10, atol=1e-12)
    other.load_cell(cell)
    close(other(u, timespans=dt)[0], out)
    live = Live(unread(cell, outputs=1), RLS(memory=100.0))
    for t in range(6):
        live.predict(u[0, t].numpy(), float(dt[0, t]))
        live.learn(np.zeros(1))


@every
def test_modules_are_copied_pickled_and_cast(kind):
    model, (u, dt) = made(kind), signal()
    out = model(u, timespans=dt)[0]
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        close(twin(u, timespans=dt)[0], out)
    fresh = made(kind, seed=5)
    fresh.load_state_dict(model.state_dict())
    close(fresh(u, timespans=dt)[0], out)
    single = copy.deepcopy(model).float()
    low = single(u.float(), timespans=dt.float())[0]
    assert low.dtype == torch.float32
    close(low.double(), out, 1e-4)
    close(single.double()(u, timespans=dt)[0], out, 1e-4)
    names = {name: p.detach() for name, p in fresh.named_parameters()}
    swapped = torch.func.functional_call(made(kind, seed=7), names, (u,), {"timespans": dt})
    close(swapped[0], out)


@every
def test_drawn_under_the_seed_of_torch(kind):
    a, b, c = made(kind), made(kind), made(kind, seed=1)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    torch.manual_seed(1)
    a.reset_parameters()
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), c.parameters(), strict=True))
    assert not torch.equal(
        torch.cat([p.ravel() for p in b.parameters()]), torch.cat([p.ravel() for p in c.parameters()])
    )


@pytest.mark.parametrize("kind", ["LTC, wired", "CfC, wired", "Gated, mixed"])
def test_a_program_has_one_node_for_a_layer_and_direction(kind):
    torch.manual_seed(0)
    model, (u, dt) = MAKE[kind](dtype=DOUBLE, bidirectional=True), signal()

    class Spans(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, u, dt):
            return self.model(u, timespans=dt)[0]

    program = torch.export.export(
        Spans(), (u, dt), dynamic_shapes={"u": {1: torch.export.Dim("time")}, "dt": {1: torch.export.Dim("time")}}
    )
    names = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert sum("plashet" in name for name in names) == 2
    longer = torch.cat((u, u), 1), torch.cat((dt, dt), 1)
    close(program.module()(*longer), model(longer[0], timespans=longer[1])[0])
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    for a, b in zip(slopes(compiled, u, dt), slopes(model, u, dt), strict=True):
        close(a, b)


def test_a_training_step_of_one_process_of_many():
    """Distributed data parallel, gloo, on one process: the same slopes."""
    import torch.distributed as dist

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        model, (u, _) = made("LTC, wired"), signal()
        alone = [p.grad for p in trained(copy.deepcopy(model), u).parameters()]
        shared = trained(torch.nn.parallel.DistributedDataParallel(copy.deepcopy(model)), u)
        for a, b in zip(shared.parameters(), alone, strict=True):
            close(a.grad, b)
    finally:
        dist.destroy_process_group()


def trained(model, u):
    model(u)[0].square().sum().backward()
    return model


class Driven(torch.utils.data.Dataset):
    """What a liquid makes of a series, computed by the workers of a loader."""

    def __init__(self, model, u):
        self.model, self.u = model, u

    def __len__(self):
        return len(self.u)

    def __getitem__(self, k):
        with torch.no_grad():
            return self.model(self.u[k])[0]


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_of_a_loader_compute_with_it(context):
    model, (u, _) = made("LTC, wired"), signal()
    loader = torch.utils.data.DataLoader(Driven(model, u), batch_size=4, num_workers=1, multiprocessing_context=context)
    close(next(iter(loader)), model(u)[0].detach())


def test_what_begins_where_ncps_begins():
    """Effective values in the ranges of its authors, one synapse one number."""
    torch.manual_seed(0)
    liquid = nn.LTC(INPUTS, net()).cell().cells[0]
    arrays = tree.arrays(liquid)
    ranges = {
        "w": (0.001, 1.0),
        "sigma": (3, 8),
        "mu": (0.3, 0.8),
        "gleak": (0.001, 1),
        "cm": (0.4, 0.6),
        "vleak": (-0.2, 0.2),
    }
    for path in liquid.parameters:
        low, high = ranges.get(path.split(".")[1], (-1, 1))
        assert (arrays[path] >= low - 1e-6).all(), path
        assert (arrays[path] <= high + 1e-6).all(), path
    assert arrays["recurrent.w"].shape == (net().recurrent.edges,)


WRONG = {
    "the connectome takes 3 inputs": lambda: nn.LTC(5, net()),
    "connectome for each": lambda: nn.LTC(INPUTS, net(), num_layers=2),
    "there are 1 wirings for 2 layers": lambda: nn.LTC(INPUTS, [net()], num_layers=2),
    "all must have as many": lambda: nn.LTC(INPUTS, [net(), 5], num_layers=2),
    "mode is one of": lambda: nn.CfC(INPUTS, UNITS, mode="fast"),
    "there is no backbone": lambda: nn.CfC(INPUTS, net(), backbone_units=3),
    "no dropout within a backbone": lambda: nn.CfC(INPUTS, UNITS, backbone_layers=2, backbone_dropout=0.1),
    "activation is one of": lambda: nn.CfC(INPUTS, UNITS, activation="sine"),
    "one layer and direction": lambda: nn.Leaky(INPUTS, wiring.bands(UNITS, INPUTS, seed=0), num_layers=2),
    "0 < shortest": lambda: nn.Gated(INPUTS, UNITS, tau=(3.0, 1.0)),
    "at least one step": lambda: nn.LTC(INPUTS, UNITS, ode_unfolds=0),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_made_is_told(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()


def test_what_is_no_wiring_is_told():
    with pytest.raises(TypeError, match="a Connectome or a wiring of ncps; got a str"):
        nn.LTC(INPUTS, "dense")


def test_a_module_in_the_place_of_a_cell_is_told_where_its_cell_is():
    module, training = nn.CfC(1, 3), pl.Training(epochs=1)
    for call in (
        lambda: pl.unread(module),
        lambda: pl.unread(module, with_input=True),
        lambda: pl.Live(module, pl.RLS()),
        lambda: pl.SequenceClassifier(module).fit([np.ones((5, 1)), np.zeros((5, 1))], [0, 1]),
        lambda: pl.Forecaster(horizon=2, liquid=module, training=training).fit(np.sin(np.arange(400.0))),
    ):
        with pytest.raises(TypeError, match=r"a CfC is no cell, .* its frozen cell is module\.cell\(\)"):
            call()
    assert pl.unread(module.cell()).outputs == 1


def test_weights_of_another_wiring_are_told():
    ours, theirs = (nn.Gated(INPUTS, wiring.auto_ncp(units, 2, INPUTS)) for units in (UNITS, UNITS + 3))
    with pytest.raises(RuntimeError, match="of another wiring"):
        ours.load_state_dict(theirs.state_dict())
