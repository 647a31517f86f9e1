"""The diagonal liquid: gated units that hear the inputs alone, for long series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..ops import asarray, namespace, observed, rest, softplus
from ..types import Array
from .gated import check_finite, passed
from .levels import Form, Level, Levelled, Slots, heard


class DiagonalState(NamedTuple):
    h: Array  # (*batch, units)


@dataclass(frozen=True, eq=False)
class Diagonal(Levelled[DiagonalState]):
    """h' = u + (h - u) exp(-dt/tau),   u = tanh(a_u),   1/tau = 1/tau_max + softplus(a_tau),   a = w_in x + bias

    Gated without recurrent synapses: u and tau [s] follow the input alone, so h is linear in itself, unit by unit, and
    what is costly is done for many ticks at once. The slope of h along the h of some time ago is exp(-time/tau): no
    gradient explodes. Units hear nothing of each other; stack several, with something between that mixes units. dt = 0
    is the identity, dt < 0 holds the state too, |h'| <= max(|h|, 1), and a missing input (NaN) adds nothing. Heads in
    the order (u, tau). Raises ValueError for arrays that do not fit, or a tau_max that is not positive.

    After Hasani et al. 2022 (the gate) and Orvieto et al. 2023, Resurrecting recurrent neural networks for long
    sequences (the diagonal).
    """

    w_in: Array  # (2, units, inputs)
    bias: Array  # (2, units)
    tau_max: Array | float = np.inf  # [s], () or (units,): no unit is slower

    parameters: ClassVar[tuple[str, ...]] = ("w_in", "bias")
    positive: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if self.w_in.ndim != 3 or tuple(self.w_in.shape[:2]) != tuple(self.bias.shape) or self.bias.shape[0] != 2:
            w_in, bias = tuple(self.w_in.shape), tuple(self.bias.shape)
            raise ValueError(f"w_in and bias are {w_in} and {bias}, wanted (2, units, inputs) and (2, units)")
        check_finite("w_in", self.w_in)
        check_finite("bias", self.bias)
        if np.shape(self.tau_max) not in ((), (self.outputs,)):
            got = np.shape(self.tau_max)
            raise ValueError(f"tau_max is one number or one per unit ({self.outputs}), got shape {got}")
        if namespace(self.tau_max) is np and not (np.asarray(self.tau_max) > 0).all():
            raise ValueError(f"tau_max is a time constant in seconds and must be positive, got {np.min(self.tau_max)}")

    @property
    def inputs(self) -> int:
        return int(self.w_in.shape[2])

    @property
    def outputs(self) -> int:
        return int(self.w_in.shape[1])

    def init(self, u: Array) -> DiagonalState:
        return DiagonalState(rest(u, self.outputs))

    def step(self, state: DiagonalState, u: Array, dt: Array | float) -> tuple[DiagonalState, Array]:
        h, x = state.h, observed(u)
        xp, elapsed = namespace(h), passed(dt, h)
        w_in, bias = asarray(self.w_in, h), asarray(self.bias, h)
        a_u, a_tau = x @ w_in[0].T + bias[0], x @ w_in[1].T + bias[1]
        gain = -xp.expm1(-elapsed * (1 / asarray(self.tau_max, h) + softplus(a_tau)))
        h = (1 - gain) * h + gain * xp.tanh(a_u)
        return DiagonalState(h), h

    def form(self) -> Form:
        return Form(_levels, (), ("diagonal",))

    def weights(self, dtype: Any) -> Array:
        return np.concatenate([np.asarray(a, dtype).ravel() for a in (self.w_in, self.bias)])

    def constants(self, dtype: Any) -> Array:
        """(units, 2) of the kernel's nodes: 1/tau_max, and nothing."""
        slowest = np.broadcast_to(1 / np.asarray(self.tau_max, np.float64), (self.outputs,))
        slowest = np.minimum(slowest, np.finfo(dtype).max)
        return np.ascontiguousarray(np.stack((slowest, np.zeros(self.outputs)), 1), dtype)

    def named(self, weights: Array, constants: Array) -> dict[str, Array]:
        """Slopes of the kernel's weights by path."""
        w_in, bias = np.split(weights, [self.w_in.size])
        return {"w_in": w_in.reshape(tuple(self.w_in.shape)), "bias": bias.reshape(tuple(self.bias.shape))}


def diagonal(
    inputs: int, units: int, *, seed: int, tau: tuple[float, float] = (0.5, 30.0), tau_max: float = np.inf
) -> Diagonal:
    """A diagonal liquid with input weights drawn uniformly (Glorot).

    tau [s]: the time constants of the units where the input is 0, spread evenly in their logarithm, in random order.
    Raises ValueError for a range that is not positive, or not below tau_max.
    """
    low, high = tau
    if not 0 < low <= high < tau_max:
        raise ValueError(f"tau is (shortest, longest) in seconds, 0 < shortest <= longest < {tau_max}, got {tau}")
    drawn, order = (np.random.default_rng(s) for s in np.random.SeedSequence(seed, spawn_key=(5,)).spawn(2))
    w_in = drawn.uniform(-1, 1, (2, units, inputs)) * np.sqrt(6 / (inputs + units))
    rate = 1 / order.permutation(np.geomspace(low, high, units)) - 1 / tau_max
    return Diagonal(w_in, np.stack((np.zeros(units), rate + np.log(-np.expm1(-rate)))), tau_max)


def _levels(slots: Slots, before: int) -> list[Level]:
    inputs, units = np.arange(slots.inputs), np.arange(slots.units)
    size = slots.units * slots.inputs
    index = (units[:, None] * slots.inputs + inputs).reshape(-1, 1) + size * np.arange(2)
    edges = 1 + np.tile(inputs, slots.units), np.repeat(units, slots.inputs), index
    bias = 2 * size + units[:, None] + slots.units * np.arange(2)
    return [Level("gated", "tanh", before + units, slots.h_after + units, *heard(bias, [edges], slots.units))]
