"""Half-cheetah as the LTC paper has it: recordings, windows, and what predicts without learning a liquid.

Observations of a simulated runner (HalfCheetah-v2, a trained policy, 5 % of its actions at random), 31 recordings of
1,000 ticks and 17 numbers. Windows of 32 ticks begin every 10; at every tick the next observation is asked for. The
state is zero at the start of a window, the error is the mean square in raw units over all ticks and columns.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import plashet as pl
from plashet import wiring

WINDOW, STRIDE = 32, 10
VALIDATION, TEST, TRAIN = slice(0, 5), slice(5, 15), slice(15, 25)  # recordings, in order of their names


def load() -> Any:
    """The recordings (31, 1000, 17) float32, in the folder that PLASHET_BENCH_DATA names; or the program ends."""
    path = Path(os.environ.get("PLASHET_BENCH_DATA") or ".") / "half_cheetah.npz"
    if not path.exists():
        sys.exit(f"no {path}: set PLASHET_BENCH_DATA to the folder that holds half_cheetah.npz")
    with np.load(path, allow_pickle=False) as kept:
        return kept["traces"]


def windows(traces: Any) -> Any:
    """(33, windows, 17): 32 inputs and, one tick later, 32 targets; recordings one after the other."""
    starts = np.arange(0, traces.shape[1] - WINDOW - 1, STRIDE)
    found = traces[:, starts[:, None] + np.arange(WINDOW + 1)]
    return np.ascontiguousarray(found.reshape(-1, WINDOW + 1, traces.shape[2]).swapaxes(0, 1))


def parts(traces: Any) -> tuple[Any, Any, Any]:
    """Windows for training, validation and test."""
    train, validation, test = (windows(traces[which]) for which in (TRAIN, VALIDATION, TEST))
    return train, validation, test


class Asked(NamedTuple):
    """What is seen in windows, and what comes next."""

    now: Any  # (ticks, windows, columns)
    then: Any  # the same shape: each a tick later
    dt: Any  # (ticks, windows) since the observation before, in ticks; 1 at the first


def whole(windows: Any) -> Asked:
    """Windows (33, windows, columns) with every tick seen."""
    return Asked(windows[:-1], windows[1:], np.ones(windows[1:].shape[:2], windows.dtype))


def thinned(windows: Any, share: float, seed: int) -> Asked:
    """Windows; in each a share of its ticks dropped at random, never the first; the very next is asked for."""
    rng, (ticks, many) = np.random.default_rng(seed), windows[1:].shape[:2]
    seen = round((1 - share) * ticks)
    at = np.argsort(rng.random((ticks - 1, many)), axis=0)[: seen - 1] + 1
    at = np.concatenate((np.zeros((1, many), np.int64), np.sort(at, axis=0)))
    rows = np.arange(many)
    dt = np.diff(at, axis=0, prepend=at[:1] - 1).astype(windows.dtype)
    return Asked(windows[at, rows], windows[at + 1, rows], dt)


def ahead(windows: Any, share: float, seed: int) -> Asked:
    """Windows; in each a share of its ticks dropped at random, never the first; the next that is seen is asked for.

    dt is the time to it: what is heard stands, or the state runs, until then.
    """
    rng, (ticks, many) = np.random.default_rng(seed), windows[1:].shape[:2]
    kept = np.argsort(rng.random((ticks, many)), axis=0)[: round((1 - share) * ticks)] + 1
    at = np.concatenate((np.zeros((1, many), np.int64), np.sort(kept, axis=0)))
    rows = np.arange(many)
    return Asked(windows[at[:-1], rows], windows[at[1:], rows], np.diff(at, axis=0).astype(windows.dtype))


def error(guess: Any, asked: Any) -> float:
    """Mean square of guesses (32, windows, 17) for windows (33, windows, 17)."""
    return float(np.mean((np.asarray(guess, np.float64) - asked[1:]) ** 2))


def persistence(asked: Any) -> float:
    """The error of saying that nothing changes."""
    return error(asked[:-1], asked)


def autoregression(order: int, train: Any, test: Any) -> float:
    """Test error of least squares on the last `order` observations, zeros before the window, and one."""
    heard = _lags(train[:-1], order)
    weights = np.linalg.lstsq(heard.reshape(-1, heard.shape[-1]), train[1:].reshape(-1, train.shape[-1]), rcond=None)[0]
    return error(_lags(test[:-1], order) @ weights, test)


def echo_state(train: Any, test: Any, seed: int, units: int = 600, penalty: float = 100.0) -> float:
    """Test error of an echo state network: leak 1, radius 0.3, and ridge from its state, the z-scored input and one."""
    mean, sd = train[:-1].mean((0, 1)), train[:-1].std((0, 1))
    drawn = wiring.random(units, train.shape[-1], seed=seed, degree=units, spectral_radius=0.3)
    rng = np.random.default_rng(seed)
    net = wiring.Wiring(
        drawn.topology, drawn.weights, 0.3 * rng.standard_normal(drawn.w_in.shape), rng.uniform(-0.5, 0.5, units)
    )
    liquid = pl.Leaky(net, tau=1e-3)  # e^-1000 of the state before is left

    def heard(windows: Any) -> Any:
        z = (windows[:-1].astype(np.float64) - mean) / sd
        states = liquid.run(liquid.init(z[0]), z, np.ones(len(z)))[1]
        return np.concatenate((states, z, np.ones((*z.shape[:2], 1))), axis=2).reshape(-1, units + z.shape[2] + 1)

    x, y = heard(train), train[1:].reshape(-1, train.shape[-1])
    weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
    return error((heard(test) @ weights).reshape(test[1:].shape), test)


def _lags(z: Any, order: int) -> Any:
    """(time, windows, order x columns + 1) float64: the last observations, the newest first, and one."""
    before = np.concatenate((np.zeros((order - 1, *z.shape[1:])), z))
    back = [before[order - 1 - k : order - 1 - k + len(z)] for k in range(order)]
    return np.concatenate((*back, np.ones((*z.shape[:2], 1))), axis=2)
