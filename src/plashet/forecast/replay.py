"""A backtest of one series: fitted on the first rows, then forecast and learnt row by row."""

from __future__ import annotations

import time

import numpy as np

from ..types import Array
from .backtest import OURS, Backtest
from .baselines import lags_refit_daily, ridge_on_lags
from .clock import Grid
from .prepare import Fitted, Series, Settings, exog_of, fit
from .track import advance

UNITS_SHOWN = 60
TICKS_SHOWN = 500


def backtest(series: Series, asked: Settings, start: int, grid: Grid, name: str) -> tuple[Backtest, Fitted]:
    """Fit on the first `start` rows; then take in each later row and forecast from it. Also: the state at the end."""
    began = time.perf_counter()
    fitted = fit(_first(series, start), asked)
    plan, track, chosen = fitted
    z = (series.values - plan.center) / plan.spread
    exog, ahead = exog_of(plan, series.exog)
    origins = np.arange(start, len(z) - plan.horizon)
    count, levels = len(origins), len(plan.tracker.levels)
    mean, half = np.empty((count, plan.horizon)), np.empty((count, levels, plan.horizon))
    naive = np.empty((count, len(plan.naives), plan.horizon))
    weights, activity, strayed = np.empty((count, len(plan.names))), [], track.strayed.copy()
    shown = next((k for k, e in enumerate(plan.experts) if e.liquid is not None), None)
    for k, t in enumerate(range(start, len(z))):
        track = advance(plan, track, float(z[t]), exog[t], ahead[t])
        if k >= count:
            continue
        mean[k], half[k] = track.issued.mean[0], track.issued.half[0]
        naive[k] = track.issued.guesses[0, : len(plan.naives)]
        weights[k] = plan.hedge.weights(track.hedge).mean(axis=1)
        if shown is not None and k >= count - TICKS_SHOWN:
            activity.append(track.liquids[shown].x[:UNITS_SHOWN].copy())
    ours = mean * plan.spread + plan.center
    width = half * plan.spread
    others = {n.name: naive[:, k] * plan.spread + plan.center for k, n in enumerate(plan.naives) if n.count == 1}
    every = plan.naives[1].period if len(plan.naives) > 1 and plan.naives[1].period > 1 else 24
    others["ridge_on_lags"] = ridge_on_lags(plan, series.values, start, origins)
    others["lags_refit_daily"] = lags_refit_daily(plan, series.values, start, origins, min(every, 24))
    listed = [f"{level:g}" for level in asked.levels]
    found = Backtest(
        times=grid.stamps(np.arange(len(z))),
        actual=series.values,
        origins=origins,
        horizons=np.arange(1, plan.horizon + 1),
        forecasts={OURS: ours} | others,
        lower={level: ours - width[:, k] for k, level in enumerate(listed)},
        upper={level: ours + width[:, k] for k, level in enumerate(listed)},
        experts=plan.names,
        weights=weights,
        activity=np.array(activity),
        chosen=chosen,
        warnings=tuple(strayed_words(plan.names, track.strayed - strayed)),
        seconds=time.perf_counter() - began,
        target=name,
        week=series.week,
    )
    return found, Fitted(plan, track, chosen)


def strayed_words(names: tuple[str, ...], strayed: Array) -> list[str]:
    """What to say of experts whose forecasts left all bounds."""
    return [
        f"{name} diverged at {int(count)} rows (outside twice the range seen): the base forecast stood in for it"
        for name, count in zip(names, strayed, strict=True)
        if count
    ]


def _first(series: Series, rows: int) -> Series:
    return Series(series.values[:rows], series.exog[:rows], series.known, series.seasons, series.week)
