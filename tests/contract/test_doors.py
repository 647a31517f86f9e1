"""What is refused, and how it is said."""

import numpy as np
import pytest

import plashet as pl
from plashet import wiring
from plashet.learn import Gradient
from zoo import LEARNERS, LIQUIDS, SLOPES

leaky = LIQUIDS["bands"]
OF_READOUTS = LEARNERS | {name: learner for name, learner in SLOPES.items() if not isinstance(learner, Gradient)}
READ = pl.Readout(np.zeros((12, 1)), np.zeros(1))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pl.run(leaky, np.zeros((3, 5))), r"u is \(3, 5\), but the cell takes 2 inputs"),
        (lambda: pl.run(leaky, np.zeros(3)), r"a single column is u\[:, None\]"),
        (lambda: pl.run(leaky, np.array([[0.0, 1.0], [np.inf, 0.0]])), "u is infinite in row 1, column 0"),
        (lambda: pl.run(leaky, np.zeros((3, 2)), dt=-1.0), "dt is -1.0 at tick 0"),
        (lambda: pl.run(leaky, np.zeros((3, 2)), dt=np.zeros(2)), r"dt is \(2,\), wanted a number, \(3,\)"),
        (lambda: pl.run(leaky, np.zeros((3, 2)), out=np.zeros((3, 1))), "out is float64"),
        (lambda: pl.Leaky(wiring.bands(5, seed=0), tau=0.0), "tau is a time constant in seconds and must be positive"),
        (lambda: pl.Leaky(wiring.bands(5, seed=0), tau=np.ones(4)), r"one per unit \(5\), got shape \(4,\)"),
        (lambda: pl.Leaky(wiring.bands(5, seed=0), tau=1.0, activation="sin"), "activation is one of tanh"),
        (lambda: pl.Leaky.from_leak_rate(wiring.bands(5, seed=0), 1.5), r"a leak rate is in \(0, 1\]"),
        (lambda: wiring.bands(0, seed=0), "units must be at least 1, got 0"),
        (lambda: wiring.random(5, seed=0, degree=0), "degree must be at least 1"),
        (lambda: wiring.bands(5, seed=0, spectral_radius=-1), "spectral_radius must be zero or more"),
        (lambda: pl.Chain((leaky, leaky)), "cell 0 gives 12 outputs, but cell 1 takes 2 inputs"),
        (lambda: pl.Beside((leaky, pl.Squares(3))), r"hear one input, got sizes \[2, 3\]"),
        (lambda: pl.Model(leaky, pl.Readout(np.zeros((3, 1)), np.zeros(1))), r"weights are \(3, 1\), wanted \(12, 1\)"),
        (lambda: pl.looped(leaky, outputs=3), "3 outputs are fed back, but the liquid takes 2 inputs"),
        (lambda: pl.fit(pl.unread(leaky), pl.RLS(), (np.zeros((4, 2)), np.zeros((3, 1)))), "u has 4 ticks and y 3"),
        (
            lambda: pl.fit(pl.unread(leaky), pl.RLS(), (np.zeros((4, 2)), np.zeros((4, 2)))),
            r"y is \(4, 2\), wanted \(4, 1\)",
        ),
        (
            lambda: pl.fit(pl.unread(leaky), pl.RLS(), (np.zeros((2, 2)), np.array([[1.0], [np.inf]]))),
            "y is infinite in row 1",
        ),
        (
            lambda: pl.fit(pl.unread(leaky), pl.RLS(), (np.zeros((2, 2)),)),
            r"a series is \(u, y\) or \(u, y, dt\), got 1",
        ),
    ],
)
def test_wrong_input_says_what_came_and_what_was_wanted(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("learner", OF_READOUTS.values(), ids=OF_READOUTS)
@pytest.mark.parametrize("name", ["LTC", "CfC, wired", "deep", "behind encoders"])
def test_a_liquid_that_is_not_read_out_is_told_from_a_model(learner, name):
    cell, data = LIQUIDS[name], (np.zeros((3, 2)), np.zeros((3, 1)))
    says = rf"a {type(cell).__name__} has no readout .* unread\(cell, outputs\)|unread.*; got a {type(cell).__name__}"
    for call in (lambda: pl.Live(cell, learner), lambda: pl.fit(cell, learner, data)):
        with pytest.raises(TypeError, match=says):
            call()


@pytest.mark.parametrize("learner", [pl.learn.Logistic(1e-3), pl.learn.PDelta(), pl.learn.Plastic((pl.learn.STDP(),))])
def test_other_learners_of_readouts_tell_it_too(learner):
    with pytest.raises(TypeError, match=r"a LTC has no readout to learn: unread\(cell, outputs\)"):
        pl.Live(LIQUIDS["LTC"], learner)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda cell: pl.Chain((cell, READ)), r"a Readout is no cell, .*; Model\(liquid, readout\) puts it behind"),
        (lambda cell: pl.Beside((cell, READ)), "a Readout is no cell"),
        (lambda cell: pl.Model(cell, pl.RLS()), r"the readout is a RLS, wanted a Readout; unread\(liquid, outputs\)"),
        (lambda cell: pl.Model(READ, READ), "a Readout is no cell"),
        (lambda cell: pl.looped(READ), "a Readout is no cell"),
        (lambda cell: pl.run(READ, np.zeros((3, 2))), "a Readout is no cell"),
        (lambda cell: pl.fit(READ, pl.RLS(), (np.zeros((3, 2)), np.zeros((3, 1)))), "a Readout is no cell"),
        (lambda cell: pl.Live(pl.unread(cell), pl.RLS), r"the learner is the class RLS, wanted .* such as RLS\(\)"),
        (lambda cell: pl.Live(pl.unread(cell), READ), "the learner is a Readout, wanted"),
        (lambda cell: pl.fit(pl.unread(cell), cell, (np.zeros((3, 2)), np.zeros((3, 1)))), "the learner is a LTC"),
    ],
)
def test_what_is_taken_for_another_part_is_told_by_name(call, says):
    with pytest.raises(TypeError, match=says):
        call(LIQUIDS["LTC"])


