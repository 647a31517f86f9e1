"""Pictures of liquids, each a matplotlib Figure: spikes, potentials, columns, connectomes, states, time constants. They
need the extra `plot`."""

from .column import column
from .connectome import connectome
from .raster import raster
from .time_constants import time_constants
from .traces import traces
from .trajectory import trajectory

__all__ = ["column", "connectome", "raster", "time_constants", "traces", "trajectory"]
