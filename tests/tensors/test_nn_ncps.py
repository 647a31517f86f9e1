"""Beside ncps 1.0.1: the same weights give the same numbers, and where ncps is wrong, plashet is right."""

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
ncps_torch = pytest.importorskip("ncps.torch")

import ncps.wirings  # noqa: E402

from plashet import nn  # noqa: E402

INPUTS = 5
WIRINGS = {
    "dense": lambda: 8,
    "auto": lambda: ncps.wirings.AutoNCP(12, 3),
    "ncp": lambda: ncps.wirings.NCP(6, 5, 3, 3, 2, 4, 3, seed=7),
    "random": lambda: ncps.wirings.Random(9, output_dim=2, sparsity_level=0.6),
}
wirings = pytest.mark.parametrize("wiring", WIRINGS.values(), ids=WIRINGS.keys())


def signal(batch=4, time=7):
    make = torch.Generator().manual_seed(0)
    return torch.randn(batch, time, INPUTS, generator=make), torch.rand(time, generator=make) + 0.1


def stirred(module, seed=0):
    """Parameters moved away from where they begin, as training would, masks left alone."""
    make = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            if p.requires_grad:
                p.add_(0.3 * torch.randn(p.shape, generator=make))
    if hasattr(getattr(module, "rnn_cell", module), "apply_weight_constraints"):
        getattr(module, "rnn_cell", module).apply_weight_constraints()
    return module


def close(ours, theirs, tolerance=1e-5):
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def same(ours, theirs, spans):
    """Outputs, states and slopes by the input, for elapsed times that all rows share: ncps knows no others."""
    u, dt = (a.double() for a in signal())
    ours, theirs, h = ours.double(), theirs.double(), torch.randn(4, ours.state_size, dtype=torch.float64)
    a, b = u.clone().requires_grad_(), u.clone().requires_grad_()
    out, hx = ours(a, h, timespans=dt if spans else None)
    wanted, end = theirs(b, h, timespans=dt[None] if spans else None)
    close(out, wanted, 1e-6)
    close(hx, end, 1e-6)
    wanted.square().sum().backward()
    out.square().sum().backward()
    close(a.grad, b.grad, 1e-5)


@wirings
@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("spans", [False, True])
def test_an_ltc_gives_the_same_numbers(wiring, implicit, spans):
    torch.manual_seed(0)
    theirs = stirred(ncps_torch.LTC(INPUTS, wiring(), implicit_param_constraints=implicit))
    same(nn.from_ncps(theirs), theirs, spans)


def test_an_ltc_without_maps_and_last_outputs_and_other_orders():
    torch.manual_seed(0)
    for inputs, outputs in ((None, None), ("linear", "linear")):
        theirs = ncps_torch.LTC(
            INPUTS,
            6,
            return_sequences=False,
            batch_first=False,
            input_mapping=inputs,
            output_mapping=outputs,
            ode_unfolds=3,
        )
        stirred(theirs)
        ours, (u, _) = nn.from_ncps(theirs), signal()
        close(ours(u), theirs(u))
        output, h = theirs(u[:, 0])
        close(ours(u[:, 0]), (output[0], h))  # ncps leaves the batch of one in its last output here


def test_a_cell_is_one_step():
    torch.manual_seed(0)
    wiring = ncps.wirings.AutoNCP(12, 3)
    theirs = stirred(ncps_torch.LTCCell(wiring, INPUTS))
    ours, (u, _) = nn.from_ncps(theirs), signal()
    h = torch.randn(4, 12)
    close(ours.step(u[:, 0], h, 0.3), theirs(u[:, 0], h, 0.3))


@pytest.mark.parametrize("spans", [False, True])
@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
@pytest.mark.parametrize(
    "backbone", [{}, {"backbone_layers": 0}, {"backbone_units": 7, "backbone_layers": 2, "activation": "silu"}]
)
def test_a_cfc_gives_the_same_numbers(mode, backbone, spans):
    torch.manual_seed(0)
    theirs = ncps_torch.CfC(INPUTS, 6, mode=mode, **backbone)
    same(nn.from_ncps(stirred(theirs)), theirs, spans)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "lecun_tanh"])
def test_every_activation_of_a_backbone_is_theirs(activation):
    theirs = stirred(ncps_torch.CfC(INPUTS, 6, activation=activation, proj_size=2, return_sequences=False))
    ours, (u, _) = nn.from_ncps(theirs), signal()
    close(ours(u), theirs(u))


@wirings
@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
def test_a_wired_cfc_as_ncps_computes_it_gives_the_same_numbers(wiring, mode):
    torch.manual_seed(0)
    wiring = wiring()
    if isinstance(wiring, int):
        return
    theirs = stirred(ncps_torch.CfC(INPUTS, wiring, mode=mode, proj_size=None))
    ours, (u, dt) = nn.from_ncps(theirs), signal()
    h = torch.randn(4, wiring.units)
    out, hx = ours(u, nn.state_from_ncps(ours, h), dt)
    wanted, end = theirs(u, h, dt[None])
    close(out, wanted)
    close(nn.state_to_ncps(ours, hx), end)
    close(nn.state_from_ncps(ours, end), hx)


@pytest.mark.parametrize("kind", ["LTC", "CfC", "wired CfC", "wired LTC"])
def test_mixed_memory_gives_the_same_numbers(kind):
    torch.manual_seed(0)
    units = ncps.wirings.AutoNCP(12, 3) if "wired" in kind else 6
    theirs = stirred(getattr(ncps_torch, kind[-3:])(INPUTS, units, mixed_memory=True))
    ours, (u, dt) = nn.from_ncps(theirs), signal()
    out, hx = ours(u, timespans=dt)
    wanted, end = theirs(u, timespans=dt[None])
    close(out, wanted)
    if kind == "wired CfC":
        hx = nn.state_to_ncps(ours, hx)
    close(hx, end)
    out, hx = ours(u, nn.state_from_ncps(ours, end) if kind == "wired CfC" else end)
    close(out, theirs(u, end)[0])


def test_cells_are_one_step():
    torch.manual_seed(0)
    u, h = signal()[0][:, 0], torch.randn(4, 12)
    for theirs in (
        ncps_torch.CfCCell(INPUTS, 12, backbone_layers=2),
        ncps_torch.WiredCfCCell(INPUTS, ncps.wirings.AutoNCP(12, 3)),
    ):
        ours = nn.from_ncps(stirred(theirs))
        wired = bool(ours.connectomes)
        out, state = ours.step(u, nn.state_from_ncps(ours, h) if wired else h, 0.3)
        wanted, end = theirs(u, h, 0.3)
        close(out, wanted)
        close(nn.state_to_ncps(ours, state) if wired else state, end)


def test_another_module_is_told():
    with pytest.raises(TypeError, match="got torch"):
        nn.from_ncps(torch.nn.LSTM(2, 3))
