"""Whole sequences as rows of features: driven from rest, pooled over time as they go, one sequence a core."""

from .drive import features, pool
from .pooling import At, Both, Last, Mean, Pooling, Segments
from .shape import scale_of, series_list

__all__ = ["At", "Both", "Last", "Mean", "Pooling", "Segments", "features", "pool", "scale_of", "series_list"]
