"""Streams whose law changes at known ticks: for learners that must follow, and for detectors of drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .delays import mackey_glass_path
from .flows import lorenz63_field, rk4
from .maps import LIMIT, NARMA10, NarmaRule, narma_response
from .signals import MSO8

NARMA10_TURNED = NARMA10._replace(product=-1.5, constant=0.2875)  # the same mean drive, for E[u u'] = 1/16


class Regimes(NamedTuple):
    """A stream with its target and the law behind each tick: the pair (u[t], y[t]) follows law `regime[t]`."""

    u: NDArray[np.float64]  # (time, inputs)
    y: NDArray[np.float64]  # (time, outputs); for signals that drive themselves, the next value of u
    regime: NDArray[np.int64]  # (time,)

    @property
    def switches(self) -> NDArray[np.int64]:
        """The first tick of each new regime, the start not counted."""
        return np.flatnonzero(np.diff(self.regime)) + 1


def schedule(length: int, *, laws: int = 2, stay: float = 500.0, seed: int = 0) -> NDArray[np.int64]:
    """A law for each tick: each stays `stay` ticks on average (geometric), then another follows, all equally likely.

    The first law is 0. For the plain A, B, A of many studies write `numpy.repeat([0, 1, 0], 1000)` instead.
    """
    if laws < 1 or stay < 1.0:
        raise ValueError(f"got laws={laws}, stay={stay}; give laws >= 1 and stay >= 1 tick")
    rng = np.random.default_rng(seed)
    leaves = rng.random(length) < (1.0 / stay if laws > 1 else 0.0)
    moves = np.where(leaves, rng.integers(1, max(laws, 2), length), 0)
    moves[:1] = 0
    return np.cumsum(moves, dtype=np.int64) % laws


def switching_sines(
    regime: ArrayLike, *, mixtures: Sequence[Sequence[float]] = (MSO8[:2], MSO8[2:4]), sd: float = 0.0, seed: int = 0
) -> Regimes:
    """One step ahead in a sum of sines whose frequencies [rad per tick] change with the regime: u, y (time, 1).

    u(n+1) = Σ_{f in mixtures[regime(n)]} sin(f (n+1) + φ_f) / sqrt(count), φ ~ U[0, 2π], plus noise of standard
    deviation `sd`; y(n) is u(n + 1). The phases run on while another mixture is heard.
    """
    laws = _laws(regime, len(mixtures))
    rng = np.random.default_rng(seed)
    maker = np.append(laws[:1], laws)  # the law at n makes the value at n + 1
    signal = np.zeros(len(maker))
    for law, frequencies in enumerate(mixtures):
        phases = np.outer(np.arange(len(maker)), frequencies) + rng.uniform(0, 2 * np.pi, len(frequencies))
        signal += (maker == law) * np.sin(phases).sum(axis=1) / np.sqrt(len(frequencies))
    return _ahead((signal + sd * rng.standard_normal(len(maker)))[:, None], laws)


def switching_narma(
    regime: ArrayLike, *, rules: Sequence[NarmaRule] = (NARMA10, NARMA10_TURNED), seed: int = 0
) -> Regimes:
    """NARMA whose coefficients change with the regime: u ~ U[0, 0.5], y[t] = y(t+1) as in `narma`; both (time, 1).

    By default the product of inputs turns its sign and the mean drive stays. Drawn again where it diverges.
    """
    laws = _laws(regime, len(rules))
    rng = np.random.default_rng(seed)
    for _ in range(100):
        u = rng.uniform(0.0, 0.5, len(laws))
        y = narma_response(u, [rules[law] for law in laws.tolist()])
        if np.abs(y).max(initial=0.0) <= LIMIT:
            return Regimes(u[:, None], y[:, None], laws)
    raise ValueError(f"{list(rules)} diverged in each of 100 draws of {len(laws)} inputs; give tamer rules")


def switching_mackey_glass(
    regime: ArrayLike, *, taus: Sequence[float] = (17.0, 30.0), discard: int = 1000, seed: int = 0
) -> Regimes:
    """One step ahead in `mackey_glass` whose delay changes with the regime: u, y (time, 1); y(n) is u(n + 1)."""
    laws = _laws(regime, len(taus))
    first, lengths = _stretches(laws)
    lengths[0] += discard + 1  # the start, and the row before the first target
    path = mackey_glass_path([taus[law] for law in laws[first]], lengths, seed=seed)
    return _ahead(path[discard:], laws)


def switching_lorenz(
    regime: ArrayLike, *, rhos: Sequence[float] = (28.0, 35.0), dt: float = 0.02, discard: int = 1000, seed: int = 0
) -> Regimes:
    """One step ahead in Lorenz-63 (RK4, four steps a row) whose rho changes with the regime: u, y (time, 3)."""
    laws = _laws(regime, len(rhos))
    first, lengths = _stretches(laws)
    lengths[0] += discard + 1
    state = tuple((1.0 + np.random.default_rng(seed).uniform(-0.5, 0.5, 3)).tolist())
    path = []
    for law, length in zip(laws[first].tolist(), lengths, strict=True):
        path += rk4(lorenz63_field(rhos[law]), state, length, dt=dt, substeps=4)
        state = path[-1]
    return _ahead(np.array(path)[discard:], laws)


def _laws(regime: ArrayLike, count: int) -> NDArray[np.int64]:
    laws = np.asarray(regime)
    if laws.ndim != 1 or not laws.size or laws.dtype.kind not in "iu" or laws.min() < 0 or laws.max() >= count:
        raise ValueError(f"regime must be a non-empty row of whole numbers from 0 to {count - 1}, one for each tick")
    return laws.astype(np.int64)


def _stretches(laws: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    first = np.append(0, np.flatnonzero(np.diff(laws)) + 1)
    return first, np.diff(np.append(first, len(laws))).tolist()


def _ahead(signal: NDArray[np.float64], laws: NDArray[np.int64]) -> Regimes:
    return Regimes(signal[:-1], signal[1:], laws)
