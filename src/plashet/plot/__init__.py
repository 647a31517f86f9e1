"""Pictures of liquids, each a matplotlib Figure: spikes, potentials, columns, connectomes, states. They need the extra
`plot`."""

from .column import column
from .connectome import connectome
from .raster import raster
from .traces import traces
from .trajectory import trajectory

__all__ = ["column", "connectome", "raster", "traces", "trajectory"]
