"""How long does one step take of a net that left plashet? Its C header, compiled by the system's compiler with -O2, and
its ONNX model in onnxruntime, beside the tick in Python, one stream, one thread, float32.

The C program counts its own processor time over many steps; the others are called in a loop of Python. They take turns.
Beside the time stand what the header says that a step takes, and its size.

    python benchmarks/exporting.py
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any

import common
import numpy as np
from common import Result

import plashet as pl
from plashet.bridges import c, onnx
from plashet.liquids import cfc, gated, ltc, wired_cfc

INPUTS, STEPS = 17, 20_000
MAIN = """#include <stdio.h>
#include <time.h>
#include "net.h"
int main(void)
{
    static float u[64][NET_INPUTS], y[NET_OUTPUTS];
    float sum = 0.0f;
    unsigned long seed = 1;
    int i, j;
    clock_t begun;
    net_state s;
    net_init(&s);
    for (i = 0; i < 64; ++i)
        for (j = 0; j < NET_INPUTS; ++j) {
            seed = (seed * 1103515245ul + 12345ul) & 0x7ffffffful;
            u[i][j] = (float)seed / 1073741824.0f - 1.0f;
        }
    begun = clock();
    for (i = 0; i < STEPS; ++i) {
        net_step(&s, u[i & 63], 0.1f, y);
        sum += y[0];
    }
    printf("%.9g %g\\n", (double)(clock() - begun) / CLOCKS_PER_SEC / STEPS * 1e6, (double)sum);
    return 0;
}
"""


def nets(units: int, seed: int) -> dict[str, Any]:
    wired = pl.wiring.auto_ncp(units, max(units // 8, 1), INPUTS)
    return {
        "LTC, NCP": ltc(wired, seed=seed),
        "Gated, NCP": gated(wired, seed=seed),
        "CfC, NCP": wired_cfc(wired, seed=seed),
        "LTC, dense": ltc(pl.wiring.dense(units, INPUTS, seed=seed), seed=seed),
        "CfC, backbone 128": cfc(INPUTS, units, seed=seed),
    }


def measure(options: Namespace) -> list[Result]:
    return [
        r
        for units in options.units
        for name, cell in nets(units, options.seed).items()
        for r in _one(name, cell, options)
    ]


def _one(name: str, cell: Any, options: Namespace) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        program, takes = built(cell, Path(folder), options.ticks)
        parties: dict[str, Callable[[], float]] = {
            "Python tick": _timed(_tick(cell), options.ticks // 10),
            "C header": lambda: float(subprocess.run([program], capture_output=True, check=True).stdout.split()[0]),
        }
        if options.peers:
            parties["onnxruntime"] = _timed(_session(cell), options.ticks // 10)
        took: dict[str, list[float]] = {who: [] for who in parties}
        for _ in range(options.repetitions + 1):  # the first turn warms up
            for who, turn in parties.items():
                took[who].append(turn())
    size = {"weights": takes.weights, "state": takes.state, "exponentials": takes.exponentials, "case": name}
    python = took["Python tick"][1:]
    return [
        Result(
            "exporting",
            cell.outputs,
            who,
            median(found[1:]),
            "µs a step",
            min(found[1:]),
            max(found[1:]),
            options.command,
            "Python tick",
            common.ratio(python, found[1:]),
            notes=size,
        )
        for who, found in took.items()
    ]


def built(cell: Any, folder: Path, steps: int) -> tuple[str, Any]:
    """The compiled program, and what its header says that a step takes."""
    takes = c.write(folder / "net.h", cell)
    (folder / "main.c").write_text(MAIN)
    compiler = shutil.which("cc") or shutil.which("gcc") or "clang"
    asked = [compiler, "-std=c99", "-O2", f"-DSTEPS={steps}", str(folder / "main.c"), "-lm", "-o", str(folder / "net")]
    subprocess.run(asked, check=True)
    return str(folder / "net"), takes


def _tick(cell: Any) -> Callable[[], None]:
    u = np.random.default_rng(0).normal(size=cell.inputs).astype(np.float32)
    held = [cell.init(u)]

    def step() -> None:
        held[0], _ = cell.tick(held[0], u, 0.1)

    return step


def _session(cell: Any) -> Callable[[], None]:
    import onnxruntime

    alone = onnxruntime.SessionOptions()
    alone.intra_op_num_threads = alone.inter_op_num_threads = 1
    net = onnxruntime.InferenceSession(onnx.to_model(cell).SerializeToString(), alone, ["CPUExecutionProvider"])
    u = np.random.default_rng(0).normal(size=(1, cell.inputs)).astype(np.float32)
    (state,) = (port.name for port in net.get_inputs()[2:])
    fed = {"u": u, "dt": np.full(1, 0.1, np.float32), state: np.zeros((1, cell.outputs), np.float32)}

    def step() -> None:
        _, fed[state] = net.run(None, fed)

    return step


def _timed(step: Callable[[], None], calls: int) -> Callable[[], float]:
    """Processor microseconds of one call."""

    def turn() -> float:
        begun = process_time_ns()
        for _ in range(calls):
            step()
        return (process_time_ns() - begun) / calls / 1e3

    return turn


def show(results: list[Result]) -> str:
    rows = []
    for r in results:
        spread = f"{r.value:.1f} [{r.least:.1f}, {r.most:.1f}]"
        told = f"{r.notes['weights']:,}", f"{r.notes['exponentials']:,}"
        rows.append((r.notes["case"], r.units, r.who, spread, common.times(r.ratio), *told))
    return common.table(("net", "units", "who", "µs a step", "Python takes", "weights, bytes", "exponentials"), rows)


if __name__ == "__main__":
    common.main("exporting.py", measure, show, units=[32], ticks=STEPS, repetitions=9)
