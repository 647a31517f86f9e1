"""The gated liquid: a leaky unit whose target and time constant both depend on what it hears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..ops import asarray, namespace, observed, rest, softplus, sums_at
from ..types import Array
from ..wiring import Connectome
from .levels import Form, Level, Levelled, Slots, heard, net_arrays


class GatedState(NamedTuple):
    h: Array  # (*batch, units)


@dataclass(frozen=True, eq=False)
class Gated(Levelled[GatedState]):
    """h' = u + (h - u) exp(-dt/tau),   u = tanh(a_u),   1/tau = 1/tau_max + softplus(a_tau)

        a = W_sensory x + W_recurrent h + bias,   one such sum for each of the two heads, in the order (u, tau)

    The time-consistent sibling of CfC: u and tau [s] are held over a tick and the unit moves exactly, so dt = 0 is the
    identity, an interval may be split, and |h'| <= max(|h|, 1) for any dt and any input. dt < 0 holds the state too:
    the tick is not there. A missing input (NaN) adds nothing. Units of a later layer of the connectome hear what
    earlier layers are in this tick, and what their own and later ones were before it. outputs: all units, the motor
    neurons first. Raises ValueError for arrays that do not fit the connectome, or a tau_max that is not positive.

    After Hasani et al. 2022, Closed-form continuous-time neural networks, with an exponential for their gate.
    """

    connectome: Connectome
    sensory: Array  # (2, sensory edges)
    recurrent: Array  # (2, recurrent edges)
    bias: Array  # (2, units)
    tau_max: Array | float = np.inf  # [s], () or (units,): no unit is slower

    parameters: ClassVar[tuple[str, ...]] = ("sensory", "recurrent", "bias")
    positive: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_heads(self, 2)
        if np.shape(self.tau_max) not in ((), (self.outputs,)):
            got = np.shape(self.tau_max)
            raise ValueError(f"tau_max is one number or one per unit ({self.outputs}), got shape {got}")
        if namespace(self.tau_max) is np and not (np.asarray(self.tau_max) > 0).all():
            raise ValueError(f"tau_max is a time constant in seconds and must be positive, got {np.min(self.tau_max)}")

    def __repr__(self) -> str:
        return f"<Gated along {self.connectome!r}>"

    @property
    def inputs(self) -> int:
        return self.connectome.inputs

    @property
    def outputs(self) -> int:
        return self.connectome.units

    def init(self, u: Array) -> GatedState:
        return GatedState(rest(u, self.outputs))

    def step(self, state: GatedState, u: Array, dt: Array | float) -> tuple[GatedState, Array]:
        h = heard_now = state.h
        xp, elapsed = namespace(h), passed(dt, h)
        for here in layers(self.connectome, h):
            a_u, a_tau = drive(self, u, heard_now)
            target, rate = xp.tanh(a_u), 1 / asarray(self.tau_max, h) + softplus(a_tau)
            gain = -xp.expm1(-elapsed * rate)
            heard_now = xp.where(here, (1 - gain) * h + gain * target, heard_now)
        return GatedState(heard_now), heard_now

    def form(self) -> Form:
        return Form(partial(levels_along, self.connectome, "gated", 2), net_arrays(self.connectome), ("gated",))

    def weights(self, dtype: Any) -> Array:
        return flat_heads(self, dtype)

    def constants(self, dtype: Any) -> Array:
        """(units, 2) of the kernel's nodes: 1/tau_max, and nothing."""
        slowest = np.broadcast_to(1 / np.asarray(self.tau_max, np.float64), (self.outputs,))
        slowest = np.minimum(slowest, np.finfo(dtype).max)
        pairs = np.stack((in_level_order(self.connectome, slowest), np.zeros(self.outputs)), 1)
        return np.ascontiguousarray(pairs, dtype)

    def named(self, weights: Array, constants: Array) -> dict[str, Array]:
        """Slopes of the kernel's weights by path."""
        return split_heads(self, weights)


def gated(
    connectome: Connectome, *, seed: int, tau: tuple[float, float] = (0.5, 30.0), tau_max: float = np.inf
) -> Gated:
    """A gated liquid with weights drawn uniformly (Glorot, by the synapses of each neuron), of either sign.

    A synapse moves target and time constant each its own way, so the connectome's signs are not heeded.
    tau [s]: the time constants of the units at rest, spread evenly in their logarithm over the units in random order:
    what the net can remember before it is trained. Raises ValueError for a range that is not positive, or not below
    tau_max.
    """
    low, high = tau
    if not 0 < low <= high < tau_max:
        raise ValueError(f"tau is (shortest, longest) in seconds, 0 < shortest <= longest < {tau_max}, got {tau}")
    seeds = np.random.SeedSequence(seed, spawn_key=(1,)).spawn(3)
    sensory, recurrent = drawn(connectome, 2, seeds[:2])
    spread = np.exp(np.linspace(np.log(low), np.log(high), connectome.units))
    rate = 1 / np.random.default_rng(seeds[2]).permutation(spread) - 1 / tau_max
    bias = np.stack((np.zeros(connectome.units), rate + np.log(-np.expm1(-rate))))  # softplus(bias) = rate
    return Gated(connectome, sensory, recurrent, bias, tau_max)


