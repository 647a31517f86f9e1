"""The liquid of the liquid state machine, as its paper has it."""

from __future__ import annotations

import numpy as np

from ..wiring import Circuit, column
from .neurons import LIF
from .spiking import Spiking

START = (13.5, 15.0)  # [mV]: drawn anew for each trial, which is the noise of the paper's model


def maass2002(inputs: int = 1, *, seed: int, circuit: Circuit | None = None, h: float = 1e-4) -> Spiking:
    """The liquid of Maass, Natschläger & Markram 2002, Appendix B; inputs are event lines.

    135 LIF units (27 inhibitory) on 15 x 3 x 3 points, connection probability C exp(-(D/2)^2), short-term plasticity,
    delays, tau 30 ms, refractory 3 ms (excitatory) and 2 ms (inhibitory), threshold 15 mV, reset 13.5 mV, background
    13.5 nA at 1 MΩ, synaptic time constants 3 and 6 ms, states filtered with 30 ms; see `wiring.column` for the circuit
    and what the paper leaves open. Potentials begin uniform in [13.5, 15) mV, by (seed, row key): give `init` other
    keys for other trials. h [s]: the grid; the paper's delays of 1.5 and 0.8 ms are whole steps of 0.1 ms.

    circuit: another one, which has inputs of its own, for instance `wiring.column(..., length=8)` or `wiring.columns`
    of four. Raises ValueError for a circuit whose event lines are not as many as `inputs`, if both are given.
    """
    if circuit is not None and inputs not in (1, circuit.inputs.events):
        raise ValueError(f"the circuit has {circuit.inputs.events} event lines, not {inputs}: leave `inputs` out")
    circuit = column(inputs=inputs, seed=seed) if circuit is None else circuit
    refractory = np.where(circuit.inhibitory, 2e-3, 3e-3)
    return Spiking(circuit, LIF(circuit.units, refractory=refractory, start=START), h, seed=seed)
