"""How long does one live tick take? Predict, then learn (RLS with forgetting), a noisy sine, one thread.

plashet: `Live.predict` and `Live.learn`. reservoirpy: `Reservoir.step`, `RLS.step`, `RLS.partial_fit`. rclib:
`predict_online` and `partial_fit`. resdag: its layer, its RLS readout and `partial_fit`. NumPy: a dense step and the
RLS of the textbooks. Everyone's ticks take turns, some hundred at a time. The latencies are wall time, so what else the
machine does is in the tail; the processor's share of the tick is beside it, and the ratio is of the medians.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import common
import numpy as np
import peers
from common import Result

import plashet as pl

FORGETTING = 0.999
TURN = 250  # ticks in a row of one party
WANTED = {300: 5.0}  # reservoirpy's median over plashet's, at least
LATENCY = {100: 20.0}  # µs, plashet's median at most
SLOW = 1_000  # ticks are enough for a party that is not plashet beyond 300 units

Tick = Callable[[Any, Any], Any]  # input (1,) and target (1,) -> the guess made before


def measure(options: Namespace) -> list[Result]:
    return [result for units in options.units for result in one_size(units, options)]


def one_size(units: int, options: Namespace) -> list[Result]:
    u, y = _sine(options.ticks, options.seed)
    parties = _parties(units, options)
    wall: dict[str, list[int]] = {name: [] for name in parties}
    work: dict[str, list[float]] = {name: [] for name in parties}
    for first in range(0, options.ticks, TURN):
        for name, tick in parties.items():
            taken, share = _turn(tick, u[first : first + TURN], y[first : first + TURN])
            if first:  # the first turn warms up
                wall[name] += taken
                work[name].append(share)
    return [_result(name, units, wall, work, options) for name in parties]


def _turn(tick: Tick, u: Any, y: Any) -> tuple[list[int], float]:
    """Wall nanoseconds of every tick; processor microseconds of the mean tick."""
    taken = []
    begun = time.process_time_ns()
    for now, target in zip(u, y, strict=True):
        start = time.perf_counter_ns()
        tick(now, target)
        taken.append(time.perf_counter_ns() - start)
    return taken, (time.process_time_ns() - begun) / len(y) / 1e3


def _sine(ticks: int, seed: int) -> tuple[Any, Any]:
    """A noisy sine and its next value, both (ticks, 1)."""
    noise = 0.1 * np.random.default_rng(seed).standard_normal(ticks + 1)
    values = np.sin(0.2 * np.arange(ticks + 1)) + noise
    return values[:-1, None].copy(), values[1:, None].copy()


def plashet_tick(units: int, seed: int) -> Tick:
    liquid = pl.Leaky.from_leak_rate(pl.wiring.bands(units, 1, seed=seed), peers.LEAK)
    live = pl.Live(pl.unread(liquid), pl.RLS.per_tick(FORGETTING))

    def tick(u: Any, y: Any) -> Any:
        guess = live.predict(u)
        live.learn(y)
        return guess

    return tick


def _parties(units: int, options: Namespace) -> dict[str, Tick]:
    here, seed = common.present(options.peers), options.seed
    liquid = pl.Leaky.from_leak_rate(pl.wiring.bands(units, 1, seed=seed), peers.LEAK)
    parties = {"plashet": plashet_tick(units, seed), "NumPy": peers.textbook_tick(liquid, FORGETTING)}
    made = {"reservoirpy": peers.reservoirpy_tick, "rclib": peers.rclib_tick, "resdag": peers.resdag_tick}
    return parties | {name: made[name](units, seed, FORGETTING) for name in here}


def _result(name: str, units: int, wall: Any, work: Any, options: Namespace) -> Result:
    half, most, worst = np.percentile(wall[name], [50, 99, 99.9]) / 1e3
    against = _against(wall, name)
    wanted, met = "", None
    if name == "plashet" and units in LATENCY:
        wanted, met = f"≤ {LATENCY[units]:g} µs", bool(half <= LATENCY[units])
    elif name == "plashet" and units in WANTED and against:
        wanted, met = f"≥ {WANTED[units]:g}x", against[0] >= WANTED[units]
    return Result(
        "tick", units, name, float(half), "µs", float(min(wall[name]) / 1e3), float(max(wall[name]) / 1e3),
        f"{options.command} --units {units}", "reservoirpy", against, wanted, met,
        {"p99": float(most), "p99.9": float(worst), "processor": float(np.median(work[name]))},
    )  # fmt: skip


def _against(wall: Any, name: str) -> tuple[float, float, float] | None:
    """reservoirpy's median over this one's, turn by turn: median, least, most."""
    if "reservoirpy" not in wall:
        return None
    halves = {who: np.median(np.reshape(wall[who], (-1, TURN)), axis=1) for who in ("reservoirpy", name)}
    return common.ratio(halves["reservoirpy"].tolist(), halves[name].tolist())


def show(results: list[Result]) -> str:
    rows = [
        (
            r.units, r.who, f"{r.value:.1f}", f"{r.notes['p99']:.0f}", f"{r.notes['p99.9']:.0f}",
            f"{r.notes['processor']:.1f}", common.times(r.ratio), common.verdict(r),
        )
        for r in results
    ]  # fmt: skip
    columns = ("units", "who", "p50 µs", "p99", "p99.9", "processor µs", "reservoirpy takes", "wanted")
    return common.table(columns, rows)


if __name__ == "__main__":
    common.main("tick.py", measure, show, units=[100, 300], ticks=6_000, repetitions=1)
