"""The time grid that spikes live on, and one step of it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..chance import normals
from ..ops import asarray
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


def grid_step(cell: Any, state: Any, held: Array) -> tuple[Any, Array]:
    """The equation of Spiking: one grid step of one row, under what comes from outside. Also which units spiked.

    Writes into the state's ring, u, r and last, which are the caller's own.
    """
    n = int(state.clock)
    e, i = state.current
    w_e, w_i = (asarray(w, e) for w in cell.shares)
    drive = held + w_e * e - w_i * i
    if cell.noise:
        drive = drive + asarray(cell.noise * normals(cell.seed, state.key, n, cell.outputs), e)
    neuron, spikes = cell.neuron.step(state.neuron, drive, cell.h)
    decays = asarray(np.exp(-cell.h / np.asarray(cell.tau_synapse)), e)[:, None]
    current = state.current * decays + state.ring[:, n % cell.slots]
    state.ring[:, n % cell.slots] = 0.0
    spiked = np.flatnonzero(spikes)
    for unit in spiked:
        _deposit(cell, state, int(unit), n)
    kept = 1.0 if cell.tau_trace is None else np.exp(-cell.h / cell.tau_trace)
    trace = state.trace * asarray(kept, e) + spikes
    return state._replace(neuron=neuron, current=current, trace=trace, clock=np.asarray(n + 1)), spiked


def _deposit(cell: Any, state: Any, unit: int, n: int) -> None:
    """A spike of `unit` at step n goes out: weight u R into the slot of each target's arrival."""
    edges, circuit = slice(*cell.starts[unit : unit + 2]), cell.circuit
    amount = asarray(circuit.weight[edges], state.current)
    if circuit.dynamics is not None:
        u, r = _resources(cell, state, unit, n, edges)
        state.u[edges], state.r[edges] = u, r
        amount = amount * u * r
    state.last[unit] = n
    slots = (n + cell.delays[edges]) % cell.slots
    sign = int(circuit.inhibitory[unit])
    np.add.at(state.ring[sign], (slots, circuit.topology.post[edges]), amount)


def _resources(cell: Any, state: Any, unit: int, n: int, edges: slice) -> tuple[Array, Array]:
    """u and R of the unit's synapses at a spike at step n: wiring.Dynamics, in the code's own letters."""
    U, D, F = (p[edges] for p in cell.short_term)
    like = state.u
    if state.last[unit] < 0:
        return asarray(U, like), asarray(np.ones_like(U), like)
    elapsed = (n - int(state.last[unit])) * cell.h
    u, r = state.u[edges], state.r[edges]
    facilitated = asarray(U, like) + u * asarray(1 - U, like) * asarray(np.exp(-elapsed / F), like)
    recovered = 1 + (r - r * u - 1) * asarray(np.exp(-elapsed / D), like)
    return facilitated, recovered


def refuse(dt: Array | float, h: float) -> None:
    """Raise ValueError for time that does not pass, or a tick of more grid steps than anybody can wait for."""
    shortest, longest = float(np.min(dt, initial=0.0)), float(np.max(dt, initial=0.0))
    if not (shortest >= 0 and longest < np.inf):
        raise ValueError(f"dt goes from {shortest} to {longest} s; time passes in finite steps of 0 or more")
    if longest > MOST * h:
        raise ValueError(f"a tick of {longest:g} s has {longest / h:.3g} steps of {h:g} s, at most 1e9: raise h")


def positive(name: str, values: tuple[float, ...]) -> None:
    """Raise ValueError unless all are times above zero and finite."""
    if not all(0 < value < np.inf for value in values):
        raise ValueError(f"{name} is in seconds, positive and finite; got {values}")


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
