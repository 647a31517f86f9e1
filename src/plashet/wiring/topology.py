"""Topologies: integers only, who listens to whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..ops import asarray, namespace, sums_at
from ..types import Array

Ints = np.ndarray[Any, np.dtype[np.int64]]


class ByTarget(NamedTuple):
    """Edges sorted by the unit that listens: edge `order[start[i]:start[i + 1]]` ends in unit i."""

    order: Ints
    start: Ints


@dataclass(frozen=True, eq=False)
class Synapses:
    """A list of edges: edge e leads from `pre[e]` (one of `sources`) to `post[e]` (one of `units`)."""

    pre: Array  # (edges,) int
    post: Array  # (edges,) int
    sources: int
    units: int

    def __post_init__(self) -> None:
        for name, ends, size in (("pre", self.pre, self.sources), ("post", self.post, self.units)):
            if len(ends) and (np.min(ends) < 0 or np.max(ends) >= size):
                raise ValueError(f"{name} names units {np.min(ends)}..{np.max(ends)}, but there are 0..{size - 1}")
        if len(self.pre) != len(self.post):
            raise ValueError(f"pre has {len(self.pre)} edges and post {len(self.post)}; one entry each per edge")

    @property
    def edges(self) -> int:
        return len(self.pre)

    @cached_property
    def by_target(self) -> ByTarget:
        """The edges sorted by target; within a target in the order given."""
        order = np.argsort(self.post, kind="stable")
        start = np.concatenate(([0], np.cumsum(np.bincount(self.post, minlength=self.units))))
        return ByTarget(order, start.astype(np.int64))

    def synapses(self) -> Synapses:
        return self

    def matrix(self, weights: Array) -> Array:
        """Dense (units, sources); edges between the same pair add up."""
        dense = np.zeros((self.units, self.sources), dtype=weights.dtype)
        np.add.at(dense, (self.post, self.pre), weights)
        return dense

    def gather(self, weights: Array, x: Array) -> Array:
        """W x for x (*batch, sources): what each unit hears. (*batch, units)"""
        if namespace(weights) is not np:  # a tensor, whose gradient goes along the edges
            return sums_at(x[..., self.pre] * asarray(weights, x), self.post, self.units)
        return x @ asarray(self.matrix(np.asarray(weights)), x).T


@dataclass(frozen=True, eq=False)
class Bands:
    """Unit i listens to the units (i + shifts[k]) mod units, k = 0..degree-1.

    A sparse matrix of `degree` cyclic diagonals: stored without indices, multiplied without gathering.
    """

    shifts: Array  # (degree,) int
    units: int

    def __post_init__(self) -> None:
        if len(np.unique(np.asarray(self.shifts) % self.units)) != len(self.shifts):
            raise ValueError(f"shifts must differ modulo units={self.units}, got {list(self.shifts)}")

    @property
    def sources(self) -> int:
        return self.units

    @property
    def edges(self) -> int:
        return len(self.shifts) * self.units

    @cached_property
    def pre(self) -> Ints:
        """(degree, units): the unit that unit i listens to through band k."""
        pre: Ints = (np.arange(self.units)[None, :] + np.asarray(self.shifts)[:, None]) % self.units
        return pre

    def synapses(self) -> Synapses:
        """The same edges as a list, in the order of `weights.ravel()`."""
        post = np.broadcast_to(np.arange(self.units), self.pre.shape)
        return Synapses(self.pre.ravel(), post.ravel(), self.units, self.units)

    def matrix(self, weights: Array) -> Array:
        return self.synapses().matrix(np.asarray(weights).ravel())

    def gather(self, weights: Array, x: Array) -> Array:
        """sum_k weights[k, i] x[(i + shifts[k]) mod units], for x (*batch, units)."""
        return (x[..., self.pre] * asarray(weights, x)).sum(-2)


Topology = Synapses | Bands
