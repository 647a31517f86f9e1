"""What a recogniser is worth on sequences that it was not taught, beside what its liquid must beat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..cells import Pass
from ..types import Array
from .recogniser import class_index


class Validation(NamedTuple):
    """Every sequence's guess by a recogniser that was not taught it."""

    classes: tuple[Any, ...]
    truth: Array  # (n,)
    guesses: Array  # (n,)
    fold: Array  # (n,) number of the fold that the sequence was in

    @property
    def accuracy(self) -> float:
        """The share of all sequences that were told right."""
        return float(np.mean(self.truth == self.guesses))

    @property
    def by_fold(self) -> Array:
        """(folds,) the share in each fold."""
        right = (self.truth == self.guesses).astype(np.float64)
        return np.bincount(self.fold, right) / np.bincount(self.fold)

    @property
    def confusion(self) -> Array:
        """(classes, classes) counts: row the truth, column the guess."""
        return confusion(self.truth, self.guesses, self.classes)


def confusion(truth: Any, guesses: Any, classes: Any) -> Array:
    """(classes, classes) int64 counts: row the true class, column the guessed one."""
    names = np.asarray(classes)
    order = np.argsort(names)
    place = [order[np.searchsorted(names, np.asarray(given), sorter=order)] for given in (truth, guesses)]
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (place[0], place[1]), 1)
    return counts


def splits(labels: Any, groups: Any = None, folds: int | None = None, seed: int = 0) -> Iterator[tuple[Array, Array]]:
    """(train, test) indices, each sequence once in a test part.

    Without groups: `folds` (5) folds in which every class has its share, shuffled by the seed. With groups (n,), such
    as speakers: every group left out once; or, if `folds` says so, so many folds of whole groups.
    """
    from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold, StratifiedKFold

    nothing = np.zeros(len(labels))
    if groups is None:
        return StratifiedKFold(folds or 5, shuffle=True, random_state=seed).split(nothing, labels)  # type: ignore[no-any-return]
    if folds is None:
        return LeaveOneGroupOut().split(nothing, labels, groups)  # type: ignore[no-any-return]
    return StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(nothing, labels, groups)  # type: ignore[no-any-return]


def cross_validate(
    fit: Callable[..., Any], sequences: Any, labels: Any, *, groups: Any = None, folds: int | None = None, seed: int = 0
) -> Validation:
    """fit(sequences, labels, groups=...) of each training part, asked for the classes of its test part.

    fit: for instance partial(fit_recogniser, liquid=...); groups: handed on to it, so that what it chooses by itself is
    chosen by leaving out whole groups, as long as more than one is left to teach. See `splits`.
    """
    classes, index = class_index(labels, len(sequences))
    truth = np.asarray(classes)[index]
    known = None if groups is None else np.asarray(groups)
    guesses, fold = np.empty_like(truth), np.empty(len(truth), np.int64)
    for k, (train, test) in enumerate(splits(truth, known, folds, seed)):
        within = None if known is None or len(set(known[train].tolist())) < 2 else known[train]
        model = fit([sequences[i] for i in train], truth[train], groups=within)
        guesses[test], fold[test] = model.predict([sequences[i] for i in test]), k
    return Validation(classes, truth, guesses, fold)


class Majority:
    """The class that is most frequent, whatever is asked."""

    def __init__(self, labels: Array) -> None:
        found, counts = np.unique(labels, return_counts=True)
        self.name = found[np.argmax(counts)]

    def predict(self, sequences: Any) -> Array:
        return np.full(len(sequences), self.name)


def compare(
    fit: Callable[..., Any], sequences: Any, labels: Any, *, groups: Any = None, folds: int | None = None, seed: int = 0
) -> dict[str, Validation]:
    """Cross-validation of "liquid", of "no liquid" and of the "majority class", on the same folds.

    fit: partial(fit_recogniser, liquid=..., ...). "no liquid" is the same readout on the same pooling of the inputs
    themselves: what the liquid adds is the difference.
    """
    fits: dict[str, Callable[..., Any]] = {
        "liquid": fit,
        "no liquid": partial(fit, liquid=Pass),
        "majority class": lambda taught, names, groups: Majority(names),
    }
    return {
        name: cross_validate(one, sequences, labels, groups=groups, folds=folds, seed=seed)
        for name, one in fits.items()
    }
