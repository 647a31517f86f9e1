"""Exact online gradients: the influence is what finite differences say, its gradient is that of backpropagation."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from plashet import Beside, Chain, Evidence, Live, Looped, Model, Readout, Squares, Tick, WithInput, fit, tree, wiring
from plashet.encode import Hold, Scale
from plashet.learn import RLS, RTRL, Adam, Huber, SnAp1
from plashet.learn.online import SKIPPED, _workings
from plashet.liquids import Exponential, Fused, Leaky, Motors, ltc
from plashet.liquids.gated import gated
from plashet.pull import pull
from plashet.trainable import trainable
from zoo import SPIKING

U, N, M = 4, 11, 2
NEVER = 10**9  # so that theta stays as it is, and the slopes add up


def net(seed=0, units=N):
    return wiring.auto_ncp(units, M, U, seed=seed)


def leaky(seed, topology, **more):
    return trainable(Leaky(topology(N, U, seed=seed, bias_scaling=0.3), tau=np.linspace(0.2, 2.0, N), **more), *LEAKY)


LEAKY = ("wiring.weights", "wiring.w_in", "wiring.bias", "tau")
LIQUIDS = {
    "LTC": ltc(net(1), seed=1, solver=Fused(6)),
    "LTC, one unfold": ltc(net(2), seed=2, solver=Fused(1)),
    "LTC, exponential": ltc(net(3), seed=3, solver=Exponential(3)),
    "LTC, dense": ltc(wiring.dense(5, U, seed=4), seed=4, solver=Fused(4)),
    "LTC, signs kept": trainable(ltc(net(5), seed=5), "recurrent.w", "sensory.mu", "membrane.cm", "affine.weight"),
    "gated": gated(net(6), seed=6),
    "gated, dense": gated(wiring.dense(6, U, seed=7), seed=7, tau=(0.1, 3.0), tau_max=20.0),
    "gated, tau_max each": replace(gated(net(12), seed=12), tau_max=np.linspace(0.2, 5.0, N)),
    "leaky, random": leaky(8, wiring.random, activation="tanh"),
    "leaky, bands": leaky(9, wiring.bands, activation="logistic"),
    "leaky, linear": leaky(10, wiring.ring, activation="identity"),
    "leaky, one tau": trainable(Leaky(wiring.bands(N, U, seed=11), tau=np.array(0.5)), "tau", "wiring.bias"),
}
every_liquid = pytest.mark.parametrize("liquid", LIQUIDS.values(), ids=LIQUIDS.keys())


def series(time=14, seed=3, outputs=2, batch=()):
    """Irregular ticks, one of them of no time; inputs and labels that are missing."""
    rng = np.random.default_rng(seed)
    u, y = rng.normal(size=(time, *batch, U)), rng.normal(size=(time, *batch, outputs))
    dt = rng.uniform(0.01, 1.5, size=(time, *batch))
    dt[5] = 0.0
    u[3, ..., 2] = u[4, ..., :] = u[0, ..., 1] = np.nan
    y[4], y[6, ..., 0] = np.nan, np.nan
    return u, y, dt


def read(liquid, outputs=2, seed=0):
    rng = np.random.default_rng(seed)
    return Model(liquid, Readout(rng.normal(size=(liquid.outputs, outputs)), rng.normal(size=outputs)))


def watched(learner, model, data):
    """Everything that comes of a series: knowledge, traces, guesses and the model's last state."""
    u, y, dt = data
    knowledge, state = learner.init(model), model.init(u[0])
    traces, guesses = [], []
    for now, target, elapsed in zip(u, y, dt, strict=True):
        before = state
        state, guess = model.tick(before, now, float(elapsed) if np.ndim(elapsed) == 0 else elapsed)
        knowledge, trace = learner.watch(knowledge, Evidence(before, state, Tick(now, None, elapsed), guess))
        knowledge, trace = learner.credit(knowledge, trace, target)
        traces.append(trace)
        guesses.append(guess)
    return knowledge, traces, np.array(guesses), state


