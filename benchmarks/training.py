"""How fast do liquid networks train? Beside ncps, in the same process, and beside nn.LSTM and nn.GRU of the same size.

A training step is what a user's loop does: forget the slopes, forward, squared error, backward, Adam (fused); 32
sequences of 32 ticks with 17 inputs, float32. Wall time, the parties taking turns; on two threads and, beside them,
on one (the process then has one core). In plashet's turn on two threads they are plashet's own and torch has one
(set_num_threads): a thread of torch that waits keeps its core busy for milliseconds after every operation. Then, of
plashet's frozen cells, one tick of one stream; and the memory that a training step on 1,000 ticks takes, in fresh
processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import common
import numpy as np
from common import Result
from memory import _peak

QUESTION = "training"
BATCH, TICKS, INPUTS, LONG = 32, 32, 17, 1000
# case: (family, units, motor neurons of its wiring or None for a dense one, least ratio to ncps on two threads)
CASES: dict[str, tuple[str, int, int | None, float]] = {
    "LTC, dense": ("LTC", 32, None, 12.0),
    "LTC, dense, 64": ("LTC", 64, None, 12.0),
    "LTC, NCP": ("LTC", 32, 4, 50.0),
    "LTC, NCP, 64": ("LTC", 64, 8, 50.0),
    "CfC": ("CfC", 32, None, 4.0),
    "CfC, 64": ("CfC", 64, None, 4.0),
    "CfC, NCP": ("CfC", 32, 4, 20.0),
    "CfC, NCP, 64": ("CfC", 64, 8, 20.0),
}
STREAMED, MOST = ("LTC, NCP", "CfC, NCP"), 15.0  # microseconds of one tick
REMEMBERED, SHARE = ("LTC, dense", "LTC, NCP", "CfC"), 1 / 20


def measure(options: Namespace) -> list[Result]:
    import torch

    results = []
    for threads in (2, 1):
        with on_cores(threads):
            for case in CASES:
                results += steps(case, threads, options)
    torch.set_num_threads(1)
    results += [tick(case, options) for case in STREAMED]
    return results + [r for case in REMEMBERED for r in memory(case, options)]


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """While it lasts, this process has so many cores: plashet takes a thread for each."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def module(case: str, who: str, seed: int = 0) -> Any:
    """The network of a case as a torch module that gives (output, state) of (batch, ticks, inputs)."""
    import torch

    torch.manual_seed(seed)
    family, units, motor, _ = CASES[case]
    if who == "bare":
        return bare(units if motor is None else motor)
    if who.startswith("nn."):
        return getattr(torch.nn, who[3:])(INPUTS, units, batch_first=True)
    import ncps.torch
    import ncps.wirings

    import plashet.nn

    wired = None if motor is None else ncps.wirings.AutoNCP(units, motor)
    home = ncps.torch if who == "ncps" else plashet.nn
    return getattr(home, family)(INPUTS, units if wired is None else wired, batch_first=True)


