"""Spikes over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..measure.spikes import population_rate, spikes_of
from ..types import Array
from .looks import SOFT, figure, kinds, legend, tidy


def raster(
    events: Array,
    circuit: Any,
    h: float,
    steps: int | None = None,
    width: float = 5e-3,
    size: tuple[float, float] = (6.5, 4.0),
) -> Any:
    """Each spike a mark at its time, excitatory units below and inhibitory ones above; under it the rates of both.

    events: (spikes, 2) of (grid step, unit), as `Spiking.record` gives; h [s]: the grid;
    circuit: a wiring.Circuit, or the liquid made of it;
    steps: how many grid steps were watched, else up to the last spike; width [s]: of the bins of the rates.
    Returns a matplotlib Figure of `size` inches: `figure.savefig("raster.png", dpi=200)`.
    Raises ImportError without matplotlib, ValueError for events of other units.
    """
    steps = int(np.max(events[:, 0], initial=0)) + 1 if steps is None else steps
    circuit = getattr(circuit, "circuit", circuit)
    events, units = spikes_of(events, circuit.units, steps), circuit.units
    drawn = figure(*size)
    above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    order = np.argsort(np.asarray(circuit.inhibitory, bool), kind="stable")
    row = np.empty(units, np.int64)
    row[order] = np.arange(units)
    mark = float(np.clip(180 * size[1] * 0.6 / max(units, 1), 1.0, 10.0))
    for name, colour, held in kinds(circuit.inhibitory):
        chosen = events[held[events[:, 1]]]
        label = f"{name} ({int(held.sum())})"
        above.plot(
            chosen[:, 0] * h,
            row[chosen[:, 1]],
            "|",
            color=colour,
            ms=mark,
            mew=0.8,
            label=label,
            rasterized=len(chosen) > 20_000,
        )
        if steps * h >= width:
            local = np.column_stack([chosen[:, 0], np.cumsum(held)[chosen[:, 1]] - 1])
            rate = population_rate(local, int(held.sum()), h, steps, width)
            edges = np.arange(len(rate) + 1) * max(round(width / h), 1) * h
            below.stairs(rate, edges, color=colour, lw=1.0)
    if len(kinds(circuit.inhibitory)) > 1:
        above.axhline(np.sum(~np.asarray(circuit.inhibitory, bool)) - 0.5, color=SOFT, lw=0.5)
    if not len(events):
        above.text(0.5, 0.5, "no spikes", transform=above.transAxes, ha="center", va="center", color=SOFT)
    above.set_ylim(-0.75, units - 0.25)
    below.set_xlim(0, steps * h)
    below.set_ylim(bottom=0)
    above.yaxis.get_major_locator().set_params(integer=True)
    tidy(above, "", "unit, by kind" if len(kinds(circuit.inhibitory)) > 1 else "unit")
    tidy(below, "time [s]", "rate [Hz]")
    legend(above, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, markerscale=max(1.0, 6 / mark))
    drawn.align_ylabels()
    return drawn
