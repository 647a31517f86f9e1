"""Liquids as torch modules, over the same kernels and formulas as everywhere in plashet.

    from plashet import nn
    rnn = nn.LTC(17, wiring.auto_ncp(32, 4, 17), batch_first=True)
    output, hx = rnn(input, timespans=seconds)          # input (batch, time, 17): output (batch, time, 4)

They keep the contract of torch.nn.RNN and read like the modules of ncps, whose weights `from_ncps` takes over. Needs
the extra `torch`.

A process that trains should give torch one thread, torch.set_num_threads(1) or OMP_NUM_THREADS=1. The kernels have
threads of their own on the cores there are (up to 8), whatever these say; torch's go on waiting, and hold the other
cores, for some time after each operation that torch has shared among them.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError("plashet.nn needs torch, which is not installed: pip install 'plashet[torch]'") from error

from .layer import Liquid, formula
from .liquids import LTC, CfC
from .ncps import from_ncps, state_from_ncps, state_to_ncps
from .recurrent import Contract, Recurrent
from .timely import Diagonal, Gated, Leaky

__all__ = [
    "LTC",
    "CfC",
    "Contract",
    "Diagonal",
    "Gated",
    "Leaky",
    "Liquid",
    "Recurrent",
    "formula",
    "from_ncps",
    "state_from_ncps",
    "state_to_ncps",
]
