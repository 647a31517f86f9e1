"""Who listens to whom: topologies, and the arrays along their edges."""

from .draw import bands, random, rescaled, ring, small_world, with_feedback
from .grow import grown, pruned
from .spectral import spectral_radius
from .topology import Bands, Synapses
from .wiring import Wiring

__all__ = [
    "Bands",
    "Synapses",
    "Wiring",
    "bands",
    "grown",
    "pruned",
    "random",
    "rescaled",
    "ring",
    "small_world",
    "spectral_radius",
    "with_feedback",
]
