"""Leaky-integrator rate units: the reservoir of the echo state network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..ops import decay, join, logistic, namespace, rectify, rest
from ..types import Array
from ..wiring import Wiring, grown, pruned

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda x: namespace(x).tanh(x),
    "logistic": logistic,
    "relu": rectify,
    "identity": lambda x: x,
}


class LeakyState(NamedTuple):
    x: Array  # (*batch, units)


@dataclass(frozen=True, eq=False)
class Leaky:
    """tau dx/dt = -x + f(W x + W_in u + b), exact over dt with f held:  x' = f + (x - f) exp(-dt/tau)

    tau [s] is one number or one per unit; activation f is one of ACTIVATIONS. With "tanh" and "logistic" the state
    stays within the activation's range for any dt; dt = 0 is the identity. A missing input (NaN) adds nothing.
    Raises ValueError for a tau that is not positive or an unknown activation.

    Jaeger, Lukosevicius, Popovici & Siewert 2007; Lukosevicius 2012, A Practical Guide to Applying Echo State Networks.
    """

    wiring: Wiring
    tau: Array | float  # [s], () or (units,)
    activation: str = "tanh"

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}; got {self.activation!r}")
        tau = np.asarray(self.tau, dtype=np.float64) if namespace(self.tau) is np else self.tau
        if tau.shape not in ((), (self.wiring.units,)):
            raise ValueError(f"tau is one number or one per unit ({self.wiring.units}), got shape {tuple(tau.shape)}")
        if not (tau > 0).all():
            raise ValueError(f"tau is a time constant in seconds and must be positive, got {tau.min()}")

    @classmethod
    def from_leak_rate(cls, wiring: Wiring, alpha: Array | float, dt: float = 1.0, activation: str = "tanh") -> Leaky:
        """The liquid whose leak rate 1 - exp(-dt/tau) is `alpha`, in (0, 1], when a tick lasts `dt` seconds."""
        rate = np.asarray(alpha, dtype=np.float64)
        if not ((rate > 0) & (rate <= 1)).all():
            raise ValueError(f"a leak rate is in (0, 1], got {alpha}")
        with np.errstate(divide="ignore"):
            tau = dt / np.minimum(-np.log1p(-rate), 1000.0)  # exp(-1000) is 0: alpha = 1 keeps nothing, as asked
        return cls(wiring, tau if tau.ndim else float(tau), activation)

    @property
    def inputs(self) -> int:
        return self.wiring.inputs

    @property
    def outputs(self) -> int:
        return self.wiring.units

    def init(self, u: Array) -> LeakyState:
        return LeakyState(rest(u, self.wiring.units))

    def step(self, state: LeakyState, u: Array, dt: Array | float) -> tuple[LeakyState, Array]:
        x = state.x
        f = ACTIVATIONS[self.activation](self.wiring.drive(u, x))
        x = f + (x - f) * decay(dt, self.tau, x)
        return LeakyState(x), x

    def grow(self, state: LeakyState, count: int, *, seed: int) -> tuple[Leaky, LeakyState]:
        """`count` units more, last, at rest; they hear the others and are not heard. New units take the mean tau."""
        wiring = grown(self.wiring, count, seed=seed)
        tau = np.append(self.tau, np.full(count, np.mean(self.tau))) if np.ndim(self.tau) else self.tau
        return Leaky(wiring, tau, self.activation), LeakyState(join([state.x, rest(state.x, count)]))

    def prune(self, state: LeakyState, keep: Array) -> tuple[Leaky, LeakyState]:
        """Only the units `keep`; the others are held at their present value (the mean over a batch) in the bias."""
        held = np.asarray(state.x, dtype=np.float64).reshape(-1, self.outputs).mean(axis=0)
        tau = np.asarray(self.tau)[keep] if np.ndim(self.tau) else self.tau
        return Leaky(pruned(self.wiring, keep, held), tau, self.activation), LeakyState(state.x[..., keep])
