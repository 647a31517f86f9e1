"""GradientReadout against Ridge where the loss is squared, and against other libraries where it is not."""

from __future__ import annotations

import numpy as np
import pytest

import plashet as pl
from plashet.cells import Pass
from plashet.learn import GradientReadout, Huber, Pinball, Ridge, Squared
from plashet.types import Evidence, Tick


def rows(count: int, seed: int = 0):
    """Features of very different sizes, targets with noise; a few targets are far off."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 5)) * np.logspace(0, -3, 5) + [2, 0, 0, 0.01, 0]
    y = x @ (np.arange(1, 6) / np.logspace(0, -3, 5))[:, None] + 2 + rng.standard_normal((count, 1))
    far = np.where(rng.random((count, 1)) < 0.05, 100.0, 0.0)
    return x, y, y + far


def taught(learner, x, y, passes: int = 1):
    return pl.fit(pl.unread(Pass(x.shape[1]), y.shape[1]), learner, [(x, y)] * passes)


def weights(model):
    return np.append(model.readout.weights, model.readout.bias)


@pytest.fixture(scope="module")
def driven():
    """A liquid of 100 units: singular values of its features over many decades."""
    rng = np.random.default_rng(0)
    u = rng.uniform(-0.5, 0.5, size=(3011, 1))
    y = np.roll(u, 2, axis=0) + 0.3 * np.roll(u, 4, axis=0) ** 2 + 0.01 * rng.normal(size=u.shape)
    return pl.unread(pl.Leaky(pl.wiring.bands(units=100, inputs=1, seed=0), tau=2.0), 1), u, y


@pytest.mark.parametrize("penalty", [1e-2, 1e-6, 1e-9])
def test_on_a_squared_loss_one_pass_ends_at_ridges_solution(driven, penalty):
    model, u, y = driven
    ours = weights(pl.fit(model, GradientReadout(penalty=penalty), (u, y)))
    ridge = weights(pl.fit(model, Ridge(penalty, 0.0), (u, y)))
    assert np.linalg.norm(ours - ridge) < 1e-8 * np.linalg.norm(ridge)  # wanted: 1e-4


def test_any_batch_size_ends_there_too(driven):
    model, u, y = driven
    for batch in (3, 500):
        ours = weights(pl.fit(model, GradientReadout(penalty=1e-4, batch=batch), (u[:1500], y[:1500])))
        ridge = weights(pl.fit(model, Ridge(1e-4, 0.0), (u[:1500], y[:1500])))
        assert np.linalg.norm(ours - ridge) < 1e-8 * np.linalg.norm(ridge)


def test_plain_gradient_descent_would_not_get_there(driven):
    """Why the gradient is whitened: after 200 passes at the largest stable rate, plain descent is still far off."""
    model, u, y = driven
    x, _ = pl.run(model.liquid, u)
    x = np.column_stack([x, np.ones(len(x))])
    ridge = weights(pl.fit(model, Ridge(1e-4, 0.0), (u, y)))
    w, rate = np.zeros(101), 1 / np.linalg.norm(x, 2) ** 2
    for _ in range(200):
        w -= rate * (x.T @ (x @ w - y[:, 0]) + 1e-4 * w)
    assert np.linalg.norm(w - ridge) > 0.5 * np.linalg.norm(ridge)


def test_a_slower_rate_lags_behind():
    x, y, _ = rows(4000)
    ridge = weights(taught(Ridge(1e-3), x, y))
    slow = weights(taught(GradientReadout(rate=0.3), x, y))
    assert np.linalg.norm(slow - ridge) > 1e-3 * np.linalg.norm(ridge)


def test_the_huber_loss_is_not_drawn_by_far_off_targets():
    from sklearn.linear_model import HuberRegressor

    x, _, y = rows(6000)
    scale = x.std(axis=0)
    theirs = HuberRegressor(epsilon=1.35, alpha=0.0, max_iter=1000, tol=1e-8).fit(x / scale, y[:, 0])
    delta = 1.35 * theirs.scale_  # scikit-learn estimates the scale along with the weights
    once, thrice = (weights(taught(GradientReadout(Huber(delta), penalty=1e-6), x, y, passes)) for passes in (1, 3))
    wanted = np.append(theirs.coef_, theirs.intercept_)
    error = [np.abs(w * np.append(scale, 1) - wanted).max() for w in (once, thrice)]
    assert error[0] < 0.05  # of targets whose noise is 1
    assert error[1] < 0.02
    assert np.abs(weights(taught(Ridge(1e-6), x, y)) * np.append(scale, 1) - wanted).max() > 0.5


def test_the_pinball_loss_gives_the_quantiles():
    """Shares of targets below the guess, on the rows learnt from; the noise widens with a feature."""
    x, y, _ = rows(6000, seed=1)
    y = y + x[:, :1] * np.random.default_rng(5).standard_normal(y.shape)
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    model = taught(GradientReadout(Pinball(levels), penalty=1e-6), x, np.repeat(y, 5, axis=1), passes=2)
    guesses, _ = pl.run(model, x)
    np.testing.assert_allclose((y <= guesses).mean(axis=0), levels, atol=0.01)


def test_the_pinball_loss_comes_within_a_thousandth_of_the_linear_programme():
    from sklearn.linear_model import QuantileRegressor

    x, y, _ = rows(3000, seed=2)
    scale = x.std(axis=0)
    for level in (0.2, 0.5, 0.9):
        theirs = QuantileRegressor(quantile=level, alpha=0.0, solver="highs").fit(x / scale, y[:, 0])
        ours = taught(GradientReadout(Pinball(level), penalty=1e-6), x, y, passes=4)

        def loss(guess, level=level):
            return np.mean(np.maximum((1 - level) * (guess - y[:, 0]), level * (y[:, 0] - guess)))

        best = loss(theirs.predict(x / scale))
        assert best <= loss(pl.run(ours, x)[0][:, 0]) < 1.001 * best


def test_tick_by_tick_equals_the_block_bit_for_bit():
    x, y, far = rows(333)
    y = np.hstack([y, far])
    y[5, 1] = y[77] = np.nan
    x[100, 2] = np.nan
    learner = GradientReadout(Huber(1.0), batch=16)
    model = pl.unread(Pass(5), 2)
    block, one = learner.absorb(learner.init(model), x, y, 1.0), learner.init(model)
    for features, target in zip(x, y, strict=True):
        seen = Evidence(None, pl.model.ModelState(None, features), Tick(features), None)
        one, trace = learner.watch(one, seen)
        one, _ = learner.credit(one, trace, target)
    assert one.skipped == block.skipped == 1
    np.testing.assert_array_equal(weights(learner.model(one)), weights(learner.model(block)))


def test_late_labels_teach_their_own_row_and_count_it_once():
    x, y, _ = rows(3000)
    y = np.hstack([y, -2 * y])
    learner = GradientReadout(penalty=1e-3)
    knowledge, held = learner.init(pl.unread(Pass(5), 2)), []
    for t, (features, target) in enumerate(zip(x, y, strict=True)):
        seen = Evidence(None, pl.model.ModelState(None, features), Tick(features), None)
        knowledge, trace = learner.watch(knowledge, seen)
        knowledge, trace = learner.credit(knowledge, trace, np.array([target[0], np.nan]))
        held.append(trace)
        if t >= 20:
            knowledge, _ = learner.credit(knowledge, held[t - 20], np.array([np.nan, y[t - 20, 1]]))
    w = learner.model(knowledge).readout.weights * x.std(axis=0)[:, None]
    np.testing.assert_allclose(w[:, 1], -2 * w[:, 0], atol=0.12)  # its noise is 2: three standard errors
    metric = np.diag(knowledge.r.T @ knowledge.r)[:5]
    np.testing.assert_allclose(metric, np.sum(x**2, axis=0), rtol=0.02, atol=1.1e-3)  # each row once


def test_asking_for_the_model_changes_nothing():
    x, y, _ = rows(40)
    learner = GradientReadout(batch=64)
    knowledge = learner.absorb(learner.init(pl.unread(Pass(5), 1)), x, y, 1.0)
    once = weights(learner.model(knowledge))
    np.testing.assert_array_equal(weights(learner.model(knowledge)), once)
    np.testing.assert_allclose(once, weights(taught(Ridge(1e-3, 0.0), x, y)), rtol=1e-9)


def test_an_infinite_target_is_refused_and_nothing_is_lost():
    x, y, _ = rows(100)
    learner = GradientReadout()
    knowledge = learner.absorb(learner.init(pl.unread(Pass(5), 1)), x, y, 1.0)
    before = weights(learner.model(knowledge))
    y[3] = np.inf
    with pytest.raises(ValueError, match="row 3"):
        learner.absorb(knowledge, x, y, 1.0)
    np.testing.assert_array_equal(weights(learner.model(knowledge)), before)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Huber(0.0),
        lambda: Pinball(1.0),
        lambda: Pinball((0.5, 0.0)),
        lambda: GradientReadout(batch=0),
        lambda: GradientReadout(rate=-1.0),
        lambda: GradientReadout(Squared(), penalty=0.0),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="wanted"):
        wrong()
