"""Neurons: cells over units that take a current and give spikes, one grid step at a time.

A neuron is a Cell whose inputs and outputs are its units: current in, 0 or 1 out. Yours may be one too: write `init`
and `step`, and `Spiking` gives it synapses, delays, plasticity, events and everything else. Optional:

    weigh(tau, h)              (units,) or (): the constant current over h whose effect equals that of a current that
                               begins at 1 and decays with time constant tau; without it, that current's mean
    scatter(state, uniform)    a state with a random beginning, from numbers in [0, 1), (*batch, units)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..ops import asarray, decay
from ..types import Array

Span = tuple[float, float]


class LIFState(NamedTuple):
    v: Array  # (*batch, units) [mV]
    silent: Array  # (*batch, units): grid steps that are left of the refractory time


@dataclass(frozen=True, eq=False)
class LIF:
    """Leaky integrate-and-fire units, exact for a current that is constant over the step:

        tau dV/dt = V_inf - V,   V_inf = rest + background + I,   V' = V + (V_inf - V) (1 - exp(-h/tau))
        V >= threshold: spike, V' = reset for the refractory time, round(refractory / h) steps

    Currents and background are R I in mV (at the paper's R = 1 MΩ that is their number in nA). Every number is one for
    all or one for each unit; start: V begins uniform in [low, high), else at rest. The defaults are the paper's
    excitatory unit. Constant input fires at f = 1 / (refractory + tau ln((I - reset) / (I - threshold))), I and all
    voltages taken from rest, exact up to one step per spike.

    Maass, Natschläger & Markram 2002, Appendix B; Rotter & Diesmann 1999 for the exact step.
    Raises ValueError for a tau that is not positive, a negative refractory time, a reset not below the threshold, a
    beginning that is no span.
    """

    units: int
    tau: Array | float = 0.03  # [s]
    threshold: Array | float = 15.0  # [mV]
    reset: Array | float = 13.5  # [mV]
    refractory: Array | float = 0.003  # [s]
    rest: Array | float = 0.0  # [mV]
    background: Array | float = 13.5  # [mV]
    start: Span | None = None  # [mV]

    def __post_init__(self) -> None:
        for name in ("tau", "threshold", "reset", "refractory", "rest", "background"):
            fits(name, getattr(self, name), self.units)
        if not (np.asarray(self.tau) > 0).all():
            raise ValueError(f"tau is a time constant in seconds and must be positive, got {np.min(self.tau)}")
        if not (np.asarray(self.refractory) >= 0).all():
            raise ValueError(f"refractory is a time in seconds of at least 0, got {np.min(self.refractory)}")
        if not (np.asarray(self.reset) < np.asarray(self.threshold)).all():
            raise ValueError(f"reset must be below threshold, got {self.reset} and {self.threshold}")
        if self.start is not None and not (
            np.shape(self.start) == (2,) and -np.inf < self.start[0] <= self.start[1] < np.inf
        ):
            raise ValueError(f"start is (low, high) in mV, low not above high; got {self.start}")

    @property
    def inputs(self) -> int:
        return self.units

    @property
    def outputs(self) -> int:
        return self.units

    def init(self, u: Array) -> LIFState:
        v = np.zeros((*u.shape[:-1], self.units), u.dtype) + asarray(self.rest, u)
        return LIFState(v, np.zeros_like(v))

    def scatter(self, state: LIFState, uniform: Array) -> LIFState:
        return state if self.start is None else state._replace(v=between(self.start, uniform, state.v))

    def weigh(self, tau: float, h: float) -> Array:
        return weighed(tau, self.tau, h)

    def step(self, state: LIFState, u: Array, dt: Array | float) -> tuple[LIFState, Array]:
        v = state.v
        v = v + (asarray(self.rest, v) + asarray(self.background, v) + u - v) * gain(dt, self.tau, v)
        v = np.where(state.silent > 0, asarray(self.reset, v), v)
        spikes = v >= asarray(self.threshold, v)
        v = np.where(spikes, asarray(self.reset, v), v)
        silent = np.where(spikes, asarray(steps_of(self.refractory, dt), v), np.maximum(state.silent - 1, 0))
        return LIFState(v, silent), spikes.astype(v.dtype)


class ALIFState(NamedTuple):
    v: Array  # (*batch, units) [mV]
    silent: Array  # (*batch, units)
    a: Array  # (*batch, units): adaptation, 1 more with every spike


@dataclass(frozen=True, eq=False)
class ALIF:
    """LIF units that tire: each spike adds 1 to a, which decays with tau_adapt;

        threshold + threshold_jump a      an adaptive threshold (Bellec et al. 2018)
        I - current_jump a                spike-frequency adaptation: a current that decays with tau_adapt, exact

    Either jump may be zero. The threshold is compared with a at the end of the step.
    Raises ValueError for a tau_adapt that is not positive or a jump below zero.
    """

    lif: LIF
    tau_adapt: Array | float = 0.2  # [s]
    threshold_jump: Array | float = 0.5  # [mV]
    current_jump: Array | float = 0.0  # [mV]

    def __post_init__(self) -> None:
        for name in ("tau_adapt", "threshold_jump", "current_jump"):
            fits(name, getattr(self, name), self.lif.units)
        if not (np.asarray(self.tau_adapt) > 0).all():
            raise ValueError(f"tau_adapt is a time constant in seconds and must be positive, got {self.tau_adapt}")
        if not ((np.asarray(self.threshold_jump) >= 0).all() and (np.asarray(self.current_jump) >= 0).all()):
            raise ValueError("threshold_jump and current_jump make a unit tire; they are at least 0")

    @property
    def units(self) -> int:
        return self.lif.units

    @property
    def inputs(self) -> int:
        return self.lif.units

    @property
    def outputs(self) -> int:
        return self.lif.units

    def init(self, u: Array) -> ALIFState:
        state = self.lif.init(u)
        return ALIFState(*state, np.zeros_like(state.v))

    def scatter(self, state: ALIFState, uniform: Array) -> ALIFState:
        return ALIFState(*self.lif.scatter(LIFState(state.v, state.silent), uniform), state.a)

    def weigh(self, tau: float, h: float) -> Array:
        return self.lif.weigh(tau, h)

    def step(self, state: ALIFState, u: Array, dt: Array | float) -> tuple[ALIFState, Array]:
        lif, v = self.lif, state.v
        share = weighed(self.tau_adapt, lif.tau, np.asarray(dt, np.float64)[..., None])
        pull = asarray(np.asarray(self.current_jump) * share, v) * state.a
        v = v + (asarray(lif.rest, v) + asarray(lif.background, v) + u - pull - v) * gain(dt, lif.tau, v)
        v = np.where(state.silent > 0, asarray(lif.reset, v), v)
        a = state.a * decay(dt, self.tau_adapt, v)
        spikes = v >= asarray(lif.threshold, v) + asarray(self.threshold_jump, v) * a
        v = np.where(spikes, asarray(lif.reset, v), v)
        silent = np.where(spikes, asarray(steps_of(lif.refractory, dt), v), np.maximum(state.silent - 1, 0))
        return ALIFState(v, silent, a + spikes), spikes.astype(v.dtype)


class IzhikevichState(NamedTuple):
    v: Array  # (*batch, units) [mV]
    w: Array  # (*batch, units): recovery


@dataclass(frozen=True, eq=False)
class Izhikevich:
    """Izhikevich 2003, Simple Model of Spiking Neurons; time in ms in the equations, as in the paper:

        dv/dt = 0.04 v^2 + 5 v + 140 - w + I,   dw/dt = a (b v - w);   v >= 30: spike, v = c, w = w + d

    Euler, v in two halves of the step as the paper's program does, v cut at 30 mV before it is squared again; use steps
    of 1 ms or less. The defaults are its regular spiking cell; a, b, c, d are one for all or one for each unit.
    """

    units: int
    a: Array | float = 0.02  # [1/ms]
    b: Array | float = 0.2
    c: Array | float = -65.0  # [mV]
    d: Array | float = 8.0

    def __post_init__(self) -> None:
        for name in "abcd":
            fits(name, getattr(self, name), self.units)

    @property
    def inputs(self) -> int:
        return self.units

    @property
    def outputs(self) -> int:
        return self.units

    def init(self, u: Array) -> IzhikevichState:
        v = np.zeros((*u.shape[:-1], self.units), u.dtype) - 65.0
        return IzhikevichState(v, asarray(self.b, v) * v)

    def step(self, state: IzhikevichState, u: Array, dt: Array | float) -> tuple[IzhikevichState, Array]:
        v, w = state
        a, b, c, d = (asarray(p, v) for p in (self.a, self.b, self.c, self.d))
        h = asarray(np.asarray(dt, np.float64)[..., None] * 1e3, v)  # [ms]
        for _ in range(2):
            v = np.minimum(v + 0.5 * h * ((0.04 * v + 5.0) * v + 140.0 - w + u), 30.0)
        w = w + h * a * (b * v - w)
        spikes = v >= 30.0
        return IzhikevichState(np.where(spikes, c, v), np.where(spikes, w + d, w)), spikes.astype(v.dtype)


def weighed(tau: Array | float, membrane: Array | float, h: Array | float) -> Array:
    """The constant current over h equal in effect on a membrane to one that begins at 1 and decays with tau:

    (h / membrane) (exp(-h/membrane) - exp(-h/tau)) / x / (1 - exp(-h/membrane)),  x = h (1/tau - 1/membrane)

    where tau is near the membrane's time constant by expm1, so that equal ones are no special case.
    """
    h, tau, membrane = np.asarray(h, np.float64), np.asarray(tau, np.float64), np.asarray(membrane, np.float64)
    x = h * (1 / tau - 1 / membrane)
    near, safe = np.abs(x) < 1, np.where(x == 0, 1.0, x)
    grown = np.where(x == 0, 1.0, np.expm1(np.where(near, x, 0.0)) / safe) * np.exp(-h / tau)
    apart = (np.exp(-h / membrane) - np.exp(-h / tau)) / safe
    passed = np.where(h == 0, 1.0, -np.expm1(-h / membrane))
    return np.where(h == 0, 1.0, (h / membrane) * np.where(near, grown, apart) / passed)


def mean_current(tau: float, h: float) -> float:
    """The mean over h of a current that begins at 1 and decays with tau."""
    return float(-np.expm1(-h / tau) * tau / h)


def gain(dt: Array | float, tau: Array | float, like: Array) -> Array:
    """1 - exp(-dt/tau), rounded once: in float32, 1 minus a rounded exponential would be off by 1e-5 of itself."""
    return asarray(-np.expm1(-np.asarray(dt, np.float64)[..., None] / np.asarray(tau, np.float64)), like)


def steps_of(time: Array | float, dt: Array | float) -> Array:
    """A time as whole steps of dt (one dt per batch row); none where no time passes."""
    h = np.asarray(dt, np.float64)[..., None]
    return np.where(h > 0, np.rint(np.asarray(time, np.float64) / np.where(h > 0, h, 1.0)), 0.0)


def between(span: Span, uniform: Array, like: Array) -> Array:
    low, high = span
    return asarray(low + (high - low) * uniform, like)


def fits(name: str, value: Array | float, units: int) -> None:
    """Raise ValueError unless a parameter is one finite number, or one for each of at least one unit."""
    if not (isinstance(units, int | np.integer) and units >= 1):
        raise ValueError(f"units is how many there are, a whole number of at least 1; got {units!r}")
    if np.shape(value) not in ((), (units,)) or not np.isfinite(value).all():
        raise ValueError(f"{name} is one finite number or one for each unit ({units}); got {np.shape(value)} {value!r}")


def parameter(value: Array | float, units: int) -> Array:
    """One number for each unit, in float64."""
    return np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.float64), (units,)))
