"""Truncated backpropagation through time takes the steps that finite differences say it should."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from plashet import Chain, Live, Model, Readout, fit, liquids, run, tree, unread, wiring
from plashet.learn import Adam, CrossEntropy, Gradient, Huber, Squared
from plashet.learn.gradient import WindowTrace
from plashet.learn.losses import judged
from plashet.learn.theta import packing
from plashet.streams import ticks
from plashet.trainable import parameters, trainable
from zoo import LIQUIDS, MODELS, SPIKING

U, M = 2, 2


class Steps(NamedTuple):
    slopes: tuple


@dataclass(frozen=True)
class Plain:
    """Gradient descent that remembers every slope it was given."""

    rate: float = 0.0

    def init(self, theta):
        return Steps(())

    def step(self, state, theta, slope):
        return Steps((*state.slopes, slope)), theta - self.rate * slope


def model(units=4, seed=0):
    rng = np.random.default_rng(seed)
    net = wiring.auto_ncp(units, 1, U, sparsity=0.2, seed=seed)
    return Model(liquids.ltc(net, seed=seed), Readout(rng.normal(size=(units, M)), rng.normal(size=M)))


def series(time, batch=(), seed=3, dtype=np.float64):
    rng = np.random.default_rng(seed)
    u, y = rng.normal(size=(time, *batch, U)).astype(dtype), rng.normal(size=(time, *batch, M))
    return u, y, rng.uniform(0.1, 0.9, (time, *batch))


def loss_of(start, theta, state, u, y, dt, loss):
    changed = packing(start).put(start, theta)
    total, _, _ = judged(loss, run(changed, u, dt, state)[0], y)
    return total / (~np.isnan(y)).any(-1).sum()


def differences(start, state, u, y, dt, loss):
    theta = packing(start).of(start)
    found = np.zeros(theta.shape)
    for k in range(len(theta)):
        step = 1e-6 * (np.arange(len(theta)) == k)
        found[k] = loss_of(start, theta + step, state, u, y, dt, loss) - loss_of(
            start, theta - step, state, u, y, dt, loss
        )
    return found / 2e-6


@pytest.mark.parametrize("loss", [Squared(), Huber(0.5), CrossEntropy()], ids=str)
@pytest.mark.parametrize("batch", [(), (3,)])
def test_the_step_after_a_whole_window_is_the_slope_of_its_loss(loss, batch):
    start, (u, y, dt) = model(), series(6, batch)
    y[2], y[3, ..., 0] = np.nan, np.nan
    live = Live(start, Gradient(window=6, stride=5, optimizer=Plain(), loss=loss))
    for now, target, elapsed in zip(u, y, dt, strict=True):
        live.predict(now, elapsed)
        live.learn(target)
    (slope,) = live.knowledge.optimiser.slopes
    np.testing.assert_allclose(slope, differences(start, start.init(u[0]), u, y, dt, loss), rtol=1e-5, atol=1e-8)


def test_beyond_the_window_nothing_is_remembered_and_each_label_teaches_once():
    start, (u, y, dt) = model(), series(9)
    live = Live(start, Gradient(window=4, stride=3, optimizer=Plain()))
    for now, target, elapsed in zip(u, y, dt, strict=True):
        live.predict(now, elapsed)
        live.learn(target)
    found = live.knowledge.optimiser.slopes
    for k, end in enumerate((3, 6, 9)):
        first = max(end - 4, 0)
        state = run(start, u[:first], dt[:first])[1] if first else start.init(u[0])
        only = np.where(np.arange(first, end)[:, None] >= end - 3, y[first:end], np.nan)
        expected = differences(start, state, u[first:end], only, dt[first:end], Squared())
        np.testing.assert_allclose(found[k], expected, rtol=1e-5, atol=1e-8)


def test_late_labels_teach_by_their_own_tick_in_any_order_while_it_is_kept():
    start, (u, y, dt) = model(), series(5)
    soon, late = (Live(start, Gradient(window=5, stride=5, optimizer=Plain())) for _ in range(2))
    for k in range(5):
        soon.predict(u[k], dt[k])
        soon.learn(y[k])
        late.predict(u[k], dt[k], id=k)
    for k in (3, 0, 4, 1, 2):
        late.learn([y[k, 0], np.nan], k)
        if k != 2:
            late.learn([np.nan, y[k, 1]], k)
    late.learn([np.nan, y[2, 1]], 2)  # its other output taught already, so it waits for the next step
    (a,), (b,) = soon.knowledge.optimiser.slopes, late.knowledge.optimiser.slopes
    y[2, 1] = np.nan
    np.testing.assert_allclose(b, differences(start, start.init(u[0]), u, y, dt, Squared()), rtol=1e-5, atol=1e-8)
    assert not np.allclose(a, b)
    assert late.knowledge.fresh == 1


def test_labels_that_come_after_their_tick_has_left_the_window_are_counted():
    live = Live(model(), Gradient(window=2, optimizer=Plain()))
    u, y, _ = series(4)
    for k in range(4):
        live.predict(u[k], id=k)
    live.learn(y[1], 1)
    live.learn(y[3], 3)
    assert live.knowledge.late == 2
    assert len(live.knowledge.optimiser.slopes) == 1


def test_a_live_is_a_fit():
    u, y, dt = series(40)
    learner = Gradient(window=8, stride=2, optimizer=Adam(0.02))
    live = Live(model(), learner)
    for now, target, elapsed in zip(u, y, dt, strict=True):
        live.predict(now, elapsed)
        live.learn(target)
    taught = fit(model(), learner, (u, y, dt))
    by_ticks = fit(model(), learner, ticks(u, y, dt))
    for path, a in parameters(live.model).items():
        np.testing.assert_allclose(a, parameters(taught)[path], rtol=1e-9)
        assert np.array_equal(parameters(by_ticks)[path], parameters(taught)[path])
        assert not np.array_equal(a, parameters(model())[path])


def test_what_was_learnt_drives_what_follows_and_stays_positive():
    u, y, _ = series(200)
    live = Live(model(), Gradient(window=8, optimizer=Adam(0.5)))
    for now, target in zip(u, y, strict=True):
        live.predict(now, 0.5)
        live.learn(target)
    expected, _ = live.model.tick(live.state, u[0], 0.5)
    live.predict(u[0], 0.5)
    assert np.array_equal(live.state.inner.v, expected.inner.v)
    for path in packing(live.model).paths:
        if path in ("liquid.recurrent.w", "liquid.membrane.cm", "liquid.membrane.gleak"):
            assert (parameters(live.model)[path] > 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cut", [1, 7, 20])
def test_saved_anywhere_it_resumes_bit_equal(dtype, cut, tmp_path):
    """A batch with clocks of its own, labels late and one by one."""
    u, y, dt = series(30, (3,), dtype=dtype)
    whole = Live(model(), Gradient(window=6, stride=2, optimizer=Adam(0.01, clip=0.5)))

    def live_on(live, k):
        guess = live.predict(u[k], dt[k], id=k)
        for output, delay in ((0, 1), (1, 3)):
            if k >= delay:
                live.learn(np.where(np.arange(M) == output, y[k - delay], np.nan), k - delay)
        return guess

    for k in range(cut):
        live_on(whole, k)
    whole.save(tmp_path / "a")
    again = Live.load(tmp_path / "a")
    for k in range(cut, 30):
        assert np.array_equal(live_on(whole, k), live_on(again, k))
    for a, b in zip(tree.arrays(whole.snapshot()).values(), tree.arrays(again.snapshot()).values(), strict=True):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b, equal_nan=True)


def test_a_snapshot_can_be_gone_on_from_twice():
    u, y, _ = series(20)
    live = Live(model(), Gradient(window=5, optimizer=Adam(0.05)))
    for now, target in zip(u[:10], y, strict=False):
        live.predict(now)
        live.learn(target)
    held, found = live.snapshot(), []
    for _ in range(2):
        other = Live.restore(held)
        found.append([])
        for now, target in zip(u[10:], y[10:], strict=True):
            found[-1].append(other.predict(now))
            other.learn(target)
    assert np.array_equal(*found)


def test_it_finds_the_time_constants_that_made_the_targets():
    rng = np.random.default_rng(0)
    teacher = liquids.Leaky(wiring.random(3, 1, seed=0, degree=2), tau=np.array([0.3, 1.0, 2.0]))
    make = lambda tau: Model(trainable(tree.replace(teacher, {"tau": tau}), "tau"), Readout(np.eye(3), np.zeros(3)))
    u = rng.normal(size=(2000, 1))
    y, _ = run(teacher, u, 0.3)
    learner = Gradient(window=20, stride=5, optimizer=Adam(0.05))
    taught = fit(make(np.full(3, 0.8)), learner, (u, y, 0.3))
    tau = taught.liquid.cell.tau
    np.testing.assert_allclose(tau, [0.3, 1.0, 2.0], rtol=0.15)


@dataclass(frozen=True)
class Broken:
    """A loss without a slope."""

    def value(self, error):
        return error

    def slope(self, error):
        return np.full(error.shape, np.nan)


def test_a_slope_that_is_not_finite_is_not_followed():
    live = Live(model(), Gradient(window=4, loss=Broken()))
    live.predict(np.array([1.0, 2.0]))
    live.learn(np.ones(M))
    assert live.knowledge.skipped == 1
    for path, a in parameters(live.model).items():
        assert np.array_equal(a, parameters(model())[path])


def test_an_infinite_target_is_told():
    live = Live(model(), Gradient(window=4))
    live.predict(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="output 1"):
        live.learner.credit(live.knowledge, WindowTrace(0), np.array([0.0, np.inf]))
    with pytest.raises(ValueError, match=r"y is \(3,\), wanted \(2,\)"):
        live.learner.credit(live.knowledge, WindowTrace(0), np.zeros(3))


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Gradient(window=0), ValueError, "window is 0"),
        (lambda: Gradient(window=2, stride=3), ValueError, "stride is 3, beyond the window of 2"),
        (lambda: Gradient().init(MODELS["looped"]), TypeError, "through Looped"),
        (lambda: Gradient().init(unread(SPIKING["LIF"])), TypeError, "through Spiking at liquid: a spike has no slope"),
        (lambda: Gradient().init(Chain((LIQUIDS["bands"],))), ValueError, "nothing in the model is to be learnt"),
        (lambda: Gradient(optimizer=1e-3).init(model()), TypeError, "the optimizer is a float, wanted plashet"),
    ],
)
def test_what_cannot_be_is_told_at_the_door(make, error, says):
    with pytest.raises(error, match=says):
        make()
