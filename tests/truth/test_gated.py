"""The gated liquid, the diagonal one and mixed memory: what is known of them in closed form, and their kernel."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import CfC, Diagonal, Gated, Mixed, _kernels, liquids, run, threads, tree, wiring
from plashet.cells import fold
from plashet.liquids import Dense, GatedState, Pure
from plashet.liquids.mixed_fold import pull_mixed, run_mixed
from zoo import TRAINABLE, U

OURS = {name: cell for name, cell in TRAINABLE.items() if "LTC" not in name}
every = pytest.mark.parametrize("cell", OURS.values(), ids=OURS.keys())
NET = wiring.auto_ncp(9, 2, 3, seed=1)


def alone(units=3, inputs=2, tau_max=np.inf):
    """Units that hear the input alone, as a gated and as a diagonal liquid."""
    rng = np.random.default_rng(0)
    w_in, bias = rng.normal(size=(2, units, inputs)), rng.normal(size=(2, units))
    seen = np.array([(j, i, 1) for i in range(units) for j in range(inputs)]).T
    net = wiring.connectome(tuple(seen), (np.zeros(0), np.zeros(0), np.zeros(0)), inputs=inputs, units=units)
    return Gated(net, w_in.reshape(2, -1), np.zeros((2, 0)), bias, tau_max), Diagonal(w_in, bias, tau_max)


@pytest.mark.parametrize("dt", [0.0, 1e-9, 0.3, 7.0, 1e4])
def test_a_unit_moves_exponentially_to_what_its_input_asks_for(dt):
    u, before = np.array([0.4, -1.1]), np.array([0.5, -0.2, 2.0])
    for cell in alone(tau_max=4.0):
        state = type(cell.init(u))(before)
        target, rate = np.empty(3), np.empty(3)
        w_in = cell.sensory.reshape(2, 3, 2) if isinstance(cell, Gated) else cell.w_in
        for i in range(3):
            a_u, a_tau = (sum(w_in[k, i, j] * u[j] for j in range(2)) + cell.bias[k, i] for k in (0, 1))
            target[i], rate[i] = math.tanh(a_u), 1 / 4.0 + math.log1p(math.exp(a_tau))
        expected = target + (before - target) * np.exp(-dt * rate)
        for found in (cell.step(state, u, dt)[1], cell.tick(state, u, dt)[1], run(cell, u[None], dt, state)[0][0]):
            np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


@settings(max_examples=30, deadline=None)
@given(first=st.floats(0, 100), second=st.floats(0, 100))
def test_two_ticks_are_one_where_target_and_time_constant_are_held(first, second):
    u, before = np.array([0.4, -1.1]), np.array([0.5, -0.2, 0.9])
    for cell in alone():
        state = type(cell.init(u))(before)
        middle, _ = cell.tick(state, u, first)
        parts, _ = cell.tick(middle, u, second)
        whole, _ = cell.tick(state, u, first + second)
        np.testing.assert_allclose(parts.h, whole.h, rtol=0, atol=1e-14)


@settings(max_examples=60, deadline=None)
@given(dt=st.floats(0, 1e300), level=st.floats(-1e150, 1e150), start=st.floats(-3, 3))
def test_any_tick_and_any_input_keep_the_state_bounded(dt, level, start):
    u = np.full((4, 3), level)
    for cell in (
        liquids.gated(NET, seed=0),
        liquids.diagonal(3, 5, seed=0),
        liquids.mixed(liquids.gated(NET, seed=0), seed=0),
    ):
        state = tree.map_arrays(lambda _, a: np.full(a.shape, start), cell.init(u[0]))
        outputs, after = run(cell, u, dt, state)
        assert np.abs(outputs).max() <= max(abs(start), 1.0)
        assert all(np.isfinite(a).all() for a in tree.arrays(after).values())


@every
def test_a_tick_of_negative_length_is_not_there(cell):
    if "Leaky" in type(cell).__name__:
        return  # its ticks are all there
    rng = np.random.default_rng(0)
    u, dt = rng.normal(size=(6, 5, U)), rng.uniform(0.1, 1, (6, 5))
    there = rng.random((6, 5)) < 0.5
    after, outputs = cell.run(cell.init(u[0]), u, np.where(there, dt, -1.0))
    for row in range(5):
        kept = there[:, row]
        expected, end = run(cell, u[kept, row], dt[kept, row])
        assert np.array_equal(outputs[kept, row], expected)
        for a, b in zip(tree.arrays(after).values(), tree.arrays(end).values(), strict=True):
            assert np.array_equal(a[row], b)


def test_later_layers_hear_what_earlier_ones_are_in_this_tick_and_what_the_rest_were():
    """Synapse by synapse, in plain Python."""
    cell, rng = liquids.gated(NET, seed=3), np.random.default_rng(4)
    before, u, dt = rng.uniform(-1, 1, NET.units), rng.normal(size=3), 0.7
    now = before.copy()
    for layer in range(3):
        for i in np.flatnonzero(NET.layer == layer):
            a = cell.bias[:, i].copy()
            for e in np.flatnonzero(NET.sensory.post == i):
                a += cell.sensory[:, e] * u[NET.sensory.pre[e]]
            for e in np.flatnonzero(NET.recurrent.post == i):
                j = NET.recurrent.pre[e]
                a += cell.recurrent[:, e] * (now[j] if NET.layer[j] < layer else before[j])
            target, rate = math.tanh(a[0]), math.log1p(math.exp(a[1]))
            now[i] = target + (before[i] - target) * math.exp(-dt * rate)
    assert set(NET.layer) == {0, 1, 2}
    np.testing.assert_allclose(cell.step(GatedState(before), u, dt)[1], now, rtol=0, atol=1e-14)
    np.testing.assert_allclose(cell.tick(GatedState(before), u, dt)[1], now, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_unit_has_its_own_slowest_time_constant_whatever_its_layer(dtype):
    """Motor neurons come first among the units and last in a tick: what is per unit is not in the order of layers."""
    cell, rng = liquids.gated(NET, seed=3), np.random.default_rng(4)
    assert (np.diff(NET.layer) < 0).any()
    slow = Gated(NET, cell.sensory, cell.recurrent, cell.bias, tau_max=np.geomspace(0.05, 50.0, NET.units))
    u, dt = rng.normal(size=(12, 3)).astype(dtype), rng.uniform(0.01, 0.3, 12).astype(dtype)
    start = GatedState(rng.uniform(-1, 1, NET.units).astype(dtype))
    after, outputs = slow.run(start, u, dt)
    folded, expected = fold(slow, start, u, dt)
    _, ticked = fold(slow, start, u, dt, step=slow.tick)
    close = {"rtol": 0, "atol": 1e-12 if dtype is np.float64 else 2e-6}
    np.testing.assert_allclose(outputs, expected, **close)
    np.testing.assert_allclose(ticked, expected, **close)
    np.testing.assert_allclose(after.h, folded.h, **close)
    assert np.abs(outputs - cell.run(start, u, dt)[1]).max() > 0.1  # it does matter here


def test_time_constants_at_rest_cover_the_range_that_was_asked_for():
    for cell in (liquids.gated(NET, seed=0, tau=(0.5, 30.0)), liquids.diagonal(3, 9, seed=0, tau=(0.5, 30.0))):
        tau = 1 / np.log1p(np.exp(cell.bias[1]))
        np.testing.assert_allclose(np.sort(tau), np.geomspace(0.5, 30.0, 9), rtol=1e-12)
        assert not np.array_equal(tau, np.sort(tau))
    bounded = liquids.gated(NET, seed=0, tau=(0.5, 30.0), tau_max=40.0)
    np.testing.assert_allclose(np.sort(1 / (np.log1p(np.exp(bounded.bias[1])) + 1 / 40)), np.geomspace(0.5, 30.0, 9))


def test_fast_time_constants_are_drawn_as_well_as_slow_ones():
    for cell in (liquids.gated(NET, seed=0, tau=(1e-5, 1e-2)), liquids.diagonal(3, 9, seed=0, tau=(1e-5, 1e-2))):
        np.testing.assert_allclose(np.sort(1 / np.logaddexp(0, cell.bias[1])), np.geomspace(1e-5, 1e-2, 9), rtol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 4e-7), (np.float64, 1e-15)])
def test_the_rate_is_near_the_rounding_of_its_dtype(dtype, tolerance):
    """h = exp(-dt softplus(a)) from 1, with dt such that the rate alone decides how near."""
    a = np.linspace(-14, 14, 2001).astype(dtype)
    cell = Diagonal(np.zeros((2, 2001, 1), dtype), np.stack((np.zeros_like(a), a)))
    rate = np.logaddexp(0, a.astype(np.float64))
    ones = type(cell.init(np.zeros(1)))(np.ones(2001, dtype))
    for share in (0.5, 1.0):
        dt = np.asarray(share / np.median(rate), dtype)
        found = cell.tick(ones, np.zeros(1, dtype), dt)[1]
        np.testing.assert_allclose(found, np.exp(-float(dt) * rate), rtol=tolerance * (1 + rate.max()), atol=tolerance)


def test_a_diagonal_liquid_is_a_gated_one_without_recurrent_synapses():
    rng = np.random.default_rng(1)
    by_edges, diagonal = alone()
    u, dt = rng.normal(size=(53, 4, 2)), rng.exponential(1.0, (53, 4))
    ours, end = run(diagonal, u, dt)
    theirs, last = run(by_edges, u, dt)
    assert np.array_equal(ours, theirs)
    assert np.array_equal(end.h, last.h)


# ------------------------------------------------------------------------------------------------------------- slopes


@every
@pytest.mark.parametrize(("ticks", "batch"), [(5, ()), (40, (3,)), (3, (33,))])
def test_slopes_are_finite_differences(cell, ticks, batch):
    """In a random direction of each of the parameters, the input, the times and the state."""
    rng = np.random.default_rng(ticks)
    u, dt = rng.normal(size=(ticks, *batch, U)), rng.exponential(0.7, (ticks, *batch)) + 0.1
    u[rng.random(u.shape) < 0.2] = np.nan
    if "Leaky" not in type(cell).__name__:
        dt[rng.random(dt.shape) < 0.2] = -1.0
    biases = {path: a for path, a in tree.arrays(cell).items() if path.endswith("bias")}
    moved = {path: a + 0.1 * rng.normal(size=a.shape) for path, a in biases.items()}
    cell = tree.replace(cell, moved)  # a head that is exactly 0 is where the rule Pure has a kink
    state = tree.map_arrays(lambda _, a: rng.uniform(-0.9, 0.9, a.shape), cell.init(u[0]))
    after, outputs = cell.run(state, u, dt)
    weights = rng.normal(size=outputs.shape)
    last = tree.map_arrays(lambda _, a: rng.normal(size=a.shape), after)
    pulled = cell.pull(state, u, dt, outputs, weights, last)

    def loss(cell, state, u, dt):
        after, outputs = cell.run(state, u, dt)
        ends = zip(tree.arrays(after).values(), tree.arrays(last).values(), strict=True)
        return (outputs * weights).sum() + sum((a * b).sum() for a, b in ends)

    def check(at, slope, what):
        direction, eps = rng.normal(size=np.shape(slope)), 1e-6
        numeric = (loss(*at(eps * direction)) - loss(*at(-eps * direction))) / (2 * eps)
        assert abs((slope * direction).sum() - numeric) < 2e-6 * max(1.0, np.abs(slope).sum() ** 0.5), what

    held = tree.arrays(cell)
    for path, slope in pulled.parameters.items():
        check(lambda d, path=path: (tree.replace(cell, {path: held[path] + d}), state, u, dt), slope, path)
    check(lambda d: (cell, state, u + d, dt), pulled.u, "u")
    assert (pulled.u[np.isnan(u)] == 0).all()
    there = dt > 0
    check(lambda d: (cell, state, u, dt + d * there), np.where(there, pulled.dt, 0), "dt")
    assert "Leaky" in type(cell).__name__ or (pulled.dt[~there] == 0).all()
    for path, slope in tree.arrays(pulled.state).items():
        check(
            lambda d, path=path: (cell, tree.replace(state, {path: tree.arrays(state)[path] + d}), u, dt), slope, path
        )


@every
def test_the_number_of_cores_changes_no_bit_of_slopes(cell, monkeypatch):
    rng = np.random.default_rng(0)
    u, dt = rng.normal(size=(5, 100, U)), rng.uniform(0.1, 1, (5, 100))
    state = cell.init(u[0])
    monkeypatch.setattr(threads, "QUICK", 0)
    found = []
    for cores in (1, 2):
        monkeypatch.setattr(threads, "cores", lambda cores=cores: cores)
        after, outputs = cell.run(state, u, dt)
        found.append((after, outputs, cell.pull(state, u, dt, outputs, outputs)))
    for a, b in zip(tree.arrays(found[0]).values(), tree.arrays(found[1]).values(), strict=True):
        assert np.array_equal(a, b)


@every
@pytest.mark.parametrize("shape", [(0, 3), (0,), (4, 0)])
def test_no_ticks_and_no_rows_have_slopes_too(cell, shape):
    u, dt = np.zeros((*shape, U)), np.ones(shape)
    state = cell.init(np.zeros((*shape[1:], U)))
    _, outputs = cell.run(state, u, dt)
    pulled = cell.pull(state, u, dt, outputs, outputs, tree.map_arrays(lambda _, a: np.ones(a.shape), state))
    held = tree.arrays(cell)
    for path, slope in pulled.parameters.items():
        assert slope.shape == held[path].shape
        assert (slope == 0).all()
    assert all((a == 1).all() for a in tree.arrays(pulled.state).values())


def test_mixed_memory_in_one_kernel_is_mixed_memory_tick_by_tick():
    rng = np.random.default_rng(5)
    cell = liquids.mixed(liquids.gated(NET, seed=1), seed=2)
    u, dt = rng.normal(size=(9, 4, 3)), rng.exponential(1.0, (9, 4)) - 0.2
    state = tree.map_arrays(lambda _, a: rng.uniform(-1, 1, a.shape), cell.init(u[0]))
    after, outputs = cell.run(state, u, dt)
    h, c, slow = run_mixed(cell, state, u, dt, None)
    np.testing.assert_allclose(outputs, slow, rtol=0, atol=1e-13)
    np.testing.assert_allclose(after.c, c, rtol=0, atol=1e-13)
    np.testing.assert_allclose(after.h, h, rtol=0, atol=1e-13)
    slope, ends = rng.normal(size=outputs.shape), (rng.normal(size=h.shape), rng.normal(size=c.shape))
    pulled = cell.pull(state, u, dt, outputs, slope, type(state)(*ends))
    named, du, ddt, dh, dc = pull_mixed(cell, (state, u, dt, outputs), slope, ends)
    assert set(named) == set(pulled.parameters)
    pairs = [(pulled.u, du), (pulled.dt, ddt), (pulled.state.h, dh), (pulled.state.c, dc)]
    for a, b in [*pairs, *((pulled.parameters[path], named[path]) for path in named)]:
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


def test_mixed_memory_keeps_what_the_liquid_alone_forgets():
    """With its forget gate open and its input gate shut, c is the same after a thousand ticks."""
    cell = liquids.mixed(liquids.gated(NET, seed=1), seed=2)
    bias = np.stack((np.zeros(9), np.full(9, -40.0), np.full(9, 40.0), np.zeros(9)))
    cell = Mixed(cell.liquid, np.zeros_like(cell.w_in), np.zeros_like(cell.w), bias)
    start = cell.init(np.zeros(3))._replace(c=np.linspace(-1, 1, 9))
    _, after = run(cell, np.random.default_rng(0).normal(size=(1000, 3)), 1.0, start)
    np.testing.assert_allclose(after.c, start.c, rtol=0, atol=1e-12)


# ----------------------------------------------------------------------------------------------- the kernel, the doors


def test_every_instruction_set_computes_the_same():
    cell, rng = liquids.gated(NET, seed=1), np.random.default_rng(2)
    u, dt, h = rng.normal(size=(20, 5, 3)), rng.uniform(0, 1, (20, 5)), np.zeros((5, 9))
    _, expected = fold(cell, GatedState(h), u, dt)
    shape = _kernels.GatedShape(3, 9, 0, 0)
    from plashet.liquids.levels import Slots

    for level in cell.form().levels(Slots(3, 9), 4):
        arrays = (np.ascontiguousarray(a, np.int64) for a in level[2:])
        shape.add(_kernels.gated_kinds[level.kind], _kernels.gated_bends[level.bend], *arrays)
    for name in _kernels.instruction_sets():
        plan = _kernels.gated_plan(shape, cell.weights(np.float64), cell.constants(np.float64), name)
        out = np.empty((20, 5, 9))
        plan.run(u, dt, h.copy(), np.empty((5, 0)), out, 2)
        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-13)
    with pytest.raises(ValueError, match="does not run"):
        _kernels.gated_plan(shape, cell.weights(np.float64), cell.constants(np.float64), "v9")


def test_the_kernel_refuses_what_would_lie_outside_its_arrays():
    shape = _kernels.GatedShape(1, 2, 0, 0)
    ints = lambda *n: np.array(n, np.int64)
    edge = np.zeros((1, 2), np.int64)
    for own, to, pre, post in (
        (ints(2, 3), ints(4, 6), ints(0), ints(0)),  # writes a slot that is not there
        (ints(2, 3), ints(1, 5), ints(0), ints(0)),  # writes an input
        (ints(2, 9), ints(4, 5), ints(0), ints(0)),
        (ints(2, 3), ints(4, 5), ints(6), ints(0)),
        (ints(2, 3), ints(4, 5), ints(0), ints(2)),
    ):
        with pytest.raises(ValueError, match=r"no such slot|from or to nowhere"):
            shape.add(1, 0, own, to, pre, post, edge)
    shape.add(1, 0, ints(2, 3), ints(4, 5), ints(0), ints(0), edge + 7)
    with pytest.raises(ValueError, match="fewer weights"):
        _kernels.gated_plan(shape, np.zeros(7), np.zeros((2, 2)))
    plan = _kernels.gated_plan(shape, np.zeros(8), np.zeros((2, 2)))
    u, dt, h, c, out = np.zeros((3, 4, 1)), np.zeros((3, 4)), np.zeros((4, 2)), np.zeros((4, 0)), np.zeros((3, 4, 2))
    for wrong in (
        (u[:2], dt, h, c, out, 2),
        (u, dt[:, :3], h, c, out, 2),
        (u, dt, h[:3], c, out, 2),
        (u, dt, h, c, out[..., :1], 2),
        (u, dt, h, c, out[..., [1, 0]].T.copy().T, 2),
    ):
        with pytest.raises((ValueError, TypeError)):
            plan.run(*wrong)
    with pytest.raises(ValueError, match="holds on to its levels"):
        shape.add(1, 0, ints(2, 3), ints(4, 5), ints(0), ints(0), edge)
    for sizes in ((2**62, 2, 0, 0), (1, 2**62, 2**62, 0), (1, 0, 0, 0), (1, 2, -1, 0)):
        with pytest.raises(ValueError, match="sizes"):
            _kernels.GatedShape(*sizes)


def test_what_does_not_fit_is_told():
    cell = liquids.gated(NET, seed=0)
    for change, message in (
        ({"sensory": cell.sensory[:, 1:]}, r"sensory is \(2, .*wanted"),
        ({"recurrent": cell.recurrent[:1]}, r"recurrent is \(1, .*wanted"),
        ({"bias": np.full((2, 9), np.nan)}, "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            tree.replace(cell, change)
    for made, path in (
        (liquids.cfc(2, 3, seed=0, backbone=(4,)), "backbone.0.weight"),
        (liquids.cfc(2, 3, seed=0), "heads.bias"),
        (liquids.diagonal(2, 3, seed=0), "w_in"),
        (liquids.mixed(cell, seed=0), "w"),
    ):
        with pytest.raises(ValueError, match=f"{path} has a value that is not finite, at 0"):
            tree.replace(made, {path: np.full_like(tree.arrays(made)[path], np.nan)})
    arrays = cell.sensory, cell.recurrent, cell.bias
    with pytest.raises(ValueError, match="must be positive"):
        Gated(NET, *arrays, tau_max=0.0)
    with pytest.raises(ValueError, match="one per unit"):
        Gated(NET, *arrays, tau_max=np.ones(3))
    for tau in ((0.0, 1.0), (2.0, 1.0), (1.0, 50.0)):
        with pytest.raises(ValueError, match="shortest, longest"):
            liquids.gated(NET, seed=0, tau=tau, tau_max=50.0)
        with pytest.raises(ValueError, match="shortest, longest"):
            liquids.diagonal(3, 4, seed=0, tau=tau, tau_max=50.0)
    with pytest.raises(ValueError, match=r"wanted \(2, units, inputs\)"):
        Diagonal(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="w is"):
        Mixed(cell, np.zeros((4, 9, 3)), np.zeros((4, 9, 3)), np.zeros((4, 9)))
    with pytest.raises(ValueError, match="float32 or float64"):
        cell.run(cell.init(np.zeros(3)), np.zeros((2, 3), np.float16), np.ones(2))
    with pytest.raises(ValueError, match="heads of 2 units"):
        CfC(1, (), Dense(np.zeros((4, 2, 2)), np.zeros((4, 2))))
    with pytest.raises(ValueError, match=r"backbone\.0"):
        CfC(1, (Dense(np.zeros((5, 2)), np.zeros(5)),), Dense(np.zeros((4, 2, 5)), np.zeros((4, 2))))
    with pytest.raises(ValueError, match="activation is one of"):
        liquids.cfc(1, 2, seed=0, activation="sine")
    with pytest.raises(ValueError, match=r"rule\.w_tau"):
        liquids.cfc(1, 2, seed=0, rule=Pure.of(3))


def test_neurons_without_any_synapse_are_drawn_too():
    none = (np.zeros(0, np.int64),) * 3
    net = wiring.connectome(none, none, inputs=1, units=3)
    for cell in (liquids.gated(net, seed=0), liquids.wired_cfc(net, seed=0)):
        assert np.isfinite(run(cell, np.ones((4, 1)), 1.0)[0]).all()
