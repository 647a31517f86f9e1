"""How dv/dt = k (I - G v) is stepped, I and G held: v' = v + r (I - G v), and what r is."""

from __future__ import annotations

from dataclasses import dataclass

from ..ops import namespace
from ..types import Array


def _count(unfolds: int) -> None:
    if unfolds < 1:
        raise ValueError(f"unfolds is {unfolds}, wanted at least one step of the solver in a tick")


@dataclass(frozen=True)
class Fused:
    """The semi-implicit step, v' = (v + k I)/(1 + k G): r = k/(1 + k G). First order in dt/unfolds.

    Hasani et al. 2021, equation 3 and algorithm 1.
    """

    unfolds: int = 6

    def __post_init__(self) -> None:
        _count(self.unfolds)

    def rate(self, k: Array, total: Array) -> Array:
        return k / (1.0 + k * total)


@dataclass(frozen=True)
class Exponential:
    """The exponential Euler step, exact for frozen gates: r = (1 - exp(-k G))/G. First order in dt/unfolds.

    Three unfolds are about as exact as six of Fused where dt/tau is below 1, six are better than twelve elsewhere.
    """

    unfolds: int = 6

    def __post_init__(self) -> None:
        _count(self.unfolds)

    def rate(self, k: Array, total: Array) -> Array:
        xp = namespace(k, total)
        z = k * total
        some = xp.where(z > 0, z, xp.ones_like(z))  # 0/0 is one here; its slope is never asked for
        return k * xp.where(z > 0, -xp.expm1(-some) / some, xp.ones_like(z) - 0.5 * z)


Solver = Fused | Exponential
