"""The liquids: one file each, with the equation, the state, and the call of the kernel."""

from .gated import Gated, GatedState, gated
from .leaky import ACTIVATIONS, Leaky, LeakyState
from .ltc import LTC, Affine, Gates, LTCState, Membrane, Motors, ltc
from .maass import maass2002
from .neurons import ALIF, LIF, ALIFState, Izhikevich, IzhikevichState, LIFState
from .solvers import Exponential, Fused
from .spiking import Spiking, SpikingState

__all__ = [
    "ACTIVATIONS",
    "ALIF",
    "LIF",
    "LTC",
    "ALIFState",
    "Affine",
    "Exponential",
    "Fused",
    "Gated",
    "GatedState",
    "Gates",
    "Izhikevich",
    "IzhikevichState",
    "LIFState",
    "LTCState",
    "Leaky",
    "LeakyState",
    "Membrane",
    "Motors",
    "Spiking",
    "SpikingState",
    "gated",
    "ltc",
    "maass2002",
]
