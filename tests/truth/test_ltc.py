"""Liquid time-constant networks: against the differential equation, closed forms, bounds and finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from plashet import LTC, _kernels, run, save, tree, wiring
from plashet import load as read_back
from plashet.liquids import Affine, Exponential, Fused, Gates, LTCState, Membrane, Motors, ltc

INPUTS = 3
SOLVERS = [Fused(1), Fused(6), Exponential(1), Exponential(4)]
solvers = pytest.mark.parametrize("solver", SOLVERS, ids=repr)


def net(solver=Fused(), seed=0, dense=False):  # noqa: B008 - frozen
    make = wiring.dense(8, INPUTS, seed=seed) if dense else wiring.auto_ncp(10, 2, INPUTS, seed=seed)
    return ltc(make, seed=seed, solver=solver)


def sums(cell, u, v):
    """I and G of every neuron, written out synapse by synapse."""
    x = np.asarray(cell.affine.weight) * u + np.asarray(cell.affine.bias)
    total = np.array(cell.membrane.gleak)
    current = total * cell.membrane.vleak
    net = cell.connectome
    for gates, synapses, heard in ((cell.recurrent, net.recurrent, v), (cell.sensory, net.sensory, x)):
        for e, (j, i) in enumerate(zip(synapses.pre, synapses.post, strict=True)):
            g = gates.w[e] / (1 + np.exp(-gates.sigma[e] * (heard[j] - gates.mu[e])))
            current[i] += g * gates.erev[e]
            total[i] += g
    return current, total


def flow(cell, u):
    """dv/dt as a function of time and v."""

    def slope(_, v):
        current, total = sums(cell, u, v)
        return (current - total * v) / cell.membrane.cm

    return slope


@pytest.mark.parametrize("solver", [Fused, Exponential])
def test_the_error_against_the_differential_equation_halves_when_the_unfolds_double(solver):
    u = np.array([0.4, -0.3, 0.9])
    start = np.linspace(-0.4, 0.6, 10)
    exact = solve_ivp(flow(net(), u), (0, 0.7), start, rtol=1e-11, atol=1e-12).y[:, -1]
    errors = []
    for unfolds in (8, 16, 32, 64, 128):
        (v,), _ = net(solver(unfolds)).run(LTCState(start), u[None], np.array([0.7]))
        errors.append(np.abs(v - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 1) < 0.1)
    assert errors[-1] < 2e-3


def test_a_neuron_alone_with_its_leak_decays_as_the_exponential_says_in_any_steps():
    lonely = wiring.connectome(([], [], []), ([], [], []), inputs=1, units=2)
    none = Gates(*(np.zeros(0) for _ in range(4)))
    membrane = Membrane(np.array([0.5, 2.0]), np.array([0.3, -1.0]), np.array([1.5, 0.7]))
    cell = LTC(lonely, none, none, membrane, Affine(np.ones(1), np.zeros(1)), Exponential(3))
    start, dt = np.array([1.0, 1.0]), np.array([0.1, 2.0, 0.0, 30.0, 1e-6])
    _, v = cell.run(LTCState(start), np.zeros((5, 1)), dt)
    tau = membrane.cm / membrane.gleak
    exact = membrane.vleak + (start - membrane.vleak) * np.exp(-np.cumsum(dt)[:, None] / tau)
    np.testing.assert_allclose(v, exact, rtol=1e-12, atol=1e-14)


def test_one_unfold_is_the_published_step():
    """x' = (x + d f A)/(1 + d (1/tau + f)), in conductances and multiplied through by the capacitance."""
    cell, u, v, d = net(Fused(1), seed=3), np.array([0.2, 0.7, -0.1]), np.linspace(-0.3, 0.8, 10), 0.6
    current, total = sums(cell, u, v)
    c = cell.membrane.cm
    (after,), _ = cell.step(LTCState(v), u, d)
    np.testing.assert_allclose(after, (c * v + d * current) / (c + d * total), rtol=1e-12)


@solvers
def test_no_time_changes_nothing(solver):
    start = np.random.default_rng(0).normal(size=(20, 10))
    u = np.random.default_rng(1).normal(size=(3, 20, INPUTS)) * 100
    for dtype in (np.float32, np.float64):
        (v,), _ = net(solver).run(LTCState(start.astype(dtype)), u.astype(dtype), np.zeros(3, dtype))
        np.testing.assert_array_equal(v, start.astype(dtype))
    (v,), _ = net(solver).step(LTCState(start), u[0], 0.0)
    np.testing.assert_array_equal(v, start)


