"""Training follows the slopes of finite differences, keeps what validated best, and can stop anywhere."""

import io
import sys
from dataclasses import dataclass, replace
from math import cos, pi

import numpy as np
import pytest

from plashet import Chain, Model, Readout, liquids, load, run, tree, unread, wiring
from plashet.encode import Scale
from plashet.learn import Adam, CrossEntropy, Huber, Squared
from plashet.learn.losses import judged
from plashet.learn.theta import packing
from plashet.trainable import parameters
from plashet.training import Training, Windows, train, windows
from plashet.training.loop import mean_loss
from plashet.training.progress import meter
from zoo import MODELS

U, M = 2, 2


def model(units=4, seed=0):
    rng = np.random.default_rng(seed)
    net = wiring.auto_ncp(units, 1, U, sparsity=0.2, seed=seed)
    liquid = Chain((Scale(np.zeros(U), np.ones(U), 2.0), liquids.gated(net, seed=seed)))
    return Model(liquid, Readout(rng.normal(size=(units, M)), rng.normal(size=M)))


def series(time=60, seed=3):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(time, U))
    return u, np.cumsum(u, axis=0) / 5, rng.uniform(0.1, 0.9, time)


def lessons(dtype=np.float64, length=6, **given):
    return windows([series(seed=s) for s in (1, 2)], length=length, stride=3, dtype=dtype, **given)


@pytest.mark.parametrize("loss", [Squared(), Huber(0.3), CrossEntropy()], ids=str)
def test_the_slopes_of_some_rows_are_those_of_finite_differences(loss):
    start, given, rows = model(), lessons(), np.array([1, 5, 7])
    given.y[2, 5, 0], given.y[4] = np.nan, np.nan
    total, count, slopes = given.slopes(start, rows, loss)
    assert (total, count) == pytest.approx(given.loss(start, rows, loss))
    packed = packing(start)
    theta = packed.flat(parameters(start))
    for k, slope in enumerate(packed.flat(slopes)):
        step = 1e-6 * (np.arange(len(theta)) == k)
        ends = [given.loss(tree.replace(start, packed.named(t)), rows, loss)[0] for t in (theta + step, theta - step)]
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)


def test_an_epoch_is_a_slow_loop_of_adam_with_a_cosine():
    start, given = model(), lessons()
    found = train(start, given, Training(epochs=2, batch=8, clip=0.1, validation=0.0, seed=4), loss=Huber(0.3))
    packed, theta, step = packing(start), packing(start).of(start), 0
    adam = Adam(5e-3, clip=0.1)
    state, losses = adam.init(theta), []
    for epoch in range(2):
        order = np.random.default_rng((4, epoch)).permutation(given.rows)
        total = 0.0
        parts = np.array_split(order, round(given.rows / 8))
        for part in parts:
            rows = np.sort(part)
            guess = run(packed.put(start, theta), given.u[:, rows], given.dt[:, rows])[0]
            some, _, _ = judged(Huber(0.3), guess, given.y[:, rows])
            _, count, slopes = given.slopes(packed.put(start, theta), rows, Huber(0.3))
            share = 0.5 * (1 + cos(pi * step / (2 * len(parts))))
            state, theta = adam.step(state, theta, packed.chain(theta, packed.flat(slopes)) / count, share)
            total, step = total + some, step + 1
        losses.append(total / given.y.size)
    np.testing.assert_allclose(found.theta, theta, rtol=1e-10)
    np.testing.assert_allclose(found.losses[:, 0], losses, rtol=1e-10)
    assert np.array_equal(packed.of(found.model), packed.of(packed.put(start, found.theta)))


def test_the_best_on_the_validation_part_is_kept_and_training_ends_when_it_no_longer_improves():
    given = lessons()
    found = train(model(), given, Training(epochs=200, rate=0.1, patience=5, validation=0.25))
    assert found.epochs == found.best_epoch + 5 < 200
    assert np.argmin(found.losses[:, 1]) + 1 == found.best_epoch
    held = np.arange(given.rows - int(np.ceil(0.25 * given.rows)), given.rows)
    assert mean_loss(found.model, given, held) == pytest.approx(found.losses[found.best_epoch - 1, 1])
    assert found.losses[found.best_epoch - 1, 1] < found.start


def test_what_is_validated_on_is_not_learnt_from():
    given, spoilt = lessons(), lessons()
    spoilt.y[:, -10:] += 7.0  # of 38 rows, the quarter at the end
    settings = Training(epochs=3, validation=0.25)
    a, b = train(model(), given, settings), train(model(), spoilt, settings)
    assert np.array_equal(a.theta, b.theta)
    assert not np.array_equal(a.losses[:, 1], b.losses[:, 1])
    c = train(model(), given, settings, validation=spoilt)
    assert not np.array_equal(a.theta, c.theta)  # with a part of its own all rows are learnt from


@dataclass(frozen=True, eq=False)
class Interrupted:
    """Lessons during which somebody presses Ctrl-C."""

    inner: Windows
    left: list

    @property
    def rows(self):
        return self.inner.rows

    def loss(self, model, rows, loss):
        return self.inner.loss(model, rows, loss)

    def slopes(self, model, rows, loss):
        self.left[0] -= 1
        if not self.left[0]:
            raise KeyboardInterrupt
        return self.inner.slopes(model, rows, loss)


def test_interrupted_and_resumed_from_its_checkpoint_it_ends_bit_equal(tmp_path):
    settings, given, path = Training(epochs=6, batch=8), lessons(np.float32), tmp_path / "run.plashet"
    whole = train(model(), given, settings)
    with pytest.raises(KeyboardInterrupt):
        train(model(), Interrupted(given, [14]), settings, checkpoint=path)
    held = load(path)
    assert 0 < held.epochs < 6
    again = train(held, given, settings, checkpoint=path)
    assert again.epochs == 6
    for name, a in tree.arrays(whole).items():
        assert np.array_equal(a, tree.arrays(again)[name], equal_nan=True), name
        assert np.array_equal(a, tree.arrays(load(path))[name], equal_nan=True), name
    assert held.epochs < 6  # what was given stays as it was


