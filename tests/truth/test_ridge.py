"""Ridge against closed forms, scikit-learn, NumPy's lstsq, and itself in other orders."""

from __future__ import annotations

import numpy as np
import pytest

import plashet as pl
from plashet import tree
from plashet.cells import Pass
from plashet.learn import RLS, CrossValidated, Ridge
from plashet.learn.factor import Whitened, add, no_gram, no_triangle, remap, solve, triangle, whiten
from plashet.learn.rows import drop, find, no_rows, put, ready
from plashet.types import Evidence, Tick


def model(features: int, outputs: int = 1) -> pl.Model:
    return pl.unread(Pass(features), outputs)  # the features are the inputs themselves


def rows(count: int, n: int = 12, m: int = 3, seed: int = 0, decades: float = 2.0):
    """Correlated features whose singular values span some decades, and targets with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, n)) * np.logspace(0, -decades, n) @ np.linalg.qr(rng.normal(size=(n, n)))[0] + 0.3
    y = x @ rng.normal(size=(n, m)) + 1.5 + 0.1 * rng.normal(size=(count, m))
    return x, y


def direct(x, y, penalty: float):
    """The augmented system by NumPy's SVD: the slow twin. Rows with NaN left out, output by output."""
    n = x.shape[1]
    prior = np.diag(np.sqrt([penalty] * n + [1e-4 * penalty]))
    found = []
    for target in np.reshape(y, (len(y), -1)).T:
        known = ~np.isnan(target)
        a = np.vstack([np.column_stack([x[known], np.ones(known.sum())]), prior])
        found.append(np.linalg.lstsq(a, np.concatenate([target[known], np.zeros(n + 1)]), rcond=1e-15)[0])
    return np.array(found).T


def weights(learner, knowledge):
    readout = learner.model(knowledge).readout
    return np.vstack([readout.weights, readout.bias])


def absorbed(learner, x, y, cuts=()):
    knowledge = learner.init(model(x.shape[1], y.shape[1]))
    for a, b in zip(np.split(x, cuts), np.split(y, cuts), strict=True):
        knowledge = learner.absorb(knowledge, a, b, 1.0)
    return knowledge


def seen(x):
    return Evidence(None, pl.model.ModelState(None, x), Tick(x, None, 1.0), None)


def test_ridge_equals_scikit_learn_with_a_constant_column_of_100():
    from sklearn.linear_model import Ridge as Theirs

    x, y = rows(2000)
    theirs = Theirs(alpha=0.37, fit_intercept=False, solver="svd").fit(np.column_stack([x, np.full(len(x), 100.0)]), y)
    for squaring in (1e9, 0.0):
        w = weights(Ridge(0.37, squaring), absorbed(Ridge(0.37, squaring), x, y))
        np.testing.assert_allclose(w[:-1], theirs.coef_.T[:-1], rtol=1e-8)
        np.testing.assert_allclose(w[-1], 100 * theirs.coef_.T[-1], rtol=1e-8)


@pytest.mark.parametrize("penalty", [1e-10, 1e-4, 1.0])
@pytest.mark.parametrize("decades", [1.0, 5.0])
def test_ridge_equals_least_squares_of_the_augmented_system(penalty, decades):
    x, y = rows(1500, decades=decades)
    w = weights(Ridge(penalty), absorbed(Ridge(penalty), x, y))
    np.testing.assert_allclose(w, direct(x, y, penalty), rtol=1e-10 * 10**decades)


def test_no_penalty_is_plain_least_squares():
    x, y = rows(700)
    a = np.column_stack([x, np.ones(len(x))])
    np.testing.assert_allclose(weights(Ridge(0), absorbed(Ridge(0), x, y)), np.linalg.lstsq(a, y)[0], rtol=1e-10)


def test_no_penalty_on_features_that_repeat_each_other_gives_the_weights_of_least_norm():
    x, y = rows(700, n=5)
    x = np.column_stack([x, x[:, :2], np.zeros(700)])
    a = np.column_stack([x, np.ones(len(x))])
    np.testing.assert_allclose(weights(Ridge(0), absorbed(Ridge(0), x, y)), np.linalg.pinv(a) @ y, atol=1e-9)


