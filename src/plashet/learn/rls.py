"""Recursive least squares that forgets at a stated rate and never winds up."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, nan
from typing import Any, NamedTuple

import numpy as np

from .. import _kernels
from ..model import readout_of
from ..types import Array, Evidence
from .common import BIAS_SHARE, labels, penalties, positive, refuse_infinite, stacked, taught
from .inverse import definite, forget, without

CLOCK, CREDITED, TURN, ROWS, SKIPPED, RESCUED = range(6)  # what `book` holds; the kernel knows the first five
STALE, LOST, BROKEN, INFINITE = 1, 2, 3, 4  # why the kernel stopped at a row


class RLSKnowledge(NamedTuple):
    """What RLS knows. D = features + 1, the constant feature last; M outputs. All float64."""

    untaught: Any
    p: Array  # (D, D) inverse information; the lower triangle is kept, the upper is never read
    w: Array  # (D, M) weights and, last, bias
    prior: Array  # (D, M) the untaught readout, to which unexcited weights return
    paid: Array  # (D,) [s] when each coordinate's penalty was last made whole
    tally: Array  # (2, M) the objective at its minimum; the weight of the labels
    book: Array  # (6,) clock [s], time of the last credit [s], next coordinate to pay, rows credited, skipped, rescues


class RLSTrace(NamedTuple):
    """What RLS will need of a tick when its labels come."""

    features: Array  # (*batch, features)
    time: float  # [s] on the learner's clock
    taken: Array | None = None  # (2, *batch, M) target taken so far, and 1 where it is a label; NaN in a row not learnt


@dataclass(frozen=True)
class RLS:
    """Ridge regression solved anew at every label, in O(D^2), with a memory of `memory` seconds of the stream.

    With x = [features, 1] of a tick, lam = exp(-(time since the last credited tick)/memory) and, for a label that comes
    late, omega = exp(-(its tick's age)/memory):

        R <- lam R + omega x x' + sum_i q_i e_i e_i'      R = P^-1, at first diag(penalty)
        W <- W + omega P x (y - x'W)'                     P already moved; y - x'W is the a-priori error
        W <- W - P e_i q_i (W_i - W0_i)                   for each coordinate i that is paid

    The last terms keep P bounded (leaky RLS): forgetting takes the prior away and the cycle gives it back. Every credit
    pays the next ceil(D Delta/memory) coordinates what they lost since their last turn,
    q_i = penalty_i (1 - exp(-(time since)/memory)), so that at any moment, however irregular the ticks,

        R = sum over rows of exp(-age/memory) x x' + diag(penalty_i exp(-(time since i was paid)/memory))

    and P never exceeds e diag(1/penalty_i) (as matrices: x'P x is at most e times what it was before the first tick).
    Where a gap is so long (Delta > memory/2) that rank-one terms would lose digits, the same sum is formed at once by
    an eigendecomposition of P.

    One P serves all outputs. At a tick's first label P moves; outputs whose label is not known yet are taken to be what
    the model says just then, and when the label comes, W_m <- W_m + omega P x (y - taken): the result is, for any order
    and delay, the solution that all labels at once would have given. A label given again replaces the one before. An
    output whose label never comes keeps what it said as its target there: it neither moves nor gains by that tick, but
    learns the more slowly from the next; outputs of very different label rates are better taught by an RLS each.

    memory: [s], inf for never forgetting: then W equals Ridge's at every tick.   penalty: as Ridge's, per output.
    Raises ValueError for an infinite target. Rows with features that are not finite are skipped and counted
    (`knowledge.book[SKIPPED]`). Should P lose its definiteness to rounding (a penalty much smaller than
    1e-12 of |x|^2 times the rows remembered), its eigenvalues are clipped from below and the case is counted.

    Sources: Haykin, Adaptive Filter Theory, ch. 10; Gay 1996, Dynamically Regularized Fast RLS (leakage coordinate by
    coordinate); Horn and Johnson, Matrix Analysis, 0.7 (rank-one updates of an inverse).
    """

    memory: float = inf
    penalty: float = 1e-3

    def __post_init__(self) -> None:
        if not self.memory > 0:
            raise ValueError(f"memory is {self.memory!r}, wanted seconds above 0, or inf to never forget")
        positive("penalty", self.penalty)

    @classmethod
    def per_tick(cls, forgetting: float, dt: float = 1.0, penalty: float = 1e-3) -> RLS:
        """For those who think in lambda: what weighs 1 now weighs `forgetting` a tick of `dt` seconds later."""
        if not 0 < forgetting <= 1:
            raise ValueError(f"forgetting is {forgetting!r}, wanted a number in (0, 1]; 1 never forgets")
        positive("dt", dt, " seconds")
        return cls(inf if forgetting == 1 else -dt / log(forgetting), penalty)

    def init(self, model: Any) -> RLSKnowledge:
        w = stacked(readout_of(model))
        d, m = w.shape
        p = np.diag(1 / penalties(d - 1, self.penalty))
        return RLSKnowledge(model, p, w, w.copy(), np.zeros(d), np.zeros((2, m)), np.zeros(6))

    def watch(self, knowledge: RLSKnowledge, seen: Evidence) -> tuple[RLSKnowledge, RLSTrace]:
        dt = seen.tick.dt
        time = knowledge.book.item(CLOCK) + (dt if type(dt) is float else float(np.mean(dt)))
        knowledge.book[CLOCK] = time
        return knowledge, RLSTrace(_plain(seen.after.features), time)

    def credit(self, knowledge: RLSKnowledge, trace: RLSTrace, y: Array) -> tuple[RLSKnowledge, RLSTrace]:
        x, time, taken = trace
        y = labels(y, x, knowledge.w)
        if taken is None:
            taken = np.empty((2, *y.shape))
            taken.fill(nan)
            trace = RLSTrace(x, time, taken)
        self._learn(_kernels.rls_credit, knowledge, x, y, taken, time)
        return knowledge, trace

    def absorb(self, knowledge: RLSKnowledge, features: Array, targets: Array, dt: Array | float = 1.0) -> RLSKnowledge:
        """`watch` and `credit` of one row a tick, in one compiled loop: bit-equal.

        features: (time, features)   targets: (time, outputs), NaN where not known   dt: () or (time,)
        """
        x, y = _plain(features), np.ascontiguousarray(targets, np.float64)
        wanted = (len(x), knowledge.w.shape[0] - 1), (len(x), knowledge.w.shape[1])
        if (x.shape, y.shape) != wanted:
            raise ValueError(f"features and targets are {x.shape} and {y.shape}, wanted {wanted[0]} and {wanted[1]}")
        start = knowledge.book[CLOCK]
        times = np.cumsum(np.concatenate([[start], np.broadcast_to(np.asarray(dt, np.float64), len(x))]))[1:]
        self._learn(_kernels.rls_absorb, knowledge, x, y, times)
        return knowledge

    def model(self, knowledge: RLSKnowledge) -> Any:
        """The model with the weights so far; its readout is a view of the knowledge."""
        return taught(knowledge.untaught, knowledge.w)

    def variance(self, knowledge: RLSKnowledge, features: Array) -> Array:
        """The variance of the next label about the guess, (*batch, outputs): sigma^2 (1 + x'P x).

        sigma^2 is the objective at its minimum divided by the weight of the labels, both of the same memory and exact
        for late labels too; inf for an output that was never labelled. It is the variance of a Bayesian linear model
        with noise sigma^2 and prior covariance sigma^2/penalty.
        """
        from scipy.linalg.blas import dsymm

        x = np.concatenate([features, np.ones((*np.shape(features)[:-1], 1))], axis=-1, dtype=np.float64)
        rows = x.reshape(-1, x.shape[-1])
        px = dsymm(1.0, knowledge.p.T, rows.T)  # a row-major lower triangle is a column-major upper one
        spread = 1 + np.maximum(np.einsum("ri,ir->r", rows, px), 0)
        least, weight = knowledge.tally
        sigma2 = np.where(weight > 0, least / np.where(weight > 0, weight, 1), inf)
        return (spread[:, None] * sigma2).reshape(*x.shape[:-1], len(sigma2))

    def _learn(self, kernel: Any, k: RLSKnowledge, x: Array, y: Array, *when: Any) -> None:
        """Row after row by the kernel; where it stops, what it cannot do is done here."""
        rate, penalty, bias_penalty = 1 / self.memory, self.penalty, BIAS_SHARE * self.penalty
        _, p, w, prior, paid, tally, book = k
        first, before = 0, None
        while stop := kernel(p, w, prior, paid, tally, book, rate, penalty, bias_penalty, x, y, *when, first):
            why, row = stop % 8, stop // 8
            first = row
            if why == INFINITE:
                refuse_infinite(y)
            elif why == STALE:
                self._forget(k)
            elif stop == before:  # rescued, and lost again by the same row
                first, k.book[SKIPPED] = row + 1, k.book[SKIPPED] + 1
            else:
                k.p[...] = definite(k.p, 1 / penalties(len(k.p) - 1, penalty))
                k.book[RESCUED] += 1
                first = row + (why == BROKEN)
            before = stop

    def _forget(self, k: RLSKnowledge) -> None:
        """All that a gap took away and gave back, at once; the clock says how long it was."""
        now = k.book[CLOCK]
        lam = exp(-(now - k.book[CREDITED]) / self.memory)
        q = penalties(len(k.p) - 1, self.penalty) * -np.expm1(-(now - k.paid) / self.memory)
        new = forget(k.p, k.w, k.prior, lam, q)
        k.p[...], k.w[...] = new.p, new.w
        k.tally[...] *= lam
        k.tally[0] += new.cost
        k.paid[...] = now
        k.book[CREDITED] = now

    def grow(self, knowledge: RLSKnowledge, model: Any, at: int, count: int) -> RLSKnowledge:
        """`count` features more, put in before feature `at`, as if zero all along: no guess changes.

        model: the untaught model with the new features.
        """
        k, d = knowledge, len(knowledge.p) + count
        if not 0 <= at <= len(k.p) - 1:
            raise ValueError(f"at is {at}, wanted 0 to {len(k.p) - 1}: features are put in before it")
        old = np.delete(np.arange(d), np.arange(at, at + count))
        p, paid = np.diag(1 / penalties(d - 1, self.penalty)), np.full(d, k.book[CREDITED])
        w, prior = np.zeros((d, k.w.shape[1])), np.zeros((d, k.w.shape[1]))
        p[np.ix_(old, old)], w[old], prior[old], paid[old] = k.p, k.w, k.prior, k.paid
        return k._replace(untaught=model, p=p, w=w, prior=prior, paid=paid)

    def prune(self, knowledge: RLSKnowledge, model: Any, keep: Array) -> RLSKnowledge:
        """Only the features `keep`, exactly as if the others had never been; no jump where they have weight 0.

        model: the untaught model without the other features.
        """
        k, d = knowledge, len(knowledge.p)
        keep = np.append(np.arange(d - 1)[keep], d - 1)
        p, w, cost = without(k.p, k.w, keep)
        tally, book = k.tally.copy(), k.book.copy()
        tally[0] += cost
        book[TURN] = np.searchsorted(keep, book[TURN]) % len(keep)
        return RLSKnowledge(model, p, w, k.prior[keep], k.paid[keep], tally, book)


def _plain(features: Array) -> Array:
    """As the kernel takes them: C-contiguous float32 or float64, without a copy where they are so."""
    x = np.asarray(features)
    if x.dtype.char not in "fd":
        x = x.astype(np.float64)
    return x if x.flags.c_contiguous else np.ascontiguousarray(x)
