"""Values as rates of random spikes, and rates read from spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..chance import named, seeded, uniforms
from ..ops import into, observed
from ..types import Array
from .door import check_inputs, per_input

MOST = 100.0  # mean count up to which the inverse is exact
ROLE = int.from_bytes(b"Poisson", "big")  # so that the noise of a liquid with the same seed is other noise


class PoissonState(NamedTuple):
    tick: Array  # (*batch,) int64: ticks so far; each has random numbers of its own
    key: Array  # (*batch,) int64: the row's name in the stream of random numbers


@dataclass(frozen=True, eq=False)
class Poisson:
    """Spike counts of independent Poisson processes with rate r = min(max(base + gain u, 0), limit), u held over dt.

        P(count = k) = m^k e^-m / k!      m = r dt

    u (*batch, inputs) -> counts (*batch, inputs). gain [Hz per unit of u], base [Hz]: one number or one per input;
    limit [Hz] bounds what one outlier may do. A missing value (NaN) is silent. NumPy only.

    One count is drawn per tick and input, by inversion of one uniform number that depends on (seed, key of the row,
    tick, input) alone: a run can be cut, resumed and replayed, and a row of a batch that is alone under the same key
    gets the same spikes. A row's key is its place in the batch, or what `init(u, keys)` gives it. To have finer times
    than a tick, make finer ticks: `np.repeat(u, n, axis=0)` with dt / n. Means above 100 spikes a tick use the
    Cornish-Fisher expansion of the inverse, within one spike of the exact count.
    Raises ValueError for settings that are not finite, a limit that is not positive, or a seed outside 0 .. 2^64 - 1.

    Source: any text on point processes; Philox for the numbers (see chance.py).
    """

    inputs: int
    gain: Array | float = 100.0
    base: Array | float = 0.0
    limit: float = 1000.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        per_input("gain", self.gain, self.inputs)
        per_input("base", self.base, self.inputs)
        if not 0 < self.limit < np.inf:
            raise ValueError(f"limit is the highest rate in Hz, positive and finite; got {self.limit}")
        seeded(self.seed)

    @classmethod
    def between(
        cls, inputs: int, low: Array | float, high: Array | float, rates: tuple[float, float], seed: int = 0
    ) -> Poisson:
        """Rates that go from rates[0] [Hz] where u = low to rates[1] where u = high, and no higher than the larger."""
        low, high = per_input("low", low, inputs), per_input("high", high, inputs)
        if not (low != high).all():
            raise ValueError(f"low and high are two different values of u, got {low} and {high}")
        gain = (rates[1] - rates[0]) / (high - low)
        return cls(inputs, gain, rates[0] - gain * low, max(rates), seed)

    @property
    def outputs(self) -> int:
        return self.inputs

    def decoder(self, tau: float = 0.1) -> Rates:
        """Values from the spikes of about the last tau [s]."""
        return Rates(self.inputs, tau, self.gain, self.base)

    def init(self, u: Array, keys: Array | None = None) -> PoissonState:
        """At tick 0. keys (*batch,): the rows' names, whole numbers; by default 0, 1, 2, ..."""
        batch = np.shape(u)[:-1]
        names = named(np.arange(int(np.prod(batch))).reshape(batch) if keys is None else keys)
        if names.shape != batch:
            raise ValueError(f"keys are one per row {batch}, got shape {names.shape}")
        return PoissonState(np.zeros(batch, np.int64), names)

    def step(self, state: PoissonState, u: Array, dt: Array | float) -> tuple[PoissonState, Array]:
        drawn = uniforms(self.seed ^ ROLE, state.key, state.tick, self.inputs)
        counts = poisson_inverse(drawn, self._means(u, dt))
        return state._replace(tick=state.tick + 1), counts.astype(u.dtype)

    def run(self, state: PoissonState, u: Array, dt: Array, out: Array | None = None) -> tuple[PoissonState, Array]:
        """All of time at once: u (time, *batch, inputs), dt (time,) or (time, *batch)."""
        ticks = np.arange(len(u)).reshape(-1, *(1 for _ in u.shape[1:-1]))
        drawn = uniforms(self.seed ^ ROLE, np.broadcast_to(state.key, u.shape[:-1]), state.tick + ticks, self.inputs)
        counts = poisson_inverse(drawn, self._means(u, dt if dt.ndim == u.ndim - 1 else dt.reshape(ticks.shape)))
        return state._replace(tick=state.tick + len(u)), into(out, counts.astype(u.dtype))

    def _means(self, u: Array, dt: Array | float) -> Array:
        with np.errstate(over="ignore"):  # infinite is above the limit like any other
            rates = np.clip(self.base + self.gain * u.astype(np.float64), 0.0, self.limit)
        return observed(rates) * np.asarray(dt, np.float64)[..., None]


