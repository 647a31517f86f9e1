"""The known results beside reservoirpy: the same liquid, the same data, the other readout and the other loop.

reservoirpy is given plashet's very arrays, so that what differs is the solver (normal equations) and the penalty. It
gets its usual penalty, 1e-6, and "its best": the one of seven penalties (1e-14 to 1e-2) that scores best on the test
itself, which favours it. plashet has the settings of known_results.py. Protocols: NARMA-10 and Lorenz-63 as there, and
Mackey-Glass 17 (Jaeger 2001) with ten blocks of 1,000 forced and 84 free steps. Medians over the seeds.
"""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import common
import numpy as np
import peers
from common import Result

import plashet as pl
from plashet.model import looped
from plashet.wiring import bands, with_feedback

USUAL = 1e-6
PENALTIES = (1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
LYAPUNOV = 0.9056
SEEDS = 5

Solve = Callable[[Any], float]  # a penalty -> the score with it


class Task(NamedTuple):
    name: str
    unit: str
    higher: bool
    plashet: Callable[[int], float]
    reservoirpy: Callable[[int], Solve]


def measure(options: Namespace) -> list[Result]:
    results = []
    seeds = range(options.seed, options.seed + SEEDS)
    for task in tasks(max(options.units)):
        results.append(_result(task, "plashet", [task.plashet(seed) for seed in seeds], options))
        if "reservoirpy" in common.present(options.peers):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")  # ill-conditioned systems, which are the point
                scores = [[_score(solve, p, task) for p in PENALTIES] for solve in map(task.reservoirpy, seeds)]
            usual = [row[PENALTIES.index(USUAL)] for row in scores]
            best = [max(row) if task.higher else min(row) for row in scores]
            results.append(_result(task, f"reservoirpy, ridge {USUAL:g}", usual, options))
            results.append(_result(task, "reservoirpy, its best of seven", best, options))
    return results


def tasks(units: int) -> tuple[Task, ...]:
    """Of the usual size at 400 units; Lorenz takes three quarters of it."""
    return (
        Task("NARMA-10", "NRMSE", False, lambda s: Narma(s, units).plashet(), lambda s: Narma(s, units).reservoirpy()),
        Task("Lorenz-63, valid time", "Lyapunov times", True, lambda s: Lorenz(s, units).plashet(),
             lambda s: Lorenz(s, units).reservoirpy()),
        Task("Mackey-Glass 17, NRMSE84", "NRMSE", False, lambda s: Glass(s, units).plashet(),
             lambda s: Glass(s, units).reservoirpy()),
    )  # fmt: skip


def _score(solve: Solve, penalty: float, task: Task) -> float:
    try:
        value = solve(penalty)
    except np.linalg.LinAlgError:  # singular: no forecast
        value = np.nan
    return value if np.isfinite(value) else (0.0 if task.higher else np.inf)


def _ridge(x: Any, y: Any, penalty: float) -> Any:
    """reservoirpy's readout of features x (rows, features), fitted."""
    node = peers.reservoirpy_ridge(penalty)
    node.fit(x, y)
    return node


class Narma:
    """One step ahead: 200 rows of washout, 2,000 of training, 3,000 of test; readout of [x, u]."""

    def __init__(self, seed: int, units: int):
        self.u, self.y = pl.data.narma(8200, seed=seed)
        wiring = bands(units, 1, seed=seed, spectral_radius=0.95, input_scaling=0.1, bias_scaling=0.3)
        self.liquid = pl.Leaky.from_leak_rate(wiring, 1.0)

    def plashet(self) -> float:
        model = pl.fit(pl.unread(self.liquid, 1, with_input=True), pl.Ridge(), (self.u[:2200], self.y[:2200]), 200)
        return self._nrmse(pl.run(model, self.u)[0])

    def reservoirpy(self) -> Solve:
        x = np.hstack([peers.reservoirpy_reservoir(0, 0, like=self.liquid, leak=1.0).run(self.u), self.u])
        return lambda penalty: self._nrmse(_ridge(x[200:2200], self.y[200:2200], penalty).run(x))

    def _nrmse(self, guesses: Any) -> float:
        return float(pl.measure.nrmse(self.y[5200:], guesses[5200:]))


class Lorenz:
    """Valid time of a free forecast: 5,000 rows of 0.02, 20 segments of 100 forced and 1,200 free steps; of [x, u]."""

    def __init__(self, seed: int, units: int, segments: int = 20, length: int = 1300):
        path = pl.data.lorenz63(5000 + segments * length, dt=0.02, substeps=4, seed=seed)
        z = (path - path[:5000].mean(axis=0)) / path[:5000].std(axis=0)
        self.train, self.test = z[:5000], z[5000:].reshape(segments, length, 3).swapaxes(0, 1)
        wiring = bands(units * 3 // 4, 3, seed=seed, degree=6, spectral_radius=0.4, input_scaling=0.1, bias_scaling=0.5)
        self.liquid = pl.Leaky.from_leak_rate(wiring, 1.0)

    def plashet(self) -> float:
        data = self.train[:-1], self.train[1:]
        model = pl.fit(pl.unread(self.liquid, 3, with_input=True), pl.Ridge(1e-12, squaring=0), data, 200)
        heard, state = pl.run(model, self.test[:100])
        rest, _ = pl.generate(model, state, heard[-1], len(self.test) - 101)
        return self._valid(np.concatenate([heard[-1:], rest]))

    def reservoirpy(self) -> Solve:
        reservoir = peers.reservoirpy_reservoir(0, 0, like=self.liquid, leak=1.0)
        x = np.hstack([reservoir.run(self.train[:-1]), self.train[:-1]])[200:]

        def score(penalty: float) -> float:
            node = _ridge(x, self.train[201:], penalty)
            ways = [self._free(reservoir, node, self.test[:, k]) for k in range(self.test.shape[1])]
            return self._valid(np.stack(ways, axis=1))

        return score

    @staticmethod
    def _free(reservoir: Any, node: Any, segment: Any) -> Any:
        """Closed loop by hand, with its own `step`s, until it has left the attractor."""
        reservoir.reset()
        x = reservoir.run(segment[:100])[-1]
        u, guesses = segment[99], np.full((len(segment) - 100, 3), np.nan)
        for t in range(len(guesses)):
            u = node.step(np.concatenate([x, u]))
            guesses[t] = u
            if not np.abs(u - segment[100 + t]).max() < 1:  # beyond the threshold, nothing counts
                break
            x = reservoir.step(u)
        return guesses

    def _valid(self, guesses: Any) -> float:
        times = pl.measure.valid_time(self.test[100:], guesses, 0.02, LYAPUNOV, 0.4, scale=np.ones(3))
        return float(np.median(times))


class Glass:
    """84 steps ahead in closed loop after 1,000 forced ones; 3,000 training steps, the first 1,000 discarded."""

    def __init__(self, seed: int, units: int, blocks: int = 10):
        y = pl.data.mackey_glass(3000, tau=17, seed=seed)
        tests = [pl.data.mackey_glass(1084, tau=17, seed=10_000 + 1000 * seed + k) for k in range(blocks)]
        self.z, self.test = np.tanh(y - 1), np.stack(tests, axis=1)
        wiring = with_feedback(
            bands(units, 0, seed=seed, spectral_radius=0.92, bias_scaling=0.3), 1, seed=seed, scaling=1.2
        )
        self.liquid = pl.Leaky.from_leak_rate(wiring, 0.55)

    def plashet(self) -> float:
        learner, blocks = pl.Ridge(1e-12, squaring=0), self.test.shape[1]
        model = pl.fit(looped(self.liquid, 1), learner, (np.zeros((len(self.z), 0)), self.z), 1000)
        forced = np.tanh(self.test[:1000] - 1)
        state, _ = model.features(model.init(np.zeros((blocks, 0))), np.zeros((1000, blocks, 0)), np.ones(1000), forced)
        return self._nrmse(pl.run(model, np.zeros((84, blocks, 0)), state=state)[0][-1])

    def reservoirpy(self) -> Solve:
        reservoir = peers.reservoirpy_reservoir(0, 0, like=self.liquid, leak=0.55)
        x = reservoir.run(self.z[:-1])[999:]
        forced = [self._forced(reservoir, k) for k in range(self.test.shape[1])]

        def score(penalty: float) -> float:
            node = _ridge(x, self.z[1000:], penalty)
            return self._nrmse(np.stack([self._free(reservoir, node, state) for state in forced]))

        return score

    def _forced(self, reservoir: Any, block: int) -> Any:
        reservoir.reset()
        return reservoir.run(np.tanh(self.test[:1000, block] - 1))[-1]

    @staticmethod
    def _free(reservoir: Any, node: Any, x: Any) -> Any:
        reservoir.state = {"out": x}
        for _ in range(84):
            z = node.step(x)
            x = reservoir.step(z)
        return z

    def _nrmse(self, z: Any) -> float:
        guesses = 1 + np.arctanh(np.clip(z, -0.999999, 0.999999))
        return float(pl.measure.rmse(self.test[-1], guesses) / self.test.std())


def _result(task: Task, who: str, scores: list[float], options: Namespace) -> Result:
    notes = {"task": task.name, "scores": scores, "seeds": SEEDS, "first seed": options.seed}
    return Result(
        "known peers", max(options.units), who, median(scores), task.unit, min(scores), max(scores), options.command,
        notes=notes,
    )  # fmt: skip


def show(results: list[Result]) -> str:
    rows = [(r.notes["task"], r.who, _short(r.value), f"{_short(r.least)} … {_short(r.most)}", r.unit) for r in results]
    return common.table(("task", "who", "median", "least … most", "unit"), rows)


def _short(value: float) -> str:
    return f"{value:.1e}" if abs(value) < 0.01 and value else f"{value:.3g}"


if __name__ == "__main__":
    common.main("known_peers.py", measure, show, units=[400], ticks=1, repetitions=1)