def bare(units: int) -> Any:
    """A module that gives one learnt number as its output and remembers nothing."""
    import torch

    class OneNumber(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.number = torch.nn.Parameter(torch.zeros(()))

        def forward(self, x: Any) -> tuple[Any, None]:
            return torch.zeros(*x.shape[:2], units).add_(self.number), None

    return OneNumber()


def one_step(net: Any, ticks: int = TICKS) -> Callable[[], None]:
    """What a user's training loop does once."""
    import torch

    rng = torch.Generator().manual_seed(0)
    x = torch.randn(BATCH, ticks, INPUTS, generator=rng)
    target = torch.randn(net(x[:1, :1])[0].shape[-1], generator=rng)
    adam = torch.optim.Adam(net.parameters(), 1e-3, fused=True)

    def step() -> None:
        adam.zero_grad()
        ((net(x)[0] - target) ** 2).mean().backward()
        adam.step()

    return step


def steps(case: str, threads: int, options: Namespace) -> list[Result]:
    """A training step of every party, wall milliseconds."""
    peers = ("ncps", "nn.LSTM", "nn.GRU") if options.peers and has_ncps() else ()
    jobs = {who: one_step(module(case, who, options.seed)) for who in ("plashet", *peers)}
    taken = in_turns(jobs, options.repetitions, threads)
    units, least = CASES[case][1], CASES[case][3]
    results = []
    for who, each in taken.items():
        against = common.ratio(taken["ncps"], each) if who == "plashet" and "ncps" in taken else None
        judged = against is not None and threads == 2
        results.append(
            Result(
                QUESTION, units, who, median(each), "ms a step", min(each), max(each), options.command, "ncps", against,
                f"≥ {least:.0f}x" if judged else "", against[0] >= least if judged else None,
                {"case": case, "threads": threads, "load": load()},
            )
        )  # fmt: skip
    return results


def in_turns(
    jobs: dict[str, Callable[[], None]], repetitions: int, threads: int, least: float = 0.1
) -> dict[str, list[float]]:
    """Wall milliseconds of one call of every job, the jobs taking turns, short ones called several times a turn."""
    import torch

    taken: dict[str, list[float]] = {who: [] for who in jobs}
    for _ in range(repetitions):
        for who, job in jobs.items():
            torch.set_num_threads(1 if who == "plashet" else threads)
            calls = max(1, round(least / min(seconds(job, 1), seconds(job, 1))))
            taken[who].append(seconds(job, calls) * 1e3)
    return taken


def seconds(job: Callable[[], None], calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        job()
    return (time.perf_counter() - begun) / calls


def tick(case: str, options: Namespace) -> Result:
    """One tick of one stream through the frozen cell, p50 of many, wall microseconds."""
    cell = module(case, "plashet", options.seed).cell()
    u = np.random.default_rng(0).normal(size=(5000, INPUTS)).astype(np.float32)
    state, taken = cell.init(u[0]), []
    for now in u:
        begun = time.perf_counter_ns()
        state, _ = cell.tick(state, now, 1.0)
        taken.append((time.perf_counter_ns() - begun) / 1e3)
    half = float(np.median(taken))
    note = {"case": f"{case}, one tick of one stream", "p99": float(np.percentile(taken, 99)), "threads": 1}
    return Result(
        QUESTION, CASES[case][1], "plashet", half, "µs", min(taken), max(taken), options.command,
        wanted=f"≤ {MOST:.0f} µs", met=half <= MOST, notes=note,
    )  # fmt: skip


def memory(case: str, options: Namespace) -> list[Result]:
    """What a step on LONG ticks takes beyond one on a few, in processes of their own; and the network's part of it."""
    peers = ("ncps",) if options.peers and has_ncps() else ()
    taken = {who: in_a_child(case, who, options.seed) for who in ("bare", "plashet", *peers)}
    for_all = taken.pop("bare")
    own = {who: max(megabytes - for_all, 0.1) for who, megabytes in taken.items()}
    results = []
    for what, held in (("memory", taken), ("memory of the network alone", own)):
        for who, megabytes in held.items():
            share = megabytes / held["ncps"] if who == "plashet" and "ncps" in held else None
            results.append(
                Result(
                    QUESTION, CASES[case][1], who, megabytes, "MB", megabytes, megabytes, options.command, "ncps",
                    None if share is None else (1 / share,) * 3, "≤ 1/20" if share else "", share and share <= SHARE,
                    {"case": f"{case}, {what} of a step on {LONG} ticks", "threads": 1},
                )
            )  # fmt: skip
    return results


def in_a_child(case: str, who: str, seed: int) -> float:
    command = [sys.executable, __file__, "--child", case, who, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=common.clean_environment())
    return float(json.loads(done.stdout.splitlines()[-1]))


def child(case: str, who: str, seed: int) -> None:
    """What the child does: a short step, then a long one; how many megabytes more it held at most."""
    net = module(case, who, seed)
    one_step(net, 10)()
    forget_peak()
    before = peak()
    one_step(net, LONG)()
    print(json.dumps(max(peak() - before, 0.1)))


def forget_peak() -> None:
    """What this process held at most is counted from now on, where Linux lets it: importing torch held more."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def peak() -> float:
    """The most this process has held, in MB."""
    held = [line.split()[1] for line in common._lines("/proc/self/status") if line.startswith("VmHWM")]
    return int(held[0]) / 2**10 if held else _peak()


def has_ncps() -> bool:
    try:
        return bool(metadata.version("ncps"))
    except metadata.PackageNotFoundError:
        return False


def load() -> float:
    """What else the machine does: wall times suffer from it."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else float("nan")


def show(results: list[Result]) -> str:
    rows = []
    for r in results:
        threads = f"{r.notes['threads']}"
        other = common.times(r.ratio) if r.ratio else ""
        rows.append((r.notes["case"], r.units, threads, r.who, f"{r.value:.3g} {r.unit}", other, common.verdict(r)))
    columns = ("case", "units", "threads", "who", "takes", "ncps takes", "wanted")
    loads = [r.notes["load"] for r in results if "load" in r.notes]
    return common.table(columns, rows) + f"\nLoad of the machine: {min(loads):g} to {max(loads):g}.\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        common.main("training.py", measure, show, units=[32], ticks=0, repetitions=9)
