"""Whole sequences as lessons: liquid and readout trained together, by compiled slopes, on padded mini-batches."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..encode import Scale
from ..learn.losses import Squared, judged
from ..model import Readout
from ..pull import keep, pull, readout_slopes
from ..threads import each
from ..training import Trained, Training, train
from ..types import Array
from .model import SequenceModel
from .pooling import Pooling, plan
from .shape import heard, series_list, ticks_of


@dataclass(frozen=True, eq=False)
class WholeSequences:
    """Sequences with one row of targets each. For a SequenceModel, whose pooling they were planned for."""

    u: tuple[Array, ...]  # (time_i, inputs) each
    dt: tuple[Array, ...]  # (time_i,) each
    shares: tuple[Array, ...]  # (pooling.rows, time_i) each: what is pooled is shares @ outputs
    targets: Array  # (n, outputs), NaN where not known

    @property
    def rows(self) -> int:
        return len(self.u)

    def loss(self, model: SequenceModel, rows: Array, loss: Any) -> tuple[float, int]:
        u, dt, shares = self._batch(rows)
        _, kept = keep(model.liquid, model.liquid.init(u[0]), u, dt)
        total, count, _ = judged(loss, model.readout(_pooled(model, kept.outputs, shares)), self.targets[rows])
        return total, count

    def slopes(self, model: SequenceModel, rows: Array, loss: Any) -> tuple[float, int, dict[str, Array]]:
        u, dt, shares = self._batch(rows)
        state = model.liquid.init(u[0])
        _, kept = keep(model.liquid, state, u, dt)
        features = _pooled(model, kept.outputs, shares)
        total, count, slope = judged(loss, model.readout(features), self.targets[rows])
        back, (weights, bias) = readout_slopes(model.readout, features, slope)
        back = (back / model.standard.spread).reshape(len(rows), model.pooling.rows, -1)
        by_outputs = shares.swapaxes(1, 2) @ back  # (rows, time, outputs)
        pulled = pull(model.liquid, state, u, dt, kept, np.ascontiguousarray(by_outputs.swapaxes(0, 1)))
        named = {f"liquid.{path}": a for path, a in pulled.parameters.items()}
        return total, count, named | {"readout.weights": weights, "readout.bias": bias}

    def _batch(self, rows: Array) -> tuple[Array, Array, Array]:
        """Inputs, clock and shares of these sequences, zeros after the end of the shorter ones."""
        u = [self.u[i] for i in rows]
        ticks = max(map(len, u))
        padded = np.zeros((ticks, len(rows), u[0].shape[1]), u[0].dtype)
        clock = np.zeros((ticks, len(rows)), u[0].dtype)
        shares = np.zeros((len(rows), len(self.shares[0]), ticks))
        for b, (i, one) in enumerate(zip(rows, u, strict=True)):
            padded[: len(one), b], clock[: len(one), b] = one, self.dt[i]
            shares[b, :, : len(one)] = self.shares[i]
        return padded, clock, shares


def _pooled(model: SequenceModel, outputs: Array, shares: Array) -> Array:
    """(rows, features), as the readout sees them: outputs (time, rows, outputs)."""
    pooled = (shares @ outputs.swapaxes(0, 1)).reshape(outputs.shape[1], -1)
    return np.asarray((pooled - model.standard.center) / model.standard.spread)


def whole_sequences(
    sequences: Any, targets: Array, pooling: Pooling, dt: Any = 1.0, *, dtype: Any = np.float32
) -> WholeSequences:
    """Sequences (any of the shapes in which they come) with targets (n, outputs), planned for this pooling.

    dt [s]: one for all ticks, or one for each sequence: a number or (time_i,).   dtype: of the inputs and the liquid.
    """
    listed = series_list(sequences)
    targets = np.asarray(targets, np.float64)
    if targets.ndim != 2 or len(targets) != len(listed) or not len(listed):
        raise ValueError(f"targets are {targets.shape}, wanted ({len(listed)}, outputs): one row for each sequence")
    inputs = heard(listed, 0).shape[1]
    u = tuple(np.ascontiguousarray(heard(listed, i, inputs), dtype) for i in range(len(listed)))
    clocks = [ticks_of(dt, i, len(one)) for i, one in enumerate(u)]
    shares = tuple(each(lambda clock: _shares(pooling, clock), clocks))
    return WholeSequences(u, tuple(np.asarray(clock, dtype) for clock in clocks), shares, targets)


def _shares(pooling: Pooling, dt: Array) -> Array:
    """(rows, ticks): the share of each tick in each row."""
    bins, of_bins = plan(pooling, dt)
    return np.where(bins >= 0, of_bins[:, bins], 0.0)


def train_sequences(
    model: SequenceModel | Trained,
    sequences: Any,
    targets: Array,
    training: Training = Training(),  # noqa: B008 - frozen
    *,
    loss: Any = Squared(),  # noqa: B008 - frozen
    validation: Array | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Trained:
    """The model with liquid and readout trained on sequences and their targets (n, outputs), NaN where not known.

    model: from `sequence_model`; or a Trained of one, which goes on where it was. The readout begins at zero; what it
    sees is scaled to what the untrained liquid gives.   loss, training, checkpoint: as in `plashet.train`.
    validation: (n,) bool, which sequences to validate on; None: the last `training.validation` of them.
    """
    now = model.model if isinstance(model, Trained) else model
    lessons = whole_sequences(sequences, targets, now.pooling, now.dt)
    taught, held = lessons, None
    if validation is not None:
        taught, held = (_some(lessons, np.flatnonzero(rows)) for rows in (~validation, validation))
        if not taught.rows:
            raise ValueError("every sequence is kept to validate on: none is left to learn from")
        held = held if held.rows else None
    if not isinstance(model, Trained):
        model = replace(model, readout=_blank(model), standard=_standard(model, taught))
    if held is None and validation is not None:
        training = replace(training, validation=0.0)
    return train(model, taught, training, loss=loss, validation=held, checkpoint=checkpoint)


def _some(lessons: WholeSequences, rows: Array) -> WholeSequences:
    u, dt, shares = (tuple(part[i] for i in rows) for part in (lessons.u, lessons.dt, lessons.shares))
    return WholeSequences(u, dt, shares, lessons.targets[rows])


def _blank(model: SequenceModel) -> Readout:
    return Readout(np.zeros(model.readout.weights.shape), np.zeros(model.readout.bias.shape))


def _standard(model: SequenceModel, lessons: WholeSequences) -> Scale:
    """Mean 0 and spread 1 for what is pooled of the untrained liquid."""
    plain = replace(model, standard=Scale(np.zeros(1), np.ones(1), np.inf))
    parts = np.array_split(np.arange(lessons.rows), lessons.rows // 256 + 1)
    pooled = np.concatenate([_of(plain, lessons, rows) for rows in parts])
    center, spread = pooled.mean(axis=0), pooled.std(axis=0)
    return Scale(center, np.where(spread > 1e-3 * np.abs(center).max(initial=1e-9), spread, 1.0), np.inf)


def _of(model: SequenceModel, lessons: WholeSequences, rows: Array) -> Array:
    u, dt, shares = lessons._batch(rows)
    return _pooled(model, keep(model.liquid, model.liquid.init(u[0]), u, dt)[1].outputs, shares)
