"""Driven maps: NARMA."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LIMIT = 10.0  # beyond this a NARMA series is lost: its square term wins; usual values lie below 1


class Driven(NamedTuple):
    """A stream with its target: `y[t]` is to be told once `u[t]` is known."""

    u: NDArray[np.float64]  # (time, inputs)
    y: NDArray[np.float64]  # (time, outputs)


class NarmaRule(NamedTuple):
    """y(t+1) = now y(t) + total y(t) Σ_{i<order} y(t-i) + product u(t-order+1) u(t) + constant."""

    order: int
    now: float
    total: float
    product: float
    constant: float


NARMA10 = NarmaRule(order=10, now=0.3, total=0.05, product=1.5, constant=0.1)
NARMA30 = NarmaRule(order=30, now=0.2, total=0.004, product=1.5, constant=0.201)


def narma(length: int, *, rule: NarmaRule = NARMA10, seed: int = 0, attempts: int = 100) -> Driven:
    """A non-linear moving average with long memory: u ~ U[0, 0.5] and what it causes, both (length, 1).

    NARMA10:  y(t+1) = 0.3 y(t) + 0.05 y(t) Σ_{i=0..9} y(t-i) + 1.5 u(t-9) u(t) + 0.1
    NARMA30:  y(t+1) = 0.2 y(t) + 0.004 y(t) Σ_{i=0..29} y(t-i) + 1.5 u(t-29) u(t) + 0.201

    Row t of `y` is y(t+1), what u(t) causes. Before the first row u and y are 0. The recursion can diverge
    (|y| > 10): then the input is drawn again from the same seed, at most `attempts` times, after which ValueError.

    Atiya and Parlos 2000, New Results on Recurrent Network Training. Papers differ in the constants of NARMA30.
    """
    rng = np.random.default_rng(seed)
    for _ in range(attempts):
        u = rng.uniform(0.0, 0.5, length)
        y = narma_response(u, [rule] * length)
        if np.abs(y).max(initial=0.0) <= LIMIT:
            return Driven(u[:, None], y[:, None])
    raise ValueError(f"{rule} diverged in each of {attempts} draws of {length} inputs; give a shorter length")


def narma_response(u: NDArray[np.float64], rules: list[NarmaRule]) -> NDArray[np.float64]:
    """What the inputs `u` (time,) cause, rule by rule (one for each tick); infinite from where |y| passed 10."""
    longest = max((rule.order for rule in rules), default=1)
    inputs = [0.0] * longest + u.tolist()
    y = [0.0] * longest
    for t, rule in enumerate(rules, start=longest):
        order = rule.order
        drive = rule.product * inputs[t - order + 1] * inputs[t] + rule.constant
        y.append(y[-1] * (rule.now + rule.total * sum(y[-order:])) + drive)
        if abs(y[-1]) > LIMIT:
            return np.array(y[longest:] + [np.inf] * (len(u) - (t - longest) - 1))
    return np.array(y[longest:])
