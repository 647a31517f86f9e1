"""What a trained net does: its time constants, what its synapses contribute to a decision, and nets with fewer."""

from dataclasses import replace

import numpy as np
import pytest

from plashet import Beside, Chain, Model, Readout, run, tree, wiring
from plashet.encode import Hold, Scale
from plashet.liquids import (
    Exponential,
    Full,
    Motors,
    NoGate,
    Pure,
    cfc,
    diagonal,
    gated,
    ltc,
    mixed,
    wired_cfc,
)
from plashet.measure import (
    BySynapse,
    ablation,
    decision,
    drop,
    gradient_times_strength,
    integrated_gradients,
    strongest,
    thinned,
    time_constants,
    weakest,
)
from plashet.trainable import trainable
from zoo import LIQUIDS, SPIKING

NET = wiring.auto_ncp(14, 2, 3, seed=3)
PATHS = {"LTC": ("recurrent.w", "sensory.w")}
NETS = {
    "LTC": ltc(NET, seed=0),
    "LTC, exponential": ltc(NET, seed=1, solver=Exponential(2)),
    "gated": gated(NET, seed=2, tau=(0.2, 3.0)),
    "CfC, wired": wired_cfc(NET, seed=3),
    "CfC, wired, pure": wired_cfc(NET, seed=4, rule=Pure(np.full(14, 0.5), np.ones(14))),
}
every = pytest.mark.parametrize("cell", NETS.values(), ids=NETS.keys())


def series(cell, ticks=12, batch=(), seed=5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ticks, *batch, cell.inputs)), rng.uniform(0.05, 0.5, (ticks, *batch))


# -------------------------------------------------------------------------------------------------- time constants


def test_those_of_an_ltc_are_its_own_and_within_their_bounds():
    cell = NETS["LTC"]
    u, dt = series(cell, 30, (2,))
    tau = time_constants(cell, u, dt)
    np.testing.assert_allclose(tau, cell.time_constants(run(cell, u, dt)[0], u), rtol=1e-12)
    gleak, _, cm = cell.membrane
    most = (
        gleak
        + np.bincount(NET.recurrent.post, cell.recurrent.w, 14)
        + np.bincount(NET.sensory.post, cell.sensory.w, 14)
    )
    assert (tau <= cm / gleak * (1 + 1e-12)).all()
    assert (tau >= cm / most * (1 - 1e-12)).all()


@pytest.mark.parametrize("cell", [NETS["gated"], diagonal(3, 14, seed=1, tau_max=40.0)], ids=["gated", "diagonal"])
def test_a_gated_unit_forgets_its_state_before_with_its_time_constant(cell):
    u, dt = series(cell, 6)
    tau = time_constants(cell, u, dt)
    looped = set(NET.recurrent.post[NET.recurrent.pre == NET.recurrent.post].tolist())
    state = cell.init(u[0])
    for t in range(len(u)):
        for unit in sorted(set(range(14)) - looped):
            other = cell.init(u[0])._replace(h=state.h + 0.1 * (np.arange(14) == unit))
            moved = cell.step(other, u[t], dt[t])[1][unit] - cell.step(state, u[t], dt[t])[1][unit]
            np.testing.assert_allclose(moved, 0.1 * np.exp(-dt[t] / tau[t, unit]), rtol=1e-9)
        state, _ = cell.step(state, u[t], dt[t])


class Spy:
    """A rule that keeps the heads it is given."""

    def __init__(self, rule):
        self.rule, self.seen = rule, []

    def __getattr__(self, name):
        return getattr(self.rule, name)

    def move(self, heads, dt):
        self.seen.append([np.array(h) for h in heads])
        return self.rule.move(heads, dt)


@pytest.mark.parametrize("rule", [Full(), NoGate(), Pure(np.linspace(-1, 1, 14), np.ones(14))])
@pytest.mark.parametrize("memory", [False, True])
def test_those_of_a_cfc_follow_from_the_heads_that_its_step_computes(rule, memory):
    cell = cfc(3, 14, seed=6, backbone=(8,), rule=rule)
    whole = mixed(cell, seed=7) if memory else cell
    u, dt = series(cell, 7, (2,))
    tau = time_constants(whole, u, dt)
    spy = Spy(rule)
    spied = replace(cell)
    object.__setattr__(spied, "rule", spy)
    state, watched = whole.init(u[0]), replace(whole, liquid=spied) if memory else spied
    for now, elapsed in zip(u, dt, strict=True):
        state, _ = watched.step(state, now, elapsed)
    heads = [np.stack(h) for h in zip(*spy.seen, strict=True)]
    expected = np.abs(heads[0]) + np.abs(rule.w_tau) if isinstance(rule, Pure) else np.abs(heads[2])
    np.testing.assert_allclose(tau, 1 / expected, rtol=1e-9)


