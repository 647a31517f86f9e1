"""Signals without a system behind them: sums of sines, and noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

MSO8 = (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)  # [rad per row], the multiple superimposed oscillators


def multiple_sines(length: int, *, frequencies: Sequence[float] = MSO8, first: int = 0) -> NDArray[np.float64]:
    """y(n) = Σ_i sin(f_i n) for n = first, first + 1, …: (length, 1). Nothing is drawn.

    The default is the task of eight superimposed oscillators (MSO8); its first two frequencies are the old MSO2.
    """
    n = np.arange(first, first + length, dtype=np.float64)
    waves = np.sin(n[:, None] * np.asarray(frequencies, dtype=np.float64))
    total: NDArray[np.float64] = waves.sum(axis=1, keepdims=True)
    return total


def noise(
    length: int, *, features: int = 1, sd: float = 1.0, correlation: float = 0.0, seed: int = 0
) -> NDArray[np.float64]:
    """x(t+1) = c x(t) + sd sqrt(1 - c²) ε with ε ~ N(0, 1) and c = `correlation`: (length, features), stationary.

    Each feature is independent; mean 0, standard deviation `sd`; c = 0 is white noise. ValueError unless -1 < c < 1.
    """
    if not -1.0 < correlation < 1.0:
        raise ValueError(f"got correlation={correlation}; noise is stationary only for -1 < correlation < 1")
    draws = np.random.default_rng(seed).standard_normal((length, features))
    draws[1:] *= np.sqrt(1.0 - correlation**2)  # the first row keeps variance 1: it starts stationary
    coloured: NDArray[np.float64] = lfilter([1.0], [1.0, -correlation], draws, axis=0)
    return sd * coloured
