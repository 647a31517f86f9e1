"""Least mean squares beside its equation and its theory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plashet import LMS, NLMS, Evidence, Model, Readout, Tick
from plashet.cells import Pass
from plashet.model import ModelState

BOTH = pytest.mark.parametrize("learner", [LMS(rate=0.02), NLMS(rate=0.5)], ids=["LMS", "NLMS"])


def untaught(features: int = 4, outputs: int = 2) -> Model:
    return Model(Pass(features), Readout(np.zeros((features, outputs)), np.zeros(outputs)))


def stream(ticks: int = 400, seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    x, true = rng.normal(size=(ticks, 4)), rng.normal(size=(5, 2))
    return x, np.column_stack((x, np.ones(ticks))) @ true, true


def watch(learner: Any, knowledge: Any, x: Any) -> Any:
    return learner.watch(knowledge, Evidence(None, ModelState(None, x), Tick(None, None, 1.0), None))


def test_a_step_of_lms_is_the_equation():
    x, y, _ = stream()
    learner = LMS(rate=0.05)
    knowledge = learner.init(untaught())
    knowledge.w[...] = np.arange(10).reshape(5, 2)
    w, z = knowledge.w.copy(), np.append(x[0], 1)
    knowledge, trace = watch(learner, knowledge, x[0])
    knowledge, _ = learner.credit(knowledge, trace, y[0])
    np.testing.assert_allclose(knowledge.w, w + 0.05 * np.outer(z, y[0] - z @ w), rtol=1e-14)


def test_nlms_at_rate_one_answers_the_label_just_learnt_at_any_scale():
    x, y, _ = stream()
    for scale in (1e-3, 1.0, 1e3):
        learner = NLMS(rate=1.0, epsilon=0.0)
        knowledge = learner.absorb(learner.init(untaught()), scale * x[:1], y[:1])
        np.testing.assert_allclose(np.append(scale * x[0], 1) @ knowledge.w, y[0], rtol=1e-12)


@BOTH
def test_the_true_map_is_found_bias_and_all(learner):
    x, y, true = stream(3000)
    knowledge = learner.absorb(learner.init(untaught()), x, y)
    np.testing.assert_allclose(knowledge.w, true, atol=1e-6)


def test_lms_converges_below_the_rate_of_the_theory_and_not_above():
    """The mean weights of white features converge for rate < 2/(|x|^2 + 2): here |x|^2 is about 5."""
    x, y, true = stream(4000)
    error = {}
    for rate in (0.1, 0.9):
        try:
            knowledge = LMS(rate).absorb(LMS(rate).init(untaught()), x, y)
            error[rate] = abs(knowledge.w - true).max()
        except FloatingPointError:
            error[rate] = np.inf
    assert error[0.1] < 1e-6
    assert error[0.9] == np.inf


def test_a_step_that_overflows_is_refused_and_not_taken():
    x, y, _ = stream(5000)
    learner = LMS(rate=5.0)
    knowledge = learner.init(untaught())
    with pytest.raises(FloatingPointError, match="lower the rate"):
        learner.absorb(knowledge, x, y)
    assert np.isfinite(knowledge.w).all()


@BOTH
def test_missing_labels_teach_nothing_and_late_ones_use_their_own_features(learner):
    x, y, _ = stream()
    knowledge = learner.init(untaught())
    knowledge, first = watch(learner, knowledge, x[0])
    knowledge, second = watch(learner, knowledge, x[1])
    knowledge, _ = learner.credit(knowledge, second, np.array([y[1, 0], np.nan]))
    assert (knowledge.w[:, 1] == 0).all()
    knowledge, _ = learner.credit(knowledge, first, y[0])
    expected = learner.init(untaught())
    expected = learner.absorb(expected, x[[1, 0]], np.array([[y[1, 0], np.nan], y[0]]))
    np.testing.assert_array_equal(knowledge.w, expected.w)


@BOTH
def test_features_that_are_not_finite_are_skipped_and_counted(learner):
    x, y, _ = stream()
    clean = learner.absorb(learner.init(untaught()), np.delete(x, 3, 0), np.delete(y, 3, 0))
    x[3, 1] = np.nan
    knowledge = learner.absorb(learner.init(untaught()), x, y)
    assert knowledge.skipped == 1
    np.testing.assert_array_equal(knowledge.w, clean.w)


@BOTH
def test_an_infinite_target_is_refused_before_anything_is_learnt(learner):
    x, y, _ = stream()
    y[7, 1] = np.inf
    knowledge = learner.init(untaught())
    with pytest.raises(ValueError, match=r"output 1 is inf \(row 7\)"):
        learner.absorb(knowledge, x, y)
    assert (knowledge.w == 0).all()


def test_settings_are_checked():
    for wrong in (lambda: LMS(rate=0.0), lambda: NLMS(rate=2.0), lambda: NLMS(epsilon=-1.0)):
        with pytest.raises(ValueError, match="wanted"):
            wrong()
