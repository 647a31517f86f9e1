"""The p-delta rule: many perceptrons side by side, whose votes are counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..model import readout_of
from ..types import Array, Evidence
from .common import augmented, positive, refuse_infinite

TOGETHER = 64  # rows after which the lengths are put back where they belong, before their scales leave all bounds


@dataclass(frozen=True, eq=False)
class Votes:
    """y = clip(p / rho, -1, 1),  p = how many perceptrons of the output's pool fire less how many do not.

    A perceptron fires where features @ weights + bias >= 0. Output m is of the pool weights[:, m].
    """

    weights: Array  # (features, outputs, pool)
    bias: Array  # (outputs, pool)
    rho: float

    def __repr__(self) -> str:
        features, outputs, pool = self.weights.shape
        return f"<Votes: {features} features, {outputs} outputs of {pool} perceptrons each>"

    def __call__(self, features: Array) -> Array:
        share = self.firing(features)
        return np.clip((2 * share - 1) * self.bias.shape[1] / self.rho, -1.0, 1.0)

    def read(self, features: Array) -> Array:
        """The same, each row by itself, bit-equal however many there are."""
        rows = np.asarray(features, np.float64).reshape(-1, np.shape(features)[-1])
        return np.array([self(row) for row in rows]).reshape(*np.shape(features)[:-1], len(self.bias))

    def firing(self, features: Array) -> Array:
        """(*batch, outputs) the share of each pool that fires: the output of the readouts of Maass et al. 2002."""
        drive = np.tensordot(np.asarray(features, np.float64), self.weights, 1) + self.bias
        return np.asarray((drive >= 0).mean(axis=-1))


class PDeltaKnowledge(NamedTuple):
    """What PDelta knows. n = features + 1, the constant last."""

    untaught: Any
    alpha: Array  # (outputs, pool, n) float64
    skipped: Array  # () int64: rows with a feature that is not finite


@dataclass(frozen=True)
class PDelta:
    """The parallel perceptron: for each output `pool` perceptrons alpha_i hear z and vote, each +1 or -1:

        y = clip(p / rho, -1, 1)        p = the sum of the votes        z = [features, 1]

    For a target o in [-1, 1], every alpha_i of that output moves by  eta (c_i z - (|alpha_i|^2 - 1) alpha_i), with

        c_i = -1       if y > o + epsilon  and alpha_i z >= 0          too many fire: those that do are to stop
              +1       if y < o - epsilon  and alpha_i z < 0           too few
              +clear   if y <= o + epsilon and 0 <= alpha_i z < margin right, but too close to call
              -clear   if y >= o - epsilon and -margin < alpha_i z < 0
               0       otherwise

    so votes are what is learnt, no error is sent through a perceptron, and any continuous function can be approached by
    a pool. eta = rate / (features + 1): a step moves alpha_i z of its own row by about `rate`, however many features of
    spread 1 there are; these should have a spread near 1.

    rho: None is the pool's size, the answer then graded; 1 makes a majority vote of it. epochs: how often `absorb` goes
    over its rows, at a rate that falls from one to the next. Targets that are not known (NaN) teach nothing; ValueError
    for others outside [-1, 1]. `credit` is one step of a tick's rows. The readout is `Votes`.

    Source: Auer, Burgsteiner and Maass 2008, A learning rule for very simple universal approximators consisting of a
    single layer of perceptrons; recalled, not copied: the paper adapts the margin as it goes, here it is fixed.
    """

    pool: int = 51
    rho: float | None = None
    rate: float = 0.5
    epsilon: float = 0.05
    margin: float = 0.1
    clear: float = 1.0
    epochs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("pool", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, wanted at least 1")
        for name in ("rate", "epsilon"):
            positive(name, getattr(self, name))
        if self.margin < 0 or self.clear < 0 or not (self.rho is None or self.rho > 0):
            raise ValueError(f"margin and clear are at least 0 and rho is above 0; got {self}")

    def init(self, model: Any) -> PDeltaKnowledge:
        """Perceptrons at random on the unit sphere, one stream of numbers for each output."""
        features, outputs = readout_of(model).weights.shape[:2]
        alpha = np.stack(
            [np.random.default_rng((self.seed, m)).standard_normal((self.pool, features + 1)) for m in range(outputs)]
        )
        alpha /= np.linalg.norm(alpha, axis=-1, keepdims=True)
        return PDeltaKnowledge(model, alpha, np.zeros((), np.int64))

    def watch(self, knowledge: PDeltaKnowledge, seen: Evidence) -> tuple[PDeltaKnowledge, Array]:
        return knowledge, seen.after.features

    def credit(self, knowledge: PDeltaKnowledge, trace: Array, y: Array) -> tuple[PDeltaKnowledge, Array]:
        x, targets = self._usable(knowledge, np.reshape(trace, (-1, np.shape(trace)[-1])), y)
        self._fold(knowledge.alpha, x, targets, 1.0)
        return knowledge, trace

    def absorb(
        self, knowledge: PDeltaKnowledge, features: Array, targets: Array, dt: Array | float = 1.0
    ) -> PDeltaKnowledge:
        """Rows (rows, features) with targets (rows, outputs), `epochs` times."""
        x, y = self._usable(knowledge, np.asarray(features), targets)
        for epoch in range(self.epochs):
            self._fold(knowledge.alpha, x, y, 1 - epoch / self.epochs)
        return knowledge

    def model(self, knowledge: PDeltaKnowledge) -> Any:
        """The model with the readout Votes as learnt so far."""
        alpha = np.moveaxis(knowledge.alpha, -1, 0)
        rho = float(self.pool if self.rho is None else self.rho)
        return replace(knowledge.untaught, readout=Votes(alpha[:-1].copy(), alpha[-1].copy(), rho))

    def _usable(self, knowledge: PDeltaKnowledge, x: Array, y: Array) -> tuple[Array, Array]:
        """z and targets of the rows that can be learnt from."""
        outputs, _, n = knowledge.alpha.shape
        y = np.asarray(y, np.float64)
        if y.size != len(x) * outputs or x.shape[1] != n - 1:
            raise ValueError(
                f"y is {y.shape} and the features are {x.shape}, wanted {outputs} outputs, {n - 1} features"
            )
        y = y.reshape(len(x), outputs)
        refuse_infinite(y)
        if (np.abs(y) > 1).any():
            row, output = np.argwhere(np.abs(y) > 1)[0]
            raise ValueError(f"the target of output {output} is {y[row, output]} (row {row}), wanted -1 to 1: scale it")
        finite, labelled = np.isfinite(x).all(axis=1), ~np.isnan(y).all(axis=1)
        knowledge.skipped[...] += (labelled & ~finite).sum()
        use = finite & labelled
        return augmented(x[use]), y[use]

    def _fold(self, alpha: Array, z: Array, o: Array, share: float) -> None:
        """One step for each row in turn, z (rows, n) with o (rows, outputs), at a share of the rate; into alpha."""
        rate = share * self.rate / alpha.shape[-1]
        for start in range(0, len(z), TOGETHER):
            part = slice(start, start + TOGETHER)
            self._few(alpha, z[part], o[part], rate)

    def _few(self, alpha: Array, z: Array, o: Array, rate: float) -> None:
        """alpha = scale beta: the pull to length 1 is on the scale, so only perceptrons with c not 0 are touched."""
        beta, scale = alpha.reshape(-1, alpha.shape[-1]), np.ones(alpha.shape[0] * alpha.shape[1])
        squares = np.einsum("pn,pn->p", beta, beta)
        for row, target in zip(z, o, strict=True):
            c = self._pull((scale * (beta @ row)).reshape(alpha.shape[:2]), target).ravel()
            scale *= 1.0 - rate * (scale * scale * squares - 1.0)
            moved = np.flatnonzero(c)
            beta[moved] += np.outer(rate * c[moved] / scale[moved], row)
            squares[moved] = np.einsum("pn,pn->p", beta[moved], beta[moved])
        beta *= scale[:, None]

    def _pull(self, drive: Array, target: Array) -> Array:
        """c (outputs, pool) of one row, from alpha z (outputs, pool)."""
        fires = drive >= 0
        votes = 2.0 * fires.sum(axis=1) - self.pool
        y = np.clip(votes / (self.pool if self.rho is None else self.rho), -1.0, 1.0)
        high, low = (y > target + self.epsilon)[:, None], (y < target - self.epsilon)[:, None]
        close = self.clear * (np.abs(drive) < self.margin)
        c = np.where(fires, np.where(high, -1.0, close), np.where(low, 1.0, -close))
        return np.where(np.isnan(target)[:, None], 0.0, c)