def test_fewer_rows_than_features_are_fitted_with_the_least_norm():
    x, y = rows(7)
    a = np.column_stack([x, np.ones(7)])
    np.testing.assert_allclose(weights(Ridge(0), absorbed(Ridge(0), x, y)), np.linalg.pinv(a) @ y, atol=1e-8)


@pytest.mark.parametrize(
    "learner", [Ridge(1e-3), Ridge(1e-3, 0.0), Ridge(1e-3, 1e5), Ridge(CrossValidated((1e-6, 1e-3)))]
)
def test_any_cut_and_any_order_of_the_rows_gives_the_same_weights(learner):
    x, y = rows(3000)
    rng = np.random.default_rng(1)
    once = weights(learner, absorbed(learner, x, y))
    cut = weights(learner, absorbed(learner, x, y, np.sort(rng.integers(0, 3000, 40))))
    np.testing.assert_allclose(cut, once, rtol=1e-10)
    if not isinstance(learner.penalty, CrossValidated):  # folds are stretches of time
        order = rng.permutation(3000)
        np.testing.assert_allclose(weights(learner, absorbed(learner, x[order], y[order])), once, rtol=1e-9)


@pytest.mark.parametrize("learner", [Ridge(1e-3), Ridge(1e-8, 0.0), Ridge(1e-3, 1e5)])
def test_shards_merge_to_the_whole(learner):
    x, y = rows(2600)
    y[100:130, 1] = np.nan
    y[1900:, 2] = np.nan
    parts = [absorbed(learner, a, b) for a, b in zip(np.split(x, [300, 1700]), np.split(y, [300, 1700]), strict=True)]
    merged = learner.merge(learner.merge(parts[0], parts[1]), parts[2])
    np.testing.assert_allclose(weights(learner, merged), weights(learner, absorbed(learner, x, y)), rtol=1e-9)
    np.testing.assert_allclose(weights(learner, merged), direct(x, y, learner.penalty), rtol=1e-8)


def test_shards_whose_penalty_is_cross_validated_merge_too():
    x, y = rows(2600)
    learner = Ridge(CrossValidated((1e-4, 1e-2)))
    merged = learner.merge(absorbed(learner, x[:900], y[:900]), absorbed(learner, x[900:], y[900:]))
    chosen = learner.report(merged).penalty[0]
    np.testing.assert_allclose(weights(learner, merged), direct(x, y, chosen), rtol=1e-8)


@pytest.mark.parametrize("learner", [Ridge(1e-2), Ridge(1e-2, 0.0), Ridge(CrossValidated((1e-2,)))])
@pytest.mark.parametrize("share", [0.02, 0.6])
def test_every_output_is_fitted_on_exactly_its_labelled_rows(learner, share):
    x, y = rows(2500, m=4)
    rng = np.random.default_rng(3)
    y[rng.random(y.shape) < share] = np.nan
    y[:, 3] = np.where(np.isnan(y[:, 2]), np.nan, y[:, 3])
    y[rng.random(len(y)) < 0.1] = np.nan
    np.testing.assert_allclose(weights(learner, absorbed(learner, x, y)), direct(x, y, 1e-2), rtol=1e-8)


def test_outputs_known_on_the_same_rows_share_a_factor_and_complete_rows_one_for_all():
    x, y = rows(2000, m=4)
    y[500:700, 1] = y[600:650, 2] = y[600:650, 3] = np.nan
    knowledge = Ridge(1e-2)._settled(absorbed(Ridge(1e-2), x, y))
    (segment,) = knowledge.segments
    assert segment.whole.rows == 1800
    assert sorted(tuple(share.members) for share in segment.shares) == [(0,), (1,), (2, 3)]
    np.testing.assert_allclose(weights(Ridge(1e-2), knowledge), direct(x, y, 1e-2), rtol=1e-8)


