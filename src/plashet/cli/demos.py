"""The demonstrations: which embedded stream, from which row on, how far ahead, and what one must know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Demo:
    """One stream: `load` gives (values for the forecaster, stamps); the first `start` rows choose, the rest test."""

    data: str
    title: str
    unit: str
    column: str
    start: int
    horizon: int
    every: str
    reference: str
    load: Callable[[], tuple[Any, np.ndarray]]
    notes: tuple[str, ...]

    @property
    def lead(self) -> str:
        """What is done, in two sentences."""
        steps = f"a forecast of {self.horizon} steps" if self.horizon > 1 else "a forecast"
        return (
            f"Everything is chosen on the first {self.start:,} {self.every}s. From then on {steps} from every "
            f"{self.every}, and each {self.every} is learnt as it comes; nothing is fitted again."
        )


def _victoria() -> tuple[Any, np.ndarray]:
    from ..data import victoria_demand

    demand = victoria_demand()
    return demand, demand.index.to_numpy()


def _new_york() -> tuple[Any, np.ndarray]:
    from ..data import new_york_weather

    # the missing hours become rows without a value: time goes on when nobody looks
    temperature = new_york_weather()["temperature_f"].asfreq("h")
    return temperature, temperature.index.to_numpy()


def _brent() -> tuple[Any, np.ndarray]:
    from ..data import arrays

    data = arrays("brent_oil")
    # steps are trading days: without stamps, a weekend is no gap
    return data["price_usd"], data["date"]


DEMOS = {
    "victoria": Demo(
        data="victoria_demand",
        title="Electricity demand of Victoria, 24 hours ahead",
        unit="MW",
        column="demand_mw",
        start=2400,
        horizon=24,
        every="hour",
        reference="weekly_naive",
        load=_victoria,
        notes=(
            "The column is the sum of the two half-hourly readings in MW, twice the mean power of the hour: "
            "an error of 76 here is 38 MW of power.",
            "Market time (UTC+10, no daylight saving). Source: Australian Energy Market Operator.",
        ),
    ),
    "new-york": Demo(
        data="new_york_weather",
        title="Temperature in New York, 24 hours ahead",
        unit="°F",
        column="temperature_f",
        start=5840,
        horizon=24,
        every="hour",
        reference="persistence",
        load=_new_york,
        notes=(
            "24 hours are missing; the liquid runs on through them, and errors count only where the hour was observed.",
            "Times are UTC. Source: NOAA, JFK airport, 2013.",
        ),
    ),
    "brent": Demo(
        data="brent_oil",
        title="Price of Brent crude oil, five trading days ahead",
        unit="USD",
        column="price_usd",
        start=6195,
        horizon=5,
        every="trading day",
        reference="persistence",
        load=_brent,
        notes=(
            "A check of honesty: nothing is expected to beat yesterday's price, and nobody should trade on this page.",
            "Steps are trading days. Source: U.S. Energy Information Administration.",
        ),
    ),
}
