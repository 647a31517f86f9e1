"""What a linear readout of the state at one second says about the segments that a liquid heard: Figures 5, 6 and 7."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import plashet as pl
from plashet.cells import Pass
from plashet.sequences import Last, Mean, features
from plashet.wiring import Circuit

from .patterns import TICK, Trials

PENALTY = 1e-4  # as good as none, and one answer where units are silent
Array = Any


def states(liquid: Any, heard: Trials) -> Array:
    """(trials, units) what each input leaves behind; each trial begins at potentials of its own."""
    return features(liquid, heard.inputs, TICK, Last(), keys=np.arange(len(heard.inputs)))


def scores(x: Array, labels: Array, taught: int) -> Array:
    """(segments,) share of the trials after the first `taught` whose template the sign of a linear regression names."""
    signs = np.where(labels, 1.0, -1.0)
    centre = x[:taught].mean(axis=0)
    model = pl.fit(
        pl.unread(Pass(x.shape[1]), signs.shape[1]), pl.Ridge(PENALTY), (x[:taught] - centre, signs[:taught])
    )
    said = pl.run(model, x[taught:] - centre)[0]
    return ((said > 0) == (signs[taught:] > 0)).mean(axis=0)


def rate(liquid: Any, inputs: Array) -> float:
    """Mean rate of the liquid's units [Hz] over these inputs."""
    counting = replace(liquid, tau_trace=None)
    return float(features(counting, inputs, TICK, Mean(), keys=np.arange(len(inputs))).mean()) / TICK


def static_twin(circuit: Circuit, seed: int, inputs: Array, steps: int = 14) -> tuple[Any, float]:
    """The liquid with static synapses, all weights times one factor such that its mean rate is that of the dynamic one.

    The factor is found by bisection of its logarithm between 1/1000 and 1. Returns the liquid and the factor.
    """
    wanted = rate(pl.liquids.maass2002(seed=seed, circuit=circuit), inputs)
    low, high = np.log(1e-3), 0.0
    for _ in range(steps):
        factor = float(np.exp((low + high) / 2))
        twin = pl.liquids.maass2002(seed=seed, circuit=replace(circuit, dynamics=None, weight=circuit.weight * factor))
        low, high = (low, np.log(factor)) if rate(twin, inputs) > wanted else (np.log(factor), high)
    return twin, factor
