"""One series as it goes on: every tick is labels for earlier forecasts first, then a forecast of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..cells import tick as step
from ..learn.hedge import MLpolState
from ..learn.late import Waiting
from ..measure.intervals import TrackedWidths
from ..model import ModelState
from ..types import Array, Evidence, Tick
from .history import fill
from .plan import Plan, base_of, features, look


class Issued(NamedTuple):
    """What was forecast from the last `horizon` origins, newest first, for every step; NaN before the first."""

    guesses: Array  # (origins, experts, steps)
    base: Array  # (origins, steps)
    mean: Array  # (origins, steps): the mixture
    half: Array  # (origins, levels, steps): half widths of the intervals


class Track(NamedTuple):
    """Where one series is. Arrays are written in place by `advance`; values are standardised as the plan says."""

    ticks: int  # rows so far
    past: Array  # (reach,) gaps filled, newest last
    exog: Array  # (reach, columns), newest last, gaps held
    ahead: Array  # (horizon, known columns): the latest known values of the steps to come
    liquids: tuple[Any, ...]  # a state or None for each learning expert
    knowledge: tuple[Any, ...]
    features: tuple[Array, ...]  # (horizon + 1, features) for each learning expert, newest last
    gains: tuple[Array, ...]  # (horizon + 1, features + 1): of those rows
    times: Array  # (horizon + 1,) [ticks]
    issued: Issued
    hedge: MLpolState
    widths: TrackedWidths
    extent: Array  # (2,) least and largest value so far
    strayed: Array  # (experts,) forecasts replaced by the base because they left all bounds


def advance(plan: Plan, now: Track, value: float, exog: Array, ahead: Array, learn: bool = True) -> Track:
    """One row later. value: NaN where missing; exog (columns,), ahead (horizon, known columns): NaN where not known.

    learn: False moves everything on and teaches nothing.
    """
    now = _remember(now, value, exog, ahead, plan.base.period)
    seen = look(plan, now.past, now.exog, np.array([-1]) + len(now.past), np.array([now.ticks - 1]), now.ahead[None])
    moved = [
        (None, None) if e.liquid is None else step(e.liquid, s, seen.drive[0], 1.0)
        for e, s in zip(plan.experts, now.liquids, strict=True)
    ]
    rows = features(plan, seen, [None if x is None else x[None] for _, x in moved])
    now = _watch(plan, now._replace(liquids=tuple(s for s, _ in moved)), rows)
    if learn and not np.isnan(value):
        now = _learn(plan, now, value)
    return _forecast(plan, now, rows)


def _remember(now: Track, value: float, exog: Array, ahead: Array, period: int) -> Track:
    """The row joins the past; what is missing is filled or held."""
    filled = value if not np.isnan(value) else fill(np.array([value]), period, now.past)[0]
    _push_last(now.past, filled)
    _push_last(now.exog, np.where(np.isnan(exog), now.exog[-1], exog))
    known = np.where(np.isnan(ahead), _shifted(now.ahead), ahead)
    if not np.isnan(value):
        now.extent[0], now.extent[1] = min(now.extent[0], value), max(now.extent[1], value)
    return now._replace(ticks=now.ticks + 1, ahead=known)


def _watch(plan: Plan, now: Track, rows: list[Array]) -> Track:
    """The learners' clocks move on, and the row's features wait for their labels."""
    knowledge = []
    waiting = zip(plan.experts, now.knowledge, rows, now.features, now.gains, strict=True)
    for expert, k, row, held, gains in waiting:
        seen = Evidence(None, ModelState(None, row[0]), Tick(row[0], None, 1.0), None)
        k, trace = expert.learner.watch(k, seen)
        _push_last(held, row[0])
        _push_last(gains, np.nan)
        knowledge.append((k, trace.time))
    _push_last(now.times, knowledge[0][1])
    return now._replace(knowledge=tuple(k for k, _ in knowledge))


def _learn(plan: Plan, now: Track, value: float) -> Track:
    """The value is the label of one step of each of the last `horizon` forecasts."""
    # of the forecast from k + 1 ticks ago, step k + 1
    said = Issued(*(np.diagonal(part, axis1=0, axis2=-1) for part in now.issued))
    hedge = plan.hedge.update(now.hedge, said.guesses, said.mean, np.full(plan.horizon, value))
    widths = plan.tracker.update(now.widths, np.abs(value - said.mean), said.half)
    labels = np.full((plan.horizon + 1, plan.horizon), np.nan)
    np.fill_diagonal(labels[-2::-1], value - said.base)  # the newest row has no label yet
    knowledge = tuple(
        expert.learner.credit(k, Waiting(x, now.times, gains), labels)
        for expert, k, x, gains in zip(plan.experts, now.knowledge, now.features, now.gains, strict=True)
    )
    return now._replace(hedge=hedge, widths=widths, knowledge=knowledge)


def _forecast(plan: Plan, now: Track, rows: list[Array]) -> Track:
    """Every expert's forecast, the mixture and its intervals, issued from this row."""
    base, guesses = _within(plan, now, rows)
    weights = plan.hedge.weights(now.hedge)
    for part, new in zip(now.issued, (guesses, base, (weights * guesses).sum(axis=0), now.widths.half), strict=True):
        _push_first(part, new)
    return now


def _within(plan: Plan, now: Track, rows: list[Array]) -> tuple[Array, Array]:
    """As `forecasts`, but an expert that leaves twice the range seen so far is replaced by the base, and counted."""
    base, guesses = forecasts(plan, now, rows)
    low, high = now.extent
    bounds = low - (high - low) - 1.0, high + (high - low) + 1.0
    stray = ~((guesses >= bounds[0]) & (guesses <= bounds[1])).all(axis=1)
    guesses[stray] = base
    now.strayed[...] += stray
    return base, guesses


def ahead_again(plan: Plan, now: Track, ahead: Array) -> Track:
    """The same moment, forecast again with other values of the known columns (horizon, known); nothing is learnt."""
    now = tree.copy(now._replace(ahead=np.where(np.isnan(ahead), now.ahead, ahead)))
    seen = look(plan, now.past, now.exog, np.array([len(now.past) - 1]), np.array([now.ticks - 1]), now.ahead[None])
    rows = features(plan, seen, [None if s is None else s.x[None] for s in now.liquids])
    _, guesses = _within(plan, now, rows)
    now.issued.mean[0] = (plan.hedge.weights(now.hedge) * guesses).sum(axis=0)
    return now


def forecasts(plan: Plan, now: Track, rows: list[Array]) -> tuple[Array, Array]:
    """The base (steps,) and every expert's forecast (experts, steps) from the newest row."""
    at = np.array([len(now.past) - 1])
    base = base_of(plan, plan.base, now.past, at)[0]
    naive = [base_of(plan, n, now.past, at)[0] for n in plan.naives]
    # not BLAS, whose threads would cost more than they save on so little, and change the last bits
    learnt = [
        base + np.einsum("f,fs->s", row[0], k.w[:-1, :-1]) + k.w[-1, :-1]
        for row, k in zip(rows, now.knowledge, strict=True)
    ]
    return base, np.stack(naive + learnt)


def _push_first(ring: Array, new: Any) -> None:
    ring[1:] = ring[:-1].copy()
    ring[0] = new


def _push_last(ring: Array, new: Any) -> None:
    ring[:-1] = ring[1:].copy()
    ring[-1] = new


def _shifted(ahead: Array) -> Array:
    """The steps to come as seen one tick later; the last is held."""
    return np.concatenate([ahead[1:], ahead[-1:]])
