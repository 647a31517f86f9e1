"""Rows that a learner keeps until it solves: features, targets, and the fold that each belongs to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..model import readout_of
from ..types import Array
from .common import labels, refuse_infinite, stacked


class KeptRows(NamedTuple):
    """What a learner that solves late and has no sufficient statistic knows: every labelled row."""

    untaught: Any
    x: tuple[Array, ...]  # blocks of (rows, features) float64
    y: tuple[Array, ...]  # blocks of (rows, outputs), NaN where not known
    fold: tuple[Array, ...]  # blocks of (rows,) int64, -1: not told
    skipped: int  # rows with a feature that is not finite


class RowTrace(NamedTuple):
    """What is needed of a tick when its labels come, and which came already."""

    features: Array  # (*batch, features)
    place: int = -1  # the block that holds the rows; -1: none yet


def no_kept_rows(model: Any) -> KeptRows:
    readout_of(model)
    return KeptRows(model, (), (), (), 0)


def keep_rows(knowledge: KeptRows, features: Array, y: Array, fold: Array | None = None) -> KeptRows:
    """The knowledge with the labelled rows of these, in one block more; y float64 (rows, outputs)."""
    x = np.asarray(features, np.float64)
    number = np.full(len(x), -1, np.int64) if fold is None else np.asarray(fold, np.int64)
    if number.shape != (len(x),) or (fold is not None and (number < 0).any()):
        raise ValueError(f"fold is {number.shape}, wanted a number of 0 or more for each of {len(x)} rows")
    finite, labelled = np.isfinite(x).all(axis=1), ~np.isnan(y).all(axis=1)
    use = finite & labelled
    skipped = knowledge.skipped + int((labelled & ~finite).sum())
    return KeptRows(
        knowledge.untaught,
        (*knowledge.x, x[use].copy()),
        (*knowledge.y, y[use].copy()),
        (*knowledge.fold, number[use]),
        skipped,
    )


def credit_rows(knowledge: KeptRows, trace: RowTrace, y: Array) -> tuple[KeptRows, RowTrace]:
    """Labels of one tick: a block of its own at the first of them, which later ones complete."""
    x = trace.features.reshape(-1, trace.features.shape[-1])
    y = labels(y, trace.features, stacked(knowledge.untaught.readout)).reshape(len(x), -1)
    refuse_infinite(y)
    if np.isnan(y).all():
        return knowledge, trace
    if trace.place < 0:
        finite = np.isfinite(x).all(axis=1)
        place = len(knowledge.x)
        block = (np.where(finite[:, None], x, 0.0), np.where(finite[:, None], y, np.nan))
        kept = knowledge._replace(
            x=(*knowledge.x, block[0].astype(np.float64)),
            y=(*knowledge.y, block[1]),
            fold=(*knowledge.fold, np.full(len(x), -1, np.int64)),
            skipped=knowledge.skipped + int((~finite).sum()),
        )
        return kept, trace._replace(place=place)
    held = knowledge.y[trace.place]
    known = ~np.isnan(y) & np.isfinite(x).all(axis=1)[:, None]
    held[known] = y[known]
    return knowledge, trace


def all_rows(knowledge: KeptRows, folds: int) -> tuple[Array, Array, Array]:
    """All rows, their targets and folds; a row that was told none is in fold i mod folds."""
    if not sum(map(len, knowledge.x)):
        raise ValueError(
            f"no labelled row to learn from ({knowledge.skipped} were skipped for features that are not finite): "
            "give targets that are not NaN"
        )
    x, y, fold = (np.concatenate(blocks) for blocks in (knowledge.x, knowledge.y, knowledge.fold))
    dealt = np.arange(len(fold)) % folds + (fold.max() + 1)  # apart from the folds that were told
    return x, y, np.where(fold >= 0, fold, dealt)