def backpropagated(model, data):
    """The same gradient through time, by the cells' vector-Jacobian products: {path: array}, mean over rows."""
    u, y, dt = data
    guesses = watched(RTRL(every=NEVER), model, data)[2]
    slope = np.where(np.isnan(y), 0.0, guesses - y)
    rows = int(np.prod(y.shape[1:-1]))
    return {p: a / rows for p, a in pull(model, model.init(u[0]), u, dt, None, slope).parameters.items()}


def online(model, data, learner=None):
    learner = learner or RTRL(every=NEVER)
    packed = _workings(learner, model).packing
    return packed.named(watched(learner, model, data)[0].sum)


def alike(found, expected, rtol=1e-8):
    assert found.keys() == expected.keys()
    for path, wanted in expected.items():
        if not wanted.size:
            continue
        np.testing.assert_allclose(found[path], wanted, rtol=rtol, atol=rtol * np.abs(wanted).max(), err_msg=path)


@every_liquid
def test_the_online_gradient_is_that_of_backpropagation(liquid):
    data = series()
    model = read(liquid)
    alike(online(model, data), backpropagated(model, data))


@pytest.mark.parametrize("seed", range(6))
def test_it_is_so_on_random_circuits(seed):
    rng = np.random.default_rng(seed)
    units = int(rng.integers(8, 26))
    circuit = wiring.auto_ncp(units, int(rng.integers(1, 5)), U, sparsity=rng.uniform(0.2, 0.8), seed=seed)
    make = (lambda c: ltc(c, seed=seed, solver=(Fused(6), Exponential(2))[seed % 2]), lambda c: gated(c, seed=seed))
    data = series(time=30, seed=seed)
    for liquid in (m(circuit) for m in make):
        model = read(liquid, seed=seed)
        alike(online(model, data), backpropagated(model, data))


def test_what_is_in_front_beside_and_behind_has_its_part():
    data = series()
    cell, motors = ltc(net(1), seed=1), Motors(N, np.array([0.7, -1.2]), np.array([0.1, 0.3]))
    scale = Scale(np.array([0.1, -0.2, 0.0, 0.3]), np.array([0.5, 2.0, 1.0, 1.5]))
    for liquid in (
        Chain((Hold(U), scale, cell)),
        WithInput(cell),
        WithInput(Chain((scale, cell, motors))),
        Chain((cell, motors)),
        Beside(
            (
                Leaky(wiring.bands(5, U, seed=3), tau=0.4),
                Chain((scale, Chain((trainable(cell, "recurrent.w", "affine.bias"), motors)))),
            )
        ),
    ):
        model = read(liquid)
        alike(online(model, data), backpropagated(model, data))


@every_liquid
def test_the_influence_is_what_finite_differences_say(liquid):
    """d(state)/d(theta) after some ticks, column by column, of a readout that says the state."""
    u, y, dt = series(time=8, outputs=liquid.outputs)
    y[...] = np.nan
    model = Model(liquid, Readout(np.eye(liquid.outputs), np.zeros(liquid.outputs)))
    learner = RTRL(every=NEVER, head=RLS())
    w = _workings(learner, model)
    slopes = np.zeros((liquid.outputs, w.packing.size))
    slopes[:, w.theta] = watched(learner, model, (u, y, dt))[1][-1].slopes[:, w.columns]
    flat = w.packing.effective(w.packing.of(model))
    chosen = np.random.default_rng(0).permutation(w.packing.size)[:50]

    def last(values):
        state, now = model.init(u[0]), w.packing.put(model, w.packing.raw(values))
        for t in range(8):
            state, guess = now.step(state, u[t], dt[t])
        return guess

    for p in chosen:
        step = np.zeros(len(flat))
        step[p] = 1e-5 * max(abs(flat[p]), 0.1)
        found = (last(flat + step) - last(flat - step)) / (2 * step[p])
        np.testing.assert_allclose(slopes[:, p], found, rtol=1e-5, atol=1e-8)