def test_a_model_that_cannot_be_its_own_input_says_so():
    model = pl.unread(leaky, outputs=1)
    with pytest.raises(ValueError, match="takes 2 inputs and gives 1"):
        pl.generate(model, model.init(np.zeros(2)), np.zeros(2), 3)


def test_a_loop_that_explodes_names_the_step():
    liquid = pl.Leaky(wiring.ring(3, 1, seed=0), tau=1e-3, activation="identity")
    model = pl.Model(liquid, pl.Readout(np.full((3, 1), 1e300), np.zeros(1)))
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(FloatingPointError, match=r"at step \d+ of 9"):
        pl.generate(model, model.init(np.zeros(1)), np.ones(1), 9)


def test_what_is_wrong_far_down_a_series_is_found_at_its_row():
    u, dt = np.random.default_rng(0).normal(size=(1500, 2)), np.ones((1500, 3))
    bad, late = u.copy(), np.ones(1500)
    bad[1400, 1], late[1300], dt[7, 1] = np.inf, -1.0, np.nan
    model = pl.unread(leaky)
    with pytest.raises(ValueError, match="u is infinite in row 1400, column 1"):
        pl.fit(model, pl.RLS(), (bad, u[:, :1]))
    for data in ((u, u[:, :1], late), ticks_of(u, late)):
        with pytest.raises(ValueError, match=r"dt is -1\.0 at tick 1300"):
            pl.fit(model, pl.RLS(), data)
    with pytest.raises(ValueError, match="dt is nan at tick 7"):
        pl.run(leaky, np.zeros((1500, 3, 2)), dt)


def ticks_of(u, dt):
    return [pl.Tick(now, now[:1], elapsed) for now, elapsed in zip(u, dt, strict=True)]


def test_a_loop_takes_at_least_one_step():
    model = pl.unread(leaky, 2)
    with pytest.raises(ValueError, match="n is how many steps to take, at least 1; got 0"):
        pl.generate(model, model.init(np.zeros(2)), np.zeros(2), 0)
