"""Whole sequences as rows of features: driven from rest, pooled over time as they go, one sequence a core."""

from .drive import features, pool
from .model import SequenceModel, fit_sequences, sequence_model
from .pooling import At, Both, Last, Mean, Pooling, Segments
from .shape import heard_all, scale_of, series_list

__all__ = [
    "At",
    "Both",
    "Last",
    "Mean",
    "Pooling",
    "Segments",
    "SequenceModel",
    "features",
    "fit_sequences",
    "heard_all",
    "pool",
    "scale_of",
    "sequence_model",
    "series_list",
]