def test_training_that_is_over_changes_nothing():
    settings = Training(epochs=2)
    found = train(model(), lessons(), settings)
    again = train(found, lessons(), settings)
    assert again.epochs == 2
    assert np.array_equal(again.theta, found.theta)
    assert train(found, lessons(), replace(settings, epochs=3)).epochs == 3


def test_it_learns_what_a_readout_alone_cannot():
    """The product of the last two inputs, from units that at first are as good as linear."""
    rng = np.random.default_rng(0)
    u = rng.choice([-1.0, 1.0], size=(2000, 1))
    y = u * np.concatenate([[[0.0]], u[:-1]])
    given = windows((u, y), length=20, washout=1)
    liquid = liquids.gated(wiring.dense(6, 1, seed=0), seed=0)
    found = train(unread(liquid), given, Training(epochs=60, rate=0.02, seed=1))
    assert 2 * found.start > 0.9
    assert 2 * found.losses[found.best_epoch - 1, 1] < 0.05


def test_steps_without_a_finite_slope_are_left_out_and_told():
    given = lessons()
    given.y[:, 0] = 1e200
    with pytest.warns(UserWarning, match="2 steps were left out: their slopes were not finite"):
        found = train(model(), given, Training(epochs=2, batch=10**6, validation=0.0), loss=Overflowing())
    assert np.array_equal(found.theta, packing(model()).of(model()))


@dataclass(frozen=True)
class Overflowing:
    def value(self, error):
        return error

    def slope(self, error):
        return np.where(np.abs(error) > 1e100, np.inf, error)


def test_rows_without_any_target_teach_nothing():
    given = lessons()
    given.y[...] = np.nan
    found = train(model(), given, Training(epochs=2, validation=0.0))
    assert np.array_equal(found.theta, packing(model()).of(model()))


class TestWindows:
    def test_they_are_stretches_of_each_series(self):
        u, y, dt = series(20)
        found = windows([(u, y, dt), (u[:7], y[:7])], length=6, stride=5, washout=2)
        assert (found.rows, found.u.dtype, found.dt.dtype) == (4, np.float32, np.float32)
        for row, start in ((0, 0), (1, 5), (2, 10)):
            np.testing.assert_allclose(found.u[:, row], u[start : start + 6], rtol=1e-6)
            np.testing.assert_allclose(found.dt[:, row], dt[start : start + 6], rtol=1e-6)
            np.testing.assert_array_equal(found.y[2:, row], y[start + 2 : start + 6])
        assert np.isnan(found.y[:2]).all()
        assert (found.dt[:, 3] == 1).all()

    @pytest.mark.parametrize(
        ("make", "says"),
        [
            (lambda: windows(series(5), length=6), "no series has 6 ticks"),
            (lambda: windows(series(5), length=0), "length is 0"),
            (lambda: windows(series(5), length=3, washout=3), "washout < length"),
            (lambda: windows((np.zeros(5), np.zeros(5)), length=3), r"u and y are \(5,\) and \(5,\)"),
            (lambda: windows(np.zeros((5, 2)), length=3), "a series is"),
            (lambda: windows((np.full((5, 1), np.inf), np.zeros((5, 1))), length=3), "u is infinite in row 0"),
            (lambda: windows((np.zeros((5, 1)), np.zeros((5, 1)), -1.0), length=3), "dt is -1.0"),
            (lambda: Windows(np.zeros((3, 2, 1)), np.zeros((3, 1, 1)), np.zeros((3, 2))), r"wanted \(time, rows, inp"),
        ],
    )
    def test_what_cannot_be_cut_is_told(self, make, says):
        with pytest.raises(ValueError, match=says):
            make()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"batch": 1.5}, "batch is 1.5"),
        ({"patience": -1}, "patience is -1"),
        ({"validation": 1.0}, "validation is 1.0"),
        ({"rate": 0.0}, "rate is 0.0"),
        ({"clip": np.nan}, "clip is nan"),
    ],
)
def test_settings_that_cannot_be_are_told(settings, says):
    with pytest.raises(ValueError, match=says):
        Training(**settings)


def test_models_and_lessons_that_cannot_be_are_told():
    with pytest.raises(ValueError, match="nothing in the model is to be learnt"):
        train(Chain((Scale(np.zeros(U), np.ones(U)),)), lessons())
    with pytest.raises(TypeError, match="no slope can be pulled through Looped"):
        train(MODELS["looped"], lessons())
    blind = lessons()
    blind.y[:, -9:] = np.nan
    with pytest.raises(ValueError, match="no loss can be told on the validation part"):
        train(model(), blind, Training(validation=0.2))
    few = windows(series(6), length=6)
    with pytest.raises(ValueError, match="1 rows leave none to learn from beside a validation part"):
        train(model(), few)
    for wrong in ({}, {"validation": series(6)}):
        given = lessons() if wrong else series(6)
        with pytest.raises(TypeError, match=r"lessons are made by training\.windows"):
            train(model(), given, **wrong)


def test_what_came_of_training_is_told_in_a_line():
    trained = train(model(), lessons(), Training(epochs=2))
    assert "2 epochs, best " in repr(trained)
    assert len(repr(trained)) < 500


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_where_somebody_looks_on(monkeypatch):
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        train(model(), lessons(), Training(epochs=2))
        assert ("validation" in stream.getvalue()) == shown
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with meter(2, shown=False) as tell:
        tell(None)
    assert not stream.getvalue()
