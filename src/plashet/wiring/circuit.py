"""Who spikes to whom: a topology with the arrays that spikes need along its edges."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np

from ..ops import asarray, observed
from ..types import Array
from .topology import Synapses


@dataclass(frozen=True, eq=False)
class Dynamics:
    """Short-term plasticity of each synapse, after Markram, Wang & Tsodyks 1998.

    At the k-th spike of the presynaptic unit, Δ after the one before, the amplitude is weight u R with

        u' = U + u (1 - U) exp(-Δ / F),   R' = 1 + (R - R u - 1) exp(-Δ / D)      first spike: u = U, R = 1

    (old u and R on the right). U: share of the resources that a spike uses, in (0, 1]; D: time constant of recovery
    from depression [s]; F: of facilitation [s].
    """

    U: Array  # (edges,)
    D: Array  # (edges,) [s]
    F: Array  # (edges,) [s]

    def __post_init__(self) -> None:
        if not ((np.asarray(self.U) > 0) & (np.asarray(self.U) <= 1)).all():
            raise ValueError(f"U is a share, in (0, 1]; got {np.min(self.U):g}..{np.max(self.U):g}")
        for name, tau in (("D", self.D), ("F", self.F)):
            if not (np.asarray(tau) > 0).all():
                raise ValueError(f"{name} is a time constant in seconds and must be positive, got {np.min(tau):g}")


@dataclass(frozen=True, eq=False)
class Inputs:
    """How what comes from outside reaches the units: currents that are held, and events that a synapse passes on.

    Weights are signed. A positive event enters the excitatory current, a negative one the inhibitory.
    """

    w_current: Array  # (units, currents)
    w_events: Array  # (units, events) [mV]

    def __post_init__(self) -> None:
        if self.w_current.ndim != 2 or self.w_events.ndim != 2 or len(self.w_current) != len(self.w_events):
            raise ValueError(
                f"w_current is {self.w_current.shape} and w_events {self.w_events.shape}, "
                "wanted (units, currents) and (units, events), with no columns where there are none"
            )
        for name, w in (("w_current", self.w_current), ("w_events", self.w_events)):
            if not np.isfinite(w).all():
                raise ValueError(f"{name} holds {int((~np.isfinite(w)).sum())} weights that are not finite")

    @property
    def currents(self) -> int:
        return int(self.w_current.shape[1])

    @property
    def events(self) -> int:
        return int(self.w_events.shape[1])

    def current(self, u: Array) -> Array:
        """The current into each unit for u (*batch, currents + events); one not observed (NaN) adds nothing."""
        return observed(u[..., : self.currents]) @ asarray(self.w_current, u).T

    def arriving(self, u: Array) -> tuple[Array, Array]:
        """What the events in u add to the excitatory and to the inhibitory current of each unit, both >= 0."""
        amounts = observed(u[..., None, self.currents :]) * asarray(self.w_events, u)
        return amounts.clip(0, None).sum(-1), (-amounts).clip(0, None).sum(-1)


@dataclass(frozen=True, eq=False)
class Circuit:
    """Spiking units, their synapses, and what reaches them from outside.

    Dale's law holds by construction: a weight is an amplitude, and its sign is that of the unit it comes from.
    The edges are sorted by the unit that spikes, then by delay; `circuit` sorts a list for you.
    Raises ValueError for arrays that do not fit, weights below zero, delays below zero.
    """

    topology: Synapses
    weight: Array  # (edges,) >= 0 [mV], the jump of the synaptic current
    delay: Array  # (edges,) [s]
    inhibitory: Array  # (units,) bool
    inputs: Inputs
    dynamics: Dynamics | None = None
    places: Array | None = None  # (units, 3), where the units are

    def __post_init__(self) -> None:
        edges, units = self.topology.edges, self.units
        if self.topology.sources != units:
            raise ValueError(f"a circuit's units spike to each other: sources {self.topology.sources}, units {units}")
        along = [("weight", self.weight), ("delay", self.delay)]
        if self.dynamics is not None:
            along += [("U", self.dynamics.U), ("D", self.dynamics.D), ("F", self.dynamics.F)]
        for name, array in along:
            if np.shape(array) != (edges,):
                raise ValueError(f"{name} is {np.shape(array)}, wanted ({edges},): one for each edge")
        if np.shape(self.inhibitory) != (units,) or len(self.inputs.w_current) != units:
            raise ValueError(
                f"inhibitory is {np.shape(self.inhibitory)} and the inputs reach {len(self.inputs.w_current)} units, "
                f"but the circuit has {units}"
            )
        _in_order(self.topology, self.delay)
        if self.places is not None and np.shape(self.places) != (units, 3):
            raise ValueError(f"places is {np.shape(self.places)}, wanted ({units}, 3): where each unit is")
        if edges and not (np.min(self.weight) >= 0 and np.isfinite(self.weight).all()):
            raise ValueError(
                f"weight is an amplitude, finite and at least 0, got {np.min(self.weight):g}..{np.max(self.weight):g}; "
                "the sign is the presynaptic unit's: mark it in `inhibitory`"
            )
        if edges and not (np.min(self.delay) >= 0 and np.isfinite(self.delay).all()):
            raise ValueError(f"delay is in seconds, finite and at least 0; got {np.min(self.delay):g}")

    def __repr__(self) -> str:
        kind = "static" if self.dynamics is None else "dynamic"
        return (
            f"<Circuit: {self.units} units ({int(np.sum(self.inhibitory))} inhibitory), {self.topology.edges} {kind} "
            f"synapses, {self.inputs.currents} currents and {self.inputs.events} event lines in>"
        )

    @property
    def units(self) -> int:
        return self.topology.units

    def reweighted(self, weight: Array) -> Circuit:
        """The same circuit with other amplitudes (edges,), which are taken as they are: for learners, every tick."""
        other = copy(self)
        object.__setattr__(other, "weight", weight)
        return other

    @property
    def signed(self) -> Array:
        """(edges,) the weights with the sign of the unit they come from."""
        return np.where(np.asarray(self.inhibitory)[self.topology.pre], -1.0, 1.0) * self.weight


def circuit(
    pre: Array,
    post: Array,
    weight: Array | float,
    delay: Array | float = 0.0,
    *,
    inhibitory: Array,
    inputs: Inputs | None = None,
    dynamics: Dynamics | None = None,
    places: Array | None = None,
) -> Circuit:
    """A circuit from a list of synapses in any order: edge e leads from unit pre[e] to post[e].

    weight, delay: one number or one for each edge; inhibitory: (units,) bool, which also says how many units there
    are; inputs: none if not given.
    """
    pre, post, inhibitory = _numbers_of_units("pre", pre), _numbers_of_units("post", post), np.asarray(inhibitory, bool)
    if pre.shape != post.shape:
        raise ValueError(f"pre is {pre.shape} and post {post.shape}, wanted both (edges,): an edge is a pair of units")
    units, delays = len(inhibitory), np.broadcast_to(np.asarray(delay, np.float64), pre.shape)
    order = np.lexsort((delays, pre))

    def along(values: Array | float) -> Array:
        return np.broadcast_to(np.asarray(values, np.float64), pre.shape)[order]

    if dynamics is not None:
        dynamics = Dynamics(along(dynamics.U), along(dynamics.D), along(dynamics.F))
    nothing = np.zeros((units, 0))
    listened = Synapses(pre[order], post[order], units, units)
    inputs = inputs or Inputs(nothing, nothing)
    return Circuit(listened, along(weight), delays[order], inhibitory, inputs, dynamics, places)


def _numbers_of_units(name: str, units: Array) -> Array:
    units = np.asarray(units)
    if units.ndim != 1 or (units.size and units.dtype.kind not in "iu"):
        raise ValueError(f"{name} is {units.shape} of {units.dtype}, wanted whole numbers (edges,) that name units")
    return units.astype(np.int64)


def _in_order(topology: Synapses, delay: Array) -> None:
    pre, delay = np.asarray(topology.pre), np.asarray(delay)
    step = np.diff(pre)
    if (step < 0).any() or ((step == 0) & (np.diff(delay) < 0)).any():
        raise ValueError("the edges are not sorted by pre and delay: make the circuit with wiring.circuit, which sorts")