def test_influence_is_held_only_where_there_can_be_some():
    """Motor synapses of an NCP influence motor neurons alone: what is held is far from units x parameters."""
    cell = ltc(wiring.auto_ncp(32, 4, 32), seed=0)
    model = read(cell)
    w = _workings(RTRL(), model)
    held, whole = w.kernel(np.dtype(np.float64)).size, 32 * len(w.theta)
    assert held < 0.4 * whole
    assert _workings(SnAp1(), read(cell)).kernel(np.dtype(np.float64)).size < 0.1 * whole


@every_liquid
def test_snap1_is_exact_where_no_unit_hears_another(liquid):
    data = series()
    inner = getattr(liquid, "cell", liquid)
    if hasattr(inner, "connectome"):
        keep = inner.connectome.recurrent.pre == inner.connectome.recurrent.post
        lone = alone(inner, keep)
    else:
        at = inner.wiring
        lone = replace(inner, wiring=replace(at, topology=at.topology.synapses(), weights=np.ravel(at.weights)))
        lone = replace(lone, wiring=replace(lone.wiring, weights=0.0 * lone.wiring.weights))
    if lone is not inner and hasattr(liquid, "cell"):
        paths = [p.removeprefix("cell.") for p in liquid.parameters]
        lone = trainable(lone, *(p for p in paths if hasattr(inner, "connectome") or p != "wiring.weights"))
    model = read(lone)
    alike(online(model, data, SnAp1(every=NEVER)), backpropagated(model, data))


def alone(cell, keep):
    """The liquid with only these recurrent synapses."""
    at = cell.connectome
    recurrent = replace(at.recurrent, pre=at.recurrent.pre[keep], post=at.recurrent.post[keep])
    circuit = replace(at, recurrent=recurrent, sign=at.sign[keep])
    if isinstance(cell.recurrent, tuple):
        return replace(cell, connectome=circuit, recurrent=type(cell.recurrent)(*(a[keep] for a in cell.recurrent)))
    return replace(cell, connectome=circuit, recurrent=cell.recurrent[:, keep])


@pytest.mark.parametrize("make", [lambda: ltc(net(2), seed=2, solver=Fused(1)), lambda: gated(net(6), seed=6)])
def test_snap1_is_its_recursion(make):
    """m_p <- J_ii m_p + B_p for the owner i of p, with J and B of one tick by finite differences of the formula."""
    u, y, dt = series(time=8, outputs=N)
    y[...] = np.nan
    cell = make()
    model = Model(cell, Readout(np.eye(N), np.zeros(N)))
    learner = SnAp1(every=NEVER, head=RLS())
    w = _workings(learner, model)
    found = np.zeros((N, w.packing.size))
    found[:, w.theta] = watched(learner, model, (u, y, dt))[1][-1].slopes[:, w.columns]
    flat = w.packing.effective(w.packing.of(model))
    m, state = np.zeros((N, w.packing.size)), cell.init(u[0])
    moved = lambda s, values, t: w.packing.put(model, w.packing.raw(values)).liquid.step(s, u[t], dt[t])[1]
    touches = None
    for t in range(8):
        j = central(
            lambda v, t=t, s=state: cell.step(s._replace(**{s._fields[0]: v}), u[t], dt[t])[1], np.asarray(state[0])
        )
        b = central(lambda values, t=t, s=state: moved(s, values, t), flat)
        m = j @ m + b
        touches = owners(cell, w) if touches is None else touches
        m *= touches
        state = cell.step(state, u[t], dt[t])[0]
    np.testing.assert_allclose(found, m, rtol=1e-5, atol=1e-7)


