"""Losses are the integrals of their slopes, and what is not known counts for nothing."""

import numpy as np
import pytest

from plashet.learn import CrossEntropy, Huber, Pinball, Squared
from plashet.learn.losses import judged

LOSSES = [Squared(), Huber(0.7), Pinball(0.2), Pinball((0.1, 0.5, 0.9)), CrossEntropy()]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_the_slope_is_that_of_the_value(loss):
    rng = np.random.default_rng(0)
    guess, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
    y[1], y[2, 0] = np.nan, np.nan
    _, count, slopes = judged(loss, guess, y)
    assert count == (4 if loss == CrossEntropy() else 14)
    for place in np.ndindex(guess.shape):
        ends = []
        for sign in (1, -1):
            moved = guess.copy()
            moved[place] += sign * 1e-6
            ends.append(judged(loss, moved, y)[0])
        assert slopes[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


def test_the_values_are_those_of_their_papers():
    error = np.array([-3.0, -0.5, 0.0, 0.5, 3.0])
    np.testing.assert_allclose(Squared().value(error), [4.5, 0.125, 0, 0.125, 4.5])
    np.testing.assert_allclose(Huber(1.0).value(error), [2.5, 0.125, 0, 0.125, 2.5])
    np.testing.assert_allclose(Pinball(0.9).value(error), [2.7, 0.45, 0, 0.05, 0.3])


def test_cross_entropy_is_the_logarithm_of_what_was_given_to_the_class_however_large_the_guess():
    guess, y = np.array([[1e4, 0.0], [0.0, np.log(3)]]), np.array([[1.0, -1.0], [-1.0, 1.0]])
    values, slopes = CrossEntropy().of(guess, y)
    np.testing.assert_allclose(values, [0, -np.log(0.75)], atol=1e-12)
    np.testing.assert_allclose(slopes, [[0, 0], [0.25, -0.25]], atol=1e-12)


def test_targets_all_unknown_are_no_loss():
    total, count, slopes = judged(Squared(), np.ones((2, 2)), np.full((2, 2), np.nan))
    assert (total, count) == (0.0, 0)
    assert not slopes.any()
