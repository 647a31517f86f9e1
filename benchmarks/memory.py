"""How much memory does fitting take, and what does a live tick allocate?

Every fit runs in a process of its own, which reports its greatest resident size beside what it had before it began
(libraries and data loaded). plashet keeps a factor of fixed size and drives the liquid a block at a time, so what a fit
takes does not grow with the series; reservoirpy keeps all states. The live tick is traced by `tracemalloc`: what a
thousand ticks leave behind, and the most that is held while one is made.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tracemalloc
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import common
import numpy as np
import peers
from common import Result

import plashet as pl

LENGTHS = (5_000, 20_000, 80_000)
PENALTY = 1e-2
GROWTH = 1.0  # MB that a fit may take more for sixteen times the ticks


def measure(options: Namespace) -> list[Result]:
    lengths = [options.ticks * length // max(LENGTHS) for length in LENGTHS]
    return [r for units in options.units for r in [*_fits(units, lengths, options), _tick(units, options)]]


def _fits(units: int, lengths: list[int], options: Namespace) -> list[Result]:
    results = []
    for who in (
        "plashet",
        *(name for name in ("reservoirpy", "rclib", "resdag") if name in common.present(options.peers)),
    ):
        taken = [_in_a_child(who, units, ticks, options.seed) for ticks in lengths]
        extra = [peak - before for before, peak in taken]
        grown = extra[-1] - extra[0]
        results.append(
            Result(
                "memory", units, f"{who}, fit", extra[-1], "MB", min(extra), max(extra),
                f"{options.command} --units {units}", wanted=f"≤ {GROWTH:g} MB more" if who == "plashet" else "",
                met=grown <= GROWTH if who == "plashet" else None,
                notes={"ticks": lengths, "fit MB": extra, "process MB": [peak for _, peak in taken]},
            )
        )  # fmt: skip
    return results


def _in_a_child(who: str, units: int, ticks: int, seed: int) -> tuple[float, float]:
    """Resident megabytes before and at most, of a process that fits."""
    command = [sys.executable, __file__, "--child", who, str(units), str(ticks), str(seed)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=common.clean_environment()).stdout
    before, peak = json.loads(output.splitlines()[-1])
    return before, peak


def child(who: str, units: int, ticks: int, seed: int) -> None:
    """What the child does: loads, draws, warms up on a short series, fits, reports."""
    u = np.random.default_rng(seed).uniform(0, 0.5, (ticks, 1))
    y = np.roll(u, 1, axis=0) * u
    fit = _fitter(who, units, seed)
    fit(u[:2000], y[:2000])
    before = _peak()
    fit(u, y)
    print(json.dumps([before, _peak()]))


def _fitter(who: str, units: int, seed: int) -> Callable[[Any, Any], Any]:
    if who == "plashet":
        liquid = pl.Leaky.from_leak_rate(pl.wiring.bands(units, 1, seed=seed), peers.LEAK)
        return lambda u, y: pl.fit(pl.unread(liquid), pl.Ridge(PENALTY), (u, y))
    if who == "reservoirpy":
        esn = peers.reservoirpy_esn(peers.reservoirpy_reservoir(units, seed), PENALTY)
        return lambda u, y: esn.fit(u, y)
    if who == "rclib":
        model = peers.rclib_model(units, seed, peers.rclib_ridge(PENALTY))
        return lambda u, y: model.fit(u, y)
    return lambda u, y: peers.resdag_fit(units, seed, PENALTY, u, y, 0)[0]()


def _peak() -> float:
    """The process' greatest resident size so far, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def _tick(units: int, options: Namespace) -> Result:
    """What live ticks leave behind, per tick, and the most held above that while one is made."""
    liquid = pl.Leaky.from_leak_rate(pl.wiring.bands(units, 1, seed=options.seed), peers.LEAK)
    live = pl.Live(pl.unread(liquid), pl.RLS(memory=1000.0))
    u = np.sin(0.2 * np.arange(1501.0))[:, None]

    def go(first: int, last: int) -> None:
        for t in range(first, last):
            live.predict(u[t])
            live.learn(u[t + 1])

    go(0, 500)
    tracemalloc.start()
    go(500, 600)  # whatever is made once is made now
    begun = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    go(600, 1500)
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    each = (left - begun) / 900
    return Result(
        "memory", units, "plashet, live tick", each, "bytes left per tick", each, each,
        f"{options.command} --units {units}", wanted="≤ 1 byte left", met=each <= 1.0,
        notes={"most held while one is made": peak - begun},
    )  # fmt: skip


def show(results: list[Result]) -> str:
    rows: list[tuple[Any, ...]] = []
    fits = [r for r in results if r.unit == "MB"]
    for r in fits:
        rows.append((r.units, r.who, *(f"{mb:.1f}" for mb in r.notes["fit MB"]), f"{r.notes['process MB'][-1]:.0f}",
                     common.verdict(r)))  # fmt: skip
    ticks = [f"MB at {n:,} ticks" for n in (fits[0].notes["ticks"] if fits else LENGTHS)]
    text = common.table(("units", "who", *ticks, "whole process", "wanted"), rows)
    for r in results:
        if r.unit != "MB":
            held = r.notes["most held while one is made"] / 1000
            text += f"\nA live tick of {r.units} units leaves {r.value:.2g} bytes behind ({common.verdict(r)}) and holds {held:.1f} kB while it is made.\n"  # noqa: E501
    return text


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], *map(int, sys.argv[3:6]))
    else:
        common.main("memory.py", measure, show, units=[200], ticks=max(LENGTHS), repetitions=1)