def owners(cell, w):
    """(units, parameters): which units a parameter touches by itself."""
    touches = np.zeros((N, w.packing.size))
    graph = w.order.graph
    learnt = graph.column >= 0
    touches[graph.row[learnt], graph.column[learnt]] = 1.0
    assert touches.any(axis=0).all()
    return touches


def central(function, at, h=1e-6):
    columns = []
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = h * max(abs(at[k]), 0.1)
        columns.append((function(at + step) - function(at - step)) / (2 * step[k]))
    return np.array(columns).T


@pytest.mark.parametrize("kind", ["LTC", "LTC, one unfold", "LTC, exponential", "LTC, dense"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_tick_as_long_as_numbers_go_is_one_after_which_all_is_at_its_end(kind, dtype):
    """dt/cm, and that times a conductance, would overflow: the slopes are those of a tick that is merely very long."""
    u, y, dt = series(time=8)
    u, model, learner = u.astype(dtype), read(LIQUIDS[kind]), RTRL(every=NEVER)
    sums, states = [], []
    for long in (float(np.finfo(dtype).max), 1e12 if dtype is np.float64 else 1e8):
        dt[2] = long
        knowledge, _, _, state = watched(learner, model, (u, y, dt))
        sums.append(_workings(learner, model).packing.named(knowledge.sum))
        states.append(state.inner.v)
    assert all(np.isfinite(a).all() for a in sums[0].values())
    alike(*sums, rtol=1e-9 if dtype is np.float64 else 1e-4)
    np.testing.assert_allclose(*states, rtol=0, atol=1e-9 if dtype is np.float64 else 1e-5)


def test_a_tick_of_no_time_leaves_the_influence_as_it_is():
    model, u = read(LIQUIDS["LTC"]), np.random.default_rng(0).normal(size=(5, U))
    for learner in (RTRL(every=NEVER), SnAp1(every=NEVER)):
        data = u, np.zeros((5, 2)), np.array([0.3, 0.5, 0.2, 0.0, 0.0])
        last = [trace.slopes for trace in watched(learner, model, data)[1]]
        assert np.array_equal(last[2], last[4])
        assert last[4].any()


def test_a_batch_is_its_rows_each_with_its_own_clock():
    for liquid in (LIQUIDS["LTC"], LIQUIDS["gated"], LIQUIDS["gated"]):
        u, y, dt = series(batch=(3,))
        model = read(liquid)
        together = watched(RTRL(every=NEVER), model, (u, y, dt))[1]
        for row in range(3):
            by_itself = watched(RTRL(every=NEVER), model, (u[:, row], y[:, row], dt[:, row]))[1]
            for a, b in zip(together, by_itself, strict=True):
                assert np.array_equal(a.slopes[row], b.slopes)
        alike(online(model, (u, y, dt)), backpropagated(model, (u, y, dt)))


def test_single_precision_agrees():
    u, y, dt = series()
    for liquid in (LIQUIDS["LTC"], LIQUIDS["LTC, exponential"], LIQUIDS["gated"], LIQUIDS["gated"]):
        model = read(liquid)
        double = watched(RTRL(every=NEVER), model, (u, y, dt))[1][-1].slopes
        single = watched(RTRL(every=NEVER), model, (u.astype(np.float32), y, dt))[1][-1].slopes
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, rtol=2e-4, atol=2e-5 * np.abs(double).max())


def test_labels_that_come_late_and_in_parts_teach_the_same():
    u, y, dt = series()
    model = read(LIQUIDS["LTC"])
    expected = online(model, (u, y, dt))
    learner = RTRL(every=NEVER)
    live = Live(model, learner)
    for t in range(len(u)):
        live.predict(u[t], dt[t], id=t)
    for t in np.random.default_rng(0).permutation(len(u)):
        for output in range(2):
            part = np.where(np.arange(2) == output, y[t], np.nan)
            if not np.isnan(part).all():
                live.learn(part, id=int(t))
    alike(_workings(learner, live._knowledge.untaught).packing.named(live._knowledge.sum), expected, rtol=1e-10)
    assert live._knowledge.book[0] == np.sum(~np.isnan(y).all(axis=1))  # ticks, not parts


def stream(time=800, seed=0, change=None):
    """A target that a short memory of the input makes; from `change` on it is another one."""
    rng = np.random.default_rng(seed)
    u = np.sin(np.arange(time + 1)[:, None] * np.array([0.13, 0.31, 0.07, 0.23])) + 0.3 * rng.normal(size=(time + 1, U))
    y = 0.7 * u[1:, :M] - 0.5 * np.tanh(u[:-1, 1 : M + 1])
    if change is not None:
        y[change:] = 0.7 * u[change + 1 :, 2:] + 0.5 * np.tanh(u[change:-1, :M])
    return u[1:], y


LEARNERS = {
    "RTRL": RTRL(Adam(1e-2, clip=5.0)),
    "RTRL, every 4": RTRL(Adam(2e-2, clip=5.0), every=4),
    "RTRL, RLS head": RTRL(Adam(5e-3, clip=5.0), head=RLS(memory=100.0, penalty=1e-2)),
    "RTRL, Huber": RTRL(Adam(1e-2, clip=5.0), loss=Huber(1.0)),
    "SnAp1": SnAp1(Adam(1e-2, clip=5.0)),
    "SnAp1, RLS head": SnAp1(Adam(5e-3, clip=5.0), head=RLS(memory=100.0, penalty=1e-2)),
}
every_learner = pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS.keys())


