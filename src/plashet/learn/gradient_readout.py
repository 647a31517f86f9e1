"""Mini-batch gradient descent on a readout, for losses that least squares has not; NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lapack

from .. import tree
from ..model import readout_of
from ..types import Array, Evidence
from .common import labels, penalties, positive, refuse_infinite, stacked, taught
from .factor import PANEL, solve_upper
from .losses import Loss, Squared

SETTLING = 4  # rows per feature that are learnt as least squares, before a loss has found its scale
WINDOW = 0.9  # what the mean slope and error of the batches so far weigh at each new batch


class GradientKnowledge(NamedTuple):
    """What GradientReadout knows. n = features + 1, the constant feature last; m outputs. All float64."""

    untaught: Any
    w: Array  # (n, m) weights and, last, bias
    r: Array  # (n, n) upper triangle, R'R = diag(penalty) + sum of x x'
    sizes: Array  # (2, m) running means of |slope| and |error|
    x: Array  # (batch, n) rows waiting for the batch to fill
    y: Array  # (batch, m)
    fresh: Array  # (batch,) bool: not yet in R
    waiting: int
    rows: int  # learnt
    skipped: int  # with a feature that is not finite


class GradientTrace(NamedTuple):
    """What GradientReadout will need of a tick when its labels come."""

    features: Array  # (*batch, features)
    fresh: Array | None = None  # (rows,) bool: no label of the row has come yet; None: of none


@dataclass(frozen=True)
class GradientReadout:
    """Mini-batch gradient descent in whitened coordinates, its rate falling as one over the rows.

    Plain gradient descent cannot learn from a liquid: its features' variances differ by 1e12 and more. So the gradient
    is taken in the metric of the features' second moments so far, kept as a triangle R. For a batch X, Y:

        R'R <- R'R + X'X                        at first diag(penalty)
        E = X W - Y      S = slope(E)           of the loss; zero where Y is not known
        W <- W - rate (R'R)^-1 X'S / curvature  curvature = mean |S| / mean |E|, per output, over some 10 batches

    (R'R)^-1 is 1/rows times a matrix that settles: the rate falls as it must for the noise to average out. Where
    slope(E) = E and rate = 1 this is Newton's step, and one pass ends at Ridge's solution for the same penalty (all
    outputs labelled at a tick's first label), up to rounding. Other losses begin as least squares for 4 rows per
    feature, and then approach their minimum, the error falling as 1/sqrt(rows); more passes (fit with the same series
    several times) come nearer. The penalty holds the weights to the untaught ones, and fades with the rows.

    loss: Squared(), Huber(delta), Pinball(level).   batch: rows a step.   O(features^2) a row.
    Late labels enter when they come, at their own row. Raises ValueError for infinite targets; rows with a feature
    that is not finite are skipped and counted.

    Sources: Amari 1998, Natural Gradient Works Efficiently in Learning; Robbins and Monro 1951; Bercu, Godichon and
    Portier 2020, An Efficient Stochastic Newton Algorithm.
    """

    loss: Loss = Squared()  # noqa: RUF009 - frozen
    penalty: float = 1e-3
    batch: int = 32
    rate: float = 1.0

    def __post_init__(self) -> None:
        positive("penalty", self.penalty)
        positive("rate", self.rate)
        if self.batch < 1:
            raise ValueError(f"batch is {self.batch}, wanted at least 1 row a step")

    def init(self, model: Any) -> GradientKnowledge:
        w = stacked(readout_of(model))
        n, m = w.shape
        r = np.diag(np.sqrt(penalties(n - 1, self.penalty)))
        x = np.ones((self.batch, n))
        y, fresh = np.zeros((self.batch, m)), np.zeros(self.batch, bool)
        return GradientKnowledge(model, w, np.asfortranarray(r), np.zeros((2, m)), x, y, fresh, 0, 0, 0)

    def watch(self, knowledge: GradientKnowledge, seen: Evidence) -> tuple[GradientKnowledge, GradientTrace]:
        return knowledge, GradientTrace(np.asarray(seen.after.features))

    def credit(
        self, knowledge: GradientKnowledge, trace: GradientTrace, y: Array
    ) -> tuple[GradientKnowledge, GradientTrace]:
        x = trace.features
        y = labels(y, x, knowledge.w)
        rows, targets = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
        fresh = np.ones(len(rows), bool) if trace.fresh is None else trace.fresh
        knowledge = self._learn(knowledge, rows, targets, fresh)
        return knowledge, GradientTrace(x, fresh & np.isnan(targets).all(axis=1))

    def absorb(
        self, knowledge: GradientKnowledge, features: Array, targets: Array, dt: Array | float = 1.0
    ) -> GradientKnowledge:
        """`watch` and `credit` of each row (time, features), (time, m): bit-equal."""
        x = np.asarray(features)
        return self._learn(knowledge, x, labels(targets, x, knowledge.w), np.ones(len(x), bool))

    def model(self, knowledge: GradientKnowledge) -> Any:
        """The model as taught so far, by the rows of the unfinished batch too; the knowledge stays as it is."""
        return taught(knowledge.untaught, self._step(tree.copy(knowledge)).w)

    def _learn(self, knowledge: GradientKnowledge, x: Array, y: Array, fresh: Array) -> GradientKnowledge:
        refuse_infinite(y)
        labelled, finite = ~np.isnan(y).all(axis=1), np.isfinite(x).all(axis=1)
        knowledge = knowledge._replace(skipped=knowledge.skipped + int((labelled & ~finite).sum()))
        use = labelled & finite
        x, y, fresh = x[use], y[use], fresh[use]
        while len(x):
            here = slice(knowledge.waiting, min(knowledge.waiting + len(x), self.batch))
            count = here.stop - here.start
            knowledge.x[here, :-1], knowledge.y[here], knowledge.fresh[here] = x[:count], y[:count], fresh[:count]
            knowledge = knowledge._replace(waiting=here.stop)
            if here.stop == self.batch:
                knowledge = self._step(knowledge)
            x, y, fresh = x[count:], y[count:], fresh[count:]
        return knowledge

    def _step(self, knowledge: GradientKnowledge) -> GradientKnowledge:
        """One step of descent with the rows that wait."""
        k, count = knowledge, knowledge.waiting
        if count == 0:
            return k
        x, y = k.x[:count], k.y[:count]
        r, new = k.r, np.asfortranarray(x[k.fresh[:count]])
        if len(new):
            r, _, _, _ = lapack.dtpqrt(0, min(PANEL, len(r)), r, new, overwrite_a=1, overwrite_b=1)
        known = ~np.isnan(y)
        error = np.where(known, x @ k.w - y, 0.0)
        settled = k.rows >= SETTLING * len(r)
        slope = self.loss.slope(error) if settled else error
        share = known.sum(axis=0) / count
        means = np.stack([np.abs(slope).mean(axis=0), np.abs(error).mean(axis=0)])
        start = k.rows == 0 or (settled and k.rows - count < SETTLING * len(r))
        sizes = means if start else np.where(share > 0, WINDOW * k.sizes + (1 - WINDOW) * means, k.sizes)
        with np.errstate(divide="ignore", invalid="ignore"):
            curvature = np.where(sizes[0] > 0, sizes[0] / sizes[1], 1.0)
        pull = x.T @ np.where(known, slope / curvature, 0.0)
        w = k.w - self.rate * solve_upper(r, solve_upper(r, pull, transposed=True))
        return k._replace(w=w, r=r, sizes=sizes, waiting=0, rows=k.rows + count)
