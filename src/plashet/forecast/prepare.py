"""Choosing everything on the training part of one series, and bringing its track to the end of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..learn import RLS
from ..learn.hedge import MLpol
from ..learn.late import LateRLS
from ..measure.intervals import QuantileTracker
from ..run import run
from ..training import Training
from ..types import Array
from .experts import DRAFTS, Expert, liquid
from .history import at_lags, fill, recent_lags, season_lags, targets
from .own import DRAFT, Shown, drawn, trained
from .penalty import PENALTIES, best, held_out
from .plan import Plan, View, base_of, features, look
from .seasons import Naive, Season, naives, seasons, waves
from .track import Issued, Track, advance

MEMORY = 1000.0  # steps that the forgetting experts remember, or six of the longest season
PRACTICE = 0.25  # share of the training part on which experts are hedged and intervals begun
MOST_PRACTICE = 1500
MOST_ROWS = 20_000  # that are learnt from, the latest: memory and time stay bounded
RATE = 0.02  # of the quantile tracking


@dataclass(frozen=True)
class Settings:
    """What the user asked for."""

    horizon: int
    seed: int
    levels: tuple[float, ...]
    units: int
    calendar: bool
    liquid: Any = None  # of the user's own: a Cell, or a rule from the number of inputs to one
    training: Training | None = None  # how it is trained, if it is

    @property
    def own(self) -> bool:
        """Whether a liquid of the user's own is an expert too."""
        return self.liquid is not None or self.training is not None


@dataclass(frozen=True, eq=False)
class Series:
    """One target with what may help: values (time,), exog (time, columns), NaN where missing."""

    values: Array
    exog: Array
    known: tuple[int, ...]  # exogenous columns whose future is known
    seasons: tuple[tuple[str, int], ...]  # of clock and calendar, as Grid.seasons gives them
    week: int  # steps over which intervals are judged


class Fitted(NamedTuple):
    """A series as learnt so far."""

    plan: Plan
    track: Track
    chosen: dict[str, str]


def least_rows(horizon: int) -> int:
    """The fewest training rows with which anything can be chosen."""
    return 4 * horizon + 40


def fit(series: Series, asked: Settings) -> Fitted:
    """Choose on the whole training part; then go through its last quarter tick by tick, as if it were new."""
    first = max(len(series.values) - MOST_ROWS, 0)
    series = replace(series, values=series.values[first:], exog=series.exog[first:])
    plan, reasons = _plan(series, asked, first)
    z = (series.values - plan.center) / plan.spread
    scaled, ahead = exog_of(plan, series.exog)
    begin = len(z) - practice(len(z), asked.horizon)
    filled = fill(z, plan.base.period)
    plan, rows, liquids, chosen = _experts(plan, asked, begin, filled, z, scaled, ahead)
    track = _start(plan, begin, z, filled, scaled, ahead, rows, liquids)
    scores = []
    for t in range(begin, len(z)):
        track = advance(plan, track, float(z[t]), scaled[t], ahead[t])
        scores.append(track.issued.mean[0].copy())  # the ring is written in place
    track = _intervals(plan, track, np.stack(scores), z[begin:])
    return Fitted(plan, track, reasons | chosen)


def practice(rows: int, horizon: int) -> int:
    """How many of the last training rows are gone through tick by tick."""
    return min(max(int(PRACTICE * rows), horizon + 20), MOST_PRACTICE)


def exog_of(plan: Plan, exog: Array) -> tuple[Array, Array]:
    """Exogenous columns standardised, gaps held (time, columns); and the known ones ahead (time, horizon, known)."""
    scaled = (exog - plan.exog_center) / plan.exog_spread
    ahead = [targets(scaled[:, k], plan.horizon) for k in plan.known]
    held = np.column_stack([fill(column, 0) for column in scaled.T]) if scaled.shape[1] else scaled
    later = np.stack(ahead, axis=2) if ahead else np.zeros((len(exog), plan.horizon, 0))
    return held, later


