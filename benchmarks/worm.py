"""Is the worm's wiring good for something that a random one of the same degrees is not?

    PLASHET_BENCH_DATA=FOLDER python benchmarks/worm.py [--seeds 10] [--trained 5] [--json FILE]

The 302 neurons of C. elegans and their 5,146 directed synapses (`wiring.celegans`) are set three tasks beside the same
wiring with its synapses dealt anew (`wiring.rewired`): every neuron keeps its in-degree, its out-degree, its class and
its sign, sensors hear the input in both, strengths stay with the presynaptic neuron; only who listens to whom is drawn,
anew for every seed. Once as a reservoir (fixed; weights are the signs times log(1 + sections of contact), a ridge
readout of all states and the input), and once as a trained net (Gated along the wiring: all weights learnt, in sign
too, so that of the worm only who listens to whom is left; a linear readout of the 123 motor neurons; Adam).

Settings are chosen for every party and task alike, from the same grid, by the squared error on the validation part,
with seeds that are not reported. A seed draws the data (NARMA) or its split (vowels), the input weights and the
rewiring.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import common
import numpy as np
from worm_tasks import TASKS, Part, Split, Task, squared

import plashet as pl
from plashet.cells import Chain
from plashet.training import Training, Windows, train

NEURONS, UNITS = None, 302  # all of them
FIRST = 100  # seeds from here on choose settings
RADII, SCALES, TAUS = (0.3, 0.6, 0.9, 1.2, 2.0), (0.03, 0.1, 0.3, 1.0), (0.3, 1.0, 3.0, 10.0)  # taus in ticks
ENOUGH = 500  # rows that teach while settings of reservoirs are compared
PENALTIES = tuple(10.0**k for k in range(-6, 4))  # of the sum of squared weights, against the sum of squared errors
RATES = (3e-3, 1e-2)
BOTH = ("GABA", "glutamate")
Party = Callable[[int, int], Any]


def net(inputs: int, seed: int, dealt: bool, inhibitory: tuple[str, ...] = ("GABA",)) -> tuple[Any, Any]:
    """The worm's connectome, or that with its synapses dealt anew, and the strengths of the synapses."""
    own = pl.wiring.celegans(inputs, NEURONS, inhibitory=inhibitory, seed=seed)
    strength = np.log1p(pl.wiring.contacts(own))
    if not dealt:
        return own, strength
    other, edges = pl.wiring.rewired(own, seed=seed)
    return other, strength[edges]


def reservoir(dealt: bool, inhibitory: tuple[str, ...]) -> Callable[..., Any]:
    def made(inputs: int, seed: int, radius: float, scale: float, tau: float) -> Any:
        settings = dict(seed=seed, spectral_radius=radius, input_scaling=scale)
        return pl.Leaky(pl.wiring.reservoir(*net(inputs, seed, dealt, inhibitory), **settings), tau=tau)

    return made


def bands(inputs: int, seed: int, radius: float, scale: float, tau: float) -> Any:
    """As many units, about as many synapses (17 a unit), inputs to all of them."""
    settings = dict(seed=seed, spectral_radius=radius, input_scaling=scale)
    return pl.Leaky(pl.wiring.bands(UNITS, inputs, degree=17, **settings), tau=tau)


RESERVOIRS = {
    "worm": reservoir(False, ("GABA",)),
    "worm, dealt anew": reservoir(True, ("GABA",)),
    "worm, glutamate inhibits too": reservoir(False, BOTH),
    "the same, dealt anew": reservoir(True, BOTH),
    "bands, 302 units": bands,
}
PAIRS = {"worm": "worm, dealt anew", "worm, glutamate inhibits too": "the same, dealt anew"}
TRAINED: dict[str, Party] = {
    "worm": lambda inputs, seed: net(inputs, seed, False)[0],
    "worm, dealt anew": lambda inputs, seed: net(inputs, seed, True)[0],
    "dense, 72 units": lambda inputs, seed: pl.wiring.dense(72, inputs, seed=seed),
}


# ------------------------------------------------------------------------------------------------ reservoirs


def features(liquid: Any, u: Any) -> Any:
    """(time, rows, features): the states and the input; without a liquid the input alone."""
    if liquid is None:
        return u
    return np.concatenate((pl.run(liquid, u, 1.0)[0], u), axis=-1)


def read_out(liquid: Any, data: Split) -> tuple[float, Callable[[Any], Any]]:
    """Ridge on all ticks with a target, its penalty the best on the validation part: the error there, and what says y
    from u."""
    (u, y), (held_u, held_y) = data.train, data.validation
    x, held_x, there = features(liquid, u), features(liquid, held_u), ~np.isnan(y[..., 0])
    a, b = x[there], y[there]
    mean_a, mean_b = a.mean(0), b.mean(0)
    values, vectors = np.linalg.eigh((a - mean_a).T @ (a - mean_a))
    turned = vectors.T @ ((a - mean_a).T @ (b - mean_b))
    weights = [vectors @ (turned / (np.maximum(values, 0) + p)[:, None]) for p in PENALTIES]
    errors = [squared((held_x - mean_a) @ w + mean_b, held_y) for w in weights]
    best = int(np.argmin(errors))
    return errors[best], lambda u: (features(liquid, u) - mean_a) @ weights[best] + mean_b


