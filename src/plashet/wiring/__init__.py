"""Who listens to whom: topologies, and the arrays along their edges."""

from .circuit import Circuit, Dynamics, Inputs, circuit
from .column import ColumnRecipe, Kinds, column, columns, from_topology
from .draw import bands, random, rescaled, ring, small_world, with_feedback
from .grow import grown, pruned
from .spectral import spectral_radius
from .topology import Bands, Synapses
from .wiring import Wiring

__all__ = [
    "Bands",
    "Circuit",
    "ColumnRecipe",
    "Dynamics",
    "Inputs",
    "Kinds",
    "Synapses",
    "Wiring",
    "bands",
    "circuit",
    "column",
    "columns",
    "from_topology",
    "grown",
    "pruned",
    "random",
    "rescaled",
    "ring",
    "small_world",
    "spectral_radius",
    "with_feedback",
]