@pytest.mark.parametrize("delay", [0, 3, 200, 900])  # within the block, and beyond it
@pytest.mark.parametrize("learner", [Ridge(1e-2), Ridge(1e-2, 0.0)])
def test_labels_of_a_tick_that_come_one_by_one_late_or_never_end_exact(delay, learner):
    x, y = rows(1400, m=3)
    rng = np.random.default_rng(4)
    y[rng.random(y.shape) < 0.05] = np.nan
    knowledge, traces = learner.init(model(12, 3)), []
    due = np.arange(1400)[:, None] + rng.integers(0, delay + 1, size=y.shape)
    for t in range(len(x) + delay + 1):
        if t < len(x):
            knowledge, trace = learner.watch(knowledge, seen(x[t]))
            traces.append(trace)
        for back in np.flatnonzero((due == t).any(axis=1)):
            given = np.where(due[back] == t, y[back], np.nan)
            knowledge, traces[back] = learner.credit(knowledge, traces[back], given)
        if t == 700:  # asking in between changes nothing
            learner.model(knowledge)
    np.testing.assert_allclose(weights(learner, knowledge), direct(x, y, 1e-2), rtol=1e-8)


def test_rows_whose_labels_come_within_half_a_block_share_one_factor():
    learner, (x, y) = Ridge(1e-2), rows(1200, m=6)
    knowledge, traces = learner.init(model(12, 6)), []
    for t in range(len(x)):
        knowledge, trace = learner.watch(knowledge, seen(x[t]))
        traces.append(trace)
        for h in range(min(6, t + 1)):
            given = np.full(6, np.nan)
            given[h] = y[t - h, h]
            knowledge, traces[t - h] = learner.credit(knowledge, traces[t - h], given)
    assert knowledge.segments[0].shares == ()
    y[np.arange(1200)[:, None] + np.arange(6) >= 1200] = np.nan
    np.testing.assert_allclose(weights(learner, knowledge), direct(x, y, 1e-2), rtol=1e-8)


def test_a_label_given_again_when_its_row_has_been_factorised_counts_once():
    learner, (x, y) = Ridge(1e-2), rows(1400)
    knowledge, first = learner.watch(learner.init(model(12, 3)), seen(x[0]))
    knowledge, first = learner.credit(knowledge, first, y[0])
    knowledge = learner.absorb(knowledge, x[1:], y[1:], 1.0)
    assert find(knowledge.rows, 0) is None
    knowledge, first = learner.credit(knowledge, first, y[0])
    assert learner.report(knowledge).rows.tolist() == [1400] * 3


def test_a_row_is_found_by_its_number_only_while_it_waits():
    held = put(no_rows(3, 1, 8), np.zeros((6, 2)), np.zeros((6, 1)), 0.0, more=True)
    held.open[[1, 3]] = False
    held = drop(held, ready(held))
    assert [find(held, number) for number in range(8)] == [0, None, 1, None, 2, 3, None, None]
    held = put(held, np.zeros((4, 2)), np.zeros((4, 1)), 0.0, more=True)
    held = drop(held, ready(held))  # all eight wait: the older half goes
    assert [find(held, number) for number in range(10)] == [None] * 6 + [0, 1, 2, 3]


def test_ridge_equals_rls_that_never_forgets():
    x, y = rows(900)
    y[40:60] = np.nan
    rls = RLS(penalty=1e-3)
    theirs = weights(rls, rls.absorb(rls.init(model(12, 3)), x, y, 1.0))
    np.testing.assert_allclose(weights(Ridge(1e-3), absorbed(Ridge(1e-3), x, y)), theirs, rtol=1e-7)


def test_a_batch_is_its_rows():
    x, y = rows(1200)
    learner, knowledge = Ridge(1e-3), Ridge(1e-3).init(model(12, 3))
    for t in range(0, 1200, 4):
        knowledge, trace = learner.watch(knowledge, seen(x[t : t + 4].reshape(2, 2, 12)))
        knowledge, _ = learner.credit(knowledge, trace, y[t : t + 4].reshape(2, 2, 3))
    np.testing.assert_array_equal(weights(learner, knowledge), weights(learner, absorbed(learner, x, y)))


