"""RLS for outputs whose labels come late and one by one, such as the steps of a forecast, in O(features) a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..types import Array, Evidence
from .rls import RLS, RLSKnowledge, RLSTrace


class Waiting(NamedTuple):
    """Rows whose labels come one output at a time; written to by `LateRLS.credit`."""

    features: Array  # (rows, features)
    times: Array  # (rows,) [s] on the learner's clock
    gains: Array  # (rows, features + 1), NaN in a row that moved P not yet


@dataclass(frozen=True)
class LateRLS:
    """RLS that keeps each row's gain, so that a label, however late, costs no product with P.

    With RLS's P after it took in row k, and K_k = omega_k P x_k its gain:

        W_m <- W_m + K_k (y_m - x_k' W_m)      when output m of row k becomes known

    For labels that come in the order of their rows this is, for every output on its own, exactly the recursion of RLS
    over the rows labelled so far, late by the delay of that output; P moves once a row, at its first label. The gain is
    read off an output more, the last, whose weights are zero before every row and whose label is 1. Nothing here calls
    BLAS: the bits do not depend on its threads.

    rls: memory and penalty. Its knowledge has one output more than there are labels.
    """

    rls: RLS

    def init(self, model: Any) -> RLSKnowledge:
        """From a model with one output more than there are labels: the last is the probe."""
        return self.rls.init(model)

    def absorb(self, knowledge: RLSKnowledge, features: Array, targets: Array, dt: Array | float = 1.0) -> RLSKnowledge:
        """Rows with all their labels (rows, outputs), NaN for those that will never come."""
        probe = np.full((len(targets), 1), np.nan)
        return self.rls.absorb(knowledge, features, np.concatenate([targets, probe], axis=1), dt)

    def watch(self, knowledge: RLSKnowledge, seen: Evidence) -> tuple[RLSKnowledge, RLSTrace]:
        """Time passes."""
        return self.rls.watch(knowledge, seen)

    def credit(self, knowledge: RLSKnowledge, rows: Waiting, y: Array) -> RLSKnowledge:
        """Labels y (rows, outputs), NaN where not known (yet); rows oldest first."""
        known = ~np.isnan(y)
        for i in np.flatnonzero(known.any(axis=1) & np.isnan(rows.gains[:, 0])).tolist():
            knowledge = self._move(knowledge, rows, i)
        rows_at, output = np.nonzero(known & ~np.isnan(rows.gains[:, :1]))
        w = knowledge.w
        if len(np.unique(output)) == len(output):  # as a rule: every output hears of another row
            error = y[rows_at, output] - self.answer(w[:, output].T, rows.features[rows_at])
            w[:, output] += (rows.gains[rows_at] * error[:, None]).T
            return knowledge
        for k, m in zip(rows_at, output, strict=True):
            error = y[k, m] - self.answer(w[None, :, m], rows.features[k][None])
            w[:, m] += rows.gains[k] * error
        return knowledge

    @staticmethod
    def answer(w: Array, x: Array) -> Array:
        """x_i' w_i with the bias last in w: (rows, features + 1), (rows, features) -> (rows,)."""
        return np.asarray(np.einsum("if,if->i", w[:, :-1], x) + w[:, -1])

    def _move(self, knowledge: RLSKnowledge, rows: Waiting, i: int) -> RLSKnowledge:
        """P takes in row i; its gain is what a label of 1 does to weights of zero."""
        probe = np.full(knowledge.w.shape[1], np.nan)
        probe[-1] = 1.0
        knowledge.w[:, -1] = 0.0
        knowledge, trace = self.rls.credit(knowledge, RLSTrace(rows.features[i], float(rows.times[i])), probe)
        if trace.taken is not None and np.isfinite(trace.taken).all():  # else the features were not finite: skipped
            rows.gains[i] = knowledge.w[:, -1]
        knowledge.w[:, -1] = 0.0
        return knowledge
