"""The parallel perceptron: beside a loop over its rule, and what one perceptron cannot learn."""

import numpy as np
import pytest

from plashet import Evidence, Leaky, Live, Tick, fit, load, run, save, unread, wiring
from plashet.cells import Pass
from plashet.learn import PDelta, Votes
from plashet.model import ModelState


def learnt(learner, x, y):
    return learner.model(learner.absorb(learner.init(unread(Pass(x.shape[1]), y.shape[1])), x, y)).readout


def by_loop(learner, x, y):
    """The rule word by word, a perceptron at a time."""
    alpha = learner.init(unread(Pass(x.shape[1]), y.shape[1])).alpha.copy()
    rho = learner.rho or learner.pool
    for epoch in range(learner.epochs):
        eta = learner.rate / (x.shape[1] + 1) * (1 - epoch / learner.epochs)
        for row, targets in zip(x, y, strict=True):
            z = np.append(row, 1.0)
            for m, o in enumerate(targets):
                drives = [float(a @ z) for a in alpha[m]]
                p = sum(1 if h >= 0 else -1 for h in drives)
                answer = min(max(p / rho, -1.0), 1.0)
                for i, h in enumerate(drives):
                    c = 0.0
                    if np.isnan(o):
                        c = 0.0
                    elif answer > o + learner.epsilon and h >= 0:
                        c = -1.0
                    elif answer < o - learner.epsilon and h < 0:
                        c = 1.0
                    elif answer <= o + learner.epsilon and 0 <= h < learner.margin:
                        c = learner.clear
                    elif answer >= o - learner.epsilon and -learner.margin < h < 0:
                        c = -learner.clear
                    a = alpha[m, i]
                    alpha[m, i] = a + eta * c * z - eta * (a @ a - 1.0) * a
    return alpha


@pytest.mark.parametrize("learner", [PDelta(7, seed=1), PDelta(5, rho=1.0, clear=0.5, margin=0.3, epochs=3)], ids=str)
def test_the_rule_is_followed_word_by_word(learner):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.uniform(-1, 1, size=(30, 2))
    y[4, 1] = np.nan
    readout, alpha = learnt(learner, x, y), by_loop(learner, x, y)
    np.testing.assert_allclose(np.moveaxis(readout.weights, 0, -1), alpha[..., :-1], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(readout.bias, alpha[..., -1], rtol=1e-9, atol=1e-11)


def corners(bits, n, seed):
    """Parity of the signs of points about the corners of a cube."""
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], size=(n, bits))
    return signs + 0.25 * rng.normal(size=(n, bits)), signs.prod(axis=1, keepdims=True)


@pytest.mark.parametrize("bits", [2, 3])
def test_a_pool_learns_parity_which_no_single_perceptron_can(bits):
    x, y = corners(bits, 400, seed=1)
    unseen, truth = corners(bits, 1000, seed=2)
    right = lambda readout: np.mean(np.sign(readout(unseen)) == truth)
    assert right(learnt(PDelta(51, rho=1.0, epochs=20), x, y)) > 0.97
    assert right(learnt(PDelta(1, rho=1.0, epochs=20), x, y)) < 0.8


def test_the_share_that_fires_follows_a_graded_value():
    x = np.random.default_rng(0).normal(size=(800, 10))
    y = 0.9 * np.tanh(x[:, :1] - 0.5 * x[:, 1:2])
    error = lambda readout: np.sqrt(np.mean((readout(x[400:]) - y[400:]) ** 2)) / y.std()
    assert error(learnt(PDelta(51, epochs=5, margin=0.3), x[:400], y[:400])) < 0.3
    assert error(learnt(PDelta(1, epochs=5, margin=0.3), x[:400], y[:400])) > 0.6


def test_the_share_that_fires_is_the_answer_of_the_paper():
    weights = np.array([[[1.0, 1.0, -1.0, -1.0, -1.0]]])  # one feature, one output, five perceptrons
    votes = Votes(weights, np.array([[0.0, -2.0, 0.0, 2.0, -0.5]]), rho=5.0)
    x = np.array([[1.0], [-1.0], [3.0]])
    np.testing.assert_allclose(votes.firing(x)[:, 0], [2 / 5, 3 / 5, 2 / 5])
    np.testing.assert_allclose(votes(x), 2 * votes.firing(x) - 1)
    np.testing.assert_allclose(Votes(weights, votes.bias, rho=1.0)(x)[:, 0], [-1.0, 1.0, -1.0])
    assert np.array_equal(votes.read(x), votes(x))
    assert votes.read(np.zeros((0, 1))).shape == (0, 1)


