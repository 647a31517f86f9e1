"""A spiking liquid looked at while it runs, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..beginning import begun
from ..liquids import Spiking
from ..types import Array, Cell
from .branching import branching_factor
from .chaos import forgets
from .driven import heard, jittered
from .memory import told_at
from .rank import kernel_quality
from .spikes import firing_rates, interval_cv, per_kind, silent_share, synchrony

BIN, SAMPLE = 0.03, 0.01  # [s]: memory is of the input's mean over such a bin, and measured so often
READ = 1000  # units that the readout sees at most, evenly taken
TOLD, LAGS = 0.05, 20  # share of its variance that a readout must explain; so many bins ago at most
WINDOW, MOST = 0.25, 64  # [s] of one input, and how many (they overlap in a short u), for the ranks
JITTER = 4e-3  # [s], the paper's
FADING = 5.0  # [s] after which another past should not show
CROWDED = 0.5  # of its time in refractoriness: such a unit tells little but that it is driven


@dataclass(frozen=True)
class SpikingReport:
    """The state of a spiking liquid under one input. NaN where there are no spikes to measure it from."""

    units: int
    rate: float  # [Hz], the mean over the units
    rate_excitatory: float  # [Hz]; NaN where there are none
    rate_inhibitory: float  # [Hz]
    silent: float  # share of units that never spiked
    saturated: float  # share of units that are refractory for more than half of the time
    interval_cv: float  # CV of a unit's intervals, the median over units with three spikes or more
    synchrony: float  # χ: 1 where all units do the same, 1/sqrt(units) where each is by itself
    current_ratio: float  # mean excitatory over mean inhibitory synaptic current, input events included
    branching: float  # descendants of a spike through the synapses
    kernel: int  # r_K: directions in which different inputs leave the liquid, at most `inputs_compared`
    generalisation: int  # r_G: likewise of one input with spikes jittered by 4 ms
    inputs_compared: int
    memory: float  # [s]: how long ago a linear readout still explains 5 % of the input's mean over 30 ms, held out
    forgets_after: float | None  # [s] until another past changes the outputs by less than a tenth; None: it still does
    advice: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def spiking_report(cell: Cell, u: Array, dt: float, *, seed: int = 0) -> SpikingReport:
    """Drive the cell, which holds one Spiking, with u (time, inputs), ticks of dt [s]: rates, ranks, memory, advice.

    All is measured of the Spiking itself, under the inputs that reach it. Ten seconds and more tell all that is asked;
    memory is NaN below 2 s. Raises TypeError for several Spiking, ValueError below 0.1 s.
    """
    liquid, u = heard(cell, np.asarray(u, np.float64), dt)
    if len(u) * dt < 0.1:
        raise ValueError(f"{len(u)} ticks of {dt} s are {len(u) * dt:g} s; give at least 0.1 s, better 10 s")
    states, events, steps, ratio = _watched(liquid, u, dt)
    units, h, inhibitory = liquid.outputs, liquid.h, liquid.circuit.inhibitory
    rates = firing_rates(events, units, h, steps)
    kinds = per_kind(rates, inhibitory)
    cv = interval_cv(events, units)
    short = u[: max(round(FADING / dt), 1)]
    fading = forgets(liquid, short, dt, seed=seed, pasts=4, history=max(round(0.2 / dt), 1), tolerance=0.1)
    measured: dict[str, Any] = {
        "units": units,
        "rate": float(rates.mean()),
        "rate_excitatory": kinds["excitatory"],
        "rate_inhibitory": kinds["inhibitory"],
        "silent": silent_share(events, units),
        "saturated": float((rates * np.maximum(_refractory(liquid), h) > CROWDED).mean()),
        "interval_cv": float(np.nanmedian(cv)) if np.isfinite(cv).any() else float("nan"),
        "synchrony": synchrony(events, units, h, steps, width=max(5e-3, h)),
        "current_ratio": ratio,
        "branching": branching_factor(events, liquid.circuit, h),
        **_ranks(liquid, u, dt, seed),
        "memory": _memory(states, u, dt),
        "forgets_after": None if fading.ticks is None else fading.ticks * dt,
    }
    return SpikingReport(**measured, advice=tuple(_advice(measured, len(short) * dt)))


def _watched(liquid: Spiking, u: Array, dt: float) -> tuple[NDArray[np.float64], Array, int, float]:
    """Outputs at the end of each sample, the spikes, how many grid steps, and the E/I ratio there."""
    state = begun(liquid, u[0], np.zeros((), np.int64))
    each, states, events, total = max(round(SAMPLE / dt), 1), [], [], np.zeros((2, liquid.outputs))
    for first in range(0, len(u) - each + 1, each):
        now = u[first : first + each]
        state, outputs, found = liquid.record(state, now, np.full(len(now), dt))
        events.append(found)
        states.append(outputs[-1])
        total += state.current
    sums = [np.mean(share * current) for share, current in zip(liquid.shares, total, strict=True)]
    ratio = float(sums[0] / sums[1]) if sums[1] > 0 else float("inf" if sums[0] > 0 else "nan")
    return np.array(states, np.float64), np.concatenate(events), max(int(state.clock), 1), ratio


def _refractory(liquid: Spiking) -> Any:
    """[s], one or one for each unit; 0 where the neuron has none of that name."""
    held = liquid.neuron if hasattr(liquid.neuron, "refractory") else getattr(liquid.neuron, "lif", None)
    return np.asarray(getattr(held, "refractory", 0.0))


def _ranks(liquid: Spiking, u: Array, dt: float, seed: int) -> dict[str, int]:
    length = min(max(round(WINDOW / dt), 1), len(u))
    m = int(min(MOST, len(u) - length + 1))
    different = np.stack([u[s : s + length] for s in np.linspace(0, len(u) - length, m).astype(int)], axis=1)
    total = np.nansum(different, axis=(0, 2))
    typical = different[:, np.argsort(total)[m // 2]]
    versions = jittered(typical, dt, JITTER, m, np.random.default_rng(seed))
    found = kernel_quality(liquid, different, versions, dt)
    return {"kernel": found.kernel, "generalisation": found.generalisation, "inputs_compared": m}


def _memory(states: NDArray[np.float64], u: Array, dt: float) -> float:
    """How many bins ago are told, in seconds, from states that are sampled more often than a bin is long."""
    each, samples = max(round(SAMPLE / dt), 1), len(states)
    per = max(round(BIN / (each * dt)), 1)
    if samples * each * dt < 2.0 or samples < 40 * per:
        return float("nan")
    counts = np.nan_to_num(u[: samples * each]).reshape(samples, each, -1).mean(axis=1)
    sums = np.cumsum(np.concatenate([np.zeros((1, counts.shape[1])), counts]), axis=0)
    means = sums[per:] - sums[:-per]  # of the bin that ends with each sample
    x = states[per - 1 :, :: -(-states.shape[1] // READ)]
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    most = min(LAGS, len(x) // (4 * per))
    late = np.arange(most * per, len(x))
    lags = np.concatenate([means[late - k * per] for k in range(1, most + 1)], axis=1)
    shares = told_at(x[late], lags, 2 * x.shape[1] / len(late)).reshape(most, -1).mean(axis=1)
    forgotten = np.flatnonzero(shares < TOLD)
    return float((forgotten[0] if forgotten.size else most) * per * each * dt)


def _advice(measured: dict[str, Any], seconds: float) -> list[str]:
    silent, saturated = measured["silent"], measured["saturated"]
    if silent == 1:
        return ["no unit spikes: raise the input's weights or the background; measure.tune_rates finds both"]
    advice = []
    if silent > 0.3:
        advice.append(
            f"{100 * silent:.0f} % of the units are silent: raise weights or background (measure.tune_rates), "
            "or let the input reach more units"
        )
    if saturated > 0.1:
        advice.append(
            f"{100 * saturated:.0f} % of the units spike as fast as they can: lower weights or background "
            "(measure.tune_rates), or add inhibition"
        )
    if measured["synchrony"] > 0.6:
        advice.append(f"the units spike together (χ = {measured['synchrony']:.2f}): spread delays, or add inhibition")
    if measured["forgets_after"] is None:
        advice.append(
            f"another past still shows after {seconds:.3g} s: lower the recurrent weights, or raise the input"
        )
    if measured["kernel"] <= measured["generalisation"]:
        advice.append("different inputs are parted no better than one input jittered by 4 ms: try other weights")
    if measured["memory"] < BIN:
        advice.append(
            "inputs of 30 ms ago are hardly remembered: raise tau_trace, the neurons' tau or recurrent weights, "
            "or give synapses short-term plasticity"
        )
    return advice or ["nothing stands out"]
