"""The intervals of a forecaster that has only been fitted: as wide as its errors in practice, not wider."""

import numpy as np
import pandas as pd

import plashet as pl


def test_intervals_begin_as_wide_as_the_noise_and_not_as_the_wave_under_it():
    rows, sd = 800, 1.0
    noise = np.random.default_rng(0).normal(0, sd, rows)
    wave = 20 * np.sin(2 * np.pi * np.arange(rows) / 24)
    y = pd.Series(wave + noise, pd.date_range("2026-01-05", periods=rows, freq="h"))
    frame = pl.Forecaster(horizon=12, units=20, levels=(80, 95)).fit(y).forecast()
    half80, half95 = ((frame[f"hi-{level}"] - frame["mean"]).to_numpy() for level in (80, 95))
    assert ((half80 > 1.28 * 0.7 * sd) & (half80 < 1.28 * 1.8 * sd)).all()
    assert ((half95 > 1.96 * 0.7 * sd) & (half95 < 1.96 * 1.8 * sd)).all()
