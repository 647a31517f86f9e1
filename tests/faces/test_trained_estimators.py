"""Estimators whose liquid is trained: what it is worth, what is kept of it, and where it goes on."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from test_estimators import checks, passes

import plashet as pl
from plashet import liquids, tree, wiring
from plashet.estimators import SequenceClassifier, SequenceRegressor
from plashet.estimators.trained import validated
from plashet.learn import Logistic
from plashet.sequences import Both, Last, Mean, Segments, sequence_model
from plashet.sequences.training import train_sequences, whole_sequences
from plashet.trainable import parameters, trainable


class Gated:
    """Eight gated units for any number of inputs, by a name that is the same in every process."""

    def __call__(self, inputs):
        return liquids.gated(wiring.dense(8, inputs, seed=0), seed=0, tau=(0.3, 10.0))

    def __repr__(self):
        return "gated"


@pytest.mark.slow
@checks(
    SequenceClassifier(Gated(), training=pl.Training(epochs=2)),
    SequenceRegressor(Gated(), training=pl.Training(epochs=2)),
    SequenceClassifier(training=pl.Training(epochs=1)),
)
def test_scikit_learn_finds_nothing_to_blame(estimator, check):
    passes(estimator, check)


def parity(n=300, seed=0):
    """Two to five bits, -1 or 1, and whether the count of -1 is even: no sum of traces can tell."""
    rng = np.random.default_rng(seed)
    made = [rng.choice([-1.0, 1.0], size=(rng.integers(2, 6), 1)) for _ in range(n)]
    return made, np.array([np.prod(u) > 0 for u in made])


SETTINGS = pl.Training(epochs=120, rate=0.02, patience=120, validation=0.1)


def test_a_trained_liquid_tells_what_the_same_liquid_untrained_cannot():
    unseen = parity(500, seed=9)
    trained = SequenceClassifier(Gated(), pooling=Last(), training=SETTINGS, scale=False).fit(*parity())
    drawn = SequenceClassifier(Gated(), pooling=Last(), scale=False).fit(*parity())
    assert trained.score(*unseen) > 0.99
    assert drawn.score(*unseen) < 0.7
    assert not hasattr(drawn, "trained_")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_japanese_vowels_by_a_trained_liquid_of_32_units(seed):
    data = pl.data.japanese_vowels()
    liquid = liquids.gated(wiring.dense(32, inputs=12, seed=seed), seed=seed)
    found = SequenceClassifier(liquid, training=pl.Training(seed=seed)).fit(*data.train)
    assert found.score(*data.test) >= 0.97


def test_a_regressor_trains_on_targets_of_any_unit():
    (x, y), (xs, ys) = parity(), parity(500, seed=9)
    trained = SequenceRegressor(Gated(), pooling=Last(), training=SETTINGS, scale=False).fit(x, 1000 + 50 * y)
    drawn = SequenceRegressor(Gated(), pooling=Last(), scale=False).fit(x, 1000 + 50 * y)
    assert trained.score(xs, 1000 + 50 * ys) > 0.95
    assert drawn.score(xs, 1000 + 50 * ys) < 0.2


def test_saved_and_loaded_it_answers_the_same_and_goes_on_bit_equal(tmp_path):
    x, y = parity(60)
    settings = pl.Training(epochs=3, rate=0.02)
    estimator = SequenceClassifier(liquids.ltc(wiring.dense(4, 1, seed=0), seed=0), training=settings)
    short = estimator.fit(x, y)
    short.save(tmp_path / "a")
    again = SequenceClassifier.load(tmp_path / "a")
    assert np.array_equal(again.decision_function(x), short.decision_function(x))
    same = replace(settings, epochs=6)
    ends = []
    for one in (again, short):
        one.set_params(warm_start=True, training=same)
        ends.append(one.fit(x, y).trained_)
    assert ends[0].epochs == 6
    assert np.array_equal(ends[0].theta, ends[1].theta)
    assert clone(again).fit(x, y).trained_.epochs == 6


def test_without_a_warm_start_fit_starts_afresh_and_is_the_same_again():
    x, y = parity(40)
    one = SequenceClassifier(Gated(), training=pl.Training(epochs=3))
    first = one.fit(x, y).trained_
    assert np.array_equal(one.fit(x, y).trained_.theta, first.theta)
    assert not hasattr(one.set_params(training=None).fit(x, y), "trained_")


def test_a_warm_start_with_other_data_is_told():
    x, y = parity(30)
    one = SequenceClassifier(Gated(), training=pl.Training(epochs=1), warm_start=True).fit(x, y)
    with pytest.raises(
        ValueError, match="goes on with a liquid of 1 inputs and 2 outputs or classes; now there are 1 a"
    ):
        one.fit(x, np.arange(30) % 3)
    with pytest.raises(ValueError, match="now there are 2 and 2: warm_start=False begins anew"):
        one.fit([np.repeat(u, 2, axis=1) for u in x], y)


def test_training_goes_with_any_readout_and_front_end():
    x, y = parity(60)
    doubled = lambda u: 2 * np.asarray(u)
    found = SequenceClassifier(Gated(), Logistic(), front=doubled, training=pl.Training(epochs=3)).fit(x, y)
    assert found.predict_proba(x).sum(axis=1) == pytest.approx(1)
    plain = SequenceClassifier(Gated(), Logistic(), training=pl.Training(epochs=3)).fit([2 * u for u in x], y)
    np.testing.assert_allclose(found.predict_proba(x), plain.predict_proba([2 * u for u in x]), rtol=1e-9)


def test_only_what_is_named_is_trained():
    x, y = parity(40)
    leaky = pl.Leaky(wiring.random(6, 1, seed=0), tau=np.full(6, 2.0))
    cell = trainable(leaky, "tau")
    settings = pl.Training(epochs=30, rate=0.1, validation=0.0)
    found = SequenceClassifier(cell, training=settings, scale=False).fit(x, y)
    learnt = found.recogniser_.model.liquid.cell
    assert not np.array_equal(learnt.tau, leaky.tau)
    assert np.array_equal(learnt.wiring.weights, leaky.wiring.weights)


def test_what_cannot_be_trained_is_told():
    x, y = parity(20)
    with pytest.raises(ValueError, match="the liquid names nothing to learn: give one that does"):
        SequenceClassifier(pl.Leaky(wiring.random(6, 1, seed=0), tau=2.0), training=pl.Training()).fit(x, y)
    with pytest.raises(TypeError, match=r"training is a int, wanted plashet\.Training"):
        SequenceClassifier(Gated(), training=3).fit(x, y)
    with pytest.raises(TypeError, match="no slope can be pulled through Spiking"):
        SequenceClassifier(
            pl.Chain((liquids.gated(wiring.dense(1, 1, seed=0), seed=0), liquids.maass2002(inputs=1, seed=0))),
            training=pl.Training(),
            dt=1e-3,
            scale=False,
        ).fit(x, y)


def test_the_part_that_is_validated_on_has_its_share_of_every_class_or_whole_groups():
    index = np.repeat([0, 1, 2], [10, 5, 1])
    held = validated(index, pl.Training(validation=0.2), None)
    assert np.bincount(index[held], minlength=3).tolist() == [2, 1, 0]
    groups = np.repeat(np.arange(8), 2)
    for seed in range(5):
        held = validated(index, pl.Training(validation=0.25, seed=seed), groups)
        assert 4 <= held.sum() <= 6
        assert all(len(set(held[groups == g])) == 1 for g in range(8))
    assert not validated(index, pl.Training(validation=0.0), None).any()
    assert not validated(index, pl.Training(validation=0.0), groups).any()


@pytest.mark.parametrize("pooling", [Segments(3), Mean(), Both((Mean(), Last()))])
def test_slopes_of_whole_sequences_are_those_of_finite_differences(pooling):
    x, _ = parity(5)
    rng = np.random.default_rng(0)
    y = rng.normal(size=(5, 2))
    y[1, 0] = np.nan
    cell = liquids.gated(wiring.auto_ncp(4, 1, 1, sparsity=0.2, seed=0), seed=0)
    model = sequence_model(x, liquid=cell, pooling=pooling, outputs=2)
    width = pooling.rows * 4
    model = tree.replace(model, {"readout.weights": rng.normal(size=(width, 2))})
    model = replace(model, standard=pl.encode.Scale(rng.normal(size=width), rng.uniform(0.5, 2, width), np.inf))
    lessons, rows = whole_sequences(x, y, pooling, dtype=np.float64), np.array([0, 1, 4])
    loss = pl.learn.Squared()
    _, count, slopes = lessons.slopes(model, rows, loss)
    assert count == 5
    for path, array in parameters(model).items():
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = array.copy()
                moved[place] += sign * 1e-6
                ends.append(lessons.loss(tree.replace(model, {path: moved}), rows, loss)[0])
            assert slopes[path][place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-7)


def test_a_padded_batch_says_what_each_sequence_says_alone():
    x, y = parity(30)
    model = sequence_model(x, liquid=Gated(), outputs=1)
    found = train_sequences(model, x, 2.0 * y[:, None] - 1, pl.Training(epochs=3))
    lessons = whole_sequences(x, 2.0 * y[:, None] - 1, model.pooling, dtype=np.float64)
    total, count = lessons.loss(found.model, np.arange(30), pl.learn.Squared())
    assert total / count == pytest.approx(np.mean((found.model(x)[:, 0] - (2.0 * y - 1)) ** 2) / 2, rel=1e-9)


def test_sequences_and_targets_that_do_not_fit_are_told():
    x, _ = parity(6)
    model = sequence_model(x, liquid=Gated(), outputs=1)
    with pytest.raises(ValueError, match=r"targets are \(6,\), wanted \(6, outputs\)"):
        train_sequences(model, x, np.zeros(6))
    with pytest.raises(ValueError, match="every sequence is kept to validate on"):
        train_sequences(model, x, np.zeros((6, 1)), validation=np.ones(6, bool))
