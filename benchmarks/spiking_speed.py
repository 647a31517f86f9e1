"""How fast do spiking liquids run? Beside NEST, in the same process, on the same network with the same input spikes.

Before a case is timed its spikes are compared: NEST has to have the same ones at the same steps (the note "same
spikes" is the share of all that both have). plashet is timed from its beginning to the outputs of all ticks of 1 ms;
NEST by `Simulate`, again and again without a recorder, its building not counted. "times real time" is biology over
processor time. Then, of plashet alone: a batch on two threads, all of FSDD through the column on two cores, and the
most memory that a fresh process takes for 10,000 units. Brian2 is asked in an environment of its own
(`make test-brian2` makes it; or that of BRIAN2_PYTHON), for its time per step with the NumPy target.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import common
import numpy as np
import spiking_nets as nets
from common import Result
from memory import _peak

import plashet as pl
from plashet import sequences
from plashet.encode.audio import LogMel
from plashet.liquids import compiled

QUESTION = "spiking speed"
CUBA = 4000
ROWS = 64
BIG = (100, 10, 10), 10.0  # the units of the memory test, and its seconds
LEAST = 0.05  # seconds of a turn
HERE = Path(__file__).resolve().parent
BRIAN2 = Path(os.environ.get("BRIAN2_PYTHON") or HERE.parent / ".venv-brian2" / "bin" / "python")
WANTED = {  # (case, kind): least ratio to NEST, least times real time
    ("column, 0.1 ms", 135, "float32"): (20.0, 300.0),
    ("CUBA, 0.1 ms", 4000, "float32"): (10.0, None),
}


def measure(options: Namespace) -> list[Result]:
    cases = [nets.column_case(units, options.seed, h) for units in options.units for h in (1e-4, 1e-3)]
    results = [r for case in [*cases, nets.cuba_case(CUBA, options.seed)] for r in one_case(case, options)]
    results += two_threads(options.units[0], options)
    results += fsdd(options.units[0], options)
    results += memory(options)
    return results + brian2(options)


def has_nest() -> bool:
    try:
        return bool(metadata.version("nest-simulator"))
    except metadata.PackageNotFoundError:
        return False


def one_case(case: nets.Case, options: Namespace) -> list[Result]:
    jobs = {f"plashet {kind}": nets.plashet_job(case, kind) for kind in ("float32", "float64")}
    same = None
    if options.peers and has_nest():
        same = nets.agreement(case)
        jobs["NEST"] = nets.Nest(case).simulate
    times = common.interleaved(jobs, options.repetitions, LEAST)
    return [_result(case, name, times, same, options) for name in jobs]


def _result(case: nets.Case, name: str, times: dict[str, list[float]], same: Any, options: Namespace) -> Result:
    each = [s / case.seconds * 1e3 for s in times[name]]
    against = common.ratio(times["NEST"], times[name]) if "NEST" in times else None
    units, kind = case.cell.outputs, name.removeprefix("plashet ")
    least, real = WANTED.get((case.name, units, kind), (None, None))
    words = [f"≥ {least:.0f}x"] if least and against else []
    words += [f"≥ {real:.0f}x real time"] if real else []
    held = (not least or not against or against[0] >= least) and (not real or 1e3 / median(each) >= real)
    spikes = len(nets.plashet_spikes(case)) / units / case.seconds
    notes = {"case": case.name, "times real time": 1e3 / median(each), "same spikes": same, "Hz": spikes,
             "synapses": case.cell.circuit.topology.edges, "load": _load()}  # fmt: skip
    return Result(
        QUESTION, units, name, median(each), "ms per second", min(each), max(each), options.command, "NEST", against,
        ", ".join(words), held if words else None, notes,
    )  # fmt: skip


def two_threads(units: int, options: Namespace) -> list[Result]:
    """A batch on one thread and on two, wall time; the quickest of many turns, for a busy machine only slows them."""
    case = nets.column_case(units, options.seed, 1e-4)
    u, dt = case.inputs("float32")
    batch = np.repeat(u[:, None], ROWS, axis=1)
    state = case.cell.init(batch[0])
    taken: dict[int, list[float]] = {1: [], 2: []}
    out: dict[int, Any] = {}
    for _ in range(4 * options.repetitions):
        for cores in taken:
            begun = time.perf_counter()
            out[cores] = _on(cores, case.cell, state, batch, dt)
            taken[cores].append((time.perf_counter() - begun) * 1e3)
    if not np.array_equal(out[1], out[2]):
        raise AssertionError("two threads gave other outputs than one")
    if (os.cpu_count() or 1) < 2:
        return []
    gain = min(taken[1]) / min(taken[2])
    spread = common.ratio(taken[1], taken[2])
    note = {"case": f"batch of {ROWS}, one thread over two", "one thread": min(taken[1]), "load": _load(),
            "by processor time": _balance(case.cell, batch, dt)}  # fmt: skip
    return [
        Result(
            QUESTION, units, "plashet float32, two threads", min(taken[2]), f"ms, wall at load {_load():g}",
            min(taken[2]), max(taken[2]), options.command, "one thread",
            (gain, min(spread[1], gain), max(spread[2], gain)), "≥ 1.8x", gain >= 1.8, note,
        )
    ]  # fmt: skip


def _balance(cell: Any, u: Any, dt: Any) -> float:
    """Processor time of all rows in one thread over that of the busier of two: what two free cores would gain."""

    def taken(rows: slice) -> float:
        state = cell.init(u[0, rows], keys=np.arange(ROWS)[rows])
        begun = time.thread_time()
        cell.run(state, u[:, rows], dt)
        return time.thread_time() - begun

    gains = []
    for _ in range(9):
        with _cores(1), ThreadPoolExecutor(2) as pool:
            whole = taken(slice(None))
            gains.append(whole / max(pool.map(taken, (slice(0, ROWS // 2), slice(ROWS // 2, None)))))
    return median(gains)


def _on(cores: int, cell: Any, state: Any, u: Any, dt: Any) -> Any:
    with _cores(cores):
        return cell.run(state, u, dt)[1]


@contextmanager
def _cores(cores: int) -> Iterator[None]:
    """While it lasts, rows of a batch go to so many threads."""
    before = compiled.cores_for
    compiled.cores_for = lambda rows, work: cores
    try:
        yield
    finally:
        compiled.cores_for = before


def fsdd(units: int, options: Namespace) -> list[Result]:
    """Every recording of FSDD through a column: log-mel currents, spikes in five segments, on all cores; wall time."""
    folder = os.environ.get("PLASHET_BENCH_DATA")
    if not folder or not (Path(folder) / "fsdd.npz").exists():
        return []
    frames, seconds = _log_mel(Path(folder) / "fsdd.npz")
    cell = _listening(nets.column_case(units, options.seed, 1e-4).cell, frames[0].shape[1], options.seed)
    taken, cpu = [], []
    for _ in range(max(options.repetitions // 2, 1)):
        begun, busy = time.perf_counter(), time.process_time()
        found = sequences.features(cell, frames, 0.01)
        taken.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - busy)
    note = {"case": f"FSDD whole, {seconds:.0f} s of sound, 0.1 ms", "processor s": min(cpu),
            "times real time": seconds / min(taken), "mean feature": float(found.mean()), "load": _load()}  # fmt: skip
    return [
        Result(
            QUESTION, units, "plashet float32, all cores", min(taken), f"s, wall at load {_load():g}",
            min(taken), max(taken), options.command, wanted="≤ 6 s on two cores", met=min(taken) <= 6.0, notes=note,
        )
    ]  # fmt: skip


def _log_mel(path: Path) -> tuple[list[Any], float]:
    """(frames, 40) for each recording, scaled to mean 0 and spread 1; and how many seconds of sound they are."""
    held = np.load(path)
    sounds = np.split(held["samples"].astype(np.float64) / 32768, held["offsets"][1:-1])
    frames = [LogMel(8000)(sound) for sound in sounds]
    joined = np.concatenate(frames)
    center, spread = joined.mean(axis=0), joined.std(axis=0)
    return [((f - center) / spread).astype(np.float32) for f in frames], len(np.concatenate(sounds)) / 8000


def _listening(cell: Any, channels: int, seed: int) -> Any:
    """The column with channels as currents into three units in ten, instead of its event line."""
    rng = np.random.default_rng(seed)
    units = cell.outputs
    w = rng.normal(0, 1.5, (units, channels)) * (rng.random((units, channels)) < 0.3)
    inputs = pl.wiring.Inputs(w, np.zeros((units, 0)))
    return replace(cell, circuit=replace(cell.circuit, inputs=inputs))


def memory(options: Namespace) -> list[Result]:
    """The most that a fresh process takes for BIG: its interpreter and libraries included."""
    peak, units, spikes = _in_a_child(options.seed)
    note = {"case": f"{BIG[1]:g} s of biology, 0.1 ms", "spikes": spikes}
    return [
        Result(
            QUESTION, units, "plashet float32, whole process", peak, "MB", peak, peak, options.command,
            wanted="≤ 500 MB", met=peak <= 500, notes=note,
        )
    ]  # fmt: skip


def _in_a_child(seed: int) -> tuple[float, int, float]:
    command = [sys.executable, __file__, "--child", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=common.clean_environment())
    peak, units, spikes = json.loads(done.stdout.splitlines()[-1])
    return peak, units, spikes


def child(seed: int) -> None:
    """What the child does: a large column under ten Poisson lines, its filtered spikes every 100 ms."""
    shape, seconds = BIG
    circuit = pl.wiring.column(shape, inputs=10, seed=seed)
    cell = pl.liquids.maass2002(seed=seed, circuit=circuit)
    ticks = round(seconds / 0.1)
    u = np.random.default_rng(seed).poisson(2.0, (ticks, 10)).astype(np.float32)
    _, outputs = cell.run(cell.init(u[0]), u, np.full(ticks, 0.1))
    print(json.dumps([_most(), cell.outputs, float(outputs.mean())]))


def _load() -> float:
    """What else the machine does: wall times suffer from it."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else float("nan")


