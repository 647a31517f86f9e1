"""What a list of spikes says: rates, intervals, silence, synchrony.

Spikes are events (spikes, 2) of (grid step, unit), as `Spiking.record` gives them for one series; the steps count from
0, so take the clock of the state that the record began with from them if it was not new. Nothing here makes a dense
raster: memory grows with the spikes, the units and the bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def firing_rates(events: Array, units: int, h: float, steps: int) -> Floats:
    """(units,) spikes per second over `steps` grid steps of h [s]."""
    events = spikes_of(events, units, steps)
    return np.bincount(events[:, 1], minlength=units) / (steps * grid_of(h))


def silent_share(events: Array, units: int) -> float:
    """The share of units that never spike."""
    return 1.0 - len(np.unique(spikes_of(events, units)[:, 1])) / units


def interval_cv(events: Array, units: int) -> Floats:
    """(units,) standard deviation over mean of the intervals between a unit's spikes; NaN below three spikes.

    0 for a clock, 1 for a Poisson process, more for bursts; of a few intervals it comes out low.
    """
    events = spikes_of(events, units)
    order = np.lexsort((events[:, 0], events[:, 1]))
    steps, unit = events[order, 0], events[order, 1]
    same = unit[1:] == unit[:-1]
    gaps, owner = np.diff(steps)[same].astype(np.float64), unit[1:][same]
    count = np.bincount(owner, minlength=units)
    mean, square = (np.bincount(owner, gaps**k, units) / np.maximum(count, 1) for k in (1, 2))
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return np.where((count >= 2) & (mean > 0), spread / np.where(mean > 0, mean, 1.0), np.nan)


def population_counts(events: Array, units: int, h: float, steps: int, width: float = 5e-3) -> Ints:
    """(bins,) spikes of all units in each whole bin of `width` [s]; what is left over at the end is not counted."""
    events, (per, bins) = spikes_of(events, units, steps), _bins(h, steps, width)
    place = events[:, 0] // per
    return np.bincount(place[place < bins], minlength=bins).astype(np.int64)


def population_rate(events: Array, units: int, h: float, steps: int, width: float = 5e-3) -> Floats:
    """(bins,) spikes per second and unit, in bins of `width` [s]."""
    per, _ = _bins(h, steps, width)
    return population_counts(events, units, h, steps, width) / (units * per * h)


def fano(events: Array, units: int, h: float, steps: int, width: float = 5e-3) -> float:
    """Variance over mean of the population's count in bins of `width` [s]: 1 for independent Poisson units.

    Common ups and downs raise it, and the more units there are the more. NaN without spikes.
    """
    counts = population_counts(events, units, h, steps, width)
    return float(counts.var() / counts.mean()) if counts.any() else float("nan")


def synchrony(events: Array, units: int, h: float, steps: int, width: float = 5e-3) -> float:
    """χ = sqrt(Var_t(mean_i c_i) / mean_i Var_t(c_i)), c_i the count of unit i in a bin of `width` [s].

    1 if all units do the same, about 1/sqrt(units) if each does what it likes. NaN without spikes.
    Golomb and Rinzel 1994, Clustering in globally coupled inhibitory neurons; Golomb 2007, Scholarpedia 2(1):1347.
    """
    events, (per, bins) = spikes_of(events, units, steps), _bins(h, steps, width)
    place = events[:, 0] // per
    cell = (place * units + events[:, 1])[place < bins]
    filled, counts = np.unique(cell, return_counts=True)
    owner = filled % units
    mean, square = (np.bincount(owner, counts.astype(np.float64) ** k, units) / bins for k in (1, 2))
    alone = float((square - mean**2).mean())
    together = float((np.bincount(filled // units, counts, bins) / units).var())
    return float(np.sqrt(together / alone)) if alone > 0 else float("nan")


def spikes_of(events: Array, units: int, steps: int | None = None) -> Ints:
    """The events as int64 (spikes, 2); ValueError if they are not (step, unit) of these units, within `steps`."""
    found: Ints = np.asarray(events)
    if found.ndim != 2 or found.shape[1] != 2 or found.dtype.kind not in "iu":
        raise ValueError(
            f"events is {found.shape} of {found.dtype}; give whole numbers (spikes, 2) of (step, unit), "
            "one series of a batch at a time: events[events[:, 0] == row, 1:]"
        )
    if units < 1 or (steps is not None and steps < 1):
        raise ValueError(f"got units={units} and steps={steps}; both count and are at least 1")
    if len(found) and not (found[:, 1].min() >= 0 and found[:, 1].max() < units):
        raise ValueError(f"events name units {found[:, 1].min()}..{found[:, 1].max()}, but there are 0..{units - 1}")
    if steps is not None and len(found) and not (found[:, 0].min() >= 0 and found[:, 0].max() < steps):
        raise ValueError(
            f"events have steps {found[:, 0].min()}..{found[:, 0].max()}, wanted 0..{steps - 1}: "
            "subtract the clock that the state had when the record began"
        )
    return found.astype(np.int64, copy=False)


def grid_of(h: float) -> float:
    """The grid step; ValueError if it is none."""
    if not 0 < h < np.inf:
        raise ValueError(f"h is the grid step, in seconds, positive and finite; got {h}")
    return h


def _bins(h: float, steps: int, width: float) -> tuple[int, int]:
    """How many grid steps a bin has, and how many whole bins there are."""
    if not 0 < width < np.inf:
        raise ValueError(f"width is of a bin, in seconds, positive and finite; got {width}")
    per = max(round(width / grid_of(h)), 1)
    if not 1 <= per <= steps:
        raise ValueError(f"a bin of {width} s is longer than the {steps * h:g} s that were watched")
    return per, steps // per


def per_kind(values: Floats, inhibitory: Array) -> dict[str, Any]:
    """The mean over excitatory and over inhibitory units; NaN where there are none."""
    split = {"excitatory": ~np.asarray(inhibitory, bool), "inhibitory": np.asarray(inhibitory, bool)}
    return {name: float(values[held].mean()) if held.any() else float("nan") for name, held in split.items()}