@settings(deadline=None, max_examples=60)
@given(
    dt=st.floats(0, 1e6),
    size=st.sampled_from([1e-3, 1.0, 1e3, 1e6]),
    seed=st.integers(0, 50),
    solver=st.sampled_from(SOLVERS),
    rows=st.sampled_from([1, 7]),
)
def test_the_state_stays_between_the_potentials_for_any_step_and_input(dt, size, seed, solver, rows):
    cell, rng = net(solver, seed), np.random.default_rng(seed)
    start = rng.uniform(-3, 3, (rows, 10))
    u = size * rng.normal(size=(5, rows, INPUTS))
    _, v = cell.run(LTCState(start), u, np.full(5, dt))
    ends = [start.min(), start.max(), *cell.membrane.vleak, *cell.recurrent.erev, *cell.sensory.erev]
    assert np.isfinite(v).all()
    assert v.min() >= min(ends) - 1e-9
    assert v.max() <= max(ends) + 1e-9


def test_time_constants_lie_between_their_ends_and_move_with_the_input():
    cell = net(seed=4)
    u = np.random.default_rng(0).normal(size=(200, INPUTS))
    states, _ = run(cell, u, 0.3)
    tau = cell.time_constants(states, u)
    c, leak = cell.membrane.cm, cell.membrane.gleak
    most = leak + np.bincount(cell.connectome.recurrent.post, cell.recurrent.w, 10)
    most += np.bincount(cell.connectome.sensory.post, cell.sensory.w, 10)
    assert (tau <= c / leak).all()
    assert (tau >= c / most).all()
    assert (tau.std(axis=0) > 0).all()


@solvers
@pytest.mark.parametrize("rows", [1, 18])
def test_slopes_are_those_of_finite_differences(solver, rows):
    cell, rng = net(solver, seed=5), np.random.default_rng(6)
    u, dt = rng.normal(size=(4, rows, INPUTS)), rng.uniform(0.1, 2, (4, rows))
    u[1, 0, 1] = np.nan
    weights, ends = rng.normal(size=(4, rows, 10)), rng.normal(size=(rows, 10))  # of the outputs, of the last state
    state = LTCState(rng.uniform(-0.5, 0.5, (rows, 10)))
    _, outputs = cell.run(state, u, dt)
    pulled = cell.pull(state, u, dt, outputs, weights, LTCState(ends))
    whole = {"cell": cell, "u": u, "dt": dt, "state": state}
    ours = tree.arrays({"cell": pulled.parameters, "u": pulled.u, "dt": pulled.dt, "state": pulled.state})
    for path, slope in ours.items():
        value = tree.arrays(whole)[path]
        direction = rng.normal(size=value.shape)
        losses = []
        for h in (1e-6, -1e-6):
            moved = tree.replace(whole, {path: value + h * direction})
            _, out = moved["cell"].run(moved["state"], moved["u"], moved["dt"])
            losses.append((out * weights).sum() + (out[-1] * ends).sum())
        observed = np.isfinite(value)
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(
            (slope * direction)[observed].sum(), rel=2e-6, abs=1e-7
        ), path


@solvers
@pytest.mark.parametrize("dt", [1e2, 1e4, 1e7, 1e15, 1e30])
def test_slopes_through_long_steps_are_as_exact_in_single_precision(solver, dt):
    """What is left of v is as small as exp(-k G): as a difference of ones it would be noise, and k large."""
    cell, rng = net(solver, seed=5), np.random.default_rng(6)
    u = rng.normal(size=(5, INPUTS)).astype(np.float32)
    found = []
    for dtype in (np.float64, np.float32):
        given = u.astype(dtype), np.full(5, dt, dtype)
        _, outputs = cell.run(cell.init(given[0][0]), *given)
        pulled = cell.pull(cell.init(given[0][0]), *given, outputs, np.ones_like(outputs))
        found.append(tree.arrays({"cell": pulled.parameters, "u": pulled.u, "dt": pulled.dt, "state": pulled.state}))
    for path, exact in found[0].items():
        np.testing.assert_allclose(
            found[1][path], exact, rtol=1e-3, atol=1e-5 * np.abs(exact).max() + 1e-7, err_msg=path
        )


def in_a_row(cell):
    return np.concatenate([tree.arrays(cell)[path] for path in cell.parameters])


def test_the_kernel_refuses_what_would_lie_outside_its_arrays():
    cell, rows, ticks = net(), 3, 4
    one, other = cell.connectome.recurrent, cell.connectome.sensory
    good = {
        "start": one.by_target.start,
        "pre": one.pre,
        "sensory_start": other.by_target.start,
        "sensory_pre": other.pre,
        "inputs": INPUTS,
        "parameters": in_a_row(cell),
        "unfolds": 6,
        "exponential": False,
    }
    for name, wrong in (
        ("start", good["start"] + 1),
        ("start", good["start"][::-1].copy()),
        ("start", good["start"][:-1]),
        ("pre", good["pre"] + 10),
        ("pre", good["pre"] - 10),
        ("pre", good["pre"][:-1]),
        ("sensory_start", good["sensory_start"][:-1]),
        ("sensory_pre", good["sensory_pre"] + INPUTS),
        ("inputs", INPUTS - 1),
        ("inputs", -1),
        ("parameters", good["parameters"][1:]),
        ("start", good["start"][:0]),
        ("unfolds", 0),
        ("unfolds", 2**62),
    ):
        with pytest.raises(ValueError):
            _kernels.ltc_plan(**(good | {name: wrong}))
    plan = _kernels.ltc_plan(**good)
    u, dt, v, out = (
        np.zeros((ticks, rows, INPUTS)),
        np.ones((ticks, rows)),
        np.zeros((rows, 10)),
        np.zeros((ticks, rows, 10)),
    )
    after, flat = np.zeros((rows, 10)), np.zeros(plan.size)
    run = [u, dt, v, out]
    pull = [u, dt, v, out, out.copy(), after, flat, u.copy(), dt.copy(), v.copy()]
    for call, arrays in ((plan.run, run), (plan.pull, pull)):
        call(*arrays, 2)
        for k, value in enumerate(arrays):
            for wrong in (value[:-1], value[..., :-1].copy(), value[::-1][:1]):
                if k == 1 and np.shape(wrong)[0] == 1:
                    continue  # one tick's clock for all
                with pytest.raises(ValueError):
                    call(*arrays[:k], wrong, *arrays[k + 1 :], 2)


