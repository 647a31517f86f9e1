"""Late labels by kept gains, against RLS that is simply run late, and against ridge on the rows labelled so far."""

import numpy as np
import pytest

from plashet import RLS, unread
from plashet.cells import Pass
from plashet.learn.late import LateRLS, Waiting
from plashet.model import ModelState
from plashet.types import Evidence, Tick

FEATURES, STEPS, TICKS = 12, 6, 150


@pytest.fixture
def stream():
    rng = np.random.default_rng(0)
    return rng.normal(size=(TICKS, FEATURES)), rng.normal(size=(TICKS, STEPS))


def late(learner, x, y, missing=()):
    """Row t's label of step h is known at tick t + h."""
    known = learner.init(unread(Pass(FEATURES), STEPS + 1))
    rows = Waiting(x, np.arange(1.0, len(x) + 1), np.full((len(x), FEATURES + 1), np.nan))
    for t in range(len(x)):
        seen = Evidence(None, ModelState(None, x[t]), Tick(x[t], None, 1.0), None)
        known, _ = learner.watch(known, seen)
        labels = np.full((len(x), STEPS), np.nan)
        if t not in missing:
            for h in range(1, min(STEPS, t) + 1):
                labels[t - h, h - 1] = y[t - h, h - 1]
        known = learner.credit(known, rows, labels)
    return known.w[:, :STEPS]


def ridge(x, y, penalty):
    x = np.column_stack([x, np.ones(len(x))])
    return np.linalg.solve(x.T @ x + np.diag([penalty] * FEATURES + [1e-4 * penalty]), x.T @ y)


def test_without_forgetting_every_step_is_ridge_on_the_rows_labelled_so_far(stream):
    x, y = stream
    w = late(LateRLS(RLS(penalty=0.5)), x, y)
    for h in range(1, STEPS + 1):
        np.testing.assert_allclose(w[:, h - 1], ridge(x[: TICKS - h], y[: TICKS - h, h - 1], 0.5), rtol=1e-8)


def test_with_forgetting_every_step_is_rls_run_late(stream):
    x, y = stream
    w = late(LateRLS(RLS(memory=40.0, penalty=0.5)), x, y)
    plain = RLS(memory=40.0, penalty=0.5)
    known = plain.init(unread(Pass(FEATURES), STEPS))
    known = plain.absorb(known, x[: TICKS - 1], y[: TICKS - 1], 1.0)
    np.testing.assert_allclose(w[:, 0], known.w[:, 0], rtol=0.02, atol=2e-3)


def test_rows_whose_first_label_never_comes_are_still_learnt(stream):
    x, y = stream
    w = late(LateRLS(RLS(penalty=0.5)), x, y, missing=range(60, 70))
    assert np.isfinite(w).all()
    rows = [t for t in range(TICKS - 3) if t + 3 not in range(60, 70)]
    # rows 59-h ... are in P before or after their turn, so not exact: but near
    np.testing.assert_allclose(w[:, 2], ridge(x[rows], y[rows, 2], 0.5), atol=0.1)


def test_several_labels_of_one_step_at_once_are_learnt_in_turn(stream):
    x, y = stream
    learner = LateRLS(RLS(penalty=0.5))
    known = learner.init(unread(Pass(FEATURES), STEPS + 1))
    rows = Waiting(x, np.zeros(TICKS), np.full((TICKS, FEATURES + 1), np.nan))
    known = learner.credit(known, rows, y)
    taught = learner.absorb(learner.init(unread(Pass(FEATURES), STEPS + 1)), x, y)
    for w in (known.w, taught.w):
        np.testing.assert_allclose(w[:, :STEPS], ridge(x, y, 0.5), rtol=1e-8)


def test_a_row_with_features_that_are_not_finite_is_left_out(stream):
    x, y = stream
    bad = x.copy()
    bad[70, 3] = np.nan
    w = late(LateRLS(RLS(penalty=0.5)), bad, y)
    rows = [t for t in range(TICKS - 1) if t != 70]
    np.testing.assert_allclose(w[:, 0], ridge(x[rows], y[rows, 0], 0.5), rtol=1e-8)
