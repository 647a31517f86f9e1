"""Pictures of liquids, each a matplotlib Figure: spikes, potentials, columns, states. They need the extra `plot`."""

from .column import column
from .raster import raster
from .traces import traces
from .trajectory import trajectory

__all__ = ["column", "raster", "traces", "trajectory"]
