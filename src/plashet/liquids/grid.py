"""The time grid that spikes live on."""

from __future__ import annotations

import warnings

import numpy as np

from ..types import Array

MOST = 10**9  # grid steps in one tick


def whole_steps(dt: float, h: float, rest: float) -> tuple[int, float]:
    """How many grid steps of h a tick of dt has, when `rest` of a step was left over, and what is left over now.

    A dt within a millionth of whole steps is taken to be whole steps: one that came in float32 is not exact.
    """
    steps = dt / h
    whole = float(np.rint(steps))
    if abs(steps - whole) <= 1e-6 * whole:
        steps = whole
    total = rest + steps
    done = np.floor(total + 1e-9)
    return int(done), max(float(total - done), 0.0)


def refuse_long(dt: Array | float, h: float) -> None:
    """Raise ValueError if a tick has more grid steps than anybody can wait for."""
    longest = float(np.max(dt, initial=0.0))
    if longest > MOST * h:
        raise ValueError(f"a tick of {longest:g} s has {longest / h:.3g} steps of {h:g} s, at most 1e9: raise h")


def tell_of_rounding(delay: Array, rounded: Array) -> None:
    """Warn if rounding to the grid changed a delay by more than 1 %; a delay of zero means the least there is."""
    changed = np.abs(rounded - delay) > 0.01 * delay
    changed &= np.asarray(delay) > 0
    if changed.any():
        worst = int(np.argmax(np.where(changed, np.abs(rounded - delay) / np.where(changed, delay, 1.0), 0.0)))
        warnings.warn(
            f"{int(changed.sum())} of {len(changed)} delays are not whole grid steps: {delay[worst] * 1e3:.3g} ms "
            f"became {rounded[worst] * 1e3:.3g} ms; lower h, or give delays that are multiples of it",
            stacklevel=4,
        )
