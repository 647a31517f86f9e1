"""Ridge regression as a fold over a stream: learns at every tick, solves late."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..model import readout_of
from ..types import Array, Evidence
from .common import penalties, refuse_infinite, stacked, taught
from .factor import Factor, Gram, Triangle, add, no_gram, no_triangle, outputs, solve, spectrum, triangle, whiten
from .penalty import CrossValidated, choose
from .rows import RidgeRows, drop, find, no_rows, put, ready
from .shares import Segment, compact, copy, extend, merge, no_segment, remapped, solver, totals

BLOCKED = CrossValidated()


class RidgeKnowledge(NamedTuple):
    """What Ridge knows, of a size that does not depend on the number of rows. n = features + 1, m outputs."""

    untaught: Any
    rows: RidgeRows  # not yet factorised
    segments: tuple[Segment, ...]  # consecutive rows, factorised; one with a fixed penalty
    size: int  # rows a segment holds when it is full
    skipped: int  # rows with a feature that is not finite


class RidgeTrace(NamedTuple):
    """What Ridge will need of a tick when its labels come."""

    features: Array  # (*batch, features)
    number: Array | None = None  # (rows,) the row's number in the knowledge; -1: none yet
    taken: Array | None = None  # (rows, m) labels so far, NaN for none


class RidgeReport(NamedTuple):
    """What was fitted, and how. Per output where there is an array (m,)."""

    penalty: Array  # (m,)
    freedom: Array  # (m,) effective degrees of freedom, the sum of s^2/(s^2 + penalty); s the singular values of [X 1]
    condition: Array  # (m,) sqrt((largest s^2 + penalty)/(least s^2 + penalty)): how ill posed it was
    rows: Array  # (m,) labelled rows
    skipped: int  # rows with a feature that is not finite
    solver: str  # "normal equations", "qr", or "normal equations, then qr"
    candidates: Array  # (penalties,) what cross-validation tried; empty for a fixed penalty
    errors: Array  # (penalties, m) its mean squared errors


@dataclass(frozen=True)
class Ridge:
    """Least squares with a penalty, over all labelled rows, whatever their number and order.

        min |X W + 1 b - Y|^2 + penalty |W|^2 + 1e-4 penalty |b|^2        (sums over rows, not means)

    penalty: a number >= 0 (0: least squares, of least norm where the rows leave a choice), or CrossValidated(...),
    which chooses it by blocked cross-validation; so it is by default.

    Rows wait in a block until it is full and are then rotated into a triangle by Householder reflections (TSQR):
    memory is a few (features x features) arrays, whatever the number of rows, and the condition number is not squared.
    Normal equations (half the work) are accumulated instead for as long as they are known to do no harm: with a fixed
    penalty the condition number of X'X + penalty is at most kappa = (trace(X'X) + penalty)/penalty, known at every
    moment. Before kappa would exceed `squaring`, the Gram matrix is turned into a triangle, and QR goes on from there.
    The weights differ from QR's by a few times squaring * 2e-16, relative to |w|. squaring=0: QR always.

    Labels may come late, one by one, in any order, or never: a row waits in the block, up to half a block long, for
    labels that are still to come; labels that come later make a row of their own; rows on which only some outputs are
    known are kept per set of outputs that are known on the same rows (see shares.py). So at any time every output's
    solution is that of exactly its labelled rows. A label given again must be the same; RLS takes revisions.

    Rows with a feature that is not finite are skipped and counted. Raises ValueError for infinite targets, and
    from `model` if no row was labelled. An output without any row keeps its untaught weights.

    Source: Hoerl and Kennard 1970, Ridge Regression; Lukosevicius 2012, A Practical Guide to Applying ESNs, 4.
    """

    penalty: float | CrossValidated = BLOCKED
    squaring: float = 1e9

    def __post_init__(self) -> None:
        if not isinstance(self.penalty, CrossValidated) and not 0 <= self.penalty < np.inf:
            raise ValueError(f"penalty is {self.penalty!r}, wanted a number >= 0 or CrossValidated(...)")
        if not 0 <= self.squaring <= 1e12:
            raise ValueError(f"squaring is {self.squaring!r}, wanted a condition number up to 1e12, or 0 for QR always")

    def init(self, model: Any) -> RidgeKnowledge:
        n, m = stacked(readout_of(model)).shape
        capacity, size = min(max(2**18 // n, 256), 1024), 0  # a block of some 2 MB, to stay in the cache
        if isinstance(self.penalty, CrossValidated):
            # long pieces, as joining two costs O(n^3), yet enough of them in the first half block to validate with
            capacity = max(1024, n)
            size = -(-capacity // (2 * self.penalty.folds))
        return RidgeKnowledge(model, no_rows(n, m, capacity), (no_segment(self._none(n, m)),), size, 0)

    def watch(self, knowledge: RidgeKnowledge, seen: Evidence) -> tuple[RidgeKnowledge, RidgeTrace]:
        return knowledge, RidgeTrace(np.asarray(seen.after.features))

    def credit(self, knowledge: RidgeKnowledge, trace: RidgeTrace, y: Array) -> tuple[RidgeKnowledge, RidgeTrace]:
        x = trace.features.reshape(-1, trace.features.shape[-1])
        y = _targets(y, len(x), knowledge)
        number = np.full(len(x), -1) if trace.number is None else trace.number
        taken = np.full(y.shape, np.nan) if trace.taken is None else trace.taken
        new = ~np.isnan(y)
        if (new & (taken != y) & ~np.isnan(taken)).any():
            row, output = np.argwhere(new & (taken != y) & ~np.isnan(taken))[0]
            raise ValueError(
                f"output {output} was {taken[row, output]} at this tick and is now {y[row, output]}: "
                "Ridge learns a label once; RLS takes revisions"
            )
        new &= np.isnan(taken)
        for row in np.flatnonzero(new.any(axis=1)):
            if not np.isfinite(x[row]).all():
                knowledge = knowledge._replace(skipped=knowledge.skipped + int(np.isnan(taken[row]).all()))
            else:
                knowledge, number[row] = self._label(knowledge, x[row], number[row], np.where(new[row], y[row], np.nan))
            taken[row, new[row]] = y[row, new[row]]
        return knowledge, RidgeTrace(trace.features, number, taken)

    def absorb(
        self, knowledge: RidgeKnowledge, features: Array, targets: Array, dt: Array | float = 1.0
    ) -> RidgeKnowledge:
        """Rows (time, features) with targets (time, m), NaN where not known nor ever to be: many at once."""
        x, y = np.asarray(features), _targets(targets, len(features), knowledge)
        labelled = ~np.isnan(y).all(axis=1)
        if not labelled.all():
            x, y = x[labelled], y[labelled]
        while len(x):
            knowledge = self._room(knowledge)
            space = len(knowledge.rows.x) - knowledge.rows.filled
            now, targets, x, y = x[:space], y[:space], x[space:], y[space:]
            power = _power(now)
            if not np.isfinite(power):  # perhaps only too large for float32
                finite = np.isfinite(now).all(axis=1)
                knowledge = knowledge._replace(skipped=knowledge.skipped + int((~finite).sum()))
                now, targets = now[finite].astype(np.float64), targets[finite]
                power = _power(now)
            knowledge = knowledge._replace(rows=put(knowledge.rows, now, targets, power, more=False))
        return knowledge

    def model(self, knowledge: RidgeKnowledge) -> Any:
        """The model with the best weights for the rows so far. O(n^3); the knowledge stays as it is."""
        return taught(knowledge.untaught, self._weights(knowledge, self._settled(knowledge).segments))

    def report(self, knowledge: RidgeKnowledge) -> RidgeReport:
        """The penalty and how it was chosen, degrees of freedom, condition, solver. O(n^3)."""
        segments = self._settled(knowledge).segments
        penalty, candidates, errors = self._penalty(segments)
        freedom, condition, rows = (np.zeros(len(penalty)) for _ in range(3))
        for members, factor in totals(segments):
            s2, p = spectrum(factor)[:, None] ** 2, penalty[members]
            with np.errstate(divide="ignore", invalid="ignore"):
                freedom[members] = np.nansum(s2 / (s2 + p), axis=0)
                condition[members] = np.sqrt((s2[0] + p) / (s2[-1] + p))
            rows[members] = factor.rows
        return RidgeReport(penalty, freedom, condition, rows, knowledge.skipped, solver(segments), candidates, errors)

    def merge(self, a: RidgeKnowledge, b: RidgeKnowledge) -> RidgeKnowledge:
        """What is known from the rows of both (shards of a stream, b's after a's); both are consumed."""
        a, b = self._settled(a), self._settled(b)
        rows = a.rows._replace(numbered=max(a.rows.numbered, b.rows.numbered))
        both = a._replace(rows=rows, skipped=a.skipped + b.skipped, size=max(a.size, b.size))
        if both.size == 0:
            return both._replace(segments=(merge(a.segments[0], b.segments[0]),))
        segments, longer = compact(a.segments + b.segments, 2 * self.penalty.folds)  # type: ignore[union-attr]
        return both._replace(segments=segments, size=both.size * longer)

    def grow(self, knowledge: RidgeKnowledge, model: Any, at: int, count: int) -> RidgeKnowledge:
        """`count` features more, put in before feature `at`, as if they had been zero all along.

        model: the untaught model with the new features.
        """
        n = knowledge.rows.x.shape[1]
        if not 0 <= at <= n - 1:
            raise ValueError(f"at is {at}, wanted 0 to {n - 1}: features are put in before it")
        return self._remapped(knowledge, model, np.insert(np.arange(n), at, np.full(count, -1)))

    def prune(self, knowledge: RidgeKnowledge, model: Any, keep: Array) -> RidgeKnowledge:
        """Only the features of index `keep`, as if the others had never been.

        model: the untaught model without the other features.
        """
        n = knowledge.rows.x.shape[1]
        return self._remapped(knowledge, model, np.append(np.arange(n - 1)[keep], n - 1))

    def _remapped(self, knowledge: RidgeKnowledge, model: Any, kept: Array) -> RidgeKnowledge:
        """The knowledge with other features: feature i was feature kept[i], or is new and was zero (-1)."""
        settled = self._settled(knowledge)
        rows = no_rows(len(kept), knowledge.rows.y.shape[1], len(knowledge.rows.x))
        rows = rows._replace(numbered=knowledge.rows.numbered)
        segments = tuple(remapped(segment, kept) for segment in settled.segments)
        return settled._replace(untaught=model, rows=rows, segments=segments)

    def _label(self, knowledge: RidgeKnowledge, x: Array, number: int, y: Array) -> tuple[RidgeKnowledge, int]:
        """One row's new labels, into the row that waits for them or as a row of their own; and its number."""
        rows = knowledge.rows
        place = find(rows, number) if number >= 0 else None
        if place is None:
            knowledge = self._room(knowledge)
            place = knowledge.rows.filled
            knowledge = knowledge._replace(rows=put(knowledge.rows, x[None], y[None], _power(x), more=True))
            rows = knowledge.rows
        else:
            known = ~np.isnan(y)
            rows.y[place, known] = y[known]
        rows.open[place] = np.isnan(rows.y[place]).any()
        return knowledge, int(rows.number[place])

    def _room(self, knowledge: RidgeKnowledge) -> RidgeKnowledge:
        """The knowledge with room in its block."""
        full = knowledge.rows.filled == len(knowledge.rows.x)
        return self._factorise(knowledge, ready(knowledge.rows)) if full else knowledge

    def _settled(self, knowledge: RidgeKnowledge) -> RidgeKnowledge:
        """A copy in which every row is factorised, closed or not."""
        if knowledge.rows.filled == 0:
            return knowledge
        knowledge = knowledge._replace(segments=copy(knowledge.segments))  # the block itself is only read
        if knowledge.size and knowledge.rows.filled and not knowledge.segments[0].rows:
            folds = self.penalty.folds  # type: ignore[union-attr]
            knowledge = knowledge._replace(size=-(-knowledge.rows.filled // folds))
        return self._factorise(knowledge, np.ones(knowledge.rows.filled, bool))

    def _factorise(self, knowledge: RidgeKnowledge, go: Array) -> RidgeKnowledge:
        """Move the rows that go from the block into the factors."""
        rows, filled = knowledge.rows, knowledge.rows.filled
        x, y = (rows.x[:filled], rows.y[:filled]) if go.all() else (rows.x[:filled][go], rows.y[:filled][go])
        segments, n = list(knowledge.segments), x.shape[1]
        while len(x):
            room = knowledge.size - segments[-1].rows if knowledge.size else len(x)
            if room <= 0:
                most = 2 * self.penalty.folds  # type: ignore[union-attr]
                joined, longer = compact((*segments, no_segment(self._none(n, y.shape[1]))), most)
                segments, knowledge = list(joined), knowledge._replace(size=knowledge.size * longer)
                continue
            segments[-1] = extend(
                segments[-1], x[:room], y[:room], partial(self._none, n), partial(self._add, rows.power)
            )
            x, y = x[room:], y[room:]
        return knowledge._replace(segments=tuple(segments), rows=drop(rows, go))

    def _none(self, n: int, m: int) -> Factor:
        fixed = not isinstance(self.penalty, CrossValidated) and self.penalty > 0 and self.squaring > 0
        return no_gram(n, m) if fixed else no_triangle(n, m)

    def _add(self, power: float, factor: Factor, x: Array, y: Array) -> Factor:
        """The factor with these rows; a Gram matrix becomes a triangle before its condition could do harm.

        power: at least the sum of squares of the rows' features, without the constant one.
        """
        if isinstance(factor, Gram):
            trace = np.trace(factor.g) - factor.rows + power
            if trace + self.penalty > self.squaring * self.penalty:  # type: ignore[operator]
                factor = triangle(factor)
        if isinstance(factor, Triangle) and not isinstance(self.penalty, CrossValidated):
            factor = whiten(factor, self.penalty)
        return add(factor, x, y)

    def _penalty(self, segments: tuple[Segment, ...]) -> tuple[Array, Array, Array]:
        """The penalty of each output; the candidates and their held-out errors."""
        m = outputs(segments[0].whole)
        if isinstance(self.penalty, CrossValidated):
            choice = choose(segments, self.penalty)
            return choice.penalty, np.asarray(self.penalty.penalties), choice.errors
        return np.full(m, float(self.penalty)), np.zeros(0), np.zeros((0, m))

    def _weights(self, knowledge: RidgeKnowledge, segments: tuple[Segment, ...]) -> Array:
        if not any(segment.rows for segment in segments):
            raise ValueError(
                f"no labelled row to learn from ({knowledge.skipped} were skipped for features that are not finite): "
                "give targets that are not NaN, and a washout shorter than the series"
            )
        w = stacked(knowledge.untaught.readout)
        penalty = self._penalty(segments)[0]
        for members, factor in totals(segments):
            for p in np.unique(penalty[members]) if factor.rows else ():
                of = members[penalty[members] == p]
                w[:, of] = solve(factor, penalties(len(w) - 1, p))[:, np.isin(members, of)]
        return w


def _power(x: Array) -> float:
    """A little more than the sum of squares, which float32 may have rounded; infinite or NaN if a feature is."""
    with np.errstate(over="ignore", invalid="ignore"):
        return 1.001 * float(np.vdot(x, x))


def _targets(y: Array, rows: int, knowledge: RidgeKnowledge) -> Array:
    """`y` as float64 (rows, m)."""
    y = np.asarray(y, np.float64)
    m = knowledge.rows.y.shape[1]
    if y.size != rows * m or (y.ndim and y.shape[-1] != m):
        raise ValueError(f"y is {y.shape}, wanted {m} outputs for each of {rows} rows; NaN where a target is not known")
    refuse_infinite(y.reshape(rows, m))
    return y.reshape(rows, m)
