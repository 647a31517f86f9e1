"""How sounds are told apart where nobody says otherwise: what is heard of them, which liquid, what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..encode.audio import Deltas, Front, LogMel, PeakNorm
from ..liquids import LIF, Leaky, Spiking
from ..sequences import Pooling, Segments
from ..types import Cell
from ..wiring import Inputs, bands, circuit

LIQUIDS = ("reservoir", "spiking")


@dataclass(frozen=True, eq=False)
class Recipe:
    """The parts of a recogniser of sounds that are chosen before it is taught."""

    front: Front  # from samples to frames
    liquid: Callable[[int], Cell]  # from the number of features in a frame
    pooling: Pooling
    about: dict[str, str]  # what was chosen, in words


def reservoir(rate: float, units: int = 1000, seed: int = 0) -> Recipe:
    """Leaky units, averaged in 5 equal parts of a recording, that hear 20 log-mel bands and their slopes."""
    front = Front(LogMel(rate, bands=20), (PeakNorm(), Deltas(20, width=2)))
    about = {
        "what is heard": "20 log-mel bands and their slopes, a frame every 10 ms, relative to the loudest",
        "liquid": f"{units:,} leaky units, each listening to 10 others; tau 150 ms",
        "what is kept": "the mean of each unit in 5 equal parts of a recording",
        "readout": "ridge regression, its penalty chosen by leaving out parts of what it is taught",
    }
    return Recipe(front, partial(_leaky, units=units, seed=seed), Segments(5), about)


def spiking(rate: float, units: int = 1000, seed: int = 0) -> Recipe:
    """Leaky integrate-and-fire units, counted in 5 equal parts of a recording, driven by 40 log-mel bands."""
    front = Front(LogMel(rate, bands=40), (PeakNorm(),))
    rule = partial(_spiking, units=units, seed=seed)
    return Recipe(front, rule, Segments(5), {"liquid": f"{units} spiking units (leaky integrate-and-fire)"})


def recipe(kind: str, rate: float, units: int, seed: int) -> Recipe:
    """One of LIQUIDS by name."""
    return {"reservoir": reservoir, "spiking": spiking}[kind](rate, units, seed)


def _leaky(inputs: int, *, units: int, seed: int) -> Any:
    scaling = 0.25 * np.sqrt(40 / inputs)
    wiring = bands(units, inputs, seed=seed, input_scaling=scaling, bias_scaling=1.0)
    return Leaky(wiring, tau=0.15)


def _spiking(inputs: int, *, units: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    inhibitory = np.arange(units) < units // 5
    degree = 10
    pre = np.repeat(np.arange(units), degree)
    post = rng.integers(0, units, len(pre))
    weight = rng.exponential(2.0, len(pre)) * np.where(inhibitory[pre], 3.0, 1.0)
    delay = 1e-3 * rng.integers(1, 11, len(pre))
    heard = np.zeros((units, inputs))
    for unit in heard:
        unit[rng.choice(inputs, min(4, inputs), replace=False)] = rng.normal(0.0, 30.0, min(4, inputs))
    inputs_ = Inputs(heard, np.zeros((units, 0)))
    tau = np.exp(rng.uniform(np.log(0.006), np.log(0.04), units))
    neuron = LIF(units, tau=tau, threshold=15.0, reset=0.0, refractory=0.005, background=3.0)
    net = circuit(pre, post, weight, delay, inhibitory=inhibitory, inputs=inputs_)
    return Spiking(net, neuron, tau_trace=None, seed=seed)
