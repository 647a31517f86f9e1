"""The cortical column of Maass, Natschläger & Markram 2002, with every number of its Appendix B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..types import Array
from .circuit import Circuit, Dynamics, Inputs, circuit
from .topology import Synapses, Topology

Floats = np.ndarray[Any, np.dtype[np.float64]]
ROLES = ("inhibitory", "topology", "weights", "dynamics", "inputs")


@dataclass(frozen=True)
class Kinds:
    """One number for each kind of synapse; the presynaptic unit is named first (EI: excitatory onto inhibitory)."""

    EE: float
    EI: float
    IE: float
    II: float

    def of(self, pre: Array, post: Array) -> Floats:
        """The number of each edge, for pre and post that say which ends are inhibitory."""
        table = np.array([[self.EE, self.EI], [self.IE, self.II]], dtype=np.float64)
        found: Floats = table[np.asarray(pre, np.int64), np.asarray(post, np.int64)]
        return found


@dataclass(frozen=True)
class ColumnRecipe:
    """What a column is drawn from: the paper's numbers (Maass, Natschläger & Markram 2002, Appendix B).

    C: probability of a connection at distance 0; weight: mean amplitude [mV]; delay [s]; U, D [s], F [s]: means of the
    short-term plasticity; input: amplitude of an input spike onto excitatory and onto inhibitory units [mV].
    """

    C: Kinds = Kinds(0.3, 0.2, 0.4, 0.1)
    weight: Kinds = Kinds(30.0, 60.0, 19.0, 19.0)
    delay: Kinds = Kinds(1.5e-3, 0.8e-3, 0.8e-3, 0.8e-3)
    U: Kinds = Kinds(0.5, 0.05, 0.25, 0.32)
    D: Kinds = Kinds(1.1, 0.125, 0.7, 0.144)
    F: Kinds = Kinds(0.05, 1.2, 0.02, 0.06)
    input: tuple[float, float] = (18.0, 9.0)


PAPER = ColumnRecipe()


def column(
    shape: tuple[int, int, int] = (15, 3, 3),
    inputs: int = 1,
    *,
    seed: int,
    length: float = 2.0,
    inhibitory: float = 0.2,
    reach: float = 0.3,
    recipe: ColumnRecipe = PAPER,
) -> Circuit:
    """Units on a grid, joined the likelier the nearer: P(a to b) = C exp(-(D(a, b) / length)^2), no unit to itself.

    A share `inhibitory` of the units, at random, is inhibitory. Amplitudes are drawn from a gamma distribution whose
    standard deviation is its mean; U, D, F from a Gaussian with half the mean as standard deviation, what falls outside
    from a uniform distribution on (0, 2 mean), for U on (0, min(1, 2 mean)). Each input spikes to a share `reach` of
    the units, at random, through static synapses with amplitudes drawn likewise from the recipe's `input`.

    The paper leaves these open, or says two things: no unit connects to itself; input amplitudes are gamma distributed
    (Appendix B; the text says Gaussian), static, with the delay of one grid step. At length 2 the paper's column of
    135 units has 637 synapses on average. Raises ValueError for an empty grid, a negative length or share.

    Maass, Natschläger & Markram 2002, Real-Time Computing Without Stable States, Neural Computation 14.
    """
    places = grid(shape)
    if not length >= 0:
        raise ValueError(f"length is in units of the grid, at least 0; got {length}")
    is_i = chosen_inhibitory(inhibitory, len(places), seed)
    pre, post = _near(places, is_i, length, recipe.C, stream(seed, "topology"))
    edges = Synapses(pre, post, len(places), len(places))
    return from_topology(edges, inputs, seed=seed, inhibitory=is_i, reach=reach, recipe=recipe, places=places)


def from_topology(
    topology: Topology,
    inputs: int = 1,
    *,
    seed: int,
    inhibitory: Array | float = 0.2,
    reach: float = 0.3,
    recipe: ColumnRecipe = PAPER,
    places: Array | None = None,
) -> Circuit:
    """Any topology as a spiking circuit, with the column's weights, delays, plasticity and inputs: see `column`.

    So a small world of spiking units is from_topology(small_world(units, seed=0).topology, seed=0).
    inhibitory: a share of the units, drawn at random, or (units,) bool. The recipe's C plays no part: the edges are
    given. Raises ValueError for shares beyond [0, 1] and for units that spike to other units than their own.
    """
    edges = topology.synapses()
    is_i = chosen_inhibitory(inhibitory, edges.units, seed)
    if inputs < 0:
        raise ValueError(f"inputs is how many event lines there are, at least 0; got {inputs}")
    if not 0 <= reach <= 1:
        raise ValueError(f"reach is a share of the units, in [0, 1]; got {reach}")
    kinds = is_i[edges.pre], is_i[edges.post]
    return circuit(
        edges.pre,
        edges.post,
        _gamma(stream(seed, "weights"), recipe.weight.of(*kinds)),
        recipe.delay.of(*kinds),
        inhibitory=is_i,
        inputs=_input_synapses(seed, is_i, inputs, reach, recipe.input),
        dynamics=_drawn_dynamics(seed, recipe, kinds),
        places=places,
    )


def chosen_inhibitory(inhibitory: Array | float, units: int, seed: int) -> Array:
    """(units,) bool: the units given, or a share of them drawn at random."""
    if np.ndim(inhibitory) == 1:
        return np.asarray(inhibitory, bool)
    if not 0 <= inhibitory <= 1:
        raise ValueError(f"inhibitory is a share of the units, in [0, 1]; got {inhibitory}")
    is_i = np.zeros(units, bool)
    is_i[stream(seed, "inhibitory").choice(units, round(float(inhibitory) * units), replace=False)] = True
    return is_i


def columns(circuits: tuple[Circuit, ...]) -> Circuit:
    """Circuits that hear the same input, side by side and not connected: the paper's Figure 7. Moved apart in x.

    Raises ValueError if they do not take the same inputs, or only some have short-term plasticity.
    """
    if len({(c.inputs.currents, c.inputs.events) for c in circuits}) != 1:
        raise ValueError(f"columns hear one input; got {[(c.inputs.currents, c.inputs.events) for c in circuits]}")
    if len({c.dynamics is None for c in circuits}) != 1:
        raise ValueError("some columns have short-term plasticity and some have not; give Dynamics to all, or to none")
    first = np.cumsum([0, *(c.units for c in circuits)])
    dynamics = [c.dynamics for c in circuits if c.dynamics is not None]
    return circuit(
        np.concatenate([c.topology.pre + k for c, k in zip(circuits, first, strict=False)]),
        np.concatenate([c.topology.post + k for c, k in zip(circuits, first, strict=False)]),
        np.concatenate([c.weight for c in circuits]),
        np.concatenate([c.delay for c in circuits]),
        inhibitory=np.concatenate([c.inhibitory for c in circuits]),
        inputs=Inputs(
            np.concatenate([c.inputs.w_current for c in circuits]),
            np.concatenate([c.inputs.w_events for c in circuits]),
        ),
        dynamics=Dynamics(*(np.concatenate([getattr(d, p) for d in dynamics]) for p in "UDF")) if dynamics else None,
        places=_side_by_side(circuits),
    )


def grid(shape: tuple[int, int, int]) -> Floats:
    """The integer points of a box, (units, 3), the last axis fastest."""
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape is three sizes of at least 1, got {shape}")
    return np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)


def stream(seed: int, role: str) -> np.random.Generator:
    """The random numbers of one role."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(ROLES.index(role),)))


