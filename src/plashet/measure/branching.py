"""How many spikes a spike brings about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..types import Array
from .spikes import grid_of, spikes_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PART = 1 << 20  # deliveries that are held at once


def branching_factor(events: Array, circuit: Any, h: float, window: float = 8e-3, margin: float = 25e-3) -> float:
    """Descendants per spike: 1 keeps activity as it is, below 1 it dies out unless the input starts it again.

    A spike of unit j at step n descends from every spike of an excitatory unit i with a synapse i to j that arrived
    less than `window` [s] before: step s of the ancestor, d of the delay, s + d < n <= s + d + window / h (a spike at s
    first moves its target in step s + d + 1). A spike with k ancestors counts 1/k for each. The factor is the mean over
    the spikes, inhibitory ones too, that are at least `margin` [s] from the first and from the last spike. 8 ms is when
    the potential of the paper's synapse is at its peak (tau 30 and 3 ms); spikes that meet by chance count as well, so
    the factor of a busy circuit with many synapses is too high. NaN where no spike is left.

    events: (spikes, 2) of (grid step, unit), one series; circuit: a wiring.Circuit; h [s].
    Beggs and Plenz 2003, J. Neurosci. 23; shared ancestors as in Ivanov and Michmizos 2021 (NALSM).
    """
    if not (0 < window < np.inf and 0 <= margin < np.inf):
        raise ValueError(f"window and margin are in seconds, finite and not negative; got {window} and {margin}")
    events, h = spikes_of(events, circuit.units), grid_of(h)
    steps, unit = events[np.argsort(events[:, 0], kind="stable")].T
    if not len(steps):
        return float("nan")
    reach = max(round(window / h), 1)
    delay = np.maximum(np.rint(np.asarray(circuit.delay) / h), 1).astype(np.int64)
    post = np.asarray(circuit.topology.post, np.int64)
    span = int(steps[-1]) + int(delay.max(initial=1)) + reach + 2
    own = np.lexsort((steps, unit))  # each unit's spikes in a row
    place = unit[own] * span + steps[own]

    def met(spike: Ints, edge: Ints) -> tuple[Ints, Ints]:
        """For each delivery the spikes of its target within the window, as a range of `own`."""
        arrival = post[edge] * span + steps[spike] + delay[edge]
        return np.searchsorted(place, arrival + 1), np.searchsorted(place, arrival + reach, side="right")

    counts = np.zeros(len(steps) + 1, np.int64)
    for spike, edge in _deliveries(unit, circuit):
        first, last = met(spike, edge)
        counts += np.bincount(first, minlength=len(counts)) - np.bincount(last, minlength=len(counts))
    ancestors = np.cumsum(counts[:-1])
    shares = np.concatenate(([0.0], np.cumsum(np.where(ancestors > 0, 1 / np.maximum(ancestors, 1), 0.0))))
    descendants = np.zeros(len(steps))
    for spike, edge in _deliveries(unit, circuit):
        first, last = met(spike, edge)
        descendants += np.bincount(spike, shares[last] - shares[first], len(steps))
    inner = (steps >= steps[0] + margin / h) & (steps <= steps[-1] - margin / h)
    return float(descendants[inner].mean()) if inner.any() else float("nan")


def _deliveries(unit: Ints, circuit: Any) -> Iterator[tuple[Ints, Ints]]:
    """Every (spike, edge) along which a spike travels from an excitatory unit, a part at a time."""
    start = np.searchsorted(np.asarray(circuit.topology.pre, np.int64), np.arange(circuit.units + 1))
    degree = np.where(np.asarray(circuit.inhibitory, bool), 0, np.diff(start))[unit]
    cuts = np.flatnonzero(np.diff(np.cumsum(degree) // PART)) + 1
    for spikes in np.split(np.arange(len(unit)), cuts):
        many = degree[spikes]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        yield np.repeat(spikes, many), np.repeat(start[unit[spikes]], many) + within


def activity_slope(counts: ArrayLike) -> float:
    """The slope of A(t+1) on A(t), A the population's spikes in bins one generation long: σ if all units are seen.

    Of a part of the units it comes out too low; see `multistep`. NaN where A does not vary. Heathcote 1965.
    """
    return float(_slopes(_activity(counts, 1), 1)[0])


class MultiStep(NamedTuple):
    """A branching factor from how activity is correlated over several steps."""

    factor: float  # m, per bin
    share: float  # b: below 1 where activity is seen only in part, or noise is added to it
    slopes: Floats  # (lags,) slope of A(t+k) on A(t), k = 1, 2, ...


def multistep(counts: ArrayLike, lags: int = 20) -> MultiStep:
    """r_k = b m^k fitted by least squares to the slopes of A(t+k) on A(t), k = 1..lags: m is right for a part, too.

    counts: (bins,) spikes in bins, at least ten times `lags`. Slow ups and downs of the input look like memory: for
    a driven liquid m is at least that of its input. NaN where A does not vary.
    Wilting and Priesemann 2018, Inferring collective dynamical states from widely unobserved systems.
    """
    from scipy.optimize import minimize_scalar

    slopes = _slopes(_activity(counts, 10 * lags), lags)
    if np.isnan(slopes).any():
        return MultiStep(float("nan"), float("nan"), slopes)
    k = np.arange(1, lags + 1)

    def share(m: float) -> float:
        return float(slopes @ m**k / (m**k @ m**k))

    def missed(m: float) -> float:
        return float(((slopes - share(m) * m**k) ** 2).sum())

    grid = np.linspace(0.01, 1.2, 120)
    best = float(grid[np.argmin([missed(m) for m in grid])])
    found = minimize_scalar(missed, bounds=(max(best - 0.02, 1e-3), best + 0.02), method="bounded")
    return MultiStep(float(found.x), share(float(found.x)), slopes)


def _activity(counts: ArrayLike, least: int) -> Floats:
    a = np.asarray(counts, np.float64)
    if a.ndim != 1 or len(a) < least + 2:
        raise ValueError(f"counts is {a.shape}; give (bins,), at least {least + 2}")
    return a


def _slopes(a: Floats, lags: int) -> Floats:
    """(lags,) the regression of a(t+k) on a(t)."""
    found = []
    for k in range(1, lags + 1):
        x, y = a[:-k] - a[:-k].mean(), a[k:] - a[k:].mean()
        found.append(x @ y / (x @ x) if x @ x > 0 else np.nan)
    return np.array(found)
