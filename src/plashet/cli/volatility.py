"""Brent's volatility: what can be forecast where the price cannot, beside the two methods that everyone uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

DAYS = 5  # of realised volatility
KEEP = 0.94  # of the moving average of squared returns: RiskMetrics 1996, daily data


def realised(price: np.ndarray) -> np.ndarray:
    """v_t = 100 sqrt(r_t² + … + r_(t-4)²), r_t = log(p_t / p_(t-1)): percent over five days; NaN for the first five."""
    squares = np.concatenate([[np.nan], np.diff(np.log(price)) ** 2])
    total = np.convolve(squares, np.ones(DAYS))[: len(price)]
    # five days without any change would be minus infinity in the logarithm
    return np.asarray(100 * np.sqrt(np.where(total > 0, total, np.nan)))


def moving_average(price: np.ndarray) -> np.ndarray:
    """What an exponentially weighted average expects of the next five days: 100 sqrt(5 s_t), s ← 0.94 s + 0.06 r²."""
    squares = np.diff(np.log(price)) ** 2
    level, levels = squares[:60].mean(), np.full(len(price), np.nan)
    for t, square in enumerate(squares, 1):
        level = KEEP * level + (1 - KEEP) * square
        levels[t] = level
    return np.asarray(100 * np.sqrt(DAYS * levels))


def backtest(price: np.ndarray, stamps: np.ndarray, start: int, seed: int) -> Any:
    """Volatility of the next five days, from every day: the same forecaster on log v, shown in percent.

    Only the fifth step is kept: it is the first that shares no day with what is known.
    """
    from ..forecast import Forecaster

    volatility = realised(price)
    found = Forecaster(horizon=DAYS, seed=seed).backtest(np.log(volatility[DAYS:]), start - DAYS)
    origins = np.asarray(found.origins)
    last = slice(DAYS - 1, DAYS)
    forecasts = {name: np.exp(guess[:, last]) for name, guess in found.forecasts.items()}
    ewma = moving_average(price)[DAYS:][origins][:, None]
    return replace(
        found,
        times=stamps[DAYS:],
        actual=volatility[DAYS:],
        horizons=np.array([DAYS]),
        forecasts=forecasts | {"ewma": ewma},
        lower={level: np.exp(bound[:, last]) for level, bound in found.lower.items()},
        upper={level: np.exp(bound[:, last]) for level, bound in found.upper.items()},
        target="volatility of the next five days",
    )
