"""CfC as it was published: its formulas written out, its limits, and what is wired along a connectome."""

import math

import numpy as np
import pytest

from plashet import liquids, run, tree, wiring
from plashet.cells import fold
from plashet.liquids import CfCState, Full, NoGate, Pure, WiredCfC

NET = wiring.auto_ncp(12, 3, 4, seed=2)
RULES = {"full": Full(), "no gate": NoGate(), "pure": Pure(np.linspace(-1, 1, 5), np.linspace(0.5, -2, 5))}
BENT = {
    "lecun_tanh": lambda a: 1.7159 * math.tanh(0.666 * a),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "silu": lambda a: a / (1 + math.exp(-a)),
    "gelu": lambda a: a * 0.5 * (1 + math.erf(a / math.sqrt(2))),
}


def by_hand(cell, h, u, dt):
    """One tick in plain numbers."""
    z = [*u, *h]
    for layer in cell.backbone:
        sums = [
            b + sum(w * x for w, x in zip(row, z, strict=True)) for row, b in zip(layer.weight, layer.bias, strict=True)
        ]
        z = [BENT[cell.activation](a) for a in sums]
    heads = [
        [b + sum(w * x for w, x in zip(row, z, strict=True)) for row, b in zip(*head, strict=True)]
        for head in zip(*cell.heads, strict=True)
    ]
    return [moved(cell.rule, [head[i] for head in heads], dt, i) for i in range(len(h))]


def moved(rule, a, dt, i):
    if isinstance(rule, Pure):
        w_tau, top = rule.w_tau[i], rule.A[i]
        return -top * math.exp(-dt * (abs(w_tau) + abs(a[0]))) * a[0] + top
    s = 1 / (1 + math.exp(-(a[2] * dt + a[3])))
    return math.tanh(a[0]) * (1 - s if isinstance(rule, Full) else 1) + s * math.tanh(a[1])


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("activation", BENT)
@pytest.mark.parametrize("backbone", [(), (6,), (6, 3)])
def test_the_equation_is_the_published_one(rule, activation, backbone):
    cell, rng = liquids.cfc(3, 5, seed=1, backbone=backbone, rule=rule, activation=activation), np.random.default_rng(0)
    h, u, dt = rng.uniform(-1, 1, 5), rng.normal(size=3), 0.8
    expected = by_hand(cell, h, u, dt)
    np.testing.assert_allclose(cell.step(CfCState(h), u, dt)[1], expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(cell.tick(CfCState(h), u, dt)[1], expected, rtol=1e-13, atol=1e-13)


def test_time_moves_the_gate_and_its_ends_are_the_two_heads():
    cell = liquids.cfc(3, 5, seed=1, backbone=(6,))
    later = cell.heads.bias.copy()
    later[2] = 50.0  # time_a
    cell = tree.replace(cell, {"heads.bias": later})
    u, h = np.ones(3), np.zeros(5)
    z = 1.7159 * np.tanh(0.666 * (cell.backbone[0].weight @ np.concatenate((u, h)) + cell.backbone[0].bias))
    ff1, ff2 = (np.tanh(cell.heads.weight[k] @ z + cell.heads.bias[k]) for k in (0, 1))
    np.testing.assert_allclose(cell.tick(CfCState(h), u, 1e6)[1], ff2, atol=1e-12)
    at_once = cell.tick(CfCState(h), u, 0.0)[1]
    assert ((at_once > np.minimum(ff1, ff2)) & (at_once < np.maximum(ff1, ff2))).all()
    assert np.abs(at_once - h).max() > 0.01  # no time is not the identity, as published


def test_bounds_of_the_rules():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(50, 3)) * 10 ** rng.uniform(-3, 6, (50, 1))
    for dt in (1e-3, 1.0, 1e6):
        assert np.abs(run(liquids.cfc(3, 5, seed=1), u, dt)[0]).max() <= 1
        assert np.abs(run(liquids.cfc(3, 5, seed=1, rule=NoGate()), u, dt)[0]).max() < 2
        top = np.abs(RULES["pure"].A)
        pure = liquids.cfc(3, 5, seed=1, rule=RULES["pure"])
        assert (np.abs(run(pure, u, dt)[0]) <= top * (1 + 1 / (math.e * dt)) + 1e-12).all()