def errors(live, u, y, dt=0.4):
    found = []
    for now, target in zip(u, y, strict=True):
        found.append(np.mean((live.predict(now, dt) - target) ** 2))
        live.learn(target)
    return np.array(found)


@every_learner
@pytest.mark.parametrize("kind", ["LTC", "gated", "leaky, random"])
def test_a_live_that_learns_gets_better(learner, kind):
    u, y = stream()
    model = Model(LIQUIDS[kind], Readout(np.zeros((N, M)), np.zeros(M)))
    found = errors(Live(model, learner), u, y)
    assert found[-200:].mean() < 0.75 * np.mean(y[-200:] ** 2)


def test_moving_the_liquid_helps_the_readout():
    """Least squares on a liquid that follows the gradient ends below least squares on the liquid as it was drawn."""
    u, y = stream(time=2500)
    model = Model(LIQUIDS["LTC"], Readout(np.zeros((N, M)), np.zeros(M)))
    head = RLS(memory=400.0, penalty=1e-2)
    frozen, moving = (errors(Live(model, one), u, y)[-800:].mean() for one in (head, RTRL(Adam(5e-3), head=head)))
    assert moving < 0.8 * frozen


@every_learner
def test_it_goes_on_bit_equal_from_a_file(learner, tmp_path):
    u, y = stream(time=60)
    model = read(WithInput(Chain((LIQUIDS["LTC"], Motors(N, np.ones(2), np.zeros(2))))))
    live = Live(model, learner)
    errors(live, u[:20], y[:20])
    live.predict(u[20], 0.4, id="late")
    errors(live, u[21:30], y[21:30])
    live.save(tmp_path / "live.plashet")
    again = Live.load(tmp_path / "live.plashet")
    for one in (live, again):
        one.learn(y[20], id="late")
    assert np.array_equal(errors(live, u[30:], y[30:]), errors(again, u[30:], y[30:]))
    a, b = tree.arrays(live.snapshot()), tree.arrays(again.snapshot())
    assert a.keys() == b.keys()
    assert all(np.array_equal(a[path], b[path], equal_nan=True) for path in a)


@every_learner
def test_fit_is_the_same_fold(learner):
    u, y = stream(time=50)
    model = read(LIQUIDS["LTC"])
    live = Live(model, learner)
    errors(live, u, y)
    taught = tree.arrays(fit(model, learner, (u, y, 0.4)))
    for path, array in tree.arrays(live.model).items():
        np.testing.assert_allclose(taught[path], array, rtol=1e-7, atol=1e-9, err_msg=path)