def test_those_of_a_pure_cfc_along_a_connectome_are_how_its_output_moves_with_time():
    """A - h' = A ff1 exp(-dt/tau): for a motor neuron two times suffice, what it hears being the same."""
    cell = NETS["CfC, wired, pure"]
    sensory = np.setdiff1d(np.arange(14), NET.recurrent.post)  # they hear inputs alone
    u = series(cell, 1)[0]
    left = [1 - cell.step(cell.init(u[0]), u[0], dt)[1][sensory] for dt in (0.2, 0.9)]
    tau = time_constants(cell, u, 0.2)[0][sensory]
    np.testing.assert_allclose(left[1] / left[0], np.exp(-0.7 / tau), rtol=1e-9)


def test_those_of_leaky_units_are_their_tau_and_those_of_several_liquids_stand_side_by_side():
    a, b = LIQUIDS["bands, tau each"], LIQUIDS["bands"]
    u = np.random.default_rng(0).normal(size=(5, 2))
    tau = time_constants(Model(Chain((Hold(2), Beside((a, b)))), Readout(np.zeros((24, 1)), np.zeros(1))), u, 0.1)
    assert tau.shape == (5, 24)
    np.testing.assert_array_equal(tau[3], np.concatenate((a.tau, np.full(12, 0.5))))


def test_what_has_no_time_constants_says_so():
    with pytest.raises(TypeError, match="this Chain holds nothing that has time constants: LTC"):
        time_constants(Chain((Hold(2),)), np.zeros((3, 2)), 1.0)


# -------------------------------------------------------------------------------------------------- contributions


