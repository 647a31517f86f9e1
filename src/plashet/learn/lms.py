"""Least mean squares: one step against the error of each label, O(features x outputs)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..model import readout_of
from ..types import Array, Evidence
from .common import augmented, labels, positive, refuse_infinite, stacked, taught


class LMSKnowledge(NamedTuple):
    """What LMS and NLMS know."""

    untaught: Any
    w: Array  # (features + 1, outputs) float64: weights and, last, bias
    skipped: Array  # () int64: rows whose features were not finite


@dataclass(frozen=True)
class LMS:
    """w <- w + rate x e',  e = y - x'w,  x = [features, 1].

    A label that is not known (NaN) teaches nothing; a late one teaches by the features of its own tick. The error
    shrinks only where rate |x|^2 < 2; a step that overflows raises FloatingPointError and is not taken. Reservoir
    features have eigenvalues many orders apart, on which LMS is very slow: RLS is the rule, and this the exception for
    very many features. Source: Widrow and Hoff 1960, Adaptive switching circuits.
    """

    rate: float = 1e-3

    def __post_init__(self) -> None:
        positive("rate", self.rate)

    def init(self, model: Any) -> LMSKnowledge:
        return LMSKnowledge(model, stacked(readout_of(model)), np.zeros((), np.int64))

    def watch(self, knowledge: LMSKnowledge, seen: Evidence) -> tuple[LMSKnowledge, Array]:
        return knowledge, seen.after.features

    def credit(self, knowledge: LMSKnowledge, trace: Array, y: Array) -> tuple[LMSKnowledge, Array]:
        y = labels(y, trace, knowledge.w)
        refuse_infinite(y)
        x = augmented(trace)
        _descend(knowledge, x, y, np.full(x.shape[:-1], self.rate))
        return knowledge, trace

    def absorb(self, knowledge: LMSKnowledge, features: Array, targets: Array, dt: Array | float = 1.0) -> LMSKnowledge:
        """`credit` of one row after the other: features (time, features), targets (time, outputs)."""
        return self.credit(knowledge, features, targets)[0]

    def model(self, knowledge: LMSKnowledge) -> Any:
        """The model with the weights so far; its readout is a view of the knowledge."""
        return taught(knowledge.untaught, knowledge.w)


@dataclass(frozen=True)
class NLMS:
    """w <- w + rate x e' / (epsilon + x'x),  e = y - x'w,  x = [features, 1]: LMS whose step does not depend on scale.

    Stable for 0 < rate < 2; with rate 1 and epsilon 0 a label just learnt is answered exactly. Late and missing labels
    as in LMS. Source: Nagumo and Noda 1967, A learning method for system identification.
    """

    rate: float = 0.5
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        if not 0 < self.rate < 2:
            raise ValueError(f"rate is {self.rate!r}, wanted a number between 0 and 2, where NLMS is stable")
        if not self.epsilon >= 0:
            raise ValueError(f"epsilon is {self.epsilon!r}, wanted at least 0")

    def init(self, model: Any) -> LMSKnowledge:
        return LMSKnowledge(model, stacked(readout_of(model)), np.zeros((), np.int64))

    def watch(self, knowledge: LMSKnowledge, seen: Evidence) -> tuple[LMSKnowledge, Array]:
        return knowledge, seen.after.features

    def credit(self, knowledge: LMSKnowledge, trace: Array, y: Array) -> tuple[LMSKnowledge, Array]:
        y = labels(y, trace, knowledge.w)
        refuse_infinite(y)
        x = augmented(trace)
        _descend(knowledge, x, y, self.rate / (self.epsilon + np.sum(x * x, axis=-1)))
        return knowledge, trace

    def absorb(self, knowledge: LMSKnowledge, features: Array, targets: Array, dt: Array | float = 1.0) -> LMSKnowledge:
        """`credit` of one row after the other: features (time, features), targets (time, outputs)."""
        return self.credit(knowledge, features, targets)[0]

    def model(self, knowledge: LMSKnowledge) -> Any:
        """The model with the weights so far; its readout is a view of the knowledge."""
        return taught(knowledge.untaught, knowledge.w)


def _descend(knowledge: LMSKnowledge, x: Array, y: Array, rates: Array) -> None:
    """One step for each row in turn: x (*batch, D), y (*batch, M), rates (*batch)."""
    w, skipped = knowledge.w, knowledge.skipped
    for row, target, rate in zip(x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1]), rates.flat, strict=True):
        if not np.isfinite(row).all():
            skipped += not np.isnan(target).all()
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            after = w + np.multiply.outer(row, rate * np.where(np.isnan(target), 0.0, target - row @ w))
        if not np.isfinite(after).all():
            raise FloatingPointError(
                f"least mean squares diverged: a step overflows at a rate of {rate:.3g}; rate |x|^2 must stay "
                "below 2: lower the rate, or use NLMS"
            )
        w[...] = after
