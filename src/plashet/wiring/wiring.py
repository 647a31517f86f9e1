"""A topology with the arrays that a linear drive needs along its edges."""

from __future__ import annotations

from dataclasses import dataclass

from ..ops import asarray, observed
from ..types import Array
from .topology import Bands, Synapses


@dataclass(frozen=True, eq=False)
class Wiring:
    """Recurrent weights along a topology, input weights and bias.

    w_in: (units, inputs). Feedback weights are further columns of it: an output fed back is one more input.
    """

    topology: Synapses | Bands
    weights: Array  # (edges,) for Synapses, (degree, units) for Bands
    w_in: Array  # (units, inputs)
    bias: Array  # (units,)

    def __post_init__(self) -> None:
        wanted = (len(self.topology.shifts), self.units) if isinstance(self.topology, Bands) else (self.topology.edges,)
        for name, array, shape in (
            ("weights", self.weights, wanted),
            ("w_in", self.w_in, (self.units, self.inputs)),
            ("bias", self.bias, (self.units,)),
        ):
            if tuple(array.shape) != shape:
                raise ValueError(f"{name} is {tuple(array.shape)}, wanted {shape} for {self.units} units")

    def __repr__(self) -> str:
        kind, edges = type(self.topology).__name__.lower(), self.topology.edges
        return f"<Wiring: {self.units} units, {edges} edges ({kind}), {self.inputs} inputs>"

    @property
    def inputs(self) -> int:
        return int(self.w_in.shape[1])

    @property
    def units(self) -> int:
        return self.topology.units

    @property
    def matrix(self) -> Array:
        """The recurrent weights as a dense (units, units) matrix: w[i, j] from j to i."""
        return self.topology.matrix(self.weights)

    def drive(self, u: Array, x: Array) -> Array:
        """W x + W_in u + b over any leading batch axes; an unobserved (NaN) input adds nothing."""
        heard = self.topology.gather(self.weights, x)
        return heard + observed(u) @ asarray(self.w_in, x).T + asarray(self.bias, x)
