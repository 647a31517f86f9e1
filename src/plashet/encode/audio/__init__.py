"""Front ends that turn sound into frames of features, whole recordings or continuous audio."""

from .cochlea import Cochleagram, erb, erb_spaced, gammatone
from .frames import Ear, as_samples, hear, hops
from .front import Front
from .lyon import LyonEar
from .mel import LogMel, from_mel, to_mel
from .mfcc import MFCC, Cepstra, Deltas
from .norms import PeakNorm, PeakScale, RunningNorm, RunningPeak, UtteranceNorm

__all__ = [
    "MFCC",
    "Cepstra",
    "Cochleagram",
    "Deltas",
    "Ear",
    "Front",
    "LogMel",
    "LyonEar",
    "PeakNorm",
    "PeakScale",
    "RunningNorm",
    "RunningPeak",
    "UtteranceNorm",
    "as_samples",
    "erb",
    "erb_spaced",
    "from_mel",
    "gammatone",
    "hear",
    "hops",
    "to_mel",
]
