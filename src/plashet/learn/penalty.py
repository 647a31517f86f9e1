"""The penalty chosen by blocked cross-validation, from the triangles that the fit keeps anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..types import Array
from .factor import Triangle, join, no_triangle, outputs, solve_path, triangle
from .shares import Segment, together


@dataclass(frozen=True)
class CrossValidated:
    """The penalty, of these, of the least error on `folds` stretches of the stream, each left out of the fit in turn.

    The stretches are consecutive ticks (between `folds` and twice as many are kept as triangles, neighbours merged as
    the stream grows): rows next to each other are alike, and left-out rows scattered among the others would be
    predicted from their neighbours. For fold f, with R_f, z_f the triangle of its rows and |E_f|^2 their rest,

        w = argmin |R_-f w - z_-f|^2 + penalty |w|^2        error_f = |R_f w - z_f|^2 + |E_f|^2

    R_-f, z_-f from all other triangles; no row is needed twice. One penalty serves all outputs: that of the least mean,
    over outputs, of the error relative to the output's own least; `each=True` chooses per output.

    Source: Lukosevicius and Uselis 2021, Efficient implementations of echo state network cross-validation.
    """

    penalties: tuple[float, ...] = tuple(10.0**k for k in range(-12, 5))
    folds: int = 5
    each: bool = False

    def __post_init__(self) -> None:
        if not self.penalties or not all(0 < p < np.inf for p in self.penalties):
            raise ValueError(f"penalties are {self.penalties}, wanted finite numbers above 0, at least one")
        if self.folds < 2:
            raise ValueError(f"folds is {self.folds}, wanted at least 2: one is left out, the others teach")


class Choice(NamedTuple):
    """What cross-validation found."""

    penalty: Array  # (m,)
    errors: Array  # (penalties, m) held-out mean squared error; NaN where too few rows were known


def choose(segments: Sequence[Segment], how: CrossValidated) -> Choice:
    """The penalty per output; the largest of all where fewer than two rows a fold are known."""
    m = outputs(segments[0].whole)
    candidates = np.asarray(how.penalties)
    errors = np.full((len(candidates), m), np.nan)
    for members, factors in together(segments):
        folds = _folds([triangle(f) for f in factors], how.folds)
        rows = sum(fold.rows for fold in folds)
        if len(folds) > 1 and rows >= 2 * how.folds:
            errors[:, members] = _held_out(folds, candidates) / rows
    judged = ~np.isnan(errors[0])
    penalty = np.full(m, candidates.max())
    if judged.any():
        relative = errors[:, judged] / np.maximum(errors[:, judged].min(axis=0), np.finfo(float).tiny)
        best = np.argmin(relative if how.each else relative.mean(axis=1, keepdims=True), axis=0)
        penalty[judged] = candidates[best]
    return Choice(penalty, errors)


def _held_out(folds: list[Triangle], penalties: Array) -> Array:
    """Sum of squared errors (penalties, m) of every fold, predicted from all others."""
    n, m = folds[0].z.shape
    after = [no_triangle(n, m)]  # after[k]: the last k folds
    for fold in reversed(folds[1:]):
        after.append(_joined(fold, after[-1]))
    before, total = no_triangle(n, m), np.zeros((len(penalties), m))
    for fold, rest in zip(folds, reversed(after), strict=True):
        w = solve_path(_joined(before, rest), penalties)
        error = (fold.r @ w.reshape(n, -1)).reshape(w.shape) - fold.z[:, None, :]
        total += np.einsum("npm,npm->pm", error, error) + fold.rest
        before = _joined(before, fold)
    return total


def _folds(pieces: list[Triangle], count: int) -> list[Triangle]:
    """Consecutive pieces joined to about `count` of about as many rows."""
    rows = np.array([piece.rows for piece in pieces])
    middle = np.cumsum(rows) - rows / 2
    place = np.floor(middle / max(rows.sum(), 1) * count)
    found: list[Triangle] = []
    for k, piece in enumerate(pieces):
        if k and place[k] == place[k - 1]:
            found[-1] = _joined(found[-1], piece)
        else:
            found.append(piece)
    return [fold for fold in found if fold.rows]


def _joined(a: Triangle, b: Triangle) -> Triangle:
    """The triangle of both, neither consumed."""
    r, z = a.r.copy(order="F"), a.z.copy(order="F")
    both = join(a._replace(r=r, z=z), b)
    return triangle(both)
