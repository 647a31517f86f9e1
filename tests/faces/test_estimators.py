"""The scikit-learn face: what scikit-learn itself demands, and that the estimators do their work within it."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import plashet as pl
from plashet import wiring
from plashet.estimators import LiquidFeatures, SequenceClassifier, SequenceRegressor, SequenceScaler
from plashet.learn import Logistic, PDelta
from plashet.save import FileError
from plashet.sequences import Both, Last, Mean, Segments, features

ROWS_ARE_TIME = "rows are time steps"


def expected_failures(estimator):
    """The two that are true of any map with a memory whose rows are ticks; nothing else may be listed."""
    if not isinstance(estimator, LiquidFeatures) or estimator.pooling is not None:
        return {}
    return dict.fromkeys(("check_methods_sample_order_invariance", "check_methods_subset_invariance"), ROWS_ARE_TIME)


def small(inputs):
    """A quick liquid for tests."""
    return pl.Leaky(wiring.bands(30, inputs, seed=0, input_scaling=0.5), tau=np.geomspace(1, 10, 30))


class Small:
    """The same by a name that is the same in every process, as tests that are run in parallel need."""

    def __call__(self, inputs):
        return small(inputs)

    def __repr__(self):
        return "small"


def checks(*estimators):
    return parametrize_with_checks(list(estimators), expected_failed_checks=expected_failures)


def passes(estimator, check):
    try:
        check(estimator)
    except Exception as error:
        if "SCIPY_ARRAY_API" in str(error):
            pytest.skip("array API inputs are tested only where SciPy is told to take them")
        raise


@checks(SequenceClassifier(Small()), SequenceRegressor(), LiquidFeatures(), SequenceScaler())
def test_scikit_learn_finds_nothing_to_blame(estimator, check):
    passes(estimator, check)


@pytest.mark.slow
@checks(
    SequenceClassifier(),
    SequenceClassifier(Small(), Logistic(), pooling=Both((Segments(3), Last()))),
    SequenceRegressor(Small()),
    LiquidFeatures(pooling=Segments(3)),
)
def test_scikit_learn_finds_nothing_to_blame_in_other_settings(estimator, check):
    passes(estimator, check)


def pulses(n=60, inputs=1, ragged=False, seed=0):
    """Classes that differ in what comes first, a pulse up or a pulse down: (n, time, inputs) or a list, and names."""
    rng = np.random.default_rng(seed)
    names = np.array(["up", "down"])[np.arange(n) % 2]
    made = []
    for name in names:
        u = 0.1 * rng.normal(size=(rng.integers(30, 50) if ragged else 40, inputs))
        first, second = rng.integers(1, len(u) // 2), rng.integers(len(u) // 2, len(u))
        u[[first, second]] += np.array([[1.0], [-1.0]]) * (1 if name == "up" else -1)
        made.append(u)
    return (made if ragged else np.stack(made)), names


FORMS = {
    "three axes": lambda: pulses(inputs=2),
    "two axes": lambda: (pulses()[0][:, :, 0], pulses()[1]),
    "ragged list": lambda: pulses(inputs=2, ragged=True),
    "ragged list of one input": lambda: ([u[:, 0] for u in pulses(ragged=True)[0]], pulses(ragged=True)[1]),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())


@every_form
def test_sequences_are_told_apart_in_every_form_that_they_come_in(form):
    X, y = form()
    scores = cross_val_score(SequenceClassifier(small), X, y, cv=3)
    assert scores.min() > 0.9


@every_form
def test_grid_search_tries_liquids_readouts_and_poolings(form):
    X, y = form()
    grid = {"liquid": [small, pl.cells.Pass], "readout": [None, Logistic(0.1)], "pooling": [Mean(), Segments(4)]}
    found = GridSearchCV(SequenceClassifier(), grid, cv=2).fit(X, y)
    assert found.best_score_ > 0.9
    assert found.best_params_["pooling"] == Segments(4)  # the mean over time says nothing of the order


def test_the_default_liquid_fits_itself_to_the_inputs():
    X, y = pulses(inputs=3)
    fitted = SequenceClassifier(seed=4).fit(X[:40], y[:40])
    assert fitted.score(X[40:], y[40:]) > 0.9
    assert fitted.recogniser_.model.liquid.inputs == 3
    assert fitted.n_features_in_ == 3


def test_probabilities_are_there_where_the_readout_gives_them_and_only_there():
    X, y = pulses()
    fitted = SequenceClassifier(small, Logistic()).fit(X, y)
    chances = fitted.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert (fitted.classes_[chances.argmax(axis=1)] == fitted.predict(X)).all()
    for readout in (None, PDelta(), pl.Ridge()):
        assert not hasattr(SequenceClassifier(small, readout), "predict_proba")


@pytest.mark.parametrize("readout", [None, pl.Ridge(), pl.RLS(penalty=1.0), Logistic(), PDelta(epochs=5)], ids=str)
def test_any_readout_learner_serves(readout):
    X, y = pulses(90)
    assert SequenceClassifier(small, readout).fit(X[:60], y[:60]).score(X[60:], y[60:]) > 0.85


def test_numbers_are_read_off_sequences_one_or_several():
    rng = np.random.default_rng(0)
    pitch, loudness = rng.uniform(0.2, 0.6, 200), rng.uniform(0.5, 1.5, 200)
    X = [
        a * np.sin(w * np.arange(rng.integers(30, 50)) + rng.uniform(0, 6))
        for a, w in zip(loudness, pitch, strict=True)
    ]
    y = np.column_stack([pitch, loudness])
    one = SequenceRegressor().fit(X[:150], y[:150, 0])
    assert one.score(X[150:], y[150:, 0]) > 0.9
    both = SequenceRegressor().fit(X[:150], y[:150])
    assert both.predict(X[150:]).shape == (50, 2)
    np.testing.assert_allclose(both.predict(X[150:])[:, 0], one.predict(X[150:]), rtol=0.2)
    y[:75, 1] = np.nan  # a target that is not known
    assert both.fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.8


def test_an_answer_does_not_depend_on_the_other_sequences():
    X, y = pulses(ragged=True)
    fitted = SequenceClassifier(small).fit(X, y)
    whole = fitted.decision_function(X)
    assert np.array_equal(fitted.decision_function(X[7:8]), whole[7:8])
    assert np.array_equal(fitted.decision_function(X[::-1]), whole[::-1])


def test_a_fitted_estimator_can_be_cloned_copied_by_joblib_and_searched_in_processes(tmp_path):
    X, y = pulses()
    liquid = small(1)
    fitted = SequenceClassifier(liquid, Logistic()).fit(X, y)
    pl.run(liquid, X[0])  # a liquid that has been used carries what its kernel has laid out
    again = clone(fitted)
    assert not hasattr(again, "recogniser_")
    joblib.dump(fitted, tmp_path / "e")
    assert np.array_equal(joblib.load(tmp_path / "e").decision_function(X), fitted.decision_function(X))
    assert np.array_equal(again.fit(X, y).decision_function(X), fitted.decision_function(X))


@pytest.mark.parametrize("readout", [None, Logistic(), PDelta()], ids=str)
def test_a_classifier_comes_back_from_its_file(tmp_path, readout):
    X, y = pulses(ragged=True)
    fitted = SequenceClassifier(small(1), readout, pooling=Both((Segments(3), Last())), dt=0.5).fit(X, y)
    fitted.save(tmp_path / "c.plashet")
    again = SequenceClassifier.load(tmp_path / "c.plashet")
    assert np.array_equal(again.decision_function(X), fitted.decision_function(X))
    assert (again.predict(X) == fitted.predict(X)).all()
    assert again.fit(X, y).score(X, y) == fitted.score(X, y)
    with pytest.raises(FileError, match="holds a SequenceClassifier, not a SequenceRegressor"):
        SequenceRegressor.load(tmp_path / "c.plashet")
    recogniser = fitted.recogniser_
    pl.save(tmp_path / "r.plashet", recogniser)
    assert np.array_equal(pl.load(tmp_path / "r.plashet").scores(X), recogniser.scores(X))


def test_a_regressor_comes_back_from_its_file(tmp_path):
    X, _ = pulses()
    for y in (X[:, -1, 0], X[:, -2:, 0]):
        fitted = SequenceRegressor(small(1)).fit(X, y)
        fitted.save(tmp_path / "r.plashet")
        assert np.array_equal(SequenceRegressor.load(tmp_path / "r.plashet").predict(X), fitted.predict(X))


@pytest.mark.filterwarnings("ignore:.*delays are not whole grid steps")
def test_spiking_liquids_serve_every_estimator(tmp_path):
    """Which of two lines of events is the busier one."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = rng.poisson(0.1 + 0.3 * (np.arange(2) == y[:, None])[:, None, :], size=(60, 50, 2)).astype(float)
    liquid = pl.liquids.maass2002(2, seed=0, circuit=wiring.column(inputs=2, seed=0), h=1e-3)
    given = {"pooling": Mean(), "dt": 5e-3, "scale": False}
    fitted = SequenceClassifier(liquid, Logistic(), **given).fit(X[:40], y[:40])
    assert fitted.score(X[40:], y[40:]) > 0.9
    assert np.array_equal(fitted.predict_proba(X[41:42])[0], fitted.predict_proba(X)[41])  # whatever its place
    assert np.array_equal(clone(fitted).fit(X[:40], y[:40]).predict_proba(X), fitted.predict_proba(X))
    fitted.save(tmp_path / "s")
    assert np.array_equal(SequenceClassifier.load(tmp_path / "s").predict_proba(X), fitted.predict_proba(X))
    joblib.dump(fitted, tmp_path / "j")
    assert np.array_equal(joblib.load(tmp_path / "j").predict_proba(X), fitted.predict_proba(X))
    assert SequenceRegressor(liquid, **given).fit(X[:40], y[:40]).score(X[40:], y[40:]) > 0.4
    states = LiquidFeatures(liquid, dt=5e-3, scale=False).fit_transform(X[0])
    assert states.shape == (50, 135)
    rows = LiquidFeatures(liquid, **given).fit_transform(X[:2])
    np.testing.assert_allclose(rows.shape, (2, 135))


