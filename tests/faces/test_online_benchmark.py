"""The opponent of RTRL in benchmarks/online.py is the library's own truncated backpropagation."""

import sys
from pathlib import Path

import numpy as np
import pytest

from plashet import Live, Model, Readout, WithInput, liquids, tree, wiring
from plashet.learn import Adam, Gradient

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from truncated import Truncated


@pytest.mark.parametrize(("window", "stride"), [(1, 1), (5, 1), (6, 3), (4, 4)])
def test_written_by_hand_it_is_the_same(window, stride):
    rng = np.random.default_rng(0)
    cell = WithInput(liquids.ltc(wiring.auto_ncp(9, 2, 3, seed=0), seed=0))
    model = Model(cell, Readout(rng.normal(size=(12, 2)), np.zeros(2)))
    u, y = rng.normal(size=(24, 3)), rng.normal(size=(24, 2))
    models = []
    for learner in (Truncated(window, stride, Adam(0.01, clip=1.0)), Gradient(window, stride, Adam(0.01, clip=1.0))):
        live = Live(model, learner)
        for now, asked in zip(u, y, strict=True):
            live.predict(now, 0.5)
            live.learn(asked)
        models.append(tree.arrays(live.model))
    for path, array in models[0].items():
        np.testing.assert_allclose(array, models[1][path], rtol=1e-9, atol=1e-12, err_msg=path)
