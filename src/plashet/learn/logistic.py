"""Multinomial logistic regression: a readout that gives probabilities of classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy import linalg

from ..model import Readout
from ..ops import namespace
from ..types import Array, Evidence
from .common import augmented, labels, penalties, positive, refuse_infinite, stacked
from .kept import KeptRows, RowTrace, all_rows, credit_rows, keep_rows, no_kept_rows


@dataclass(frozen=True, eq=False)
class Softmax:
    """y = exp(a) / sum exp(a),  a = features @ weights + bias: the probabilities of the classes."""

    weights: Array  # (features, classes)
    bias: Array  # (classes,)

    def __repr__(self) -> str:
        return f"<Softmax: {self.weights.shape[0]} features, {self.weights.shape[1]} classes>"

    def __call__(self, features: Array) -> Array:
        return softmax(Readout(self.weights, self.bias)(features))

    def read(self, features: Array) -> Array:
        """The same, each row by itself, bit-equal however many there are."""
        return softmax(Readout(self.weights, self.bias).read(features))


def softmax(a: Array) -> Array:
    """exp(a) / sum exp(a) over the last axis, without overflow."""
    xp = namespace(a)
    raised = xp.exp(a - xp.amax(a, -1)[..., None])
    return raised / raised.sum(-1)[..., None]


class _Problem(NamedTuple):
    """min -sum T log softmax(Z V) + |P V|^2 / 2, the same problem in coordinates where its curvature is at most 1."""

    z: Array  # (rows, k)
    p: Array  # (k, k)
    back: Array  # (features + 1, k): [W; b] = back @ V


@dataclass(frozen=True)
class Logistic:
    """The readout Softmax(W, b) of the likeliest classes, with a penalty:

        min -sum over rows of log p(class of the row) + penalty/2 |W|^2 + 1e-4 penalty/2 |b|^2

    Targets are one column per class: its share in the row, or +1 for the row's class and -1 for the others (what is
    negative counts as 0); ValueError unless they sum to 1. A row with a label that is not known (NaN) waits for it.
    Solved late, from the rows that it keeps: every call of `model` minimises anew, by L-BFGS in coordinates whitened by
    the features' second moments (a liquid's features differ by orders of magnitude), until no slope
    there is above `tolerance`. As scikit-learn's LogisticRegression(C=1/penalty) has it, but for the bias.

    Rows with a feature that is not finite are skipped; ValueError from `model` if no row was labelled.

    Source: Böhning 1992, Multinomial logistic regression algorithm (the bound on the curvature); Liu and Nocedal 1989.
    """

    penalty: float = 1.0
    tolerance: float = 1e-8
    probabilities: ClassVar[bool] = True  # what its readout answers

    def __post_init__(self) -> None:
        positive("penalty", self.penalty)
        positive("tolerance", self.tolerance)

    def init(self, model: Any) -> KeptRows:
        return no_kept_rows(model)

    def watch(self, knowledge: KeptRows, seen: Evidence) -> tuple[KeptRows, RowTrace]:
        return knowledge, RowTrace(np.asarray(seen.after.features))

    def credit(self, knowledge: KeptRows, trace: RowTrace, y: Array) -> tuple[KeptRows, RowTrace]:
        return credit_rows(knowledge, trace, y)

    def absorb(self, knowledge: KeptRows, features: Array, targets: Array, dt: Array | float = 1.0) -> KeptRows:
        """Rows (rows, features) with targets (rows, classes)."""
        features = np.asarray(features)
        y = labels(targets, features, stacked(knowledge.untaught.readout))
        refuse_infinite(y)
        return keep_rows(knowledge, features, y)

    def model(self, knowledge: KeptRows) -> Any:
        """The model with the readout Softmax; the knowledge stays as it is."""
        x, y, _ = all_rows(knowledge, 1)
        complete = ~np.isnan(y).any(axis=1)
        if not complete.any():
            raise ValueError("no row has all its labels: a class of each row must be known before there is a model")
        w = self._solve(augmented(x[complete]), _shares(y[complete]))
        return replace(knowledge.untaught, readout=Softmax(w[:-1], w[-1]))

    def _solve(self, x: Array, shares: Array) -> Array:
        from scipy.optimize import minimize

        problem = _whitened(x, penalties(x.shape[1] - 1, self.penalty))
        size = (problem.z.shape[1], shares.shape[1])
        found = minimize(
            _loss,
            np.zeros(size).ravel(),
            args=(problem, shares),
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": 5000, "maxfun": 20000, "gtol": self.tolerance, "ftol": 0.0, "maxcor": 20},
        )
        return np.asarray(problem.back @ found.x.reshape(size))


def _loss(v: Array, problem: _Problem, shares: Array) -> tuple[float, Array]:
    """The objective and its gradient, at V given flat."""
    z, p = problem.z, problem.p
    v = v.reshape(z.shape[1], -1)
    a = z @ v
    a = a - a.max(axis=1, keepdims=True)
    logs = a - np.log(np.exp(a).sum(axis=1, keepdims=True))
    pulled = p @ v
    gradient = z.T @ (np.exp(logs) - shares) + p.T @ pulled
    return float(0.5 * np.vdot(pulled, pulled) - np.vdot(shares, logs)), gradient.ravel()


def _whitened(x: Array, penalty: Array) -> _Problem:
    """W = back V. First to an even penalty and, where there are more features than rows, to the rows' own space.

    Then by R'R = X'X/2 + I, which bounds the curvature of every class's weights.
    """
    back = np.diag(1.0 / np.sqrt(penalty))
    x = x / np.sqrt(penalty)
    if x.shape[0] < x.shape[1]:
        q, r = linalg.qr(x.T, mode="economic")
        back, x = back @ q, r.T
    r = linalg.cholesky(0.5 * x.T @ x + np.eye(x.shape[1]))
    p = linalg.solve_triangular(r, np.eye(len(r)))
    return _Problem(x @ p, p, back @ p)


def _shares(y: Array) -> Array:
    shares = np.maximum(y, 0.0)
    off = np.flatnonzero(np.abs(shares.sum(axis=1) - 1) > 1e-6)
    if len(off):
        raise ValueError(
            f"row {off[0]} has the targets {y[off[0]]}, wanted shares of the classes that sum to 1, "
            "or +1 for its class and -1 for the others"
        )
    return shares