def test_the_factors_and_the_block_do_not_grow_with_the_rows():
    learner = Ridge(CrossValidated((1e-4, 1e-2), folds=3))
    x, y = rows(700)
    knowledge, sizes = learner.init(model(12, 3)), []
    for _ in range(40):
        knowledge = learner.absorb(knowledge, x, y, 1.0)
        sizes.append(sum(a.nbytes for a in tree.arrays(knowledge).values()))
    assert 3 <= len(knowledge.segments) <= 6
    assert max(sizes[10:]) <= max(sizes[:10])
    assert sum(s.rows for s in knowledge.segments) + knowledge.rows.filled == 40 * 700


# --- which path: normal equations or QR ---------------------------------------------------------------------------


def test_normal_equations_serve_while_the_condition_bound_allows_and_qr_beyond():
    x, y = rows(3000)
    trace = np.sum(x**2)
    for squaring, solver in [(1e9, "normal equations"), (1.0, "qr"), (trace / 2, "normal equations, then qr")]:
        learner = Ridge(1.0, squaring)
        knowledge = absorbed(learner, x, y)
        assert learner.report(knowledge).solver == solver
        np.testing.assert_allclose(weights(learner, knowledge), direct(x, y, 1.0), rtol=1e-9)
    assert Ridge(1e-12).report(absorbed(Ridge(1e-12), x, y)).solver == "qr"


@pytest.mark.parametrize("seed", range(4))
def test_squaring_up_to_the_limit_costs_less_than_1e_6_of_the_weights(seed):
    """The worst case for normal equations: a condition just below the limit, all of it real, residuals small."""
    rng = np.random.default_rng(seed)
    n, limit = 60, 1e9
    x = rng.normal(size=(4000, n)) * np.logspace(0, -8, n) @ np.linalg.qr(rng.normal(size=(n, n)))[0]
    y = x @ rng.normal(size=(n, 1))
    penalty = 1.01 * np.sum(x**2) / limit
    a, b = Ridge(penalty, limit), Ridge(penalty, 0.0)
    ours, exact = absorbed(a, x, y), absorbed(b, x, y)
    assert (a.report(ours).solver, b.report(exact).solver) == ("normal equations", "qr")
    w, best = weights(a, ours), weights(b, exact)
    assert np.linalg.norm(w - best) < 1e-6 * np.linalg.norm(best)
    half = Ridge(penalty, limit / 2)
    switched = absorbed(half, x, y)
    assert half.report(switched).solver == "normal equations, then qr"
    assert np.linalg.norm(weights(half, switched) - best) < 1e-6 * np.linalg.norm(best)


def test_qr_does_not_square_the_condition_number():
    """Singular values over ten decades: the normal equations see nothing below 1e-8, the triangle sees all."""
    rng = np.random.default_rng(0)
    n = 20
    x = np.linalg.qr(rng.normal(size=(1000, n)))[0] * np.logspace(0, -10, n) @ np.linalg.qr(rng.normal(size=(n, n)))[0]
    w = rng.normal(size=(n, 1))
    qr, gram = no_triangle(n, 1), no_gram(n, 1)
    for part in np.split(np.arange(1000), 8):
        qr, gram = add(qr, x[part], x[part] @ w), add(gram, x[part], x[part] @ w)
    assert np.abs(solve(qr, np.zeros(n)) - w).max() < 1e-5
    assert np.abs(solve(gram, np.zeros(n)) - w).max() > 1e-2


