"""Promises of learners that move the liquid too: those of every learner, as far as they make sense."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet import Evidence, Live, Model, Readout, Tick, WithInput, evaluate, fit, load, save, study, tree, unread
from plashet.streams import ticks
from plashet.trainable import parameters
from zoo import SLOPES, TRAINABLE, N, U

KINDS = {name: TRAINABLE[name] for name in ("LTC", "gated")} | {"with input": WithInput(TRAINABLE["gated, dense"])}
every = pytest.mark.parametrize("learner", SLOPES.values(), ids=SLOPES.keys())
every_kind = pytest.mark.parametrize("cell", KINDS.values(), ids=KINDS.keys())


def signal(time=30, batch=(), outputs=U, seed=7):
    return np.random.default_rng(seed).normal(size=(time, *batch, outputs))


def read(cell, outputs=1):
    rng = np.random.default_rng(1)
    return Model(cell, Readout(rng.normal(size=(cell.outputs, outputs)) / 5, np.zeros(outputs)))


def follow(live, u, y, dt=0.3):
    guesses = []
    for now, target in zip(u, y, strict=True):
        guesses.append(live.predict(now, dt))
        live.learn(target)
    return np.array(guesses)


def same(a, b):
    a, b = tree.arrays(a), tree.arrays(b)
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k], equal_nan=True) for k in a
    )


@every
@every_kind
def test_liquid_and_readout_learn_and_the_model_given_stays_as_it_is(cell, learner):
    model, (u, y) = read(cell), (signal(), signal(outputs=1, seed=9))
    before = tree.copy(model)
    taught = fit(model, learner, (u, y, 0.3))
    assert same(model, before)
    moved = [p for p, a in parameters(taught).items() if not np.array_equal(a, parameters(model)[p])]
    assert set(moved) == set(parameters(model))
    assert same(taught, fit(model, learner, (u, y, 0.3)))  # afresh, and the same again
    assert same(taught, fit(model, learner, ticks(u, y, 0.3)))


@every
def test_on_pure_noise_the_score_is_the_noise(learner):
    """A-priori: a learner that peeked would do better than the noise itself."""
    u, y = signal(300, seed=0), signal(300, outputs=1, seed=1)
    guesses = follow(Live(unread(KINDS["gated"]), learner), u, y)
    assert np.mean((guesses - y) ** 2) > 0.98 * np.mean(y**2)  # that of a mean of 300 is known to 8 %


@every
@every_kind
@settings(max_examples=4, deadline=None)
@given(cut=st.integers(1, 28))
def test_killed_and_resumed_anywhere_it_goes_on_bit_equal(cell, learner, cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "a.plashet"
    u, y = signal(), signal(outputs=1, seed=9)
    live = Live(read(cell), learner)
    follow(live, u[:cut], y[:cut])
    live.predict(u[cut], 0.2, id="late")
    live.save(path)
    again = Live.load(path)
    ends = []
    for one in (live, again):
        one.learn(y[cut], "late")
        ends.append(follow(one, u[cut + 1 :], y[cut + 1 :]))
    assert np.array_equal(*ends)
    assert same(live.snapshot(), again.snapshot())


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_with_clocks_and_labels_of_their_own_resume_bit_equal(learner, dtype, tmp_path):
    u, y = signal(20, (3,)).astype(dtype), signal(20, (3,), 2, seed=3)
    dt = np.random.default_rng(4).uniform(0.1, 0.6, (20, 3))
    whole = Live(read(KINDS["with input"], 2), learner)

    def live_on(live, k):
        guess = live.predict(u[k], dt[k], id=k)
        for output, delay in ((0, 2), (1, 4)):
            if k >= delay:
                live.learn(np.where(np.arange(2) == output, y[k - delay], np.nan), k - delay)
        return guess

    for k in range(10):
        live_on(whole, k)
    whole.save(tmp_path / "a")
    again = Live.load(tmp_path / "a")
    for k in range(10, 20):
        assert np.array_equal(live_on(whole, k), live_on(again, k))


@every
def test_what_is_not_known_teaches_nothing_and_poisons_nothing(learner):
    u, y = signal(), signal(outputs=2, seed=9)
    u[4], u[7, 0] = np.nan, np.nan
    y[2], y[5, 0] = np.nan, np.nan
    live = Live(read(KINDS["LTC"], 2), learner)
    follow(live, u, y)
    assert all(np.isfinite(a).all() for a in parameters(live.model).values())
    silent = Live(read(KINDS["LTC"], 2), learner)
    follow(silent, u, np.full_like(y, np.nan))
    assert same(parameters(silent.model), parameters(read(KINDS["LTC"], 2)))


@every
def test_an_infinite_target_is_refused(learner):
    model = read(KINDS["gated"])
    u = signal(1)[0]
    state, guess = model.step(model.init(u), u, 0.2)
    knowledge, trace = learner.watch(learner.init(model), Evidence(model.init(u), state, Tick(u, None, 0.2), guess))
    with pytest.raises(ValueError, match="output 0"):
        learner.credit(knowledge, trace, np.array([np.inf]))


@every
def test_knowledge_can_be_saved_and_goes_on_bit_equal(learner, tmp_path):
    u, y = signal(), signal(outputs=1, seed=9)
    knowledge = study(read(KINDS["gated"]), learner, (u[:20], y[:20], 0.3))
    save(tmp_path / "k.plashet", knowledge)
    lives = [Live(read(KINDS["gated"]), learner, knowledge=k) for k in (knowledge, load(tmp_path / "k.plashet"))]
    a, b = (follow(live, u[20:], y[20:]) for live in lives)
    assert np.array_equal(a, b)


@every
def test_a_snapshot_shares_nothing_with_what_goes_on(learner):
    u, y = signal(), signal(outputs=1, seed=9)
    live = Live(read(KINDS["LTC"]), learner)
    follow(live, u[:15], y[:15])
    held = live.snapshot()
    expected = follow(live, u[15:], y[15:])
    for _ in range(2):
        assert np.array_equal(follow(Live.restore(held), u[15:], y[15:]), expected)


@every
def test_evaluate_tests_before_it_trains(learner):
    u, y = signal(), signal(outputs=1, seed=3)
    found = evaluate(Live(read(KINDS["gated"]), learner), ticks(u, y, 0.3))
    assert np.array_equal(found.guesses, follow(Live(read(KINDS["gated"]), learner), u, y))


@every
def test_what_the_caller_does_to_arrays_afterwards_changes_nothing(learner):
    u, y = signal(12), signal(12, outputs=1, seed=3)
    expected = follow(Live(read(KINDS["with input"]), learner), u, y)
    spoilt = Live(read(KINDS["with input"]), learner)
    for now, target, right in zip(u, y, expected, strict=True):
        given, label = now.copy(), target.copy()
        guess = spoilt.predict(given, 0.3)
        assert np.array_equal(guess, right)
        given[:] = 7
        guess *= 7
        spoilt.learn(label)
        label[:] = 7


def test_units_of_a_liquid_that_is_learnt_do_not_come_and_go():
    live = Live(read(KINDS["LTC"]), SLOPES["Gradient"])
    live.predict(np.zeros(U))
    with pytest.raises(TypeError, match="Gradient cannot go on with other features"):
        live.add_units(1, seed=0)
    assert live.model.liquid.outputs == N
