"""Chaotic flows, integrated by the classical Runge-Kutta method of order four with fixed sub-steps.

A state is a tuple of components, each a float or an array of its own: three floats for Lorenz-63 and Rössler, one
array of `size` for Lorenz-96. So one integrator serves all, and is quick for the small ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

State = tuple[Any, ...]
Field = Callable[[State], State]


def rk4(field: Field, state: State, length: int, *, dt: float, substeps: int = 1) -> list[State]:
    """`length` states, each `dt` after the one before, the first `dt` after `state`; step h = dt/substeps.

    k1 = f(s),  k2 = f(s + h k1/2),  k3 = f(s + h k2/2),  k4 = f(s + h k3),  s' = s + h (k1 + 2 k2 + 2 k3 + k4)/6
    """
    if not (dt > 0 and substeps >= 1 and length >= 0):
        raise ValueError(f"got length={length}, dt={dt}, substeps={substeps}; give length >= 0, dt > 0, substeps >= 1")
    h = dt / substeps
    path = []
    for _ in range(length):
        for _ in range(substeps):
            k1 = field(state)
            k2 = field(_along(state, k1, h / 2))
            k3 = field(_along(state, k2, h / 2))
            k4 = field(_along(state, k3, h))
            state = tuple(
                s + h / 6 * (a + 2 * (b + c) + d) for s, a, b, c, d in zip(state, k1, k2, k3, k4, strict=True)
            )
        path.append(state)
    return path


def _along(state: State, slope: State, h: float) -> State:
    return tuple([s + h * k for s, k in zip(state, slope, strict=True)])


def lorenz63(
    length: int,
    *,
    dt: float = 0.02,
    substeps: int = 4,
    rho: float = 28.0,
    discard: int = 1000,
    start: Sequence[float] | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """x' = 10 (y - x),  y' = x (rho - z) - y,  z' = x y - 8/3 z: (length, 3), one row every `dt`.

    RK4 with `substeps` steps a row; the first `discard` rows are not returned. Without `start` the flow starts at
    (1, 1, 1) plus U[-0.5, 0.5] drawn from `seed`. For rho = 28 the largest Lyapunov exponent is 0.9056 per time unit.

    Lorenz 1963, Deterministic Nonperiodic Flow.
    """
    begin = _start(start, np.ones(3), 0.5, seed)
    return _rows(lorenz63_field(rho), tuple(begin.tolist()), length, dt, substeps, discard)


def lorenz63_field(rho: float = 28.0) -> Field:
    """The right-hand side of Lorenz-63 with sigma = 10 and beta = 8/3."""

    def field(state: State) -> State:
        x, y, z = state
        return 10.0 * (y - x), x * (rho - z) - y, x * y - 8.0 / 3.0 * z

    return field


def roessler(
    length: int,
    *,
    dt: float = 0.1,
    substeps: int = 4,
    discard: int = 1000,
    start: Sequence[float] | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """x' = -y - z,  y' = x + 0.2 y,  z' = 0.2 + z (x - 5.7): (length, 3), one row every `dt`.

    RK4 with `substeps` steps a row; the first `discard` rows are not returned. Without `start` the flow starts at
    (1, 1, 1) plus U[-0.5, 0.5] drawn from `seed`. The largest Lyapunov exponent is about 0.07 per time unit.

    Rössler 1976, An Equation for Continuous Chaos.
    """
    begin = _start(start, np.ones(3), 0.5, seed)
    return _rows(roessler_field, tuple(begin.tolist()), length, dt, substeps, discard)


def roessler_field(state: State) -> State:
    """The right-hand side of Rössler's system with a = b = 0.2 and c = 5.7."""
    x, y, z = state
    return -y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)


def lorenz96(
    length: int,
    *,
    size: int = 40,
    forcing: float = 8.0,
    dt: float = 0.05,
    substeps: int = 5,
    discard: int = 1000,
    seed: int = 0,
) -> NDArray[np.float64]:
    """x_i' = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + forcing, indices modulo `size`: (length, size), one row every `dt`.

    RK4 with `substeps` steps a row; the first `discard` rows are not returned. The flow starts at `forcing` plus
    U[-0.01, 0.01] drawn from `seed`. The largest Lyapunov exponent is about 1.7 per time unit at 40 sites, forcing 8.

    Lorenz 1996, Predictability: a problem partly solved.
    """
    if size < 4:
        raise ValueError(f"got size={size}; Lorenz-96 needs at least 4 sites, for each listens to three others")
    begin = _start(None, np.full(size, forcing), 0.01, seed)
    return _rows(lorenz96_field(forcing), (begin,), length, dt, substeps, discard)


def lorenz96_field(forcing: float = 8.0) -> Field:
    """The right-hand side of Lorenz-96; the state is a tuple of one array of all sites."""

    def field(state: State) -> State:
        (x,) = state
        ring = np.concatenate((x[-2:], x, x[:1]))
        return ((ring[3:] - ring[:-3]) * ring[1:-2] - x + forcing,)

    return field


def _start(given: ArrayLike | None, centre: NDArray[np.float64], spread: float, seed: int) -> NDArray[np.float64]:
    if given is None:
        return centre + np.random.default_rng(seed).uniform(-spread, spread, centre.shape)
    start = np.asarray(given, dtype=np.float64)
    if start.shape != centre.shape or not np.isfinite(start).all():
        raise ValueError(f"got start={given!r}; give {centre.size} finite numbers")
    return start


def _rows(field: Field, start: State, length: int, dt: float, substeps: int, discard: int) -> NDArray[np.float64]:
    path = rk4(field, start, length + discard, dt=dt, substeps=substeps)[discard:]
    if len(start) == 1:
        return np.array([state[0] for state in path]).reshape(length, -1)
    return np.array(path).reshape(length, len(start))