def test_a_gram_matrix_turned_into_a_triangle_keeps_its_rows_products_and_rest():
    x, y = rows(500, n=30, decades=9.0)
    gram = add(no_gram(30, 3), x, y)
    found = triangle(gram)
    norms = np.linalg.norm(x, axis=0)
    np.testing.assert_allclose(
        found.r.T @ found.r / norms / norms[:, None], x.T @ x / norms / norms[:, None], atol=1e-13
    )
    np.testing.assert_allclose(found.r.T @ found.z, x.T @ y, rtol=1e-12)
    np.testing.assert_allclose(
        found.rest, add(no_triangle(30, 3), x, y).rest, rtol=0.02
    )  # blurred where the rank is in doubt
    assert np.array_equal(np.tril(found.r, -1), np.zeros((30, 30)))
    assert triangle(no_gram(4, 2)).rows == 0


@pytest.mark.parametrize("decades", [2.0, 6.0, 9.0])
def test_rows_in_the_coordinates_of_the_first_give_what_reflections_give(decades):
    """Weights at singular values over many decades, a tiny penalty: as near to the exact ones as Householder's."""
    x, y = rows(4000, n=40, m=2, decades=decades)
    x = np.column_stack([x, np.ones(4000)])
    penalty = np.full(41, 1e-14)
    penalty[-1] *= 1e-4
    slow = add(no_triangle(41, 2), x, y)
    quick = whiten(add(no_triangle(41, 2), x[:600], y[:600]), 1e-14)
    for part in np.split(np.arange(600, 4000), 8):
        quick = add(quick, x[part], y[part])
    assert isinstance(quick, Whitened)
    assert (quick.rows, quick.base.rows) == (4000, 600)  # no block had to go into the base
    best = np.vstack([x, np.diag(np.sqrt(penalty))])
    w, wanted = solve(quick, penalty), np.linalg.lstsq(best, np.vstack([y, np.zeros((41, 2))]), rcond=1e-17)[0]
    error = np.linalg.norm(x @ (w - wanted)), np.linalg.norm(x @ (solve(slow, penalty) - wanted))
    assert error[0] < 10 * error[1] + 1e-13 * np.linalg.norm(y)
    assert np.linalg.norm(w - wanted) < 1e-14 * 10**decades * np.linalg.norm(wanted)
    found = triangle(quick)
    np.testing.assert_allclose(found.r.T @ found.r, x.T @ x, atol=1e-12 * np.sum(x**2))
    np.testing.assert_allclose(found.r.T @ found.z, x.T @ y, atol=1e-12 * np.sum(x**2))
    np.testing.assert_allclose(found.rest, slow.rest, rtol=1e-9)
    np.testing.assert_allclose(
        solve(quick, penalty * 1e12), solve(slow, penalty * 1e12), rtol=1e-8 * 10 ** (decades / 2)
    )


def test_rows_unlike_the_first_ones_go_into_the_base():
    """At first two features are alike; then they part: in the first rows' coordinates that is a millionfold."""
    x, y = rows(3000)
    x[:600, 1] = x[:600, 0] * (1 + 1e-7)
    full = np.column_stack([x, np.ones(3000)])
    factor = whiten(add(no_triangle(13, 3), full[:600], y[:600]), 1e-12)
    assert isinstance(factor, Whitened)
    factor = add(factor, full[600:1200], y[600:1200])
    assert (factor.base.rows, factor.gram.rows) == (1200, 0)
    factor = add(factor, full[1200:], y[1200:])
    assert (factor.base.rows, factor.gram.rows) == (1200, 1800)
    penalty = np.array([1e-12] * 12 + [1e-16])
    np.testing.assert_allclose(solve(factor, penalty), direct(x, y, 1e-12), rtol=1e-8)


def test_too_few_rows_or_no_penalty_leave_the_triangle_as_it_is():
    x, y = rows(600)
    few, many = (add(no_triangle(12, 3), x[:k], y[:k]) for k in (14, 600))
    assert whiten(few, 1.0) is few
    assert whiten(many, 0.0) is many
    alike = add(no_triangle(12, 3), x[:, [0] * 12], y)
    assert whiten(alike, 1e-300) is alike


