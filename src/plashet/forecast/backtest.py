"""What a backtest found: forecasts beside baselines, intervals, weights, and a verdict in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plashet.measure.intervals import coverage, winkler, worst_window

Floats = NDArray[np.float64]
OURS = "plashet"
LEVEL = 0.01  # errors that differ by less, relatively, are level

__all__ = ["Backtest"]


@dataclass(frozen=True)
class Backtest:
    """Forecasts of `horizons` steps from each origin, each issued before any later row was seen.

    times (T,), actual (T,) NaN where not observed; origins (O,): the row of the last known value; forecasts and
    baselines by name (O, H), "plashet" first; lower and upper by level (O, H); all in the units of the target.
    weights (O, experts): the hedge's weights, mean over horizons; activity (ticks, some units): the last states of a
    liquid; `chosen`: what was chosen, and why; `week`: steps in the window of the worst coverage;
    `others`: the backtests of further targets, by name.
    """

    times: NDArray[Any]
    actual: Floats
    origins: NDArray[np.int64]
    horizons: NDArray[np.int64]
    forecasts: dict[str, Floats]
    lower: dict[str, Floats]
    upper: dict[str, Floats]
    experts: tuple[str, ...]
    weights: Floats
    activity: Floats
    chosen: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: float = float("nan")
    target: str = "y"
    week: int = 168
    others: dict[str, Backtest] = field(default_factory=dict)

    @property
    def targets(self) -> Floats:
        """The values forecast: (O, H); NaN where not observed."""
        return np.asarray(self.actual[self.origins[:, None] + self.horizons])

    def errors(self) -> dict[str, Floats]:
        """By name: forecast minus actual, (O, H); NaN where the target was not observed or nothing was forecast."""
        targets = self.targets
        return {name: guess - targets for name, guess in self.forecasts.items()}

    def mae(self) -> dict[str, dict[str, float]]:
        """By name: the mean absolute error at each horizon ("1" ... "H") and, first, its mean over the horizons."""
        table = {}
        for name, error in self.errors().items():
            steps = [_mean(np.abs(column)) for column in error.T]
            named = {str(int(h)): step for h, step in zip(self.horizons, steps, strict=True)}
            table[name] = {"mean": _mean(np.asarray(steps)), **named}
        return table

    def coverage(self) -> dict[str, dict[str, float]]:
        """By level: share inside (mean), lowest share in a rolling week of origins, mean width, mean interval score."""
        targets, table = self.targets, {}
        for level, low in self.lower.items():
            high = self.upper[level]
            table[level] = {
                "mean": coverage(targets, low, high),
                "worst_week": worst_window(targets, low, high, self.week),
                "width": _mean(high - low),
                "winkler": winkler(targets, low, high, float(level)),
            }
        return table

    def rolling_mae(self, window: int | None = None) -> dict[str, Floats]:
        """By name: the error over the last `window` origins (default a week), mean over horizons: (O,)."""
        width = min(window or self.week, len(self.origins))
        rolled = {}
        for name, error in self.errors().items():
            known = np.isfinite(error)
            total = np.cumsum(np.where(known, np.abs(error), 0.0).sum(axis=1))
            count = np.cumsum(known.sum(axis=1))
            total[width:], count[width:] = total[width:] - total[:-width], count[width:] - count[:-width]
            rolled[name] = total / np.where(count > 0, count, np.nan)
        return rolled

    def verdict(self) -> str:
        """In words: at which horizons plashet beats which baseline, or that it does not."""
        table = self.mae()
        ours = table.pop(OURS)
        steps = [str(int(h)) for h in _landmarks(self.horizons)]
        return " ".join(_sentence(step, ours[step], {name: row[step] for name, row in table.items()}) for step in steps)

    def beats(self) -> dict[str, list[int]]:
        """By baseline: the horizons at which plashet's error is lower."""
        table = self.mae()
        ours = table[OURS]
        names = [name for name in table if name != OURS]
        return {name: [int(h) for h in self.horizons if ours[str(h)] < table[name][str(h)]] for name in names}

    def summary(self) -> dict[str, Any]:
        """The figures as one JSON object: mae by name and horizon, coverage by level, seconds, and what was chosen."""
        found = self.coverage()
        return {
            "mae": self.mae(),
            "coverage": {level: entry["mean"] for level, entry in found.items()},
            "intervals": found,
            "seconds": self.seconds,
            "origins": len(self.origins),
            "target": self.target,
            "verdict": self.verdict(),
            "chosen": dict(self.chosen),
            "warnings": list(self.warnings),
        }


def _landmarks(horizons: NDArray[np.int64]) -> list[int]:
    """First, middle-early (a quarter) and last horizon, each once."""
    quarter = horizons[max(len(horizons) // 4 - 1, 0)]
    return sorted({int(horizons[0]), int(quarter), int(horizons[-1])})


def _sentence(step: str, ours: float, table: dict[str, float]) -> str:
    """Whom plashet beats at one step, by at least `LEVEL`, and who beats it."""
    table = {name: error for name, error in table.items() if np.isfinite(error)}
    if not table or not np.isfinite(ours):
        return f"At step {step} there is nothing to compare."
    best = min(table, key=lambda name: table[name])
    beaten = _listed([name for name, error in table.items() if ours <= (1 - LEVEL) * error and error > 0])
    if table.get("persistence", np.inf) <= min(ours, table[best]) / (1 - LEVEL):
        return f"At step {step} nothing beats persistence" + (f"; plashet beats {beaten}." if beaten else ".")
    words = best.replace("_", " ")
    if table[best] == 0:
        said = f"At step {step} {words} is never off"
        return f"{said}; plashet beats {beaten}." if beaten else f"{said}."
    change = abs(100 * (1 - ours / table[best]))
    if ours <= (1 - LEVEL) * table[best]:
        return f"At step {step} plashet beats every baseline, the best of them, {words}, by {change:.0f} %."
    if ours <= (1 + LEVEL) * table[best]:
        said = f"At step {step} plashet is level with {words}"
    else:
        said = f"At step {step} {words} is better than plashet by {change:.0f} %"
    return f"{said}; plashet beats {beaten}." if beaten else f"{said}."


def _listed(names: list[str]) -> str:
    words = [name.replace("_", " ") for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _mean(values: Floats) -> float:
    known = np.isfinite(values)
    return float(values[known].mean()) if known.any() else float("nan")
