"""Which class a sequence is of: a liquid, what is pooled of it, a readout, and the names of the classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..learn import FoldRidge
from ..sequences import Pooling, Segments, SequenceModel, fit_sequences, heard_all, sequence_model
from ..sequences.shape import Front
from ..types import Array, Cell


@dataclass(frozen=True, eq=False)
class Recogniser:
    """The class of the highest score; `plashet.save` writes it to one file, `plashet.load` reads it back."""

    model: SequenceModel
    classes: tuple[Any, ...]  # names in the order of the scores: text, numbers or truth values

    def scores(self, sequences: Any, dt: Any = None, keys: Any = None) -> Array:
        """(n, classes): the readout's answers, higher is likelier; probabilities where the readout gives such."""
        return self.model(sequences, dt, keys)

    def predict(self, sequences: Any, dt: Any = None, keys: Any = None) -> Array:
        """(n,) names of classes. A sequence's answer does not depend on the others."""
        return self.name(self.scores(sequences, dt, keys))

    def name(self, scores: Array) -> Array:
        """(n,) the names of the highest scores."""
        return np.asarray(self.classes)[np.argmax(scores, axis=1)]


def fit_recogniser(
    sequences: Any,
    labels: Any,
    *,
    liquid: Cell | Callable[[int], Cell],
    dt: float = 1.0,
    pooling: Pooling = Segments(5),  # noqa: B008 - frozen
    readout: Any = None,
    front: Front | None = None,
    scale: bool = True,
    groups: Any = None,
    keys: Any = None,
) -> Recogniser:
    """Learn to tell sequences apart, from one label (n,) for each.

    liquid: a Cell, or a rule from the number of inputs to one (`Pass`: no liquid, the pooled inputs alone).
    readout: a learner, taught +1 for the sequence's class and -1 for the others; else FoldRidge(), which chooses its
    penalty on folds in which every class has its share or, where groups (n,) tells speakers or files, on whole groups.
    dt [s], pooling, front, scale, keys: as in `sequence_model` and `features`.
    Raises ValueError if there are not as many labels as sequences, or fewer than two classes.
    """
    classes, index = class_index(labels, len(sequences))
    given = heard_all(sequences, front)  # what the front end gives is small beside what it is given: made only once
    model = sequence_model(given, liquid=liquid, dt=dt, pooling=pooling, scale=scale, outputs=len(classes))
    learner = FoldRidge() if readout is None else readout
    place = _place_within(index)
    order = np.lexsort((index, place))  # classes in turn: so any stretch of rows, and every online learner, sees all
    fold = place % getattr(learner, "folds", 2)
    if groups is not None:
        _, fold = class_index(groups, len(sequences), "groups")
        order = np.argsort(fold, kind="stable")
    targets = np.where(np.arange(len(classes)) == index[:, None], 1.0, -1.0)
    given = [given[i] for i in order]
    keys = None if keys is None else np.asarray(keys)[order]
    model = fit_sequences(model, given, targets[order], learner, fold=fold[order], keys=keys)
    return Recogniser(replace(model, front=front), classes)


def class_index(labels: Any, count: int, name: str = "labels") -> tuple[tuple[Any, ...], Array]:
    """The names of the classes, sorted, and the number of each label's; ValueError unless there are two or more."""
    given = np.asarray(labels)
    if given.shape != (count,):
        raise ValueError(f"{name} are {given.shape}, wanted ({count},): one for each sequence")
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise ValueError(f"{name} hold {given[~np.isfinite(given)][0]}: leave out sequences whose class is not known")
    found, index = np.unique(given, return_inverse=True)
    if len(found) < 2:
        raise ValueError(f"{name} name {len(found)} {'class' if name == 'labels' else 'group'}, wanted two or more")
    return tuple(found.tolist()), index.reshape(-1)


def _place_within(index: Array) -> Array:
    """(n,) how many of the same class came before."""
    order = np.argsort(index, kind="stable")
    first = np.searchsorted(index[order], index[order])
    place = np.empty(len(index), np.int64)
    place[order] = np.arange(len(index)) - first
    return place