def test_theta_changes_every_so_many_labelled_ticks():
    u, y = stream(time=12)
    y[4] = np.nan
    live, seen = Live(read(LIQUIDS["LTC"]), RTRL(every=5)), []
    for now, target in zip(u, y, strict=True):
        live.predict(now, 0.4)
        seen.append(live._knowledge.theta)
        live.learn(target)
    changed = [t for t in range(1, 12) if seen[t] is not seen[t - 1]]
    assert changed == [6, 11]  # five labels: ticks 0 to 3 and 5; then five more


def test_only_what_is_freed_is_moved_and_what_must_be_positive_stays_so():
    u, y = stream(time=200)
    liquid = LIQUIDS["LTC, signs kept"]
    model = read(liquid)
    live = Live(model, RTRL(Adam(0.3, clip=100.0)))
    errors(live, u, 5 * y)
    before, after = tree.arrays(model), tree.arrays(live.model)
    freed = {f"liquid.{p}" for p in liquid.parameters} | {"readout.weights", "readout.bias"}
    assert {p for p in before if not np.array_equal(before[p], after[p])} == freed
    assert (live.model.liquid.cell.recurrent.w > 0).all()
    assert (live.model.liquid.cell.membrane.cm > 0).all()


def test_the_model_given_is_left_alone():
    u, y = stream(time=30)
    model = read(LIQUIDS["LTC"])
    before = tree.copy(model)
    errors(Live(model, RTRL(Adam(0.1))), u, y)
    errors(Live(model, RTRL(Adam(0.1), head=RLS())), u, y)
    for path, array in tree.arrays(before).items():
        assert np.array_equal(tree.arrays(model)[path], array)


def test_a_gradient_that_is_not_finite_is_not_followed_and_counted():
    live = Live(read(LIQUIDS["LTC"]), RTRL())
    live.predict(np.ones(U), 0.4)
    before = live._knowledge.theta
    live.learn([1.3e154, 0.0])
    assert live._knowledge.book[SKIPPED] == 1
    assert live._knowledge.theta is before
    live.predict(np.ones(U), 0.4)
    live.learn([1.0, 0.0])
    assert live._knowledge.theta is not before
    assert np.isfinite(live._knowledge.theta).all()


def test_what_it_cannot_learn_in_is_refused_by_name():
    cell, plain = ltc(net(), seed=0), Leaky(wiring.bands(N, U, seed=0), tau=0.5)
    deep = Chain((cell, ltc(wiring.auto_ncp(9, 1, N), seed=1)))
    cases = [
        (ValueError, "one liquid learns online", read(deep)),
        (ValueError, "cells.1 is a Squares behind the liquid", read(Chain((cell, Squares(N))))),
        (ValueError, "behind a Beside", read(Chain((WithInput(cell), Motors(N + U, np.ones(2), np.zeros(2)))))),
        (ValueError, "Leaky has no parameters to learn", read(plain)),
        (ValueError, "nothing in liquid", read(WithInput(plain))),
        (TypeError, "Spiking", read(next(iter(SPIKING.values())))),
        (TypeError, "Looped", Looped(ltc(wiring.auto_ncp(N, 1, U), seed=0), Readout(np.zeros((N, 1)), np.zeros(1)))),
    ]
    for kind, words, model in cases:
        for learner in (RTRL(), SnAp1(head=RLS())):
            with pytest.raises(kind, match=words):
                learner.init(model)
    with pytest.raises(ValueError, match="every is 0"):
        RTRL(every=0)
    with pytest.raises(TypeError, match=r"descent is 0\.01, wanted the step itself"):
        RTRL(descent=0.01)
    with pytest.raises(TypeError, match="head is a Huber"):
        SnAp1(head=Huber(1.0))
    live = Live(read(cell), RTRL())
    live.predict(np.zeros(U))
    with pytest.raises(ValueError, match="output 1"):
        live.learn([0.0, 1e200])


