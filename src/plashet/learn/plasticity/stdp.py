"""Plasticity by the timing of spikes: by pairs of them, and by triplets."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ... import _kernels
from ...types import Array
from .rule import Parts, Spikes, chosen

Pair = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Bounds:
    """How a weight w stays in [0, largest]: a step A towards a bound is A times (what is left / largest)^power.

    power = 0: whole steps, cut off at the bound (hard); 1: steps that shrink with what is left (soft); between: Gütig
    et al. 2003. largest: [mV] one for all or one for each edge; None: the largest plastic weight at the start. A weight
    that is above it is weakened only.
    """

    power: float = 1.0
    largest: Any = None

    def __post_init__(self) -> None:
        if not 0 <= self.power < inf:
            raise ValueError(f"power is {self.power!r}, wanted at least 0: 0 for hard bounds, 1 for soft ones")
        if self.largest is not None and not (np.isfinite(self.largest).all() and (np.asarray(self.largest) > 0).all()):
            raise ValueError(f"largest is {self.largest!r}, wanted weights above 0 [mV]")

    def of(self, weight: Array, plastic: Array) -> Array:
        """(edges,) the largest weight of each."""
        if self.largest is None:
            most = float(np.max(weight[plastic], initial=0.0))
            return np.full(len(weight), most or 1.0)
        if np.shape(self.largest) not in ((), weight.shape):
            raise ValueError(f"largest is {np.shape(self.largest)}, wanted a number or one for each of {weight.shape}")
        return np.array(np.broadcast_to(np.asarray(self.largest, np.float64), weight.shape))


HARD, SOFT = Bounds(0.0), Bounds(1.0)


class STDPMemory(NamedTuple):
    """The traces, each as it was just after its last spike, and the spikes that may not have arrived yet."""

    pre: Array  # (terminals, 2) quick and slow
    pre_at: Array  # (terminals,) int64 grid step
    post: Array  # (units, 2)
    post_at: Array  # (units,) int64
    flight: Array  # (spikes, 2) int64 of (grid step, unit)


@dataclass(frozen=True, eq=False)
class STDP:
    """Each pair of spikes moves the synapse between the units that gave them, all pairs counted:

        w <- w + largest plus exp(-D/tau_plus)       D > 0: the unit spikes D after a spike has come to the synapse
        w <- w - largest minus exp(-|D|/tau_minus)   D < 0: the spike comes |D| after the unit has spiked
        nothing                                      D = 0: in the same grid step, too late to be its cause

    each step times what `bounds` lets pass. A spike comes to the synapse when its delay is over: delays are axonal, and
    the unit's own spike is at the synapse at once. Times are grid steps, so the window is exact whatever the ticks;
    the weights that drive the liquid are constant within a tick. Spikes are paired across ticks, not across series.
    Weights are amplitudes and the sign is the presynaptic unit's: Dale's law holds whatever is learnt.

    plus, minus: as shares of the largest weight.   plastic: (edges,) bool, which synapses move; None: from excitatory
    units onto excitatory ones. With short-term plasticity it is the amplitude that moves, not u or R.

    Song, Miller & Abbott 2000 (additive: hard bounds, minus a little above plus); van Rossum, Bi & Turrigiano 2000 and
    Gütig et al. 2003 (soft). Raises ValueError for amplitudes below zero or time constants that are not positive.
    """

    plus: float = 0.005
    minus: float = 0.00525
    tau_plus: float = 0.02  # [s]
    tau_minus: float = 0.02  # [s]
    bounds: Bounds = SOFT
    plastic: Array | None = None
    moves_background: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check("plus, minus", (self.plus, self.minus), 0.0)
        _check("tau_plus, tau_minus", (self.tau_plus, self.tau_minus), None)

    def prepare(self, liquid: Any) -> Any:
        amounts, taus = (self.plus, 0.0, self.minus, 0.0), (self.tau_plus, inf, self.tau_minus, inf)
        return laid_out(liquid, self.plastic, self.bounds, amounts, taus)

    def init(self, plan: Any) -> STDPMemory:
        return untouched(plan)

    def move(self, plan: Any, memory: STDPMemory, parts: Parts, spikes: Spikes) -> tuple[STDPMemory, Parts]:
        return paired(plan, memory, parts, spikes), parts


@dataclass(frozen=True, eq=False)
class Triplet:
    """STDP in which a spike counts for more where its own side has spiked shortly before:

        the unit spikes:    w <- w + largest r1 (plus[0] + plus[1] o2)
        a spike comes:      w <- w - largest o1 (minus[0] + minus[1] r2)

    r1, r2: traces of the spikes that came to the synapse, with tau_pre; o1, o2: of the unit's own, with tau_post; each
    spike adds 1 (all pairs and triplets), and o2 and r2 are taken just before the spike. So pairs at a high rate
    strengthen what pairs of the same timing at a low rate weaken. Everything else as STDP; the defaults are the paper's
    for visual cortex (all-to-all, full model), its change relative to the weight taken as a share of the largest.

    Pfister & Gerstner 2006.
    """

    plus: Pair = (5e-10, 6.2e-3)  # pairs, triplets
    minus: Pair = (7e-3, 2.3e-4)
    tau_pre: Pair = (16.8e-3, 0.101)  # [s] tau_+, tau_x
    tau_post: Pair = (33.7e-3, 0.125)  # [s] tau_-, tau_y
    bounds: Bounds = SOFT
    plastic: Array | None = None
    moves_background: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check("plus, minus", (*_two(self.plus), *_two(self.minus)), 0.0)
        _check("tau_pre, tau_post", (*_two(self.tau_pre), *_two(self.tau_post)), None)

    def prepare(self, liquid: Any) -> Any:
        return laid_out(liquid, self.plastic, self.bounds, (*self.plus, *self.minus), (*self.tau_pre, *self.tau_post))

    def init(self, plan: Any) -> STDPMemory:
        return untouched(plan)

    def move(self, plan: Any, memory: STDPMemory, parts: Parts, spikes: Spikes) -> tuple[STDPMemory, Parts]:
        return paired(plan, memory, parts, spikes), parts


def laid_out(
    liquid: Any, plastic: Array | None, bounds: Bounds, amounts: tuple[float, ...], taus: tuple[float, ...]
) -> Any:
    """The plastic edges for the kernel. amounts: plus, minus, of pairs and triplets each; taus: tau_pre, tau_post."""
    circuit = liquid.circuit
    mask, weight = chosen(plastic, circuit), np.asarray(circuit.weight, np.float64)
    return _kernels.StdpPlan(
        np.ascontiguousarray(mask, np.uint8),
        liquid.starts,
        np.ascontiguousarray(circuit.topology.post, np.int64),
        liquid.delays,
        bounds.of(weight, mask),
        bounds.power,
        np.array(amounts, np.float64),
        liquid.h / np.array(taus, np.float64),
    )


def untouched(plan: Any) -> STDPMemory:
    """No spike yet."""
    none = np.empty((0, 2), np.int64)
    pre, post = np.zeros((plan.terminals, 2)), np.zeros((plan.units, 2))
    return STDPMemory(pre, np.zeros(len(pre), np.int64), post, np.zeros(len(post), np.int64), none)


def paired(plan: Any, memory: STDPMemory, parts: Parts, spikes: Spikes) -> STDPMemory:
    """The tick's spikes with each other and with those before: traces and weights, in place, in one compiled pass."""
    if spikes.afresh:
        memory = untouched(plan)
    events = np.ascontiguousarray(spikes.events, np.int64)
    plan.move(events, memory.flight, spikes.first, spikes.end, *memory[:4], parts.weight)
    if not len(events) and not len(memory.flight):
        return memory
    flight = np.concatenate([memory.flight, events])
    return memory._replace(flight=flight[flight[:, 0] + plan.longest >= spikes.end])


def _check(name: str, values: tuple[float, ...], least: float | None) -> None:
    if not all(isfinite(v) and (v > 0 if least is None else v >= least) for v in values):
        wanted = "above 0 [s]" if least is None else "of at least 0"
        raise ValueError(f"{name} are {values}, wanted finite numbers {wanted}")


def _two(pair: Pair) -> Pair:
    if len(pair) != 2:
        raise ValueError(f"two numbers are wanted, for pairs and for triplets; got {pair!r}")
    return pair