@pytest.mark.parametrize("rule", [Full(), NoGate(), Pure(np.linspace(-1, 1, 12), np.linspace(0.5, -2, 12))], ids=RULES)
def test_wired_it_hears_its_synapses_and_nothing_else(rule):
    """Synapse by synapse, in plain Python, layer by layer within the tick."""
    cell, rng = liquids.wired_cfc(NET, seed=3, rule=rule), np.random.default_rng(4)
    before, u, dt = rng.uniform(-1, 1, 12), rng.normal(size=4), 0.7
    now = before.copy()
    for layer in range(3):
        for i in np.flatnonzero(NET.layer == layer):
            a = cell.bias[:, i].copy()
            for e in np.flatnonzero(NET.sensory.post == i):
                a += cell.sensory[:, e] * u[NET.sensory.pre[e]]
            for e in np.flatnonzero(NET.recurrent.post == i):
                j = NET.recurrent.pre[e]
                a += cell.recurrent[:, e] * (now[j] if NET.layer[j] < layer else before[j])
            now[i] = moved(rule, a, dt, i)
    np.testing.assert_allclose(cell.step(CfCState(before), u, dt)[1], now, rtol=0, atol=1e-14)
    np.testing.assert_allclose(cell.tick(CfCState(before), u, dt)[1], now, rtol=0, atol=1e-14)


def test_slopes_reach_exactly_what_is_wired():
    """From one inter neuron's state after a tick to the inputs that it hears, and no other."""
    cell, rng = liquids.wired_cfc(NET, seed=3), np.random.default_rng(4)
    u, dt = rng.normal(size=(1, 4)), np.ones(1)
    state = cell.init(u[0])
    _, outputs = cell.run(state, u, dt)
    for unit in np.flatnonzero(NET.layer == 0):
        slope = np.zeros((1, 12))
        slope[0, unit] = 1
        reached = np.flatnonzero(cell.pull(state, u, dt, outputs, slope).u[0])
        assert set(reached) == set(NET.sensory.pre[NET.sensory.post == unit])


def test_command_neurons_hear_each_other_as_wired():
    command = np.flatnonzero(NET.layer == 1)
    among = np.isin(NET.recurrent.pre, command) & np.isin(NET.recurrent.post, command)
    assert among.any()
    cell, rng = liquids.wired_cfc(NET, seed=3), np.random.default_rng(4)
    u, before = rng.normal(size=4), rng.uniform(-1, 1, 12)
    deaf = tree.replace(cell, {"recurrent": np.where(among, 0, cell.recurrent)})
    differ = np.flatnonzero(cell.tick(CfCState(before), u, 1.0)[1] != deaf.tick(CfCState(before), u, 1.0)[1])
    assert set(NET.recurrent.post[among]) <= set(differ)
    assert not set(differ) & set(np.flatnonzero(NET.layer == 0))


def test_heads_that_a_synapse_lacks_have_weight_zero_and_learn_like_the_others():
    rng = np.random.default_rng(0)
    cell = liquids.wired_cfc(NET, seed=3)
    masked = cell.recurrent * (rng.random(cell.recurrent.shape) < 0.5)
    cell = WiredCfC(NET, cell.sensory, masked, cell.bias)
    u, dt = rng.normal(size=(20, 3, 4)), rng.uniform(0, 1, (20, 3))
    after, outputs = cell.run(cell.init(u[0]), u, dt)
    end, slow = fold(cell, cell.init(u[0]), u, dt)
    np.testing.assert_allclose(outputs, slow, atol=1e-13)
    np.testing.assert_allclose(after.h, end.h, atol=1e-13)
    slopes = cell.pull(cell.init(u[0]), u, dt, outputs, outputs).parameters["recurrent"]
    heard = (slopes != 0).any(axis=0)  # not those of a neuron that nothing ever reaches
    assert heard.sum() > 10
    assert (slopes[:, heard] != 0).all()


def test_what_is_drawn_is_within_the_bounds_of_glorot():
    cell = liquids.cfc(3, 5, seed=1, backbone=(64, 32))
    for layer in cell.backbone:
        outputs, inputs = layer.weight.shape
        largest = np.abs(layer.weight).max()
        assert 0.9 * math.sqrt(6 / (inputs + outputs)) < largest <= math.sqrt(6 / (inputs + outputs))
    assert np.abs(cell.heads.weight).max() <= math.sqrt(6 / 37)
    assert not np.array_equal(cell.heads.weight[0], cell.heads.weight[1])
    same = liquids.cfc(3, 5, seed=1, backbone=(64, 16))
    assert np.array_equal(same.backbone[0].weight, cell.backbone[0].weight)
