"""How a CfC makes its new state of its heads and the time that passed: three functions that go by one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..ops import asarray, logistic, namespace
from ..types import Array


class _Gate:
    """What Full and NoGate share: four heads, and no parameters of their own."""

    heads: ClassVar[int] = 4  # ff1, ff2, time_a, time_b
    parameters: ClassVar[tuple[str, ...]] = ()

    def check(self, units: int) -> None: ...

    def constants(self, units: int) -> Array:
        return np.zeros((units, 2))

    def slopes(self, constants: Array) -> dict[str, Array]:
        return {}


@dataclass(frozen=True)
class Full(_Gate):
    """h' = tanh(ff1) (1 - s) + tanh(ff2) s,   s = logistic(time_a dt + time_b);   |h'| <= 1. Mode "default" of ncps."""

    kind: ClassVar[str] = "full"

    def move(self, heads: list[Array], dt: Array) -> Array:
        (t1, t2), s = _tanhs(heads), logistic(heads[2] * dt + heads[3])
        return t1 * (1 - s) + t2 * s


@dataclass(frozen=True)
class NoGate(_Gate):
    """h' = tanh(ff1) + tanh(ff2) s,   s = logistic(time_a dt + time_b);   |h'| < 2. Mode "no_gate" of ncps."""

    kind: ClassVar[str] = "no_gate"

    def move(self, heads: list[Array], dt: Array) -> Array:
        t1, t2 = _tanhs(heads)
        return t1 + t2 * logistic(heads[2] * dt + heads[3])


@dataclass(frozen=True, eq=False)
class Pure:
    """h' = A - A ff1 exp(-dt (|w_tau| + |ff1|)): one head. |h'| <= |A| (1 + 1/(e dt)), so no bound for every dt.

    Mode "pure" of ncps.
    """

    w_tau: Array  # (units,)
    A: Array  # (units,)

    kind: ClassVar[str] = "pure"
    heads: ClassVar[int] = 1  # ff1
    parameters: ClassVar[tuple[str, ...]] = ("w_tau", "A")

    @classmethod
    def of(cls, units: int) -> Pure:
        """w_tau = 0 and A = 1, where its authors mean to begin."""
        return cls(np.zeros(units), np.ones(units))

    def move(self, heads: list[Array], dt: Array) -> Array:
        (ff1,) = heads
        top = asarray(self.A, ff1)
        return top - top * namespace(ff1).exp(-dt * (abs(asarray(self.w_tau, ff1)) + abs(ff1))) * ff1

    def check(self, units: int) -> None:
        for name in self.parameters:
            if tuple(getattr(self, name).shape) != (units,):
                raise ValueError(
                    f"rule.{name} is {tuple(getattr(self, name).shape)}, wanted {(units,)}: one for each unit"
                )

    def constants(self, units: int) -> Array:
        return np.stack([np.asarray(getattr(self, name), np.float64) for name in self.parameters], axis=1)

    def slopes(self, constants: Array) -> dict[str, Array]:
        return {f"rule.{name}": constants[:, k].copy() for k, name in enumerate(self.parameters)}


Rule = Full | NoGate | Pure


def _tanhs(heads: list[Array]) -> tuple[Any, Any]:
    xp = namespace(heads[0])
    return xp.tanh(heads[0]), xp.tanh(heads[1])
