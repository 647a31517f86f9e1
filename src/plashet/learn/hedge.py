"""Mixing experts online: weights that follow whoever was right, proven to lose little against the best of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..types import Array

__all__ = ["MLpol", "MLpolState"]


class MLpolState(NamedTuple):
    """What MLpol knows, each (experts, outputs)."""

    regret: Array  # sum of r
    square: Array  # sum of r^2
    largest: Array  # largest r^2


@dataclass(frozen=True)
class MLpol:
    """Weights of experts p_k by polynomial potentials, one learning rate for each expert, none to be tuned.

    With the mixture guess = sum_k w_k p_k and the squared loss, linearised:

        r_k = 2 (guess - y)(guess - p_k)      R_k <- R_k + r_k      S_k <- S_k + r_k^2      B_k <- max(B_k, r_k^2)
        w_k ~ max(R_k, 0) / (B_k + S_k)       uniform while no regret is positive

    Each output has weights of its own. Where labels come late, `update` takes what the experts and the mixture said
    when the forecast was issued. The average loss approaches that of the best fixed mixture of the experts.

    Gaillard, Stoltz, van Erven 2014, A Second-order Bound with Excess Losses (ML-Poly).
    """

    def init(self, experts: int, outputs: int) -> MLpolState:
        if experts < 1 or outputs < 1:
            raise ValueError(f"a mixture needs at least one expert and one output: got {experts} and {outputs}")
        return MLpolState(*(np.zeros((experts, outputs)) for _ in range(3)))

    def weights(self, state: MLpolState) -> Array:
        """(experts, outputs), none negative, summing to one over the experts."""
        share = np.maximum(state.regret, 0.0)
        share /= np.where(share > 0, state.largest + state.square, 1.0)
        total = share.sum(axis=0)
        return np.where(total > 0, share / np.where(total > 0, total, 1.0), 1.0 / len(share))

    def update(self, state: MLpolState, guesses: Array, mixture: Array, y: Array) -> MLpolState:
        """Learn from y (outputs,), NaN where not known, with the guesses (experts, outputs) and mixture (outputs,)
        as they were issued. An output with an expert that is not finite is skipped."""
        regret = 2 * (mixture - y) * (mixture - guesses)
        known = np.isfinite(regret).all(axis=0)
        regret = np.where(known, regret, 0.0)
        square = regret * regret
        return MLpolState(state.regret + regret, state.square + square, np.maximum(state.largest, square))