def test_the_kernels_refuse_what_would_lead_them_astray():
    """Layouts and places are integers that index raw memory."""
    model = read(LIQUIDS["LTC"])
    w = _workings(RTRL(), model)
    graph, layout, double = w.order.graph, w.layout, np.dtype(np.float64)
    for name, change in (
        ("unit", lambda a: a + N),
        ("value", lambda a: a + 10**6),
        ("value", lambda a: a - 10**6),
        ("source", lambda a: a + 2 * N),
        ("direct", lambda a: a + layout.touched),
        ("row_start", lambda a: a[::-1].copy()),
        ("column_start", lambda a: a + np.arange(len(a))),
        ("edge_start", lambda a: a[:-1]),
    ):
        with pytest.raises(ValueError):
            layout._replace(**{name: change(getattr(layout, name))}).kernel(graph, double)
    kernel, (j, b) = w.kernel(double), w.buffers(double)
    m, c, slopes = np.zeros(kernel.size), np.zeros((N, 2)), np.zeros((2, kernel.columns))
    for wrong in (
        (j[:, :-1].copy(), b, m, c, slopes),
        (j, b[:1], m, c, slopes),
        (j, b, m[:-1], c, slopes),
        (j, b, m, c[:-1], slopes),
        (j, b, m, c, slopes[:1]),
    ):
        with pytest.raises(ValueError):
            kernel.advance(*wrong)
    with pytest.raises(TypeError):
        kernel.advance(j.astype(np.float32), b, m, c, slopes)
    theta, v, u, after = w.flat(LIQUIDS["LTC"], double), np.zeros(N), np.zeros(U), np.zeros(N)
    for place, given in (
        (layout.place + layout.touched, (theta, v, u, 0.1, after, j, b)),
        (layout.place[:-1], (theta, v, u, 0.1, after, j, b)),
        (layout.place, (theta[:-1], v, u, 0.1, after, j, b)),
        (layout.place, (theta, v[:-1], u, 0.1, after, j, b)),
        (layout.place, (theta, v, u[:-1], 0.1, after, j, b)),
        (layout.place, (theta, v, u, 0.1, after, j[:, 1:].copy(), b)),
    ):
        with pytest.raises(ValueError):
            w.order.move(place, *given)


def test_a_model_that_was_learnt_from_can_be_copied_and_sent_away():
    model, (u, y) = read(LIQUIDS["gated"]), stream(time=5)
    errors(Live(model, RTRL(head=RLS())), u, y)
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(errors(Live(again, RTRL()), u, y), errors(Live(model, RTRL()), u, y))


def test_parameters_in_single_precision_stay_so():
    half = tree.map_arrays(lambda _, a: a.astype(np.float32) if a.dtype == np.float64 else a, read(LIQUIDS["LTC"]))
    u, y = stream(time=40)
    live = Live(half, RTRL(Adam(0.01)))
    errors(live, u, y)
    after = tree.arrays(live.model)
    assert all(after[path].dtype == array.dtype for path, array in tree.arrays(half).items())
    assert not np.array_equal(after["liquid.recurrent.w"], half.liquid.recurrent.w)


def test_two_learners_of_one_model_do_not_disturb_each_other():
    u, y = stream(time=20)
    model = read(LIQUIDS["LTC"])
    learners = (RTRL(Adam(0.05)), SnAp1(Adam(0.05)), RTRL(Adam(0.02), head=RLS()), RTRL(Adam(0.03), every=3))
    alone_ = [errors(Live(tree.copy(model), learner), u, y) for learner in learners]
    together = [Live(model, learner) for learner in learners]
    found = np.array([[errors(live, u[t : t + 1], y[t : t + 1])[0] for live in together] for t in range(20)]).T
    assert np.array_equal(found, np.array(alone_))
