"""Flows with a delay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

STEP = 0.1  # of Euler's method, in time units
KEEP = 10  # every tenth step is a row, so rows are one time unit apart


def mackey_glass(length: int, *, tau: float = 17.0, discard: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """y' = 0.2 y(t - tau) / (1 + y(t - tau)^10) - 0.1 y: (length, 1), one row every time unit.

    Jaeger's protocol (2001, GMD report 148, section 6): Euler's method with step 0.1, every tenth step kept, the
    history before the start drawn from U[1.1, 1.3] by `seed`, the first `discard` rows not returned. `tau` must be a
    multiple of 0.1. Chaotic for tau >= 17. The variance is about 0.051 for tau = 17 and 0.079 for tau = 30; that of the
    squashed tanh(y - 1), with which the report works, 0.047 and 0.067.

    Note that RK4 with step 1 and the delayed term held, as other libraries have it, gives another series.
    Mackey and Glass 1977, Oscillation and Chaos in Physiological Control Systems.
    """
    return mackey_glass_path([tau], [length + discard], seed=seed)[discard:]


def mackey_glass_path(taus: Sequence[float], lengths: Sequence[int], *, seed: int = 0) -> NDArray[np.float64]:
    """The same flow while its delay changes: `taus[i]` for `lengths[i]` rows, one after the other, from one history."""
    delays = [_delay(tau) for tau in taus]
    if len(taus) != len(lengths) or not taus or min(lengths) < 0:
        raise ValueError(f"got {len(taus)} delays and lengths {list(lengths)}; give one length >= 0 for each delay")
    past = max(delays) + 1
    y = np.empty(past + KEEP * sum(lengths))
    y[:past] = np.random.default_rng(seed).uniform(1.1, 1.3, past)
    now = past
    for delay, rows in zip(delays, lengths, strict=True):
        for begin in range(now, now + KEEP * rows, delay):
            _block(y, begin, min(begin + delay, now + KEEP * rows), delay)
        now += KEEP * rows
    return y[past + KEEP - 1 :: KEEP, None].copy()


def _block(y: NDArray[np.float64], begin: int, end: int, delay: int) -> None:
    """Steps `begin` to `end`, at most one delay of them: their delayed terms are known, so the rest is linear.

    Euler's y[n] = y[n-1] + 0.1 (0.2 d/(1 + d^10) - 0.1 y[n-1]) with d = y[n-1-delay] is a filter of first order.
    """
    late = y[begin - 1 - delay : end - 1 - delay]
    drive = STEP * 0.2 * late / (1.0 + late**10)
    keep = 1.0 - STEP * 0.1
    y[begin:end], _ = lfilter([1.0], [1.0, -keep], drive, zi=[keep * y[begin - 1]])


def _delay(tau: float) -> int:
    steps = round(tau / STEP)
    if steps < 1 or abs(steps * STEP - tau) > 1e-9:
        raise ValueError(f"got tau={tau}; give a positive multiple of the integration step {STEP}")
    return steps
