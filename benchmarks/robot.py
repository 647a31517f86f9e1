"""A spiking Live learns a stream as it comes: which way does a robot turn, from 24 sonars, 9 times a second?

Every row is guessed before its class is learnt (prequential accuracy). The stream is PLASHET_BENCH_DATA's
wall_following_robot. Beside the liquid stand the same online readout of the sonars alone, the same readout of the
sonars low-passed with two time constants (a linear memory), and the class of the row before. All once more with that
last class as an input too. Settings are chosen on the first half, by the accuracy there with seed 100; the second half
and the last quarter play no part in it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from itertools import product
from pathlib import Path
from typing import Any

import common
import numpy as np
import pandas as pd

import plashet as pl
from plashet.cells import Beside, Pass

DT = 1 / 9  # [s] a row
UNITS = 300
GAINS, TRACES, PENALTIES = (2.0, 4.0, 8.0), (0.3, 0.6, 1.0), (10.0, 30.0, 100.0)
MEMORY = 300.0  # [s] of the readout, for all alike


def stream(last_class: bool) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (rows, inputs) and classes (rows,)."""
    path = Path(os.environ["PLASHET_BENCH_DATA"]) / "wall_following_robot.csv.gz"
    rows = pd.read_csv(path)
    classes = rows["action"].astype("category").cat.codes.to_numpy()
    sonars = (rows.filter(regex=r"^s\d+$").to_numpy(np.float64) - 2.0) / 1.5
    if not last_class:
        return sonars, classes
    before = np.vstack((np.zeros(4), np.eye(4)[classes[:-1]]))
    return np.hstack((sonars, 2 * before)), classes


def liquid(inputs: int, seed: int, gain: float, trace: float) -> pl.Spiking:
    """Adapting LIF units with time constants of 20 to 100 ms, sparsely joined; each hears a third of the inputs."""
    rng, h = np.random.default_rng(seed), 1e-3
    pre, post = rng.integers(UNITS, size=(2, 10 * UNITS))
    w_in = gain * rng.normal(size=(UNITS, inputs)) * (rng.random((UNITS, inputs)) < 0.3)
    circuit = pl.wiring.circuit(
        pre,
        post,
        rng.gamma(1.0, 1.0, len(pre)),
        rng.integers(1, 10, len(pre)) * h,
        inhibitory=rng.random(UNITS) < 0.2,
        inputs=pl.wiring.Inputs(w_in, np.zeros((UNITS, 0))),
    )
    lif = pl.LIF(UNITS, tau=rng.uniform(0.02, 0.1, UNITS), background=13.0 + rng.uniform(-2, 2, UNITS))
    return pl.Spiking(circuit, pl.ALIF(lif, tau_adapt=0.3, threshold_jump=1.0), h, tau_trace=trace)


def low_passed(inputs: int, taus: tuple[float, ...] = (0.3, 1.0)) -> Any:
    """The inputs and what is left of them: a linear memory with the time constants of a liquid's traces."""
    alone = pl.wiring.Synapses(np.empty(0, int), np.empty(0, int), inputs, inputs)
    wiring = pl.wiring.Wiring(alone, np.empty(0), np.eye(inputs), np.zeros(inputs))
    return Beside((Pass(inputs), *(pl.Leaky(wiring, tau, "identity") for tau in taus)))


def prequential(cell: Any, u: np.ndarray, classes: np.ndarray, penalty: float) -> np.ndarray:
    """Whether each row was guessed right, before it was learnt."""
    live = pl.Live(pl.unread(cell, 4), pl.RLS(memory=MEMORY, penalty=penalty))
    right = np.empty(len(u), bool)
    for t, (row, label) in enumerate(zip(u, classes, strict=True)):
        right[t] = np.argmax(live.predict(row, DT)) == label
        live.learn(2 * np.eye(4)[label] - 1)
    return right


def chosen(u: np.ndarray, classes: np.ndarray, makes: dict[Any, Any]) -> Any:
    """The setting and penalty with the best accuracy on the first half."""
    half = len(u) // 2
    scores = {
        (name, penalty): prequential(make(), u[:half], classes[:half], penalty).mean()
        for (name, make), penalty in product(makes.items(), PENALTIES)
    }
    return max(scores, key=scores.__getitem__)


def parts(right: np.ndarray) -> list[float]:
    """Accuracy over everything, the second half, the last quarter."""
    n = len(right)
    return [float(right.mean()), float(right[n // 2 :].mean()), float(right[n * 3 // 4 :].mean())]


def study(last_class: bool, seeds: range) -> dict[str, Any]:
    u, classes = stream(last_class)
    inputs = u.shape[1]
    found: dict[str, Any] = {}
    if last_class:
        found["the class before"] = {"accuracy": [parts(np.append(False, classes[1:] == classes[:-1]))]}
    for name, make in (("no liquid", lambda: Pass(inputs)), ("low-passed inputs", lambda: low_passed(inputs))):
        _, penalty = chosen(u, classes, {name: make})
        found[name] = {"accuracy": [parts(prequential(make(), u, classes, penalty))], "chosen": {"penalty": penalty}}
    makes = {(g, t): lambda g=g, t=t: pl.WithInput(liquid(inputs, 100, g, t)) for g, t in product(GAINS, TRACES)}
    (gain, trace), penalty = chosen(u, classes, makes)
    begun = time.perf_counter()
    scores = [parts(prequential(pl.WithInput(liquid(inputs, s, gain, trace)), u, classes, penalty)) for s in seeds]
    found[f"spiking liquid, {UNITS} units"] = {
        "accuracy": scores,
        "chosen": {"gain": gain, "trace": trace, "penalty": penalty},
        "ms a row": 1e3 * (time.perf_counter() - begun) / len(seeds) / len(u),
    }
    return found


def shown(found: dict[str, dict[str, Any]]) -> str:
    rows = []
    for inputs, parties in found.items():
        for who, result in parties.items():
            scores = 100 * np.array(result["accuracy"])
            spread = [f" ± {d:.2f}" if len(scores) > 1 else "" for d in scores.std(axis=0)]
            cells = [f"{m:.2f}{d}" for m, d in zip(scores.mean(axis=0), spread, strict=True)]
            setting = ", ".join(f"{k} {v:g}" for k, v in result.get("chosen", {}).items())
            rows.append((inputs, who, *cells, setting))
    columns = (
        "inputs",
        "features of the online readout",
        "all rows, %",
        "second half",
        "last quarter",
        "chosen on the first half",
    )
    return common.table(columns, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    asked = parser.parse_args()
    seeds = range(asked.seeds)
    results = {"sonars": study(False, seeds), "sonars and the class before": study(True, seeds)}
    print(shown(results))
    if asked.json:
        found = {"machine": common.machine(), "command": "python benchmarks/robot.py", "results": results}
        asked.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
