"""A liquid trained before its readout is taught: which sequences validate, what the loss is, where it goes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cells import WithInput
from ..learn import CrossEntropy, Squared
from ..liquids import gated
from ..sequences import sequence_model
from ..sequences.training import train_sequences
from ..trainable import parameters
from ..training import Trained, Training
from ..types import Array, Cell
from ..wiring import dense

UNITS = 32


def small_gated(dt: float, ticks: float, seed: int) -> Any:
    """From the number of inputs to 32 gated units, time constants from half a tick to a sequence, beside the input."""

    def made(inputs: int) -> Cell:
        tau = (0.5 * dt, max(ticks, 2.0) * dt)
        return WithInput(gated(dense(UNITS, inputs, seed=seed), seed=seed, tau=tau))

    return made


def train_liquid(
    sequences: Any, targets: Array, training: Training, parts: dict[str, Any], apart: Array | None, before: Any = None
) -> Trained:
    """A SequenceModel trained on these sequences, whose liquid is then to be read out by a learner.

    targets: (n,) numbers of classes (cross-entropy), or (n, outputs), scaled to spread 1 (squared error).
    parts: what `sequence_model` is told.   apart (n,): groups that are kept whole, all learnt from or all validated on.
    before: the Trained of another time, to go on from. Raises ValueError for a liquid in which nothing is to be learnt.
    """
    if not isinstance(training, Training):
        raise TypeError(f"training is a {type(training).__name__}, wanted plashet.Training(epochs=...), or None")
    classes = targets.dtype.kind == "i"
    wanted = np.eye(targets.max() + 1)[targets] if classes else _scaled(targets)
    held = validated(targets if classes else np.zeros(len(targets), int), training, apart)
    model = before
    if model is None:
        model = sequence_model(sequences, **parts, outputs=wanted.shape[1])
        if not parameters(model.liquid):
            raise ValueError(
                "training came, but the liquid names nothing to learn: give one that does, such as "
                'plashet.liquids.gated(...) or plashet.trainable.trainable(leaky, "tau"), or training=None'
            )
    else:
        _fits(before.model, len(sequences[0][0]), wanted.shape[1])
    loss = CrossEntropy() if classes else Squared()
    return train_sequences(model, sequences, wanted, training, loss=loss, validation=held)


def validated(index: Array, training: Training, apart: Array | None) -> Array:
    """(n,) bool: which sequences are validated on, the same share of every class or, of groups, whole ones."""
    rng = np.random.default_rng(training.seed)
    held = np.zeros(len(index), bool)
    kinds = index if apart is None else np.unique(apart, return_inverse=True)[1].reshape(-1)
    if apart is not None:
        groups = rng.permutation(kinds.max() + 1)
        sizes = np.cumsum(np.bincount(kinds)[groups])
        chosen = np.searchsorted(sizes, training.validation * len(index)) + 1 if training.validation else 0
        return np.isin(kinds, groups[: min(chosen, len(groups) - 1)])
    for kind in np.unique(kinds):
        rows = rng.permutation(np.flatnonzero(kinds == kind))
        held[rows[: min(int(np.ceil(training.validation * len(rows))), len(rows) - 1)]] = True
    return held


def _fits(model: Any, inputs: int, outputs: int) -> None:
    if (model.liquid.inputs, model.outputs) != (inputs, outputs):
        raise ValueError(
            f"warm_start goes on with a liquid of {model.liquid.inputs} inputs and {model.outputs} outputs or classes; "
            f"now there are {inputs} and {outputs}: warm_start=False begins anew"
        )


def _scaled(targets: Array) -> Array:
    """Mean 0 and spread 1 for each output; what is not known stays so."""
    known = ~np.isnan(targets)
    count = np.maximum(known.sum(axis=0), 1)
    center = np.where(known, targets, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (targets - center) ** 2, 0.0).sum(axis=0) / count)
    return np.asarray((targets - center) / np.where(spread > 0, spread, 1.0))
