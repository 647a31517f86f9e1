"""How a CfC makes its new state of its heads and the time that passed: three functions that go by one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..ops import asarray, logistic, namespace
from ..types import Array


@dataclass(frozen=True)
class Full:
    """h' = tanh(ff1) (1 - s) + tanh(ff2) s,   s = logistic(time_a dt + time_b);   |h'| <= 1. Mode "default" of ncps."""

    kind: ClassVar[str] = "full"
    heads: ClassVar[int] = 4  # ff1, ff2, time_a, time_b
    parameters: ClassVar[tuple[str, ...]] = ()

    def move(self, heads: list[Array], dt: Array) -> Array:
        (t1, t2), s = _tanhs(heads), logistic(heads[2] * dt + heads[3])
        return t1 * (1 - s) + t2 * s


@dataclass(frozen=True)
class NoGate:
    """h' = tanh(ff1) + tanh(ff2) s,   s = logistic(time_a dt + time_b);   |h'| < 2. Mode "no_gate" of ncps."""

    kind: ClassVar[str] = "no_gate"
    heads: ClassVar[int] = 4  # ff1, ff2, time_a, time_b
    parameters: ClassVar[tuple[str, ...]] = ()

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


Rule = Full | NoGate | Pure


def check_rule(rule: Rule, units: int) -> None:
    """Raises ValueError for parameters of a rule that are not (units,)."""
    for name in rule.parameters:
        got = tuple(getattr(rule, name).shape)
        if got != (units,):
            raise ValueError(f"rule.{name} is {got}, wanted {(units,)}: one for each unit")


def constants_of(rule: Rule, units: int) -> Array:
    """(units, 2) for the kernel: the rule's parameters side by side, and zeros."""
    constants = np.zeros((units, 2))
    for k, name in enumerate(rule.parameters):
        constants[:, k] = getattr(rule, name)
    return constants


def slopes_of(rule: Rule, constants: Array) -> dict[str, Array]:
    """Slopes of the rule's parameters by path, from those of its constants."""
    return {f"rule.{name}": constants[:, k].copy() for k, name in enumerate(rule.parameters)}


def _tanhs(heads: list[Array]) -> tuple[Any, Any]:
    xp = namespace(heads[0])
    return xp.tanh(heads[0]), xp.tanh(heads[1])
