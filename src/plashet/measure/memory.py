"""How much of its past input a cell can tell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..run import run
from ..types import Cell

Floats = NDArray[np.float64]


class Memory(NamedTuple):
    """Memory capacity, and what it is made of."""

    total: float  # Σ_k profile[k] - chance
    profile: Floats  # (delays,) r² of the input k = 1, 2, … ticks ago with what a linear readout tells of it
    chance: float  # what Σ_k r² would be, on average, if the readout told nothing: delays / (test - 1)

    @property
    def horizon(self) -> int:
        """The number of delays from 1 on that are told with r² >= 1/2."""
        below = np.flatnonzero(self.profile < 0.5)
        return int(below[0]) if below.size else len(self.profile)


def memory_capacity(
    cell: Cell,
    *,
    seed: int,
    delays: int | None = None,
    train: int = 5000,
    test: int = 1000,
    penalty: float = 0.0,
    dt: float = 1.0,
) -> Memory:
    """MC = Σ_{k=1..delays} r²(u(t-k), ŷ_k(t)) on test data the readout was not fitted on, less what chance gives.

    u is independent, U[-0.8, 0.8]; ŷ_k is a linear readout of the cell's outputs with a constant, fitted on `train`
    ticks after a washout of `delays`, tested on the next `test`. delays defaults to twice the outputs. For a cell of
    one input MC is at most the number of its units (Jaeger 2001); a delay line reaches it. The fit is by
    singular values (penalty 0: least norm), for normal equations lose half of a random reservoir's memory.

    Raises ValueError for a cell of several inputs, and for test ticks fewer than delays, where chance drowns memory.
    Jaeger 2001, Short term memory in echo state networks, GMD report 152.
    """
    delays = 2 * cell.outputs if delays is None else delays
    if cell.inputs != 1:
        raise ValueError(f"memory is measured with one input and the cell takes {cell.inputs}; drive it through one")
    if not 1 <= delays <= test:
        raise ValueError(f"got delays={delays} and test={test}; give at least as many test ticks, better ten times")
    u = np.random.default_rng(seed).uniform(-0.8, 0.8, (delays + train + test, 1))
    outputs = run(cell, u, dt)[0]
    targets = np.lib.stride_tricks.sliding_window_view(u[:, 0], delays + 1)[:, -2::-1]  # row t: u(t-1) … u(t-delays)
    features = np.column_stack([outputs[delays:], np.ones(train + test)])
    weights = least_squares(features[:train], targets[:train], penalty)
    profile = _squared_correlation(targets[train:], features[train:] @ weights)
    chance = delays / (test - 1)
    return Memory(float(profile.sum()) - chance, profile, chance)


def told_of_the_past(states: Floats, u: Floats, delays: int, penalty: float = 1e-6) -> Floats:
    """(delays,) the share of u(t-k), k = 1, 2, ..., that a linear readout of the states explains on later ticks.

    The mean over the inputs, each at least 0. states: (ticks, features); u: (ticks or more, inputs), the two end
    together. As in `told_at`.
    """
    u = np.where(np.isnan(u), np.nanmean(u, axis=0), u)
    lags = np.concatenate([u[len(u) - len(states) - k : len(u) - k] for k in range(1, delays + 1)], axis=1)
    found: Floats = told_at(states, lags, penalty).reshape(delays, -1).mean(axis=1)
    return found


def told_at(states: Floats, targets: Floats, penalty: float) -> Floats:
    """(targets,) the share of each target's variance that a linear readout explains, at least 0.

    The first five eighths of the rows fit, with a penalty for each of them, and the rest tests.
    """
    x, cut = np.column_stack([states, np.ones(len(states))]), len(states) * 5 // 8
    solve = least_squares if penalty < 1e-3 else _normal_equations
    guess = x[cut:] @ solve(x[:cut], targets[:cut], penalty * cut)
    missed = ((targets[cut:] - guess) ** 2).sum(axis=0)
    spread = ((targets[cut:] - targets[cut:].mean(axis=0)) ** 2).sum(axis=0)
    return np.where(spread > 0, np.maximum(1 - missed / np.where(spread > 0, spread, 1.0), 0.0), 0.0)


def _normal_equations(features: Floats, targets: Floats, penalty: float) -> Floats:
    """As `least_squares`, much quicker, and good enough where the penalty is no small part of the features' scale."""
    ridge = np.diag(np.append(np.full(features.shape[1] - 1, penalty), 0.0))
    found: Floats = np.asarray(np.linalg.solve(features.T @ features + ridge, features.T @ targets), np.float64)
    return found


def least_squares(features: Floats, targets: Floats, penalty: float) -> Floats:
    """Weights that minimise |X W - Y|² + penalty |W|², the last feature (the constant) free; by singular values."""
    if penalty > 0:
        ridge = np.sqrt(penalty) * np.eye(features.shape[1])[:-1]
        features = np.concatenate([features, ridge])
        targets = np.concatenate([targets, np.zeros((len(ridge), targets.shape[1]))])
    return np.linalg.lstsq(features, targets, rcond=None)[0].astype(np.float64, copy=False)


def _squared_correlation(a: Floats, b: Floats) -> Floats:
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    spread = (a**2).sum(axis=0) * (b**2).sum(axis=0)
    told = spread > 0  # a readout that always says the same tells nothing
    return np.where(told, (a * b).sum(axis=0) ** 2 / np.where(told, spread, 1.0), 0.0)