def _plan(series: Series, asked: Settings, first: int) -> tuple[Plan, dict[str, str]]:
    """Scale, seasons, naive methods and base, from training values alone; no experts that learn yet."""
    values = series.values
    center, spread = _scale(values[:, None])
    found = seasons(values, series.seasons)
    z = (values - center[0]) / spread[0]
    mean = Naive("training_mean", 0)
    candidates = naives(found, len(values))
    errors = {n: _naive_error(n, z, asked.horizon) * spread[0] for n in (*candidates, mean) if n.count == 1}
    base = min(errors, key=lambda n: errors[n])
    periods = tuple(s.period for s in found)
    recent = recent_lags(asked.horizon, periods, len(values))
    exog_center, exog_spread = _scale(series.exog)
    plan = Plan(
        first=first,
        horizon=asked.horizon,
        center=float(center[0]),
        spread=float(spread[0]),
        base=base,
        naives=candidates if base.period else (*candidates, mean),
        experts=(),
        recent=recent,
        season=season_lags(asked.horizon, periods, recent),
        neighbours=np.asarray(periods[:2], int),
        frequencies=waves(found) if asked.calendar else np.zeros(0),
        slowest=waves(found, most=(1, 1)) if asked.calendar else np.zeros(0),
        exog_center=exog_center,
        exog_spread=exog_spread,
        known=series.known,
        hedge=MLpol(),
        tracker=QuantileTracker(asked.levels, RATE, series.week),
    )
    return plan, _reasons(found, base, errors, plan, len(z))


def _experts(
    plan: Plan, asked: Settings, begin: int, filled: Array, z: Array, exog: Array, ahead: Array
) -> tuple[Plan, list[Array], list[Any], dict[str, str]]:
    """The plan with its learning experts, their features on all rows, where liquids are at `begin`, and why."""
    everything = np.arange(len(z))
    seen = look(plan, filled, exog, everything, everything, _held(ahead))
    drafts = [d for d in DRAFTS if len(plan.season) or d.name != "season_lags"]
    liquids: list[Any] = [liquid(d, asked.units, seen.drive.shape[1], asked.seed) for d in drafts]
    wanted = targets(z, plan.horizon) - base_of(plan, plan.base, filled, everything)
    memory = max(MEMORY, 6.0 * max((n.period for n in plan.naives), default=0))
    experts: list[Expert] = []
    chosen: dict[str, str] = {}
    if asked.own:
        drafts, cell = [*drafts, DRAFT], _own(plan, asked, begin, seen, wanted, chosen)
        liquids.append(cell)
    states, ends = zip(*(_driven(cell, seen.drive, begin) for cell in liquids), strict=True)
    blank = replace(plan, experts=tuple(Expert(d, c, LateRLS(RLS())) for d, c in zip(drafts, liquids, strict=True)))
    rows = features(blank, seen, list(states))
    for expert, x in zip(blank.experts, rows, strict=True):
        made, why = _with_penalty(expert, x[plan.burn :], wanted[plan.burn :], memory)
        experts.append(made)
        chosen[expert.draft.name] = "; ".join((why, *filter(None, (chosen.get(expert.draft.name),))))
    return replace(plan, experts=tuple(experts)), rows, list(ends), chosen


def _own(plan: Plan, asked: Settings, begin: int, seen: View, wanted: Array, chosen: dict[str, str]) -> Shown:
    """The user's liquid, trained on rows whose labels all came before `begin`: what follows is to be new to it."""
    cell = drawn(asked.liquid, seen.drive.shape[1], asked.seed, max((n.period for n in plan.naives), default=0))
    if asked.training is not None:
        some = slice(plan.burn, max(begin - plan.horizon, plan.burn))
        cell, chosen[DRAFT.name] = trained(cell, asked.training, seen.drive[some], wanted[some])
    return Shown(cell)


def _driven(cell: Any, drive: Array, begin: int) -> tuple[Array | None, Any]:
    """What a liquid gives on all rows, and its state just before row `begin`."""
    if cell is None:
        return None, None
    before, state = run(cell, drive[:begin])
    after, _ = run(cell, drive[begin:], state=state)
    return np.concatenate([before, after]), state


def _with_penalty(expert: Expert, x: Array, wanted: Array, memory: float) -> tuple[Expert, str]:
    d = expert.draft
    whole = ~np.isnan(wanted).any(axis=1)
    if whole.sum() > 12:
        penalty = PENALTIES[best(held_out(x[whole], wanted[whole]), d.near)]
        why = (
            f"penalty {penalty:g}, best {'at the first step' if d.near else 'over all steps'} on six stretches left out"
        )
    else:
        penalty, why = 1.0, "penalty 1: too few whole rows to choose one"
    keeps = memory if d.forgets else np.inf
    kept = f"remembers {memory:g} steps" if d.forgets else "remembers everything"
    return Expert(d, expert.liquid, LateRLS(RLS(keeps, penalty))), f"{x.shape[1]} features; {why}; {kept}"


