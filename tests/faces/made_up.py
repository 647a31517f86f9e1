"""A backtest made up in a moment, of the shape of a real one: for tests of what shows it, not of what makes it."""

import numpy as np

from plashet.data import arrays
from plashet.forecast.backtest import Backtest


def made_up_backtest(origins: int = 300, horizon: int = 24, start: int = 2400, seed: int = 0) -> Backtest:
    """Victoria's demand, forecast by the week before pulled halfway to the truth: better than every baseline."""
    rng = np.random.default_rng(seed)
    data = arrays("victoria_demand")
    times, actual = data["time"], data["demand_mw"].copy()
    at, steps = np.arange(start, start + origins), np.arange(1, horizon + 1)
    truth = actual[at[:, None] + steps]
    naive = {
        k: actual[at[:, None] + (steps - 1) % lag + 1 - lag] for k, lag in (("weekly_naive", 168), ("daily_naive", 24))
    }
    naive["persistence"] = np.repeat(actual[at][:, None], horizon, axis=1)
    reach = np.sqrt(steps / horizon)
    own = truth + 0.5 * (naive["weekly_naive"] - truth) * reach + rng.normal(0, 60, truth.shape) * reach
    lags = truth + 0.8 * (naive["weekly_naive"] - truth) * reach
    width = {"80": 420 * reach, "95": 700 * reach}
    weights = np.abs(np.cumsum(rng.normal(0, 0.02, (origins, 4)), axis=0) + np.array([1.0, 0.6, 0.8, 0.2]))
    phase, ticks = np.linspace(0, 2 * np.pi, 60, endpoint=False), np.arange(500)[:, None]
    activity = np.tanh(np.sin(2 * np.pi * ticks / 24 + rng.permutation(phase)) + rng.normal(0, 0.1, (500, 60)))
    return Backtest(
        times=times,
        actual=actual,
        origins=at,
        horizons=steps,
        forecasts={"plashet": own, **naive, "ridge_on_lags": lags},
        lower={k: own - w for k, w in width.items()},
        upper={k: own + w for k, w in width.items()},
        experts=("weekly_naive", "lags_rls", "liquid_slow", "liquid_fast"),
        weights=weights / weights.sum(1, keepdims=True),
        activity=activity,
        chosen={"base": "week before: lowest error of the seasonal naives on the first rows", "memory": "1,000 hours"},
        warnings=("made up for a test",),
        seconds=7.25,
        target="demand_mw",
    )
