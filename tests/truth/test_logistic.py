"""Logistic regression beside scikit-learn's, its gradient beside finite differences; ridge by folds beside loops."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as TheirRidge

from plashet import Evidence, Leaky, Model, Readout, Tick, fit, load, run, save, unread, wiring
from plashet.cells import Pass
from plashet.learn import FoldRidge, Logistic, Softmax
from plashet.learn.common import BIAS_SHARE
from plashet.learn.logistic import _loss, _whitened, softmax
from plashet.model import ModelState


def rows(n=200, features=6, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features)) * np.geomspace(0.05, 20.0, features)
    chances = x / np.geomspace(0.05, 20.0, features) @ rng.normal(size=(features, classes))
    names = (chances + rng.gumbel(size=(n, classes))).argmax(axis=1)
    return x, np.where(names[:, None] == np.arange(classes), 1.0, -1.0), names


def learnt(learner, x, y, **told):
    model = unread(Pass(x.shape[1]), y.shape[1])
    return learner.model(learner.absorb(learner.init(model), x, y, **told)).readout


def by_ticks(learner, x, y):
    """Each row by watch and credit, its outputs one after the other."""
    knowledge = learner.init(unread(Pass(x.shape[1]), y.shape[1]))
    traces = []
    for row in x:
        seen = Evidence(None, ModelState(None, row), Tick(row, None, 1.0), np.zeros(y.shape[1]))
        knowledge, trace = learner.watch(knowledge, seen)
        traces.append(trace)
    for m in range(y.shape[1]):
        for i in range(len(x)):
            one = np.full(y.shape[1], np.nan)
            one[m] = y[i, m]
            knowledge, traces[i] = learner.credit(knowledge, traces[i], one)
    return learner.model(knowledge).readout


@pytest.mark.parametrize("penalty", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("shape", [(200, 6, 4), (60, 150, 3)], ids=["more rows", "more features"])
def test_the_weights_are_those_of_scikit_learn(penalty, shape):
    x, y, names = rows(*shape)
    x = x / x.std(axis=0)
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=20_000).fit(x, names)
    ours = learnt(Logistic(penalty), x, y)
    np.testing.assert_allclose(ours.weights.T, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours(x), theirs.predict_proba(x), atol=1e-4)


def test_two_classes_share_what_one_weight_vector_would_bear_alone():
    x, y, names = rows(classes=2)
    theirs = LogisticRegression(C=2.0, tol=1e-10, max_iter=20_000).fit(x, names)
    ours = learnt(Logistic(1.0), x, y)
    np.testing.assert_allclose(ours.weights[:, 1] - ours.weights[:, 0], theirs.coef_[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("shape", [(20, 4, 3), (6, 9, 3)], ids=["more rows", "more features"])
def test_the_gradient_is_that_of_finite_differences(shape):
    x, y, _ = rows(*shape)
    shares = (y > 0).astype(float)
    penalty = np.append(np.full(shape[1], 0.7), 0.7 * BIAS_SHARE)
    problem = _whitened(np.column_stack([x, np.ones(len(x))]), penalty)
    v = np.random.default_rng(1).normal(size=problem.z.shape[1] * shape[2])
    gradient = _loss(v, problem, shares)[1]
    for i in range(len(v)):
        step = np.zeros(len(v))
        step[i] = 1e-6
        slope = (_loss(v + step, problem, shares)[0] - _loss(v - step, problem, shares)[0]) / 2e-6
        assert slope == pytest.approx(gradient[i], rel=1e-5, abs=1e-7)


def test_the_whitened_objective_is_the_one_that_is_promised():
    x, y, _ = rows(30, 4, 3)
    shares, given = (y > 0).astype(float), np.column_stack([x, np.ones(len(x))])
    penalty = np.append(np.full(4, 0.7), 0.7 * BIAS_SHARE)
    problem = _whitened(given, penalty)
    v = np.random.default_rng(1).normal(size=(5, 3))
    w = problem.back @ v
    plain = 0.5 * (penalty[:, None] * w**2).sum() - (shares * np.log(softmax(given @ w))).sum()
    assert _loss(v.ravel(), problem, shares)[0] == pytest.approx(plain, rel=1e-12)


def test_no_step_away_from_the_solution_is_an_improvement():
    x, y, _ = rows()
    readout = learnt(Logistic(0.5), x, y)

    def objective(w, b):
        return 0.25 * (w**2).sum() + 0.25 * BIAS_SHARE * (b**2).sum() - np.log(softmax(x @ w + b)[y > 0]).sum()

    best = objective(readout.weights, readout.bias)
    rng = np.random.default_rng(2)
    for _ in range(50):
        assert objective(readout.weights + 1e-4 * rng.normal(size=(6, 4)), readout.bias) > best


def test_shares_teach_as_so_many_rows_of_each_class_would():
    x, _, _ = rows(40, 3, 3)
    counts = np.random.default_rng(3).integers(0, 3, (40, 3)) + np.array([1, 0, 0])
    many = np.repeat(np.arange(40), counts.sum(axis=1))
    names = np.concatenate([np.repeat(np.arange(3), c) for c in counts])
    one_hot = (names[:, None] == np.arange(3)).astype(float)
    scale = counts.sum(axis=1)
    even = np.flatnonzero(scale == 2)
    keep = np.isin(many, even)
    a = learnt(Logistic(2.0), x[many[keep]], one_hot[keep])
    b = learnt(Logistic(1.0), x[even], counts[even] / 2)
    np.testing.assert_allclose(a.weights, b.weights, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("learner", [Logistic(0.3), FoldRidge((1.0,))], ids=["Logistic", "FoldRidge"])
def test_labels_one_by_one_and_late_teach_what_a_block_teaches(learner):
    x, y, _ = rows(40)
    a, b = learnt(learner, x, y), by_ticks(learner, x, y)
    np.testing.assert_allclose(a.weights, b.weights, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("learner", [Logistic(0.3), FoldRidge((1.0,))], ids=["Logistic", "FoldRidge"])
def test_rows_that_are_not_finite_are_skipped_and_unknown_ones_teach_nothing(learner, tmp_path):
    x, y, _ = rows(40)
    spoilt, partly = x.copy(), y.copy()
    spoilt[3, 1], partly[7] = np.inf, np.nan
    rest = np.setdiff1d(np.arange(40), [3, 7])
    np.testing.assert_allclose(learnt(learner, spoilt, partly).weights, learnt(learner, x[rest], y[rest]).weights)
    knowledge = learner.absorb(learner.init(unread(Pass(6), 4)), spoilt, partly)
    assert knowledge.skipped == 1
    save(tmp_path / "k", knowledge)
    again = learner.model(load(tmp_path / "k"))
    assert np.array_equal(again.readout.weights, learner.model(knowledge).readout.weights)


def test_a_model_of_probabilities_runs_like_any_other(tmp_path):
    """Which of two levels a noisy input was at a while ago, tick by tick."""
    rng = np.random.default_rng(0)
    level = np.repeat(rng.integers(0, 2, 60), 10)
    u = level[:, None] + 0.3 * rng.normal(size=(600, 1))
    y = (level[:, None] == np.arange(2)).astype(float)
    liquid = Leaky(wiring.bands(20, 1, seed=0), tau=3.0)
    model = fit(unread(liquid, 2), Logistic(), (u, y), washout=5)
    chances, _ = run(model, u)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert np.mean(chances.argmax(axis=1) == level) > 0.9
    state, by_tick = model.init(u[0]), []
    for now in u[:30]:
        state, y_now = model.tick(state, now, 1.0)
        by_tick.append(y_now)
    np.testing.assert_allclose(by_tick, chances[:30], rtol=1e-10)
    save(tmp_path / "m", model)
    assert np.array_equal(run(load(tmp_path / "m"), u)[0], chances)


def test_softmax_does_not_overflow():
    readout = Softmax(np.array([[1e300, -1e300]]), np.zeros(2))
    np.testing.assert_array_equal(readout(np.array([[1.0], [-1.0]])), [[1.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Logistic(0.0), "penalty is 0.0"),
        (lambda: Logistic(tolerance=-1.0), "tolerance is -1.0"),
        (lambda: learnt(Logistic(), np.ones((2, 1)), np.ones((2, 2))), "row 0 has the targets"),
        (lambda: learnt(Logistic(), np.ones((2, 1)), np.full((2, 2), np.nan)), "no labelled row"),
        (lambda: learnt(Logistic(), np.ones((2, 1)), np.array([[1.0, np.nan]] * 2)), "no row has all its labels"),
        (lambda: learnt(Logistic(), np.ones((2, 1)), np.array([[1.0, np.inf]] * 2)), "output 1 is inf"),
        (lambda: learnt(Logistic(), np.ones((2, 1)), np.ones((3, 2))), r"y is \(3, 2\)"),
        (lambda: FoldRidge(()), r"penalties are \(\)"),
        (lambda: FoldRidge(folds=1), "folds is 1"),
        (lambda: learnt(FoldRidge(), np.ones((2, 1)), np.full((2, 2), np.nan)), "no labelled row"),
        (lambda: learnt(FoldRidge(), np.ones((2, 1)), np.ones((2, 1)), fold=[0]), r"fold is \(1,\)"),
        (lambda: Model(Pass(2), Readout(np.zeros((2, 3)), np.zeros(2))), r"weights are \(2, 3\), wanted \(2, 2\)"),
    ],
)
def test_what_is_wrong_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()


SHAPES = pytest.mark.parametrize("shape", [(60, 8, 3), (30, 80, 2)], ids=["more rows", "more features"])


@SHAPES
def test_ridge_by_folds_is_scikit_learns_ridge_of_the_penalty_that_it_chose(shape):
    x, y, _ = rows(*shape)
    learner = FoldRidge((0.1, 1.0, 10.0, 100.0))
    knowledge = learner.absorb(learner.init(unread(Pass(shape[1]), shape[2])), x, y)
    chosen = learner.report(knowledge).penalty
    ours = learner.model(knowledge).readout
    theirs = TheirRidge(chosen[0]).fit(x, y)
    np.testing.assert_allclose(ours.weights.T, theirs.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.bias, theirs.intercept_, rtol=1e-6, atol=1e-8)


@SHAPES
@pytest.mark.parametrize("told", [True, False])
def test_the_errors_by_folds_are_those_of_a_loop_that_leaves_each_fold_out(shape, told):
    x, y, _ = rows(*shape)
    fold = np.random.default_rng(4).integers(0, 4, len(x)) if told else np.arange(len(x)) % 5
    learner = FoldRidge((0.01, 1.0, 100.0), folds=5)
    absorbed = learner.absorb(learner.init(unread(Pass(shape[1]), shape[2])), x, y, fold=fold if told else None)
    report = learner.report(absorbed)
    for penalty, errors in zip(report.penalties, report.errors, strict=True):
        total = 0.0
        for k in np.unique(fold):
            out = fold == k
            total += ((TheirRidge(penalty).fit(x[~out], y[~out]).predict(x[out]) - y[out]) ** 2).sum(axis=0)
        np.testing.assert_allclose(errors, total / len(x), rtol=1e-5)
    relative = (report.errors / y.var(axis=0)).sum(axis=1)
    assert (report.penalty == report.penalties[relative.argmin()]).all()


def test_outputs_known_on_other_rows_are_solved_on_their_own():
    x, y, _ = rows(60, 8, 3)
    y[:20, 0], y[50:, 2] = np.nan, np.nan
    ours = learnt(FoldRidge((1.0,)), x, y)
    for m in range(3):
        known = ~np.isnan(y[:, m])
        theirs = TheirRidge(1.0).fit(x[known], y[known, m])
        np.testing.assert_allclose(ours.weights[:, m], theirs.coef_, rtol=1e-6, atol=1e-9)


def test_one_row_and_constant_features_are_no_trouble():
    readout = learnt(FoldRidge(), np.ones((1, 3)), np.array([[2.0]]))
    np.testing.assert_allclose(readout(np.ones((1, 3))), 2.0)
    readout = learnt(FoldRidge(), np.ones((9, 3)), np.arange(9.0)[:, None])
    np.testing.assert_allclose(readout(np.ones((1, 3))), 4.0)