def _near(places: Floats, is_i: Array, length: float, C: Kinds, rng: np.random.Generator) -> tuple[Array, Array]:
    """Edges by the distance rule, drawn one presynaptic unit at a time: memory grows with units and edges only."""
    pre, post = [], []
    for a, here in enumerate(places):
        squared = ((places - here) ** 2).sum(axis=1)
        near = np.exp(-squared / length**2) if length**2 > 0 else np.zeros(len(places))
        near[a] = 0.0
        found = np.flatnonzero(rng.random(len(places)) < C.of(np.broadcast_to(is_i[a], is_i.shape), is_i) * near)
        pre.append(np.full(len(found), a))
        post.append(found)
    return np.concatenate(pre), np.concatenate(post)


def _gamma(rng: np.random.Generator, mean: Floats) -> Floats:
    """Gamma with shape 1: the standard deviation is the mean."""
    return rng.standard_gamma(1.0, mean.shape) * mean


def _drawn_dynamics(seed: int, recipe: ColumnRecipe, kinds: tuple[Array, Array]) -> Dynamics:
    rng = stream(seed, "dynamics")
    U, D, F = (
        _half_spread(rng, mean.of(*kinds), top)
        for mean, top in ((recipe.U, 1.0), (recipe.D, np.inf), (recipe.F, np.inf))
    )
    return Dynamics(U, D, F)


def _half_spread(rng: np.random.Generator, mean: Floats, top: float) -> Floats:
    """Gaussian with SD = mean / 2; what falls outside (0, top] is drawn again from a uniform distribution."""
    drawn = mean * (1 + 0.5 * rng.standard_normal(mean.shape))
    again = np.minimum(2 * mean, top) * (1 - rng.random(mean.shape))  # in (0, ...]
    return np.where((drawn > 0) & (drawn <= top), drawn, again)


def _input_synapses(seed: int, is_i: Array, inputs: int, reach: float, amplitude: tuple[float, float]) -> Inputs:
    units, rng = len(is_i), stream(seed, "inputs")
    w = np.zeros((units, inputs))
    for line in range(inputs):
        heard = rng.choice(units, round(reach * units), replace=False)
        w[heard, line] = _gamma(rng, np.where(is_i[heard], amplitude[1], amplitude[0]))
    return Inputs(np.zeros((units, 0)), w)


def _side_by_side(circuits: tuple[Circuit, ...]) -> Array | None:
    if any(c.places is None for c in circuits):
        return None
    moved, x = [], 0.0
    for c in circuits:
        places = np.asarray(c.places, np.float64) - [np.min(c.places[:, 0]) - x, 0.0, 0.0]  # type: ignore[index]
        moved.append(places)
        x = places[:, 0].max() + 3.0
    return np.concatenate(moved)
