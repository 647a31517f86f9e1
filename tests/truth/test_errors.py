"""Errors and valid times against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from plashet import measure

Y = np.random.default_rng(0).normal(3.0, 2.0, (400, 2)) * [1.0, 5.0]


@pytest.mark.parametrize("scale", [1e-3, 0.1, 1.0, 1e4])
def test_the_mean_scores_one_at_any_scale(scale):
    """Where an error is divided by the variance or the range, it does not."""
    y = scale * Y
    guess = np.broadcast_to(y.mean(axis=0), y.shape)
    assert measure.nrmse(y, guess) == pytest.approx(1.0, rel=1e-12)
    assert measure.nmse(y, guess) == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(measure.nrmse(y, guess, axis=0), [1.0, 1.0], rtol=1e-12)


def test_a_constant_error_is_the_error():
    assert measure.mae(Y, Y + 0.3) == pytest.approx(0.3)
    assert measure.rmse(Y, Y - 0.3) == pytest.approx(0.3)
    np.testing.assert_allclose(measure.rmse(Y, Y + np.array([0.3, -0.7]), axis=0), [0.3, 0.7])
    np.testing.assert_allclose(measure.nrmse(Y, Y + np.array([0.3, -0.7]), axis=0), [0.3, 0.7] / Y.std(axis=0))


def test_a_missing_target_is_skipped_and_a_missing_guess_is_not():
    y, guess = Y.copy(), Y + 1.0
    y[::3] = np.nan
    assert measure.mae(y, guess) == pytest.approx(1.0)
    assert measure.nmse(y, guess) == pytest.approx(
        measure.nmse(np.delete(Y, np.s_[::3], 0), np.delete(guess, np.s_[::3], 0))
    )
    guess[1, 0] = np.nan
    for error in (measure.mae, measure.rmse, measure.nmse, measure.nrmse):
        assert np.isnan(error(y, guess))


def test_shapes_that_would_be_broadcast_are_refused():
    for error in (measure.mae, measure.rmse, measure.nmse, measure.nrmse):
        with pytest.raises(ValueError, match=r"y has shape \(400, 2\) and the guess \(400,\)"):
            error(Y, Y[:, 0])


def test_a_constant_target_has_no_relative_error():
    with pytest.raises(ValueError, match="y does not vary"):
        measure.nrmse(np.ones(5), np.ones(5))
    with pytest.raises(ValueError, match="no known y"):
        measure.mae(np.full(5, np.nan), np.ones(5))


def test_an_exponentially_growing_error_is_valid_until_it_passes_the_threshold():
    """e_t = 1e-6 exp(λ t dt) with t from 0: the first row above 0.4 is known."""
    dt, rate = 0.02, 0.9056
    y = np.random.default_rng(1).normal(size=(2000, 3))
    error = 1e-6 * np.exp(rate * dt * np.arange(2000))[:, None]
    found = measure.valid_time(y, y + error, dt, rate, scale=np.ones(3))
    assert found == pytest.approx(np.ceil(np.log(0.4 / 1e-6) / (rate * dt)) * dt * rate)


def test_valid_time_is_measured_in_standard_deviations_of_each_output():
    y = np.random.default_rng(1).normal(size=(50, 3)) * [1.0, 100.0, 0.01]
    guess = y + 0.39 * y.std(axis=0)
    assert measure.valid_time(y, guess, 1.0, 1.0) == 50
    guess[20] = y[20] + 0.41 * y.std(axis=0)
    assert measure.valid_time(y, guess, 1.0, 1.0) == 20
    assert measure.valid_time(y, guess, 1.0, 1.0, threshold=0.5) == 50


@pytest.mark.parametrize("lost", [np.nan, np.inf, 1e300])
def test_a_guess_that_is_lost_ends_the_valid_time(lost):
    y = np.random.default_rng(1).normal(size=(50, 2))
    guess = y.copy()
    guess[7, 1] = lost
    assert measure.valid_time(y, guess, 0.5, 2.0) == 7.0


def test_valid_times_of_a_batch_are_those_of_its_rows():
    rng = np.random.default_rng(2)
    y, guess = rng.normal(size=(60, 4, 2)), rng.normal(size=(60, 4, 2))
    guess[:10] = y[:10]
    together = measure.valid_time(y, guess, 1.0, 1.0, scale=np.ones(2))
    alone = [measure.valid_time(y[:, k], guess[:, k], 1.0, 1.0, scale=np.ones(2)) for k in range(4)]
    np.testing.assert_array_equal(together, alone)
    assert (together >= 10).all()


def test_a_flat_series_is_told_to_be_given_a_time_axis():
    with pytest.raises(ValueError, match=r"y\[:, None\]"):
        measure.valid_time(np.ones(5), np.ones(5), 1.0, 1.0)