def test_instruction_sets_agree():
    cell, rng = net(seed=7), np.random.default_rng(8)
    u, dt, v = rng.normal(size=(6, 19, INPUTS)), rng.uniform(0, 2, (6, 19)), rng.normal(size=(19, 10))
    found = []
    for name in _kernels.instruction_sets():
        one, other = cell.connectome.recurrent, cell.connectome.sensory
        wired = one.by_target.start, one.pre, other.by_target.start, other.pre
        plan = _kernels.ltc_plan(*wired, INPUTS, in_a_row(cell), 6, False, name)
        out, flat = np.empty((6, 19, 10)), np.zeros(plan.size)
        plan.run(u, dt, v, out, 2)
        plan.pull(
            u, dt, v, out, np.ones_like(out), None, flat, np.empty_like(u), np.empty_like(dt), np.empty_like(v), 2
        )
        found.append((out, flat))
    for out, flat in found[1:]:
        np.testing.assert_allclose(out, found[0][0], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(flat, found[0][1], rtol=1e-10, atol=1e-12)


def test_a_missing_input_closes_its_gates():
    cell = net(seed=9)
    heard = cell.connectome.sensory.pre != 1
    fewer = wiring.connectome(
        tuple(
            a[heard] for a in (cell.connectome.sensory.pre, cell.connectome.sensory.post, cell.connectome.sensory_sign)
        ),
        (cell.connectome.recurrent.pre, cell.connectome.recurrent.post, cell.connectome.sign),
        inputs=INPUTS,
        units=10,
    )
    deaf = replace(cell, connectome=fewer, sensory=Gates(*(a[heard] for a in cell.sensory)))
    u = np.random.default_rng(1).normal(size=(5, INPUTS))
    u[:, 1] = np.nan
    ours, _ = run(cell, u, 0.5)
    theirs, _ = run(deaf, np.nan_to_num(u), 0.5)
    np.testing.assert_array_equal(ours, theirs)


def test_motors_are_the_first_neurons_scaled():
    v = np.random.default_rng(0).normal(size=(4, 3, 10))
    _, y = Motors(10, np.array([2.0, -1.0]), np.array([0.5, 0.0])).run((), v, np.ones(4))
    np.testing.assert_array_equal(y, np.stack([2 * v[..., 0] + 0.5, -v[..., 1]], -1))


def test_a_network_is_saved_and_read_back(tmp_path):
    cell = net(Exponential(3), seed=2)
    save(tmp_path / "worm.plashet", cell)
    back = read_back(tmp_path / "worm.plashet")
    assert back.solver == cell.solver
    u = np.random.default_rng(0).normal(size=(5, INPUTS))
    np.testing.assert_array_equal(run(back, u, 0.4)[0], run(cell, u, 0.4)[0])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: {"membrane": c.membrane._replace(cm=-c.membrane.cm)}, "membrane.cm must be positive"),
        (lambda c: {"membrane": c.membrane._replace(cm=0 * c.membrane.cm)}, "without capacitance"),
        (lambda c: {"recurrent": c.recurrent._replace(w=c.recurrent.w - 5)}, "recurrent.w must be positive"),
        (lambda c: {"sensory": c.sensory._replace(mu=c.sensory.mu[:-1])}, "one for each sensory synapse"),
        (lambda c: {"sensory": c.sensory._replace(mu=0.3)}, "sensory.mu is no array"),
        (
            lambda c: {"affine": Affine(np.full(INPUTS, np.nan), np.zeros(INPUTS))},
            "affine.weight has a value that is not",
        ),
    ],
)
def test_parameters_that_do_not_fit_are_told(change, told):
    cell = net()
    with pytest.raises(ValueError, match=told):
        replace(cell, **change(cell))


def test_a_solver_without_a_step_is_refused():
    for kind in (Fused, Exponential):
        with pytest.raises(ValueError, match="at least one step"):
            kind(0)
