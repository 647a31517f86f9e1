"""Intervals: measures against slow counts, and widths that reach their coverage however late the labels come."""

import numpy as np
import pytest

from plashet.measure import QuantileTracker, coverage, winkler, worst_window


def followed(scores, delay, tracker, start):
    """Widths issued at every tick, the score of each known `delay` ticks later."""
    state, issued = tracker.init(start), []
    for t in range(len(scores)):
        if t >= delay:
            state = tracker.update(state, scores[t - delay], issued[t - delay])
        issued.append(state.half)
    return np.array(issued)


@pytest.mark.parametrize("delay", [1, 24])
def test_widths_reach_their_level_from_a_wrong_start(delay):
    rng = np.random.default_rng(0)
    scores = np.abs(rng.normal(size=(6000, 2))) * [1.0, 5.0]
    tracker = QuantileTracker((80, 95), rate=0.02)
    issued = followed(scores, delay, tracker, np.full((10, 2), 30.0))
    late = (scores[:, None] <= issued)[1000:].mean(axis=(0, 2))
    np.testing.assert_allclose(late, [0.80, 0.95], atol=0.015)
    np.testing.assert_allclose(issued[-2000:, 0].mean(axis=0), [1.28, 5 * 1.28], rtol=0.1)


def test_coverage_comes_back_after_the_scores_have_grown_fourfold():
    rng = np.random.default_rng(1)
    scores = np.abs(rng.normal(size=(4000, 1))) * np.where(np.arange(4000) < 2000, 1, 4)[:, None]
    issued = followed(scores, 24, QuantileTracker((80,)), np.abs(rng.normal(size=(100, 1))))
    assert 0.78 < (scores <= issued[:, 0])[2300:].mean() < 0.84


def test_what_counts_is_the_width_that_was_issued_not_the_present_one():
    tracker = QuantileTracker((80,), rate=0.1, window=5)
    state = tracker.init(np.array([[1.0]]))
    missed = tracker.update(state, np.array([2.0]), np.array([[1.5]]))
    caught = tracker.update(state, np.array([2.0]), np.array([[2.5]]))
    np.testing.assert_allclose(missed.half, 1 + 0.1 * 2 * 0.8)
    np.testing.assert_allclose(caught.half, 1 - 0.1 * 2 * 0.2)


def test_a_width_is_never_wider_than_the_largest_score_of_late_nor_negative():
    tracker = QuantileTracker((50, 95), rate=0.5, window=10)
    state = tracker.init(np.full((10, 1), 100.0))
    for _ in range(12):
        state = tracker.update(state, np.array([1.0]), state.half)
    assert (state.half <= 1.0).all()
    assert (state.half >= 0.0).all()
    assert (np.diff(state.half, axis=0) >= 0).all()


def test_a_missing_score_moves_nothing_but_the_window():
    tracker = QuantileTracker()
    state = tracker.init(np.ones((5, 2)))
    after = tracker.update(state, np.array([np.nan, 9.0]), state.half)
    assert (after.half[:, 0] == state.half[:, 0]).all()
    assert (after.half[:, 1] > state.half[:, 1]).all()


def test_the_worst_window_is_the_least_of_all_windows_counted_slowly():
    rng = np.random.default_rng(2)
    y = rng.normal(size=(60, 3))
    y[rng.random(y.shape) < 0.1] = np.nan
    low, high = np.full_like(y, -1.0), np.full_like(y, 1.0)
    slow = min(coverage(y[k : k + 7], low[k : k + 7], high[k : k + 7]) for k in range(54))
    assert worst_window(y, low, high, 7) == pytest.approx(slow)
    assert worst_window(y, low, high, 1000) == pytest.approx(coverage(y, low, high))
    assert coverage(y, low, high) == pytest.approx(np.mean(np.abs(y[~np.isnan(y)]) <= 1))


def test_the_interval_score_is_least_for_the_true_quantiles():
    y = np.random.default_rng(3).normal(size=20_000)
    true = winkler(y, np.full_like(y, -1.2816), np.full_like(y, 1.2816), 80)
    for half in (0.9, 1.6):
        assert true < winkler(y, np.full_like(y, -half), np.full_like(y, half), 80)
    assert winkler(np.array([3.0]), np.array([-1.0]), np.array([1.0]), 80) == pytest.approx(2 + 10 * 2)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: QuantileTracker((95, 80)), "rising"),
        (lambda: QuantileTracker((80, 100)), "between 0 and 100"),
        (lambda: QuantileTracker(rate=0.0), "rate must be positive"),
        (lambda: QuantileTracker().init(np.full((3, 2), np.nan)), "one earlier score"),
        (lambda: worst_window(np.ones(3), np.ones(3), np.ones(3), 0), "at least 1"),
        (lambda: winkler(np.ones(3), np.ones(3), np.ones(3), 0), "between 0 and 100"),
    ],
)
def test_errors_say_what_was_wanted(made, said):
    with pytest.raises(ValueError, match=said):
        made()
