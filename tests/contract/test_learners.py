"""Online equals offline where theory says so."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import FORCE, RLS, Evidence, Ridge, Tick, fit, looped, run, study, tree, unread, wiring
from plashet.learn.common import BIAS_SHARE
from plashet.liquids import Leaky
from plashet.model import ModelState
from plashet.streams import ticks
from zoo import LEARNERS, LIQUIDS, N, U

every_liquid = pytest.mark.parametrize("cell", LIQUIDS.values(), ids=LIQUIDS.keys())
every_learner = pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS.keys())


def series(time=60, outputs=1, seed=7):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(time, U))
    return u, np.cumsum(u, axis=0)[:, :outputs] / 5 + 0.1 * rng.normal(size=(time, outputs))


def weights(model):
    return np.vstack((model.readout.weights, model.readout.bias))


def solved(features, y, penalty):
    """The closed form, one output at a time over the rows that have a target."""
    x = np.column_stack((features, np.ones(len(features))))
    ridge = penalty * np.append(np.ones(features.shape[1]), BIAS_SHARE)
    columns = []
    for target in y.T:
        rows = ~np.isnan(target)
        a = np.vstack((x[rows], np.diag(np.sqrt(ridge))))
        columns.append(np.linalg.lstsq(a, np.append(target[rows], np.zeros(len(ridge))), rcond=None)[0])
    return np.column_stack(columns)


@every_liquid
@pytest.mark.parametrize("learner", [Ridge(1e-2), RLS(penalty=1e-2)], ids=["Ridge", "RLS"])
def test_offline_and_online_are_the_closed_form(cell, learner):
    u, y = series()
    y[30] = np.nan  # a target that never came
    features, _ = run(cell, u, 0.2)
    taught = fit(unread(cell), learner, (u, y, 0.2), washout=5)
    expected = solved(features[5:], y[5:], 1e-2)
    np.testing.assert_allclose(weights(taught), expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("learner", [Ridge(1e-2), RLS(penalty=1e-2)], ids=["Ridge", "RLS"])
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 59), max_size=5))
def test_blocks_of_any_size_teach_the_same(learner, cuts):
    cell = LIQUIDS["random"]
    u, y = series(outputs=2)
    features, _ = run(cell, u, 0.2)
    whole = learner.absorb(learner.init(unread(cell, 2)), features, y, 0.2)
    parts = learner.init(unread(cell, 2))
    edges = [0, *sorted(set(cuts)), 60]
    for a, b in pairwise(edges):
        parts = learner.absorb(parts, features[a:b], y[a:b], 0.2)
    np.testing.assert_allclose(weights(learner.model(parts)), weights(learner.model(whole)), rtol=1e-8, atol=1e-9)


@every_learner
def test_a_block_is_its_ticks(learner):
    """`absorb` is `watch` and `credit` of each tick."""
    cell = LIQUIDS["bands"]
    u, y = series(outputs=2)
    y[11], y[12, 0] = np.nan, np.nan
    model = unread(cell, 2)
    by_block = learner.model(study(model, learner, (u, y, 0.2)))
    knowledge, state = learner.init(model), model.init(u[0])
    for now, target in zip(u, y, strict=True):
        before = state
        state, guess = model.step(before, now, 0.2)
        knowledge, trace = learner.watch(knowledge, Evidence(before, state, Tick(now, None, 0.2), guess))
        if not np.isnan(target).all():
            knowledge, _ = learner.credit(knowledge, trace, target)
    np.testing.assert_allclose(weights(learner.model(knowledge)), weights(by_block), rtol=1e-7, atol=1e-9)


@every_learner
def test_a_stream_of_ticks_and_its_arrays_teach_the_same(learner):
    u, y = series()
    model = unread(LIQUIDS["bands"])
    a = fit(model, learner, (u, y, 0.2))
    b = fit(model, learner, ticks(u, y, 0.2))
    assert np.array_equal(weights(a), weights(b))


@every_learner
def test_fit_starts_afresh_and_leaves_the_model_alone(learner):
    u, y = series()
    model = unread(LIQUIDS["bands"])
    first, second = fit(model, learner, (u, y)), fit(model, learner, (u, y))
    assert np.array_equal(weights(first), weights(second))
    assert not weights(model).any()


@every_learner
def test_an_infinite_target_is_refused(learner):
    u, _ = series()
    model = unread(LIQUIDS["bands"])
    knowledge = learner.init(model)
    state, guess = model.step(model.init(u[0]), u[0], 0.2)
    knowledge, trace = learner.watch(knowledge, Evidence(model.init(u[0]), state, Tick(u[0], None, 0.2), guess))
    with pytest.raises(ValueError, match="output 0"):
        learner.credit(knowledge, trace, np.array([np.inf]))


@pytest.mark.parametrize("learner", [Ridge(1e-2), RLS(penalty=1e-2)], ids=["Ridge", "RLS"])
def test_several_series_each_begin_at_rest_and_wash_out(learner):
    cell = LIQUIDS["random"]
    a, b = series(40, seed=1), series(30, seed=2)
    together = fit(unread(cell), learner, [a, b], washout=7)
    features = np.concatenate([run(cell, u)[0][7:] for u, _ in (a, b)])
    expected = solved(features, np.concatenate([y[7:] for _, y in (a, b)]), 1e-2)
    np.testing.assert_allclose(weights(together), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("learner", [Ridge(1e-2), RLS(penalty=1e-2)], ids=["Ridge", "RLS"])
def test_a_batch_of_series_is_the_series(learner):
    cell = LIQUIDS["random"]
    pair = [series(40, seed=s) for s in (1, 2)]
    u, y = (np.stack([s[k] for s in pair], axis=1) for k in (0, 1))
    a, b = fit(unread(cell), learner, (u, y)), fit(unread(cell), learner, pair)
    np.testing.assert_allclose(weights(a), weights(b), rtol=1e-7, atol=1e-9)


def test_a_model_that_hears_itself_is_taught_by_hearing_the_target():
    liquid = Leaky(wiring.with_feedback(wiring.bands(N, 1, seed=0), 1, seed=0), tau=0.5)
    u, y = series()
    u = u[:, :1]
    taught = fit(looped(liquid), Ridge(1e-2), (u, y, 0.2))
    heard = np.concatenate((np.zeros((1, 1)), y[:-1]))
    features, _ = run(liquid, np.concatenate((u, heard), axis=1), 0.2)
    np.testing.assert_allclose(weights(taught), solved(features, y, 1e-2), rtol=1e-6, atol=1e-8)


def test_a_loop_driven_by_itself_is_the_fold_of_its_steps():
    liquid = Leaky(wiring.with_feedback(wiring.bands(N, 1, seed=0), 1, seed=0), tau=0.5)
    u, y = series()
    model = fit(looped(liquid), Ridge(1e-2), (u[:, :1], y, 0.2))
    outputs, end = run(model, u[:, :1], 0.2)
    state = model.init(u[0, :1])
    for now, expected in zip(u[:, :1], outputs, strict=True):
        state, out = model.step(state, now, 0.2)
        np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(end.inner.x, state.inner.x, rtol=1e-9, atol=1e-11)


def test_a_readout_that_must_bend_needs_squares():
    """x -> x^2 of a symmetric input: no linear readout of the input can fit it, one of its squares can."""
    from plashet.cells import Chain, Pass, Squares

    u = np.random.default_rng(0).normal(size=(500, 1))
    y = u**2 - 1
    straight = fit(unread(Pass(1)), Ridge(1e-6), (u, y))
    bent = fit(unread(Chain((Pass(1), Squares(1)))), Ridge(1e-6), (u, y))
    score = lambda m: np.std(run(m, u)[0] - y) / np.std(y)
    assert score(straight) > 0.95
    assert score(bent) < 1e-6


@every_learner
def test_knowledge_can_be_saved_and_goes_on_bit_equal(learner, tmp_path):
    from plashet import load, save

    u, y = series()
    model = unread(LIQUIDS["bands"])
    knowledge = study(model, learner, (u[:30], y[:30]))
    save(tmp_path / "k.plashet", knowledge)
    again = load(tmp_path / "k.plashet")
    features, _ = run(LIQUIDS["bands"], u[30:])
    a, b = (_go_on(learner, k, features, y[30:]) for k in (knowledge, again))
    assert np.array_equal(weights(learner.model(a)), weights(learner.model(b)))
    assert tree.arrays(a).keys() == tree.arrays(b).keys()


def _go_on(learner, knowledge, features, y):
    for x, target in zip(features, y, strict=True):
        seen = Evidence(None, ModelState(None, x), Tick(x, None, 1.0), np.zeros(1))
        knowledge, trace = learner.watch(knowledge, seen)
        knowledge, _ = learner.credit(knowledge, trace, target)
    return knowledge


@every_learner
def test_a_readout_without_features_learns_its_bias(learner):
    from plashet.cells import Pass

    y = np.arange(90.0)[:, None] % 2
    taught = fit(unread(Pass(0)), learner, (np.zeros((90, 0)), y))
    assert taught.readout.bias.shape == (1,)
    assert 0.01 < taught.readout.bias[0] < 0.99


@pytest.mark.parametrize("learner", [RLS(memory=9.0, penalty=1e-2), FORCE(penalty=1.0)], ids=["RLS", "FORCE"])
@pytest.mark.parametrize("loops", [False, True])
def test_a_fit_does_not_depend_on_how_its_series_is_cut(learner, loops, monkeypatch):
    """State, clock, washout and what a looped model hears go on from block to block."""
    u, y = series()
    dt = np.random.default_rng(1).uniform(0.1, 0.5, 60)
    y[[14, 30]] = np.nan
    fed = Leaky(wiring.with_feedback(wiring.bands(N, U, seed=0), 1, seed=0), tau=0.5)
    model = looped(fed) if loops else unread(LIQUIDS["bands"])
    whole = weights(fit(model, learner, (u, y, dt), washout=20))
    for size in (7, 15):
        monkeypatch.setattr(sys.modules["plashet.run"], "BLOCK", size)
        assert np.array_equal(weights(fit(model, learner, (u, y, dt), washout=20)), whole)
