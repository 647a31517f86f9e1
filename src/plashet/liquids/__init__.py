"""The liquids: one file each, with the equation, the state, and the call of the kernel."""

from .leaky import ACTIVATIONS, Leaky, LeakyState
from .maass import maass2002
from .neurons import ALIF, LIF, ALIFState, Izhikevich, IzhikevichState, LIFState
from .spiking import Spiking, SpikingState

__all__ = [
    "ACTIVATIONS",
    "ALIF",
    "LIF",
    "ALIFState",
    "Izhikevich",
    "IzhikevichState",
    "LIFState",
    "Leaky",
    "LeakyState",
    "Spiking",
    "SpikingState",
    "maass2002",
]