def _start(
    plan: Plan,
    begin: int,
    z: Array,
    filled: Array,
    exog: Array,
    ahead: Array,
    rows: list[Array],
    liquids: list[Any],
) -> Track:
    """The track just before row `begin`, its learners having absorbed every row whose labels all came before that."""
    h, experts, reach = plan.horizon, len(plan.names), plan.reach
    wanted = targets(z, h) - base_of(plan, plan.base, filled, np.arange(len(z)))
    end = max(begin - h, min(plan.burn, begin))
    knowledge = []
    for expert, x in zip(plan.experts, rows, strict=True):
        known = expert.learner.init(expert.untaught(x.shape[1], h))
        first = min(plan.burn, end)
        known = expert.learner.absorb(known, x[first:end], wanted[first:end], 1.0)
        known.book[0] += begin - end  # the rows between pass without teaching: their last labels are still to come
        knowledge.append(known)
    known_now = np.isfinite(z[:begin])
    past = np.concatenate([np.zeros(max(reach - begin, 0)), filled[max(begin - reach, 0) : begin]])
    issued = Issued(*(np.full(s, np.nan) for s in ((h, experts, h), (h, h), (h, h), (h, len(plan.tracker.levels), h))))
    return Track(
        ticks=begin,
        past=past,
        exog=np.concatenate([np.zeros((reach, exog.shape[1])), exog[:begin]])[-reach:].copy(),
        ahead=_held(ahead)[max(begin - 1, 0)].copy(),
        liquids=tuple(liquids),
        knowledge=tuple(knowledge),
        features=tuple(np.zeros((h + 1, x.shape[1])) for x in rows),
        gains=tuple(np.full((h + 1, x.shape[1] + 1), np.nan) for x in rows),
        times=np.zeros(h + 1),
        issued=issued,
        hedge=plan.hedge.init(experts, h),
        widths=plan.tracker.init(np.ones((1, h))),
        extent=np.array([np.min(z[:begin][known_now], initial=0.0), np.max(z[:begin][known_now], initial=0.0)]),
        strayed=np.zeros(experts),
    )


def _intervals(plan: Plan, track: Track, means: Array, z: Array) -> Track:
    """Intervals begun from the errors of the practice; forecasts already issued get their width too."""
    scores = np.abs(targets(z, plan.horizon) - means)
    scores = np.where(np.isfinite(scores).any(axis=0), scores, 1.0)  # nothing was ever seen: a spread either way
    widths = plan.tracker.init(scores)
    track.issued.half[...] = widths.half
    return track._replace(widths=widths)


def _held(ahead: Array) -> Array:
    """Values of the steps to come, those past the end of the data held."""
    if not ahead.size or not np.isnan(ahead).any():
        return ahead
    flat = np.concatenate([ahead[:, 0], ahead[-1, 1:]])
    held = np.column_stack([fill(column, 0) for column in flat.T])
    return np.lib.stride_tricks.sliding_window_view(held, ahead.shape[1], axis=0).swapaxes(1, 2)[: len(ahead)]


def _scale(columns: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of what is known of each column; of a constant 1, of an empty column 0 and 1."""
    some = np.isfinite(columns).any(axis=0) if len(columns) else np.zeros(columns.shape[1], bool)
    safe = np.where(some, columns, 0.0)
    center, spread = np.nanmean(safe, axis=0), np.nanstd(safe, axis=0)
    return center, np.where(spread > 1e-12 * np.maximum(np.abs(center), 1.0), spread, 1.0)


def _naive_error(naive: Naive, z: Array, horizon: int) -> float:
    filled = fill(z, naive.period)
    rows = np.arange(len(z))
    guess = (
        np.zeros((len(z), horizon)) if naive.period == 0 else at_lags(filled, naive.lags(horizon), rows).mean(axis=1)
    )
    first = min(naive.period + horizon, len(z) // 2)
    error = np.abs(targets(z, horizon) - guess)[first:]
    return float(np.nanmean(error)) if np.isfinite(error).any() else np.inf


def _reasons(
    found: tuple[Season, ...], base: Naive, errors: dict[Naive, float], plan: Plan, rows: int
) -> dict[str, str]:
    listed = ", ".join(
        f"{n.name.replace('_', ' ')} {error:.4g}" for n, error in sorted(errors.items(), key=lambda p: p[1])
    )
    told = ", ".join(f"{s.name} ({s.period} steps)" for s in found) or "none seen"
    return {
        "base": f"{base.name.replace('_', ' ')}: least mean error on the training part ({listed})",
        "seasons": told,
        "scale": f"mean {plan.center:.6g}, standard deviation {plan.spread:.4g} of the training part",
        "rows": f"{rows:,} learnt from" + (f", the {plan.first:,} before them left out" if plan.first else ""),
        "lags": f"the last {len(plan.recent)} values"
        + (f", and {len(plan.season)} of a season before" if len(plan.season) else ""),
    }
