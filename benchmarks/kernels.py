"""How fast the compiled leaky liquid is driven, beside reservoirpy and rclib in the same run, one thread.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/kernels.py [--ticks 20000] [--repeats 5] [--json FILE]

Ten connections a unit, one input, one series; all states are written to `out=`, whose pages were touched before (the
row "fresh" pays for new pages). Times are processor time, which a busy machine disturbs less; all libraries take turns,
and the best round of each counts. rclib gives its states only through a readout, so its time holds one output too.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import plashet as pl
from plashet import _kernels, wiring

UNITS = (100, 500, 1000)
DEGREE = 10
DRAWS = {"bands": wiring.bands, "random": wiring.random}
Trial = Callable[[], Any]


def liquid(draw: str, units: int) -> Any:
    return pl.Leaky.from_leak_rate(DRAWS[draw](units, 1, seed=0, degree=DEGREE), 0.3)


def ours(units: int, u: np.ndarray) -> dict[str, Trial]:
    trials: dict[str, Trial] = {}
    for draw in DRAWS:
        for dtype in (np.float32, np.float64):
            cell, drive = liquid(draw, units), u.astype(dtype)
            out = np.zeros((len(u), units), dtype)
            trials[f"{draw} {dtype.__name__}"] = lambda cell=cell, drive=drive, out=out: pl.run(cell, drive, out=out)
            trials[f"{draw} {dtype.__name__} fresh"] = lambda cell=cell, drive=drive: pl.run(cell, drive)
    return trials


def peers(units: int, u: np.ndarray) -> dict[str, Trial]:
    """Those that are installed."""
    trials: dict[str, Trial] = {}
    if installed("reservoirpy"):
        from reservoirpy.nodes import Reservoir

        reservoir = Reservoir(units, lr=0.3, sr=0.9, rc_connectivity=DEGREE / units, seed=0)
        trials["reservoirpy"] = lambda: reservoir.run(u)
    if installed("rclib"):
        import rclib

        model = rclib.ESN()
        model.add_reservoir(rclib.reservoirs.RandomSparse(units, 0.9, DEGREE / units, leak_rate=0.3))
        model.set_readout(rclib.readouts.Ridge(1e-3, include_bias=True))
        model.fit(u[: 2 * units], u[1 : 2 * units + 1])
        trials["rclib"] = lambda: model.predict(u)
    return trials


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def best(trials: dict[str, Trial], repeats: int) -> dict[str, float]:
    """Seconds of each trial, the best of several rounds in which all take turns."""
    seconds = dict.fromkeys(trials, float("inf"))
    for _ in range(repeats + 1):
        for name, trial in trials.items():
            begin = time.process_time()
            trial()
            seconds[name] = min(seconds[name], time.process_time() - begin)
    return seconds


def driving(ticks: int, repeats: int) -> dict[str, dict[str, float]]:
    """Microseconds a tick: {name: {units: us}}."""
    u = np.random.default_rng(0).uniform(-1, 1, (ticks, 1))
    table: dict[str, dict[str, float]] = {}
    for units in UNITS:
        for name, seconds in best({**ours(units, u), **peers(units, u)}, repeats).items():
            table.setdefault(name, {})[str(units)] = seconds / ticks * 1e6
    return table


def other(repeats: int) -> dict[str, dict[str, float]]:
    """A batch of 16 a series, one tick with its readout of 24 outputs, and a closed loop, in microseconds a tick."""
    table: dict[str, dict[str, float]] = {}
    rng = np.random.default_rng(0)
    for units in UNITS:
        for draw in DRAWS:
            cell = liquid(draw, units)
            plan = cell._plan(np.dtype(np.float64))
            u, out = rng.uniform(-1, 1, (500, 16, 1)), np.zeros((500, 16, units))
            x, dt, weights, bias = np.zeros((1, units)), np.ones((1, 1)), np.zeros((units, 24)), np.zeros(24)
            features, guess, free = np.empty(units), np.empty(24), np.empty((2000, 1, 1))
            series = np.zeros((16, units))
            tick = (u[0, 0], 1.0, x[0], features, weights, bias, guess)
            loop = (np.empty((2000, 1, 0)), dt, x, np.zeros((1, 1)), free, weights[:, :1].copy(), bias[:1])
            seconds = best(
                {
                    "of 16 series": lambda p=plan, a=(u, dt, series, out): p.run(*a),
                    "tick and read": lambda p=plan, a=tick: [p.tick(*a) for _ in range(2000)],
                    "closed loop": lambda p=plan, a=loop: p.generate(*a),
                },
                repeats,
            )
            for (name, value), count in zip(seconds.items(), (500 * 16, 2000, 2000), strict=True):
                table.setdefault(f"{draw} float64 {name}", {})[str(units)] = value / count * 1e6
    return table


def functions(repeats: int) -> dict[str, float]:
    """Nanoseconds a number."""
    table = {}
    for name in ("exp", "tanh", "logistic"):
        for dtype in (np.float32, np.float64):
            x = np.random.default_rng(0).normal(0, 1, 2048).astype(dtype)
            call, out = getattr(_kernels, f"simd_{name}"), np.empty_like(x)
            trial = {"": lambda call=call, x=x, out=out: [call(x, out) for _ in range(200)]}
            table[f"{name} {dtype.__name__}"] = best(trial, repeats)[""] / 200 / 2048 * 1e9
    return table


def show(table: dict[str, dict[str, float]], against: str) -> None:
    for name, row in table.items():
        line = "".join(f"{row[str(units)]:>9.2f}" for units in UNITS)
        if against in table:
            line += "   " + "".join(f"{table[against][str(n)] / row[str(n)]:>7.1f}x" for n in UNITS)
        print(f"  {name:<34}{line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    result: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "instruction_set": _kernels.instruction_sets()[0],
        "threads": {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
        "versions": {name: installed(name) for name in ("plashet", "numpy", "reservoirpy", "rclib")},
        "microseconds_a_tick": driving(args.ticks, args.repeats),
        "microseconds_a_tick_otherwise": other(args.repeats),
        "nanoseconds_a_number": functions(args.repeats),
    }
    print(f"microseconds a tick at {UNITS} units, {args.ticks} ticks, {DEGREE} connections   (times reservoirpy)")
    show(result["microseconds_a_tick"], "reservoirpy")
    show(result["microseconds_a_tick_otherwise"], "")
    print("nanoseconds a number: " + ", ".join(f"{n} {v:.2f}" for n, v in result["nanoseconds_a_number"].items()))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
