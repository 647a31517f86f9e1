"""The training loop: from a model and lessons to the model that did best on what it was not taught."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from math import cos, inf, pi
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..learn.adam import Adam, AdamState
from ..learn.common import positive
from ..learn.losses import Squared
from ..learn.theta import Packing, packing
from ..save import save
from ..types import Array
from .lessons import Lessons
from .progress import meter

MANY = 256  # rows whose loss is computed at once


@dataclass(frozen=True)
class Training:
    """How to train: Adam on mini-batches, its rate falling as a cosine from `rate` to nothing over `epochs`.

    batch: rows a step.   clip: the greatest norm of a slope, inf for none.
    patience: epochs without a better loss on the validation part after which training ends.
    validation: the share of the rows that is kept to validate on.   seed: of the order of the rows.
    """

    epochs: int = 100
    rate: float = 5e-3
    batch: int = 16
    clip: float = 1.0
    patience: int = 25
    validation: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        positive("rate", self.rate)
        for name in ("epochs", "batch", "patience"):
            value = getattr(self, name)
            if int(value) != value or value < 1:
                raise ValueError(f"{name} is {value!r}, wanted a whole number of at least 1")
        if not 0 <= self.validation < 1:
            raise ValueError(
                f"validation is {self.validation!r}, wanted the share of the rows to validate on, in [0, 1)"
            )
        if not self.clip > 0:
            raise ValueError(f"clip is {self.clip!r}, wanted a norm above 0, or inf for none")


class Trained(NamedTuple):
    """What came of training, and all that is needed to go on with it: `train` takes it in place of a model."""

    model: Any  # the best so far
    theta: Array  # (size,) raw parameters after the last epoch
    best: Array  # (size,) those of the model
    optimiser: AdamState
    losses: Array  # (epochs, 2): means while an epoch was trained on, and on the validation part after it (else NaN)
    start: float  # the loss on the validation part before the first epoch
    best_epoch: int  # 0: none was better than the start

    @property
    def epochs(self) -> int:
        return len(self.losses)

    def __repr__(self) -> str:
        best = self.losses[self.best_epoch - 1, 1] if self.best_epoch else self.start
        return f"<Trained: {self.model!r}, {self.epochs} epochs, best {self.best_epoch}, its loss {best:.6g}>"


def train(
    model: Any,
    lessons: Lessons,
    training: Training = Training(),
    *,
    loss: Any = Squared(),  # noqa: B008 - frozen
    validation: Lessons | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Trained:
    """Train all that `trainable.parameters` names in the model, by compiled slopes, in the numbers of the lessons.

    model: untrained; or a Trained, which goes on where it was, bit-equal (settings unchanged).
    lessons: Windows of series, or others.   loss: of plashet.learn; its mean over all targets is made small.
    validation: what to validate on; None: the last `training.validation` of the rows, which are then not learnt from.
    The model with the least loss there is kept; without a validation part the last one.
    checkpoint: a file that gets the Trained after every epoch: `train(plashet.load(checkpoint), ...)` resumes.
    progress: a bar on stderr where that is a terminal. A step whose slope is not finite is left out, and told.

    Raises TypeError for a model with a cell that has no slopes; ValueError for one in which nothing is to be learnt,
    and for lessons too few to keep a validation part, or with no target in it.
    """
    taught, held = _split(lessons, validation, training)
    now = model if isinstance(model, Trained) else _begun(model, held, loss)
    packed, adam = packing(now.model), Adam(training.rate, training.clip)
    now, left_out = tree.copy(now), 0
    with meter(training.epochs, shown=progress) as tell:
        while not _over(now, training):
            now, skipped = _epoch(now, packed, adam, (lessons, taught), training, loss)
            left_out += skipped
            now = _judged(now, packed, held, loss)
            tell(now)
            if checkpoint is not None:
                save(checkpoint, now)
    if left_out:
        warnings.warn(f"{left_out} steps were left out: their slopes were not finite; lower rate or clip", stacklevel=2)
    return now


def _split(lessons: Lessons, validation: Lessons | None, training: Training) -> tuple[Array, Any]:
    """The rows to learn from, and (lessons, rows) to validate on, None for none."""
    for came in (lessons, validation):
        if came is not None and not hasattr(came, "rows"):
            raise TypeError(f"lessons are made by training.windows(series, length=...); got a {type(came).__name__}")
    count = lessons.rows
    everything = np.arange(count)
    if validation is not None:
        return everything, (validation, np.arange(validation.rows))
    kept = int(np.ceil(training.validation * count))
    if count - kept < 1:
        raise ValueError(f"{count} rows leave none to learn from beside a validation part: give more, or validation=0")
    return everything[: count - kept], (lessons, everything[count - kept :]) if kept else None


def _begun(model: Any, held: Any, loss: Any) -> Trained:
    packed = packing(model)
    if not packed.size:
        raise ValueError("nothing in the model is to be learnt; `trainable` names fields of a cell that are")
    theta = packed.of(model)
    start = inf if held is None else mean_loss(model, held[0], held[1], loss)
    if np.isnan(start):
        raise ValueError("no loss can be told on the validation part: no target is known there, or the model says NaN")
    return Trained(model, theta, theta, Adam().init(theta), np.zeros((0, 2)), start, 0)


def _over(now: Trained, training: Training) -> bool:
    tired = now.epochs - now.best_epoch >= training.patience
    return now.epochs >= training.epochs or tired


def _epoch(
    now: Trained, packed: Packing, adam: Adam, given: tuple[Lessons, Array], training: Training, loss: Any
) -> tuple[Trained, int]:
    """Every row once, in an order of its own; the loss is the mean while it was learnt from."""
    lessons, rows = given
    order = np.random.default_rng((training.seed, now.epochs)).permutation(rows)
    parts = np.array_split(order, max(round(len(order) / training.batch), 1))
    theta, optimiser, total, count, skipped = now.theta, now.optimiser, 0.0, 0, 0
    for k, part in enumerate(parts):
        share = 0.5 * (1 + cos(pi * (now.epochs + k / len(parts)) / training.epochs))
        with np.errstate(over="ignore", invalid="ignore"):
            some, targets, slopes = lessons.slopes(packed.put(now.model, theta), np.sort(part), loss)
            slope = packed.chain(theta, packed.flat(slopes) / max(targets, 1))
        if not targets:
            continue
        if not np.isfinite(slope).all():
            skipped += 1
            continue
        optimiser, theta = adam.step(optimiser, theta, slope, share)
        total, count = total + some, count + targets
    losses = np.vstack([now.losses, [total / count if count else np.nan, np.nan]])
    return now._replace(theta=theta, optimiser=optimiser, losses=losses), skipped


def _judged(now: Trained, packed: Packing, held: Any, loss: Any) -> Trained:
    """The model after the epoch is kept if it is the best so far, or if there is nothing to judge it by."""
    latest = packed.put(now.model, now.theta)
    if held is None:
        return now._replace(model=latest, best=now.theta, best_epoch=now.epochs)
    now.losses[-1, 1] = mean_loss(latest, held[0], held[1], loss)
    least = min([now.start, *now.losses[:-1, 1]])
    if now.losses[-1, 1] < least:
        return now._replace(model=latest, best=now.theta, best_epoch=now.epochs)
    return now


def mean_loss(model: Any, lessons: Lessons, rows: Array, loss: Any = Squared()) -> float:  # noqa: B008 - frozen
    """The mean loss over all targets of these rows; NaN if there is none."""
    found = [lessons.loss(model, rows[k : k + MANY], loss) for k in range(0, len(rows), MANY)]
    count = sum(targets for _, targets in found)
    return sum(total for total, _ in found) / count if count else np.nan
