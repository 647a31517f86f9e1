"""Who listens to whom: topologies, and the arrays along their edges."""

from .asked import Joined, config, counts, from_config, incoming, kept, kinds, outgoing, without
from .circuit import Circuit, Dynamics, Inputs, circuit
from .column import ColumnRecipe, Kinds, column, columns, from_topology
from .connectome import Connectome, connectome
from .draw import bands, random, rescaled, ring, small_world, with_feedback
from .grow import grown, pruned
from .nerves import auto_ncp, dense, from_ncps, ncp, sparse
from .rewire import reservoir, rewired
from .spectral import spectral_radius
from .topology import Bands, Synapses
from .wiring import Wiring
from .worm import celegans, contacts

__all__ = [
    "Bands",
    "Circuit",
    "ColumnRecipe",
    "Connectome",
    "Dynamics",
    "Inputs",
    "Joined",
    "Kinds",
    "Synapses",
    "Wiring",
    "auto_ncp",
    "bands",
    "celegans",
    "circuit",
    "column",
    "columns",
    "config",
    "connectome",
    "contacts",
    "counts",
    "dense",
    "from_config",
    "from_ncps",
    "from_topology",
    "grown",
    "incoming",
    "kept",
    "kinds",
    "ncp",
    "outgoing",
    "pruned",
    "random",
    "rescaled",
    "reservoir",
    "rewired",
    "ring",
    "small_world",
    "sparse",
    "spectral_radius",
    "with_feedback",
    "without",
]