@pytest.mark.parametrize("learner", [Ridge(1e-3), Ridge(1e-3, 0.0), Ridge(CrossValidated((1e-3,)))])
def test_features_come_and_go_as_if_they_had_been_zero_or_had_never_been(learner):
    x, y = rows(2300)
    y[50:90, 1] = np.nan
    knowledge = absorbed(learner, x, y)
    grown = learner.grow(knowledge, model(14, 3), 5, 2)
    zeros = np.insert(x, [5, 5], 0.0, axis=1)
    np.testing.assert_allclose(weights(learner, grown), direct(zeros, y, 1e-3), atol=1e-9)
    x2, y2 = rows(900, n=14, seed=8)
    grown = learner.absorb(grown, x2, y2, 1.0)
    every, targets = np.vstack([zeros, x2]), np.vstack([y, y2])
    np.testing.assert_allclose(weights(learner, grown), direct(every, targets, 1e-3), rtol=1e-8)
    keep = np.array([0, 1, 2, 5, 6, 9, 13])
    pruned = learner.prune(grown, model(7, 3), keep)
    np.testing.assert_allclose(weights(learner, pruned), direct(every[:, keep], targets, 1e-3), rtol=1e-8)


def test_remapping_a_factor_keeps_what_no_weights_can_explain():
    x, y = rows(300)
    kept = np.array([3, -1, 0, 11])
    new = np.insert(x[:, [3, 0, 11]], 1, 0.0, axis=1)
    for empty in (no_gram, no_triangle):
        found = triangle(remap(add(empty(12, 3), x, y), kept))
        np.testing.assert_allclose(found.r.T @ found.r, new.T @ new, atol=1e-11)
        np.testing.assert_allclose(found.rest + np.sum(found.z**2, axis=0), np.sum(y**2, axis=0), rtol=1e-12)


# --- the penalty from a path ---------------------------------------------------------------------------------------


def test_cross_validation_equals_refitting_without_each_stretch():
    x, y = rows(2048)
    y[300:340, 1] = np.nan
    learner = Ridge(CrossValidated(tuple(10.0**k for k in range(-4, 4)), folds=4))
    knowledge = absorbed(learner, x, y)
    report = learner.report(knowledge)
    settled = learner._settled(knowledge)
    ends = np.cumsum([s.rows for s in settled.segments])
    place = np.floor((ends - np.diff(ends, prepend=0) / 2) / 2048 * 4)  # which fold each kept stretch belongs to
    fold = np.repeat(place, np.diff(ends, prepend=0))
    slow = np.zeros((8, 3))
    for k in np.unique(fold):
        for i, penalty in enumerate(learner.penalty.penalties):
            w = direct(x[fold != k], y[fold != k], penalty)
            slow[i] += np.nansum((x[fold == k] @ w[:-1] + w[-1] - y[fold == k]) ** 2, axis=0)
    np.testing.assert_allclose(report.errors, slow / (~np.isnan(y)).sum(axis=0), rtol=1e-7)
    best = np.argmin((report.errors / report.errors.min(axis=0)).mean(axis=1))
    assert (report.penalty == report.candidates[best]).all()
    np.testing.assert_allclose(weights(learner, knowledge), direct(x, y, report.penalty[0]), rtol=1e-8)


def test_each_output_may_choose_its_own_penalty():
    x, y = rows(1000, m=2)
    y[:, 1] = np.random.default_rng(9).normal(size=1000)  # nothing to learn
    learner = Ridge(CrossValidated(each=True))
    knowledge = absorbed(learner, x, y)
    quiet, noise = learner.report(knowledge).penalty
    assert noise > 100 * quiet
    w = weights(learner, knowledge)
    np.testing.assert_allclose(w[:, :1], direct(x, y[:, :1], quiet), rtol=1e-7)
    np.testing.assert_allclose(w[:, 1:], direct(x, y[:, 1:], noise), rtol=1e-7)


