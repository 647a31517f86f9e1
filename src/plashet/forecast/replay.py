"""A backtest of one series: fitted on the first rows, then forecast and learnt row by row."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..types import Array
from .backtest import OURS, Backtest
from .baselines import lags_refit_daily, ridge_on_lags
from .clock import Grid
from .plan import Plan
from .prepare import Fitted, Series, Settings, exog_of, fit
from .track import advance

UNITS_SHOWN = 60
TICKS_SHOWN = 500
EVERY = 24  # origins after which the lags are refitted, or a season where that is shorter


class Replayed(NamedTuple):
    """What was issued from each origin, standardised."""

    mean: Array  # (origins, steps)
    half: Array  # (origins, levels, steps)
    naive: Array  # (origins, naive methods, steps)
    weights: Array  # (origins, experts)
    activity: Array  # (ticks, units)


def backtest(series: Series, asked: Settings, start: int, grid: Grid, name: str) -> tuple[Backtest, Fitted]:
    """Fit on the first `start` rows; then take in each later row and forecast from it. Also: the state at the end."""
    began = time.perf_counter()
    fitted = fit(replace(series, values=series.values[:start], exog=series.exog[:start]), asked)
    plan, strayed = fitted.plan, fitted.track.strayed.copy()
    origins = np.arange(start, len(series.values) - plan.horizon)
    issued, fitted = _replay(fitted, series, origins)
    ours, width = issued.mean * plan.spread + plan.center, issued.half * plan.spread
    listed = [f"{level:g}" for level in asked.levels]
    found = Backtest(
        times=grid.stamps(np.arange(len(series.values))),
        actual=series.values,
        origins=origins,
        horizons=np.arange(1, plan.horizon + 1),
        forecasts={OURS: ours} | _baselines(plan, series.values, start, origins, issued.naive),
        lower={level: ours - width[:, k] for k, level in enumerate(listed)},
        upper={level: ours + width[:, k] for k, level in enumerate(listed)},
        experts=plan.names,
        weights=issued.weights,
        activity=issued.activity,
        chosen=fitted.chosen,
        warnings=tuple(strayed_words(plan.names, fitted.track.strayed - strayed)),
        seconds=time.perf_counter() - began,
        target=name,
        week=series.week,
    )
    return found, fitted


def _replay(fitted: Fitted, series: Series, origins: Array) -> tuple[Replayed, Fitted]:
    """Row by row to the end of the series; from each origin, what was issued."""
    plan, track, chosen = fitted
    z = (series.values - plan.center) / plan.spread
    exog, ahead = exog_of(plan, series.exog)
    shown = next((k for k, e in enumerate(plan.experts) if e.liquid is not None), None)
    kept = []
    for t in range(int(origins[0]), len(z)):
        track = advance(plan, track, float(z[t]), exog[t], ahead[t])
        if t > origins[-1]:
            continue
        issued, weights = track.issued, plan.hedge.weights(track.hedge).mean(axis=1)
        x = np.zeros(0) if shown is None else track.liquids[shown].x[:UNITS_SHOWN]
        row = (issued.mean[0], issued.half[0], issued.guesses[0, : len(plan.naives)], weights, x)
        kept.append(tuple(np.array(part) for part in row))
    mean, half, naive, weights, activity = (np.stack(part) for part in zip(*kept, strict=True))
    return Replayed(mean, half, naive, weights, activity[-TICKS_SHOWN:]), Fitted(plan, track, chosen)


def _baselines(plan: Plan, values: Array, start: int, origins: Array, naive: Array) -> dict[str, Array]:
    """The naive methods that repeat one value, and the linear ones."""
    made = {n.name: naive[:, k] * plan.spread + plan.center for k, n in enumerate(plan.naives) if n.count == 1}
    every = min((n.period for n in plan.naives if n.period > 1), default=EVERY)
    made["ridge_on_lags"] = ridge_on_lags(plan, values, start, origins)
    made["lags_refit_daily"] = lags_refit_daily(plan, values, start, origins, min(every, EVERY))
    return made


def strayed_words(names: tuple[str, ...], strayed: Array) -> list[str]:
    """What to say of experts whose forecasts left all bounds."""
    return [
        f"{name} diverged at {int(count)} rows (outside twice the range seen): the base forecast stood in for it"
        for name, count in zip(names, strayed, strict=True)
        if count
    ]
