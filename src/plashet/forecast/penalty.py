"""The penalty of a readout that answers many steps at once, by cross-validation with a gap around what is left out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.linalg import solve

from ..learn.common import augmented, penalties
from ..types import Array

PENALTIES = tuple(10.0**k for k in range(-3, 4))  # features and targets have a spread of about one


def held_out(features: Array, targets: Array, folds: int = 6, candidates: tuple[float, ...] = PENALTIES) -> Array:
    """Mean squared errors (candidates, outputs) on `folds` stretches of rows, each left out in turn.

    `horizon` = outputs rows on both sides of a stretch teach nothing either: their targets lie within it, so with them
    the least penalty would seem best. Normal equations of the rows that teach: the penalty conditions them.
    """
    x, rows, gap = augmented(features), len(features), targets.shape[1]
    total, right = x.T @ x, x.T @ targets
    errors = np.zeros((len(candidates), targets.shape[1]))
    edges = np.linspace(0, rows, folds + 1).astype(int)
    for a, b in pairwise(edges):
        out = slice(max(a - gap, 0), min(b + gap, rows))
        gram, moment = total - x[out].T @ x[out], right - x[out].T @ targets[out]
        for k, penalty in enumerate(candidates):
            ridge = gram + np.diag(penalties(features.shape[1], penalty))
            w = solve(ridge, moment, assume_a="pos", check_finite=False)
            errors[k] += np.square(x[a:b] @ w - targets[a:b]).sum(axis=0)
    return errors / rows


def best(errors: Array, near: bool) -> int:
    """Which candidate: the best at the first step, or over all steps together."""
    return int(np.argmin(errors[:, 0] if near else errors.sum(axis=1)))
