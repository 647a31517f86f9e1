"""Whether a small disturbance of spiking units dies out or grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import tree
from ..beginning import begun
from ..run import run
from ..types import Array, Cell
from .driven import heard

Floats = NDArray[np.float64]
Disturb = Callable[[Array, np.random.Generator], Array]  # potentials (copies, units) to disturbed ones


def pushed(size: float = 0.1) -> Disturb:
    """One unit of each copy, any, has its potential moved by `size` [mV], up or down."""

    def disturb(v: Array, rng: np.random.Generator) -> Array:
        chosen = rng.integers(v.shape[1], size=len(v))
        v[np.arange(len(v)), chosen] += rng.choice([-size, size], len(v))
        return v

    return disturb


def one_spike(v: Array, rng: np.random.Generator) -> Array:
    """One unit of each copy, any, spikes at once (unless it is refractory): one spike too many."""
    v[np.arange(len(v)), rng.integers(v.shape[1], size=len(v))] = 1e6
    return v


class Divergence(NamedTuple):
    """How disturbed copies of a run went on."""

    exponent: float  # λ [1/s]: ln(distance at the end of a round / after its first tick) / the time between
    curve: Floats  # (ticks,) root mean square of the distance over copies and rounds, relative to the first tick
    healed: float  # share of copies that ended in the very potentials of the undisturbed run


def divergence(
    cell: Cell,
    u: Array,
    dt: float,
    *,
    seed: int,
    every: float = 0.1,
    copies: int = 16,
    washout: float = 0.2,
    disturb: Disturb | None = None,
) -> Divergence:
    """Lyapunov's question of spiking units: λ of a disturbance of finite size, under the input u (time, inputs).

    cell: a Spiking, or cells made with one. After `washout` [s] `copies` of its state are disturbed, each by itself,
    and all hear the same input and noise for `every` [s]; then they are set back beside the undisturbed run, disturbed
    anew, and so on to the end of u. The distance is |v - v'| over the units' potentials, as root mean square over
    copies and rounds, so what grows counts for more than what heals. Below 0 the input decides what happens and the
    disturbance is forgotten, above 0 small causes grow; -inf where all are gone. Once the copies are as far apart as
    any two states λ can only fall: then shorten `every`.

    disturb: `pushed(0.1)` unless given; `one_spike`; or your own. An infinitesimal push, which changes no spike, would
    always be forgotten on a grid of time, so this is λ of its size; of unconnected LIF units below threshold -1/tau.
    Legenstein and Maass 2007; spikes and infinitesimal exponents: Monteforte and Wolf 2010.
    Raises ValueError where u is too short for one round.
    """
    liquid, u = heard(cell, np.asarray(u, np.float64), dt)
    skip, ticks = round(washout / dt), round(every / dt)
    if u.ndim != 2 or ticks < 2 or len(u) < skip + ticks:
        raise ValueError(
            f"u is {u.shape} at {dt} s a tick; give (time, inputs), at least {washout + every:g} s, and rounds of "
            f"two ticks or more (every={every})"
        )
    rng, change = np.random.default_rng(seed), disturb or pushed()
    state = begun(liquid, u[0], np.zeros((), np.int64))
    state = run(liquid, u[:skip], dt, state)[1] if skip else state
    rounds = []
    for first in range(skip, len(u) - ticks + 1, ticks):
        rows = tree.map_arrays(lambda _, a: np.repeat(np.asarray(a)[None], copies + 1, axis=0), state)
        rows = _disturbed(rows, change, rng)
        apart = []
        for now in u[first : first + ticks]:
            rows = run(liquid, np.repeat(now[None, None], copies + 1, axis=1), dt, rows)[1]
            v = _potentials(rows)
            apart.append(np.linalg.norm(v[1:] - v[0], axis=1))
        rounds.append(np.array(apart))
        state = tree.map_arrays(lambda _, a: a[0].copy(), rows)
    return _summary(np.concatenate(rounds, axis=1), dt)


def _summary(distances: Floats, dt: float) -> Divergence:
    """distances: (ticks, copies of all rounds)."""
    spread = np.sqrt((distances**2).mean(axis=1))
    healed = float((distances[-1] == 0).mean())
    if not spread[0] > 0:
        return Divergence(-np.inf, np.full(len(distances), np.nan), healed)
    curve = spread / spread[0]
    with np.errstate(divide="ignore"):
        return Divergence(float(np.log(curve[-1]) / ((len(curve) - 1) * dt)), curve, healed)


def _potentials(state: Any) -> Floats:
    return np.asarray(state.neuron[0], np.float64)


def _disturbed(rows: Any, change: Disturb, rng: np.random.Generator) -> Any:
    """Row 0 as it is, the others with their potentials changed: the first array of the neuron's state."""
    v = np.array(rows.neuron[0])
    v[1:] = change(v[1:].copy(), rng)
    return rows._replace(neuron=rows.neuron._replace(**{rows.neuron._fields[0]: v}))
