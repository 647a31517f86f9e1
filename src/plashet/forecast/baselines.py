"""The linear methods that a forecast is compared with: ridge on lags, trained once, and refitted every day."""

from __future__ import annotations

import numpy as np

from ..cells import Pass
from ..learn import Ridge
from ..learn.ridge import RidgeKnowledge
from ..model import unread
from ..types import Array
from .history import at_lags, fill, targets
from .penalty import PENALTIES, best, held_out
from .plan import Plan, base_of
from .prepare import MOST_ROWS


def ridge_on_lags(plan: Plan, values: Array, start: int, origins: Array) -> Array:
    """Forecasts (origins, horizon) of a ridge regression on the last values, trained once on the first `start` rows.

    Its penalty is chosen as the experts' is, by blocked cross-validation on the training part.
    """
    z = (values - plan.center) / plan.spread
    filled, rows = fill(z, 1), np.arange(len(z))
    x, y = at_lags(filled, plan.recent, rows), targets(z, plan.horizon)
    learner, known, _ = _trained(x, y, len(plan.recent), start - plan.horizon)
    return np.asarray(learner.model(known).readout(x[origins]) * plan.spread + plan.center)


def lags_refit_daily(plan: Plan, values: Array, start: int, origins: Array, every: int) -> Array:
    """Forecasts of the residual of the plan's base from all lags the plan has, fitted anew every `every` origins
    on all rows whose targets are known by then."""
    z = (values - plan.center) / plan.spread
    filled, rows = fill(z, plan.base.period), np.arange(len(z))
    base = base_of(plan, plan.base, filled, rows)
    x = np.concatenate([at_lags(filled, plan.recent, rows), at_lags(filled, plan.season, rows)], axis=1)
    y = targets(z, plan.horizon) - base
    learner, known, taught = _trained(x, y, plan.burn, start - plan.horizon)
    guesses = np.empty((len(origins), plan.horizon))
    for first in range(0, len(origins), every):
        now = origins[first : first + every]
        end = max(int(now[0]) - plan.horizon + 1, taught)
        whole = taught + np.flatnonzero(~np.isnan(y[taught:end]).any(axis=1))
        known, taught = learner.absorb(known, x[whole], y[whole]), end
        guesses[first : first + every] = learner.model(known).readout(x[now]) + base[now]
    return guesses * plan.spread + plan.center


def _trained(x: Array, y: Array, burn: int, end: int) -> tuple[Ridge, RidgeKnowledge, int]:
    """A ridge and what it knows of the whole rows from `burn` to `end`; without any, that the targets are zero."""
    burn = max(min(burn, end // 2), end - MOST_ROWS)
    whole = burn + np.flatnonzero(~np.isnan(y[burn:end]).any(axis=1))
    penalty = PENALTIES[best(held_out(x[whole], y[whole]), near=False)] if len(whole) > 12 else 1.0
    learner = Ridge(penalty)
    known = learner.init(unread(Pass(x.shape[1]), y.shape[1]))
    if not len(whole):  # so many values are missing that no row has all its targets: the base, or the mean, stands
        x, y, whole = np.zeros((1, x.shape[1])), np.zeros((1, y.shape[1])), np.zeros(1, int)
    return learner, learner.absorb(known, x[whole], y[whole]), max(end, 0)
