"""Cells that turn values into drive or spikes, and cells that turn spikes back into values."""

from . import audio
from .bsa import BSA, Convolve, lowpass
from .delta import Delta, Levels
from .latency import FirstSpikes, Latency
from .observe import Hold, Mask, Scale
from .poisson import Poisson, Rates
from .population import Centres, Population
from .step_forward import StepForward
from .tbr import TBR

__all__ = [
    "BSA",
    "TBR",
    "Centres",
    "Convolve",
    "Delta",
    "FirstSpikes",
    "Hold",
    "Latency",
    "Levels",
    "Mask",
    "Poisson",
    "Population",
    "Rates",
    "Scale",
    "StepForward",
    "audio",
    "lowpass",
]
