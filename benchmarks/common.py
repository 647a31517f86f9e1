"""What every benchmark shares: one thread for all, interleaved timing, and results that carry their command."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1")
SLOW_BLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # settings that make OpenBLAS slower than the machine is
PEERS = ("reservoirpy", "rclib", "resdag")
LIBRARIES = ("plashet", "numpy", "scipy", *PEERS, "torch", "ncps", "nest-simulator")


@dataclass(frozen=True)
class Result:
    """One number, what it was measured on, and the command that gives it again."""

    question: str  # "driving"
    units: int
    who: str  # "plashet bands float32"
    value: float  # the median over repetitions
    unit: str  # "µs per tick"
    least: float
    most: float
    command: str
    against: str = ""  # the party that the ratio compares with
    ratio: tuple[float, float, float] | None = None  # its time over this one's, per repetition: median, least, most
    wanted: str = ""  # the target, ">= 40x"
    met: bool | None = None
    notes: dict[str, Any] = field(default_factory=dict)


def clean_environment() -> dict[str, str]:
    """This environment with one thread for every library, and nothing that slows the BLAS."""
    return {k: v for k, v in os.environ.items() if k not in SLOW_BLAS} | ONE_THREAD


def main(
    script: str,
    measure: Callable[[argparse.Namespace], list[Result]],
    show: Callable[[list[Result]], str],
    **defaults: Any,
) -> None:
    """The command line of one benchmark: measure in a process with one thread, print the table, keep the numbers."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--units", type=int, nargs="+", default=defaults["units"])
    parser.add_argument("--ticks", type=int, default=defaults["ticks"])
    parser.add_argument("--repetitions", type=int, default=defaults["repetitions"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="plashet alone")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    chosen = parser.parse_args()
    environment = clean_environment()
    if environment != dict(os.environ):  # a BLAS reads these once, when it is loaded: begin again
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)
    chosen.command = f"python benchmarks/{script} --seed {chosen.seed}"
    results = measure(chosen)
    print(absent(chosen.peers) + show(results))
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(result) for result in results], indent=1, ensure_ascii=False))


def present(wanted: bool = True) -> list[str]:
    """The peer libraries that can be imported."""
    return [name for name in PEERS if wanted and version(name) is not None]


def absent(wanted: bool = True) -> str:
    """A sentence about those that cannot; empty if all are there."""
    missing = [name for name in PEERS if name not in present(wanted)]
    if not missing:
        return ""
    return f"Absent, so not measured: {', '.join(missing)} (`pip install 'plashet[bench]'`).\n\n"


def interleaved(jobs: dict[str, Callable[[], Any]], repetitions: int, least: float = 0.03) -> dict[str, list[float]]:
    """Processor seconds of one call of every job, `repetitions` times, the jobs taking turns; after a call to warm up.

    Processor time of the whole process, so that what else the machine does weighs little; with one thread it is the
    wall time of a quiet machine. A job shorter than `least` seconds is called several times a turn.
    """
    calls = {}
    for name, job in jobs.items():
        first = _seconds(job, 1)
        calls[name] = 1 if first > least else max(1, round(least / max(_seconds(job, 1), 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repetitions):
        for name, job in jobs.items():
            times[name].append(_seconds(job, calls[name]))
    return times


def ratio(slow: Sequence[float], quick: Sequence[float]) -> tuple[float, float, float]:
    """How many times longer `slow` took, by repetition: median, least, most."""
    each = [s / q for s, q in zip(slow, quick, strict=True)]
    return median(each), min(each), max(each)


def times(ratio: tuple[float, float, float] | None) -> str:
    """ "42x [40, 44]" """
    if ratio is None:
        return ""
    digits = 0 if ratio[0] >= 20 else 1
    return f"{ratio[0]:.{digits}f}x [{ratio[1]:.{digits}f}, {ratio[2]:.{digits}f}]"


def verdict(result: Result) -> str:
    return "" if result.met is None else f"{result.wanted} {'yes' if result.met else '**no**'}"


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Markdown; numbers to the right."""
    line = "|".join("---" if k == 0 or not _numeric(rows, k) else "--:" for k in range(len(columns)))
    body = "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
    return f"| {' | '.join(columns)} |\n|{line}|\n{body}\n"


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": 1,
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) or "not installed" for name in LIBRARIES},
    }


def version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _seconds(job: Callable[[], Any], calls: int) -> float:
    begun = time.process_time()
    for _ in range(calls):
        job()
    return (time.process_time() - begun) / calls


def _numeric(rows: Sequence[Sequence[Any]], k: int) -> bool:
    return all(str(row[k])[:1].isdigit() or row[k] == "" for row in rows)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