@every
def test_the_gradient_is_that_of_finite_differences(cell):
    u, dt = series(cell)
    asked = np.random.default_rng(1).normal(size=(len(u), 14))
    found = gradient_times_strength(cell, u, dt, asked)
    names = PATHS["LTC"] if "recurrent.w" in tree.arrays(cell) else ("recurrent", "sensory")
    for path, values in zip(names, found, strict=True):
        full = tree.arrays(cell)[path]
        for edge in (0, len(values) // 2, len(values) - 1):
            ends = []
            for size in (1 + 1e-6, 1 - 1e-6):
                scaled = np.array(full)
                scaled[..., edge] *= size
                ends.append(decision(tree.replace(cell, {path: scaled}), u, dt, asked))
            np.testing.assert_allclose(values[edge], (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-8)


@every
def test_integrated_gradients_are_complete(cell):
    """They add up to what all synapses together change in the decision."""
    u, dt = series(cell)
    found = integrated_gradients(cell, u, dt, 1)
    bare = drop(cell, np.ones(NET.recurrent.edges, bool), np.ones(NET.sensory.edges, bool))
    whole = decision(cell, u, dt, 1) - decision(bare, u, dt, 1)
    assert abs(whole) > 1e-3
    np.testing.assert_allclose(found.recurrent.sum() + found.sensory.sum(), whole, rtol=1e-7)


@every
def test_ablation_is_the_decision_of_the_net_without_the_synapse(cell):
    u, dt = series(cell, batch=(2,))
    found = ablation(cell, u, dt, 0)
    whole = decision(cell, u, dt, 0)
    for edge in range(0, NET.recurrent.edges, 7):
        assert np.isclose(found.recurrent[edge], whole - decision(drop(cell, [edge]), u, dt, 0), rtol=0, atol=1e-12)
    for edge in range(0, NET.sensory.edges, 5):
        assert np.isclose(found.sensory[edge], whole - decision(drop(cell, (), [edge]), u, dt, 0), rtol=0, atol=1e-12)


def test_where_synapses_hardly_matter_the_three_say_the_same():
    """Contributions to first order in the strengths: what differs is of second order."""
    cell = NETS["LTC"]
    weak = tree.replace(cell, {path: 1e-4 * tree.arrays(cell)[path] for path in PATHS["LTC"]})
    u, dt = series(cell)
    ways = [np.concatenate(m(weak, u, dt, 0)) for m in (gradient_times_strength, integrated_gradients, ablation)]
    for other in ways[1:]:
        np.testing.assert_allclose(other, ways[0], rtol=2e-3, atol=1e-8)


@every
def test_a_synapse_that_nothing_asked_hears_contributes_nothing(cell):
    u, dt = series(cell)
    others = [k for k in range(NET.recurrent.edges) if NET.recurrent.post[k] == 1]  # the other motor neuron's
    found = [m(cell, u, dt, 0) for m in (gradient_times_strength, integrated_gradients, ablation)]
    assert all(np.abs(one.recurrent[others]).max() == 0 for one in found)
    assert all(np.abs(one.recurrent).max() > 0 for one in found)


def test_the_net_may_sit_within_a_model_and_learn_little():
    cell = NETS["gated"]
    model = Model(
        Chain((Scale(np.zeros(3), np.ones(3)), trainable(cell, "bias"), Motors(14, np.ones(2), np.zeros(2)))),
        Readout(np.eye(2), np.zeros(2)),
    )
    u, dt = series(cell)
    for measure in (gradient_times_strength, integrated_gradients, ablation):
        np.testing.assert_allclose(measure(model, u, dt, 1)[0], measure(cell, u, dt, 1)[0], rtol=1e-9, atol=1e-15)
    assert drop(model, [0]).liquid.cells[1].connectome.recurrent.edges == NET.recurrent.edges - 1


def test_the_strongest_are_told_by_name():
    found = BySynapse(np.zeros(NET.recurrent.edges), np.zeros(NET.sensory.edges))
    found.recurrent[4], found.sensory[2] = -3.0, 2.0
    first, second, *_ = strongest(NETS["LTC"], found, 3)
    pre, post = NET.recurrent.pre[4], NET.recurrent.post[4]
    names = [f"{kind} {k}" for k, kind in enumerate(wiring.kinds(NET))]
    assert first == (names[pre], names[post], False, 4, -3.0)
    assert second.pre == f"input {NET.sensory.pre[2]}"
    assert second.sensory
    named = replace(NETS["LTC"], connectome=replace(NET, names=tuple(f"N{k}" for k in range(14))))
    assert strongest(named, found)[0].pre == f"N{pre}"


# -------------------------------------------------------------------------------------------------------- thinning


@every
def test_dropping_is_the_same_as_a_strength_of_nothing(cell):
    gone = np.arange(NET.recurrent.edges) % 3 == 0
    thin = drop(cell, gone, [1, 2])
    paths = PATHS["LTC"] if "recurrent.w" in tree.arrays(cell) else ("recurrent", "sensory")
    first, second = (np.array(tree.arrays(cell)[p]) for p in paths)
    first[..., gone], second[..., [1, 2]] = 0, 0
    zeroed = tree.replace(cell, dict(zip(paths, (first, second), strict=True)))
    u, dt = series(cell, 20)
    np.testing.assert_allclose(run(thin, u, dt)[0], run(zeroed, u, dt)[0], rtol=1e-12, atol=1e-14)
    assert thin.connectome.recurrent.edges == NET.recurrent.edges - gone.sum()
    assert type(thin) is type(cell)


def test_the_weakest_are_dropped_first_and_the_error_is_measured_each_time():
    cell = NETS["LTC"]
    u, dt = series(cell, 60)
    target = run(cell, u, dt)[0][:, :2]
    found = ablation(cell, u, dt, np.broadcast_to(np.arange(14) < 2, (60, 14)).astype(float))

    def error(net):
        return float(np.mean((run(net, u, dt)[0][:, :2] - target) ** 2))

    curve = thinned(cell, found, (0.0, 0.3, 1.0), error)
    edges = NET.recurrent.edges + NET.sensory.edges
    assert [one.synapses for one in curve] == [edges, edges - round(0.3 * edges), 0]
    assert curve[0].error == 0
    assert all(one.error == error(one.cell) for one in curve)
    strong = BySynapse(-np.abs(found.recurrent), -np.abs(found.sensory))
    worst = drop(cell, *(~m for m in weakest(strong, 0.7)))  # without the strongest third
    assert curve[1].error < 0.1 * error(worst)


# --------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (dict(asked=2), ValueError, r"there are outputs 0\.\.1, got 2"),
        (dict(asked=np.ones(3)), ValueError, r"asked is \(3,\), wanted \(4, 2\)"),
        (dict(u=np.zeros((4, 7))), ValueError, r"u is \(4, 7\), wanted \(time, \*batch, 3\)"),
        (dict(u=np.zeros((0, 3))), ValueError, "one tick at least"),
        (dict(dt=np.ones(3)), ValueError, r"dt is \(3,\), wanted a number"),
        (dict(cell=LIQUIDS["ring"], u=np.zeros((4, 2))), TypeError, "has none; wanted one net with synapses"),
        (dict(cell=cfc(3, 4, seed=0)), TypeError, "this CfC has none; wanted one net with synapses"),
        (dict(cell=SPIKING["LIF"], u=np.zeros((4, 2))), TypeError, "has none"),
        (dict(cell=Beside((NETS["LTC"], NETS["gated"]))), TypeError, r"has cells\.0 and cells\.1; wanted one"),
    ],
)
@pytest.mark.parametrize("measure", [gradient_times_strength, integrated_gradients, ablation])
def test_what_does_not_fit_is_refused(measure, change, kind, said):
    cell = Chain((NETS["LTC"], Motors(14, np.ones(2), np.zeros(2))))
    asked = dict(cell=cell, u=np.zeros((4, 3)), dt=0.1, asked=0) | change
    with pytest.raises(kind, match=said):
        measure(**asked)


def test_shares_and_steps_are_checked():
    found = BySynapse(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match=r"share is 1\.5"):
        weakest(found, 1.5)
    with pytest.raises(ValueError, match="steps is 0"):
        integrated_gradients(NETS["LTC"], np.zeros((2, 3)), 0.1, 0, steps=0)
    with pytest.raises(ValueError, match=r"the recurrent contributions are \(3,\)"):
        strongest(NETS["LTC"], found)
