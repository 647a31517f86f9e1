"""The readout of the digits: ridge regression on ±1, the penalty chosen by the answers on folds left out.

It is the minimum that `plashet.learn.FoldRidge` finds, but only of a few penalties, and chosen by the share of right
answers instead of the squared error. With fewer rows than features it is solved through K = Z Z':

    W = Z' A,   (K + penalty) A = Y - mean Y        Z: rows less their mean, over their standard deviation
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

PENALTIES = (10.0, 30.0, 100.0, 300.0, 1000.0)


class Taught(NamedTuple):
    """Scores = (x - center) / spread @ weights + bias."""

    center: Any  # (features,)
    spread: Any  # (features,)
    weights: Any  # (features, classes)
    bias: Any  # (classes,)
    penalty: float

    def guess(self, x: Any) -> Any:
        """(n,) the class of the highest score for rows (n, features)."""
        return np.argmax((x - self.center) / self.spread @ self.weights + self.bias, axis=1)


def teach(x: Any, labels: Any, fold: Any, choose: Callable[[Any, Any, Any], float]) -> Taught:
    """Rows (n, features) float32 with labels (n,) 0, 1, ...; fold (n,), see `choose`."""
    center, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 1e-6 * np.abs(center), spread, 1).astype(x.dtype)
    z = (x - center) / spread
    y = np.where(labels[:, None] == np.arange(labels.max() + 1), 1.0, -1.0)
    gram = z @ z.T
    penalty = choose(gram, y, fold)
    a = _solved(gram.astype(np.float64), y, penalty)
    return Taught(center, spread, z.T @ a, y.mean(axis=0), penalty)


def choose(gram: Any, y: Any, fold: Any) -> float:
    """The penalty with the most right answers when each fold in turn is left out; of equals the largest."""
    folds = np.unique(fold)
    right = [sum(int(told_right(gram, y, fold != f, fold == f, p).sum()) for f in folds) for p in PENALTIES]
    return max(zip(right, PENALTIES, strict=True))[1]


def told_right(gram: Any, y: Any, taught: Any, asked: Any, penalty: float) -> Any:
    """(asked rows,) whether the rows `taught` tell them right; both masks (n,). float32 will do for a choice."""
    own = gram[np.ix_(taught, taught)]
    mean = own.mean(axis=0)
    a = _solved(own - mean - mean[:, None] + mean.mean(), y[taught].astype(gram.dtype), penalty)
    across = gram[np.ix_(asked, taught)]
    scores = (across - across.mean(axis=1, keepdims=True)) @ a + y[taught].mean(axis=0)
    return scores.argmax(axis=1) == y[asked].argmax(axis=1)


def _solved(k: Any, y: Any, penalty: float) -> Any:
    k.flat[:: len(k) + 1] += penalty
    factor = linalg.cho_factor(k, overwrite_a=True, check_finite=False)
    return linalg.cho_solve(factor, y - y.mean(axis=0), check_finite=False)
