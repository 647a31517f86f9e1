"""Rates kept where they are wanted: by the units' own current, or by the strength of what they hear."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...types import Array
from .rule import Parts, Spikes, background_of, chosen


class Counted(NamedTuple):
    """What has happened since the parts were last moved, and how far the rule has moved them in all."""

    count: Array  # (units,) spikes
    steps: int  # grid steps
    moved: Array  # (units,) mV of background; logarithm of a scale


class Incoming(NamedTuple):
    """The plastic edges and the units they lead to."""

    h: float  # [s]
    edges: Array  # (plastic,)
    post: Array  # (plastic,)
    weight: Array  # (plastic,) at the start
    units: int


class Neurons(NamedTuple):
    h: float  # [s]
    background: Array  # (units,) at the start


@dataclass(frozen=True)
class Homeostatic:
    """Each unit's background current b moves until the unit spikes at `rate`:

        b <- b + gain (rate T - spikes)      over every T seconds, b within `limit` of what it was

    so b rises by gain * rate a second of silence and falls by `gain` at each spike. In what it does to a LIF unit, a
    current more is a threshold less and a reset and rest less with it. With a background above its threshold a unit
    spikes without any input; `limit` is what keeps a unit that hears nothing from being driven there.

    rate: [Hz], one for all or one for each unit.   gain: [mV], small: the time that a unit takes is about
    1 / (gain times the slope of its rate over its current).   limit: [mV].   every: [s] of the stream between moves,
    for the neurons are laid out anew at each.

    Intrinsic plasticity as in Desai, Rutherford & Turrigiano 1999, in the simplest form, an integral controller.
    Raises TypeError for a neuron without a background current.
    """

    rate: Any = 5.0  # [Hz]
    gain: float = 0.01  # [mV]
    limit: float = 1.0  # [mV]
    every: float = 0.1  # [s]
    moves_background: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _wanted("rate", self.rate, 0.0, "a rate of at least 0 Hz")
        _wanted("gain", self.gain, 0.0, "mV a spike, at least 0")
        _wanted("limit", self.limit, 0.0, "mV of at least 0")
        _wanted("every", self.every, 0.0, "seconds of at least 0; 0 for every tick")

    def prepare(self, liquid: Any) -> Neurons:
        _one_each("rate", self.rate, liquid.outputs)
        return Neurons(liquid.h, background_of(liquid.neuron))

    def init(self, plan: Neurons) -> Counted:
        return _nothing(len(plan.background))

    def move(self, plan: Neurons, memory: Counted, parts: Parts, spikes: Spikes) -> tuple[Counted, Parts]:
        memory = counted(memory, spikes)
        if not _due(memory, plan.h, self.every):
            return memory, parts
        pull = self.gain * (np.asarray(self.rate) * memory.steps * plan.h - memory.count)
        moved = np.clip(memory.moved + pull, -self.limit, self.limit)
        return _settled(memory, moved), parts._replace(background=plan.background + moved)


@dataclass(frozen=True, eq=False)
class Scaling:
    """Each unit scales all that it hears, until it spikes at `rate`; ratios between its synapses are kept:

        w <- w exp((T - spikes / rate) / tau)     over every T seconds, in all within a factor of `limit`

    so weights grow with time constant tau in silence and shrink by exp(-1 / (rate tau)) at each spike.

    rate: [Hz], one for all or one for each unit, above 0.   tau: [s], long against 1 / rate and against what STDP
    takes.   limit: above 1.   every: [s] of the stream between moves.   plastic: (edges,) bool, which synapses are
    scaled; None: from excitatory units onto excitatory ones.

    Turrigiano et al. 1998; the rate in place of an average of it, after van Rossum, Bi & Turrigiano 2000.
    """

    rate: Any = 5.0  # [Hz]
    tau: float = 20.0  # [s]
    limit: float = 4.0
    every: float = 0.1  # [s]
    plastic: Array | None = None
    moves_background: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _wanted("rate", self.rate, 1e-9, "a rate above 0 Hz")
        _wanted("tau", self.tau, 1e-9, "a time constant above 0 s")
        _wanted("limit", self.limit, 1.0, "a factor of at least 1")
        _wanted("every", self.every, 0.0, "seconds of at least 0; 0 for every tick")

    def prepare(self, liquid: Any) -> Incoming:
        _one_each("rate", self.rate, liquid.outputs)
        return incoming(liquid, self.plastic)

    def init(self, plan: Incoming) -> Counted:
        return _nothing(plan.units)

    def move(self, plan: Incoming, memory: Counted, parts: Parts, spikes: Spikes) -> tuple[Counted, Parts]:
        memory = counted(memory, spikes)
        if not _due(memory, plan.h, self.every):
            return memory, parts
        pull = (memory.steps * plan.h - memory.count / np.asarray(self.rate)) / self.tau
        moved = np.clip(memory.moved + pull, -log(self.limit), log(self.limit))
        parts.weight[plan.edges] *= np.exp(moved - memory.moved)[plan.post]
        return _settled(memory, moved), parts


@dataclass(frozen=True, eq=False)
class Normalised:
    """What each unit hears in all stays what it was at the start; what one synapse gains the others lose:

        w <- w (sum of the unit's weights at the start) / (sum now)      after every `every` seconds

    Ratios between the synapses of a unit are kept. A unit all of whose weights are zero is left as it is.
    every: [s] of the stream.   plastic: (edges,) bool; None: from excitatory units onto excitatory ones.

    Subtractive and divisive forms: Miller & MacKay 1994; this is the divisive one.
    """

    every: float = 0.1  # [s]
    plastic: Array | None = None
    moves_background: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _wanted("every", self.every, 0.0, "seconds of at least 0; 0 for every tick")

    def prepare(self, liquid: Any) -> Incoming:
        return incoming(liquid, self.plastic)

    def init(self, plan: Incoming) -> Counted:
        return _nothing(0)

    def move(self, plan: Incoming, memory: Counted, parts: Parts, spikes: Spikes) -> tuple[Counted, Parts]:
        memory = memory._replace(steps=memory.steps + spikes.end - spikes.first)
        if not _due(memory, plan.h, self.every):
            return memory, parts
        start = np.bincount(plan.post, plan.weight, plan.units)
        now = np.bincount(plan.post, parts.weight[plan.edges], plan.units)
        factor = np.divide(start, now, out=np.ones(plan.units), where=(now > 0) & (start > 0))
        parts.weight[plan.edges] *= factor[plan.post]
        return memory._replace(steps=0), parts


def incoming(liquid: Any, plastic: Array | None) -> Incoming:
    circuit = liquid.circuit
    edges = np.flatnonzero(chosen(plastic, circuit))
    weight = np.asarray(circuit.weight, np.float64)[edges]
    return Incoming(liquid.h, edges, np.asarray(circuit.topology.post)[edges], weight, circuit.units)


def counted(memory: Counted, spikes: Spikes) -> Counted:
    """With the tick's spikes; how a stretch of time is cut into ticks makes no difference."""
    count = memory.count
    if len(spikes.events):
        count = count + np.bincount(spikes.events[:, 1], minlength=len(count))
    return Counted(count, memory.steps + spikes.end - spikes.first, memory.moved)


def _nothing(units: int) -> Counted:
    return Counted(np.zeros(units, np.int64), 0, np.zeros(units))


def _settled(memory: Counted, moved: Array) -> Counted:
    return Counted(np.zeros_like(memory.count), 0, moved)


def _due(memory: Counted, h: float, every: float) -> bool:
    return memory.steps > 0 and memory.steps * h >= every * (1 - 1e-9)


def _one_each(name: str, value: Any, units: int) -> None:
    if np.shape(value) not in ((), (units,)):
        raise ValueError(f"{name} is {np.shape(value)}, wanted a number or one for each unit ({units},)")


def _wanted(name: str, value: Any, least: float, what: str) -> None:
    if not ((np.asarray(value) >= least) & (np.asarray(value) < inf)).all():
        raise ValueError(f"{name} is {value!r}, wanted {what}")
