"""A looped model is forced by the targets from the first tick on, also within the washout."""

from __future__ import annotations

import numpy as np
import pytest

import plashet as pl
from plashet.model import looped
from plashet.wiring import bands, with_feedback


class _OnlyTicks:
    """A learner without `absorb`, so that `fit` goes tick by tick."""

    def __init__(self, inner):
        self.init, self.watch, self.credit, self.model = inner.init, inner.watch, inner.credit, inner.model


@pytest.mark.parametrize("wrap", [lambda learner: learner, _OnlyTicks])
def test_the_washout_forces_a_looped_model_though_it_teaches_nothing(wrap):
    """Fitted on the rows after the washout alone, of states that heard every target: by hand and by `fit`."""
    y = np.sin(0.3 * np.arange(300))[:, None]
    liquid = pl.Leaky.from_leak_rate(with_feedback(bands(20, 0, seed=0), seed=0), 0.5)
    model, u = looped(liquid), np.zeros((300, 0))
    features = model.features(model.init(u[0]), u, np.ones(300), y)[1]
    rows = np.column_stack([features[100:], np.full(200, 1.0)])
    gram = rows.T @ rows + 1e-6 * np.diag([1.0] * 20 + [1e-4])
    by_hand = np.linalg.solve(gram, rows.T @ y[100:])
    taught = pl.fit(model, wrap(pl.Ridge(1e-6)), (u, y), washout=100)
    np.testing.assert_allclose(
        rows @ np.append(taught.readout.weights, taught.readout.bias[None], 0), rows @ by_hand, atol=1e-9
    )