def test_lengths_stay_bounded():
    x, y = corners(2, 300, seed=3)
    readout = learnt(PDelta(21, epochs=20), x, y)
    lengths = np.sqrt((readout.weights**2).sum(axis=0) + readout.bias**2)
    assert 0.05 < lengths.min() < lengths.max() < 1.5


def test_ticks_teach_what_a_block_teaches():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.uniform(-1, 1, size=(30, 2))
    learner = PDelta(9)
    knowledge = learner.init(unread(Pass(4), 2))
    for row, target in zip(x, y, strict=True):
        seen = Evidence(None, ModelState(None, row), Tick(row, None, 1.0), np.zeros(2))
        knowledge, trace = learner.watch(knowledge, seen)
        knowledge, _ = learner.credit(knowledge, trace, target)
    np.testing.assert_allclose(learner.model(knowledge).readout.weights, learnt(learner, x, y).weights, rtol=1e-9)


def test_a_live_liquid_is_read_by_votes_and_comes_back_from_its_file(tmp_path):
    rng = np.random.default_rng(0)
    level = np.repeat(rng.choice([-1.0, 1.0], 80), 10)
    u = level[:, None] + 0.5 * rng.normal(size=(800, 1))
    live = Live(unread(Leaky(wiring.bands(30, 1, seed=0), tau=3.0)), PDelta(21, rho=1.0))
    guesses = []
    for now, truth in zip(u, level, strict=True):
        guesses.append(float(live.predict(now)[0]))
        live.learn(np.array([truth]))
    assert np.mean(np.array(guesses[400:]) == level[400:]) > 0.8
    save(tmp_path / "m", live.model)
    assert np.array_equal(run(load(tmp_path / "m"), u)[0], run(live.model, u)[0])


def test_seeds_name_pools_and_more_outputs_leave_the_first_as_they_were():
    x, y = corners(2, 50, seed=1)
    a, b = learnt(PDelta(5, seed=3), x, y), learnt(PDelta(5, seed=3), x, np.hstack([y, -y]))
    np.testing.assert_array_equal(a.weights[:, 0], b.weights[:, 0])
    assert not np.array_equal(learnt(PDelta(5, seed=4), x, y).weights, a.weights)


def test_fit_over_a_series_is_the_rule_over_its_ticks():
    x, y = corners(2, 60, seed=1)
    model = fit(unread(Pass(2)), PDelta(5), (x, y))
    assert np.array_equal(model.readout.weights, learnt(PDelta(5), x, y).weights)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: PDelta(pool=0), "pool is 0"),
        (lambda: PDelta(epochs=0), "epochs is 0"),
        (lambda: PDelta(rate=0.0), "rate is 0.0"),
        (lambda: PDelta(rho=0.0), "rho is above 0"),
        (
            lambda: learnt(PDelta(), np.ones((2, 1)), np.array([[0.0], [1.5]])),
            r"output 0 is 1\.5 \(row 1\), wanted -1 to 1",
        ),
        (lambda: learnt(PDelta(), np.ones((2, 1)), np.array([[0.0], [np.inf]])), "output 0 is inf"),
        (lambda: learnt(PDelta(), np.ones((2, 1)), np.ones((3, 1))), r"y is \(3, 1\)"),
    ],
)
def test_what_is_wrong_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_rows_that_are_not_finite_are_skipped_and_counted():
    x, y = corners(2, 30, seed=1)
    x[5, 0] = np.nan
    learner = PDelta(5)
    knowledge = learner.absorb(learner.init(unread(Pass(2))), x, y)
    assert knowledge.skipped == 1
    rest = np.delete(np.arange(30), 5)
    assert np.array_equal(learner.model(knowledge).readout.weights, learnt(learner, x[rest], y[rest]).weights)
