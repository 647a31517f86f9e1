"""How far apart two inputs drive a cell: the separation property, and pairs of spike trains at a wanted distance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..beginning import begun
from ..types import Array, Cell
from .driven import blocks

Floats = NDArray[np.float64]


class Separation(NamedTuple):
    """Distances between the outputs under paired inputs, and under the same input begun otherwise; each (time,)."""

    squared: Floats  # mean over units and pairs of (x_a - x_b)²
    squared_same: Floats  # likewise with b = a: what the beginning and the noise do by themselves
    norm: Floats  # mean over pairs of the Euclidean norm |x_a - x_b|
    norm_same: Floats

    @property
    def apart(self) -> Floats:
        """What the inputs part: `squared` less `squared_same`."""
        return self.squared - self.squared_same


def separation(cell: Cell, a: Array, b: Array, dt: float = 1.0) -> Separation:
    """Drive the cell with the inputs a and b (time, pairs, inputs) and see their outputs part, tick by tick.

    Of a spiking liquid the two of a pair have keys of their own, so other beginnings and other noise, as have the two
    of the same input. Figure 2 of the paper speaks of the Euclidean norm; others could match it only with the squared
    distance, so both are given.
    Maass, Natschläger and Markram 2002, Real-Time Computing Without Stable States.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 3 or a.shape != b.shape or 0 in a.shape[:2]:
        raise ValueError(
            f"a is {a.shape} and b {b.shape}; give both as (time, pairs, inputs), at least a tick of a pair"
        )
    pairs = a.shape[1]
    keys = np.arange(2 * pairs)
    runs = [
        blocks(cell, u, dt, begun(cell, u[0], named))
        for u, named in ((a, keys[:pairs]), (b, keys[pairs:]), (a, keys[pairs:]))
    ]
    found = np.empty((4, len(a)))
    for (ticks, x), (_, other), (_, same) in zip(*runs, strict=True):
        for k, y in enumerate((other, same)):
            found[k, ticks] = ((x - y) ** 2).mean(axis=(1, 2))
            found[k + 2, ticks] = np.linalg.norm(x - y, axis=-1).mean(axis=1)
    return Separation(*found)


def train_distance(a: ArrayLike, b: ArrayLike, duration: float, tau: float = 5e-3) -> float:
    """|a * g - b * g| / duration with g(t) = exp(-(t/tau)²): the distance between spike trains of the paper.

    a, b: times of spikes [s]; the norm is that of L2 over all of time, in closed form: ∫ g(t-s) g(t-r) dt =
    tau sqrt(π/2) exp(-(s-r)²/(2 tau²)). One spike too many is sqrt(tau sqrt(π/2)) / duration away, in s^-½.
    """
    if not (duration > 0 and tau > 0):
        raise ValueError(f"duration and tau are times in seconds and positive; got {duration} and {tau}")
    times = np.concatenate([np.ravel(a), np.ravel(b)]).astype(np.float64)
    signs = np.concatenate([np.ones(np.size(a)), -np.ones(np.size(b))])
    overlap = np.exp(-((times[:, None] - times) ** 2) / (2 * tau**2))
    squared = tau * np.sqrt(np.pi / 2) * (signs @ overlap @ signs)
    return float(np.sqrt(max(squared, 0.0)) / duration)


class Pair(NamedTuple):
    """Two spike trains, times in seconds and in order."""

    a: Floats
    b: Floats
    distance: float


def poisson_pair(rate: float, duration: float, distance: float, *, seed: int, tolerance: float = 0.01) -> Pair:
    """Two Poisson trains of `rate` [Hz] whose `train_distance` is the wanted one, within the tolerance.

    b is a with every spike moved by a normal time, turned back at the ends, of the smallest of many deviations that
    gives the distance; a is drawn again where none does. Poisson spikes moved independently are Poisson spikes.
    Raises ValueError for a distance that trains of this rate do not reach: those that share no spike are about
    sqrt(2 rate duration) times as far apart as a train and the same with one spike more.
    """
    if not (rate > 0 and duration > 0 and distance >= 0):
        raise ValueError(f"got rate={rate}, duration={duration}, distance={distance}; give positive numbers")
    rng, furthest = np.random.default_rng(seed), 0.0
    for _ in range(100):
        a = np.sort(rng.uniform(0, duration, rng.poisson(rate * duration)))
        if distance == 0:
            return Pair(a, a, 0.0)
        step, scales = rng.normal(size=len(a)), np.geomspace(1e-5, duration, 60)
        reached = np.array([train_distance(a, _moved(a, step, s, duration), duration) for s in scales])
        furthest = max(furthest, float(reached.max()))
        if not (reached >= distance).any():
            continue
        k = int(np.argmax(reached >= distance))
        low, high = (scales[k - 1] if k else 0.0), scales[k]
        for _ in range(40):
            middle = (low + high) / 2
            beyond = train_distance(a, _moved(a, step, middle, duration), duration) >= distance
            low, high = (low, middle) if beyond else (middle, high)
        b = np.sort(_moved(a, step, high, duration))
        found = train_distance(a, b, duration)
        if abs(found - distance) <= tolerance:
            return Pair(a, b, found)
    raise ValueError(
        f"no pair of trains of {rate} Hz over {duration} s was {distance} apart, the furthest {furthest:.3g}: "
        "lower the distance, or raise the rate"
    )


def counts_of(times: ArrayLike, duration: float, dt: float) -> Floats:
    """(time,) spikes in each tick of dt [s]; times [s] in [0, duration]. ValueError for times outside."""
    times, ticks = np.ravel(times), round(duration / dt)
    if not ((times >= 0) & (times <= duration)).all():
        raise ValueError(f"times go from {times.min()} to {times.max()} s, wanted 0 to {duration}")
    place = np.minimum((times / dt).astype(np.int64), ticks - 1)
    return np.bincount(place, minlength=ticks).astype(np.float64)


def _moved(times: Floats, step: Floats, scale: float, duration: float) -> Floats:
    """Times moved and turned back at both ends, as often as it takes."""
    turned = np.mod(times + scale * step, 2 * duration)
    return np.where(turned > duration, 2 * duration - turned, turned)