def _most() -> float:
    """The most this process has held, in MB. On Linux ru_maxrss may be that of the parent."""
    held = [line.split()[1] for line in common._lines("/proc/self/status") if line.startswith("VmHWM")]
    return int(held[0]) / 2**10 if held else _peak()


def brian2(options: Namespace) -> list[Result]:
    """Brian2's time per step on the column, from two runs that differ in length only, in its own environment."""
    if not (options.peers and BRIAN2.exists()):
        return []
    units = options.units[0]
    command = [str(BRIAN2), str(HERE / "spiking_brian2.py"), str(units), str(options.seed)]
    done = subprocess.run(command, capture_output=True, text=True, env=common.clean_environment())
    if done.returncode:
        print(f"Brian2 failed: {done.stderr.strip().splitlines()[-1]}")
        return []
    found = json.loads(done.stdout.splitlines()[-1])
    note = {"case": "column, 0.1 ms", "times real time": 1 / found["seconds per second"], "same spikes": found["same"],
            "Brian2": found["version"]}  # fmt: skip
    value = found["seconds per second"] * 1e3
    return [Result(QUESTION, units, "Brian2, NumPy", value, "ms per second", value, value, options.command, notes=note)]


def show(results: list[Result]) -> str:
    rows = []
    for r in results:
        speed = f"{r.notes['times real time']:.3g}x" if "times real time" in r.notes else ""
        same = "" if r.notes.get("same spikes") is None else f"{r.notes['same spikes']:.1%}"
        other = common.times(r.ratio) if r.who.startswith("plashet") else ""
        takes = f"{r.value:.3g} {r.unit}"
        rows.append((r.notes["case"], r.units, r.who, takes, speed, other, common.verdict(r), same))
    columns = ("case", "units", "who", "takes", "real time", "the other takes", "wanted", "same spikes")
    gained = [f"{r.notes['by processor time']:.2f}x" for r in results if "by processor time" in r.notes]
    loads = [r.notes["load"] for r in results if "load" in r.notes]
    about = (
        "The other is NEST (one thread for the batch)." if any(r.who == "NEST" for r in results) else "Without NEST."
    )
    return common.table(columns, rows) + (
        f"\n{about} Load of the machine: {min(loads):g} to {max(loads):g}. "
        f"By the threads' processor time, two free cores gain {', '.join(gained) or 'nothing that was measured'}.\n"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(int(sys.argv[2]))
    else:
        common.main("spiking_speed.py", measure, show, units=[135, 1080], ticks=0, repetitions=7)
