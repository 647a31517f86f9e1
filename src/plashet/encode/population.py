"""A value as the activity of many cells with overlapping fields, and the value read from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..cells import Nothing
from ..ops import asarray, into, namespace, observed
from ..types import Array
from .door import check_inputs, check_range


@dataclass(frozen=True, eq=False)
class Population:
    """Gaussian receptive fields, `fields` for each input:

        a_j = peak exp(-(u - c_j)^2 / (2 width^2))
        c_j = low + (j - 3/2) d,   j = 1 .. fields     d = (high - low) / (fields - 2)     width = d / beta

    u (*batch, inputs) -> a (*batch, inputs x fields), the fields of one input side by side: as currents in mV, or as
    values for a Poisson or Latency encoder after it. The outermost centres lie half a spacing beyond low and high.
    low, high: one number or one per input. A missing value (NaN) leaves its fields silent. Runs on torch tensors too.
    Raises ValueError for fewer than 3 fields, an empty range, or beta or peak that are not positive.

    Bohte, La Poutre & Kok 2002, IEEE Trans. Neural Networks 13: 426-435 (they took beta = 1.5).
    """

    inputs: int
    fields: int = 8
    low: Array | float = 0.0
    high: Array | float = 1.0
    beta: float = 1.5
    peak: float = 1.0

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        check_range(self.low, self.high, self.inputs)
        if self.fields < 3:
            raise ValueError(f"fields is how many cells share an input's range, at least 3; got {self.fields}")
        if not (0 < self.beta < np.inf and 0 < self.peak < np.inf):
            raise ValueError(f"beta and peak are positive and finite, got beta={self.beta}, peak={self.peak}")

    @property
    def outputs(self) -> int:
        return self.inputs * self.fields

    @cached_property
    def centres(self) -> Array:
        """(inputs, fields)"""
        low = np.broadcast_to(np.asarray(self.low, np.float64), (self.inputs,))[:, None]
        return low + (np.arange(self.fields) - 0.5) * self._spacing[:, None]

    @cached_property
    def widths(self) -> Array:
        """(inputs,)"""
        return self._spacing / self.beta

    @cached_property
    def _owner(self) -> Array:
        """The input of every field."""
        return np.repeat(np.arange(self.inputs), self.fields)

    @property
    def _spacing(self) -> Array:
        span = np.asarray(self.high, np.float64) - np.asarray(self.low, np.float64)
        return np.broadcast_to(span / (self.fields - 2), (self.inputs,))

    def decoder(self) -> Centres:
        """Values as the mean of the centres, weighted by activity."""
        return Centres(self.centres)

    def init(self, u: Array) -> Nothing:
        return Nothing()

    def step(self, state: Nothing, u: Array, dt: Array | float) -> tuple[Nothing, Array]:
        centres, owner = asarray(self.centres.ravel(), u), self._owner
        with np.errstate(over="ignore", under="ignore"):  # far away is far away
            z = (u[..., owner] - centres) * asarray(1 / self.widths[owner], u)
            return state, observed(self.peak * namespace(u).exp(-0.5 * (z * z)))

    def run(self, state: Nothing, u: Array, dt: Array, out: Array | None = None) -> tuple[Nothing, Array]:
        return state, into(out, self.step(state, u, dt)[1])  # no memory: all of time at once


class CentresState(NamedTuple):
    value: Array  # (*batch, inputs): the last value told


@dataclass(frozen=True, eq=False)
class Centres:
    """Values from the activity of fields: u = sum_j c_j a_j / sum_j a_j, the last one while all are silent.

    a (*batch, inputs x fields), 0 or more -> u (*batch, inputs); before the first activity, the middle of the centres.
    Within a spacing of the range's ends it is drawn inwards, since fields are missing beyond them. NumPy only.
    Georgopoulos, Schwartz & Kettner 1986, Science 233: 1416-1419, for the idea.
    """

    centres: Array  # (inputs, fields)

    def __post_init__(self) -> None:
        if np.ndim(self.centres) != 2 or not np.isfinite(self.centres).all():
            raise ValueError(f"centres is (inputs, fields) of finite numbers, got shape {np.shape(self.centres)}")

    @property
    def inputs(self) -> int:
        return int(self.centres.size)

    @property
    def outputs(self) -> int:
        return len(self.centres)

    def init(self, u: Array) -> CentresState:
        middle = np.asarray(self.centres, np.float64).mean(axis=1)
        return CentresState(np.broadcast_to(middle, (*u.shape[:-1], self.outputs)).astype(u.dtype))

    def step(self, state: CentresState, u: Array, dt: Array | float) -> tuple[CentresState, Array]:
        a = np.maximum(observed(u), 0.0).reshape(*u.shape[:-1], *self.centres.shape)
        total = a.sum(axis=-1)
        silent = total <= 0
        told = (a * np.asarray(self.centres, u.dtype)).sum(axis=-1) / np.where(silent, 1.0, total)
        value = np.where(silent, state.value, told).astype(u.dtype)
        return CentresState(value), value
