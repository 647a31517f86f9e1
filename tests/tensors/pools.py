"""A small trainable cell whose slopes are written out, for the tests of modules."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from plashet.ops import asarray, decay, rest
from plashet.trainable import Pulled


class PoolState(NamedTuple):
    level: Any
    memory: Any


@dataclass(frozen=True, eq=False)
class Pool:
    """level' = d level + (1 - d) W u, d = exp(-k dt), and memory' = memory + dt level': two arrays of state."""

    weight: Any  # (units, inputs)
    inner: tuple[Any, ...]  # (k,): (units,), positive

    parameters: ClassVar[tuple[str, ...]] = ("weight", "inner.0")
    positive: ClassVar[tuple[str, ...]] = ("inner.0",)

    inputs = property(lambda self: self.weight.shape[1])
    outputs = property(lambda self: self.weight.shape[0])

    def init(self, u):
        return PoolState(rest(u, self.outputs), rest(u, self.outputs))

    def step(self, state, u, dt):
        d = decay(dt, 1 / asarray(self.inner[0], u), u)
        level = d * state.level + (1 - d) * (u @ asarray(self.weight, u).T)
        memory = state.memory + asarray(dt, u)[..., None] * level
        return PoolState(level, memory), level + memory

    def run(self, state, u, dt, out=None):
        outputs = []
        for now, elapsed in zip(u, dt, strict=True):
            state, y = self.step(state, now, elapsed)
            outputs.append(y)
        return state, np.stack(outputs) if outputs else np.zeros((0, *u.shape[1:-1], self.outputs), u.dtype)

    def pull(self, state, u, dt, outputs, slope, slope_after=None):
        dts = np.broadcast_to(dt.reshape(len(u), -1), u.shape[:2])[..., None]
        levels, memory = [np.broadcast_to(state.level, outputs.shape[1:])], state.memory
        for y, elapsed in zip(outputs, dts, strict=True):
            levels.append((y - memory) / (1 + elapsed))
            memory = memory + elapsed * levels[-1]
        down, held = slope_after
        du, ddt, weight = np.zeros_like(u), np.zeros_like(dts[..., 0]), np.zeros_like(self.weight)
        k = np.zeros_like(self.inner[0])
        for t in reversed(range(len(u))):
            held = held + slope[t]
            by_level = down + slope[t] + dts[t] * held
            d = np.exp(-self.inner[0] * dts[t])
            fed = u[t] @ self.weight.T
            by_d = by_level * (levels[t] - fed)
            ddt[t] = (held * levels[t + 1]).sum(-1) - (by_d * self.inner[0] * d).sum(-1)
            k -= (by_d * dts[t] * d).sum(0)
            by_fed = by_level * (1 - d)
            weight += by_fed.T @ u[t]
            du[t], down = by_fed @ self.weight, by_level * d
        return Pulled({"weight": weight, "inner.0": k}, du, ddt, PoolState(down, held))


def pool(units=3, inputs=2, seed=0):
    rng = np.random.default_rng(seed)
    return Pool(rng.normal(size=(units, inputs)), (rng.uniform(0.2, 2.0, units),))
