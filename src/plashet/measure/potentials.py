"""The membranes of a spiking liquid, seen at every grid step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..beginning import begun
from ..run import run
from ..types import Array, Cell
from .driven import heard


class Potentials(NamedTuple):
    """What some units did at each grid step."""

    v: Array  # (steps, units) the potential at the end of the step, after a reset
    events: Array  # (spikes, 2) int64 of (step, place in `units`); steps count from the first row of v
    units: Array  # (units,) which
    h: float  # [s]


def potentials(cell: Cell, u: Array, dt: float, units: Any, state: Any = None) -> Potentials:
    """Drive a cell with u (time, inputs), ticks of dt [s], and see its Spiking one grid step at a time.

    Slow, in Python step by step: a second at h = 0.1 ms takes some tenths of one. state: where the Spiking
    begins, else at rest.
    Raises ValueError if dt is not whole grid steps, or for units that are not there.
    """
    liquid, u = heard(cell, np.asarray(u, np.float64), dt)
    units = np.atleast_1d(np.asarray(units, np.int64))
    per, last = round(dt / liquid.h), liquid.outputs - 1
    if per < 1 or abs(per * liquid.h - dt) > 1e-6 * dt:
        raise ValueError(f"a tick of {dt} s is not whole grid steps of {liquid.h} s")
    if not len(units) or units.min() < 0 or units.max() > last:
        raise ValueError(f"units are some of 0..{last}, got {units.tolist()}")
    counting = replace(liquid, tau_trace=None)
    state = begun(counting, u[0], np.zeros((), np.int64)) if state is None else state
    first, v, events = int(state.clock), [], []
    currents = liquid.circuit.inputs.currents
    for now in u:
        for part in range(per):
            if part == 1:
                now = np.concatenate([now[:currents], np.zeros(len(now) - currents)])  # events come once
            counts, state = run(counting, now[None], liquid.h, state)
            v.append(np.asarray(state.neuron[0])[units])
            events += [(int(state.clock) - 1 - first, k) for k in np.flatnonzero(counts[0, units])]
    return Potentials(np.array(v), np.array(events, np.int64).reshape(-1, 2), units, liquid.h)