def test_what_no_file_can_hold_is_named(tmp_path):
    X, y = pulses()
    with pytest.raises(TypeError, match=r"settings\.liquid is a function"):
        SequenceClassifier(small).fit(X, y).save(tmp_path / "c")
    with pytest.raises(NotFittedError):
        SequenceClassifier().save(tmp_path / "c")


def test_states_feed_a_gradient_boosting_classifier_one_row_for_each_sequence():
    X, y = pulses(120, inputs=2, ragged=True)
    model = make_pipeline(
        SequenceScaler(), LiquidFeatures(small, pooling=Segments(3)), HistGradientBoostingClassifier()
    )
    model.fit(X[:80], y[:80])
    assert model.score(X[80:], y[80:]) > 0.85


def test_states_feed_a_gradient_boosting_classifier_one_row_for_each_tick():
    """Whether the input two ticks ago was positive: nothing in the tick itself says so."""
    u = np.random.default_rng(0).normal(size=(900, 1))
    y = np.roll(u[:, 0] > 0, 2)
    delays = pl.Leaky(wiring.ring(10, 1, seed=0), tau=0.2)
    model = make_pipeline(LiquidFeatures(delays), HistGradientBoostingClassifier(max_iter=50))
    folds = TimeSeriesSplit(2)
    assert cross_val_score(model, u, y, cv=folds).min() > 0.75
    assert cross_val_score(HistGradientBoostingClassifier(max_iter=50), u, y, cv=folds).max() < 0.6


