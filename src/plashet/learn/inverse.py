"""What is done to an inverse information P = R^-1 as a whole: forgetting over a gap, rescue, more and fewer features.

Each takes P with its lower triangle valid and works in O(D^3), where the kernel's recursion is O(D^2) a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import Array

EPS = float(np.finfo(np.float64).eps)


class Forgotten(NamedTuple):
    p: Array  # (D, D)
    w: Array  # (D, M)
    cost: Array  # (M,) what the returning prior adds to the objective at its minimum


def forget(p: Array, w: Array, prior: Array, lam: float, q: Array) -> Forgotten:
    """P and W of  R <- lam R + diag(q),  for lam >= 0 and q > 0.

    With A = diag(q)^1/2 P diag(q)^1/2 = V diag(a) V' it is  P <- diag(q)^-1/2 V diag(a/(lam + a)) V' diag(q)^-1/2,
    in which nothing overflows or cancels however small lam is.
    """
    root = np.sqrt(q)
    a, v = np.linalg.eigh(root[:, None] * p * root)
    a = np.maximum(a, EPS * a[-1])
    v /= root[:, None]
    p = (v * (a / (lam + a))) @ v.T
    pull = q[:, None] * (w - prior)
    new = w - p @ pull
    return Forgotten(p, new, np.sum(pull * (new - prior), axis=0))


def definite(p: Array, largest: Array) -> Array:
    """P with its eigenvalues raised to what rounding can tell from zero; diag(largest) where P is not finite."""
    if not np.isfinite(np.tril(p)).all():
        return np.diag(largest)
    a, v = np.linalg.eigh(p)
    if a[-1] <= 0:
        return np.diag(largest)
    return np.asarray((v * np.maximum(a, 8 * len(p) * EPS * a[-1])) @ v.T)


def symmetric(p: Array) -> Array:
    """The whole matrix, from its lower triangle."""
    return np.tril(p) + np.tril(p, -1).T


def without(p: Array, w: Array, keep: Array) -> Forgotten:
    """P, W and the rise of the objective when the coordinates that are not kept are held at zero.

    Their rows and columns leave R, so P_kk - P_kj P_jj^-1 P_jk is what the rest would have been without them ever, and
    W_k - P_kj P_jj^-1 W_j is the solution without them: weights of the rest do not move where W_j is zero.
    """
    drop = np.setdiff1d(np.arange(len(p)), keep)
    p = symmetric(p)
    cross = np.linalg.solve(p[np.ix_(drop, drop)], np.concatenate([p[np.ix_(drop, keep)], w[drop]], axis=1))
    onto_p, onto_w = cross[:, : len(keep)], cross[:, len(keep) :]
    kept = p[np.ix_(keep, keep)] - p[np.ix_(keep, drop)] @ onto_p
    return Forgotten(kept, w[keep] - p[np.ix_(keep, drop)] @ onto_w, np.sum(w[drop] * onto_w, axis=0))
