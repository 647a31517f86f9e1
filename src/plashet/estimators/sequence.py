"""Estimators whose rows are whole sequences."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d

from ..classify import Recogniser, fit_recogniser
from ..classify.recogniser import class_index
from ..save import FileError, load, save
from ..sequences import Segments, SequenceModel, fit_sequences, heard_all, sequence_model
from ..types import Array
from .defaults import liquid_for
from .door import sequences_in
from .trained import small_gated, train_liquid


class SavedEstimator(NamedTuple):
    """A fitted estimator as `save` writes it."""

    kind: str
    settings: dict[str, Any]
    fitted: Any  # a Recogniser or a SequenceModel
    features: int  # n_features_in_
    flat: bool  # one answer for each sequence, not a row of them
    trained: Any = None  # the Trained of a liquid that was trained


class _OfSequences(BaseEstimator):  # type: ignore[misc]
    """What the two have in common: settings, the liquid, files."""

    def __init__(
        self,
        liquid: Any = None,
        readout: Any = None,
        *,
        pooling: Any = None,
        dt: float = 1.0,
        scale: bool = True,
        front: Any = None,
        seed: int = 0,
        training: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.liquid = liquid
        self.readout = readout
        self.pooling = pooling
        self.dt = dt
        self.scale = scale
        self.front = front
        self.seed = seed
        self.training = training
        self.warm_start = warm_start

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags

    def _parts(self, sequences: Any) -> dict[str, Any]:
        """What `fit_recogniser` and `sequence_model` are told."""
        if not self.dt > 0:
            raise ValueError(f"dt is {self.dt}, wanted the seconds of a tick, above 0")
        ticks = float(np.median([len(u) for u in sequences])) if self.front is None else 100.0
        small = small_gated(float(self.dt), ticks, self.seed) if self.training is not None else None
        return {
            "liquid": liquid_for(small if self.liquid is None else self.liquid, ticks, self.dt, self.seed),
            "dt": self.dt,
            "pooling": Segments(5) if self.pooling is None else self.pooling,
            "scale": self.scale,
            "front": self.front,
        }

    def _trained(self, sequences: Any, targets: Array, apart: Array | None = None) -> tuple[Any, dict[str, Any]]:
        """The sequences as the liquid hears them, and the parts with the liquid trained, if it is to be."""
        parts = self._parts(sequences)
        if self.training is None:
            self.__dict__.pop("trained_", None)
            return sequences, parts
        given = heard_all(sequences, self.front)
        parts |= {"front": None}
        before = getattr(self, "trained_", None) if self.warm_start else None
        self.trained_ = train_liquid(given, targets, self.training, parts, apart, before)
        return given, {**parts, "liquid": self.trained_.model.liquid, "scale": False}

    def save(self, path: str | os.PathLike[str]) -> None:
        """To one file, atomically and without pickle. Raises TypeError for settings that no file can hold, such as a
        function; NotFittedError before `fit`."""
        check_is_fitted(self)
        fitted = self.model_ if hasattr(self, "model_") else self.recogniser_
        kind, settings = type(self).__name__, self.get_params(deep=False)
        flat, trained = getattr(self, "_flat", True), getattr(self, "trained_", None)
        save(path, SavedEstimator(kind, settings, fitted, int(self.n_features_in_), flat, trained))

    @classmethod
    def load(cls, path: str | os.PathLike[str], types: Any = ()) -> Any:
        """From a file that `save` wrote. Raises FileError, a ValueError, for any other. types: as in plashet.load."""
        held = load(path, types)
        if not isinstance(held, SavedEstimator) or held.kind != cls.__name__:
            kind = held.kind if isinstance(held, SavedEstimator) else type(held).__name__
            raise FileError(f"{path} holds a {kind}, not a {cls.__name__}; read it with plashet.load")
        made = cls(**held.settings)
        made.n_features_in_ = held.features
        made._take(held.fitted, held.flat)
        if held.trained is not None:
            made.trained_ = held.trained
        return made


def _gives_probabilities(estimator: Any) -> bool:
    return bool(getattr(estimator.readout, "probabilities", False))


class SequenceClassifier(ClassifierMixin, _OfSequences):  # type: ignore[misc]
    """Tells whole sequences apart: scale, liquid, pooling over time, readout.

    X: (n, time), each row one input over time; (n, time, inputs); or a list of (time_i, inputs). NaN: missing.

    liquid: a Cell, rate or spiking, or a rule from the number of inputs to one; None: 300 leaky units with time
    constants from a tick to a sixteenth of a sequence, beside the input itself.
    readout: a learner, taught +1 for the class and -1 for the others; None: FoldRidge(), which chooses its penalty on
    folds of the training part. With `learn.Logistic()` there is `predict_proba`; scores of others are no probabilities
    and are given by `decision_function` alone.
    pooling: what is kept of a sequence, from plashet.sequences; None: Segments(5).   dt [s]: a tick.
    scale: inputs to mean 0 and spread 1; the event lines of a spiking liquid stay counts.
    front: from what X holds to (time, inputs), such as a front end for sound.
    training: plashet.Training(...): what the liquid names to be learnt (LTC, Gated, CfC; of others what `trainable`
    frees) is trained first, by cross-entropy through a linear readout that is then dropped, and stays as it was best
    on the validation part (the same share of each class, or whole groups); then the readout is taught on everything.
    With liquid=None: 32 gated units beside the input. training=None: any liquid is a reservoir and stays as drawn.
    warm_start: `fit` goes on with the training where the one before ended, bit-equal where it was cut, until
    `training.epochs` in all; a liquid that was loaded from a file too.
    groups in `fit`: which sequences are of one speaker or file, so that whole ones are left out to choose the penalty.

    Fitted: classes_, n_features_in_, recogniser_ (a plashet.classify.Recogniser: `plashet.save` writes it), trained_
    (a plashet.training.Trained, with training).
    """

    def fit(self, X: Any, y: Any, groups: Any = None) -> SequenceClassifier:
        """Learn from sequences X and their classes y (n,). Starts afresh."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        sequences = sequences_in(self, X, reset=True, front=self.front)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_consistent_length(sequences, y)
        check_classification_targets(y)
        _, index = class_index(y, len(sequences))
        given, parts = self._trained(sequences, index, None if groups is None else np.asarray(groups))
        found = fit_recogniser(given, y, **parts, readout=self.readout, groups=groups)
        self._take(replace(found, model=replace(found.model, front=self.front)))
        return self

    def predict(self, X: Any) -> Array:
        """(n,) classes. A sequence's class does not depend on the others."""
        scores = self._scores(X)
        return self.classes_[np.argmax(scores, axis=1)]

    def decision_function(self, X: Any) -> Array:
        """(n, classes) scores of the readout; (n,) for two classes: above 0 is the second."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """(n, classes) probabilities, where the readout gives such."""
        return self._scores(X)

    def _scores(self, X: Any) -> Array:
        check_is_fitted(self)
        return self.recogniser_.scores(sequences_in(self, X, reset=False, front=self.front))

    def _take(self, fitted: Recogniser, flat: bool = True) -> None:
        self.recogniser_ = fitted
        self.classes_ = np.asarray(fitted.classes)


class SequenceRegressor(RegressorMixin, _OfSequences):  # type: ignore[misc]
    """Measures whole sequences: one number, or several, for each. Settings as in SequenceClassifier.

    readout: a learner, taught the targets as they are; None: FoldRidge(). A target that is NaN is not known.
    training: as there, by the squared error; the sequences validated on are drawn by its seed.

    Fitted: n_features_in_, model_ (a plashet.sequences.SequenceModel: `plashet.save` writes it).
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> SequenceRegressor:
        """Learn from sequences X and targets y, (n,) or (n, outputs). Starts afresh."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        sequences = sequences_in(self, X, reset=True, front=self.front)
        given = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y")
        if given.ndim > 2:
            raise ValueError(f"y is {given.shape}, wanted ({len(given)},) or ({len(given)}, outputs)")
        check_consistent_length(sequences, given)
        targets = given.reshape(len(given), -1)
        sequences, parts = self._trained(sequences, targets)
        sequences, parts = heard_all(sequences, parts["front"]), {**parts, "front": None}
        model = sequence_model(sequences, **parts, outputs=targets.shape[1])
        model = replace(fit_sequences(model, sequences, targets, self.readout), front=self.front)
        self._take(model, flat=given.ndim == 1)
        return self

    def predict(self, X: Any) -> Array:
        """(n,) or (n, outputs), as in fit. A sequence's answer does not depend on the others."""
        check_is_fitted(self)
        found = self.model_(sequences_in(self, X, reset=False, front=self.front))
        return found[:, 0] if self._flat else found

    def _take(self, fitted: SequenceModel, flat: bool) -> None:
        self.model_ = fitted
        self._flat = flat
