"""Ridge regression over rows that are kept, such as one a sequence: its penalty by leaving out whole folds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

from ..types import Array, Evidence
from .common import labels, refuse_infinite, stacked, taught
from .kept import KeptRows, RowTrace, all_rows, credit_rows, keep_rows, no_kept_rows

PENALTIES = tuple(10.0**k for k in range(-4, 7))


class FoldReport(NamedTuple):
    """What was chosen, and from what."""

    penalty: Array  # (outputs,)
    penalties: Array  # (penalties,) that were tried
    errors: Array  # (penalties, outputs) mean squared error of the rows left out; NaN where there was one fold only


class _Spectrum(NamedTuple):
    """Centred rows X = Q V' with orthogonal columns of Q, whose squared lengths are `squares`, and orthonormal V'.

    V = back inner; back is None for the identity, and X' where there are more features than rows.
    """

    q: Array  # (rows, k)
    squares: Array  # (k,)
    inner: Array  # (features or rows, k)
    back: Array | None  # (features, rows)
    center: Array  # (features,)

    def weights(self, coordinates: Array) -> Array:
        """V coordinates: (features, outputs) from (k, outputs)."""
        inside = self.inner @ coordinates
        return np.asarray(inside if self.back is None else self.back @ inside)


@dataclass(frozen=True)
class FoldRidge:
    """min |X W + 1 b - Y|^2 + penalty |W|^2, of these penalties the one that predicts whole folds left out best.

    For rows that are no stream but stand each for itself, as many features as you like: the work is a decomposition of
    the smaller of X X' and X'X, and every row is kept. For a stream, and for more rows than fit in memory, use Ridge.

    With H the hat matrix of all rows (penalty and free bias), the residuals of fold f when it is left out are

        e_f = (I - H_ff)^-1 (Y - H Y)_f                    exactly, so one decomposition serves all folds and penalties.

    One penalty serves all outputs: that of the least sum of squared residuals, each output's relative to its variance.

    penalties: numbers > 0; one alone is taken as it is.   folds: how many, where `absorb` is not told which; row i is
    then in fold i mod folds. Rows with a feature that is not finite are skipped; a target NaN is not known. Outputs
    without any row keep their untaught weights. Raises ValueError for infinite targets, and from `model` if no row was
    labelled.

    Source: Hoerl and Kennard 1970; Golub, Heath and Wahba 1979, for single rows; for folds the same algebra by blocks.
    """

    penalties: tuple[float, ...] = PENALTIES
    folds: int = 5

    def __post_init__(self) -> None:
        if not self.penalties or not all(0 < p < np.inf for p in self.penalties):
            raise ValueError(f"penalties are {self.penalties}, wanted finite numbers above 0, at least one")
        if self.folds < 2:
            raise ValueError(f"folds is {self.folds}, wanted at least 2: one is left out, the others teach")

    def init(self, model: Any) -> KeptRows:
        return no_kept_rows(model)

    def watch(self, knowledge: KeptRows, seen: Evidence) -> tuple[KeptRows, RowTrace]:
        return knowledge, RowTrace(np.asarray(seen.after.features))

    def credit(self, knowledge: KeptRows, trace: RowTrace, y: Array) -> tuple[KeptRows, RowTrace]:
        return credit_rows(knowledge, trace, y)

    def absorb(
        self, knowledge: KeptRows, features: Array, targets: Array, dt: Array | float = 1.0, fold: Array | None = None
    ) -> KeptRows:
        """Rows (rows, features) with targets (rows, outputs). fold (rows,): the number of each row's fold."""
        features = np.asarray(features)
        y = labels(targets, features, stacked(knowledge.untaught.readout))
        refuse_infinite(y)
        return keep_rows(knowledge, features, y, fold)

    def model(self, knowledge: KeptRows) -> Any:
        """The model with the weights of the best penalty; the knowledge stays as it is."""
        return taught(knowledge.untaught, self._solve(knowledge)[0])

    def report(self, knowledge: KeptRows) -> FoldReport:
        """The penalty and how it was chosen."""
        _, penalty, errors = self._solve(knowledge)
        return FoldReport(penalty, np.asarray(self.penalties), errors)

    def _solve(self, knowledge: KeptRows) -> tuple[Array, Array, Array]:
        """[W; b], the penalty of each output, and what each penalty's residuals were; outputs alike in their rows."""
        x, y, fold = all_rows(knowledge, self.folds)
        w = stacked(knowledge.untaught.readout)
        penalty, errors = np.full(w.shape[1], np.nan), np.full((len(self.penalties), w.shape[1]), np.nan)
        known = ~np.isnan(y)
        patterns, of = np.unique(known, axis=1, return_inverse=True)
        for k in range(patterns.shape[1]):
            rows, members = patterns[:, k], np.flatnonzero(of.reshape(-1) == k)
            if rows.any():
                w[:, members], penalty[members], errors[:, members] = self._fit(
                    x[rows], y[np.ix_(rows, members)], fold[rows]
                )
        return w, penalty, errors

    def _fit(self, x: Array, y: Array, fold: Array) -> tuple[Array, float, Array]:
        spectrum, middle = _decomposed(x), y.mean(axis=0)
        pulled = spectrum.q.T @ (y - middle)
        tried = len(self.penalties) > 1 and len(np.unique(fold)) > 1
        errors = np.full((len(self.penalties), y.shape[1]), np.nan)
        if tried:
            for k, p in enumerate(self.penalties):
                errors[k] = _left_out(spectrum, y - middle, pulled, fold, p)
        variance = np.maximum(((y - middle) ** 2).mean(axis=0), np.finfo(float).tiny)
        best = int(np.argmin((errors / variance).sum(axis=1))) if tried else len(self.penalties) - 1
        penalty = self.penalties[best]
        weights = spectrum.weights(pulled / (spectrum.squares + penalty)[:, None])
        return np.vstack([weights, middle - spectrum.center @ weights]), penalty, errors


