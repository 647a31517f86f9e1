"""Pictures of liquids, each a matplotlib Figure: spikes, potentials, columns, states. They need the extra `plot`."""

from .raster import raster

__all__ = ["raster"]
