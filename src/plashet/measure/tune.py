"""Weights and background that give a spiking liquid the rate it should have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..beginning import begun
from ..liquids import Spiking
from ..types import Array
from ..within import exchanged, spiking_path
from .driven import blocks, heard


@dataclass(frozen=True)
class Knob:
    """One number that changes a liquid: how to turn it, from where to where, and what leaves the liquid as it is."""

    turn: Callable[[Spiking, float], Spiking]
    low: float
    high: float
    neutral: float
    word: str

    def between(self, share: float) -> float:
        """The setting at a share of the way from low to high; of a factor in equal ratios."""
        if self.neutral == 1.0:
            return float(self.low * (self.high / self.low) ** share)
        return float(self.low + (self.high - self.low) * share)


def _inputs(liquid: Spiking, factor: float) -> Spiking:
    held = liquid.circuit.inputs
    scaled = replace(held, w_current=held.w_current * factor, w_events=held.w_events * factor)
    return replace(liquid, circuit=replace(liquid.circuit, inputs=scaled))


def _synapses(liquid: Spiking, factor: float) -> Spiking:
    return replace(liquid, circuit=replace(liquid.circuit, weight=np.asarray(liquid.circuit.weight) * factor))


def _weights(liquid: Spiking, factor: float) -> Spiking:
    return _synapses(_inputs(liquid, factor), factor)


def _background(liquid: Spiking, more: float) -> Spiking:
    neuron: Any = liquid.neuron
    lif = getattr(neuron, "lif", neuron)
    if not hasattr(lif, "background"):
        raise ValueError(f"a {type(neuron).__name__} has no background to raise: tune `weights` instead")
    changed = replace(lif, background=np.asarray(lif.background) + more)
    return replace(liquid, neuron=changed if lif is neuron else replace(neuron, lif=changed))


input_weights = Knob(_inputs, 1 / 64, 64.0, 1.0, "factor of the input's weights")
synapses = Knob(_synapses, 1 / 64, 64.0, 1.0, "factor of the recurrent weights")
weights = Knob(_weights, 1 / 64, 64.0, 1.0, "factor of all weights")
background = Knob(_background, -10.0, 10.0, 0.0, "background added [mV]")


class Tuned(NamedTuple):
    """A cell that spikes at the wanted rate, and how it came to."""

    cell: Any
    rate: float  # [Hz], mean over units, time and samples
    idle: float  # [Hz], the same without any input
    factor: float  # by which the knob's weights were multiplied, or what was added where the knob is `background`
    background: float  # [mV] that was added for the idle rate; 0 unless one was asked for


def tune_rates(
    cell: Any,
    samples: Array,
    target: float,
    dt: float = 1e-3,
    *,
    knob: Knob = weights,
    idle: float | None = None,
    tolerance: float = 0.05,
) -> Tuned:
    """Find the setting of a knob at which the liquid spikes at `target` [Hz], the mean over units, under the samples.

    cell: a Spiking, or a Chain or Beside that holds one. samples: (time, inputs) or (time, samples, inputs), ticks of
    dt [s], as the liquid will hear them; ten seconds in all are enough. knob: `weights` (all of them), `input_weights`,
    `synapses` or `background`. idle [Hz]: first the background is found at which the liquid spikes at this rate when
    no input comes, then the knob is turned; twice, for each changes the other. tolerance: relative, of each rate;
    two standard errors of counting so few spikes are allowed for in any case.

    By halving, from nine settings on; with fixed keys, so the same call finds the same. Raises ValueError that tells
    what was reached if the target is outside that, or is jumped over.
    """
    if not (target > 0 and np.isfinite(target) and (idle is None or idle > 0)):
        raise ValueError(f"rates are in Hz and positive; got target={target}, idle={idle}")
    if np.ndim(dt) == 0 and dt > 1:
        raise ValueError(f"dt is {dt:g} s a tick and target {target:g} Hz; the target comes first, then dt")
    liquid, u = heard(cell, _batched(samples, cell), dt)
    factor, added = knob.neutral, 0.0
    for _ in range(1 if idle is None else 3):
        if idle is not None:
            added = _found(knob.turn(liquid, factor), np.zeros_like(u), dt, idle, background, tolerance)
        part = liquid if idle is None else _background(liquid, added)
        factor = _found(part, u, dt, target, knob, tolerance)
    tuned = knob.turn(part, factor)
    silence = mean_rate(tuned, np.zeros_like(u), dt)
    return Tuned(exchanged(cell, spiking_path(cell), tuned), mean_rate(tuned, u, dt), silence, factor, added)


def mean_rate(liquid: Spiking, u: Array, dt: float) -> float:
    """Spikes per second, the mean over the units, time and rows of u (time, rows, inputs); row r has the key r."""
    counting = replace(liquid, tau_trace=None)
    state = begun(counting, u[0], np.arange(u.shape[1]))
    total = sum(float(counts.sum()) for _, counts in blocks(counting, u, dt, state))
    return float(total / (liquid.outputs * u.shape[1] * len(u) * dt))


def _batched(samples: Array, cell: Any) -> Array:
    u = np.asarray(samples, np.float64)
    u = u[:, None] if u.ndim == 2 else u
    if u.ndim != 3 or not u.size or u.shape[2] != cell.inputs:
        raise ValueError(
            f"samples are {np.shape(samples)}; give (time, inputs) or (time, samples, inputs) of {cell.inputs} inputs"
        )
    return u


def _found(liquid: Spiking, u: Array, dt: float, target: float, knob: Knob, tolerance: float) -> float:
    """The setting at which the rate is the target: a bracket among nine settings, then halving."""
    near = max(tolerance * target, 2 * np.sqrt(target / (liquid.outputs * u.shape[1] * len(u) * dt)))
    seen: list[tuple[float, float]] = []  # (setting as a share of the knob's way, rate)

    def tried(share: float) -> bool:
        seen.append((share, mean_rate(knob.turn(liquid, knob.between(share)), u, dt)))
        return bool(abs(seen[-1][1] - target) <= near)

    for share in np.linspace(0.0, 1.0, 9):
        if tried(float(share)):
            return knob.between(seen[-1][0])
        if len(seen) > 1 and seen[-2][1] < target < seen[-1][1]:
            break
    else:
        rates = [rate for _, rate in seen]
        raise ValueError(
            f"{target:g} Hz is out of reach: with the {knob.word} from {knob.low:.3g} to {knob.high:.3g} the units "
            f"spike at {min(rates):.3g} to {max(rates):.3g} Hz; turn another knob too, or change the input"
        )
    low, high = seen[-2:]
    for _ in range(30):
        if tried((low[0] + high[0]) / 2):
            return knob.between(seen[-1][0])
        low, high = (low, seen[-1]) if seen[-1][1] > target else (seen[-1], high)
    raise ValueError(
        f"no {knob.word} gives {target:g} Hz: at {knob.between(high[0]):.6g} the rate jumps from {low[1]:.3g} to "
        f"{high[1]:.3g} Hz; add noise to the liquid, allow a larger tolerance, or turn another knob"
    )
