"""Who listens to whom: topologies, and the arrays along their edges."""

from .circuit import Circuit, Dynamics, Inputs, circuit
from .column import ColumnRecipe, Kinds, column, columns, from_topology
from .connectome import Connectome, connectome
from .draw import bands, random, rescaled, ring, small_world, with_feedback
from .grow import grown, pruned
from .spectral import spectral_radius
from .topology import Bands, Synapses
from .wiring import Wiring

__all__ = [
    "Bands",
    "Circuit",
    "ColumnRecipe",
    "Connectome",
    "Dynamics",
    "Inputs",
    "Kinds",
    "Synapses",
    "Wiring",
    "bands",
    "circuit",
    "column",
    "columns",
    "connectome",
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
