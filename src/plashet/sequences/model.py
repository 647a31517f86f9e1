"""A liquid, what is pooled of it, and a readout: one answer for each sequence."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..cells import Beside, Chain, Pass
from ..encode import Scale
from ..learn import FoldRidge
from ..liquids import Spiking
from ..model import unread
from ..types import Array, Cell
from ..within import a_cell, member, spiking_path
from .drive import features
from .pooling import Pooling, Segments
from .shape import Front, heard, scale_of, series_list

MANY = 1000  # grid steps in a tick, more than anybody means


@dataclass(frozen=True, eq=False)
class SequenceModel:
    """y = readout((pooled outputs of the liquid - center) / spread), one row for each sequence; can be saved.

    liquid: a Cell, driven from rest; what scales its inputs is in front of it in a Chain.
    standard: the scale of the features.   front: as in `features`; a frozen dataclass, if the model is to be saved.
    """

    liquid: Cell
    readout: Any  # from features to outputs
    standard: Scale
    pooling: Pooling = Segments(5)  # noqa: RUF009 - frozen
    dt: float = 1.0  # [s] a tick, where a call does not say otherwise
    front: Front | None = None

    @property
    def outputs(self) -> int:
        return int(self.readout.bias.shape[0])

    def features(self, sequences: Any, dt: Any = None, keys: Any = None) -> Array:
        """(n, features), as the readout sees them."""
        dt = self.dt if dt is None else dt
        pooled = features(self.liquid, sequences, dt, self.pooling, front=self.front, keys=keys)
        return (pooled - self.standard.center) / self.standard.spread

    def __call__(self, sequences: Any, dt: Any = None, keys: Any = None) -> Array:
        """(n, outputs): what the readout says of each sequence, whatever the others are."""
        return np.asarray(self.readout.read(self.features(sequences, dt, keys)))


def sequence_model(
    sequences: Any,
    *,
    liquid: Cell | Callable[[int], Cell],
    dt: float = 1.0,
    pooling: Pooling = Segments(5),  # noqa: B008 - frozen
    front: Front | None = None,
    scale: bool = True,
    outputs: int = 1,
) -> SequenceModel:
    """The model without a readout yet (it answers zero), its scale taken from these sequences.

    liquid: a Cell or a rule from the number of inputs to one. `Pass` gives the features without any liquid.
    scale: whether the inputs are scaled to mean 0 and spread 1; then the liquid stands behind that scale in a Chain.
    What a spiking liquid takes for counts of spikes stays as it is.
    """
    listed = series_list(sequences)
    if not len(listed):
        raise ValueError("there are no sequences, wanted at least one")
    inputs = heard(listed, 0, None, front).shape[1]
    cell: Any = liquid if hasattr(liquid, "step") and not isinstance(liquid, type) else liquid(inputs)
    if a_cell(cell).inputs != inputs:
        raise ValueError(f"the sequences have {inputs} inputs, but the liquid takes {cell.inputs}")
    _tell_of_long_ticks(cell, dt)
    counts = _counts(cell)
    if scale and counts < inputs:
        cell = Chain((_but_the_last(counts, scale_of(listed, front)), cell))
    width = pooling.rows * cell.outputs
    standard = Scale(np.zeros(width), np.ones(width), np.inf)
    return SequenceModel(cell, unread(Pass(width), outputs).readout, standard, pooling, dt, front)


def _tell_of_long_ticks(cell: Any, dt: float) -> None:
    """Warn where dt was forgotten: a second is thousands of grid steps of a spiking liquid."""
    try:
        liquid = member(cell, spiking_path(cell))
    except TypeError:  # none that spikes, or several
        return
    steps = dt / liquid.h if hasattr(liquid, "h") else 0
    if steps >= MANY:
        told = f"a tick of {dt:g} s has {steps:,.0f} grid steps of the spiking liquid: give dt, the seconds of a tick"
        warnings.warn(told, stacklevel=4)


def _counts(cell: Any) -> int:
    """How many inputs of a cell, its last ones, are event lines: there is no half spike, and none below nothing."""
    if isinstance(cell, Chain):
        return _counts(cell.cells[0])
    if isinstance(cell, Beside):
        return max(map(_counts, cell.cells))
    return cell.circuit.inputs.events if isinstance(cell, Spiking) else 0


def _but_the_last(counts: int, scale: Scale) -> Scale:
    """The scale with its last inputs passed on as they are."""
    if not counts:
        return scale
    passed = np.arange(scale.inputs) >= scale.inputs - counts
    center, spread = np.where(passed, 0.0, scale.center), np.where(passed, 1.0, scale.spread)
    return Scale(center, spread, np.where(passed, np.inf, scale.limit))


def fit_sequences(
    model: SequenceModel,
    sequences: Any,
    targets: Array,
    learner: Any = None,
    *,
    fold: Array | None = None,
    dt: Any = None,
    keys: Any = None,
) -> SequenceModel:
    """The model with its readout taught: targets (n, outputs), NaN where not known. The features are scaled to these.

    learner: any readout learner with `absorb`; else FoldRidge(). It is given the rows in the order of the sequences.
    fold (n,): for FoldRidge, which sequences are left out together when it chooses its penalty.
    Raises ValueError for targets that are not one row for each sequence.
    """
    if np.ndim(targets) != 2 or len(targets) != len(series_list(sequences)):
        count = len(series_list(sequences))
        raise ValueError(f"targets are {np.shape(targets)}, wanted ({count}, outputs): one row for each sequence")
    learner = FoldRidge() if learner is None else learner
    model = replace(model, standard=replace(model.standard, center=np.zeros(1), spread=np.ones(1)))
    pooled = model.features(sequences, dt, keys)
    spread = pooled.std(axis=0)
    center = pooled.mean(axis=0)
    standard = Scale(center, np.where(spread > 1e-12 * np.abs(center), spread, 1.0), np.inf)
    rows = (pooled - standard.center) / standard.spread
    given = {"fold": fold} if fold is not None and isinstance(learner, FoldRidge) else {}
    untaught = unread(Pass(rows.shape[1]), np.shape(targets)[1])
    taught = learner.model(learner.absorb(learner.init(untaught), rows, targets, 1.0, **given))
    return replace(model, readout=taught.readout, standard=standard)
