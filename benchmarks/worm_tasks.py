"""The three tasks that the worm is set, each in three parts: what teaches, what chooses settings, what is asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import plashet as pl

Part = tuple[Any, Any]  # u (time, rows, inputs) and y (time, rows, outputs), NaN where there is no target
SPREAD = 4.0  # standard deviations: what lies further out is clipped (see half-cheetah)


class Split(NamedTuple):
    """Inputs with mean 0 and standard deviation 1 in the part that teaches; every row begins at rest."""

    train: Part
    validation: Part
    test: Part


@dataclass(frozen=True)
class Task:
    """Where the data come from, and what is reported: the less the better."""

    name: str
    says: str  # the score and its unit
    load: Callable[[int], Split]  # of a seed
    score: Callable[[Any, Any], float]  # of guess and y
    batch: int  # rows a step, where slopes teach
    epochs: int
    digits: int


def narma(seed: int) -> Split:
    """NARMA-10 in windows of 200 ticks, the first 50 of each without a target: 24 teach, 6 choose, 12 are asked."""
    made = pl.data.narma(200 * 42, seed=seed)
    u = np.asarray(made.u, np.float64).reshape(42, 200).T[:, :, None]
    y = np.asarray(made.y, np.float64).reshape(42, 200).T[:, :, None].copy()
    y[:50] = np.nan
    return _parts(u, y, (24, 6, 12))


def vowels(seed: int) -> Split:
    """Nine speakers; of each speaker's 30 utterances 24 teach and 6 choose, drawn with the seed."""
    found = pl.data.japanese_vowels()
    labels = found.train[1]
    draw = np.random.default_rng(seed)
    kept = np.concatenate([draw.permutation(np.flatnonzero(labels == k))[:6] for k in range(1, 10)])
    order = np.concatenate((np.setdiff1d(np.arange(270), kept), kept))
    sequences = [found.train[0][k] for k in order] + found.test[0]
    labels = np.concatenate((labels[order], found.test[1]))
    u, y = np.full((29, 640, 12), np.nan), np.full((29, 640, 9), np.nan)
    for row, (one, label) in enumerate(zip(sequences, labels, strict=True)):
        u[: len(one), row] = one
        y[: len(one), row] = -1.0
        y[: len(one), row, label - 1] = 1.0
    return _parts(u, y, (216, 54, 370))


def half_cheetah(seed: int) -> Split:
    """The LTC paper's protocol: windows of 32 ticks, the next observation; the data are the same for every seed."""
    path = Path(os.environ["PLASHET_BENCH_DATA"]) / "half_cheetah.npz"
    with np.load(path) as held:
        traces = held["traces"].astype(np.float64)
    starts = range(0, 1000 - 32 - 1, 10)

    def windows(first: int, last: int) -> list[Any]:
        return [traces[k, s : s + 33] for k in range(first, last) for s in starts]

    cut = np.stack([*windows(15, 25), *windows(0, 5), *windows(5, 15)], axis=1)
    return _parts(cut[:-1], cut[1:], (970, 485, 970))


def _parts(u: Any, y: Any, rows: tuple[int, int, int]) -> Split:
    taught = u[:, : rows[0]]
    u = np.clip((u - np.nanmean(taught, (0, 1))) / np.nanstd(taught, (0, 1)), -SPREAD, SPREAD)
    ends = np.cumsum(rows)[:-1]
    return Split(*zip(np.split(np.nan_to_num(u), ends, axis=1), np.split(y, ends, axis=1), strict=True))


def squared(guess: Any, y: Any) -> float:
    """The mean over all targets: by it settings are chosen, in every task."""
    return float(np.nanmean((guess - y) ** 2))


def nrmse(guess: Any, y: Any) -> float:
    return float(np.sqrt(squared(guess, y) / np.nanvar(y)))


def wrong(guess: Any, y: Any) -> float:
    """% of the rows whose class is not the one with the greatest mean guess."""
    mean = np.nanmean(np.where(np.isnan(y), np.nan, guess), axis=0)
    return float(100 * (mean.argmax(-1) != np.nanmean(y, axis=0).argmax(-1)).mean())


NARMA = Task("NARMA-10", "NRMSE", narma, nrmse, batch=4, epochs=60, digits=3)
VOWELS = Task("Japanese vowels", "% of the speakers wrong", vowels, wrong, batch=16, epochs=50, digits=2)
CHEETAH = Task("half-cheetah", "squared error", half_cheetah, squared, batch=16, epochs=12, digits=3)
TASKS = (NARMA, VOWELS, CHEETAH)
