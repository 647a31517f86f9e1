"""FORCE on the paper's set-up: a chaotic liquid tamed by its own output, which goes on when learning stops.

Sussillo and Abbott 2009: tau 10 ms, gain 1.5, connectivity 0.1, feedback uniform in +-1, learning every second step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plashet import FORCE, RLS, Leaky, Live, fit, looped, run, wiring

DT, TAU = 1e-3, 10e-3
UNITS, LEARN = 300, 6_000  # 6 s: 600 tau, 10 to 50 periods


def chaotic(seed: int, gain: float = 1.5) -> Leaky:
    net = wiring.random(UNITS, inputs=0, seed=seed, degree=UNITS // 10, spectral_radius=gain, bias_scaling=0.05)
    return Leaky(wiring.with_feedback(net, 1, seed=seed), tau=TAU)


def sine(t: Any) -> Any:
    return np.sin(2 * np.pi * t / 0.12)


def triangle(t: Any) -> Any:
    return 4 * np.abs((t / 0.6) % 1 - 0.5) - 1


def taught(liquid: Leaky, target: Any, learner: Any = None) -> tuple[Live, Any]:
    live = Live(looped(liquid), learner or FORCE(penalty=1.0, every=2))
    guesses = []
    for t in np.arange(LEARN) * DT:
        guesses.append(live.predict(np.zeros(0), DT))
        live.learn(np.atleast_1d(target(t)))
    return live, np.array(guesses)[:, 0]


def alone(live: Live, ticks: int) -> Any:
    return run(live.model, np.zeros((ticks, 0)), DT, state=live.state)[0][:, 0]


def test_before_learning_the_liquid_is_restless_by_itself():
    features, _ = run(looped(chaotic(0)).liquid, np.zeros((6000, 1)), DT)
    late = features[3000:]
    assert late.std(axis=0).mean() > 0.2
    assert np.abs(late[1:] - late[:-1]).max(axis=1).min() > 1e-3  # and never comes to rest


@pytest.mark.parametrize(("target", "held"), [(sine, 0.015), (triangle, 0.03)])
def test_what_was_learnt_in_closed_loop_goes_on_by_itself(target, held):
    within, after = [], []
    for seed in range(5):
        live, guesses = taught(chaotic(seed), target)
        error = np.abs(guesses - target(np.arange(LEARN) * DT))
        within.append(error[-1000:].mean())
        after.append(np.abs(alone(live, 1000) - target((LEARN + np.arange(1000)) * DT)).mean())
    assert max(within) < held  # of an amplitude of 1
    assert np.median(after) < 0.03
    assert max(after) < 0.1


def test_the_error_is_small_while_learning_goes_on_from_the_start():
    """First-order reduced and controlled error: what FORCE is named after."""
    _, guesses = taught(chaotic(1), sine)
    error = np.abs(guesses - sine(np.arange(LEARN) * DT))
    assert error[20:300].mean() < 0.1


def test_learning_happens_at_every_kth_tick_only():
    learner = FORCE(penalty=1.0, every=3)
    live = Live(looped(chaotic(2)), learner)
    moved = []
    for _ in range(12):
        live.predict(np.zeros(0), DT)
        before = live.model.readout.weights.copy()
        live.learn(np.array([1.0]))
        moved.append(not np.array_equal(before, live.model.readout.weights))
    assert moved == [False, False, True] * 4


def test_at_every_tick_it_is_rls_without_forgetting_and_in_closed_loop():
    a, guesses_a = taught(chaotic(3), sine, FORCE(penalty=2.0))
    b, guesses_b = taught(chaotic(3), sine, RLS(penalty=2.0))
    np.testing.assert_array_equal(guesses_a, guesses_b)
    np.testing.assert_array_equal(a.model.readout.weights, b.model.readout.weights)


def test_fit_lets_the_model_hear_itself_while_it_learns():
    y = sine(np.arange(50) * DT)[:, None]
    fitted = fit(looped(chaotic(4)), FORCE(penalty=1.0), (np.zeros((50, 0)), y, DT))
    live = Live(looped(chaotic(4)), FORCE(penalty=1.0))
    for target in y:
        live.predict(np.zeros(0), DT)
        live.learn(target)
    np.testing.assert_allclose(fitted.readout.weights, live.model.readout.weights, rtol=1e-6, atol=1e-9)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="every"):
        FORCE(every=0)
    with pytest.raises(ValueError, match="penalty"):
        FORCE(penalty=-1.0)
