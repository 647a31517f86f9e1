"""Beside ncps 1.0.1: the same weights give the same numbers, and where ncps is wrong, plashet is right."""

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
ncps_torch = pytest.importorskip("ncps.torch")

import ncps.wirings  # noqa: E402

from plashet import nn, wiring  # noqa: E402

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


MAPPINGS = [(a, b) for a in ("affine", "linear", None) for b in ("affine", "linear", None)]


@pytest.mark.parametrize(("inputs", "outputs"), MAPPINGS)
@pytest.mark.parametrize("mixed", [False, True])
def test_one_configuration_makes_the_same_network_with_as_much_to_learn(inputs, outputs, mixed):
    config = {
        "input_size": INPUTS,
        "units": ncps.wirings.AutoNCP(12, 3),
        "mixed_memory": mixed,
        "input_mapping": inputs,
        "output_mapping": outputs,
        "ode_unfolds": 4,
        "epsilon": 1e-8,
        "implicit_param_constraints": True,
    }
    torch.manual_seed(0)
    theirs, ours = stirred(ncps_torch.LTC(**config)), nn.LTC(**config)
    learnt = [{n for n, p in made.named_parameters() if p.requires_grad} for made in (ours, nn.from_ncps(theirs))]
    assert learnt[0] == learnt[1]
    ends = {n.split(".")[-1].removeprefix("liquid_") for n in learnt[0]}
    kept = [name for name in ("affine_weight", "affine_bias", "output_w", "output_b") if name in ends]
    names = ("input_w", "input_b", "output_w", "output_b")
    assert len(kept) == sum(hasattr(theirs.rnn_cell, name) for name in names)
    ours.load_cell(nn.from_ncps(theirs).cell())
    same(ours, theirs, spans=True) if not mixed else close(ours(signal()[0])[0], theirs(signal()[0])[0])


def test_what_is_not_learnt_stays_one_and_zero():
    torch.manual_seed(0)
    module = nn.LTC(INPUTS, 6, input_mapping=None, output_mapping="linear")
    optimizer = torch.optim.AdamW(module.parameters(), 0.1)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    module(signal()[0])[0].square().sum().backward()
    optimizer.step()
    still = {name.split(".")[-1] for name, p in module.named_parameters() if torch.equal(p, before[name])}
    assert still == {"affine_weight", "affine_bias", "output_b"}
    module.reset_parameters()
    assert (module.layers[0].affine_weight == 1).all()
    assert not module.layers[0].affine_weight.requires_grad


def test_what_an_ltc_of_ncps_can_and_ours_does_not_says_what_to_do():
    for name in ("input_mapping", "output_mapping"):
        with pytest.raises(ValueError, match=f"{name} is 'square', wanted 'affine', 'linear' or None"):
            nn.LTC(INPUTS, 6, **{name: "square"})
    for epsilon in (1e-3, -1e-8, float("nan")):
        with pytest.raises(ValueError, match="nothing is added where they divide; leave it out"):
            nn.LTC(INPUTS, 6, epsilon=epsilon)
    with pytest.raises(TypeError, match=r"leave it out, and take a module trained that way over by nn\.from_ncps"):
        nn.LTC(INPUTS, 6, implicit_param_constraints=False)


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


def test_what_ncps_computes_has_a_synapse_even_where_its_weight_is_zero():
    """So that it can be learnt on from there as ncps would."""
    torch.manual_seed(0)
    plan = ncps.wirings.NCP(6, 5, 3, 3, 2, 4, 3)
    for mode, of_inter in (("default", 6 * INPUTS), ("pure", None)):
        theirs = ncps_torch.CfC(INPUTS, plan, mode=mode)
        for layer in theirs.rnn_cell._layers:
            for p in layer.parameters():
                if p.requires_grad:
                    p.data.zero_()
        net = nn.from_ncps(theirs).connectomes[0]
        assert net.sensory.edges == (of_inter or np.abs(plan.sensory_adjacency_matrix).sum())
        if mode == "default":
            assert net.recurrent.edges == 6 * 6 + 6 * 5 + 5 * 5 + 5 * 3 + 3 * 3


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