def chosen_reservoir(made: Callable[..., Any], task: Task, seeds: range) -> tuple[float, float, float]:
    """Radius, input scaling and tau with the least mean error on the validation parts."""
    grid = list(product(RADII, SCALES, TAUS))
    total = np.zeros(len(grid))
    for seed in seeds:
        data = task.load(seed)
        thin = slice(None, None, -(-data.train[0].shape[1] // ENOUGH))
        data = Split(*((u[:, thin], y[:, thin]) for u, y in data))
        total += [read_out(made(data.train[0].shape[-1], seed, *settings), data)[0] for settings in grid]
    return grid[int(np.argmin(total))]


def asked(task: Task, seed: int, made: Party) -> float:
    """The score on the test part."""
    data = task.load(seed)
    _, guess = read_out(made(data.train[0].shape[-1], seed), data)
    return task.score(guess(data.test[0]), data.test[1])


def study_reservoirs(task: Task, seeds: range, choosing: range) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, made in RESERVOIRS.items():
        settings = chosen_reservoir(made, task, choosing)
        scores = [asked(task, seed, lambda inputs, seed, s=settings, m=made: m(inputs, seed, *s)) for seed in seeds]
        found[name] = {"scores": scores, "chosen": dict(zip(("radius", "scale", "tau"), settings, strict=True))}
    alone = [asked(task, seed, lambda *_: None) for seed in seeds]
    return found | {"the input alone, linear": {"scores": alone, "chosen": {}}}


# ------------------------------------------------------------------------------------------------ trained nets


def untrained(connectome: Any, data: Split, seed: int) -> Any:
    """Gated along the connectome, its motor neurons, a readout that begins at the mean of the targets."""
    motor, outputs = connectome.motor, data.train[1].shape[-1]
    motors = pl.liquids.Motors(connectome.units, np.ones(motor), np.zeros(motor))
    weights = np.random.default_rng(seed).normal(size=(motor, outputs)) / np.sqrt(motor)
    readout = pl.Readout(weights, np.nanmean(data.train[1], (0, 1)))
    return pl.Model(Chain((pl.liquids.gated(connectome, seed=seed), motors)), readout)


def lessons(part: Part) -> Windows:
    u, y = part
    return Windows(np.ascontiguousarray(u, np.float32), y, np.ones(u.shape[:2], np.float32))


def trained(made: Party, task: Task, seed: int, rate: float) -> tuple[float, float]:
    """The error on the validation part of the epoch that was best there, and its score on the test part."""
    data = task.load(seed)
    scale = float(np.sqrt(np.nanvar(data.train[1])))  # targets of about 1, whatever their unit
    scaled = Split(*((u, y / scale) for u, y in data))
    begun = untrained(made(data.train[0].shape[-1], seed), scaled, seed)
    how = Training(epochs=task.epochs, rate=rate, batch=task.batch, patience=20, seed=seed)
    done = train(begun, lessons(scaled.train), how, validation=lessons(scaled.validation), progress=False)
    asked = lessons(scaled.test)
    guess = done.model.run(done.model.init(asked.u[0]), asked.u, asked.dt)[1]
    return float(np.nanmin(done.losses[:, 1])), task.score(scale * guess, data.test[1])


def study_trained(task: Task, seeds: range) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, made in TRAINED.items():
        rate = min(RATES, key=lambda rate, made=made: trained(made, task, FIRST, rate)[0])
        scores = [trained(made, task, seed, rate)[1] for seed in seeds]
        found[name] = {"scores": scores, "chosen": {"rate": rate}}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="of the reservoirs")
    parser.add_argument("--trained", type=int, default=5, help="seeds of the trained nets")
    parser.add_argument("--tasks", nargs="+", choices=[t.name for t in TASKS], default=[t.name for t in TASKS])
    parser.add_argument("--json", type=Path, help="keep the numbers here, those of other tasks and studies with them")
    asked = parser.parse_args()
    if "half-cheetah" in asked.tasks and not os.environ.get("PLASHET_BENCH_DATA"):
        parser.exit(
            2, "half-cheetah: set PLASHET_BENCH_DATA to the folder of half_cheetah.npz, or name other --tasks\n"
        )
    kept = json.loads(asked.json.read_text()) if asked.json and asked.json.exists() else {}
    for task in TASKS:
        if task.name not in asked.tasks:
            continue
        for study, seeds, run in (
            ("reservoir", asked.seeds, lambda task, s: study_reservoirs(task, s, range(FIRST, FIRST + 2))),
            ("trained", asked.trained, study_trained),
        ):
            if not seeds:
                continue
            begun = time.process_time()
            found = {"parties": run(task, range(seeds)), "seconds": 0.0}
            found["seconds"] = time.process_time() - begun
            kept.setdefault(study, {})[task.name] = found
            kept |= {"machine": common.machine(), "command": "python benchmarks/worm.py"}
            print(study, task.name, json.dumps(found, indent=1), flush=True)
            if asked.json:
                asked.json.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