def test_states_are_those_of_a_run_and_come_as_a_frame_with_the_index_of_the_input():
    import pandas as pd

    index = pd.date_range("2026-01-01", periods=50, freq="h")
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)), index, ["a", "b"])
    liquid = small(2)
    states = LiquidFeatures(liquid, dt=0.5, scale=False).set_output(transform="pandas").fit_transform(frame)
    assert states.index.equals(index)
    assert list(states.columns[:2]) == ["liquidfeatures0", "liquidfeatures1"]
    np.testing.assert_array_equal(states.to_numpy(), pl.run(liquid, frame.to_numpy(), 0.5)[0])


def test_pooled_states_are_the_features_of_the_sequences():
    X, _ = pulses(ragged=True)
    liquid = small(1)
    got = LiquidFeatures(liquid, pooling=Segments(3), scale=False).fit_transform(X)
    assert np.array_equal(got, features(liquid, X, 1.0, Segments(3)))


@every_form
def test_a_sequence_scaler_scales_every_input_and_back(form):
    X, _ = form()
    scaler = SequenceScaler().fit(X)
    scaled = scaler.transform(X)
    assert type(scaled) is type(X)
    joined = np.concatenate([np.reshape(u, (len(u), -1)) for u in scaled])
    np.testing.assert_allclose(joined.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(joined.std(axis=0), 1.0, rtol=1e-12)
    for u, back in zip(X, scaler.inverse_transform(scaled), strict=True):
        np.testing.assert_allclose(np.reshape(u, -1), np.reshape(back, -1), rtol=1e-12, atol=1e-14)


def test_groups_reach_the_choice_of_the_penalty():
    X, y = pulses()
    groups = np.arange(60) // 10
    a, b = SequenceClassifier(small).fit(X, y, groups=groups), SequenceClassifier(small).fit(X, y)
    assert a.recogniser_.model.readout.weights.shape == b.recogniser_.model.readout.weights.shape
    scores = cross_val_score(SequenceClassifier(small), X, y, cv=GroupKFold(3), groups=groups)
    assert scores.min() > 0.85


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda X, y: SequenceClassifier().fit(X, y[:-1]), "inconsistent numbers of samples"),
        (lambda X, y: SequenceClassifier().fit(X, np.zeros(len(X))), "1 class"),
        (lambda X, y: SequenceClassifier(dt=0.0).fit(X, y), r"dt is 0\.0"),
        (lambda X, y: SequenceClassifier(small(3)).fit(X, y), "have 1 inputs, but the liquid takes 3"),
        (
            lambda X, y: SequenceClassifier(small).fit(X, y).predict(np.zeros((2, 9, 4))),
            r"is \(9, 4\), wanted \(time, 1\)",
        ),
        (lambda X, y: SequenceClassifier(small).fit([*X, np.zeros((4, 2))], [*y, "low"]), "same number in all"),
        (lambda X, y: SequenceClassifier(small).fit([*X, np.zeros((0, 1))], [*y, "low"]), "sequence 60 is"),
        (lambda X, y: SequenceClassifier(small).fit([*X, [[np.inf]]], [*y, "low"]), "sequence 60 is infinite"),
        (lambda X, y: SequenceClassifier(small).fit([], []), "sample"),
        (lambda X, y: SequenceRegressor(small).fit(X, X), "y"),
    ],
)
def test_what_is_wrong_is_said(call, says):
    X, y = pulses()
    with pytest.raises(ValueError, match=says):
        call(X, y)


def test_the_names_at_the_top_load_scikit_learn_only_when_they_are_used():
    code = "import sys, json, plashet; a = 'sklearn' in sys.modules; plashet.SequenceClassifier; "
    code += "print(json.dumps([a, 'sklearn' in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, True]


def test_what_is_no_liquid_and_sequences_without_a_pooling_are_told():
    x = np.zeros((4, 10, 1))
    with pytest.raises(TypeError, match="give a Cell"):
        pl.SequenceClassifier("maass").fit(x, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="give pooling"):
        pl.LiquidFeatures().fit(x)
    with pytest.raises(ValueError, match="the target comes first"):
        pl.measure.tune_rates(pl.liquids.maass2002(inputs=1, seed=0), np.zeros((10, 1)), 1e-3, 20.0)