# ------------------------------------------------------------------------- where ncps is wrong: one test for each fault


def pairs():
    """ncps modules and ours with the same weights: an LTC, a CfC."""
    torch.manual_seed(0)
    for theirs in (ncps_torch.LTC(INPUTS, ncps.wirings.AutoNCP(8, 2)), ncps_torch.CfC(INPUTS, 8)):
        yield stirred(theirs), nn.from_ncps(theirs)


@pytest.mark.parametrize("batch", [8, 4])  # 8 is the number of units: there ncps is wrong without an error
def test_rows_of_a_batch_have_their_own_elapsed_times(batch):
    u, dt = signal(batch)[0], torch.rand(batch, 7) + 0.1
    for theirs, ours in pairs():
        alone = torch.cat([theirs(u[k : k + 1], timespans=dt[k : k + 1])[0] for k in range(batch)])
        close(ours(u, timespans=dt)[0], alone)
        close(ours(u, timespans=dt[..., None])[0], alone)
        if batch == 8:
            assert (theirs(u, timespans=dt)[0] - alone).abs().max() > 0.01
        else:
            with pytest.raises(RuntimeError):
                theirs(u, timespans=dt)


def test_no_time_is_no_change_and_no_nan():
    theirs, ours = next(pairs())
    u, h = signal()[0][:, :1], torch.randn(4, 8)
    assert theirs(u, h, timespans=torch.zeros(1, 1))[1].isnan().all()
    assert torch.equal(ours(u, h, timespans=0.0)[1], h)


def test_functional_calls_and_parametrizations_act():
    u = signal()[0]
    theirs, ours = next(pairs())
    louder = {name: 2 * p.detach() for name, p in theirs.named_parameters()}
    assert torch.equal(torch.func.functional_call(theirs, louder, (u,))[0], theirs(u)[0])  # ignored
    before = ours(u)[0]
    louder = {name: 2 * p.detach() for name, p in ours.named_parameters()}
    assert (torch.func.functional_call(ours, louder, (u,))[0] - before).abs().max() > 0.1
    ours.layers[0].sensory_w.data.zero_()
    from torch.nn.utils import parametrize

    class Shut(torch.nn.Module):
        def forward(self, raw):
            return raw - 100.0

    lit = ours(u)[0]
    parametrize.register_parametrization(ours.layers[0], "sensory_w", Shut())
    assert (ours(u)[0] - lit).abs().max() > 0.01
    close(ours(u)[0], ours(u * 0 + 7)[0])  # no sensory synapse is open any more: the input is not heard


def test_packed_sequences_are_taken():
    from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

    u = signal()[0]
    parts = [u[0, :3], u[1], u[2, :5]]
    for theirs, ours in pairs():
        with pytest.raises(AttributeError):
            theirs(pack_sequence(parts, enforce_sorted=False))
        out, hx = ours(pack_sequence(parts, enforce_sorted=False))
        padded, _ = pad_packed_sequence(out, batch_first=True)
        for row, part in enumerate(parts):
            wanted, end = theirs(part)
            close(padded[row, : len(part)], wanted)
            close(hx[row], end)


