"""Descent along slopes: Adam on one vector, its numbers a value that can be saved."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from ..types import Array
from .common import positive


class AdamState(NamedTuple):
    """What Adam knows of the slopes so far."""

    mean: Array  # (size,) float64
    square: Array  # (size,) float64
    steps: int


@dataclass(frozen=True)
class Adam:
    """theta <- theta - rate m/(1 - b1^t) / (sqrt(s/(1 - b2^t)) + epsilon),
    m <- b1 m + (1 - b1) g,   s <- b2 s + (1 - b2) g^2,   g = slope min(1, clip/|slope|)

    after t steps; `keep` is (b1, b2). clip: the greatest norm of a slope, inf for none.
    Source: Kingma and Ba 2015, Adam; the clipping is Pascanu, Mikolov and Bengio 2013, On the Difficulty of Training
    Recurrent Neural Networks.
    """

    rate: float = 1e-3
    clip: float = inf
    keep: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        positive("rate", self.rate)
        positive("epsilon", self.epsilon)
        if not self.clip > 0:
            raise ValueError(f"clip is {self.clip!r}, wanted a norm above 0, or inf for none")
        if len(self.keep) != 2 or not all(0 <= share < 1 for share in self.keep):
            raise ValueError(f"keep is {self.keep!r}, wanted two shares in [0, 1), such as (0.9, 0.999)")

    def init(self, theta: Array) -> AdamState:
        return AdamState(np.zeros(theta.shape), np.zeros(theta.shape), 0)

    def step(self, state: AdamState, theta: Array, slope: Array, share: float = 1.0) -> tuple[AdamState, Array]:
        """theta after one step of `share` times the rate; the state's arrays are moved in place, theta is not."""
        b1, b2 = self.keep
        norm = float(np.sqrt(slope @ slope))
        g = slope * (self.clip / norm) if norm > self.clip else slope
        t = state.steps + 1
        state.mean[...] += (1 - b1) * (g - state.mean)
        state.square[...] += (1 - b2) * (g * g - state.square)
        down = state.mean / (1 - b1**t) / (np.sqrt(state.square / (1 - b2**t)) + self.epsilon)
        return state._replace(steps=t), theta - share * self.rate * down
