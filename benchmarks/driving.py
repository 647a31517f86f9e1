"""How fast is a series driven through a liquid? One series, ten connections a unit, all states kept, one thread.

"out=" writes the states into an array that is already there (the second call is timed); "fresh" makes a new one.
reservoirpy is as its constructor draws it, ten connections a unit; "given plashet's arrays" is the same computation as
plashet's, and its states must agree. rclib and resdag draw their own reservoir of about ten connections a unit; rclib
by its compiled step, called once a tick (the only way to its states), and by `predict`, which is its own loop over the
ticks with a readout of one output and gives no states. resdag's sparse product is slower on a CPU, so it is dense.
"""

from __future__ import annotations

from argparse import Namespace
from statistics import median
from typing import Any

import common
import numpy as np
import peers
from common import Result

import plashet as pl

LEAST = 0.2  # seconds of a turn
WANTED = {  # the least ratio to reservoirpy
    ("bands float32", 100): 40.0,
    ("bands float32", 500): 40.0,
    ("bands float32", 1000): 35.0,
    ("bands float64", 100): 20.0,
    ("bands float64", 500): 15.0,
    ("bands float64", 1000): 12.0,
    **{(f"random {kind}", n): 5.0 for kind in ("float32", "float64") for n in (100, 500, 1000)},
}


def measure(options: Namespace) -> list[Result]:
    return [result for units in options.units for result in one_size(units, options)]


def one_size(units: int, options: Namespace) -> list[Result]:
    u = np.random.default_rng(options.seed).uniform(-1, 1, (options.ticks, 1))
    jobs: dict[str, Any] = {}
    for wiring in ("bands", "random"):
        liquid = pl.Leaky.from_leak_rate(getattr(pl.wiring, wiring)(units, 1, seed=options.seed), peers.LEAK)
        for kind in ("float32", "float64"):
            jobs |= _plashet(f"plashet {wiring} {kind}", liquid, u.astype(kind))
        jobs |= _given(liquid, u) if wiring == "bands" and "reservoirpy" in common.present(options.peers) else {}
    jobs |= _peers(units, options, u)
    jobs["NumPy, dense np.dot"] = peers.textbook_run(liquid, u)
    return _results(units, options, common.interleaved(jobs, options.repetitions, LEAST))


def _plashet(name: str, liquid: Any, u: Any) -> dict[str, Any]:
    out = np.empty((len(u), liquid.outputs), u.dtype)
    return {f"{name} out=": lambda: pl.run(liquid, u, out=out), f"{name} fresh": lambda: pl.run(liquid, u)}


def _given(liquid: Any, u: Any) -> dict[str, Any]:
    """reservoirpy with the same weights, once its states are seen to be the same."""
    given = peers.reservoirpy_reservoir(liquid.outputs, 0, like=liquid)
    apart = np.abs(given.run(u[:1000]) - pl.run(liquid, u[:1000])[0]).max()
    if apart > 1e-10:
        raise AssertionError(f"reservoirpy with plashet's weights is {apart} away from plashet")
    return {"reservoirpy given plashet's arrays": lambda: given.run(u)}


def _peers(units: int, options: Namespace, u: Any) -> dict[str, Any]:
    here, jobs = common.present(options.peers), {}
    if "reservoirpy" in here:
        drawn = peers.reservoirpy_reservoir(units, options.seed)
        jobs["reservoirpy"] = lambda: drawn.run(u)
    if "rclib" in here:
        model = peers.rclib_model(units, options.seed, peers.rclib_ridge(1e-6))
        model.fit(u[:200], u[:200])
        jobs["rclib, step by step"] = peers.rclib_advance(units, options.seed, u)
        jobs["rclib predict"] = lambda: model.predict(u)
    if "resdag" in here:
        jobs["resdag"] = peers.resdag_run(peers.resdag_layer(units, options.seed), u)
    return jobs


def _results(units: int, options: Namespace, times: dict[str, list[float]]) -> list[Result]:
    results, command = [], f"{options.command} --units {units}"
    loops = [times[name] for name in times if name.startswith("rclib")]
    for name, seconds in times.items():
        each = [s / options.ticks * 1e6 for s in seconds]
        against = common.ratio(times["reservoirpy"], seconds) if "reservoirpy" in times else None
        wanted = WANTED.get((name.removeprefix("plashet ").removesuffix(" out="), units)) if "out=" in name else None
        notes = {"rclib's loop over this": common.ratio(min(loops, key=median), seconds)} if loops else {}
        enough = f"≥ {wanted:.0f}x" if wanted and against else ""
        results.append(
            Result(
                "driving", units, name, median(each), "µs per tick", min(each), max(each), command, "reservoirpy",
                against, enough, against[0] >= wanted if enough else None, notes,
            )
        )  # fmt: skip
    return results


def show(results: list[Result]) -> str:
    rows = [
        (r.units, r.who, f"{r.value:.3g}", common.times(r.ratio), common.verdict(r), common.times(_loop(r)))
        for r in results
    ]
    columns = ("units", "who", "µs per tick", "reservoirpy takes", "wanted", "rclib's quicker loop takes")
    return common.table(columns, rows)


def _loop(result: Result) -> tuple[float, float, float] | None:
    held = result.notes.get("rclib's loop over this")
    return held if held and result.who.startswith("plashet") else None


if __name__ == "__main__":
    common.main("driving.py", measure, show, units=[100, 500, 1000], ticks=20_000, repetitions=3)