def test_a_chosen_penalty_forecasts_about_as_well_as_the_best_one():
    """Strong noise and many features, where the penalty matters: within a tenth of the best in hindsight."""
    x, y = rows(400, n=120, m=1, decades=3.0)
    unseen, clean = rows(8000, n=120, m=1, decades=3.0, seed=0)
    y = y + np.random.default_rng(2).normal(size=y.shape)
    error = {}
    for penalty in CrossValidated().penalties:
        w = weights(Ridge(penalty, 0.0), absorbed(Ridge(penalty, 0.0), x, y))
        error[penalty] = np.mean((unseen[400:] @ w[:-1] + w[-1] - clean[400:]) ** 2)
    chosen = Ridge().report(absorbed(Ridge(), x, y)).penalty[0]
    assert error[chosen] < 1.1 * min(error.values()) < 0.5 * error[1e-12]


def test_too_few_rows_to_validate_take_the_largest_penalty():
    x, y = rows(9)
    learner = Ridge(CrossValidated((1e-3, 10.0), folds=5))
    report = learner.report(absorbed(learner, x, y))
    assert (report.penalty == 10.0).all()
    assert np.isnan(report.errors).all()


def test_the_report_counts_degrees_of_freedom_and_condition():
    x, y = rows(800)
    y[:50, 2] = np.nan
    report = Ridge(0.5).report(absorbed(Ridge(0.5), x, y))
    for known, m in ((slice(None), 0), (slice(50, None), 2)):
        s2 = np.linalg.svd(np.column_stack([x[known], np.full(len(x[known]), 100.0)]), compute_uv=False) ** 2
        assert report.freedom[m] == pytest.approx(np.sum(s2 / (s2 + 0.5)), rel=1e-8)
        assert report.condition[m] == pytest.approx(np.sqrt((s2[0] + 0.5) / (s2[-1] + 0.5)), rel=1e-8)
    assert report.rows.tolist() == [800, 800, 750]
    assert Ridge(0).report(absorbed(Ridge(0), x, y)).freedom[0] == pytest.approx(13)


# --- at the door ---------------------------------------------------------------------------------------------------


def test_rows_with_features_that_are_not_finite_are_skipped_and_counted():
    x, y = rows(600)
    bad = x.copy()
    bad[5, 3], bad[77, 0] = np.nan, np.inf
    keep = np.setdiff1d(np.arange(600), [5, 77])
    learner = Ridge(1e-2)
    knowledge = absorbed(learner, bad, y)
    assert learner.report(knowledge).skipped == 2
    np.testing.assert_allclose(weights(learner, knowledge), direct(x[keep], y[keep], 1e-2), rtol=1e-9)
    knowledge = learner.init(model(12, 3))
    for t in range(600):
        knowledge, trace = learner.watch(knowledge, seen(bad[t]))
        knowledge, _ = learner.credit(knowledge, trace, y[t])
    assert knowledge.skipped == 2
    np.testing.assert_allclose(weights(learner, knowledge), direct(x[keep], y[keep], 1e-2), rtol=1e-9)


def test_large_float32_features_whose_sum_overflows_are_kept():
    x = np.full((40, 4), 3e38, np.float32) * np.random.default_rng(0).choice([-1, 1, 0.5], (40, 4)).astype(np.float32)
    assert Ridge(1.0).report(absorbed(Ridge(1.0), x, np.ones((40, 1)))).rows[0] == 40


def test_an_infinite_target_is_an_error_that_names_row_and_output():
    x, y = rows(30)
    y[7, 2] = np.inf
    with pytest.raises(ValueError, match=r"output 2 is inf \(row 7\)"):
        absorbed(Ridge(1.0), x, y)


def test_no_labelled_row_is_an_error_that_says_so():
    x, y = rows(30)
    with pytest.raises(ValueError, match="no labelled row"):
        weights(Ridge(1.0), absorbed(Ridge(1.0), x, np.full_like(y, np.nan)))


