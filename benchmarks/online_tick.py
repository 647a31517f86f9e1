"""How long does an exact online step take? `python benchmarks/online_tick.py`

An LTC wired as AutoNCP(32, 4), 32 inputs, 6 unfolds, a Live around it: predict, then learn, the parameters changed at
every tick (or at every eighth). Wall time, as a latency is; the processor's median beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import common
import numpy as np

WANTED = 500.0  # µs a step, of RTRL with a readout of the 4 motor neurons or of all units
WARM = 100


def cases() -> dict[str, tuple[Any, Any, Any]]:
    """By name: model, learner, dtype of the inputs."""
    import plashet as pl
    from plashet.learn import RLS, RTRL, SnAp1
    from plashet.liquids import Motors

    cell = pl.liquids.ltc(pl.wiring.auto_ncp(32, 4, 32), seed=0)
    rng = np.random.default_rng(0)

    def read(liquid: Any, outputs: int = 4) -> Any:
        weights = rng.normal(size=(liquid.outputs, outputs)) / 5
        return pl.Model(liquid, pl.Readout(weights, np.zeros(outputs)))

    units, motors = read(cell), read(pl.Chain((cell, Motors(32, np.ones(4), np.zeros(4)))))
    return {
        "RTRL, 4 outputs of all units": (units, RTRL(), np.float64),
        "RTRL, float32": (units, RTRL(), np.float32),
        "RTRL, 4 outputs of the motor neurons": (motors, RTRL(), np.float64),
        "RTRL, changes every 8 ticks": (units, RTRL(every=8), np.float64),
        "RTRL, RLS readout": (units, RTRL(head=RLS(memory=1000.0)), np.float64),
        "RTRL, 17 outputs of all units": (read(cell, 17), RTRL(), np.float64),
        "SnAp-1, 4 outputs of all units": (units, SnAp1(), np.float64),
    }


def measured(model: Any, learner: Any, dtype: Any, ticks: int) -> dict[str, float]:
    import plashet as pl

    rng = np.random.default_rng(1)
    u, y = rng.normal(size=(ticks + WARM, 32)).astype(dtype), rng.normal(size=(ticks + WARM, model.outputs))
    live, wall, spent = pl.Live(model, learner), [], []
    for now, asked in zip(u, y, strict=True):
        begun = time.perf_counter(), time.process_time()
        live.predict(now, 0.1)
        live.learn(asked)
        wall.append(time.perf_counter() - begun[0])
        spent.append(time.process_time() - begun[1])
    late = 1e6 * np.array(wall[WARM:])
    return {
        "parameters": len(live.knowledge.theta),
        "p10": float(np.percentile(late, 10)),
        "p50": float(np.median(late)),
        "p99": float(np.percentile(late, 99)),
        "processor p50": float(1e6 * np.median(spent[WARM:])),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    asked = parser.parse_args()
    environment = common.clean_environment()
    if environment != dict(os.environ):  # a BLAS reads these once, when it is loaded: begin again
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)
    results = {name: measured(*case, asked.ticks) for name, case in cases().items()}
    columns = (
        "one step of a Live, µs",
        "parameters",
        "p10",
        "p50",
        "p99",
        "processor p50",
        f"wanted p50 <= {WANTED:.0f}",
    )
    rows = [
        (name, *(f"{value:.0f}" for value in one.values()), "yes" if one["p50"] <= WANTED else "**no**")
        for name, one in results.items()
    ]
    print(common.table(columns, rows))
    if asked.json:
        found = {"machine": common.machine(), "command": "python benchmarks/online_tick.py", "results": results}
        asked.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