def _decomposed(x: Array) -> _Spectrum:
    """By the eigenvectors of the smaller Gram matrix, without those of no length."""
    center = x.mean(axis=0)
    x = x - center
    wide = x.shape[1] > len(x)
    squares, vectors = linalg.eigh(x @ x.T if wide else x.T @ x, driver="evd")
    kept = squares > max(x.shape) * np.finfo(float).eps * max(squares[-1:].sum(), np.finfo(float).tiny)
    squares, vectors = squares[kept], vectors[:, kept]
    lengths = np.sqrt(squares)
    if wide:
        return _Spectrum(vectors * lengths, squares, vectors / lengths, x.T, center)
    return _Spectrum(x @ vectors, squares, vectors, None, center)


def _left_out(spectrum: _Spectrum, y: Array, pulled: Array, fold: Array, penalty: float) -> Array:
    """(outputs,) mean squared residual of the rows, each when its fold is left out; y centred."""
    shrunk = 1.0 / (spectrum.squares + penalty)
    residual, total = y - spectrum.q @ (shrunk[:, None] * pulled), np.zeros(y.shape[1])
    # H = A A', the bias being one column more
    a = np.column_stack([spectrum.q * np.sqrt(shrunk), np.full(len(y), len(y) ** -0.5)])
    for number in np.unique(fold):
        rows = fold == number
        try:
            e = _unseen(a[rows], residual[rows])
        except linalg.LinAlgError:  # so small a penalty that rounding hides what the other folds say
            return np.full(y.shape[1], np.inf)
        total += (e * e).sum(axis=0)
    return total / len(y)


def _unseen(a: Array, r: Array) -> Array:
    """(I - A A')^-1 R, by the smaller of the two systems: it is also R + A (I - A'A)^-1 A'R."""
    rows, k = a.shape
    if rows <= k:
        return np.asarray(linalg.cho_solve(linalg.cho_factor(np.eye(rows) - a @ a.T), r))
    return np.asarray(r + a @ linalg.cho_solve(linalg.cho_factor(np.eye(k) - a.T @ a), a.T @ r))
