"""CfC with the weights of ncps gives the numbers of ncps, in its three modes, wired, and with mixed memory."""

import warnings

import numpy as np
import pytest

pytestmark = pytest.mark.torch

from plashet import CfC, Mixed, wiring  # noqa: E402
from plashet.liquids import CfCState, Dense, Full, NoGate, Pure, WiredCfC  # noqa: E402
from plashet.liquids.mixed import MixedState  # noqa: E402

INPUTS, N = 3, 7
MODES = ("default", "no_gate", "pure")


def theirs(*args, **kwargs):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other backends that are not there
        import ncps.torch as nt
        import ncps.wirings as nw
    torch.manual_seed(0)
    if isinstance(args[1], tuple):
        args = (args[0], nw.AutoNCP(*args[1]))
    return nt.CfC(*args, **kwargs).double()


def numbers(parameter):
    return parameter.detach().numpy().astype(np.float64)


def names(mode):
    return ("ff1",) if mode == "pure" else ("ff1", "ff2", "time_a", "time_b")


def rule_of(cell, mode):
    if mode == "pure":
        return Pure(numbers(cell.w_tau)[0], numbers(cell.A)[0])
    return NoGate() if mode == "no_gate" else Full()


def dense(module, mode, activation):
    """The plashet cell of a CfC of ncps with a backbone."""
    cell = module.rnn_cell
    layers = [] if cell.backbone is None else [m for m in cell.backbone if hasattr(m, "weight")]
    backbone = tuple(Dense(numbers(m.weight), numbers(m.bias)) for m in layers)
    heads = [getattr(cell, name) for name in names(mode)]
    stacked = Dense(np.stack([numbers(m.weight) for m in heads]), np.stack([numbers(m.bias) for m in heads]))
    return CfC(cell.input_size, backbone, stacked, rule_of(cell, mode), activation)


def wired(module, mode):
    """The plashet cell of a wired CfC of ncps: every pair that it multiplies is a synapse, masked heads weigh 0."""
    layers = module.rnn_cell._layers
    sizes = [cell.hidden_size for cell in layers]
    units, heads = sum(sizes), len(names(mode))
    first = [units - sum(sizes[: k + 1]) for k in range(3)]  # ours are [motor | command | inter]
    from_inputs, among = np.full((heads, INPUTS, units), np.nan), np.full((heads, units, units), np.nan)
    bias, w_tau, top = np.zeros((heads, units)), np.zeros(units), np.zeros(units)
    for k, cell in enumerate(layers):
        here = slice(first[k], first[k] + sizes[k])
        for h, name in enumerate(names(mode)):
            linear = getattr(cell, name)
            weight = numbers(linear.weight)
            if name.startswith("ff"):
                weight = weight * numbers(cell.sparsity_mask)
            heard = weight.shape[1] - sizes[k]
            if k == 0:
                from_inputs[h, :, here] = weight[:, :heard].T
            else:
                among[h, first[k - 1] : first[k - 1] + sizes[k - 1], here] = weight[:, :heard].T
            among[h, here, here] = weight[:, heard:].T
            bias[h, here] = numbers(linear.bias)
        if mode == "pure":
            w_tau[here], top[here] = numbers(cell.w_tau)[0], numbers(cell.A)[0]
    layer = np.repeat((2, 1, 0), sizes[::-1])
    sensory, recurrent = ((*np.nonzero(~np.isnan(a[0])), 1) for a in (from_inputs, among))
    lists = [(pre, post, np.ones(len(pre))) for pre, post, _ in (sensory, recurrent)]
    net = wiring.connectome(*lists, inputs=INPUTS, units=units, motor=sizes[2], layer=layer)
    along = lambda a, e: a[:, e.pre, e.post]
    rule = Pure(w_tau, top) if mode == "pure" else rule_of(layers[0], mode)
    return WiredCfC(net, along(from_inputs, net.sensory), along(among, net.recurrent), bias, rule), sizes


def same(module, cell, order=None, state=None, outputs=slice(None)):
    import torch

    rng = np.random.default_rng(0)
    u, dt = rng.normal(size=(9, 5, INPUTS)), rng.uniform(0.1, 2, 9)  # one clock: theirs mixes up the rows of a batch
    order = np.arange(cell.outputs) if order is None else order
    state = [np.zeros((5, cell.outputs))] if state is None else state
    hx = tuple(torch.tensor(a[:, order]) for a in state)
    x = torch.tensor(u).transpose(0, 1)
    expected, last = [], hx if len(hx) > 1 else hx[0]
    with torch.no_grad():
        for t in range(9):
            y, last = module(x[:, t : t + 1], last, torch.tensor(dt[t : t + 1])[None])
            expected.append(y[:, 0].numpy())
    kind = CfCState if len(state) == 1 else MixedState
    after, found = cell.run(kind(*state), u, dt)
    np.testing.assert_allclose(found[..., outputs], np.stack(expected), rtol=0, atol=1e-12)
    for ours, theirs in zip(after, last if len(hx) > 1 else (last,), strict=True):
        np.testing.assert_allclose(ours[:, order], theirs.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("activation", ["lecun_tanh", "silu", "relu", "tanh", "gelu"])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_dense(mode, activation, layers):
    module = theirs(INPUTS, N, mode=mode, activation=activation, backbone_units=6, backbone_layers=layers)
    start = np.random.default_rng(1).uniform(-1, 1, (5, N))
    same(module, dense(module, mode, activation), state=[start])


@pytest.mark.parametrize("mode", MODES)
def test_wired(mode):
    """Theirs hears far more than its wiring says; ours with those synapses gives the same."""
    module = theirs(INPUTS, (12, 2), mode=mode)
    cell, sizes = wired(module, mode)
    starts = np.cumsum([0, *sizes[::-1]])
    order = np.concatenate(
        [np.arange(starts[k], starts[k + 1]) for k in (2, 1, 0)]
    )  # theirs: [inter | command | motor]
    start = np.random.default_rng(1).uniform(-1, 1, (5, 12))
    same(module, cell, order, [start], slice(0, 2))


def test_mixed_memory():
    module = theirs(INPUTS, N, mixed_memory=True, backbone_units=6)
    lstm = module.lstm
    bias = numbers(lstm.input_map.bias) if lstm.input_map.bias is not None else 0
    bias = bias + (numbers(lstm.recurrent_map.bias) if lstm.recurrent_map.bias is not None else 0)
    arrays = (numbers(lstm.input_map.weight).reshape(4, N, INPUTS), numbers(lstm.recurrent_map.weight).reshape(4, N, N))
    cell = Mixed(dense(module, "default", "lecun_tanh"), *arrays, bias.reshape(4, N))
    rng = np.random.default_rng(1)
    same(module, cell, state=[rng.uniform(-1, 1, (5, N)), rng.uniform(-1, 1, (5, N))])