def test_a_label_given_again_must_be_the_same():
    learner, (x, _) = Ridge(1.0), rows(1)
    knowledge, trace = learner.watch(learner.init(model(12, 3)), seen(x[0]))
    knowledge, trace = learner.credit(knowledge, trace, np.array([1.0, np.nan, np.nan]))
    knowledge, trace = learner.credit(knowledge, trace, np.array([1.0, 2.0, np.nan]))
    with pytest.raises(ValueError, match="RLS takes revisions"):
        learner.credit(knowledge, trace, np.array([1.0, 3.0, np.nan]))
    assert find(knowledge.rows, 0) == 0
    assert knowledge.rows.filled == 1


@pytest.mark.parametrize("made", [lambda: Ridge(-1), lambda: Ridge(np.nan), lambda: Ridge(1, 1e20)])
@pytest.mark.parametrize(
    "path", [lambda: CrossValidated((0.0,)), lambda: CrossValidated(()), lambda: CrossValidated(folds=1)]
)
def test_settings_that_make_no_sense_are_refused(made, path):
    for wrong in (made, path):
        with pytest.raises(ValueError, match="wanted"):
            wrong()


# --- in the loops ---------------------------------------------------------------------------------------------------


def test_a_live_cut_anywhere_goes_on_bit_equal(tmp_path):
    rng = np.random.default_rng(5)
    u = rng.normal(size=(1200, 1))
    liquid = pl.Leaky(pl.wiring.bands(units=20, inputs=1, seed=0), tau=2.0)

    def go(live, start, stop):
        for t in range(start, stop):
            if t % 37 == 0:
                live.predict(u[t])
            else:
                live.predict(u[t], id=f"tick {t}")
            live.learn([u[t - 1, 0], np.nan])
            if t % 37 and t % 3:
                live.learn([np.nan, u[t - 2, 0]], id=f"tick {t}")
        return live

    for learner in (Ridge(1e-3), Ridge(CrossValidated((1e-4, 1e-2), folds=2))):
        whole = pl.Live(pl.unread(liquid, 2), learner, open_limit=5)
        whole._stale = False
        for cut in (300, 800):
            part = pl.Live(pl.unread(liquid, 2), learner, open_limit=5)
            go_quiet(part, go, 0, cut)
            part.save(tmp_path / "part")
            part = pl.Live.load(tmp_path / "part")
            go_quiet(part, go, cut, 1200)
            if whole.ticks == 0:
                go_quiet(whole, go, 0, 1200)
            for a, b in zip(tree.arrays(whole.model).values(), tree.arrays(part.model).values(), strict=True):
                np.testing.assert_array_equal(a, b)


def test_a_live_whose_first_labels_are_all_missing_goes_on():
    """Ridge has no model before its first label; a target of NaN alone must not ask it for one."""
    liquid = pl.Leaky(pl.wiring.bands(units=10, inputs=1, seed=0), tau=1.0)
    live = pl.Live(pl.unread(liquid, 1), Ridge(1.0))
    live.predict(np.ones(1))
    live.learn([np.nan])
    assert live.predict(np.ones(1)) == 0.0
    live.learn([1.0])
    assert live.predict(np.ones(1)) != 0.0


def go_quiet(live, go, start, stop):
    """Drive a Live without asking the learner for the model at every tick (it costs O(n^3))."""
    held = live.model

    class Quiet(pl.Live):
        model = property(lambda self: held)

    live.__class__ = Quiet
    go(live, start, stop)
    live.__class__ = pl.Live


def test_fit_learns_a_delayed_sum_from_a_liquid():
    rng = np.random.default_rng(0)
    u = rng.uniform(-0.5, 0.5, size=(4000, 1))
    y = np.roll(u, 1, axis=0) + 0.5 * np.roll(u, 3, axis=0)
    liquid = pl.Leaky(pl.wiring.bands(units=100, inputs=1, seed=0), tau=1.0)
    taught = pl.fit(pl.unread(liquid, 1), Ridge(), (u[:3000], y[:3000]), washout=50)
    guesses, _ = pl.run(taught, u)
    assert np.sqrt(np.mean((guesses[3000:] - y[3000:]) ** 2)) < 0.05 * y.std()
