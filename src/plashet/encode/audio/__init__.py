"""Front ends that turn sound into frames of features, whole recordings or continuous audio."""

from .frames import Ear, as_samples, hear, hops
from .mel import LogMel, from_mel, to_mel

__all__ = ["Ear", "LogMel", "as_samples", "from_mel", "hear", "hops", "to_mel"]
