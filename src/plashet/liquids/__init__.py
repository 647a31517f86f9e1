"""The liquids: one file each, with the equation, the state, and the call of the kernel."""

from .cfc import CfC, CfCState, Dense, cfc
from .diagonal import Diagonal, DiagonalState, diagonal
from .fewer import without
from .gated import Gated, GatedState, gated
from .leaky import ACTIVATIONS, Leaky, LeakyState
from .ltc import LTC, Affine, Gates, LTCState, Membrane, Motors, ltc
from .maass import maass2002
from .mixed import Mixed, MixedState, mixed
from .neurons import ALIF, LIF, ALIFState, Izhikevich, IzhikevichState, LIFState
from .rules import Full, NoGate, Pure
from .solvers import Exponential, Fused
from .spiking import Spiking, SpikingState
from .wired_cfc import WiredCfC, wired_cfc

__all__ = [
    "ACTIVATIONS",
    "ALIF",
    "LIF",
    "LTC",
    "ALIFState",
    "Affine",
    "CfC",
    "CfCState",
    "Dense",
    "Diagonal",
    "DiagonalState",
    "Exponential",
    "Full",
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
    "Mixed",
    "MixedState",
    "Motors",
    "NoGate",
    "Pure",
    "Spiking",
    "SpikingState",
    "WiredCfC",
    "cfc",
    "diagonal",
    "gated",
    "ltc",
    "maass2002",
    "mixed",
    "wired_cfc",
    "without",
]
