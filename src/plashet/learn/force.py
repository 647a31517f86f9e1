"""FORCE: learning inside the closed loop, fast enough that the error is small from the start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..types import Array, Evidence
from .common import positive
from .rls import RLS, RLSKnowledge, RLSTrace


class FORCEKnowledge(NamedTuple):
    rls: RLSKnowledge
    ticks: Array  # () int64: how many were watched


class FORCETrace(NamedTuple):
    rls: RLSTrace
    due: bool  # whether this tick teaches


@dataclass(frozen=True)
class FORCE:
    """RLS(memory=inf) at every `every`-th tick of a model that hears its own output while it learns.

        e = y - x'w;   P <- P - P x x'P / (1 + x'P x);   w <- w + P x e',   P(0) = I/penalty

    Use it with `Looped`: the output, not the target, drives the liquid, so learning meets the deviations that the model
    itself makes and makes the loop stable. penalty is the paper's alpha, 1 to 100 for 1,000 units: small learns
    fast and less stably. The liquid should be chaotic by itself (spectral radius about 1.5; below 0.75 FORCE fails),
    and every * dt small against its time constant. Source: Sussillo and Abbott 2009, Neuron 63, 544.
    """

    penalty: float = 1.0
    every: int = 1
    closed_loop: ClassVar[bool] = True  # `fit` lets the model hear itself while it learns

    def __post_init__(self) -> None:
        positive("penalty", self.penalty)
        if not (isinstance(self.every, int | np.integer) and self.every >= 1):
            raise ValueError(f"every is {self.every!r}, wanted a whole number of ticks, at least 1")

    @cached_property
    def _rls(self) -> RLS:
        return RLS(inf, self.penalty)

    def init(self, model: Any) -> FORCEKnowledge:
        return FORCEKnowledge(self._rls.init(model), np.zeros((), np.int64))

    def watch(self, knowledge: FORCEKnowledge, seen: Evidence) -> tuple[FORCEKnowledge, FORCETrace]:
        rls, trace = self._rls.watch(knowledge.rls, seen)
        knowledge.ticks[...] += 1
        return FORCEKnowledge(rls, knowledge.ticks), FORCETrace(trace, int(knowledge.ticks) % self.every == 0)

    def credit(self, knowledge: FORCEKnowledge, trace: FORCETrace, y: Array) -> tuple[FORCEKnowledge, FORCETrace]:
        if not trace.due:
            return knowledge, trace
        rls, of_rls = self._rls.credit(knowledge.rls, trace.rls, y)
        return FORCEKnowledge(rls, knowledge.ticks), FORCETrace(of_rls, True)

    def model(self, knowledge: FORCEKnowledge) -> Any:
        """The model with the weights so far; its readout is a view of the knowledge."""
        return self._rls.model(knowledge.rls)
