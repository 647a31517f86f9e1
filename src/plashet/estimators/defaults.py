"""The liquid where none is given: a reservoir for inputs of any number and sequences of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..cells import WithInput
from ..liquids import Leaky
from ..types import Cell
from ..wiring import bands

UNITS = 300


def reservoir(ticks: float, dt: float, seed: int) -> Callable[[int], Cell]:
    """From the number of inputs (scaled to a spread of 1) to leaky units beside the input itself.

    Time constants are spread evenly in their logarithm from one tick to a sixteenth of a sequence, of `ticks` ticks.
    """

    def made(inputs: int) -> Cell:
        longest = max(ticks / 16, 2.0)
        tau = max(dt, np.finfo(float).tiny) * np.geomspace(1.0, longest, UNITS)
        wiring = bands(UNITS, inputs, seed=seed, input_scaling=1.0 / np.sqrt(inputs))
        return WithInput(Leaky(wiring, np.random.default_rng(seed).permutation(tau)))

    return made


def liquid_for(given: Any, ticks: float, dt: Any, seed: int) -> Any:
    """The liquid of an estimator's settings: a Cell, or a rule from the number of inputs to one."""
    if given is not None:
        if not (callable(given) or hasattr(given, "step")):
            raise TypeError(
                f"liquid is {given!r}; give a Cell, such as plashet.liquids.maass2002(inputs=1, seed=0), or a rule "
                "from the number of inputs to one"
            )
        return given
    return reservoir(ticks, float(np.mean(dt)) if np.ndim(dt) == 0 else 1.0, seed)