@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
def test_a_wired_cfc_hears_its_synapses_and_nothing_else(mode):
    """The slope reaches exactly the wired inputs of inter neurons, and the wired neurons of all others."""
    torch.manual_seed(0)
    plan = ncps.wirings.NCP(6, 5, 3, 3, 2, 4, 3, seed=7)
    theirs, ours = ncps_torch.CfC(INPUTS, plan, mode=mode), nn.CfC(INPUTS, plan, mode=mode)
    heard = reach(theirs, plan.units, lambda h: h)
    wired = reach(ours, plan.units, lambda h: nn.state_from_ncps(ours, h))
    layers = [list(plan.get_neurons_of_layer(k)) for k in range(3)]
    order = np.concatenate(layers)
    inter, command, motor = (np.isin(order, layer) for layer in layers)
    sensory = plan.sensory_adjacency_matrix[:, order].T != 0  # (units, inputs)
    inner = plan.adjacency_matrix[np.ix_(order, order)].T != 0
    np.testing.assert_array_equal(wired[0][inter], sensory[inter])
    np.testing.assert_array_equal(wired[1][np.ix_(inter, inter)], np.zeros((6, 6), bool))  # none is wired
    np.testing.assert_array_equal(wired[1][np.ix_(command, command)], inner[np.ix_(command, command)])
    np.testing.assert_array_equal(wired[1][np.ix_(motor, motor)], np.zeros((3, 3), bool))
    through = inner[np.ix_(command, inter)].astype(int) @ sensory[inter].astype(int) > 0
    np.testing.assert_array_equal(wired[0][command], through)
    assert heard[1][np.ix_(command, command)].all()  # ncps: all ones, whatever the wiring says
    if mode != "pure":
        assert heard[0][inter].all()  # and its time heads hear every input


def reach(module, units, order):
    """Which inputs (units, inputs) and which states before (units, units) the states after one tick depend on."""

    def after(u, h):
        hx = module(u[None, None], order(h[None]))[1]
        return (nn.state_to_ncps(module, hx) if isinstance(module, nn.CfC) else hx)[0]

    found = torch.zeros(units, INPUTS), torch.zeros(units, units)
    for seed in range(3):
        make = torch.Generator().manual_seed(seed)
        u, h = torch.randn(INPUTS, generator=make), torch.randn(units, generator=make)
        slopes = torch.autograd.functional.jacobian(after, (u, h))
        found = tuple(a + b.abs() for a, b in zip(found, slopes, strict=True))
    return [a.numpy() > 0 for a in found]


def test_what_is_wired_is_counted_and_written_down():
    plan = ncps.wirings.AutoNCP(8, 2)
    theirs = ncps_torch.LTC(INPUTS, plan)
    net = nn.from_ncps(theirs).connectomes[0]
    assert net.sensory.edges == np.abs(plan.sensory_adjacency_matrix).sum()
    assert net.recurrent.edges == np.abs(plan.adjacency_matrix).sum()
    assert theirs.sensory_synapse_count == net.recurrent.edges != net.sensory.edges  # ncps counts the wrong ones
    again = wiring.from_config(wiring.config(net))
    torch.manual_seed(0)
    a = nn.Gated(INPUTS, net)
    torch.manual_seed(0)
    close(nn.Gated(INPUTS, again)(signal()[0])[0], a(signal()[0])[0], 0.0)
    torch.manual_seed(0)
    close(nn.Gated(INPUTS, plan)(signal()[0])[0], a(signal()[0])[0], 0.0)
    policy = ncps.wirings.NCP(6, 5, 3, 3, 2, 4, 3)
    with pytest.raises(TypeError):
        ncps.wirings.NCP.from_config(policy.get_config())  # lists for numbers, and no seed
    policy.build(INPUTS)
    net = wiring.from_ncps(policy)
    assert wiring.counts(wiring.from_config(wiring.config(net))) == wiring.counts(net)


def test_sizes_read_as_in_ncps():
    for theirs in (ncps_torch.LTC(INPUTS, ncps.wirings.AutoNCP(8, 2)), ncps_torch.CfC(INPUTS, 8, proj_size=3)):
        ours = nn.from_ncps(theirs)
        assert ours.input_size == theirs.input_size
        assert ours.state_size == theirs.state_size
        assert ours(signal()[0])[0].shape == theirs(signal()[0])[0].shape
        assert ours.batch_first is theirs.batch_first