def drawn(connectome: Connectome, heads: int, seeds: list[np.random.SeedSequence]) -> tuple[Array, Array]:
    """Sensory and recurrent weights (heads, edges) within sqrt(6 / (heard + mean heard)), each from its own seed."""
    many = np.bincount(connectome.sensory.post, minlength=connectome.units)
    many = many + np.bincount(connectome.recurrent.post, minlength=connectome.units)
    bound = np.sqrt(6 / np.maximum(many + many.mean(), 1))  # 1: there may be no synapse at all
    edges = connectome.sensory, connectome.recurrent
    return tuple(
        np.random.default_rng(seed).uniform(-1, 1, (heads, e.edges)) * bound[e.post]
        for seed, e in zip(seeds, edges, strict=True)
    )


# ----------------------------------------------------------------- what all liquids with heads along a connectome share


def check_heads(cell: Any, heads: int) -> None:
    """Raises ValueError for sensory, recurrent or bias that do not fit the cell's connectome."""
    net: Connectome = cell.connectome
    wanted = {"sensory": net.sensory.edges, "recurrent": net.recurrent.edges, "bias": net.units}
    for name, size in wanted.items():
        array = getattr(cell, name)
        if tuple(array.shape) != (heads, size):
            raise ValueError(
                f"{name} is {tuple(array.shape)}, wanted {(heads, size)}: (heads, edges), biases (heads, units)"
            )
        check_finite(name, array)


def check_finite(name: str, array: Array) -> None:
    """Raises ValueError for an array (not a tensor) with a value that is not finite: it would stay in the state."""
    if namespace(array) is np and not np.isfinite(array).all():
        raise ValueError(f"{name} has a value that is not finite, at {int(np.argmin(np.isfinite(array)))}")


def passed(dt: Array | float, like: Array) -> Array:
    """dt as a column against (*batch, units); 0 where it is negative: a tick that is not there."""
    column = asarray(dt, like)[..., None]
    return namespace(like).where(column < 0, namespace(like).zeros_like(column), column)


def layers(connectome: Connectome, like: Array) -> list[Array]:
    """Which units are of which layer (units,), layer by layer."""
    xp, layer = namespace(like), np.asarray(connectome.layer)
    return [xp.asarray(layer == one, device=like.device) if xp is not np else layer == one for one in np.unique(layer)]


def drive(cell: Any, u: Array, h: Array) -> list[Array]:
    """The heads (*batch, units) each: W_sensory u + W_recurrent h + bias."""
    net: Connectome = cell.connectome
    seen, among = observed(u)[..., net.sensory.pre], h[..., net.recurrent.pre]
    sensory, recurrent, bias = (asarray(a, h) for a in (cell.sensory, cell.recurrent, cell.bias))
    return [
        sums_at(seen * w, net.sensory.post, net.units) + sums_at(among * r, net.recurrent.post, net.units) + b
        for w, r, b in zip(sensory, recurrent, bias, strict=True)
    ]


def levels_along(connectome: Connectome, kind: str, heads: int, slots: Slots, before: int) -> list[Level]:
    """The levels of the kernel: the layers of a connectome, heads in the weights as [sensory | recurrent | bias].

    before: the slot of the first unit's state before the tick.
    """
    sensors, synapses, units = connectome.sensory, connectome.recurrent, connectome.units
    layer = np.asarray(connectome.layer)
    first = np.cumsum([0, heads * sensors.edges, heads * synapses.edges])
    at = [
        f + np.arange(n)[:, None] + n * np.arange(heads)
        for f, n in zip(first, (sensors.edges, synapses.edges, units), strict=True)
    ]
    found = []
    for one in np.unique(layer):
        here = np.flatnonzero(layer == one)
        place = np.full(units, -1)
        place[here] = np.arange(len(here))
        edges = []
        for e, source, index in (
            (sensors, 1 + np.asarray(sensors.pre), at[0]),
            (synapses, np.where(layer[synapses.pre] < one, slots.h_after, before) + np.asarray(synapses.pre), at[1]),
        ):
            mine = np.flatnonzero(place[e.post] >= 0)
            edges.append((source[mine], place[e.post[mine]], index[mine]))
        found.append(Level(kind, "tanh", before + here, slots.h_after + here, *heard(at[2][here], edges, len(here))))
    return found


def flat_heads(cell: Any, dtype: Any) -> Array:
    """The weights as levels_along has them."""
    return np.concatenate([np.asarray(a, dtype).ravel() for a in (cell.sensory, cell.recurrent, cell.bias)])


def split_heads(cell: Any, flat: Array) -> dict[str, Array]:
    """Slopes of the weights by name."""
    arrays = {name: getattr(cell, name) for name in ("sensory", "recurrent", "bias")}
    ends = np.cumsum([a.size for a in arrays.values()])[:-1]
    return {n: part.reshape(a.shape) for (n, a), part in zip(arrays.items(), np.split(flat, ends), strict=False)}


def in_level_order(connectome: Connectome, values: Array) -> Array:
    """(units, ...) in the order of the nodes of levels_along."""
    return values[np.argsort(connectome.layer, kind="stable")]
