"""Recursive least squares beside dense solutions of what it claims to solve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plashet import Evidence, Leaky, Live, Model, Readout, Tick, evaluate, run, unread, wiring
from plashet.cells import Pass
from plashet.learn import BIAS_SHARE, RLS
from plashet.learn.rls import CLOCK, CREDITED, RESCUED, ROWS, SKIPPED
from plashet.model import ModelState

NAN = np.nan


def untaught(features: int, outputs: int, seed: int | None = None) -> Model:
    """A model that hands its input to the readout; with a seed the readout is not zero to begin with."""
    rng = np.random.default_rng(seed)
    scale = 0.0 if seed is None else 0.3
    weights, bias = rng.normal(size=(features, outputs)), rng.normal(size=outputs)
    return Model(Pass(features), Readout(scale * weights, scale * bias))


def watch(learner: RLS, knowledge: Any, x: Any, dt: float = 1.0) -> Any:
    return learner.watch(knowledge, Evidence(None, ModelState(None, x), Tick(None, None, dt), None))


def fold(learner: RLS, model: Model, x: Any, y: Any, dt: Any) -> Any:
    """Watch and credit every tick as it comes."""
    knowledge = learner.init(model)
    for row, target, step in zip(x, y, np.broadcast_to(dt, len(x)), strict=True):
        knowledge, trace = watch(learner, knowledge, row, float(step))
        knowledge, _ = learner.credit(knowledge, trace, target)
    return knowledge


def whole(p: Any) -> Any:
    return np.tril(p) + np.tril(p, -1).T


class Solution:
    """The weighted ridge problem that a knowledge stands for, solved densely: rows x (T, F), y (T, M), their times."""

    def __init__(self, learner: RLS, knowledge: Any, x: Any, y: Any, times: Any):
        now = knowledge.book[CREDITED]
        x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1)
        penalties = np.full(x1.shape[1], learner.penalty)
        penalties[-1] *= BIAS_SHARE
        self.prior = penalties * np.exp(-(now - knowledge.paid) / learner.memory)
        self.weight = np.exp(-(now - times) / learner.memory)
        self.r = (x1.T * self.weight) @ x1 + np.diag(self.prior)
        right = (x1.T * self.weight) @ y + self.prior[:, None] * knowledge.prior
        self.w = np.linalg.solve(self.r, right)
        self.least = self.weight @ (x1 @ self.w - y) ** 2 + self.prior @ (self.w - knowledge.prior) ** 2


def stream(seed: int, ticks: int = 80, features: int = 6, outputs: int = 3, mean: float = 1.0) -> Any:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ticks, features)) + mean
    y = x @ rng.normal(size=(features, outputs)) + 2 + 0.1 * rng.normal(size=(ticks, outputs))
    return x, y, rng.exponential(size=ticks)


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(p, q, equal_nan=True) for p, q in zip(a[1:], b[1:], strict=True))


# ------------------------------------------------------------------------------------------------- the right solution


@pytest.mark.parametrize("penalty", [1e-4, 1.0])
def test_without_forgetting_the_weights_are_the_ridge_solution_at_every_tick(penalty):
    x, y, dt = stream(0)
    learner, model = RLS(penalty=penalty), untaught(6, 3, seed=1)
    x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    d = np.diag([penalty] * 6 + [BIAS_SHARE * penalty])
    knowledge = learner.init(model)
    w0 = knowledge.w.copy()
    for t in range(len(x)):
        knowledge, trace = watch(learner, knowledge, x[t], float(dt[t]))
        knowledge, _ = learner.credit(knowledge, trace, y[t])
        a, b = x1[: t + 1], y[: t + 1]
        # early on the problem is as ill-conditioned as the bias' small penalty makes it
        np.testing.assert_allclose(knowledge.w, np.linalg.solve(a.T @ a + d, a.T @ b + d @ w0), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(knowledge.w, np.linalg.solve(a.T @ a + d, a.T @ b + d @ w0), rtol=1e-9, atol=1e-10)


def test_one_row_of_the_kernel_is_the_equation():
    x, y, _ = stream(3, ticks=30)
    learner = RLS(memory=8.0, penalty=0.1)
    knowledge = learner.absorb(learner.init(untaught(6, 3, seed=2)), x[:-1], y[:-1])
    p, w = whole(knowledge.p), knowledge.w.copy()
    at, paid = int(knowledge.book[2]), knowledge.paid.copy()
    knowledge = learner.absorb(knowledge, x[-1:], y[-1:])

    z, lam = np.append(x[-1], 1.0), np.exp(-1 / 8)
    r = lam * np.linalg.inv(p) + np.outer(z, z)
    w = w + np.linalg.solve(r, np.outer(z, y[-1] - z @ w))
    assert np.ceil(7 / 8) == 1  # coordinates paid at this tick
    q = (0.1 * BIAS_SHARE if at == 6 else 0.1) * (1 - np.exp(-(knowledge.book[CLOCK] - paid[at]) / 8))
    r[at, at] += q
    w = w - np.linalg.inv(r)[:, [at]] * q * (w[at] - knowledge.prior[at])
    np.testing.assert_allclose(whole(knowledge.p), np.linalg.inv(r), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(knowledge.w, w, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("memory", [np.inf, 300.0, 30.0, 3.0, 0.7])
@pytest.mark.parametrize("seed", range(3))
def test_labels_in_any_order_and_after_any_delay_give_what_all_at_once_would_have(memory, seed):
    x, y, dt = stream(seed)
    times, rng = np.cumsum(dt), np.random.default_rng(seed)
    late = rng.integers(0, 12, y.shape) * (rng.random(y.shape) < 0.8)
    learner = RLS(memory, 0.05)
    knowledge, traces = learner.init(untaught(6, 3, seed=4)), []
    for t in range(len(x) + 12):
        if t < len(x):
            knowledge, trace = watch(learner, knowledge, x[t], float(dt[t]))
            traces.append(trace)
        for k, m in rng.permutation(np.argwhere(np.arange(len(x))[:, None] + late == t)):
            label = np.full(3, NAN)
            label[m] = y[k, m]
            knowledge, traces[k] = learner.credit(knowledge, traces[k], label)
    truth = Solution(learner, knowledge, x, y, times)
    np.testing.assert_allclose(knowledge.w, truth.w, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(whole(knowledge.p) @ truth.r, np.eye(7), atol=1e-8)
    np.testing.assert_allclose(knowledge.tally[0], truth.least, rtol=1e-6)
    np.testing.assert_allclose(knowledge.tally[1], truth.weight.sum(), rtol=1e-12)
    assert knowledge.book[RESCUED] == 0


def test_many_outputs_with_one_p_are_what_each_would_be_alone():
    x, y, dt = stream(5)
    together = fold(RLS(20.0), untaught(6, 3), x, y, dt)
    for m in range(3):
        alone = fold(RLS(20.0), untaught(6, 1), x, y[:, [m]], dt)
        np.testing.assert_allclose(together.w[:, [m]], alone.w, rtol=1e-11, atol=1e-12)
        np.testing.assert_array_equal(together.p, alone.p)


def test_a_label_given_again_replaces_the_one_before():
    x, y, _ = stream(6)
    wrong = y.copy()
    wrong[40] += 7
    learner = RLS(50.0)
    knowledge, traces = learner.init(untaught(6, 3)), []
    for t in range(len(x)):
        knowledge, trace = watch(learner, knowledge, x[t])
        knowledge, trace = learner.credit(knowledge, trace, wrong[t])
        traces.append(trace)
        if t == 60:
            knowledge, _ = learner.credit(knowledge, traces[40], y[40])
    right = fold(learner, untaught(6, 3), x, y, 1.0)
    np.testing.assert_allclose(knowledge.w, right.w, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(knowledge.tally, right.tally, rtol=1e-8)


def test_the_bias_is_learnt_inside_the_recursion():
    rng = np.random.default_rng(7)
    x, true = rng.normal(3, 1, (2000, 20)), rng.normal(size=(20, 1))
    knowledge = RLS(penalty=1e-3).absorb(
        RLS(penalty=1e-3).init(untaught(20, 1)), x, x @ true + 5 + 0.01 * rng.normal(size=(2000, 1))
    )
    assert abs(knowledge.w[-1, 0] - 5) < 0.02  # four standard errors
    assert abs(knowledge.w[:-1] - true).max() < 2e-3


def test_what_is_forgotten_is_forgotten_at_the_stated_rate():
    x, y, _ = stream(8, ticks=1000, outputs=1)
    y[500:] = -x[500:] @ np.ones((6, 1))
    old = RLS().absorb(RLS().init(untaught(6, 1)), x, y).w
    new = RLS(memory=30.0).absorb(RLS(memory=30.0).init(untaught(6, 1)), x, y).w
    assert abs(new[:-1] + 1).max() < 1e-3 < 0.1 < abs(old[:-1] + 1).max()


def test_forgetting_per_tick_is_a_memory_in_seconds():
    assert RLS.per_tick(0.99, dt=0.1).memory == pytest.approx(-0.1 / np.log(0.99))
    assert RLS.per_tick(1.0).memory == np.inf


# ----------------------------------------------------------------------------------------------- the same in all forms


@pytest.mark.parametrize("memory", [np.inf, 40.0, 1.5])
def test_blocks_of_any_size_are_bit_equal_to_tick_by_tick(memory):
    x, y, dt = stream(9, ticks=200)
    y[np.random.default_rng(9).random(y.shape) < 0.3] = NAN
    y[50:70] = NAN
    learner = RLS(memory)
    one_by_one = fold(learner, untaught(6, 3), x, y, dt)
    for blocks in ([200], [1, 49, 60, 90], [100, 100]):
        knowledge, at = learner.init(untaught(6, 3)), 0
        for n in blocks:
            knowledge = learner.absorb(knowledge, x[at : at + n], y[at : at + n], dt[at : at + n])
            at += n
        assert same(knowledge, one_by_one)


def test_a_batch_is_its_rows_one_after_the_other_in_no_time():
    x, y, _ = stream(10)
    y[3::7, 1] = NAN
    learner = RLS(30.0)
    batch = learner.init(untaught(6, 3))
    rows = learner.init(untaught(6, 3))
    for t in range(0, 80, 4):
        batch, trace = watch(learner, batch, x[t : t + 4].reshape(2, 2, 6), 1.0)
        batch, _ = learner.credit(batch, trace, y[t : t + 4].reshape(2, 2, 3))
        rows = learner.absorb(rows, x[t : t + 4], y[t : t + 4], np.array([1.0, 0, 0, 0]))
    assert same(batch, rows)


def test_features_in_float32_are_learnt_in_float64():
    x, y, _ = stream(11)
    narrow = x.astype(np.float32)
    learner = RLS(30.0)
    a = fold(learner, untaught(6, 3), narrow, y, 1.0)
    b = fold(learner, untaught(6, 3), narrow.astype(np.float64), y, 1.0)
    assert same(a, b)
    counted = fold(learner, untaught(6, 3), (4 * x).astype(int), y, 1.0)
    assert counted.book[ROWS] == 80


# -------------------------------------------------------------------------------------------- missing, infinite, broken


def test_a_tick_without_labels_changes_nothing_but_the_clock():
    x, y, _ = stream(12)
    learner = RLS(30.0)
    knowledge = fold(learner, untaught(6, 3), x, y, 1.0)
    before = [a.copy() for a in knowledge[1:]]
    knowledge, trace = watch(learner, knowledge, x[0], 2.5)
    knowledge, _ = learner.credit(knowledge, trace, np.full(3, NAN))
    assert knowledge.book[CLOCK] == before[-1][CLOCK] + 2.5
    for a, b in zip(knowledge[1:-1], before[:-1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_missing_labels_teach_nothing_of_their_output_and_do_not_hold_up_the_others():
    x, y, dt = stream(13)
    y[::2, 1] = NAN
    y[:, 2] = NAN
    learner = RLS()
    knowledge = fold(learner, untaught(6, 3), x, y, dt)
    full = fold(learner, untaught(6, 1), x, y[:, [0]], dt)
    np.testing.assert_allclose(knowledge.w[:, [0]], full.w, rtol=1e-11)
    assert (knowledge.w[:, 2] == 0).all()
    assert np.isfinite(knowledge.w).all()


def test_an_output_without_its_label_keeps_its_weights_while_others_learn():
    x, y, _ = stream(25)
    learner = RLS()
    knowledge = learner.absorb(learner.init(untaught(6, 3, seed=1)), x[:40], y[:40])
    before = knowledge.w.copy()
    knowledge, trace = watch(learner, knowledge, x[40])
    knowledge, trace = learner.credit(knowledge, trace, np.array([y[40, 0], NAN, NAN]))
    np.testing.assert_array_equal(knowledge.w[:, 1:], before[:, 1:])
    assert (knowledge.w[:, 0] != before[:, 0]).all()
    np.testing.assert_allclose(trace.taken[0, 1:], np.append(x[40], 1) @ before[:, 1:], rtol=1e-12)
    np.testing.assert_array_equal(trace.taken[1], [1, 0, 0])


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 1e200])
def test_an_infinite_target_is_refused_by_name_and_costs_nothing(bad):
    x, y, _ = stream(14)
    learner = RLS(30.0)
    knowledge = fold(learner, untaught(6, 3), x, y, 1.0)
    knowledge, trace = watch(learner, knowledge, x[0])
    before = [a.copy() for a in knowledge[1:]]
    with pytest.raises(ValueError, match="output 1 is"):
        learner.credit(knowledge, trace, np.array([1.0, bad, NAN]))
    assert all(np.array_equal(a, b) for a, b in zip(knowledge[1:], before, strict=True))
    y[5, 2] = bad
    with pytest.raises(ValueError, match=r"output 2 is .* \(row 5\)"):
        learner.absorb(knowledge, x, y)
    assert all(np.array_equal(a, b) for a, b in zip(knowledge[1:], before, strict=True))


@pytest.mark.parametrize("bad", [NAN, np.inf, 1e200])
def test_features_that_are_not_finite_never_reach_the_weights_and_are_counted(bad):
    x, y, _ = stream(15)
    clean = fold(RLS(30.0), untaught(6, 3), np.delete(x, 40, 0), np.delete(y, 40, 0), [1.0] * 40 + [2.0] + [1.0] * 38)
    x[40, 2] = bad
    knowledge = fold(RLS(30.0), untaught(6, 3), x, y, 1.0)
    assert knowledge.book[SKIPPED] == 1
    np.testing.assert_array_equal(knowledge.w, clean.w)
    np.testing.assert_array_equal(knowledge.p, clean.p)


def test_shapes_that_do_not_fit_are_refused_at_the_door():
    learner = RLS()
    knowledge = learner.init(untaught(6, 3))
    knowledge, trace = watch(learner, knowledge, np.zeros(6))
    with pytest.raises(ValueError, match="y is"):
        learner.credit(knowledge, trace, np.zeros(2))
    with pytest.raises(ValueError, match="features and targets are"):
        learner.absorb(knowledge, np.zeros((5, 6)), np.zeros((4, 3)))
    for wrong in ({"memory": 0.0}, {"memory": NAN}, {"penalty": 0.0}, {"penalty": np.inf}):
        with pytest.raises(ValueError, match="wanted"):
            RLS(**wrong)
    with pytest.raises(ValueError, match="forgetting"):
        RLS.per_tick(1.1)


@pytest.mark.parametrize("damage", ["negative", "nan"])
def test_a_p_that_lost_its_definiteness_is_rescued_and_the_weights_stay(damage):
    x, y, _ = stream(16, ticks=400)
    learner = RLS(50.0)
    knowledge = learner.absorb(learner.init(untaught(6, 3)), x[:200], y[:200])
    if damage == "negative":
        knowledge.p[3, 3] = -1
    else:
        knowledge.p[4, 2] = NAN
    before = knowledge.w.copy()
    knowledge = learner.absorb(knowledge, x[200:201], y[200:201])
    assert knowledge.book[RESCUED] >= 1
    assert knowledge.book[SKIPPED] == 0
    assert np.linalg.eigvalsh(whole(knowledge.p)).min() > 0
    assert abs(knowledge.w - before).max() < 1
    knowledge = learner.absorb(knowledge, x[201:], y[201:])
    sound = learner.absorb(learner.init(untaught(6, 3)), x, y)
    assert abs(knowledge.w - sound.w).max() < 0.1  # the damage is forgotten like anything else


# ----------------------------------------------------------------------------------------------------- honest guesses


def test_on_pure_noise_the_score_is_the_noise():
    rng = np.random.default_rng(17)
    u, y = rng.normal(size=(50, 60)), rng.normal(size=(50, 1))
    guesses, targets = evaluate(
        Live(untaught(60, 1), RLS(penalty=1e-6)), [Tick(a, b) for a, b in zip(u, y, strict=True)]
    )
    assert np.sqrt(np.mean((guesses - targets) ** 2)) >= 1


def test_the_variance_of_a_guess_is_the_objectives_and_covers_what_comes():
    rng = np.random.default_rng(18)
    x, true = rng.normal(size=(3000, 10)), rng.normal(size=(10, 2))
    sd = np.array([0.5, 3.0])
    y = x @ true + sd * rng.normal(size=(3000, 2))
    learner = RLS(memory=200.0, penalty=1e-2)
    knowledge = learner.init(untaught(10, 2))
    assert np.isinf(learner.variance(knowledge, x[0])).all()
    scores = []
    for t in range(3000):
        if t > 500:
            error = y[t] - np.append(x[t], 1) @ knowledge.w
            scores.append(error**2 / learner.variance(knowledge, x[t]))
        knowledge = learner.absorb(knowledge, x[t : t + 1], y[t : t + 1])
    # 2500 squared standard normals over a variance from 200 of them: 1 +- 0.1; less 10 % for degrees of freedom
    np.testing.assert_allclose(np.mean(scores, axis=0), 1, atol=0.2)
    truth = Solution(learner, knowledge, x, y, np.arange(1.0, 3001))
    x1 = np.append(x[7], 1)
    wanted = truth.least / truth.weight.sum() * (1 + x1 @ np.linalg.solve(truth.r, x1))
    np.testing.assert_allclose(learner.variance(knowledge, x[7]), wanted, rtol=1e-7)
    assert learner.variance(knowledge, x[:6].reshape(2, 3, 10)).shape == (2, 3, 2)


# ----------------------------------------------------------------------------------------------------- growing, pruning


def test_features_that_grow_are_as_if_they_had_been_zero_all_along():
    x, y, _ = stream(19)
    learner = RLS(penalty=0.1)
    padded = np.insert(x, [2, 2], 0.0, axis=1)
    padded[40:, 2:4] = np.random.default_rng(19).normal(size=(40, 2))
    knowledge = learner.absorb(learner.init(untaught(6, 3)), x[:40], y[:40])
    guess = np.append(x[40], 1) @ knowledge.w
    grown = learner.grow(knowledge, untaught(8, 3), at=2, count=2)
    np.testing.assert_allclose(np.append(padded[40], 1) @ grown.w, guess, rtol=1e-13)
    grown = learner.absorb(grown, padded[40:], y[40:])
    always = learner.absorb(learner.init(untaught(8, 3)), padded, y)
    np.testing.assert_allclose(grown.w, always.w, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(whole(grown.p), whole(always.p), rtol=1e-9, atol=1e-11)


def test_features_that_grow_late_are_paid_from_then_on():
    """A new feature that stays zero keeps its penalty, but for what it lost since it was paid."""
    x, y, _ = stream(19)
    learner = RLS(memory=30.0, penalty=0.1)
    knowledge = learner.absorb(learner.init(untaught(6, 3)), x[:40], y[:40])
    grown = learner.grow(knowledge, untaught(8, 3), at=2, count=2)
    grown = learner.absorb(grown, np.insert(x[40:], [2, 2], 0.0, axis=1), y[40:])
    since = grown.book[CREDITED] - grown.paid[2:4]
    np.testing.assert_allclose(1 / np.diag(grown.p)[2:4], 0.1 * np.exp(-since / 30.0), rtol=1e-12)


def test_features_that_are_pruned_are_as_if_they_had_never_been():
    x, y, _ = stream(20)
    learner, keep = RLS(penalty=0.1), np.array([0, 2, 3, 5])
    pruned = learner.prune(learner.absorb(learner.init(untaught(6, 3)), x[:40], y[:40]), untaught(4, 3), keep)
    never = learner.absorb(learner.init(untaught(4, 3)), x[:40, keep], y[:40])
    np.testing.assert_allclose(pruned.w, never.w, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(whole(pruned.p), whole(never.p), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(pruned.tally, never.tally, rtol=1e-8)
    more = learner.absorb(pruned, x[40:, keep], y[40:])
    np.testing.assert_allclose(more.w, learner.absorb(never, x[40:, keep], y[40:]).w, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("memory", [np.inf, 25.0])
def test_a_feature_without_weight_is_pruned_without_a_jump(memory):
    x, y, _ = stream(21)
    learner, keep = RLS(memory), np.array([0, 1, 2, 4, 5])
    knowledge = learner.absorb(learner.init(untaught(6, 3)), x, y)
    knowledge.w[3] = 0
    before = knowledge.w[np.append(keep, 6)]
    pruned = learner.prune(knowledge, untaught(5, 3), keep)
    np.testing.assert_allclose(pruned.w, before, rtol=1e-14)
    for t in range(50):
        pruned = learner.absorb(pruned, x[t : t + 1, keep], y[t : t + 1])
    assert np.isfinite(pruned.w).all()


# ----------------------------------------------------------------------------------------------------- never winding up


def ticks_of(kind: str, n: int) -> Any:
    """(features of a liquid of 30 units, target, dt) of a stream that tempts a recursion with forgetting to wind up."""
    rng = np.random.default_rng(22)
    phase = 2 * np.pi * np.arange(n) / 24.7
    u, dt = np.sin(phase), np.ones(n)
    if kind == "sine then constant":
        u[n // 2 :] = 0.5
    elif kind == "noise":
        u = rng.normal(size=n)
    elif kind == "irregular":
        dt = rng.exponential(size=n)
    elif kind == "gaps":
        dt[rng.random(n) < 1e-3] = 700.0
    liquid = Leaky(wiring.random(30, inputs=1, seed=0), tau=3.0)
    features, _ = run(liquid, u[:, None], dt)
    return features, np.roll(u, -1)[:, None], dt


KINDS = ["sine", "sine then constant", "noise", "irregular", "gaps"]


def stays_bounded(kind: str, memory: float, n: int, every: int) -> None:
    """0 < P <= e diag(1/penalty), and W the exact solution at the end."""
    x, y, dt = ticks_of(kind, n)
    learner = RLS(memory, 1e-3)
    knowledge = learner.init(unread(Leaky(wiring.random(30, inputs=1, seed=0), tau=3.0)))
    root = np.sqrt([1e-3] * 30 + [1e-3 * BIAS_SHARE])
    for at in range(0, n, every):
        now = slice(at, at + every)
        knowledge = learner.absorb(knowledge, x[now], y[now], dt[now])
        scaled = np.linalg.eigvalsh(root[:, None] * knowledge.p * root)
        assert scaled[0] > 0
        assert scaled[-1] < np.e * (1 + 1e-6)
        assert abs(knowledge.w).max() < 1e4
    assert knowledge.book[RESCUED] == 0
    last = np.arange(n) >= n - 40 * memory  # what is older weighs exp(-40) or less
    truth = Solution(learner, knowledge, x[last], y[last], np.cumsum(dt)[last])
    assert abs(knowledge.w - truth.w).max() < 1e-6 * abs(truth.w).max()


@pytest.mark.parametrize("memory", [100.0, 1000.0])
@pytest.mark.parametrize("kind", KINDS)
def test_p_stays_within_its_bound(kind, memory):
    stays_bounded(kind, memory, n=50_000, every=1_000)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [100.0, 1000.0])
@pytest.mark.parametrize("kind", KINDS)
def test_p_stays_within_its_bound_for_a_million_ticks(kind, memory):
    stays_bounded(kind, memory, n=1_000_000, every=5_000)


@pytest.mark.parametrize("kind", ["noise", "sine then constant"])
def test_the_textbook_recursion_winds_up_where_ours_does_not(kind):
    """A fact about  P <- (P - P x x'P/(lam + x'P x))/lam  in float64: P grows without bound and becomes indefinite."""
    x, y, _ = (part[:31_000] for part in ticks_of(kind, 60_000))  # the switch is at 30,000
    p, w, lam, worst = np.eye(31) / 1e-3, np.zeros(31), np.exp(-1 / 100), 0.0
    for z, target in zip(np.insert(x, 30, 1.0, axis=1), y[:, 0], strict=True):
        pz = p @ z
        gain = pz / (lam + z @ pz)
        error = target - z @ w
        worst = max(worst, abs(error))
        w = w + gain * error
        p = (p - np.outer(gain, pz)) / lam
        if worst > 1e6:
            break
    assert worst > 1e3  # for a target of amplitude 1 (noise: 4)
    assert abs(p).max() > 1e12
    assert np.linalg.eigvalsh(p)[0] < 0


@pytest.mark.parametrize("gap", [0.4, 0.6, 5.0, 40.0, 1e4])
def test_a_gap_of_any_length_leaves_the_exact_solution(gap):
    memory = 50.0
    x, y, dt = stream(23)
    dt = dt / 4
    dt[60] = gap * memory
    learner = RLS(memory, 0.01)
    knowledge = fold(learner, untaught(6, 3, seed=1), x, y, dt)
    truth = Solution(learner, knowledge, x, y, np.cumsum(dt))
    np.testing.assert_allclose(knowledge.w, truth.w, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(whole(knowledge.p) @ truth.r, np.eye(7), atol=1e-6)
    np.testing.assert_allclose(knowledge.tally[0], truth.least, rtol=1e-5)


def test_what_is_not_excited_any_more_returns_to_the_prior():
    rng = np.random.default_rng(24)
    x = rng.normal(size=(4000, 4))
    y = x.sum(1, keepdims=True)
    x[2000:, 2] = 0
    y[2000:] = x[2000:].sum(1, keepdims=True)
    learner = RLS(memory=50.0, penalty=0.1)
    knowledge = learner.absorb(learner.init(untaught(4, 1, seed=3)), x, y)
    np.testing.assert_allclose(knowledge.w[2], knowledge.prior[2], atol=1e-6)
    np.testing.assert_allclose(knowledge.w[[0, 1, 3]], 1, atol=0.01)
