"""Networks of neurons whose synapses have parameters of their own: who listens to whom, and with what sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Array
from .topology import Synapses


@dataclass(frozen=True, eq=False)
class Connectome:
    """Sensory synapses from inputs to units, recurrent ones between units, and the sign that each is drawn with.

    The first `motor` units are the motor neurons (order: motor, command, inter neurons, as in Lechner et al. 2020).
    layer (units,): the order of update within a tick, for liquids that have one: a unit hears what units of lower
    layers are in this tick, and what the others were before it. inter 0, command 1, motor 2; all 0 where it is dense.
    Raises ValueError for parts that do not fit together; for edges that are not sorted by target.
    """

    sensory: Synapses  # from inputs to units
    recurrent: Synapses  # from units to units
    sensory_sign: Array  # (sensory edges,) int8, +1 or -1
    sign: Array  # (recurrent edges,) int8, +1 or -1
    layer: Array  # (units,) int64
    motor: int
    names: tuple[str, ...] = ()  # of the units, where they have some

    def __post_init__(self) -> None:
        units = self.recurrent.units
        if self.recurrent.sources != units or self.sensory.units != units:
            raise ValueError(
                f"recurrent synapses lead from {self.recurrent.sources} to {units} units, sensory ones to "
                f"{self.sensory.units}: all three must be the same"
            )
        for name, synapses, sign in (
            ("sensory_sign", self.sensory, self.sensory_sign),
            ("sign", self.recurrent, self.sign),
        ):
            if np.shape(sign) != (synapses.edges,) or not np.isin(sign, (-1, 1)).all():
                raise ValueError(f"{name} is {np.shape(sign)}, wanted +1 or -1 for each of {synapses.edges} edges")
            if (np.diff(synapses.post) < 0).any():
                raise ValueError(f"the edges of {name} are not sorted by target; wiring.connectome sorts them")
        if np.shape(self.layer) != (units,):
            raise ValueError(f"layer is {np.shape(self.layer)}, wanted one number for each of {units} units")
        if not 1 <= self.motor <= units:
            raise ValueError(f"motor is {self.motor}, wanted 1 to {units}: the first units are the motor neurons")
        if self.names and len(self.names) != units:
            raise ValueError(f"there are {len(self.names)} names for {units} units")

    def __repr__(self) -> str:
        edges = f"{self.sensory.edges} sensory and {self.recurrent.edges} recurrent synapses"
        return f"<Connectome: {self.inputs} inputs, {self.units} units ({self.motor} motor), {edges}>"

    @property
    def inputs(self) -> int:
        return self.sensory.sources

    @property
    def units(self) -> int:
        return self.recurrent.units


def connectome(
    sensory: tuple[Array, Array, Array],
    recurrent: tuple[Array, Array, Array],
    *,
    inputs: int,
    units: int,
    motor: int | None = None,
    layer: Array | None = None,
    names: tuple[str, ...] = (),
) -> Connectome:
    """From lists (pre, post, sign) in any order; each pair of neurons at most once. motor: None for all units.

    Raises ValueError for a pair that comes twice, and as Connectome does.
    """
    (sensors, sensory_sign), (synapses, sign) = (
        _sorted(*edges, sources, units) for edges, sources in ((sensory, inputs), (recurrent, units))
    )
    layers = np.zeros(units, np.int64) if layer is None else np.asarray(layer, np.int64)
    return Connectome(sensors, synapses, sensory_sign, sign, layers, units if motor is None else motor, names)


def _sorted(pre: Array, post: Array, sign: Array, sources: int, units: int) -> tuple[Synapses, Array]:
    """The edges sorted by target, within a target by source."""
    pre, post, sign = (np.asarray(a, np.int64).ravel() for a in (pre, post, sign))
    order = np.lexsort((pre, post))
    pre, post, sign = pre[order], post[order], sign[order]
    twice = (np.diff(pre) == 0) & (np.diff(post) == 0)
    if twice.any():
        k = int(np.argmax(twice))
        raise ValueError(f"the synapse {pre[k]} -> {post[k]} comes twice; a pair of neurons has one at most")
    return Synapses(pre, post, sources, units), sign.astype(np.int8)
