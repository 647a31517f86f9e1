"""Truncated backpropagation through time with as little around it as Python allows, as an opponent in online.py.

What `plashet.learn.Gradient` does, written for one kind of model alone, a liquid with its input beside it and a linear
readout, and without late or missing labels: two compiled calls a step. tests/faces/test_online_benchmark.py holds the
two together.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from plashet.learn import Adam
from plashet.learn.theta import packing


@dataclass
class Known:
    model: Any
    packed: Any
    theta: Any
    descent: Any
    ticks: deque[Any]  # (state before, u, dt) of the last `window` ticks
    asked: list[Any] = field(default_factory=list)  # targets since the last step


@dataclass(frozen=True)
class Truncated:
    """Every `stride` ticks one step of Adam, along slopes that go back through the last `window` ticks."""

    window: int
    stride: int
    descent: Adam
    moves_liquid: ClassVar[bool] = True

    def init(self, model: Any) -> Known:
        packed = packing(model)
        theta = packed.of(model)
        return Known(model, packed, theta, self.descent.init(theta), deque(maxlen=self.window))

    def watch(self, k: Known, seen: Any) -> tuple[Known, Any]:
        k.ticks.append((seen.before.inner[0], seen.tick.u, seen.tick.dt))
        return k, None

    def credit(self, k: Known, trace: Any, y: Any) -> tuple[Known, Any]:
        k.asked.append(y)
        if len(k.asked) == self.stride:
            self._step(k)
        return k, trace

    def model(self, k: Known) -> Any:
        return k.model

    def _step(self, k: Known) -> None:
        liquid, weights = k.model.liquid.cells[0], k.model.readout.weights
        state, u, dt = k.ticks[0][0], np.array([t[1] for t in k.ticks]), np.array([t[2] for t in k.ticks])
        _, states = liquid.run(state, u, dt)
        features = np.concatenate((states, u), axis=1)[-self.stride :]
        wrong = features @ weights + k.model.readout.bias - np.array(k.asked)
        slope = np.zeros_like(states)
        slope[-self.stride :] = wrong @ weights[: states.shape[1]].T / self.stride
        slopes = {f"liquid.cells.0.{p}": a for p, a in liquid.pull(state, u, dt, states, slope).parameters.items()}
        slopes |= {"readout.weights": features.T @ wrong / self.stride, "readout.bias": wrong.mean(axis=0)}
        k.descent, k.theta = self.descent.step(k.descent, k.theta, k.packed.chain(k.theta, k.packed.flat(slopes)))
        k.model = k.packed.put(k.model, k.theta)
        k.asked.clear()
