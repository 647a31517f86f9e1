"""From a backtest to the few thousand numbers that the page draws: plain lists, no NaN, long series thinned."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from . import words
from .about import Outlook

POINTS = 1200  # per line: more than any screen can tell apart
SIMPLE = ("persistence", "daily_naive", "weekly_naive", "ridge_on_lags")
IN_SIGHT = 3.0  # a baseline further off than this many times plashet's error would flatten the rest


def targets(backtest: Any) -> np.ndarray:
    """What came true, (origins, horizons): `actual[origin + horizon]`, NaN beyond the end."""
    rows = np.asarray(backtest.origins)[:, None] + np.asarray(backtest.horizons)[None, :]
    actual = np.asarray(backtest.actual, np.float64)
    inside = rows < len(actual)
    return np.where(inside, actual[np.minimum(rows, len(actual) - 1)], np.nan)


def axis(times: Any) -> tuple[np.ndarray, bool]:
    """Stamps as seconds since 1970 (and True), or anything else as the numbers they are (and False)."""
    times = np.asarray(times)
    if times.dtype.kind == "M":
        return times.astype("datetime64[ms]").astype(np.float64) / 1000, True
    if times.dtype.kind in "iuf":
        return times.astype(np.float64), False
    return np.arange(len(times), dtype=np.float64), False


def plain(values: Any, digits: int = 5) -> list[float | None]:
    """Floats with so many significant digits, None for what is not finite: JSON has no NaN."""
    values = np.asarray(values, np.float64)
    return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in values]


def seconds(values: Any) -> list[float]:
    """Stamps or step numbers for the horizontal axis; whole numbers stay whole."""
    return [int(v) if float(v).is_integer() else float(v) for v in np.asarray(values)]


def thin(length: int, points: int = POINTS) -> slice:
    """Every k-th of so many points, so that at most `points` are left. For lines that are smooth already."""
    return slice(None, None, max(1, -(-length // points)))


def order(backtest: Any) -> list[str]:
    """All methods: plashet first, then the baselines from the best to the worst."""
    mae = backtest.mae()
    baselines = sorted((k for k in mae if k != "plashet"), key=lambda k: (np.isnan(mae[k]["mean"]), mae[k]["mean"]))
    return ["plashet", *baselines]


def best_baseline(backtest: Any) -> str:
    """The baseline with the least error; of those within half a percent of it, the simplest."""
    mae = {k: v["mean"] for k, v in backtest.mae().items()}
    best = order(backtest)[1]
    equal = [k for k in order(backtest)[1:] if mae[k] <= 1.005 * mae[best]]
    return next((k for k in SIMPLE if k in equal), best)


def in_sight(backtest: Any) -> tuple[list[str], list[str]]:
    """The methods that fit on one scale with plashet, and those that do not."""
    mae = {k: v["mean"] for k, v in backtest.mae().items()}
    near = [k for k in order(backtest) if mae[k] <= IN_SIGHT * mae["plashet"]]
    near = near if len(near) > 1 else order(backtest)[:2]
    return near, [k for k in order(backtest) if k not in near]


def spacing(backtest: Any) -> float:
    """Seconds (or steps) between two rows: the median."""
    at, _ = axis(backtest.times)
    return float(np.median(np.diff(at))) if len(at) > 1 else 1.0


def outlook(backtest: Any, ahead: Outlook | None) -> dict[str, Any]:
    """The latest forecast over the truth just before it, and after it as far as it is known."""
    at, stamped = axis(backtest.times)
    last, horizons = int(backtest.origins[-1]), np.asarray(backtest.horizons)
    shown = max(7 * len(horizons), 72)
    if ahead is None:
        ahead = _last_forecast(backtest, at, last)
        future = at[last] + horizons * spacing(backtest)
    else:
        future, last = axis(ahead.times)[0], len(at) - 1
    first, end = max(0, last + 1 - shown), min(len(at), last + 1 + len(horizons))
    joined = np.concatenate([at[first : last + 1], future])
    truth = np.concatenate([np.asarray(backtest.actual, np.float64)[first:end], np.full(len(joined), np.nan)])
    return {
        "t": seconds(joined),
        "stamped": stamped,
        "now": float(at[last]),
        "truth": plain(truth[: len(joined)]),
        "mean": _led(ahead.mean, joined),
        "bands": [
            {"level": int(k), "lo": _led(ahead.lower[k], joined), "hi": _led(ahead.upper[k], joined)}
            for k in sorted(ahead.lower, key=int, reverse=True)
        ],
    }


def _last_forecast(backtest: Any, at: np.ndarray, last: int) -> Outlook:
    return Outlook(
        times=at[last] + np.asarray(backtest.horizons) * spacing(backtest),
        mean=np.asarray(backtest.forecasts["plashet"])[-1],
        lower={k: np.asarray(v)[-1] for k, v in backtest.lower.items()},
        upper={k: np.asarray(v)[-1] for k, v in backtest.upper.items()},
    )


def _led(values: Any, joined: np.ndarray) -> list[float | None]:
    """Values at the end of the axis, nothing before."""
    values = np.asarray(values, np.float64)
    return plain(np.concatenate([np.full(len(joined) - len(values), np.nan), values]))


def horizon(backtest: Any) -> dict[str, Any]:
    """Mean absolute error at each step ahead."""
    near, far = in_sight(backtest)
    mae, steps = backtest.mae(), [int(h) for h in backtest.horizons]
    lines = {k: plain([mae[k].get(str(h), np.nan) for h in steps]) for k in near}
    return {"steps": steps, "lines": lines, "far": far}


def rolling(backtest: Any) -> dict[str, Any]:
    """Error over time: the mean over all steps ahead and over a trailing window of a week (or a tenth of the run)."""
    at, stamped = axis(backtest.times)
    near, _ = in_sight(backtest)
    origins, truth = np.asarray(backtest.origins), targets(backtest)
    window = window_of(backtest)
    keep = thin(len(origins))
    lines = {}
    for key in near:
        miss = np.abs(np.asarray(backtest.forecasts[key], np.float64) - truth)
        lines[key] = plain(_trailing(miss, window)[keep])
    return {"t": seconds(at[origins][keep]), "stamped": stamped, "window": window, "lines": lines}


def window_of(backtest: Any) -> int:
    """Origins in a trailing window: a week where stamps are there and the run is long enough, else a tenth."""
    _, stamped = axis(backtest.times)
    origins = np.asarray(backtest.origins)
    pace = float(np.median(np.diff(origins))) if len(origins) > 1 else 1.0
    week = round(604800 / max(spacing(backtest) * pace, 1e-9)) if stamped else 0
    return week if 5 <= week <= len(origins) // 3 else max(5, len(origins) // 10)


def _trailing(rows: np.ndarray, window: int) -> np.ndarray:
    """Mean over the last `window` rows of what is known in (rows, k); NaN until a quarter of the window is there."""
    known = np.isfinite(rows)
    total = np.cumsum(np.where(known, rows, 0.0).sum(1))
    weight = np.cumsum(known.sum(1))
    total[window:] -= total[:-window].copy()
    weight[window:] -= weight[:-window].copy()
    early = np.arange(len(rows)) < min(window, len(rows)) // 4
    return np.where((weight > 0) & ~early, total / np.maximum(weight, 1), np.nan)


def coverage(backtest: Any) -> dict[str, Any]:
    """How often the truth lay inside, over a trailing window, beside what was promised."""
    at, stamped = axis(backtest.times)
    origins, truth = np.asarray(backtest.origins), targets(backtest)
    window, keep = window_of(backtest), thin(len(origins))
    lines = {}
    for level in sorted(backtest.lower, key=int):
        lower, upper = np.asarray(backtest.lower[level]), np.asarray(backtest.upper[level])
        known = np.isfinite(truth) & np.isfinite(lower) & np.isfinite(upper)
        inside = np.where(known, (truth >= lower) & (truth <= upper), np.nan)
        lines[str(int(level))] = plain(100 * _trailing(inside, window)[keep])
    return {"t": seconds(at[origins][keep]), "stamped": stamped, "window": window, "lines": lines}


def experts(backtest: Any) -> dict[str, Any] | None:
    """The share that each expert has in the mean, over time."""
    weights = np.asarray(backtest.weights, np.float64)
    names = [str(n) for n in backtest.experts]
    if weights.ndim != 2 or not len(names) or weights.shape[1] != len(names):
        return None
    at, stamped = axis(backtest.times)
    keep = thin(len(weights), 500)
    shares = {n: plain(100 * weights[keep, i], 4) for i, n in enumerate(names)}
    return {"t": seconds(at[np.asarray(backtest.origins)][keep]), "stamped": stamped, "lines": shares}


def activity(backtest: Any, ticks: int = 336, units: int = 60) -> dict[str, Any] | None:
    """The last ticks of some units as one byte each, rows ordered by the phase of their answer.

    The order is the angle of each unit in the plane of the two strongest common patterns (principal components), so
    that a wave through the liquid looks like one.
    """
    states = np.asarray(backtest.activity, np.float64)
    if states.ndim != 2 or min(states.shape) < 2 or not np.isfinite(states).any():
        return None
    states = np.nan_to_num(states[-ticks:, :units])
    centred = (states - states.mean(0)) / np.maximum(states.std(0), 1e-9)
    _, _, patterns = np.linalg.svd(centred, full_matrices=False)
    states = states[:, np.argsort(np.arctan2(patterns[1], patterns[0]))]
    top = float(np.abs(states).max()) or 1.0
    scaled = np.round(127 * states.T / top).astype(np.int8)
    at, stamped = axis(backtest.times)
    span = at[-len(states) :] if len(at) >= len(states) else np.arange(len(states), dtype=np.float64)
    return {
        "data": base64.b64encode(scaled.tobytes()).decode("ascii"),
        "units": int(scaled.shape[0]),
        "ticks": int(scaled.shape[1]),
        "top": float(f"{top:.3g}"),
        "from": float(span[0]),
        "to": float(span[-1]),
        "stamped": stamped,
    }


def headline(backtest: Any, unit: str = "") -> dict[str, Any]:
    """What a reader should take home: error, the best baseline's error, and the sentence that compares them."""
    mae = backtest.mae()
    own, rival = mae["plashet"]["mean"], best_baseline(backtest)
    other = mae[rival]["mean"]
    gain = 1 - own / other if other else 0.0 if own == 0 else float("nan")
    u = f" {unit}" if unit else ""
    miss = f"{words.number(own)}{u}"
    against = f"{words.name(rival)}, {words.number(other)}{u}"
    if not np.isfinite(own):
        sentence = "No error could be computed: no target was known."
    elif not np.isfinite(gain):
        sentence = f"Off by {miss} on average, and the best baseline ({words.name(rival)}) never is. Use that one."
    elif gain >= 0.01:
        sentence = f"Off by {miss} on average, {100 * gain:.0f} % less than the best baseline ({against})."
    elif gain > -0.01:
        sentence = f"Off by {miss} on average: no better than the best baseline ({against})."
    else:
        sentence = (
            f"Off by {miss} on average, {-100 * gain:.0f} % more than the best baseline ({against}). Use that one."
        )
    return {"mae": own, "rival": rival, "rival_mae": other, "gain": gain, "sentence": sentence}
