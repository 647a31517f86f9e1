"""Spiking liquids as NIR graphs and files (Neuromorphic Intermediate Representation), and NIR as spiking liquids.

    bridges.nir.write("liquid.nir", cell)      cell = bridges.nir.read("liquid.nir")

What NIR can say goes into its own primitives, and any simulator that reads NIR finds it there:

    currents -> Linear ------------------------------------> neurons: LIF -> output
    events ---> Linear (> 0) -> exc: LI(tau_E) --------------^  |
                Linear (< 0) -> inh: LI(tau_I) --------------^  |
    neurons -> Delay(d) -> Linear (> 0) -> exc,  Linear (< 0) -> inh     for every delay d that there is

With one synaptic time constant and no currents from outside, LIF, exc and inh are one CubaLIF. NIR's spike is taken as
its published simulators take it, 1 for the length of one step h: an LI moves by r h / tau, so r = tau / h is written
(for a CubaLIF, w_in = tau_syn / h). Potentials and R I in mV as plain numbers, LIF.r = 1, times in seconds, delays
as plashet rounds them. An event or spike with a delay of d steps first moves a potential d + 1 steps later.

What NIR cannot say (short-term plasticity, refractory time, adaptation, where potentials begin, noise, the filter of
the outputs, places) is written into the metadata of the nodes: plashet reads it back, others do not, and a warning
says so. Edges between the same two units with the same delay are written as one, weights of zero not at all.

Pedersen et al. 2024, Neuromorphic intermediate representation, Nature Communications 15. Needs the extra `bridges`.
"""

from __future__ import annotations

from os import PathLike
from typing import Any

from ...liquids import Spiking
from .incoming import from_graph
from .outgoing import nir, to_graph

__all__ = ["from_graph", "read", "to_graph", "write"]


def write(path: str | PathLike[str], cell: Spiking) -> None:
    """The liquid as a NIR file (HDF5). Warns of what only plashet will find in it; raises as `to_graph` does."""
    nir().write(str(path), to_graph(cell))


def read(path: str | PathLike[str], h: float | None = None) -> Any:
    """The liquid in a NIR file: see `from_graph`."""
    return from_graph(nir().read(str(path), type_check=False), h)
