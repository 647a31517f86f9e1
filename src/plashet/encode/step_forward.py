"""The step-forward encoder: send on delta, one event a tick."""

from __future__ import annotations

from ..types import Array
from .delta import Delta


def StepForward(inputs: int, threshold: Array | float, start: Array | float | None = None) -> Delta:
    """A baseline B that follows the value by one `threshold` a tick at most: u >= B + threshold: +1, B += threshold;
    u <= B - threshold: -1, B -= threshold.

    Kasabov et al. 2016, Neural Networks 78: 1-14, who ask for > where this asks for >=. It is `Delta` with a limit of
    one event per tick, and decoded by the same `Levels`; a value that moves faster than a threshold a tick is caught up
    with later.
    """
    return Delta(inputs, threshold, start, limit=1)
