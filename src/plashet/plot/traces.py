"""Potentials over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..measure.potentials import potentials
from ..types import Array
from .looks import FEW, INK, SOFT, TEXT, figure, kinds, tidy


def traces(
    liquid: Any,
    u: Array,
    dt: float,
    units: Any = (0, 1, 2, 3),
    state: Any = None,
    size: tuple[float, float] | None = None,
) -> Any:
    """The potential of some units, each in a row of its own, under u (time, inputs) with ticks of dt [s].

    A spike is a bar that begins at the threshold (dashed, where the neuron names one); the reset follows it. The
    liquid is driven here, one grid step at a time: see `measure.potentials`. state: where to begin, else at rest.
    Returns a matplotlib Figure. Raises ImportError without matplotlib, ValueError for more than 12 units.
    """
    units = np.atleast_1d(np.asarray(units, np.int64))
    if len(units) > FEW:
        raise ValueError(f"{len(units)} units do not fit in one picture; give at most {FEW}")
    drawn = figure(*(size or (6.5, 0.6 + 0.8 * len(units))))
    seen = potentials(liquid, u, dt, units, state)
    time = np.arange(1, len(seen.v) + 1) * seen.h
    colours = {unit: colour for _, colour, held in kinds(liquid.circuit.inhibitory) for unit in np.flatnonzero(held)}
    names = {unit: name for name, _, held in kinds(liquid.circuit.inhibitory) for unit in np.flatnonzero(held)}
    low, high = _range(seen.v, threshold := _threshold(liquid, units))
    rows = drawn.subplots(len(units), 1, sharex=True, squeeze=False)[:, 0]
    for k, (axes, unit) in enumerate(zip(rows, units, strict=True)):
        axes.plot(time, seen.v[:, k], color=colours[unit], lw=0.9)
        spikes = time[seen.events[seen.events[:, 1] == k, 0]]
        foot = threshold[k] if np.isfinite(threshold[k]) else seen.v.max()
        axes.vlines(spikes, foot, high, color=colours[unit], lw=0.9)
        if np.isfinite(threshold[k]):
            axes.axhline(threshold[k], color=SOFT, lw=0.6, ls=(0, (4, 3)))
        axes.set_ylim(low, high)
        axes.set_xlim(0, time[-1])
        last = k == len(units) - 1
        tidy(axes, "time [s]" if last else "", "")
        axes.tick_params(labelbottom=last)
        axes.set_title(f"unit {unit}, {names[unit]}", fontsize=TEXT - 1, color=INK, loc="left", pad=2)
    drawn.supylabel("potential [mV]", fontsize=TEXT, color=INK)
    return drawn


def _threshold(liquid: Any, units: Array) -> Array:
    """(units,) NaN where the neuron names none."""
    neuron = getattr(liquid.neuron, "lif", liquid.neuron)
    values = np.asarray(getattr(neuron, "threshold", np.nan), np.float64)
    return np.broadcast_to(values, (liquid.outputs,))[units]


def _range(v: Array, threshold: Array) -> tuple[float, float]:
    """From a little below the lowest potential to where the bars of spikes end."""
    low, top = float(np.min(v)), float(np.nanmax([np.max(v), *threshold]))
    room = max(top - low, 1e-3)
    return low - 0.08 * room, top + 0.35 * room