def poisson_inverse(uniform: Array, mean: Array) -> Array:
    """The smallest count whose distribution function exceeds `uniform`, element by element."""
    p = np.exp(-np.minimum(mean, MOST))
    counts = np.zeros(mean.shape)
    (going,) = np.nonzero((uniform >= p).ravel())  # most have none, in the short ticks that spikes are made for
    u, m, term = uniform.ravel()[going], mean.ravel()[going], p.ravel()[going]
    reached, k, flat = term.copy(), 0, counts.ravel()
    while going.size:
        k += 1
        term = term * m / k
        flat[going] = k
        reached = reached + term
        on = (u >= reached) & ((term > 1e-17) | (k < m)) & (m <= MOST)
        going, u, m, term, reached = going[on], u[on], m[on], term[on], reached[on]
    large = mean > MOST
    if large.any():
        counts = flat.reshape(mean.shape)
        counts[large] = _normal_inverse(uniform[large], mean[large])
    return counts


def _normal_inverse(uniform: Array, mean: Array) -> Array:
    """Cornish & Fisher 1938, to the second order."""
    from scipy.special import ndtri

    z = ndtri(np.clip(uniform, 2.0**-54, 1.0))
    spread = np.sqrt(mean)
    return np.maximum(np.rint(mean + spread * z + (z * z - 1) / 6 + (z - z**3) / (72 * spread)), 0.0)


class RatesState(NamedTuple):
    rate: Array  # (*batch, inputs) [Hz]


@dataclass(frozen=True, eq=False)
class Rates:
    """Values from spike counts: tau dr/dt = -r + spikes, u = (r - base) / gain.

    counts (*batch, inputs) -> u (*batch, inputs); a tick's spikes are taken to be spread evenly over it. Of a steady
    Poisson train, r has the mean of its rate and the variance rate / (2 tau), for ticks much shorter than tau
    (Campbell's theorem). Raises ValueError for a tau that is not positive or a gain of zero. NumPy only.
    """

    inputs: int
    tau: float = 0.1  # [s]
    gain: Array | float = 1.0
    base: Array | float = 0.0

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        per_input("tau", self.tau, 1, positive=True)
        per_input("base", self.base, self.inputs)
        if not per_input("gain", self.gain, self.inputs).all():
            raise ValueError("a gain of zero tells no value from another: give the gain of the encoder")

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> RatesState:
        return RatesState(np.zeros((*u.shape[:-1], self.inputs), u.dtype))

    def step(self, state: RatesState, u: Array, dt: Array | float) -> tuple[RatesState, Array]:
        elapsed = np.asarray(dt, u.dtype)[..., None]
        gone = -np.expm1(-elapsed / u.dtype.type(self.tau))
        weight = np.where(elapsed > 0, gone / np.where(elapsed > 0, elapsed, 1), 1 / self.tau)
        rate = state.rate + (observed(u) * weight - state.rate * gone)
        values = (rate - np.asarray(self.base, u.dtype)) / np.asarray(self.gain, u.dtype)
        return RatesState(rate.astype(u.dtype)), values.astype(u.dtype)
