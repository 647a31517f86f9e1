"""Ways to draw a wiring. Each role (topology, weights, inputs, bias, feedback) has a random stream of its own,
so changing one size does not reshuffle the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..types import Array
from .spectral import spectral_radius as radius_of
from .topology import Bands, Synapses, Topology
from .wiring import Wiring

Floats = np.ndarray[Any, np.dtype[np.float64]]
ROLES = ("topology", "weights", "inputs", "bias", "feedback")


def bands(
    units: int,
    inputs: int = 1,
    *,
    seed: int,
    degree: int = 10,
    spectral_radius: float = 0.9,
    input_scaling: float = 1.0,
    bias_scaling: float = 0.2,
) -> Wiring:
    """Each unit listens to `degree` others through `degree` cyclic shifts shared by all units.

    Weights are independent standard normal, scaled to the spectral radius; input weights are uniform in
    +-input_scaling, the bias in +-bias_scaling. In effect a sparse random matrix, but without indices: the fastest
    recurrent wiring here. `degree` is capped at `units`. Raises ValueError for sizes below one.
    """
    degree = _sizes(units, inputs, degree)
    shifts = np.sort(stream(seed, "topology").choice(units, degree, replace=False))
    weights = stream(seed, "weights").standard_normal((degree, units))
    topology = Bands(shifts, units)
    return _wiring(topology, _scaled(topology, weights, spectral_radius), inputs, seed, input_scaling, bias_scaling)


def random(
    units: int,
    inputs: int = 1,
    *,
    seed: int,
    degree: int = 10,
    spectral_radius: float = 0.9,
    input_scaling: float = 1.0,
    bias_scaling: float = 0.2,
) -> Wiring:
    """Each unit listens to `degree` units drawn at random without repetition; weights as in `bands`."""
    degree = _sizes(units, inputs, degree)
    pre = _distinct(stream(seed, "topology"), units, degree)
    topology = Synapses(pre.ravel(), np.repeat(np.arange(units), degree), units, units)
    weights = stream(seed, "weights").standard_normal(units * degree)
    return _wiring(topology, _scaled(topology, weights, spectral_radius), inputs, seed, input_scaling, bias_scaling)


def ring(
    units: int,
    inputs: int = 1,
    *,
    seed: int,
    spectral_radius: float = 0.9,
    input_scaling: float = 1.0,
    bias_scaling: float = 0.0,
) -> Wiring:
    """Each unit listens to the one before it, all with the weight `spectral_radius`: a delay line closed to a ring.

    Rodan & Tino 2011, Minimum Complexity Echo State Network. All eigenvalues have the modulus of the weight.
    """
    _sizes(units, inputs, 1)
    weights = np.full((1, units), float(spectral_radius))
    return _wiring(Bands(np.array([units - 1]), units), weights, inputs, seed, input_scaling, bias_scaling)


def small_world(
    units: int,
    inputs: int = 1,
    *,
    seed: int,
    degree: int = 10,
    rewired: float = 0.1,
    spectral_radius: float = 0.9,
    input_scaling: float = 1.0,
) -> Wiring:
    """Each unit listens to its `degree` nearest neighbours on a ring, a share of them rewired to units at random.

    Watts & Strogatz 1998; directed, in-degree constant; weights as in `bands`, without bias.
    Raises ValueError if `rewired` is not in [0, 1].
    """
    degree = min(_sizes(units, inputs, degree), max(units - 1, 1))
    if not 0 <= rewired <= 1:
        raise ValueError(f"rewired is a share of the edges, in [0, 1]; got {rewired}")
    rng = stream(seed, "topology")
    steps = np.array([(k // 2 + 1) * (-1) ** k for k in range(degree)])
    pre = (np.arange(units)[:, None] + steps) % units
    pre = np.stack([_rewire(rng, row, units, rewired) for row in pre])
    topology = Synapses(pre.ravel(), np.repeat(np.arange(units), degree), units, units)
    weights = stream(seed, "weights").standard_normal(units * degree)
    return _wiring(topology, _scaled(topology, weights, spectral_radius), inputs, seed, input_scaling, 0.0)


def with_feedback(wiring: Wiring, outputs: int = 1, *, seed: int, scaling: float = 1.0) -> Wiring:
    """The same wiring hearing `outputs` more inputs, uniform in +-scaling: the lines that `Looped` feeds back on."""
    lines = scaling * stream(seed, "feedback").uniform(-1, 1, (outputs, wiring.units)).T
    return replace(wiring, w_in=np.concatenate((wiring.w_in, lines), axis=1))


def rescaled(wiring: Wiring, spectral_radius: float) -> Wiring:
    """The same wiring with its recurrent weights scaled to a spectral radius."""
    return replace(wiring, weights=_scaled(wiring.topology, wiring.weights, spectral_radius))


def stream(seed: int, role: str) -> np.random.Generator:
    """The random numbers of one role."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(ROLES.index(role),)))


def _sizes(units: int, inputs: int, degree: int) -> int:
    for name, size, least in (("units", units, 1), ("inputs", inputs, 0), ("degree", degree, 1)):
        if size < least:
            raise ValueError(f"{name} must be at least {least}, got {size}")
    return min(degree, units)


def _scaled(topology: Topology, weights: Array, spectral_radius: float) -> Array:
    if not spectral_radius >= 0:
        raise ValueError(f"spectral_radius must be zero or more, got {spectral_radius}")
    radius = radius_of(topology, weights)
    if radius == 0 and spectral_radius > 0:
        edges = f"{topology.edges} edges between {topology.units} units"
        raise ValueError(f"no scale gives spectral radius {spectral_radius}: {edges} hold no loop; raise the degree")
    return weights * (spectral_radius / radius if radius else 0.0)


def _wiring(
    topology: Topology, weights: Array, inputs: int, seed: int, input_scaling: float, bias_scaling: float
) -> Wiring:
    w_in: Floats = input_scaling * stream(seed, "inputs").uniform(-1, 1, (inputs, topology.units)).T
    bias: Floats = bias_scaling * stream(seed, "bias").uniform(-1, 1, topology.units)
    return Wiring(topology, weights, w_in, bias)


def _distinct(rng: np.random.Generator, units: int, degree: int) -> Array:
    """(units, degree): in each row different units, without a units x units array where the degree is small."""
    if 4 * degree >= units:
        return np.argsort(rng.random((units, units)), axis=1)[:, :degree]
    drawn = rng.integers(units, size=(units, degree))
    while True:
        ordered = np.sort(drawn, axis=1)
        again = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not len(again):
            return drawn
        drawn[again] = rng.integers(units, size=(len(again), degree))


def _rewire(rng: np.random.Generator, row: Array, units: int, share: float) -> Array:
    """One unit's sources, each exchanged with probability `share` for a unit it does not listen to."""
    kept = row[rng.random(len(row)) >= share]
    free = np.setdiff1d(np.arange(units), kept)
    return np.concatenate((kept, rng.choice(free, len(row) - len(kept), replace=False)))
