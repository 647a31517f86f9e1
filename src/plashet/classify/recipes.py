"""How sounds are told apart where nobody says otherwise: what is heard of them, which liquid, what is kept of it.

Every number was chosen inside the training part of the Free Spoken Digit Dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..encode.audio import Deltas, Front, LogMel, PeakNorm
from ..liquids import LIF, Leaky, Spiking
from ..sequences import Pooling, Segments
from ..types import Cell
from ..wiring import Inputs, bands, circuit

BANDS = 20
DEGREE = 10  # units that a unit listens to, or spikes to


@dataclass(frozen=True, eq=False)
class Recipe:
    """The parts of a recogniser of sounds that are chosen before it is taught."""

    front: Front  # from samples to frames
    liquid: Callable[[int], Cell]  # from the number of features in a frame
    pooling: Pooling
    about: dict[str, str]  # what was chosen, in words


def reservoir(rate: float, units: int = 1000, seed: int = 0) -> Recipe:
    """Leaky units, averaged in 5 equal parts of a recording, that hear 20 log-mel bands and their slopes."""
    said = f"{units:,} leaky units, each listening to {DEGREE} others; tau 250 ms"
    return _recipe(rate, partial(leaky_units, units=units, seed=seed), said)


def spiking(rate: float, units: int = 1000, seed: int = 0) -> Recipe:
    """Leaky integrate-and-fire units, their filtered spikes averaged likewise, driven by the same bands as currents."""
    said = (
        f"{units:,} spiking units (leaky integrate-and-fire), each with {DEGREE} synapses, a fifth of them inhibitory"
    )
    return _recipe(rate, partial(spiking_units, units=units, seed=seed), said)


def recipe(kind: str, rate: float, units: int = 1000, seed: int = 0) -> Recipe:
    """One of the two by name: "reservoir" or "spiking"."""
    return {"reservoir": reservoir, "spiking": spiking}[kind](rate, units, seed)


def _recipe(rate: float, liquid: Callable[[int], Cell], said: str) -> Recipe:
    front = Front(LogMel(rate, bands=BANDS), (PeakNorm(), Deltas(BANDS, width=2)))
    about = {
        "what is heard": f"{BANDS} log-mel bands and their slopes, a frame every 10 ms, relative to the loudest",
        "liquid": said,
        "what is kept": "the mean of each unit in 5 equal parts of a recording",
        "readout": "ridge regression, its penalty chosen by leaving out parts of what it is taught",
    }
    return Recipe(front, liquid, Segments(5), about)


def leaky_units(inputs: int, *, units: int, seed: int) -> Leaky:
    """A sparse reservoir with strong biases, for inputs of spread 1, whatever their number."""
    scaling = 1.6 / np.sqrt(inputs)
    wiring = bands(units, inputs, seed=seed, degree=DEGREE, input_scaling=scaling, bias_scaling=2.0)
    return Leaky(wiring, tau=0.25)


def spiking_units(inputs: int, *, units: int, seed: int) -> Spiking:
    """Spiking units at some 30 Hz, driven by strong random currents, with delays of 1 to 30 ms; inputs of spread 1."""
    rng = np.random.default_rng(seed)
    inhibitory = np.arange(units) < units // 5
    pre = np.repeat(np.arange(units), DEGREE)
    post = rng.integers(0, units, len(pre))
    weight = rng.exponential(2.0, len(pre)) * np.where(inhibitory[pre], 5.0, 1.0)
    delay = 1e-3 * rng.integers(1, 31, len(pre))
    heard = Inputs(rng.normal(0.0, 60.0 / np.sqrt(inputs), (units, inputs)), np.zeros((units, 0)))
    tau = np.exp(rng.uniform(np.log(0.02), np.log(0.03), units))
    neuron = LIF(units, tau=tau, threshold=15.0, reset=0.0, refractory=0.002, background=rng.uniform(3.0, 13.0, units))
    net = circuit(pre, post, weight, delay, inhibitory=inhibitory, inputs=heard)
    return Spiking(net, neuron, h=1e-3, tau_synapse=(0.01, 0.02), tau_trace=0.1, seed=seed)
